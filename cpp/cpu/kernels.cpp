// The algorithms, written once over Vec; CMake compiles this file once per instruction set.
#include "cpu/kernels.h"

#include "cpu/fft.h"
#include "cpu/simd.h"

namespace ecgrt {
namespace ECGRT_ISA {
namespace {

constexpr int kPanelVectors = 2;
constexpr int kPanel = kPanelVectors * kLanes;
// As many accumulators as fit the registers: 16 of them on SSE2 and AVX2, else 32.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kComplexRows = 6;
constexpr int kDirectRows = 12;
#else
constexpr int kComplexRows = 3;
constexpr int kDirectRows = 6;
#endif
// The epilogue for one vector of channels.
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
      if (e_.scale) value = value * scale_ + shift_;
      store(e_.activated + at, maximum(value, Vec{}));
    }
  }

 private:
  const Epilogue& e_;
  ptrdiff_t channel_;
  Vec bias_, scale_, shift_;
  const float* residual_;
};

template <int Size>
void forward(const float* input, ptrdiff_t row_stride, ptrdiff_t channels, ptrdiff_t tiles,
             ptrdiff_t rows_per_tile, float* spectrum, ptrdiff_t bin_stride) {
  for (ptrdiff_t tile = 0; tile < tiles; ++tile) {
    for (ptrdiff_t c = 0; c < channels; c += kLanes) {
      const float* rows = input + tile * rows_per_tile * row_stride + c;
      float* bins = spectrum + tile * 2 * channels + c;
      transform<Size / 2>(
          [&](int n) __attribute__((always_inline)) { return load(rows + n * row_stride); },
          [&](int b, Vec re, Vec im) __attribute__((always_inline)) {
            store(bins + b * bin_stride, re);
            store(bins + b * bin_stride + channels, im);
          });
    }
  }
}

template <int Size>
void inverse(const float* spectrum, ptrdiff_t bin_stride, ptrdiff_t first, ptrdiff_t count,
             ptrdiff_t tiles, ptrdiff_t first_row, ptrdiff_t rows_per_tile,
             const Epilogue& epilogue) {
  for (ptrdiff_t tile = 0; tile < tiles; ++tile) {
    const ptrdiff_t row = first_row + tile * rows_per_tile;
    const ptrdiff_t left = epilogue.rows - row;
    const ptrdiff_t rows = left < rows_per_tile ? left : rows_per_tile;
    for (ptrdiff_t c = 0; c < count && first + c < epilogue.channels; c += kLanes) {
      const float* bins = spectrum + tile * 2 * count + c;
      const EpilogueLane lane(epilogue, first + c);
      transform_back<Size / 2>(
          [&](int b, Vec& re, Vec& im) __attribute__((always_inline)) {
            re = load(bins + b * bin_stride);
            im = load(bins + b * bin_stride + count);
          },
          [&](int n, Vec x) __attribute__((always_inline)) {
            if (n < rows) lane.apply(row + n, x);
          });
    }
  }
}

ECGRT_INLINE void multiply_add(Vec* sum, Vec x, const Vec* w) {
  unroll<kPanelVectors>([&]<int V>()
                            __attribute__((always_inline)) { add_product(sum[V], x, w[V]); });
}

ECGRT_INLINE void multiply_subtract(Vec* sum, Vec x, const Vec* w) {
  unroll<kPanelVectors>([&]<int V>()
                            __attribute__((always_inline)) { subtract_product(sum[V], x, w[V]); });
}

// Makes the compiler read anew what it has read through p. Else it would hold every value of the
// first half of a step in a register for the second, and spill the accumulators instead.
ECGRT_INLINE void forget(const float*& p) { asm("" : "+r"(p)); }

// Rows x kPanelVectors complex accumulators over one panel of weights.
template <int Rows, class Weight>
ECGRT_INLINE void multiply_rows(const float* input, ptrdiff_t channels, const Weight* weights,
                                float* output, ptrdiff_t output_channels, const char* ahead,
                                ptrdiff_t ahead_step) {
  Vec re[Rows][kPanelVectors] = {}, im[Rows][kPanelVectors] = {};
  const ptrdiff_t row_stride = 2 * channels;
  for (ptrdiff_t k = 0; k < channels; ++k) {
    const Weight* w = weights + k * 2 * kPanel;
    __builtin_prefetch(ahead + k * ahead_step);
    __builtin_prefetch(ahead + k * ahead_step + ahead_step / 2);
    Vec part[kPanelVectors];
    unroll<kPanelVectors>([&]<int V>()
                              __attribute__((always_inline)) { part[V] = load(w + V * kLanes); });
    const float* x = input + k;
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
      multiply_add(re[R], broadcast(x[R * row_stride]), part);
      multiply_add(im[R], broadcast(x[R * row_stride + channels]), part);
    });
    unroll<kPanelVectors>(
        [&]<int V>() __attribute__((always_inline)) { part[V] = load(w + kPanel + V * kLanes); });
    forget(x);
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
      multiply_add(im[R], broadcast(x[R * row_stride]), part);
      multiply_subtract(re[R], broadcast(x[R * row_stride + channels]), part);
    });
  }
  unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
    unroll<kPanelVectors>([&]<int V>() __attribute__((always_inline)) {
      store(output + R * 2 * output_channels + V * kLanes, re[R][V]);
      store(output + (R * 2 + 1) * output_channels + V * kLanes, im[R][V]);
    });
  });
}

