// Short linear-phase filters at kBeatRate.
#pragma once

#include <cstddef>
#include <vector>

#include "signal_kernels.h"

namespace ecgrt {

// Taps of the low-pass (windowed sinc, 2 * half + 1 taps, gain 1 at 0 Hz).
std::vector<float> low_pass(double cutoff, int half);

// The difference of two of them: its gain at 0 Hz is none.
std::vector<float> band_pass(double low, double high, int half);

// These taps and a central difference behind them: two taps more.
std::vector<float> differences(const std::vector<float>& taps);

// y[n] = sum of taps[k] * x[n + k], each output summed in one order however many there are.
inline void convolve(const SignalKernels& kernels, const std::vector<float>& taps, const float* x,
                     float* y, std::size_t count) {
  kernels.fir(x, taps.data(), static_cast<std::ptrdiff_t>(taps.size()),
              static_cast<std::ptrdiff_t>(count), y);
}

}  // namespace ecgrt
