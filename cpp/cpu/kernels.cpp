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
// Weights are read once per block of rows and come from beyond the L2 cache in deep layers, where
// the hardware's own prefetcher stops at each page.
constexpr int kPrefetchBytes = 4096;

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
  constexpr int kBins = Size / 2;
  for (ptrdiff_t tile = 0; tile < tiles; ++tile) {
    const float* rows = input + tile * rows_per_tile * row_stride;
    float* bins = spectrum + tile * 2 * channels;
    for (ptrdiff_t c = 0; c < channels; c += kLanes) {
      Vec re[kBins], im[kBins];
      unroll<kBins>([&]<int N>() __attribute__((always_inline)) {
        const Vec low = load(rows + N * row_stride + c);
        const Vec high = load(rows + (N + kBins) * row_stride + c);
        twist<Size, N>(low, high, re[N], im[N]);
      });
      fft<kBins>(re, im);
      unroll<kBins>([&]<int B>() __attribute__((always_inline)) {
        store(bins + B * bin_stride + c, re[B]);
        store(bins + B * bin_stride + channels + c, im[B]);
      });
    }
  }
}

template <int Size>
void inverse(const float* spectrum, ptrdiff_t bin_stride, ptrdiff_t first, ptrdiff_t count,
             ptrdiff_t tiles, ptrdiff_t first_row, ptrdiff_t rows_per_tile,
             const Epilogue& epilogue) {
  constexpr int kBins = Size / 2;
  for (ptrdiff_t tile = 0; tile < tiles; ++tile) {
    const float* bins = spectrum + tile * 2 * count;
    const ptrdiff_t row = first_row + tile * rows_per_tile;
    const ptrdiff_t left = epilogue.rows - row;
    const ptrdiff_t rows = left < rows_per_tile ? left : rows_per_tile;
    for (ptrdiff_t c = 0; c < count && first + c < epilogue.channels; c += kLanes) {
      Vec re[kBins], im[kBins], out[Size];
      unroll<kBins>([&]<int B>() __attribute__((always_inline)) {
        re[B] = load(bins + B * bin_stride + c);
        im[B] = load(bins + B * bin_stride + count + c);
      });
      inverse_fft<kBins>(re, im);
      unroll<kBins>([&]<int N>() __attribute__((always_inline)) {
        untwist<Size, N>(re[N], im[N], out[N], out[N + kBins]);
      });
      const EpilogueLane lane(epilogue, first + c);
      for (ptrdiff_t t = 0; t < rows; ++t) lane.apply(row + t, out[t]);
    }
  }
}

// Rows x kPanelVectors complex accumulators over one panel of weights.
template <int Rows, class Weight>
ECGRT_INLINE void multiply_rows(const float* input, ptrdiff_t channels, const Weight* weights,
                                float* output, ptrdiff_t output_channels) {
  Vec re[Rows][kPanelVectors] = {}, im[Rows][kPanelVectors] = {};
  const ptrdiff_t row_stride = 2 * channels;
  for (ptrdiff_t k = 0; k < channels; ++k) {
    const Weight* w = weights + k * 2 * kPanel;
    for (unsigned i = 0; i < 2 * kPanel * sizeof(Weight); i += 64) {
      __builtin_prefetch(reinterpret_cast<const char*>(w) + kPrefetchBytes + i);
    }
    Vec real[kPanelVectors], imag[kPanelVectors];
    unroll<kPanelVectors>([&]<int V>() __attribute__((always_inline)) {
      real[V] = load(w + V * kLanes);
    });
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
      const Vec x = broadcast(input[R * row_stride + k]);
      const Vec y = broadcast(input[R * row_stride + channels + k]);
      unroll<kPanelVectors>([&]<int V>() __attribute__((always_inline)) {
        re[R][V] += x * real[V];
        im[R][V] += y * real[V];
      });
    });
    unroll<kPanelVectors>([&]<int V>() __attribute__((always_inline)) {
      imag[V] = load(w + kPanel + V * kLanes);
    });
    unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
      const Vec x = broadcast(input[R * row_stride + k]);
      const Vec y = broadcast(input[R * row_stride + channels + k]);
      unroll<kPanelVectors>([&]<int V>() __attribute__((always_inline)) {
        re[R][V] -= y * imag[V];
        im[R][V] += x * imag[V];
      });
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
  for (ptrdiff_t panel = 0; panel < panels; ++panel) {
    const Weight* w = weights + panel * channels * 2 * kPanel;
    float* out = output + panel * kPanel;
    ptrdiff_t row = 0;
    for (; row + kComplexRows <= rows; row += kComplexRows) {
      multiply_rows<kComplexRows>(input + row * 2 * channels, channels, w,
                                  out + row * 2 * output_channels, output_channels);
    }
    unroll<kComplexRows - 1>([&]<int I>() __attribute__((always_inline)) {
      if (rows - row == I + 1) {
        multiply_rows<I + 1>(input + row * 2 * channels, channels, w,
                             out + row * 2 * output_channels, output_channels);
      }
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
      const Vec x = broadcast(input[R * row_stride + k]);
      unroll<kPanelVectors>(
          [&]<int V>() __attribute__((always_inline)) { sum[R][V] += x * w[V]; });
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

}  // namespace

#if defined(__AVX512F__) || defined(__F16C__) || defined(__aarch64__)
constexpr bool kNativeHalf = true;
#else
constexpr bool kNativeHalf = false;
#endif

extern const KernelTable kKernels;
const KernelTable kKernels = {
    ECGRT_ISA_NAME,
    kLanes,
    kPanel,
    kNativeHalf,
    {{16, forward<16>, inverse<16>}, {32, forward<32>, inverse<32>}, {64, forward<64>, inverse<64>}},
    multiply<float>,
    multiply<Half>,
    direct,
};

}  // namespace ECGRT_ISA
}  // namespace ecgrt
