// The direct convolution in bfloat16, written once over a unit of tiles: AMX has one
// (kernels_amx.cpp), elsewhere it is emulated, sum by sum, so that a plan answers alike everywhere.
//
// What TDPBF16PS computes, after Intel's description of it: for each sum, the products of the 16
// even and of the 16 odd values of a row are added up apart from each other, in ascending order
// from 0, each step rounded once (a fused multiply-add); then their sum is added to what was there.
// A product of two bfloat16 has 16 bits and is exact in fp32, so that a multiplication and an
// addition round as the fused operation does, on SSE2 as well. Sums are therefore the same bits
// everywhere, with one exception: AMX takes numbers below 2^-126, and results, for 0.
#pragma once

#include "cpu/bfloat.h"
#include "cpu/epilogue_lanes.h"
#include "cpu/products.h"
#include "cpu/simd.h"
#include "cpu/tile_kernel.h"

namespace ecgrt {
namespace ECGRT_ISA {

// Tiles 0 to 3 are sums, 4 and 5 rows of the input, 6 and 7 weights. Values are widened as they are
// loaded, weights to even and odd ones, so that each is widened once and not in every product.
class EmulatedTiles {
 public:
  // Whether anything else goes on while a product is formed.
  static constexpr bool kAsynchronous = false;

  template <int Tile>
  ECGRT_INLINE void zero() {
    memset(sums_[Tile], 0, sizeof sums_[Tile]);
  }

  template <int Tile>
  ECGRT_INLINE void load_rows(const uint16_t* from, ptrdiff_t row_stride) {
    widen_rows(from, row_stride, rows_[Tile - 4]);
  }

  template <int Tile>
  ECGRT_INLINE void load_weights(const uint16_t* from) {
    widen_weights(from, weights_[Tile - 6]);
  }

  template <int Sum, int Rows, int Weights>
  ECGRT_INLINE void multiply() {
    constexpr int kGroup = 4;  // rows whose sums fit the registers
    for (int row = 0; row < kTileRows; row += kGroup) {
      for (int c = 0; c < kTileChannels; c += kLanes) {
        multiply_group<kGroup>(&sums_[Sum][row][c], &rows_[Rows - 4][row][0],
                               &weights_[Weights - 6][0][0][c]);
      }
    }
  }

  template <int Tile>
  ECGRT_INLINE void store_sums(float* to, ptrdiff_t row_stride) const {
    for (int row = 0; row < kTileRows; ++row) {
      memcpy(to + row * row_stride, sums_[Tile][row], sizeof sums_[Tile][row]);
    }
  }

 private:
  // Not inlined: a copy for each tile of each kind of block would be most of the library.
  static __attribute__((noinline)) void widen_rows(const uint16_t* from, ptrdiff_t row_stride,
                                                   float (*to)[kTileDepth]) {
    for (int row = 0; row < kTileRows; ++row, from += row_stride) {
      for (int k = 0; k < kTileDepth; k += kLanes) {
        const ShortBits bits = *reinterpret_cast<const UnalignedShortBits*>(from + k);
        store(&to[row][k], (Vec)(__builtin_convertvector(bits, Bits) << 16));
      }
    }
  }

  static __attribute__((noinline)) void widen_weights(const uint16_t* from,
                                                      float (*to)[2][kTileChannels]) {
    for (int pair = 0; pair < kTileDepth / 2; ++pair, from += 2 * kTileChannels) {
      for (int c = 0; c < kTileChannels; c += kLanes) {
        const Bits bits = *reinterpret_cast<const UnalignedBits*>(from + 2 * c);
        store(&to[pair][0][c], (Vec)(bits << 16));
        store(&to[pair][1][c], (Vec)(bits & 0xffff0000U));
      }
    }
  }

  template <int Group>
  static __attribute__((noinline)) void multiply_group(float* sums, const float* rows,
                                                       const float* weights) {
    Vec even[Group] = {}, odd[Group] = {};
    for (int pair = 0; pair < kTileDepth / 2; ++pair) {
      const float* w = weights + pair * 2 * kTileChannels;
      const Vec first = load(w), second = load(w + kTileChannels);
      unroll<Group>([&]<int R>() __attribute__((always_inline)) {
        add_product(even[R], broadcast(rows[R * kTileDepth + 2 * pair]), first);
        add_product(odd[R], broadcast(rows[R * kTileDepth + 2 * pair + 1]), second);
      });
    }
    unroll<Group>([&]<int R>() __attribute__((always_inline)) {
      float* sum = sums + R * kTileChannels;
      store(sum, load(sum) + (even[R] + odd[R]));
    });
  }

  alignas(64) float sums_[4][kTileRows][kTileChannels];
  alignas(64) float rows_[2][kTileRows][kTileDepth];
  alignas(64) float weights_[2][kTileDepth / 2][2][kTileChannels];
};

// What follows the sums of a block, some rows at a time: meanwhile tiles that work by themselves
// have the next block to multiply, and neither waits for the other.
template <int Channels>
class Finish {
 public:
  ECGRT_INLINE Finish(const Epilogue& given, ptrdiff_t channel)
      : epilogue_(given), channel_(channel) {}

  // Sums of rows from `row` on, as kTilePanel has them.
  ECGRT_INLINE void begin(const float* sums, ptrdiff_t row, ptrdiff_t rows) {
    sums_ = sums;
    row_ = row;
    end_ = row + rows;
  }

