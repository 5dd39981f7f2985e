#include "timeline/burden.h"

#include <cmath>
#include <cstddef>
#include <limits>

#include "timeline/sums.h"

namespace ecgrt {

Burden find_burden(std::span<const State> states, const Rows& probabilities,
                   std::span<const double> lengths, State state) {
  const std::vector<double> answers = answers_of(states, probabilities, state);
  std::vector<double> readable, inside, expected;  // seconds
  for (std::size_t step = 0; step < states.size(); ++step) {
    if (states[step] == kNoState) continue;
    readable.push_back(lengths[step]);
    expected.push_back(answers[step] * lengths[step]);
    if (states[step] == state) inside.push_back(lengths[step]);
  }
  const double total = pairwise_sum(readable), seconds = pairwise_sum(inside);
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (total == 0) return {kNan, kNan, 0.0};
  return {seconds / total, pairwise_sum(expected) / total, seconds};
}

std::vector<double> answers_of(std::span<const State> states, const Rows& probabilities,
                               State state) {
  std::vector<double> answers(states.size());
  for (std::size_t step = 0; step < states.size(); ++step) {
    const double own = probabilities[step][static_cast<std::size_t>(state)];
    answers[step] = std::isnan(own) ? (states[step] == state ? 1.0 : 0.0) : own;
  }
  return answers;
}

}  // namespace ecgrt
