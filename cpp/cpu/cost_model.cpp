#include "cpu/cost_model.h"

#include <algorithm>
#include <cmath>

namespace ecgrt {
namespace {

// A core does two vector multiply-adds a cycle, of which products reach four fifths; transforms,
// which are additions and shuffles of registers as well, a third. Weights that do not fit the L2
// cache are read anew for every record, at some bytes a cycle from memory and more from the last
// cache, beside the products, but not all of the shorter of the two is hidden. Rough figures, in
// agreement with what was measured on Zen 3; only the order of the candidates matters.
constexpr double kMultiplyAddsPerCycle = 2.0;
constexpr double kProductShare = 0.8;
constexpr double kTransformShare = 0.35;
constexpr double kBytesPerCycle = 4.7;
constexpr double kCachedBytesPerCycle = 16;
constexpr double kNotHidden = 0.15;
constexpr double kCacheBytes = 512 * 1024;
constexpr std::size_t kLastCacheBytes = 8 * 1024 * 1024;
constexpr std::size_t kPackedBytes = 12;  // of a plain weight's spectra, about

// Cycles of `products` multiply-adds beside the reading of `bytes` of weights.
double product_cycles(double products, double bytes, const ConvShape& shape,
                      const KernelTable& kernels) {
  const double multiply = products / (kProductShare * kMultiplyAddsPerCycle * kernels.lanes);
  const double rate = shape.small_network ? kCachedBytesPerCycle : kBytesPerCycle;
  const double read = bytes > kCacheBytes ? bytes / rate : 0.0;
  return std::max(multiply, read) + kNotHidden * std::min(multiply, read);
}

double direct_cycles(const ConvShape& shape, double rows, const KernelTable& kernels) {
  const double products = double(shape.taps) * double(shape.inputs) * double(shape.outputs);
  return product_cycles(products * rows, products * 4.0, shape, kernels);
}

double fft_cycles(const ConvShape& shape, double rows, const FftKernel& fft,
                  const KernelTable& kernels) {
  const auto size = static_cast<std::size_t>(fft.size);
  if (size < shape.taps + 1) return HUGE_VAL;
  const double tiles = std::ceil(rows / double(size - shape.taps + 1));
  const double products = double(shape.inputs) * double(shape.outputs);
  const double bins = double(size) / 2;
  const double per_product = kernels.planes == 3 ? 3 : 4;
  // A transform of a channel is about 5 n log2 n operations.
  const double transform =
      tiles * double(shape.inputs + shape.outputs) * 2.5 * bins * (std::log2(bins) + 1);
  return product_cycles(tiles * bins * per_product * products,
                        products * double(size) * double(shape.weight_bytes), shape, kernels) +
         transform / (kTransformShare * kMultiplyAddsPerCycle * kernels.lanes);
}

// Records of the typical length and of a third of it, which take about half its time, count alike:
// the fewer rows, the more it is the reading of the weights that matters.
template <class Cycles>
double mixed(const ConvShape& shape, Cycles&& cycles) {
  return cycles(double(shape.rows)) + cycles(std::ceil(double(shape.rows) / 3));
}

}  // namespace

bool is_small(std::size_t weights) { return weights * kPackedBytes <= kLastCacheBytes; }

const FftKernel* choose_kernel(const ConvShape& shape, const KernelTable& kernels) {
  // Vectors of channels are what a transform works on; a lone channel has none.
  if (shape.inputs % kChannelMultiple != 0) return nullptr;
  const FftKernel* best = nullptr;
  double least = mixed(shape, [&](double rows) { return direct_cycles(shape, rows, kernels); });
  for (const FftKernel& fft : kernels.fft) {
    const double cycles =
        mixed(shape, [&](double rows) { return fft_cycles(shape, rows, fft, kernels); });
    if (cycles < least) {
      least = cycles;
      best = &fft;
    }
  }
  return best;
}

}  // namespace ecgrt
