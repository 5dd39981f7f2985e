// Means and standard deviations from sums, for all that is pooled over a record's segments.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace ecgrt {

// Turns sums over `count` values, and sums of their squares, into means and standard deviations.
inline void finish_moments(std::size_t count, std::span<double> sums, std::span<double> squares) {
  const auto n = static_cast<double>(count);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] /= n;
    squares[i] = std::sqrt(std::max(squares[i] / n - sums[i] * sums[i], 0.0));
  }
}

}  // namespace ecgrt
