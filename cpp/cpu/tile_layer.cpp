// A layer whose weights are bfloat16: always the direct convolution on tiles, whatever the
// processor, for only one algorithm gives the same answers everywhere.
#include <algorithm>

#include "cpu/layers.h"

namespace ecgrt {

void ConvLayer::prepare_tiles() {
  steps_ = divide_up(taps_ * inputs_, kTileDepth);
  panels_ = divide_up(outputs_, kTilePanel);
  rows_read_ = rounded_ ? taps_ + kTileRows - 1 : taps_;  // whole tiles of rows, in place
  algorithm_ = "tiles";
  weights_ = AlignedBuffer(panels_ * steps_ * 2 * kTileWeights * sizeof(std::uint16_t));
}

// As KernelTable::tiles reads them; zeros where depth or channels end within a tile.
void ConvLayer::pack_tiles(const Blob& weights) noexcept {
  auto* packed = reinterpret_cast<std::uint16_t*>(weights_.data());
  std::fill_n(packed, panels_ * steps_ * 2 * kTileWeights, std::uint16_t{0});
  const std::size_t given = weights.count / outputs_;  // the stride need not divide the taps
  for (std::size_t first = 0; first < outputs_; first += kTileChannels) {
    const std::size_t panel = first / kTilePanel, tile = first % kTilePanel / kTileChannels;
    for (std::size_t k = 0; k < given; ++k) {
      const std::size_t step = k / kTileDepth, pair = k % kTileDepth / 2;
      const std::uint16_t* from = weights.halves() + k * outputs_ + first;
      std::uint16_t* to = packed + ((panel * steps_ + step) * 2 + tile) * kTileWeights +
                          pair * 2 * kTileChannels + k % 2;
      for (std::size_t c = 0; c < kTileChannels; ++c) to[2 * c] = from[c];
    }
  }
}

// bfloat16 values under `rows` rows of output: whole tiles, and whole steps of depth.
std::size_t ConvLayer::tile_inputs(std::size_t rows) const {
  const std::size_t whole = divide_up(rows, kTileRows) * kTileRows;
  return (whole - 1) * inputs_ + steps_ * kTileDepth;
}

void ConvLayer::run_tiles(const Tasks& tasks, std::size_t block, std::size_t group,
                          const float* input, const Epilogue& epilogue, float* scratch) const {
  const std::size_t row = tasks.first + block * tasks.tiles_per_block;
  const std::size_t rows = std::min(tasks.tiles_per_block, tasks.end - row);
  const std::size_t panel = group * tasks.panels_per_group;
  const auto* rounded = reinterpret_cast<const std::uint16_t*>(input) + row * inputs_;
  if (!rounded_) {
    auto* to = reinterpret_cast<std::uint16_t*>(scratch);
    const std::size_t given = (rows - 1 + taps_) * inputs_, wanted = tile_inputs(rows);
    kernels_.to_bfloat(input + row * inputs_, static_cast<std::ptrdiff_t>(given), to);
    // What lies behind is multiplied by zeros, or dropped, but must be numbers.
    if (wanted > given) std::fill(to + given, to + wanted, std::uint16_t{0});
    rounded = to;
  }
  kernels_.tiles(rounded, static_cast<std::ptrdiff_t>(inputs_), static_cast<std::ptrdiff_t>(steps_),
                 reinterpret_cast<const std::uint16_t*>(weights_.data()),
                 static_cast<std::ptrdiff_t>(panel),
                 static_cast<std::ptrdiff_t>(std::min(tasks.panels_per_group, panels_ - panel)),
                 static_cast<std::ptrdiff_t>(row), static_cast<std::ptrdiff_t>(rows), epilogue);
}

}  // namespace ecgrt
