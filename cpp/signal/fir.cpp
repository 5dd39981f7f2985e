#include "signal/fir.h"

#include <cmath>

#include "signal/working_rate.h"

namespace ecgrt {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kBeta = 4.0;  // of the Kaiser window

// Modified Bessel function of the first kind, order 0, by its power series.
double bessel_i0(double x) {
  double sum = 1, term = 1;
  for (int k = 1; term > 1e-17 * sum; ++k) {
    term *= (x / (2 * k)) * (x / (2 * k));
    sum += term;
  }
  return sum;
}

// The windowed sinc, its sum 1.
std::vector<double> design(double cutoff, int half) {
  std::vector<double> taps;
  double sum = 0;
  for (int i = -half; i <= half; ++i) {
    const double r = static_cast<double>(i) / (half + 1);
    const double t = 2 * cutoff / kBeatRate;
    const double sinc = i == 0 ? t : std::sin(kPi * t * i) / (kPi * i);
    taps.push_back(sinc * bessel_i0(kBeta * std::sqrt(1 - r * r)));
    sum += taps.back();
  }
  for (double& tap : taps) tap /= sum;
  return taps;
}

std::vector<float> to_float(const std::vector<double>& taps) {
  std::vector<float> out;
  out.reserve(taps.size());
  for (const double tap : taps) out.push_back(static_cast<float>(tap));
  return out;
}

}  // namespace

std::vector<float> low_pass(double cutoff, int half) { return to_float(design(cutoff, half)); }

std::vector<float> band_pass(double low, double high, int half) {
  std::vector<double> taps = design(high, half);
  const std::vector<double> below = design(low, half);
  for (std::size_t i = 0; i < taps.size(); ++i) taps[i] -= below[i];
  return to_float(taps);
}

std::vector<float> differences(const std::vector<float>& taps) {
  std::vector<float> out(taps.size() + 2);
  for (std::size_t i = 0; i < taps.size(); ++i) {
    out[i] -= taps[i];
    out[i + 2] += taps[i];
  }
  return out;
}

}  // namespace ecgrt
