// Filters of one signal: lanes are samples of it.
#pragma once

#include "cpu/simd.h"
#include "signal_kernels.h"

namespace ecgrt {
namespace ECGRT_ISA {

template <int Vectors>
ECGRT_INLINE void fir_block(const float* input, const float* taps, ptrdiff_t tap_count,
                            float* output) {
  Vec sum[Vectors] = {};
  for (ptrdiff_t j = 0; j < tap_count; ++j) {
    const Vec tap = broadcast(taps[j]);
    unroll<Vectors>([&]<int V>() __attribute__((always_inline)) {
      add_product(sum[V], load(input + j + V * kLanes), tap);
    });
  }
  unroll<Vectors>([&]<int V>()
                      __attribute__((always_inline)) { store(output + V * kLanes, sum[V]); });
}

// Fewer outputs than a vector has, one at a time.
inline void fir_rest(const float* input, const float* taps, ptrdiff_t tap_count, ptrdiff_t count,
                     float* output) {
  for (ptrdiff_t i = 0; i < count; ++i) {
    Vec sum = {};
    for (ptrdiff_t j = 0; j < tap_count; ++j) {
      add_product(sum, broadcast(input[i + j]), broadcast(taps[j]));
    }
    output[i] = sum[0];
  }
}

inline void fir(const float* input, const float* taps, ptrdiff_t tap_count, ptrdiff_t count,
                float* output) {
  constexpr int kVectors = 8;  // as many sums as hide the latency of an addition
  if (count < kLanes) return fir_rest(input, taps, tap_count, count, output);
  ptrdiff_t i = 0;
  for (; i + kVectors * kLanes <= count; i += kVectors * kLanes) {
    fir_block<kVectors>(input + i, taps, tap_count, output + i);
  }
  for (; i < count; i += kLanes) {
    const ptrdiff_t at = i + kLanes <= count ? i : count - kLanes;  // some of them once more
    fir_block<1>(input + at, taps, tap_count, output + at);
  }
}

// The sum of all lanes, halves upon halves.
ECGRT_INLINE float sum_of_lanes(Vec v) {
  typedef float Four __attribute__((vector_size(16)));
  Four part[kLanes / 4];
  memcpy(part, &v, sizeof part);
  if constexpr (kLanes == 16) part[0] = (part[0] + part[2]) + (part[1] + part[3]);
  if constexpr (kLanes == 8) part[0] += part[1];
  return (part[0][0] + part[0][2]) + (part[0][1] + part[0][3]);
}

inline void polyphase(const float* input, const PolyphaseTaps& filter, ptrdiff_t phase,
                      ptrdiff_t count, float* output) {
  const ptrdiff_t step = filter.down / filter.up, rest = filter.down - step * filter.up;
  for (ptrdiff_t i = 0; i < count; ++i) {
    const float *x = input, *taps = filter.taps + phase * filter.width;
    Vec even = {}, odd = {};
    ptrdiff_t j = 0;
    for (; j + 2 * kLanes <= filter.width; j += 2 * kLanes) {
      add_product(even, load(x + j), load(taps + j));
      add_product(odd, load(x + j + kLanes), load(taps + j + kLanes));
    }
    if (j < filter.width) add_product(even, load(x + j), load(taps + j));
    output[i] = sum_of_lanes(even + odd);
    input += step;
    phase += rest;
    if (phase >= filter.up) {
      phase -= filter.up;
      ++input;
    }
  }
}

}  // namespace ECGRT_ISA
}  // namespace ecgrt
