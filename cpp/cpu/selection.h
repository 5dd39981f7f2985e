// Order statistics by counting.
#pragma once

#include "cpu/simd.h"

namespace ecgrt {
namespace ECGRT_ISA {

typedef int32_t Integers __attribute__((vector_size(4 * ECGRT_LANES)));

// Floats, but for those that are no numbers, lie in the order of these integers read without sign:
// the sign bit turned, and if it was set all others.
ECGRT_INLINE Vec float_at(Integers place) {
  const Integers key = place ^ INT32_MIN;
  return (Vec)(key ^ (key >> 31 & INT32_MAX));
}

// The largest number that has at most `rank` below it, which is the one at that place were they
// sorted: bit by bit from the highest, by count(t), how many lie below t, in each lane. All must be
// finite: then no t is an infinity or none at all while there are bits to find.
template <class Count>
ECGRT_INLINE Vec number_at(int32_t rank, Count&& count) {
  Integers place = {};
#pragma GCC unroll 1
  for (int bit = 31; bit >= 0; --bit) {
    const Integers trial = place | static_cast<int32_t>(1U << bit);
    place = count(float_at(trial)) <= rank ? trial : place;
  }
  return float_at(place);
}

ECGRT_INLINE int32_t sum_of_lanes(Integers v) {
  typedef int32_t Four __attribute__((vector_size(16)));
  Four part[kLanes / 4];
  memcpy(part, &v, sizeof part);
  for (int i = 1; i < kLanes / 4; ++i) part[0] += part[i];
  return (part[0][0] + part[0][2]) + (part[0][1] + part[0][3]);
}

// SignalKernels::select_columns.
inline void select_columns(const float* values, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t rank,
                           float* out) {
  for (ptrdiff_t c = 0; c < columns; c += kLanes) {
    const ptrdiff_t at = c + kLanes <= columns ? c : columns - kLanes;  // some of them once more
    const float* column = values + at;
    const auto below = [&](Vec limit) __attribute__((always_inline)) {
      Integers count = {};
      for (ptrdiff_t row = 0; row < rows; ++row) count -= load(column + row * columns) < limit;
      return count;
    };
    store(out + at, number_at(static_cast<int32_t>(rank), below));
  }
}

// SignalKernels::select. Every lane finds the same number.
inline float select(const float* values, ptrdiff_t count, ptrdiff_t rank) {
  const auto below = [&](Vec limit) __attribute__((always_inline)) {
    Integers part = {};
    ptrdiff_t i = 0;
    for (; i + kLanes <= count; i += kLanes) part -= load(values + i) < limit;
    int32_t sum = sum_of_lanes(part);
    for (; i < count; ++i) sum += values[i] < limit[0] ? 1 : 0;
    return sum - Integers{};
  };
  return number_at(static_cast<int32_t>(rank), below)[0];
}

}  // namespace ECGRT_ISA
}  // namespace ecgrt
