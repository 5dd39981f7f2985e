#include "signal/resampler.h"

#include <algorithm>
#include <cmath>

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

Resampler::Resampler(double from, double to) {
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
  const std::ptrdiff_t width = 2 * reach_ + 1;
  taps_.assign(up_ * width, 0.0);
  for (std::ptrdiff_t phase = 0; phase < up_; ++phase) {
    for (std::ptrdiff_t j = -reach_; j <= reach_; ++j) {
      const std::ptrdiff_t i = phase - j * up_ + half;
      if (i < 0 || i > 2 * half) continue;
      taps_[phase * width + j + reach_] = filter[i] * static_cast<double>(up_) / sum;
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
                    std::size_t count, float* out) const {
  const auto last = static_cast<std::ptrdiff_t>(end - begin) - 1;
  const std::ptrdiff_t width = 2 * reach_ + 1;
  for (std::size_t n = 0; n < count; ++n) {
    const std::ptrdiff_t position = static_cast<std::ptrdiff_t>(first + n) * down_;
    const std::ptrdiff_t place = position / up_;
    const double* taps = taps_.data() + (position - place * up_) * width;
    const std::ptrdiff_t start = place - reach_ - static_cast<std::ptrdiff_t>(begin);
    double sum = 0;
    if (start >= 0 && start + width - 1 <= last) {
      for (std::ptrdiff_t j = 0; j < width; ++j) sum += taps[j] * input[start + j];
    } else {
      for (std::ptrdiff_t j = 0; j < width; ++j) {
        sum += taps[j] * input[std::clamp<std::ptrdiff_t>(start + j, 0, last)];
      }
    }
    out[n] = static_cast<float>(sum);
  }
}

}  // namespace ecgrt