template <class Weight>
void multiply(const float* input, ptrdiff_t rows, ptrdiff_t channels, const Weight* weights,
              ptrdiff_t panels, float* output) {
  const ptrdiff_t output_channels = panels * kPanel;
  const ptrdiff_t steps = (rows + kComplexRows - 1) / kComplexRows * channels;
  for (ptrdiff_t panel = 0; panel < panels; ++panel) {
    const Weight* w = weights + panel * channels * 2 * kPanel;
    // Deep layers' weights come from beyond the caches: the next panel is fetched evenly over all
    // the work on this one.
    const char* ahead = reinterpret_cast<const char*>(w + channels * 2 * kPanel);
    const ptrdiff_t ahead_step = channels * 2 * kPanel * ptrdiff_t{sizeof(Weight)} / steps;
    const auto block = [&]<int Rows>(ptrdiff_t row) __attribute__((always_inline)) {
      multiply_rows<Rows>(input + row * 2 * channels, channels, w,
                          output + row * 2 * output_channels + panel * kPanel, output_channels,
                          ahead, ahead_step);
      ahead += channels * ahead_step;
    };
    ptrdiff_t row = 0;
    for (; row + kComplexRows <= rows; row += kComplexRows) {
      block.template operator()<kComplexRows>(row);
    }
    unroll<kComplexRows - 1>([&]<int I>() __attribute__((always_inline)) {
      if (rows - row == I + 1) block.template operator()<I + 1>(row);
    });
  }
}

template <int Rows>
ECGRT_INLINE void direct_rows(const float* input, ptrdiff_t row_stride, ptrdiff_t depth,
                              const float* weights, ptrdiff_t channel, ptrdiff_t row,
                              const Epilogue& epilogue) {
  Vec sum[Rows][kPanelVectors] = {};
  for (ptrdiff_t k = 0; k < depth; ++k) {
    Vec w[kPanelVectors];
    unroll<kPanelVectors>([&]<int V>() __attribute__((always_inline)) {
      w[V] = load(weights + k * kPanel + V * kLanes);
    });
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
      multiply_add(sum[R], broadcast(input[R * row_stride + k]), w);
    });
  }
  unroll<kPanelVectors>([&]<int V>() __attribute__((always_inline)) {
    if (channel + V * kLanes >= epilogue.channels) return;
    const EpilogueLane lane(epilogue, channel + V * kLanes);
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) { lane.apply(row + R, sum[R][V]); });
  });
}

void direct(const float* input, ptrdiff_t row_stride, ptrdiff_t depth, const float* weights,
            ptrdiff_t first_panel, ptrdiff_t panels, ptrdiff_t first_row, ptrdiff_t rows,
            const Epilogue& epilogue) {
  for (ptrdiff_t panel = first_panel; panel < first_panel + panels; ++panel) {
    const float* w = weights + panel * depth * kPanel;
    const ptrdiff_t last = first_row + rows;
    ptrdiff_t row = first_row;
    for (; row + kDirectRows <= last; row += kDirectRows) {
      direct_rows<kDirectRows>(input + row * row_stride, row_stride, depth, w, panel * kPanel, row,
                               epilogue);
    }
    for (; row < last; ++row) {
      direct_rows<1>(input + row * row_stride, row_stride, depth, w, panel * kPanel, row, epilogue);
    }
  }
}

void widen(const Half* from, ptrdiff_t count, float* to) {
  for (ptrdiff_t i = 0; i < count; i += kLanes) store(to + i, load(from + i));
}

#if defined(ECGRT_NATIVE_HALF)
void narrow(const float* from, ptrdiff_t count, Half* to) {
  for (ptrdiff_t i = 0; i < count; i += kLanes) store(to + i, load(from + i));
}
constexpr bool kNativeHalf = true;
#else
constexpr void (*narrow)(const float*, ptrdiff_t, Half*) = nullptr;
constexpr bool kNativeHalf = false;
#endif

static_assert(kPanel <= kMaxPanel);

}  // namespace

extern const KernelTable kKernels;
const KernelTable kKernels = {
    ECGRT_ISA_NAME,
    kLanes,
    kComplexRows,
    kPanel,
    kNativeHalf,
    {{16, forward<16>, inverse<16>},
     {24, forward<24>, inverse<24>},
     {32, forward<32>, inverse<32>},
     {48, forward<48>, inverse<48>},
     {64, forward<64>, inverse<64>}},
    multiply<float>,
    multiply<Half>,
    widen,
    narrow,
    direct,
};

}  // namespace ECGRT_ISA
}  // namespace ecgrt
