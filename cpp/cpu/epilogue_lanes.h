// What follows a convolution, on vectors of channels that lie side by side.
#pragma once

#include "cpu/bfloat.h"
#include "cpu/epilogue.h"
#include "cpu/simd.h"

namespace ecgrt {
namespace ECGRT_ISA {

template <int Vectors>
class EpilogueLanes {
 public:
  ECGRT_INLINE EpilogueLanes(const Epilogue& e, ptrdiff_t channel) : e_(e), channel_(channel) {
    unroll<Vectors>([&]<int V>() __attribute__((always_inline)) {
      const ptrdiff_t at = channel + V * kLanes;
      bias_[V] = load(e.bias + at);
      scale_[V] = e.scale ? load(e.scale + at) : Vec{};
      shift_[V] = e.scale ? load(e.shift + at) : Vec{};
    });
    // A shortcut may have fewer channels.
    const ptrdiff_t vectors = e.residual ? (e.residual_channels - channel) / kLanes : 0;
    shortcuts_ = vectors < Vectors ? vectors : Vectors;
  }

  ECGRT_INLINE void apply(ptrdiff_t row, const Vec (&sums)[Vectors]) const {
    Vec value[Vectors];
    unroll<Vectors>([&]<int V>() __attribute__((always_inline)) { value[V] = sums[V] + bias_[V]; });
    if (shortcuts_ > 0) add_shortcut(row, value);
    const ptrdiff_t at = row * e_.channels + channel_;
    if (e_.raw) {
      unroll<Vectors>([&]<int V>() __attribute__((always_inline)) {
        store(e_.raw + at + V * kLanes, value[V]);
      });
    }
    if (e_.activated) {
      activate(value);
      unroll<Vectors>([&]<int V>() __attribute__((always_inline)) {
        store(e_.activated + at + V * kLanes, value[V]);
      });
    } else if (e_.rounded) {
      activate(value);
      unroll<Vectors>([&]<int V>() __attribute__((always_inline)) {
        store_bfloats(e_.rounded + at + V * kLanes, value[V]);
      });
    }
  }

 private:
  ECGRT_INLINE void add_shortcut(ptrdiff_t row, Vec (&value)[Vectors]) const {
    const float* first = e_.residual + row * e_.pool * e_.residual_channels + channel_;
    unroll<Vectors>([&]<int V>() __attribute__((always_inline)) {
      if (V >= shortcuts_) return;
      const float* p = first + V * kLanes;
      Vec pooled = load(p);
      for (ptrdiff_t i = 1; i < e_.pool; ++i) {
        pooled = maximum(pooled, load(p + i * e_.residual_channels));
      }
      value[V] += pooled;
    });
  }

  ECGRT_INLINE void activate(Vec (&value)[Vectors]) const {
    unroll<Vectors>([&]<int V>() __attribute__((always_inline)) {
      if (e_.scale) value[V] = value[V] * scale_[V] + shift_[V];
      value[V] = maximum(value[V], Vec{});
    });
  }

  const Epilogue& e_;
  ptrdiff_t channel_, shortcuts_;
  Vec bias_[Vectors], scale_[Vectors], shift_[Vectors];
};

}  // namespace ECGRT_ISA
}  // namespace ecgrt
