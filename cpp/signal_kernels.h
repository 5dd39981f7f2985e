// The arithmetic of filters, which every instruction set provides: see cpu/kernels.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ecgrt {

constexpr int kTapMultiple = 16;  // the widest vector

// A filter for each of the `up` places that an output can have between two inputs.
struct PolyphaseTaps {
  const float* taps;  // [up][width]
  ptrdiff_t width;    // a multiple of kTapMultiple: padded with zeros
  ptrdiff_t up, down;
};

// Sums over pairs of numbers.
struct PairSums {
  double a, b, aa, bb, ab;
  double square_of_difference() const {
    const double sum = aa + bb - 2 * ab;
    return sum > 0 ? sum : 0;
  }
};

struct Range {
  float low, high;
  float width() const { return high - low; }
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

  // The number that has `rank` before it were they sorted, 0 <= rank < count. All are finite.
  float (*select)(const float* values, ptrdiff_t count, ptrdiff_t rank);

  // The same of each column of `rows` rows of `columns` numbers, at least kTapMultiple columns.
  void (*select_columns)(const float* values, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t rank,
                         float* out);

  // (number - offset) * factor, none where the number is the lowest of its type.
  void (*to_float)(const int16_t* from, ptrdiff_t count, float offset, float factor, float* to);

  PairSums (*pair_sums)(const float* a, const float* b, ptrdiff_t count);

  // The lowest and the highest of one number or more, all finite.
  Range (*range)(const float* values, ptrdiff_t count);
};

}  // namespace ecgrt
