#include "signal/resampler.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "signal/kaiser.h"

namespace ecgrt {
namespace {

constexpr double kMaxTerm = 20'000;

// The last convergent of the continued fraction of `ratio` whose terms stay small.
std::pair<std::ptrdiff_t, std::ptrdiff_t> nearest_fraction(double ratio) {
  double numerator = 1, denominator = 0, last_numerator = 0, last_denominator = 1;
  for (double x = ratio;;) {
    const double whole = std::floor(x);
    const double n = whole * numerator + last_numerator;
    const double d = whole * denominator + last_denominator;
    if (n > kMaxTerm || d > kMaxTerm) break;
    last_numerator = std::exchange(numerator, n);
    last_denominator = std::exchange(denominator, d);
    // Closer than a sample in a day is as good as equal.
    if (std::abs(n / d - ratio) < 1e-9 * ratio) break;
    x = 1 / (x - whole);
  }
  return {static_cast<std::ptrdiff_t>(numerator), static_cast<std::ptrdiff_t>(denominator)};
}

}  // namespace

Resampler::Resampler(double from, double to, const SignalKernels& kernels)
    : kernel_(kernels.polyphase) {
  const auto [up, down] = nearest_fraction(to / from);
  up_ = std::max<std::ptrdiff_t>(up, 1);
  down_ = std::max<std::ptrdiff_t>(down, 1);
  design_filter();
}

void Resampler::design_filter() {
  const std::ptrdiff_t slower = std::max(up_, down_);
  const std::ptrdiff_t half = 10 * slower;
  std::vector<double> filter(2 * half + 1);
  double sum = 0;
  for (std::ptrdiff_t i = 0; i <= 2 * half; ++i) {
    const double x = static_cast<double>(i - half);
    const double t = kPi * x / static_cast<double>(slower);
    const double window = kaiser(x, static_cast<double>(half));
    filter[i] = (x == 0 ? 1.0 : std::sin(t) / t) * window;
    sum += filter[i];
  }
  reach_ = half / up_ + 1;
  width_ = (2 * reach_ + 1 + kTapMultiple - 1) / kTapMultiple * kTapMultiple;
  taps_.assign(up_ * width_, 0.0F);
  for (std::ptrdiff_t phase = 0; phase < up_; ++phase) {
    for (std::ptrdiff_t j = -reach_; j <= reach_; ++j) {
      const std::ptrdiff_t i = phase - j * up_ + half;
      if (i < 0 || i > 2 * half) continue;
      taps_[phase * width_ + j + reach_] =
          static_cast<float>(filter[i] * static_cast<double>(up_) / sum);
    }
  }
}

std::size_t Resampler::output_size(std::size_t input_size) const {
  return (input_size * up_ + down_ - 1) / down_;
}

std::pair<std::size_t, std::size_t> Resampler::input_range(std::size_t first, std::size_t count,
                                                           std::size_t input_size) const {
  const auto size = static_cast<std::ptrdiff_t>(input_size);
  const std::ptrdiff_t low = static_cast<std::ptrdiff_t>(first) * down_ / up_ - reach_;
  const std::ptrdiff_t high = static_cast<std::ptrdiff_t>(first + count - 1) * down_ / up_ + reach_;
  return {std::clamp<std::ptrdiff_t>(low, 0, size - 1),
          std::clamp<std::ptrdiff_t>(high + 1, 1, size)};
}

void Resampler::run(const float* input, std::size_t begin, std::size_t end, std::size_t first,
                    std::size_t count, float* out, std::vector<float>& scratch) const {
  const std::ptrdiff_t position = static_cast<std::ptrdiff_t>(first) * down_;
  const std::ptrdiff_t start = position / up_ - reach_;  // before the signal, it may be
  const std::ptrdiff_t last = (position + static_cast<std::ptrdiff_t>(count - 1) * down_) / up_;
  const auto padded = static_cast<std::size_t>(last - reach_ + width_ - start);
  scratch.resize(std::max(scratch.size(), padded));
  const std::ptrdiff_t before = start - static_cast<std::ptrdiff_t>(begin);  // not needed
  const auto missing = static_cast<std::size_t>(std::max<std::ptrdiff_t>(-before, 0));
  const std::span<const float> given(input + std::max<std::ptrdiff_t>(before, 0),
                                     input + (end - begin));
  const std::size_t used = std::min(given.size(), padded - missing);
  float* to = std::fill_n(scratch.data(), missing, given.front());
  to = std::copy_n(given.data(), used, to);
  std::fill(to, scratch.data() + padded, given[used - 1]);
  kernel_(scratch.data(), {taps_.data(), width_, up_, down_}, position % up_,
          static_cast<std::ptrdiff_t>(count), out);
}

}  // namespace ecgrt
