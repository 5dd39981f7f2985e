// Stretches of a signal, such as its gaps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace ecgrt {

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
