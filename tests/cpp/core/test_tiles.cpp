// The convolution on tiles: each instruction set gives the very sums that the order of cpu/tiles.h
// defines. AMX is among them where the processor has it.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "problem.h"

namespace ecgrt {

namespace amx {
extern const ToBfloat kToBfloat;  // cpu/kernels_amx.cpp
}

namespace {

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// As TDPBF16PS sums over `depth` values, a multiple of 32: by its description, one sum at a time.
float tile_sum(const std::vector<float>& x, const std::vector<float>& w) {
  float sum = 0;
  for (std::size_t step = 0; step < x.size(); step += kTileDepth) {
    float even = 0, odd = 0;
    for (std::size_t k = step; k < step + kTileDepth; k += 2) {
      even = std::fma(x[k], w[k], even);
      odd = std::fma(x[k + 1], w[k + 1], odd);
    }
    sum += even + odd;
  }
  return sum;
}

// A problem in bfloat16, as a layer would hand it to the kernel.
struct Tiled {
  explicit Tiled(Problem& problem)
      : shape(problem.shape),
        row_stride(shape.inputs * shape.stride),
        depth(shape.taps * shape.inputs),
        steps(divide_up(depth, kTileDepth)),
        panels(divide_up(shape.outputs, kTilePanel)) {
    round_to_bfloat(problem.input);
    round_to_bfloat(problem.weights);
    const std::size_t rows = divide_up(shape.rows, kTileRows) * kTileRows;
    input.resize(std::max((rows - 1) * row_stride + steps * kTileDepth, problem.input.size()));
    for (std::size_t i = 0; i < problem.input.size(); ++i) input[i] = top(problem.input[i]);
    weights.resize(panels * steps * kTileDepth * kTilePanel);
    for (std::size_t k = 0; k < depth; ++k) {
      for (std::size_t c = 0; c < shape.outputs; ++c) {
        const std::size_t tile = (c / kTilePanel * steps + k / kTileDepth) * 2 + c / 16 % 2;
        const std::size_t at = k % kTileDepth / 2 * 32 + c % 16 * 2 + k % 2;
        weights[tile * 512 + at] = top(problem.weights[k * shape.outputs + c]);
      }
    }
  }

  static std::uint16_t top(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<std::uint16_t>(bits >> 16U);
  }

  void run(const KernelTable& kernels, std::size_t first_panel, std::size_t count,
           const Epilogue& epilogue) const {
    const auto number = [](std::size_t n) { return static_cast<std::ptrdiff_t>(n); };
    kernels.tiles(input.data(), number(row_stride), number(steps), weights.data(),
                  number(first_panel), number(count), 0, number(shape.rows), epilogue);
  }

