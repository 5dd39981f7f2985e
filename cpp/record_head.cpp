#include "record_head.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "moments.h"

namespace ecgrt {
namespace {

// What each letter of base64 stands for, -1 for all others.
constexpr std::array<signed char, 256> kValues = [] {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<signed char, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<signed char>(i);
  }
  return values;
}();

}  // namespace

void RecordHead::pool(std::span<const float> values, std::span<const std::uint8_t> readable,
                      Pooled& pooled) const {
  pooled = {};
  double *means = pooled.values, *spreads = means + evidence, *most = spreads + evidence;
  std::fill_n(most, evidence, std::numeric_limits<double>::lowest());
  const std::size_t segments = values.size() / evidence;
  for (std::size_t segment = 0; segment < segments; ++segment) {
    if (!readable.empty() && readable[segment] == 0) continue;
    ++pooled.segments;
    const float* row = values.data() + segment * evidence;
    for (std::size_t i = 0; i < evidence; ++i) {
      means[i] += row[i];
      spreads[i] += double(row[i]) * row[i];
      if (row[i] > most[i]) {
        most[i] = row[i];
        pooled.places[i] = segment;
      }
    }
  }
  finish_moments(pooled.segments, {means, evidence}, {spreads, evidence});
}

void RecordHead::run_hidden(const Pooled& pooled, std::span<const float> rhythm,
                            std::span<double> sums) const {
  const float* first = weights.data();
  std::copy_n(first + inputs() * hidden, hidden, sums.begin());
  const auto add = [&](double input) {
    for (std::size_t j = 0; j < hidden; ++j) sums[j] += input * first[j];
    first += hidden;
  };
  for (const double input : pooled.inputs(*this)) add(input);
  for (const float input : rhythm) add(input);
}

void RecordHead::run(const Pooled& pooled, std::span<const float> rhythm,
                     std::span<double> logits) const {
  const std::size_t classes = logits.size();
  const float* second = weights.data() + (inputs() + 1) * hidden;
  std::array<double, kMaxHidden> sums;
  run_hidden(pooled, rhythm, sums);
  std::copy_n(second + hidden * classes, classes, logits.begin());
  for (std::size_t j = 0; j < hidden; ++j) {
    const double active = std::max(sums[j], 0.0);
    for (std::size_t c = 0; c < classes; ++c) logits[c] += active * second[j * classes + c];
  }
}

void RecordHead::slopes(const Pooled& pooled, std::span<const float> rhythm,
                        std::span<double> slopes, std::span<double> rest) const {
  const std::size_t classes = rest.size();
  const float* bias = weights.data() + inputs() * hidden;
  const float* second = bias + hidden;
  std::array<double, kMaxHidden> sums;
  run_hidden(pooled, rhythm, sums);
  std::ranges::fill(slopes, 0.0);
  std::copy_n(second + hidden * classes, classes, rest.begin());
  for (std::size_t j = 0; j < hidden; ++j) {
    if (!(sums[j] > 0)) continue;
    for (std::size_t c = 0; c < classes; ++c) {
      const double weight = second[j * classes + c];
      rest[c] += bias[j] * weight;
      for (std::size_t i = 0; i < inputs(); ++i) {
        slopes[i * classes + c] += weights[i * hidden + j] * weight;
      }
    }
  }
}

std::vector<float> floats_from_base64(std::string_view text) {
  if (text.size() % 4 != 0) throw std::invalid_argument("the length of base64 is a multiple of 4");
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::vector<unsigned char> bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    const int digit = kValues[static_cast<unsigned char>(letter)];
    if (digit < 0) throw std::invalid_argument("no base64");
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<unsigned char>(bits >> count & 0xFF));
  }
  if (bytes.size() % sizeof(float) != 0) throw std::invalid_argument("no whole numbers");
  std::vector<float> floats(bytes.size() / sizeof(float));
  for (std::size_t i = 0; i < floats.size(); ++i) {
    const unsigned char* b = bytes.data() + i * sizeof(float);
    const std::uint32_t word =
        b[0] | std::uint32_t{b[1]} << 8 | std::uint32_t{b[2]} << 16 | std::uint32_t{b[3]} << 24;
    std::memcpy(&floats[i], &word, sizeof word);
  }
  return floats;
}

}  // namespace ecgrt
