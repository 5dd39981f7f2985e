// What a record was, all along.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "quality.h"
#include "timeline/episodes.h"
#include "timeline/settings.h"
#include "timeline/states.h"
#include "timeline/windows.h"

namespace ecgrt {

struct Timeline {
  std::vector<State> states;         // (steps) of states_of the model's classes, or kNoState
  Rows probabilities{0, 0};          // (steps, states), smoothed; NaN where there is no answer
  std::vector<double> edges;         // (steps + 1) seconds: where steps begin, and the end
  std::vector<Episode> spans;        // the whole record, divided
  std::vector<UnreadableSpan> gaps;  // what cannot be read of the signal; short ones too
  std::vector<WarningText> warnings;

  // Of the steps, in seconds.
  std::vector<double> lengths() const;
};

// Throws std::invalid_argument where there is no window, for the record is shorter than
// `segment`, the seconds that one segment of the model's answer takes.
Timeline make_timeline(const std::vector<std::string>& classes,
                       std::span<const WindowAnswer> windows, double seconds, double segment,
                       const TimelineSettings& settings);

}  // namespace ecgrt
