#include "timeline/windows.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace ecgrt {
namespace {

// A window of which less than this share can be read has no answer.
constexpr double kLeastReadable = 0.5;

// Adds a gap, or prolongs the last one if it reaches as far; of two reasons that of the longer.
void add_gap(UnreadableSpan gap, std::vector<UnreadableSpan>& gaps) {
  if (!gaps.empty() && gap.start <= gaps.back().end) {
    const UnreadableSpan before = gaps.back();
    gaps.pop_back();
    if (before.end - before.start >= gap.end - gap.start) gap.reason = before.reason;
    gap.start = before.start;
    gap.end = std::max(gap.end, before.end);
  }
  gaps.push_back(gap);
}

struct Count {
  WarningText warning;  // as it was worded last
  std::size_t windows;
};

void count(const WarningText& warning, std::vector<Count>& counts) {
  const auto code = [](const Count& c) -> const std::string& { return c.warning.code; };
  const auto known = std::ranges::find(counts, warning.code, code);
  if (known == counts.end()) {
    counts.push_back({warning, 1});
  } else {
    *known = {warning, known->windows + 1};
  }
}

}  // namespace

Rows pooled_probabilities(std::span<const WindowAnswer> windows, std::size_t classes) {
  Rows pooled(windows.size(), classes);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (windows[i].readable < kLeastReadable) {
      std::ranges::fill(pooled[i], std::numeric_limits<double>::quiet_NaN());
    } else {
      std::ranges::copy(windows[i].probabilities, pooled[i].begin());
    }
  }
  return pooled;
}

std::vector<UnreadableSpan> gaps_of(std::span<const WindowAnswer> windows,
                                    const TimelineSettings& settings) {
  const double margin = (settings.window - settings.hop) / 2;
  std::vector<UnreadableSpan> gaps;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const double at = windows[i].start, from = at > 0 ? at + margin : 0.0;
    const double to = i + 1 < windows.size() ? windows[i + 1].start + margin
                                             : std::numeric_limits<double>::infinity();
    for (const auto& [begin, stop, reason] : windows[i].spans) {
      const double first = std::max(from, at + begin), last = std::min(to, at + stop);
      if (first < last) add_gap({first, last, reason}, gaps);
    }
  }
  return gaps;
}

std::vector<WarningText> warnings_of(std::span<const WindowAnswer> windows) {
  std::vector<Count> counts;
  for (const WindowAnswer& window : windows) {
    for (const WarningText& warning : window.warnings) count(warning, counts);
  }
  std::vector<WarningText> told;
  for (const auto& [warning, times] : counts) {
    if (2 * times > windows.size() && warning.code != to_string(WarningCode::long_record)) {
      told.push_back(warning);
    }
  }
  return told;
}

}  // namespace ecgrt
