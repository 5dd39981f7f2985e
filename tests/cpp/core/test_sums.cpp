// Kernels that select, convert and sum samples, each of every instruction set against its
// definition. Buffers have exactly the sizes that the kernels may touch.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "check.h"
#include "problem.h"

namespace ecgrt {
namespace {

// Both signs, many of them alike, from the smallest numbers to the largest.
std::vector<float> mixed(std::size_t size) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  constexpr float kEdges[] = {0, -0.0F, 1e-45F, -1e-45F, kLargest, -kLargest, 1e-30F};
  std::vector<float> x(size);
  for (std::size_t i = 0; i < size; ++i) {
    const float wave = 1e3F * std::cos(static_cast<float>(i * i));
    x[i] = i % 9 == 3 ? kEdges[i / 9 % std::size(kEdges)] : i % 4 == 0 ? std::round(wave) : wave;
  }
  return x;
}

float sorted_at(std::vector<float> values, std::size_t rank) {
  std::ranges::sort(values);
  return values[rank];
}

TEST(sums, selection_is_the_place_in_the_sorted_numbers) {
  for (const KernelTable* kernels : kernel_tables()) {
    for (const std::size_t size : {1, 2, 15, 16, 37, 200, 1'001}) {
      const std::vector<float> values = mixed(size);
      for (const std::size_t rank : {std::size_t{0}, size / 5, size / 2, size - 1}) {
        const float found = kernels->signal.select(values.data(), std::ssize(values),
                                                   static_cast<std::ptrdiff_t>(rank));
        CHECK_AT(found == sorted_at(values, rank), std::string(kernels->name));
      }
    }
  }
}

TEST(sums, selection_in_columns_is_that_of_each) {
  for (const KernelTable* kernels : kernel_tables()) {
    for (const std::size_t rows : {1, 2, 38, 300}) {
      for (const std::size_t columns : {16, 17, 48, 145}) {
        const std::vector<float> values = mixed(rows * columns);
        std::vector<float> found(columns), column(rows);
        for (const std::size_t rank : {std::size_t{0}, rows / 2, rows - 1}) {
          kernels->signal.select_columns(values.data(), static_cast<std::ptrdiff_t>(rows),
                                         static_cast<std::ptrdiff_t>(columns),
                                         static_cast<std::ptrdiff_t>(rank), found.data());
          for (std::size_t c = 0; c < columns; ++c) {
            for (std::size_t r = 0; r < rows; ++r) column[r] = values[r * columns + c];
            CHECK_AT(found[c] == sorted_at(column, rank), std::string(kernels->name));
          }
        }
      }
    }
  }
}

TEST(sums, range_is_from_the_lowest_to_the_highest) {
  for (const KernelTable* kernels : kernel_tables()) {
    for (const std::size_t size : {1, 2, 15, 16, 17, 200}) {
      for (std::size_t place = 0; place < size; ++place) {
        std::vector<float> values(size);
        for (std::size_t i = 0; i < size; ++i) values[i] = std::sin(static_cast<float>(i * i)) + 5;
        values[place] = 9;
        values[size - 1 - place] -= 3;
        const auto [low, high] = kernels->signal.range(values.data(), std::ssize(values));
        const auto [least, most] = std::ranges::minmax(values);
        CHECK_AT(low == least && high == most, std::string(kernels->name));
      }
    }
  }
}

TEST(sums, the_lowest_int16_is_no_sample_and_all_others_are_exact) {
  std::vector<std::int16_t> samples(1 << 16);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::int16_t>(i);
  std::vector<float> found(samples.size());
  for (const KernelTable* kernels : kernel_tables()) {
    kernels->signal.to_float(samples.data(), std::ssize(samples), -300, 0.5F, found.data());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const float expected = static_cast<float>(samples[i] + 300) / 2;
      const bool right = samples[i] == INT16_MIN ? std::isnan(found[i]) : found[i] == expected;
      CHECK_AT(right, std::string(kernels->name));
    }
  }
}

TEST(sums, sums_over_pairs_are_their_definition) {
  for (const KernelTable* kernels : kernel_tables()) {
    for (const std::size_t size : {1, 7, 41, 145, 200}) {
      std::vector<float> a(size), b(size);
      long double expected[5] = {}, square = 0;
      for (std::size_t i = 0; i < size; ++i) {
        a[i] = 1e3F * std::cos(static_cast<float>(i * i));
        b[i] = a[i] + std::sin(static_cast<float>(i));
        const long double u = a[i], v = b[i], terms[] = {u, v, u * u, v * v, u * v};
        for (std::size_t k = 0; k < 5; ++k) expected[k] += terms[k];
        square += (u - v) * (u - v);
      }
      const PairSums of = kernels->signal.pair_sums(a.data(), b.data(), std::ssize(a));
      const double found[] = {of.a, of.b, of.aa, of.bb, of.ab};
      for (std::size_t k = 0; k < 5; ++k) {
        CHECK_AT(std::abs(found[k] - double(expected[k])) < 1e-9 * double(expected[2]),
                 std::string(kernels->name));
      }
      // A millionth of the squares is left of it.
      CHECK_AT(std::abs(of.square_of_difference() - double(square)) < 1e-7 * double(square) + 1e-6,
               std::string(kernels->name));
    }
  }
}

}  // namespace
}  // namespace ecgrt
