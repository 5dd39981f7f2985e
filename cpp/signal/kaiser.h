// The Kaiser window, which the resampler and the band-pass are cut with.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ecgrt {

constexpr double kPi = 3.14159265358979323846;
constexpr double kKaiserBeta = 5.0;

// Modified Bessel function of the first kind, order 0, by its power series.
inline double bessel_i0(double x) {
  double sum = 1, term = 1;
  for (int k = 1; term > 1e-17 * sum; ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

// Of `place` samples from the middle of a window that reaches `half` to either side; not
// normalised.
inline double kaiser(double place, double half) {
  const double x = place / half;
  return bessel_i0(kKaiserBeta * std::sqrt(std::max(0.0, 1 - x * x)));
}

// sin(pi x) / (pi x).
inline double sinc(double x) { return x == 0 ? 1.0 : std::sin(kPi * x) / (kPi * x); }

}  // namespace ecgrt
