// The arithmetic of filters, which every instruction set provides: see cpu/kernels.h.
#pragma once

#include <stddef.h>

namespace ecgrt {

constexpr int kTapMultiple = 16;  // the widest vector

// A filter for each of the `up` places that an output can have between two inputs.
struct PolyphaseTaps {
  const float* taps;  // [up][width]
  ptrdiff_t width;    // a multiple of kTapMultiple: padded with zeros
  ptrdiff_t up, down;
};

// Every output is summed in the same order, wherever it lies and however many are asked for.
struct SignalKernels {
  // output[i] = sum over j of taps[j] * input[i + j], for `count` outputs.
  void (*fir)(const float* input, const float* taps, ptrdiff_t tap_count, ptrdiff_t count,
              float* output);

  // Output i lies at n = phase + i * down in steps of 1 / up input samples, 0 <= phase < up:
  // output[i] = sum over j of taps[n % up][j] * input[n / up + j].
  void (*polyphase)(const float* input, const PolyphaseTaps& filter, ptrdiff_t phase,
                    ptrdiff_t count, float* output);
};

}  // namespace ecgrt
