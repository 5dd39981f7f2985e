#include "signal/filter.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "signal/kaiser.h"

namespace ecgrt {
namespace {

// `cutoff` in cycles a sample; sums to 1.
std::vector<double> low_pass(double cutoff, std::ptrdiff_t half) {
  std::vector<double> taps(2 * half + 1);
  for (std::ptrdiff_t i = -half; i <= half; ++i) {
    const auto x = static_cast<double>(i);
    taps[i + half] = sinc(2 * cutoff * x) * kaiser(x, static_cast<double>(half));
  }
  const double sum = std::accumulate(taps.begin(), taps.end(), 0.0);
  for (double& tap : taps) tap /= sum;
  return taps;
}

double gain(const std::vector<double>& taps, double frequency, std::ptrdiff_t half) {
  double sum = 0;
  for (std::ptrdiff_t i = -half; i <= half; ++i) {
    sum += taps[i + half] * std::cos(2 * kPi * frequency * static_cast<double>(i));
  }
  return sum;
}

std::vector<float> band_pass(double low, double high, std::size_t half_width) {
  const auto half = static_cast<std::ptrdiff_t>(half_width);
  const bool open = high <= 0 || high >= 0.5;
  std::vector<double> taps = low_pass(low, half);
  for (double& tap : taps) tap = -tap;
  if (open) {
    taps[half] += 1;
  } else {
    const std::vector<double> upper = low_pass(high, half);
    for (std::size_t i = 0; i < taps.size(); ++i) taps[i] += upper[i];
  }
  const double unit = gain(taps, open ? 0.25 : std::sqrt(low * high), half);
  std::vector<float> rounded(taps.size());
  for (std::size_t i = 0; i < taps.size(); ++i) rounded[i] = static_cast<float>(taps[i] / unit);
  // What rounding leaves at 0 Hz would let a thousandth of a microvolt of a large offset through.
  rounded[half] -= static_cast<float>(std::accumulate(rounded.begin(), rounded.end(), 0.0));
  return rounded;
}

}  // namespace

BandPass::BandPass(double low, double high, std::size_t half_width, double rate,
                   const SignalKernels& kernels)
    : half_width_(half_width),
      taps_(band_pass(low / rate, high / rate, half_width)),
      kernel_(kernels.fir) {}

std::pair<std::size_t, std::size_t> BandPass::input_range(std::size_t first, std::size_t count,
                                                          std::size_t input_size) const {
  return {std::min(first - std::min(first, half_width_), input_size - 1),
          std::min(first + count + half_width_, input_size)};
}

void BandPass::run(const float* input, std::size_t begin, std::size_t end, std::size_t first,
                   std::size_t count, float* out, std::vector<float>& scratch) const {
  const std::size_t padded = count + 2 * half_width_;
  scratch.resize(std::max(scratch.size(), padded));
  const std::size_t missing = begin + half_width_ - first;  // in front of the signal
  float* to = std::fill_n(scratch.data(), missing, input[0]);
  to = std::copy_n(input, end - begin, to);
  std::fill(to, scratch.data() + padded, input[end - begin - 1]);
  kernel_(scratch.data(), taps_.data(), static_cast<std::ptrdiff_t>(taps_.size()),
          static_cast<std::ptrdiff_t>(count), out);
}

}  // namespace ecgrt
