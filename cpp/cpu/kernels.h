// The arithmetic that one instruction set provides, as plain functions: no allocation, no
// exception, no standard templates. Every channel count is a multiple of kChannelMultiple; rows are
// time steps.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cpu/epilogue.h"
#include "cpu/tile_kernel.h"
#include "signal_kernels.h"

namespace ecgrt {

constexpr int kChannelMultiple = 16;  // the widest vector; builders pad channels with zeros

// Convolution in the frequency domain, by overlap-save. A tile is `size` input rows and gives
// size - taps + 1 output rows. Its spectrum has size / 2 complex bins: the transform is the odd one
// (frequencies pi * (4 k + 1) / size), which has no bins that are real, and in which a product is a
// negacyclic convolution: what wraps around lands in the rows that overlap-save drops anyway.
// Bin b of tile i lies at spectrum + b * bin_stride + i * planes * channels: real parts, imaginary
// parts and, if `forward` writes three planes, their sums; `inverse` reads two.
struct FftKernel {
  int size;
  void (*forward)(const float* input, ptrdiff_t row_stride, ptrdiff_t channels, ptrdiff_t tiles,
                  ptrdiff_t rows_per_tile, float* spectrum, ptrdiff_t bin_stride);
  // Transforms tiles back (channels [first, first + count) of the output) and applies the epilogue.
  void (*inverse)(const float* spectrum, ptrdiff_t bin_stride, ptrdiff_t first, ptrdiff_t count,
                  ptrdiff_t tiles, ptrdiff_t first_row, ptrdiff_t rows_per_tile,
                  const Epilogue& epilogue);
};

constexpr int kFftKernels = 5;
constexpr int kMaxFftSize = 64;
constexpr int kMaxPlanes = 3;
constexpr int kMaxPanel = 32;  // divides kPackChannels
constexpr int kPackChannels = 128;

struct KernelTable {
  const char* name;
  int lanes;         // floats in a vector
  int planes;        // of an input's spectrum; with 3 a complex product is 3 multiplications, not 4
  int complex_rows;  // rows that multiply takes at a time: blocks of multiples waste nothing
  int panel;         // output channels that one panel of packed weights holds
  bool native_half;  // half-precision weights are read without cost
  FftKernel fft[kFftKernels];  // by ascending size

  // One frequency bin: output[i] = input[i] * weights for complex rows i of `channels` inputs and
  // `outputs` channels, a multiple of kChannelMultiple, in rows of whole panels: what is behind
  // them is not written. A panel is [channel][real x panel, imaginary x panel].
  void (*multiply_f32)(const float* input, ptrdiff_t rows, ptrdiff_t channels, const float* weights,
                       ptrdiff_t outputs, float* output);
  void (*multiply_f16)(const float* input, ptrdiff_t rows, ptrdiff_t channels,
                       const uint16_t* weights, ptrdiff_t outputs, float* output);

  // Stores the conjugate of a spectrum of one tile, `bins` bins of `panels` panels, as the weights
  // of one input channel: panel p of bin b goes to `to` + (b * all_panels + p) * panel_stride.
  void (*pack)(const float* spectrum, ptrdiff_t bins, ptrdiff_t panels, ptrdiff_t all_panels,
               ptrdiff_t panel_stride, float* to);

  // Half precision to single and back, `count` numbers, a multiple of kChannelMultiple. `narrow` is
  // null without native_half.
  void (*widen)(const uint16_t* from, ptrdiff_t count, float* to);
  void (*narrow)(const float* from, ptrdiff_t count, uint16_t* to);

  // Convolution without a transform, for short kernels and few channels: output row t is the
  // product of the `depth` values from input + t * row_stride on with weights,
  // [panel][depth][panel].
  void (*direct)(const float* input, ptrdiff_t row_stride, ptrdiff_t depth, const float* weights,
                 ptrdiff_t first_panel, ptrdiff_t panels, ptrdiff_t first_row, ptrdiff_t rows,
                 const Epilogue& epilogue);

  ToBfloat to_bfloat;
  TileKernel tiles;

  SignalKernels signal;
};

}  // namespace ecgrt
