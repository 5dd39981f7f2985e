// How much of a record is atrial fibrillation, or any other state.
#pragma once

#include <span>
#include <vector>

#include "timeline/states.h"

namespace ecgrt {

// Of the readable time, 0 to 1; NaN if none is readable.
struct Burden {
  double share;     // by the episodes
  double expected;  // by the probabilities: their mean
  double seconds;   // in the state
};

// `lengths` are those of the steps, in seconds.
Burden find_burden(std::span<const State> states, const Rows& probabilities,
                   std::span<const double> lengths, State state);

// The probability of one state at each step; a step without an answer of its own, in an episode, is
// as its episode is.
std::vector<double> answers_of(std::span<const State> states, const Rows& probabilities,
                               State state);

}  // namespace ecgrt
