// Beats of a stream are those of the whole signal, in time, whatever the pieces.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "cpu/dispatch.h"
#include "signal/beats.h"
#include "signal/rhythm.h"

namespace ecgrt {
namespace {

// A minute of spikes, some early, upon wander and a little noise.
std::vector<float> made_signal(double rate) {
  std::vector<float> x(static_cast<std::size_t>(60 * rate));
  unsigned noise = 1;
  for (std::size_t i = 0; i < x.size(); ++i) {
    noise = noise * 1664525U + 1013904223U;
    const double t = static_cast<double>(i) / rate;
    const double since = std::remainder(t + 0.1 * std::sin(t), 0.8) / 0.012;
    x[i] = static_cast<float>(500 * std::exp(-0.5 * since * since) + 300 * std::sin(t) +
                              static_cast<double>(noise >> 28));
  }
  return x;
}

void lose(std::vector<float>& x, std::size_t begin, std::size_t count) {
  std::fill_n(x.begin() + static_cast<std::ptrdiff_t>(begin), count,
              std::numeric_limits<float>::quiet_NaN());
}

std::vector<double> whole(double rate, std::span<const float> x) {
  BeatFinder finder(rate, select_kernels().signal);
  finder.push(x);
  finder.finish();
  return {finder.beats().begin(), finder.beats().end()};
}

bool same(std::span<const double> a, std::span<const double> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

constexpr std::array kRates{100.0, 200.0, 257.0, 300.0, 1000.0};

TEST(beats, pieces_do_not_matter) {
  for (const double rate : kRates) {
    std::vector<float> x = made_signal(rate);
    lose(x, x.size() / 3, x.size() / 10);
    lose(x, x.size() / 2, 1);
    lose(x, x.size() - 50, 50);
    const std::vector<double> expected = whole(rate, x);
    CHECK_AT(expected.size() > 50, std::to_string(rate));
    for (const std::size_t piece : {1, 7, 300, 2049, 50'000}) {
      BeatFinder finder(rate, select_kernels().signal);
      for (std::size_t i = 0; i < x.size(); i += piece) {
        finder.push(std::span<const float>(x).subspan(i, std::min(piece, x.size() - i)));
      }
      finder.finish();
      CHECK_AT(same(finder.beats(), expected), std::to_string(rate));
    }
  }
}

TEST(beats, are_known_in_time_and_final) {
  for (const double rate : kRates) {
    const std::vector<float> x = made_signal(rate);
    const std::vector<double> expected = whole(rate, x);
    BeatFinder finder(rate, select_kernels().signal);
    CHECK(finder.delay() < 3.7);
    for (std::size_t i = 0; i < x.size(); ++i) {
      finder.push(std::span<const float>(x).subspan(i, 1));
      const double now = static_cast<double>(i) / rate;
      const auto known = finder.beats();
      CHECK(known.size() <= expected.size());
      CHECK(same(known, std::span<const double>(expected).first(known.size())));
      const bool all = known.size() == expected.size();
      CHECK_AT(all || expected[known.size()] > now - finder.delay(), std::to_string(now));
    }
  }
}

TEST(beats, a_finder_can_be_used_again) {
  const std::vector<float> x = made_signal(300);
  BeatFinder finder(300, select_kernels().signal);
  finder.push(std::span<const float>(x).first(5000));
  finder.finish();
  finder.reset();
  finder.push(std::span<const float>(x));
  finder.finish();
  CHECK(same(finder.beats(), whole(300, x)));
}

TEST(beats, the_analyser_finds_the_same) {
  const std::vector<float> x = made_signal(360);
  RhythmAnalyser analyser(360, select_kernels().signal);
  analyser.analyse(std::span<const float>(x).first(3000));
  analyser.analyse(std::span<const float>(x));
  CHECK(same(analyser.beats(), whole(360, x)));
}

}  // namespace
}  // namespace ecgrt
