// What follows a convolution, on one vector of channels.
#pragma once

#include "cpu/bfloat.h"
#include "cpu/epilogue.h"
#include "cpu/simd.h"

namespace ecgrt {
namespace ECGRT_ISA {

class EpilogueLane {
 public:
  ECGRT_INLINE EpilogueLane(const Epilogue& e, ptrdiff_t channel)
      : e_(e),
        channel_(channel),
        bias_(load(e.bias + channel)),
        scale_(e.scale ? load(e.scale + channel) : Vec{}),
        shift_(e.scale ? load(e.shift + channel) : Vec{}),
        residual_(e.residual && channel < e.residual_channels ? e.residual + channel : nullptr) {}

  ECGRT_INLINE void apply(ptrdiff_t row, Vec value) const {
    value += bias_;
    if (residual_) {
      const float* p = residual_ + row * e_.pool * e_.residual_channels;
      Vec pooled = load(p);
      for (ptrdiff_t i = 1; i < e_.pool; ++i) {
        pooled = maximum(pooled, load(p + i * e_.residual_channels));
      }
      value += pooled;
    }
    const ptrdiff_t at = row * e_.channels + channel_;
    if (e_.raw) store(e_.raw + at, value);
    if (e_.activated) {
      store(e_.activated + at, activate(value));
    } else if (e_.rounded) {
      store_bfloats(e_.rounded + at, activate(value));
    }
  }

 private:
  ECGRT_INLINE Vec activate(Vec value) const {
    if (e_.scale) value = value * scale_ + shift_;
    return maximum(value, Vec{});
  }

  const Epilogue& e_;
  ptrdiff_t channel_;
  Vec bias_, scale_, shift_;
  const float* residual_;
};

}  // namespace ECGRT_ISA
}  // namespace ecgrt
