// One vector type per instruction set: kernels.cpp is compiled once for each, and only there.
// Plain compiler vectors, so that arithmetic is written as arithmetic; intrinsics only for what the
// compiler has no operator for. No standard templates: see CONTRIBUTING.md.
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define ECGRT_LANES 16
#elif defined(__AVX2__)
#define ECGRT_LANES 8
#else
#define ECGRT_LANES 4
#endif

#define ECGRT_INLINE inline __attribute__((always_inline))

namespace ecgrt {
namespace ECGRT_ISA {

constexpr int kLanes = ECGRT_LANES;

typedef float Vec __attribute__((vector_size(4 * ECGRT_LANES)));
typedef float UnalignedVec __attribute__((vector_size(4 * ECGRT_LANES), aligned(4), may_alias));

ECGRT_INLINE Vec load(const float* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
ECGRT_INLINE void store(float* p, Vec v) { *reinterpret_cast<UnalignedVec*>(p) = v; }
// Not `Vec{} + x`: GCC builds that element by element.
ECGRT_INLINE Vec broadcast(float x) { return x - Vec{}; }
// a > b ? a : b, of which GCC makes two instructions and more.
ECGRT_INLINE Vec maximum(Vec a, Vec b) {
#if defined(__AVX512F__)
  return (Vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX2__)
  return (Vec)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (Vec)_mm_max_ps((__m128)a, (__m128)b);
#else
  return a > b ? a : b;
#endif
}

// sum += x * w and sum -= x * w, in place. With only 16 registers GCC's own choice among the forms
// of the instruction moves and spills accumulators, so there the form is given.
ECGRT_INLINE void add_product(Vec& sum, Vec x, Vec w) {
#if defined(__AVX2__)
  asm("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
#else
  sum += x * w;
#endif
}
ECGRT_INLINE void subtract_product(Vec& sum, Vec x, Vec w) {
#if defined(__AVX2__)
  asm("vfnmadd231ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
#else
  sum -= x * w;
#endif
}

// Weights are read as float or, at half the memory traffic, as IEEE half precision.
typedef uint16_t Half;

ECGRT_INLINE Vec load(const Half* p) {
#if defined(__AVX512F__)
  return (Vec)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#elif defined(__F16C__)
  return (Vec)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#elif defined(__aarch64__)
  return (Vec)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
#else
  // Exact for every finite value: the half's bits, moved into a float, are off by 2^112.
  typedef uint32_t Bits __attribute__((vector_size(4 * ECGRT_LANES)));
  Bits bits;
  for (int i = 0; i < kLanes; ++i) bits[i] = p[i];
  const Bits magnitude = (bits & 0x7fff) << 13;
  Vec value;
  memcpy(&value, &magnitude, sizeof value);
  value *= 0x1p112F;
  Bits result;
  memcpy(&result, &value, sizeof result);
  result |= (bits & 0x8000) << 16;
  memcpy(&value, &result, sizeof value);
  return value;
#endif
}

#if defined(__AVX512F__) || defined(__F16C__) || defined(__aarch64__)
#define ECGRT_NATIVE_HALF 1
ECGRT_INLINE void store(Half* p, Vec v) {
#if defined(__AVX512F__)
  const __m256i half = _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), half);
#elif defined(__F16C__)
  const __m128i half = _mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), half);
#else
  vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32((float32x4_t)v)));
#endif
}
#endif

// Calls f<0>(), f<1>(), ... f<N - 1>(): a loop that is unrolled before the optimiser looks at it,
// so that arrays of vectors indexed by it live in registers.
template <int N, int I = 0, class F>
ECGRT_INLINE void unroll(F&& f) {
  if constexpr (I < N) {
    f.template operator()<I>();
    unroll<N, I + 1>(f);
  }
}

}  // namespace ECGRT_ISA
}  // namespace ecgrt
