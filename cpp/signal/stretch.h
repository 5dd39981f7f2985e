// Samples of a signal, and stretches of them such as gaps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace ecgrt {

// Whether a number can be a sample: in no unit is an ECG larger, and what is computed of it stays
// within a float, squares too.
inline bool is_sample(double value) { return value <= 1e12 && value >= -1e12; }

// Samples [begin, end).
struct Stretch {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// Whether one of the stretches, which are in order, has a sample of [begin, end).
inline bool overlaps(std::span<const Stretch> stretches, std::int64_t begin, std::int64_t end) {
  const auto next =
      std::partition_point(stretches.begin(), stretches.end(),
                           [begin](const Stretch& stretch) { return stretch.end <= begin; });
  return next != stretches.end() && next->begin < end;
}

}  // namespace ecgrt
