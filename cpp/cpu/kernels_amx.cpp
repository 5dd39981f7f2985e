// The direct convolution on AMX's own tiles, and AVX-512's own conversion to bfloat16. All else
// that a table of kernels has is plain AVX-512's.
#include <immintrin.h>

#include "cpu/tiles.h"

namespace ecgrt {
namespace ECGRT_ISA {
namespace {

// What LDTILECFG reads.
struct TileConfiguration {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfiguration) == 64);

// The tiles of this thread. They are released behind each task, so that the system has none to save
// for threads that sleep. Instructions by name, for GCC's intrinsics take a tile's number as it is
// spelled, and a template's parameter is none.
class RealTiles {
 public:
  RealTiles() {
    const TileConfiguration configuration;
    asm volatile("ldtilecfg %0" ::"m"(configuration));
  }
  ~RealTiles() { asm volatile("tilerelease"); }
  RealTiles(const RealTiles&) = delete;
  RealTiles& operator=(const RealTiles&) = delete;

  template <int Tile>
  ECGRT_INLINE void zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(Tile));
  }
  template <int Tile>
  ECGRT_INLINE void load_rows(const uint16_t* from, ptrdiff_t row_stride) {
    asm volatile("tileloadd (%0,%1,2), %%tmm%c2" ::"r"(from), "r"(row_stride), "i"(Tile)
                 : "memory");
  }
  template <int Tile>
  ECGRT_INLINE void load_weights(const uint16_t* from) {
    load_rows<Tile>(from, kTileDepth);
  }
  template <int Sum, int Rows, int Weights>
  ECGRT_INLINE void multiply() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sum), "i"(Rows), "i"(Weights));
  }
  template <int Tile>
  ECGRT_INLINE void store_sums(float* to, ptrdiff_t row_stride) const {
    asm volatile("tilestored %%tmm%c2, (%0,%1,4)" ::"r"(to), "r"(row_stride), "i"(Tile) : "memory");
  }
};

// KernelTable::to_bfloat by an instruction that takes numbers below 2^-126 for 0, as the tiles do
// with what it gives.
void to_bfloat_at_once(const float* from, ptrdiff_t count, uint16_t* to) {
  ptrdiff_t i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    const __m512bh both =
        _mm512_cvtne2ps_pbh((__m512)load(from + i + kLanes), (__m512)load(from + i));
    memcpy(to + i, &both, sizeof both);
  }
  for (; i < count; i += kLanes) {
    const int left = count - i < kLanes ? static_cast<int>(count - i) : kLanes;
    const __mmask16 mask = static_cast<__mmask16>((1U << left) - 1);
    const __m256bh some = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, from + i));
    _mm256_mask_storeu_epi16(to + i, mask, (__m256i)some);
  }
}

}  // namespace

extern const TileKernel kTiles;
const TileKernel kTiles = tiles<RealTiles>;
extern const ToBfloat kToBfloat;
const ToBfloat kToBfloat = to_bfloat_at_once;

}  // namespace ECGRT_ISA
}  // namespace ecgrt
