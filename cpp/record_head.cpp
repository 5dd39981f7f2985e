#include "record_head.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace ecgrt {

void RecordHead::run(std::span<const double> pooled, std::span<const float> rhythm,
                     std::span<double> logits) const {
  const std::size_t classes = logits.size();
  const float* first = weights.data();
  const float* first_bias = first + inputs() * hidden;
  const float* second = first_bias + hidden;
  const float* second_bias = second + hidden * classes;
  std::array<double, kMaxHidden> sums;
  std::copy_n(first_bias, hidden, sums.begin());
  const auto add = [&](double input) {
    for (std::size_t j = 0; j < hidden; ++j) sums[j] += input * first[j];
    first += hidden;
  };
  for (const double input : pooled) add(input);
  for (const float input : rhythm) add(input);
  std::copy_n(second_bias, classes, logits.begin());
  for (std::size_t j = 0; j < hidden; ++j) {
    const double active = std::max(sums[j], 0.0);
    for (std::size_t c = 0; c < classes; ++c) logits[c] += active * second[j * classes + c];
  }
}

std::vector<float> floats_from_base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) throw std::invalid_argument("the length of base64 is a multiple of 4");
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::vector<unsigned char> bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char letter : text) {
    const std::size_t digit = kDigits.find(letter);
    if (digit == std::string_view::npos) throw std::invalid_argument("no base64");
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
