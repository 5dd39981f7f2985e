// What follows a convolution, fused into its last step.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ecgrt {

//   value = convolution + bias [+ max-pooled residual]     -> raw, where wanted
//   value = relu(value [* scale + shift])                  -> activated or rounded, where wanted
struct Epilogue {
  const float* bias;
  const float* residual;  // null: none; row t pools rows [t * pool, (t + 1) * pool)
  ptrdiff_t residual_channels;
  ptrdiff_t pool;
  float* raw;          // null: not wanted
  float* activated;    // null: not wanted
  uint16_t* rounded;   // null: not wanted; in bfloat16
  const float* scale;  // null: no affine map before the ReLU
  const float* shift;
  ptrdiff_t channels;  // of the output, and its row stride
  ptrdiff_t rows;      // of the output; what a tile computes beyond them is dropped
};

}  // namespace ecgrt
