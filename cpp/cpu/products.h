// Products of rows and panels of weights, complex and real.
#pragma once

#include "cpu/simd.h"

namespace ecgrt {
namespace ECGRT_ISA {

constexpr int kPanelVectors = 2;
constexpr int kPanel = kPanelVectors * kLanes;
// Whether channels can end within a panel; then what is behind them is left out.
constexpr bool kHalfPanels = kPanel > 16;
// As many accumulators as fit the registers: 16 of them on SSE2 and AVX2, else 32. With 32 there is
// room for complex products of three multiplications, which need three accumulators, and the sum of
// real and imaginary part as a third plane of the input's spectrum.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kPlanes = 3;
constexpr int kComplexRows = 4;
constexpr int kRealRows = 12;
#else
constexpr int kPlanes = 2;
constexpr int kComplexRows = 3;
constexpr int kRealRows = 6;
#endif

template <int Vectors>
ECGRT_INLINE void multiply_add(Vec (&sum)[Vectors], Vec x, const Vec (&w)[Vectors]) {
  unroll<Vectors>([&]<int V>() __attribute__((always_inline)) { add_product(sum[V], x, w[V]); });
}

template <int Vectors>
ECGRT_INLINE void multiply_subtract(Vec (&sum)[Vectors], Vec x, const Vec (&w)[Vectors]) {
  unroll<Vectors>([&]<int V>()
                      __attribute__((always_inline)) { subtract_product(sum[V], x, w[V]); });
}

// Into the L2 cache: a core waits for far fewer lines of its L1 cache at a time, and a panel of a
// deep layer does not fit that anyway.
ECGRT_INLINE void fetch_line(const char* p) { __builtin_prefetch(p, 0, 2); }

// Fetches a stretch of memory evenly over work that takes a given number of steps.
struct Prefetch {
  ECGRT_INLINE Prefetch(const void* from, ptrdiff_t bytes, ptrdiff_t steps)
      : next(static_cast<const char*>(from)), stride(bytes / steps) {}
  // The place to begin for `steps` more steps.
  ECGRT_INLINE const char* take(ptrdiff_t steps) {
    const char* from = next;
    next += steps * stride;
    return from;
  }

  const char* next;
  const ptrdiff_t stride;
};

// Calls block<n>(row) for groups of n rows that fill the registers, and once for those left over.
template <int Group, class Block>
ECGRT_INLINE void in_groups(ptrdiff_t rows, Block&& block) {
  ptrdiff_t row = 0;
  for (; row + Group <= rows; row += Group) block.template operator()<Group>(row);
  unroll<Group - 1>([&]<int I>() __attribute__((always_inline)) {
    if (rows - row == I + 1) block.template operator()<I + 1>(row);
  });
}

constexpr ptrdiff_t groups(ptrdiff_t rows, ptrdiff_t group) { return (rows + group - 1) / group; }

// Makes the compiler read anew what it has read through p. Else it would hold every value of the
// first half of a step in a register for the second, and spill the accumulators instead.
ECGRT_INLINE void forget(const float*& p) { asm("" : "+r"(p)); }

// Rows x Vectors complex accumulators over one panel of weights, or its first vector.
template <int Rows, int Vectors, class Weight>
ECGRT_INLINE void multiply_rows(const float* input, ptrdiff_t channels, const Weight* weights,
                                float* output, ptrdiff_t output_channels, Prefetch& ahead) {
  Vec re[Rows][Vectors] = {}, im[Rows][Vectors] = {};
  const ptrdiff_t row_stride = 2 * channels, stride = ahead.stride;
  const char* fetch = ahead.take(2 * channels);
  for (ptrdiff_t k = 0; k < channels; ++k) {
    const Weight* w = weights + k * 2 * kPanel;
    fetch_line(fetch + 2 * k * stride);
    fetch_line(fetch + (2 * k + 1) * stride);
    Vec part[Vectors];
    unroll<Vectors>([&]<int V>()
                        __attribute__((always_inline)) { part[V] = load(w + V * kLanes); });
    const float* x = input + k;
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
      multiply_add(re[R], broadcast(x[R * row_stride]), part);
      multiply_add(im[R], broadcast(x[R * row_stride + channels]), part);
    });
    unroll<Vectors>(
        [&]<int V>() __attribute__((always_inline)) { part[V] = load(w + kPanel + V * kLanes); });
    forget(x);
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
      multiply_add(im[R], broadcast(x[R * row_stride]), part);
      multiply_subtract(re[R], broadcast(x[R * row_stride + channels]), part);
    });
  }
  unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
    unroll<Vectors>([&]<int V>() __attribute__((always_inline)) {
      store(output + R * 2 * output_channels + V * kLanes, re[R][V]);
      store(output + (R * 2 + 1) * output_channels + V * kLanes, im[R][V]);
    });
  });
}