  Shape shape;
  std::size_t row_stride, depth, steps, panels;
  std::vector<std::uint16_t> input, weights;
};

float defined(const Problem& problem, const Tiled& tiled, std::size_t row, std::size_t channel) {
  std::vector<float> x(tiled.steps * kTileDepth), w(x.size());
  std::copy_n(problem.input.begin() + static_cast<std::ptrdiff_t>(row * tiled.row_stride),
              tiled.depth, x.begin());
  for (std::size_t k = 0; k < tiled.depth; ++k) {
    w[k] = problem.weights[k * problem.shape.outputs + channel];
  }
  return tile_sum(x, w) + problem.bias[channel];
}

TEST(tiles, sums_are_those_of_the_defined_order) {
  std::mt19937 random(7);
  const std::size_t taps[] = {1, 2, 5, 7, 16}, widths[] = {1, 16, 48, 64};
  for (const KernelTable* kernels : kernel_tables()) {
    std::size_t sums = 0, others = 0;
    for (std::size_t turn = 0; turn < 60; ++turn) {
      const Shape shape{taps[turn % 5], 1 + turn % 3, widths[turn % 4], 16 * (1 + turn / 3 % 5),
                        1 + turn * 7 % 80};
      Problem problem(shape, Features(0), random);  // no more than convolution and bias
      const Tiled tiled(problem);
      const Epilogue epilogue = problem.epilogue();
      for (std::size_t p = tiled.panels; p-- > 0;) tiled.run(*kernels, p, 1, epilogue);
      problem.check(3e-5, std::string(kernels->name) + ", turn " + std::to_string(turn));
      for (std::size_t i = 0; i < problem.raw.size(); ++i, ++sums) {
        others += problem.raw[i] != defined(problem, tiled, i / shape.outputs, i % shape.outputs);
      }
    }
    std::printf("%s: %zu of %zu sums differ\n", kernels->name, others, sums);
    CHECK_AT(others == 0, std::string(kernels->name));
  }
}

TEST(tiles, what_follows_a_convolution) {
  std::mt19937 random(8);
  for (const KernelTable* kernels : kernel_tables()) {
    for (unsigned turn = 0; turn < 48; ++turn) {
      const Shape shape{3, 1, 16, std::size_t{16} * (1 + turn % 4), 1 + turn};
      Problem problem(shape, Features(turn), random);
      const Tiled tiled(problem);
      tiled.run(*kernels, 0, tiled.panels, problem.epilogue());
      problem.check(3e-5, std::string(kernels->name) + ", turn " + std::to_string(turn));
    }
  }
}

TEST(tiles, what_is_rounded_is_the_activated) {
  std::mt19937 random(10);
  for (const KernelTable* kernels : kernel_tables()) {
    for (unsigned turn = 0; turn < 48; ++turn) {
      Features features(turn);
      features.activated = true;
      Problem problem({3, 1, 32, 48, 1 + turn}, features, random);
      const Tiled tiled(problem);
      Epilogue epilogue = problem.epilogue();
      tiled.run(*kernels, 0, tiled.panels, epilogue);
      std::vector<std::uint16_t> found(problem.activated.size()), expected(found.size());
      kernels->to_bfloat(problem.activated.data(), std::ssize(expected), expected.data());
      epilogue.activated = nullptr;
      epilogue.rounded = found.data();
      if (features.raw) epilogue.raw = problem.raw.data();
      tiled.run(*kernels, 0, tiled.panels, epilogue);
      CHECK_AT(found == expected, std::string(kernels->name) + ", turn " + std::to_string(turn));
    }
  }
}

// Those of all tables, and AMX's where it can be run without AMX.
std::vector<std::pair<std::string, ToBfloat>> conversions() {
  std::vector<std::pair<std::string, ToBfloat>> all;
  for (const KernelTable* kernels : kernel_tables()) {
    all.emplace_back(kernels->name, kernels->to_bfloat);
  }
#if defined(__x86_64__) && defined(__linux__)
  if (__builtin_cpu_supports("avx512bf16")) all.emplace_back("avx512bf16", amx::kToBfloat);
#endif
  return all;
}

TEST(tiles, bfloats_are_the_nearest) {
  const float big = std::numeric_limits<float>::max(), none = std::nanf("");
  std::mt19937 random(9);
  std::vector<float> values = normals(500, 1e3, random);
  for (const float x : {0.0F, -0.0F, 1.0F, 1.00390625F, 1.01171875F, -1.00390625F, 1.0039063F,
                        HUGE_VALF, -HUGE_VALF, big, -big, 1e-30F, none, -none}) {
    values.insert(values.begin(), x);
  }
  for (const auto& [name, to_bfloat] : conversions()) {
    for (std::size_t count = 0; count <= values.size(); count += count < 40 ? 1 : 101) {
      std::vector<std::uint16_t> found(count);
      to_bfloat(values.data(), static_cast<std::ptrdiff_t>(count), found.data());
      for (std::size_t i = 0; i < count; ++i) {
        const float expected = bfloat_value(values[i]);
        const std::uint32_t bits = std::uint32_t{found[i]} << 16U;
        float value;
        std::memcpy(&value, &bits, sizeof value);
        CHECK_AT(std::isnan(expected)
                     ? std::isnan(value)
                     : value == expected && std::signbit(value) == std::signbit(expected),
                 name + ", " + std::to_string(values[i]));
      }
    }
  }
}

}  // namespace
}  // namespace ecgrt
