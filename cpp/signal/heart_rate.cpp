#include "signal/heart_rate.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace ecgrt {

std::optional<double> heart_rate(std::span<const double> beats) {
  if (beats.size() < 2) return std::nullopt;
  std::vector<double> intervals;
  for (std::size_t i = 1; i < beats.size(); ++i) intervals.push_back(beats[i] - beats[i - 1]);
  const auto middle = intervals.begin() + static_cast<std::ptrdiff_t>(intervals.size() / 2);
  std::ranges::nth_element(intervals, middle);
  return 60 / *middle;
}

}  // namespace ecgrt
