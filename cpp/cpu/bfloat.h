// Numbers in bfloat16: the upper half of a float.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cpu/simd.h"

namespace ecgrt {
namespace ECGRT_ISA {

typedef uint32_t Bits __attribute__((vector_size(4 * ECGRT_LANES)));
typedef uint16_t ShortBits __attribute__((vector_size(2 * ECGRT_LANES)));
typedef uint16_t UnalignedShortBits
    __attribute__((vector_size(2 * ECGRT_LANES), aligned(2), may_alias));
typedef uint32_t UnalignedBits __attribute__((vector_size(4 * ECGRT_LANES), aligned(4), may_alias));

// The nearest of each, of two the even one. A number that is none stays none. The instruction takes
// numbers below 2^-126 for 0, and is only used where tiles do so, too.
ECGRT_INLINE void store_bfloats(uint16_t* to, Vec x) {
#if defined(__AVX512BF16__)
  const ShortBits chosen = (ShortBits)_mm512_cvtneps_pbh((__m512)x);
#else
  const Bits bits = (Bits)x;
  const Bits nearest = (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
  const ShortBits chosen =
      __builtin_convertvector(x == x ? nearest : (bits >> 16 | 0x40U), ShortBits);
#endif
  *reinterpret_cast<UnalignedShortBits*>(to) = chosen;
}

// KernelTable::to_bfloat.
inline void to_bfloat(const float* from, ptrdiff_t count, uint16_t* to) {
  ptrdiff_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store_bfloats(to + i, load(from + i));
  if (i == count) return;
  float rest[kLanes] = {};
  uint16_t rounded[kLanes];
  memcpy(rest, from + i, (count - i) * sizeof *from);
  store_bfloats(rounded, load(rest));
  memcpy(to + i, rounded, (count - i) * sizeof *to);
}

}  // namespace ECGRT_ISA
}  // namespace ecgrt