  ECGRT_INLINE void some(ptrdiff_t rows) {
    const ptrdiff_t end = end_ - row_ > rows ? row_ + rows : end_;
    for (int c = 0; c < Channels * kTileChannels; c += kVectors * kLanes) {
      const EpilogueLanes<kVectors> lanes(epilogue_, channel_ + c);
      const float* from = sums_ + c;
      for (ptrdiff_t row = row_; row < end; ++row, from += kTilePanel) {
        Vec sum[kVectors];
        unroll<kVectors>([&]<int V>()
                             __attribute__((always_inline)) { sum[V] = load(from + V * kLanes); });
        lanes.apply(row, sum);
      }
    }
    sums_ += (end - row_) * kTilePanel;
    row_ = end;
  }

  ECGRT_INLINE ptrdiff_t left() const { return end_ - row_; }

 private:
  static constexpr int kVectors = kLanes == kTileChannels ? Channels : 2;

  const Epilogue epilogue_;  // a copy that no store through its pointers can change
  const ptrdiff_t channel_;
  const float* sums_ = nullptr;
  ptrdiff_t row_ = 0, end_ = 0;
};

// `Rows` by `Channels` tiles of sums over the whole depth. The block before is finished meanwhile.
template <int Rows, int Channels, class Tiles>
ECGRT_INLINE void tile_block(Tiles& unit, const uint16_t* input, ptrdiff_t row_stride,
                             ptrdiff_t steps, const uint16_t* weights, float* sums, Prefetch& ahead,
                             Finish<Channels>& before) {
  const ptrdiff_t stride = ahead.stride;
  const char* fetch = ahead.take(steps);
  const ptrdiff_t share = (before.left() + steps - 1) / steps;
  unroll<Rows * 2>([&]<int T>() __attribute__((always_inline)) { unit.template zero<T>(); });
  for (ptrdiff_t step = 0; step < steps; ++step, fetch += stride) {
    for (ptrdiff_t line = 0; line < stride; line += 64) fetch_line(fetch + line);
    unroll<Channels>([&]<int C>() __attribute__((always_inline)) {
      unit.template load_weights<6 + C>(weights + (2 * step + C) * kTileWeights);
    });
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
      unit.template load_rows<4 + R>(input + R * kTileRows * row_stride + step * kTileDepth,
                                     row_stride);
      unroll<Channels>([&]<int C>() __attribute__((always_inline)) {
        unit.template multiply<2 * R + C, 4 + R, 6 + C>();
      });
    });
    if (Tiles::kAsynchronous) before.some(share);
  }
  before.some(before.left());
  unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
    unroll<Channels>([&]<int C>() __attribute__((always_inline)) {
      float* to = sums + R * kTileRows * kTilePanel + C * kTileChannels;
      unit.template store_sums<2 * R + C>(to, kTilePanel);
    });
  });
}

template <class Tiles, int Channels>
void tile_panel(Tiles& unit, const uint16_t* input, ptrdiff_t row_stride, ptrdiff_t steps,
                const uint16_t* weights, ptrdiff_t channel, ptrdiff_t first_row, ptrdiff_t rows,
                const Epilogue& epilogue) {
  constexpr ptrdiff_t kBlock = 2 * kTileRows;
  const ptrdiff_t size = steps * kTileDepth * kTilePanel;
  Prefetch ahead(weights + size, size * ptrdiff_t{sizeof *weights},
                 steps * ((rows + kBlock - 1) / kBlock));
  Finish<Channels> finish(epilogue, channel);
  alignas(64) float sums[2][kBlock * kTilePanel];
  int now = 0;
  for (ptrdiff_t row = 0; row < rows; row += kBlock, now ^= 1) {
    const uint16_t* x = input + row * row_stride;
    const ptrdiff_t left = rows - row;
    if (left > kTileRows) {
      tile_block<2, Channels>(unit, x, row_stride, steps, weights, sums[now], ahead, finish);
    } else {
      tile_block<1, Channels>(unit, x, row_stride, steps, weights, sums[now], ahead, finish);
    }
    finish.begin(sums[now], first_row + row, left < kBlock ? left : kBlock);
  }
  finish.some(finish.left());
}

// KernelTable::tiles.
template <class Tiles>
void tiles(const uint16_t* input, ptrdiff_t row_stride, ptrdiff_t steps, const uint16_t* weights,
           ptrdiff_t first_panel, ptrdiff_t panels, ptrdiff_t first_row, ptrdiff_t rows,
           const Epilogue& epilogue) {
  Tiles unit;
  for (ptrdiff_t panel = first_panel; panel < first_panel + panels; ++panel) {
    const ptrdiff_t channel = panel * kTilePanel;
    const uint16_t* w = weights + panel * steps * kTileDepth * kTilePanel;
    if (epilogue.channels - channel <= kTileChannels) {
      tile_panel<Tiles, 1>(unit, input, row_stride, steps, w, channel, first_row, rows, epilogue);
    } else {
      tile_panel<Tiles, 2>(unit, input, row_stride, steps, w, channel, first_row, rows, epilogue);
    }
  }
}

}  // namespace ECGRT_ISA
}  // namespace ecgrt
