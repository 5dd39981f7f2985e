// How a timeline is made; docs/timeline.md explains the defaults.
#pragma once

namespace ecgrt {

struct TimelineSettings {
  double window = 30.0;     // seconds that an answer is on
  double hop = 10.0;        // seconds from one answer to the next: a step
  double smoothing = 60.0;  // seconds over which the median of the answers is taken
  double margin = 0.2;      // by which another state must be more probable to take over, 0 to 1
  double shortest = 30.0;   // seconds that a state must last
};

// Throws std::invalid_argument for what is out of range.
void check_settings(const TimelineSettings& settings);

}  // namespace ecgrt
