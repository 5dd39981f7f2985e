#include "cpu/cost_model.h"

#include <algorithm>
#include <cmath>

namespace ecgrt {
namespace {

// A core does two vector multiply-adds a cycle; transforms, which are additions and shuffles of
// registers as well, reach about a third of that. Weights that do not fit the L2 cache are read
// anew for every record, at some bytes a cycle. Rough figures, in agreement with what was measured
// on Zen 3; only the order of the candidates matters.
constexpr double kMultiplyAddsPerCycle = 2.0;
constexpr double kTransformShare = 0.35;
constexpr double kBytesPerCycle = 6.0;
constexpr double kCacheBytes = 512 * 1024;

double read_cycles(double bytes) { return bytes > kCacheBytes ? bytes / kBytesPerCycle : 0.0; }

double direct_cycles(const ConvShape& shape, const KernelTable& kernels) {
  const double products = double(shape.taps) * double(shape.inputs) * double(shape.outputs);
  return products * double(shape.rows) / (kMultiplyAddsPerCycle * kernels.lanes) +
         read_cycles(products * 4.0);
}

double fft_cycles(const ConvShape& shape, const FftKernel& fft, const KernelTable& kernels) {
  const auto size = static_cast<std::size_t>(fft.size);
  if (size < shape.taps + 1) return HUGE_VAL;
  const double rows_per_tile = double(size - shape.taps + 1);
  const double tiles = std::ceil(double(shape.rows) / rows_per_tile);
  const double products = double(shape.inputs) * double(shape.outputs);
  const double bins = double(size) / 2;
  // A complex product is four real ones; a transform of a channel is about 5 n log2 n operations.
  const double multiply = tiles * bins * 4 * products;
  const double transform =
      tiles * double(shape.inputs + shape.outputs) * 2.5 * bins * (std::log2(bins) + 1);
  return (multiply + transform / kTransformShare) / (kMultiplyAddsPerCycle * kernels.lanes) +
         read_cycles(products * double(size) * double(shape.weight_bytes));
}

}  // namespace

const FftKernel* choose_kernel(const ConvShape& shape, const KernelTable& kernels) {
  // Vectors of channels are what a transform works on; a lone channel has none.
  if (shape.inputs % kChannelMultiple != 0) return nullptr;
  const FftKernel* best = nullptr;
  double least = direct_cycles(shape, kernels);
  for (const FftKernel& fft : kernels.fft) {
    const double cycles = fft_cycles(shape, fft, kernels);
    if (cycles < least) {
      least = cycles;
      best = &fft;
    }
  }
  return best;
}

}  // namespace ecgrt