// The same in three multiplications (Gauss): (a + i b)(c + i d) = (s - v) + i (s + u) with
// s = (a + b) c, u = a (d - c), v = b (c + d). There is one addition for each weight, but a
// multiplication for each weight and row.
template <int Rows, int Vectors, class Weight>
ECGRT_INLINE void multiply_rows_by_three(const float* input, ptrdiff_t channels,
                                         const Weight* weights, float* output,
                                         ptrdiff_t output_channels, Prefetch& ahead) {
  Vec s[Rows][Vectors] = {}, u[Rows][Vectors] = {}, v[Rows][Vectors] = {};
  const ptrdiff_t stride = ahead.stride;
  const char* fetch = ahead.take(2 * channels);
  // Three pointers and two distances, opaque to the compiler: left to itself it keeps a register
  // for each of the twelve places, and spills them.
  const float* plane[3] = {input, input + channels, input + 2 * channels};
  ptrdiff_t row[4] = {0, 3 * channels, 0, 9 * channels};
  asm("" : "+r"(row[1]), "+r"(row[3]));
  row[2] = 2 * row[1];
  for (ptrdiff_t k = 0; k < channels; ++k) {
    const Weight* w = weights + k * 2 * kPanel;
    fetch_line(fetch);
    fetch_line(fetch + stride);
    fetch += 2 * stride;
    asm("" : "+r"(plane[0]), "+r"(plane[1]), "+r"(plane[2]));
    Vec c[Vectors], d[Vectors], part[Vectors];
    unroll<Vectors>([&]<int V>() __attribute__((always_inline)) {
      c[V] = load(w + V * kLanes);
      d[V] = load(w + kPanel + V * kLanes);
      part[V] = d[V] - c[V];
    });
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
      multiply_add(s[R], broadcast(plane[2][row[R]]), c);
    });
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
      multiply_add(u[R], broadcast(plane[0][row[R]]), part);
    });
    unroll<Vectors>([&]<int V>() __attribute__((always_inline)) { part[V] = c[V] + d[V]; });
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
      multiply_add(v[R], broadcast(plane[1][row[R]]), part);
    });
    ++plane[0];
    ++plane[1];
    ++plane[2];
  }
  unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
    unroll<Vectors>([&]<int V>() __attribute__((always_inline)) {
      store(output + R * 2 * output_channels + V * kLanes, s[R][V] - v[R][V]);
      store(output + (R * 2 + 1) * output_channels + V * kLanes, s[R][V] + u[R][V]);
    });
  });
}

template <int Vectors, class Weight>
ECGRT_INLINE void multiply_panel(const float* input, ptrdiff_t rows, ptrdiff_t channels,
                                 const Weight* weights, float* output, ptrdiff_t output_channels,
                                 Prefetch& ahead) {
  in_groups<kComplexRows>(rows, [&]<int Rows>(ptrdiff_t row) __attribute__((always_inline)) {
    const float* x = input + row * kPlanes * channels;
    float* y = output + row * 2 * output_channels;
    if constexpr (kPlanes == 3) {
      multiply_rows_by_three<Rows, Vectors>(x, channels, weights, y, output_channels, ahead);
    } else {
      multiply_rows<Rows, Vectors>(x, channels, weights, y, output_channels, ahead);
    }
  });
}

template <class Weight>
void multiply(const float* input, ptrdiff_t rows, ptrdiff_t channels, const Weight* weights,
              ptrdiff_t outputs, float* output) {
  const ptrdiff_t panels = groups(outputs, kPanel), output_channels = panels * kPanel;
  const ptrdiff_t size = channels * 2 * kPanel;  // of a panel
  for (ptrdiff_t panel = 0; panel < panels; ++panel) {
    const Weight* w = weights + panel * size;
    // Deep layers' weights come from beyond the caches: the next panel is fetched evenly over all
    // the work on this one.
    Prefetch ahead(w + size, size * ptrdiff_t{sizeof(Weight)},
                   2 * channels * groups(rows, kComplexRows));
    float* y = output + panel * kPanel;
    if (kHalfPanels && outputs - panel * kPanel <= kLanes) {
      multiply_panel<1>(input, rows, channels, w, y, output_channels, ahead);
    } else {
      multiply_panel<kPanelVectors>(input, rows, channels, w, y, output_channels, ahead);
    }
  }
}

// sum += x * w for Rows real rows over one panel of `depth` weights, or its first vector.
template <int Rows, int Vectors>
ECGRT_INLINE void real_rows(Vec (&sum)[Rows][Vectors], const float* x, ptrdiff_t x_stride,
                            const float* w, ptrdiff_t depth, Prefetch& ahead) {
  const ptrdiff_t stride = ahead.stride;
  const char* fetch = ahead.take(depth);
  for (ptrdiff_t k = 0; k < depth; ++k) {
    fetch_line(fetch + k * stride);
    Vec part[Vectors];
    unroll<Vectors>([&]<int V>() __attribute__((always_inline)) {
      part[V] = load(w + k * kPanel + V * kLanes);
    });
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
      multiply_add(sum[R], broadcast(x[R * x_stride + k]), part);
    });
  }
}

}  // namespace ECGRT_ISA
}  // namespace ecgrt
