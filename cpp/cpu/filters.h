// Filters of one signal: lanes are samples of it.
#pragma once

#include "cpu/products.h"
#include "cpu/simd.h"
#include "signal_kernels.h"

namespace ecgrt {
namespace ECGRT_ISA {

// Taps a vector apart meet the same vectors of input: one that is loaded, seldom aligned and so
// from two cache lines, serves for some of them.
template <int Vectors, int Steps>
ECGRT_INLINE void fir_steps(Vec (&sum)[Vectors], const float* input, const float* taps) {
  Vec tap[Steps];
  unroll<Steps>([&]<int S>()
                    __attribute__((always_inline)) { tap[S] = broadcast(taps[S * kLanes]); });
  unroll<Vectors + Steps - 1>([&]<int M>() __attribute__((always_inline)) {
    const Vec x = load(input + M * kLanes);
    unroll<Steps>([&]<int S>() __attribute__((always_inline)) {
      if constexpr (M - S >= 0 && M - S < Vectors) add_product(sum[M - S], x, tap[S]);
    });
  });
}

template <int Vectors>
ECGRT_INLINE void fir_block(const float* input, const float* taps, ptrdiff_t tap_count,
                            float* output) {
  constexpr int kSteps = 4;
  Vec sum[Vectors] = {};
  for (ptrdiff_t first = 0; first < kLanes && first < tap_count; ++first) {
    in_groups<kSteps>(groups(tap_count - first, kLanes),
                      [&]<int Steps>(ptrdiff_t step) __attribute__((always_inline)) {
                        const ptrdiff_t at = first + step * kLanes;
                        fir_steps<Vectors, Steps>(sum, input + at, taps + at);
                      });
  }
  unroll<Vectors>([&]<int V>()
                      __attribute__((always_inline)) { store(output + V * kLanes, sum[V]); });
}

// Fewer outputs than a vector has, one at a time, in the order of fir_block.
inline void fir_rest(const float* input, const float* taps, ptrdiff_t tap_count, ptrdiff_t count,
                     float* output) {
  for (ptrdiff_t i = 0; i < count; ++i) {
    Vec sum = {};
    for (ptrdiff_t first = 0; first < kLanes; ++first) {
      for (ptrdiff_t j = first; j < tap_count; j += kLanes) {
        add_product(sum, broadcast(input[i + j]), broadcast(taps[j]));
      }
    }
    output[i] = sum[0];
  }
}

// Blocks of outputs, the last of which computes some of them once more.
template <int Vectors>
ECGRT_INLINE void fir_blocks(const float* input, const float* taps, ptrdiff_t tap_count,
                             ptrdiff_t count, float* output) {
  constexpr ptrdiff_t kBlock = Vectors * kLanes;
  for (ptrdiff_t i = 0; i < count; i += kBlock) {
    const ptrdiff_t at = i + kBlock <= count ? i : count - kBlock;
    fir_block<Vectors>(input + at, taps, tap_count, output + at);
  }
}

inline void fir(const float* input, const float* taps, ptrdiff_t tap_count, ptrdiff_t count,
                float* output) {
  constexpr int kVectors = 8;  // as many sums as hide the latency of an addition
  if (count < kLanes) return fir_rest(input, taps, tap_count, count, output);
  if (count < kVectors * kLanes) return fir_blocks<1>(input, taps, tap_count, count, output);
  fir_blocks<kVectors>(input, taps, tap_count, count, output);
}

// In lanes whose number has the bit `Bit`, sums of a lane of `b` and the one that differs from it
// in that bit; in all others the same of `a`.
template <int Bit>
ECGRT_INLINE Vec add_halves(Vec a, Vec b) {
  constexpr auto own = [](int i) { return (i & Bit) != 0 ? kLanes + i : i; };
  constexpr auto other = [](int i) { return (i & Bit) != 0 ? kLanes + (i ^ Bit) : i ^ Bit; };
#if ECGRT_LANES == 16
#define ECGRT_EACH_LANE(f)                                                                       \
  f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7), f(8), f(9), f(10), f(11), f(12), f(13), f(14), \
      f(15)
#elif ECGRT_LANES == 8
#define ECGRT_EACH_LANE(f) f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7)
#else
#define ECGRT_EACH_LANE(f) f(0), f(1), f(2), f(3)
#endif
  return __builtin_shufflevector(a, b, ECGRT_EACH_LANE(own)) +
         __builtin_shufflevector(a, b, ECGRT_EACH_LANE(other));
#undef ECGRT_EACH_LANE
}

// Lane i of the result is the sum of all lanes of values[i], halves upon halves.
template <int Bit = kLanes / 2>
ECGRT_INLINE Vec sums_of_lanes(Vec (&values)[kLanes]) {
  unroll<Bit>([&]<int I>() __attribute__((always_inline)) {
    values[I] = add_halves<Bit>(values[I], values[I + Bit]);
  });
  if constexpr (Bit > 1) return sums_of_lanes<Bit / 2>(values);
  return values[0];
}

// Lanes are taps; a vector of outputs is summed up at a time.
inline void polyphase(const float* input, const PolyphaseTaps& filter, ptrdiff_t phase,
                      ptrdiff_t count, float* output) {
  const ptrdiff_t step = filter.down / filter.up, rest = filter.down - step * filter.up;
  for (ptrdiff_t i = 0; i < count; i += kLanes) {
    Vec sums[kLanes] = {};
    const int outputs = count - i < kLanes ? static_cast<int>(count - i) : kLanes;
#pragma GCC unroll 1
    for (int n = 0; n < outputs; ++n) {
      const float* taps = filter.taps + phase * filter.width;
      Vec even = {}, odd = {};
      ptrdiff_t j = 0;
      for (; j + 2 * kLanes <= filter.width; j += 2 * kLanes) {
        add_product(even, load(input + j), load(taps + j));
        add_product(odd, load(input + j + kLanes), load(taps + j + kLanes));
      }
      if (j < filter.width) add_product(even, load(input + j), load(taps + j));
      sums[n] = even + odd;
      input += step;
      phase += rest;
      if (phase >= filter.up) {
        phase -= filter.up;
        ++input;
      }
    }
    const Vec sum = sums_of_lanes(sums);
    if (outputs == kLanes) {
      store(output + i, sum);
    } else {
      memcpy(output + i, &sum, outputs * sizeof(float));
    }
  }
}

}  // namespace ECGRT_ISA
}  // namespace ecgrt
