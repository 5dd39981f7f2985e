// What a classifier says of a long record, window by window.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "quality.h"
#include "timeline/settings.h"
#include "timeline/states.h"

namespace ecgrt {

struct WarningText {
  std::string code, sentence;
};

// One window, as Classifier::predict answers it.
struct WindowAnswer {
  double start = 0;                   // seconds since the record's start
  std::vector<float> probabilities;   // of the classes, calibrated
  double readable = 1;                // share of the window
  std::vector<UnreadableSpan> spans;  // gaps, in seconds from the window's start
  std::vector<WarningText> warnings;
};

// The probabilities of the classes, a row for each window; NaN where too little can be read.
Rows pooled_probabilities(std::span<const WindowAnswer> windows, std::size_t classes);

// What cannot be read of the record, each gap told once: by the window in whose middle it lies,
// where both of its sides are well known.
std::vector<UnreadableSpan> gaps_of(std::span<const WindowAnswer> windows,
                                    const TimelineSettings& settings);

// What speaks against most windows; not that the record is long, for then one asks for a timeline.
std::vector<WarningText> warnings_of(std::span<const WindowAnswer> windows);

}  // namespace ecgrt
