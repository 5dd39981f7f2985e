// The algorithms, written once over Vec; CMake compiles this file once per instruction set.
#include "cpu/kernels.h"

#include "cpu/epilogue_lanes.h"
#include "cpu/fft.h"
#include "cpu/filters.h"
#include "cpu/loops.h"
#include "cpu/products.h"
#include "cpu/selection.h"
#include "cpu/simd.h"
#include "cpu/tiles.h"

namespace ecgrt {
namespace ECGRT_ISA {
namespace {

template <int Size>
void forward(const float* input, ptrdiff_t row_stride, ptrdiff_t channels, ptrdiff_t tiles,
             ptrdiff_t rows_per_tile, float* spectrum, ptrdiff_t bin_stride) {
  for (ptrdiff_t tile = 0; tile < tiles; ++tile) {
    for (ptrdiff_t c = 0; c < channels; c += kLanes) {
      const float* rows = input + tile * rows_per_tile * row_stride + c;
      float* bins = spectrum + tile * kPlanes * channels + c;
      transform<Size / 2>(
          [&](int n) __attribute__((always_inline)) { return load(rows + n * row_stride); },
          [&](int b, Vec re, Vec im) __attribute__((always_inline)) {
            store(bins + b * bin_stride, re);
            store(bins + b * bin_stride + channels, im);
            if constexpr (kPlanes == 3) store(bins + b * bin_stride + 2 * channels, re + im);
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
      const EpilogueLanes<1> lane(epilogue, first + c);
      transform_back<Size / 2>(
          [&](int b, Vec& re, Vec& im) __attribute__((always_inline)) {
            re = load(bins + b * bin_stride);
            im = load(bins + b * bin_stride + count);
          },
          [&](int n, Vec x) __attribute__((always_inline)) {
            if (n < rows) lane.apply(row + n, {x});
          });
    }
  }
}

template <int Rows, int Vectors>
ECGRT_INLINE void direct_rows(const float* input, ptrdiff_t row_stride, ptrdiff_t depth,
                              const float* weights, ptrdiff_t channel, ptrdiff_t row,
                              const Epilogue& epilogue, Prefetch& ahead) {
  Vec sum[Rows][Vectors] = {};
  real_rows(sum, input, row_stride, weights, depth, ahead);
  const EpilogueLanes<Vectors> lanes(epilogue, channel);
  // By way of memory, and in a loop: unrolled, the groups of 1 to 12 rows would be a tenth of the
  // library. A copy, for accumulators that are indexed in a loop would never be in registers.
  Vec done[Rows][Vectors];
  unroll<Rows>([&]<int R>() __attribute__((always_inline)) {
    unroll<Vectors>([&]<int V>() __attribute__((always_inline)) { done[R][V] = sum[R][V]; });
  });
#pragma GCC unroll 1
  for (int r = 0; r < Rows; ++r) lanes.apply(row + r, done[r]);
}

void direct(const float* input, ptrdiff_t row_stride, ptrdiff_t depth, const float* weights,
            ptrdiff_t first_panel, ptrdiff_t panels, ptrdiff_t first_row, ptrdiff_t rows,
            const Epilogue& epilogue) {
  for (ptrdiff_t panel = first_panel; panel < first_panel + panels; ++panel) {
    const float* w = weights + panel * depth * kPanel;
    Prefetch ahead(w + depth * kPanel, depth * kPanel * ptrdiff_t{sizeof(float)},
                   depth * groups(rows, kRealRows));
    const bool half = kHalfPanels && epilogue.channels - panel * kPanel <= kLanes;
    in_groups<kRealRows>(rows, [&]<int Rows>(ptrdiff_t row) __attribute__((always_inline)) {
      const ptrdiff_t at = first_row + row;
      const float* x = input + at * row_stride;
      if (half) {
        direct_rows<Rows, 1>(x, row_stride, depth, w, panel * kPanel, at, epilogue, ahead);
      } else {
        direct_rows<Rows, kPanelVectors>(x, row_stride, depth, w, panel * kPanel, at, epilogue,
                                         ahead);
      }
    });
  }
}

void pack(const float* spectrum, ptrdiff_t bins, ptrdiff_t panels, ptrdiff_t all_panels,
          ptrdiff_t panel_stride, float* to) {
  const ptrdiff_t channels = panels * kPanel;
  for (ptrdiff_t bin = 0; bin < bins; ++bin) {
    for (ptrdiff_t panel = 0; panel < panels; ++panel) {
      const float* from = spectrum + bin * kPlanes * channels + panel * kPanel;
      float* panel_to = to + (bin * all_panels + panel) * panel_stride;
      unroll<kPanelVectors>([&]<int V>() __attribute__((always_inline)) {
        store(panel_to + V * kLanes, load(from + V * kLanes));
        store(panel_to + kPanel + V * kLanes, -load(from + channels + V * kLanes));
      });
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

static_assert(kHalfPanels == (kPanel > kChannelMultiple));
static_assert(kPlanes <= kMaxPlanes && kPanel <= kMaxPanel && kPackChannels % kPanel == 0);

}  // namespace

extern const KernelTable kKernels;
const KernelTable kKernels = {
    ECGRT_ISA_NAME,
    kLanes,
    kPlanes,
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
    pack,
    widen,
    narrow,
    direct,
    to_bfloat,
    tiles<EmulatedTiles>,
    {fir, polyphase, select, select_columns, to_float, pair_sums, range},
};

}  // namespace ECGRT_ISA
}  // namespace ecgrt
