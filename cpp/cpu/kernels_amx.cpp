// The direct convolution on AMX's own tiles, and AVX-512's own conversion to bfloat16. All else
// that a table of kernels has is plain AVX-512's.
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
  static constexpr bool kAsynchronous = true;

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

}  // namespace

extern const TileKernel kTiles;
const TileKernel kTiles = tiles<RealTiles>;
extern const ToBfloat kToBfloat;
const ToBfloat kToBfloat = to_bfloat;

}  // namespace ECGRT_ISA
}  // namespace ecgrt
