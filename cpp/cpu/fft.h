// Small complex Fourier transforms over vectors of channels, unrolled at compile time.
// The forward transform leaves its bins in digit-reversed order and the inverse takes them so: a
// product per bin does not care, and no permutation is ever done.
#pragma once

#include "cpu/simd.h"

namespace ecgrt {
namespace ECGRT_ISA {

struct Twiddle {
  float cos, sin;
};

// exp(2 pi i numerator / denominator), for 0 <= numerator / denominator < 1.
constexpr Twiddle twiddle(int numerator, int denominator) {
  // Reduced to an eighth of the circle, where a few terms of the series are exact to a float.
  const int octant = 8 * numerator / denominator;
  const int reduced = 8 * numerator - octant * denominator;  // of 8 * denominator
  constexpr double kPi = 3.14159265358979323846;
  const double x = 2 * kPi * reduced / (8.0 * denominator);
  double c = 0, s = 0, term = 1;
  for (int n = 0; n < 20; n += 2) {
    c += term;
    term *= x / (n + 1);
    s += term;
    term *= -x / (n + 2);
  }
  constexpr double kHalfRoot = 0.70710678118654752440;
  double re = c, im = s;
  if (octant % 2 == 1) {
    re = kHalfRoot * (c - s);
    im = kHalfRoot * (c + s);
  }
  for (int quarter = octant / 2; quarter > 0; --quarter) {
    const double turned = re;
    re = -im;
    im = turned;
  }
  return {static_cast<float>(re), static_cast<float>(im)};
}

// (re + i im) *= exp(-2 pi i K / N), or its conjugate.
template <int K, int N, bool Conjugate = false>
ECGRT_INLINE void rotate(Vec& re, Vec& im) {
  if constexpr (K % N != 0) {
    constexpr Twiddle w = twiddle(K % N, N);
    constexpr float s = Conjugate ? -w.sin : w.sin;
    const Vec x = re;
    re = x * w.cos + im * s;
    im = im * w.cos - x * s;
  }
}

// Decimation in frequency, radix 4 and a last radix 2; natural order in, digit-reversed out.
template <int N>
ECGRT_INLINE void fft(Vec* re, Vec* im) {
  if constexpr (N == 2) {
    const Vec x = re[0], y = im[0];
    re[0] = x + re[1];
    im[0] = y + im[1];
    re[1] = x - re[1];
    im[1] = y - im[1];
  } else if constexpr (N >= 4) {
    constexpr int kQuarter = N / 4;
    unroll<kQuarter>([&]<int J>() __attribute__((always_inline)) {
      constexpr int a = J, b = J + kQuarter, c = J + 2 * kQuarter, d = J + 3 * kQuarter;
      const Vec sum_re = re[a] + re[c], sum_im = im[a] + im[c];
      const Vec dif_re = re[a] - re[c], dif_im = im[a] - im[c];
      const Vec odd_re = re[b] + re[d], odd_im = im[b] + im[d];
      // -i (b - d)
      const Vec turn_re = im[b] - im[d], turn_im = re[d] - re[b];
      re[a] = sum_re + odd_re;
      im[a] = sum_im + odd_im;
      re[b] = sum_re - odd_re;
      im[b] = sum_im - odd_im;
      re[c] = dif_re + turn_re;
      im[c] = dif_im + turn_im;
      re[d] = dif_re - turn_re;
      im[d] = dif_im - turn_im;
      rotate<2 * J, N>(re[b], im[b]);
      rotate<J, N>(re[c], im[c]);
      rotate<3 * J, N>(re[d], im[d]);
    });
    unroll<4>([&]<int Q>() __attribute__((always_inline)) {
      fft<kQuarter>(re + Q * kQuarter, im + Q * kQuarter);
    });
  }
}

// The exact reverse of fft(), step by step, times N.
template <int N>
ECGRT_INLINE void inverse_fft(Vec* re, Vec* im) {
  if constexpr (N == 2) {
    fft<2>(re, im);
  } else if constexpr (N >= 4) {
    constexpr int kQuarter = N / 4;
    unroll<4>([&]<int Q>() __attribute__((always_inline)) {
      inverse_fft<kQuarter>(re + Q * kQuarter, im + Q * kQuarter);
    });
    unroll<kQuarter>([&]<int J>() __attribute__((always_inline)) {
      constexpr int a = J, b = J + kQuarter, c = J + 2 * kQuarter, d = J + 3 * kQuarter;
      rotate<2 * J, N, true>(re[b], im[b]);
      rotate<J, N, true>(re[c], im[c]);
      rotate<3 * J, N, true>(re[d], im[d]);
      const Vec even_re = re[a] + re[b], even_im = im[a] + im[b];
      const Vec odd_re = re[a] - re[b], odd_im = im[a] - im[b];
      const Vec sum_re = re[c] + re[d], sum_im = im[c] + im[d];
      // i (c - d)
      const Vec turn_re = im[d] - im[c], turn_im = re[c] - re[d];
      re[a] = even_re + sum_re;
      im[a] = even_im + sum_im;
      re[c] = even_re - sum_re;
      im[c] = even_im - sum_im;
      re[b] = odd_re + turn_re;
      im[b] = odd_im + turn_im;
      re[d] = odd_re - turn_re;
      im[d] = odd_im - turn_im;
    });
  }
}

// Folds sample n and sample n + Size / 2 of a real tile into input n of the complex transform of
// half the size whose bins are the tile's spectrum at the odd frequencies pi (4 k + 1) / Size.
template <int Size, int N>
ECGRT_INLINE void twist(Vec low, Vec high, Vec& re, Vec& im) {
  re = low;
  im = -high;
  rotate<N, 2 * Size>(re, im);
}

// The reverse of twist(), and the division by the number of bins that inverse_fft() left out.
template <int Size, int N>
ECGRT_INLINE void untwist(Vec re, Vec im, Vec& low, Vec& high) {
  constexpr Twiddle w = twiddle(N, 2 * Size);
  constexpr float kScale = 2.0F / Size;
  if constexpr (N == 0) {
    low = re * kScale;
    high = im * -kScale;
  } else {
    low = re * (w.cos * kScale) - im * (w.sin * kScale);
    high = im * (-w.cos * kScale) - re * (w.sin * kScale);
  }
}

}  // namespace ECGRT_ISA
}  // namespace ecgrt
