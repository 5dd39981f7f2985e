// The convolution on tiles: its shapes, and what each instruction set provides.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cpu/epilogue.h"

namespace ecgrt {

// A tile has 16 rows of 64 bytes: of inputs 32 in bfloat16, of sums 16. Two tiles of sums, side by
// side, are a panel of weights.
constexpr int kTileRows = 16;
constexpr int kTileDepth = 32;
constexpr int kTileChannels = 16;
constexpr int kTilePanel = 2 * kTileChannels;
constexpr int kTileWeights = kTileDepth * kTileChannels;  // of a tile

// The direct convolution in bfloat16, summed as TDPBF16PS does it (cpu/tiles.h), by every
// instruction set alike: `steps` times kTileDepth values under an output. `input` is the row under
// output row `first_row`; whatever `rows` are, it has whole tiles of rows. Weights are
// [panel][step][tile of the panel][pair of the depth][channel][of the pair].
typedef void (*TileKernel)(const uint16_t* input, ptrdiff_t row_stride, ptrdiff_t steps,
                           const uint16_t* weights, ptrdiff_t first_panel, ptrdiff_t panels,
                           ptrdiff_t first_row, ptrdiff_t rows, const Epilogue& epilogue);

// To bfloat16: the nearest, of two the even one.
typedef void (*ToBfloat)(const float* from, ptrdiff_t count, uint16_t* to);

}  // namespace ecgrt
