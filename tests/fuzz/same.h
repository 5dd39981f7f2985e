// Whether two predictions are the same to the bit.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

#include "decision.h"

inline bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

inline bool same(const ecgrt::Quality& a, const ecgrt::Quality& b) {
  const auto same_span = [](const ecgrt::UnreadableSpan& x, const ecgrt::UnreadableSpan& y) {
    return same_bits(x.start, y.start) && same_bits(x.end, y.end) && x.reason == y.reason;
  };
  const auto same_warning = [](const ecgrt::Warning& x, const ecgrt::Warning& y) {
    return x.code == y.code && same_bits(x.value, y.value);
  };
  return same_bits(a.seconds, b.seconds) && same_bits(a.readable, b.readable) &&
         std::ranges::equal(a.spans, b.spans, same_span) &&
         std::ranges::equal(a.warnings, b.warnings, same_warning) && a.withheld == b.withheld;
}

inline bool same(const ecgrt::Prediction& a, const ecgrt::Prediction& b) {
  return a.label == b.label && same_bits(a.confidence, b.confidence) &&
         same_bytes(a.probabilities, b.probabilities) &&
         same_bytes(a.segment_probabilities, b.segment_probabilities) &&
         same_bytes(a.segment_evidence, b.segment_evidence) && same_bytes(a.readable, b.readable) &&
         same_bytes(a.rhythm, b.rhythm) && same_bytes(a.beats, b.beats) &&
         same(a.quality, b.quality) && same_bytes(a.segment_labels, b.segment_labels);
}
