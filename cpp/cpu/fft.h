// Transforms of small tiles over vectors of channels.
//
// A tile of 2 N real rows x is the polynomial of degree 2 N - 1 with those coefficients. Its
// spectrum is its values at the N roots of z^N = i; with their conjugates these are all the roots
// of z^(2 N) = -1, so that a product of spectra is a negacyclic convolution. Taken modulo z^N - i
// the polynomial is low + i high: half the tile becomes the real, half the imaginary part. From
// there each step splits modulo z^n - r into four (or two, or three) factors z^(n/4) - s, with s^4
// = r.
// Bins come in the order in which the splitting meets them; nothing ever depends on it.
#pragma once

#include "cpu/simd.h"

namespace ecgrt {
namespace ECGRT_ISA {

struct Complex {
  float re, im;
};

constexpr float kSineThird = 0.866025403784438647F;  // sin(2 pi / 3)

// exp(2 pi i numerator / denominator), for 0 <= numerator / denominator < 1.
constexpr Complex unit_root(int numerator, int denominator) {
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

ECGRT_INLINE void rotate(Vec& re, Vec& im, Complex w) {
  const Vec x = re;
  re = x * w.re - im * w.im;
  im = im * w.re + x * w.im;
}

ECGRT_INLINE void rotate_back(Vec& re, Vec& im, Complex w) { rotate(re, im, {w.re, -w.im}); }

// What the splitting modulo z^N - exp(2 pi i Num / Den) into Radix factors multiplies by: the
// powers of s = exp(2 pi i Num / (Radix Den)).
template <int Radix, int Num, int Den>
struct Roots {
  static constexpr Complex first = unit_root(Num, Radix* Den);
  static constexpr Complex second = unit_root(2 * Num % (Radix * Den), Radix* Den);
  static constexpr Complex third = unit_root(3 * Num % (Radix * Den), Radix* Den);
};

// The values of a + b s, a + b s + c s^2 or a + b s + c s^2 + d s^3 at s = exp(2 pi i (Num + k Den)
// / (Radix Den)), k = 0 to Radix - 1, in place of a, b, c, d.
template <int Radix, int Num, int Den>
ECGRT_INLINE void evaluate(Vec (&re)[Radix], Vec (&im)[Radix]) {
  using R = Roots<Radix, Num, Den>;
  rotate(re[1], im[1], R::first);
  if constexpr (Radix == 2) {
    const Vec x = re[0], y = im[0];
    re[0] = x + re[1];
    im[0] = y + im[1];
    re[1] = x - re[1];
    im[1] = y - im[1];
  } else if constexpr (Radix == 3) {
    rotate(re[2], im[2], R::second);
    const Vec sum_re = re[1] + re[2], sum_im = im[1] + im[2];
    const Vec dif_re = kSineThird * (re[1] - re[2]), dif_im = kSineThird * (im[1] - im[2]);
    const Vec mid_re = re[0] - 0.5F * sum_re, mid_im = im[0] - 0.5F * sum_im;
    re[0] += sum_re;
    im[0] += sum_im;
    re[1] = mid_re - dif_im;  // + i sin(2 pi / 3) (b - c)
    im[1] = mid_im + dif_re;
    re[2] = mid_re + dif_im;
    im[2] = mid_im - dif_re;
  } else {
    rotate(re[2], im[2], R::second);
    rotate(re[3], im[3], R::third);
    const Vec even_re = re[0] + re[2], even_im = im[0] + im[2];
    const Vec odd_re = re[0] - re[2], odd_im = im[0] - im[2];
    const Vec sum_re = re[1] + re[3], sum_im = im[1] + im[3];
    const Vec dif_re = re[1] - re[3], dif_im = im[1] - im[3];
    re[0] = even_re + sum_re;
    im[0] = even_im + sum_im;
    re[1] = odd_re - dif_im;  // + i (b - d)
    im[1] = odd_im + dif_re;
    re[2] = even_re - sum_re;
    im[2] = even_im - sum_im;
    re[3] = odd_re + dif_im;
    im[3] = odd_im - dif_re;
  }
}

// The reverse of evaluate, times Radix.
template <int Radix, int Num, int Den>
ECGRT_INLINE void interpolate(Vec (&re)[Radix], Vec (&im)[Radix]) {
  using R = Roots<Radix, Num, Den>;
  if constexpr (Radix == 2) {
    const Vec x = re[0], y = im[0];
    re[0] = x + re[1];
    im[0] = y + im[1];
    re[1] = x - re[1];
    im[1] = y - im[1];
  } else if constexpr (Radix == 3) {
    const Vec sum_re = re[1] + re[2], sum_im = im[1] + im[2];
    const Vec dif_re = kSineThird * (re[1] - re[2]), dif_im = kSineThird * (im[1] - im[2]);
    const Vec mid_re = re[0] - 0.5F * sum_re, mid_im = im[0] - 0.5F * sum_im;
    re[0] += sum_re;
    im[0] += sum_im;
    re[1] = mid_re + dif_im;  // - i sin(2 pi / 3) (x1 - x2)
    im[1] = mid_im - dif_re;
    re[2] = mid_re - dif_im;
    im[2] = mid_im + dif_re;
    rotate_back(re[2], im[2], R::second);
  } else {
    const Vec even_re = re[0] + re[2], even_im = im[0] + im[2];
    const Vec odd_re = re[1] + re[3], odd_im = im[1] + im[3];
    const Vec far_re = re[0] - re[2], far_im = im[0] - im[2];
    const Vec dif_re = re[1] - re[3], dif_im = im[1] - im[3];
    re[0] = even_re + odd_re;
    im[0] = even_im + odd_im;
    re[1] = far_re + dif_im;  // - i (x1 - x3)
    im[1] = far_im - dif_re;
    re[2] = even_re - odd_re;
    im[2] = even_im - odd_im;
    re[3] = far_re - dif_im;
    im[3] = far_im + dif_re;
    rotate_back(re[2], im[2], R::second);
    rotate_back(re[3], im[3], R::third);
  }
  rotate_back(re[1], im[1], R::first);
}

constexpr int radix_of(int n) { return n % 4 == 0 ? 4 : n % 2 == 0 ? 2 : 3; }

// Calls action(re, im) for each `Radix` values that lie `Part` apart.
template <int Radix, int Part, class Action>
ECGRT_INLINE void for_strided(Vec* re, Vec* im, const Action& action) {
  unroll<Part>([&]<int J>() __attribute__((always_inline)) {
    Vec r[Radix], i[Radix];
    unroll<Radix>([&]<int Q>() __attribute__((always_inline)) {
      r[Q] = re[J + Q * Part];
      i[Q] = im[J + Q * Part];
    });
    action(r, i);
    unroll<Radix>([&]<int Q>() __attribute__((always_inline)) {
      re[J + Q * Part] = r[Q];
      im[J + Q * Part] = i[Q];
    });
  });
}

// Splits N coefficients modulo z^N - exp(2 pi i Num / Den) into N values, in registers: N <= 8.
template <int N, int Num, int Den>
ECGRT_INLINE void split(Vec* re, Vec* im) {
  if constexpr (N > 1) {
    constexpr int kRadix = radix_of(N), kPart = N / kRadix;
    for_strided<kRadix, kPart>(re, im, [](auto& r, auto& i) __attribute__((always_inline)) {
      evaluate<kRadix, Num, Den>(r, i);
    });
    unroll<kRadix>([&]<int Q>() __attribute__((always_inline)) {
      split<kPart, Num + Q * Den, kRadix * Den>(re + Q * kPart, im + Q * kPart);
    });
  }
}

// The reverse of split, times N.
template <int N, int Num, int Den>
ECGRT_INLINE void join(Vec* re, Vec* im) {
  if constexpr (N > 1) {
    constexpr int kRadix = radix_of(N), kPart = N / kRadix;
    unroll<kRadix>([&]<int Q>() __attribute__((always_inline)) {
      join<kPart, Num + Q * Den, kRadix * Den>(re + Q * kPart, im + Q * kPart);
    });
    for_strided<kRadix, kPart>(re, im, [](auto& r, auto& i) __attribute__((always_inline)) {
      interpolate<kRadix, Num, Den>(r, i);
    });
  }
}

// z^N = i: a quarter turn.
constexpr int kTurnNum = 1;
constexpr int kTurnDen = 4;

// The spectrum of a tile of 2 N rows, given by row(n); bin(b, re, im) takes the values. The first
// split is a loop through memory, and the rest of it fits the registers; GCC left with one long
// piece of code keeps little in them.
template <int N, class Row, class Bin>
ECGRT_INLINE void transform(Row&& row, Bin&& bin) {
  constexpr int kQuarter = N / 4;
  Vec re[N], im[N];
#pragma GCC unroll 1
  for (int j = 0; j < kQuarter; ++j) {
    Vec r[4], i[4];
    unroll<4>([&]<int Q>() __attribute__((always_inline)) {
      r[Q] = row(j + Q * kQuarter);
      i[Q] = row(j + Q * kQuarter + N);
    });
    evaluate<4, kTurnNum, kTurnDen>(r, i);
    unroll<4>([&]<int Q>() __attribute__((always_inline)) {
      re[j + Q * kQuarter] = r[Q];
      im[j + Q * kQuarter] = i[Q];
    });
  }
  unroll<4>([&]<int Q>() __attribute__((always_inline)) {
    Vec r[kQuarter], i[kQuarter];
    unroll<kQuarter>([&]<int J>() __attribute__((always_inline)) {
      r[J] = re[Q * kQuarter + J];
      i[J] = im[Q * kQuarter + J];
    });
    split<kQuarter, kTurnNum + Q * kTurnDen, 4 * kTurnDen>(r, i);
    unroll<kQuarter>([&]<int J>()
                         __attribute__((always_inline)) { bin(Q * kQuarter + J, r[J], i[J]); });
  });
}

// The tile of a spectrum: bin(b, re, im) gives values, row(n, x) takes rows 0 to 2 N - 1.
template <int N, class Bin, class Row>
ECGRT_INLINE void transform_back(Bin&& bin, Row&& row) {
  constexpr int kQuarter = N / 4;
  constexpr float kScale = 1.0F / N;
  Vec re[N], im[N];
  unroll<4>([&]<int Q>() __attribute__((always_inline)) {
    Vec r[kQuarter], i[kQuarter];
    unroll<kQuarter>([&]<int J>()
                         __attribute__((always_inline)) { bin(Q * kQuarter + J, r[J], i[J]); });
    join<kQuarter, kTurnNum + Q * kTurnDen, 4 * kTurnDen>(r, i);
    unroll<kQuarter>([&]<int J>() __attribute__((always_inline)) {
      re[Q * kQuarter + J] = r[J];
      im[Q * kQuarter + J] = i[J];
    });
  });
#pragma GCC unroll 1
  for (int j = 0; j < kQuarter; ++j) {
    Vec r[4], i[4];
    unroll<4>([&]<int Q>() __attribute__((always_inline)) {
      r[Q] = re[j + Q * kQuarter];
      i[Q] = im[j + Q * kQuarter];
    });
    interpolate<4, kTurnNum, kTurnDen>(r, i);
    unroll<4>([&]<int Q>() __attribute__((always_inline)) {
      row(j + Q * kQuarter, r[Q] * kScale);
      row(j + Q * kQuarter + N, i[Q] * kScale);
    });
  }
}

}  // namespace ECGRT_ISA
}  // namespace ecgrt
