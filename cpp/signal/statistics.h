// Order statistics of small samples, in working memory that is kept.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "signal_kernels.h"

namespace ecgrt {

// The rank of the value below which `share` of `count` lie.
inline std::ptrdiff_t rank_of(double share, std::size_t count) {
  return std::lround(share * static_cast<double>(count - 1));
}

// The value below which `share` of them lie, the nearest rank; reorders them. 0 of none.
template <typename T>
T quantile(std::vector<T>& values, double share) {
  if (values.empty()) return T{};
  const auto place = values.begin() + rank_of(share, values.size());
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

// The same of many finite floats, which stay as they are.
inline float quantile(const SignalKernels& kernels, std::span<const float> values, double share) {
  if (values.empty()) return 0;
  return kernels.select(values.data(), std::ssize(values), rank_of(share, values.size()));
}

// Whether `factor` times the value below which `share` of them lie, the nearest rank, is below
// `level`: by counting, for the compiler to do in vectors. None at all lie at 0.
inline bool quantile_is_below(std::span<const float> values, double share, float factor,
                              float level) {
  if (values.empty()) return 0 < level;
  const std::ptrdiff_t rank = rank_of(share, values.size());
  int below = 0;
  for (const float value : values) below += factor * value < level ? 1 : 0;
  return below > rank;
}

inline double mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

// Population standard deviation.
inline double deviation(std::span<const double> values) {
  const double center = mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - center) * (value - center);
  return values.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(values.size()));
}

// A logarithm that takes 0: everything below `least` counts as `least`.
inline double log_of(double value, double least = 1e-3) {
  return std::log10(std::max(value, least));
}

// From 0 to 1, a half at `middle`.
inline double soft_step(double value, double middle, double width) {
  return 1 / (1 + std::exp((middle - value) / width));
}

}  // namespace ecgrt
