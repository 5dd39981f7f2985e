// Loops over samples that the compiler makes vectors of, or that are written as vectors where it
// may not change the order of sums.
#pragma once

#include "cpu/simd.h"
#include "signal_kernels.h"

namespace ecgrt {
namespace ECGRT_ISA {

// SignalKernels::to_float.
inline void to_float(const int16_t* from, ptrdiff_t count, float offset, float factor, float* to) {
  const float none = __builtin_nanf("");
  for (ptrdiff_t i = 0; i < count; ++i) {
    const float x = (static_cast<float>(from[i]) - offset) * factor;
    to[i] = from[i] == INT16_MIN ? none : x;
  }
}

ECGRT_INLINE Vec minimum(Vec a, Vec b) { return a < b ? a : b; }

// SignalKernels::range.
inline Range range(const float* values, ptrdiff_t count) {
  if (count < kLanes) {
    Range range{values[0], values[0]};
    for (ptrdiff_t i = 1; i < count; ++i) {
      range.low = values[i] < range.low ? values[i] : range.low;
      range.high = values[i] > range.high ? values[i] : range.high;
    }
    return range;
  }
  Vec low = load(values), high = low;
  for (ptrdiff_t i = kLanes; i < count; i += kLanes) {
    const Vec x = load(values + (i + kLanes <= count ? i : count - kLanes));  // some of them twice
    low = minimum(low, x);
    high = maximum(high, x);
  }
  Range range{low[0], high[0]};
  for (int lane = 1; lane < kLanes; ++lane) {
    range.low = low[lane] < range.low ? low[lane] : range.low;
    range.high = high[lane] > range.high ? high[lane] : range.high;
  }
  return range;
}

constexpr int kDoubles = kLanes / 2;
typedef double Doubles __attribute__((vector_size(4 * ECGRT_LANES)));
typedef float Floats __attribute__((vector_size(2 * ECGRT_LANES)));
typedef float UnalignedFloats __attribute__((vector_size(2 * ECGRT_LANES), aligned(4), may_alias));

ECGRT_INLINE Doubles load_doubles(const float* p) {
  return __builtin_convertvector(Floats(*reinterpret_cast<const UnalignedFloats*>(p)), Doubles);
}

ECGRT_INLINE double sum_of(Doubles v) {
  double sum = 0;
  for (int i = 0; i < kDoubles; ++i) sum += v[i];
  return sum;
}

// SignalKernels::pair_sums.
inline PairSums pair_sums(const float* a, const float* b, ptrdiff_t count) {
  Doubles sa = {}, sb = {}, saa = {}, sbb = {}, sab = {};
  const auto add = [&](Doubles u, Doubles v) __attribute__((always_inline)) {
    sa += u;
    sb += v;
    saa += u * u;
    sbb += v * v;
    sab += u * v;
  };
  ptrdiff_t i = 0;
  for (; i + kDoubles <= count; i += kDoubles) add(load_doubles(a + i), load_doubles(b + i));
  for (; i < count; ++i) add(Doubles{a[i]}, Doubles{b[i]});
  return {sum_of(sa), sum_of(sb), sum_of(saa), sum_of(sbb), sum_of(sab)};
}

}  // namespace ECGRT_ISA
}  // namespace ecgrt
