// What the tests of the C API have in common.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <ecgrt/ecgrt.hpp>
#include <span>
#include <string>
#include <vector>

namespace check {

inline std::vector<float> make_signal(std::size_t size) {
  std::vector<float> signal(size);
  for (std::size_t i = 0; i < size; ++i) {
    signal[i] = 60.0F * std::sin(static_cast<float>(i) / 9) + static_cast<float>(i * 37 % 101);
  }
  return signal;
}

inline ecgrt_signal view(const std::vector<float>& samples) {
  return ecgrt::view(std::span<const float>(samples));
}

inline bool says(const std::string& what) {
  return std::string(ecgrt_last_error()).find(what) != std::string::npos;
}

inline bool same(const ecgrt::PredictionView& a, const ecgrt::PredictionView& b) {
  const auto p = a.probabilities(), q = b.probabilities();
  return a.label() == b.label() && a.segments() == b.segments() && p.size() == q.size() &&
         std::equal(p.begin(), p.end(), q.begin(),
                    [](float x, float y) { return std::abs(x - y) <= 1e-6F; });
}

}  // namespace check
