// Stretches of one rhythm.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "quality.h"
#include "timeline/states.h"

namespace ecgrt {

// A stretch of one state.
struct Episode {
  double start, end;                // seconds from the record's start
  State state;                      // kNoState: unreadable
  double probability;               // mean over the answers in it; NaN if it is unreadable
  std::optional<GapReason> reason;  // why it is unreadable; none: noise
};

// Divides a record into stretches of one state each. `edges` are where the steps begin, and the end
// of the last; `gaps` what is known of spans that cannot be read.
std::vector<Episode> find_episodes(std::span<const State> states, const Rows& probabilities,
                                   std::span<const double> edges,
                                   std::span<const UnreadableSpan> gaps);

// The share, 0 to 1, of a record of so many seconds that stretches without an answer leave.
double readable_share(std::span<const double> unreadable_seconds, double seconds);

}  // namespace ecgrt
