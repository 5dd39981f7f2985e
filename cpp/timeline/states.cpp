#include "timeline/states.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>

namespace ecgrt {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
// Two states may not take turns where they are as probable as each other.
constexpr double kLeastMargin = 1e-12;
constexpr double kMostSteps = 1e12;

std::optional<std::size_t> place_of(const char* name, const std::vector<std::string>& classes) {
  const auto found = std::ranges::find(classes, name);
  if (found == classes.end()) return std::nullopt;
  return static_cast<std::size_t>(found - classes.begin());
}

// The first of the greatest; NaN counts as the greatest.
std::size_t greatest(std::span<const double> row) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < row.size() && !std::isnan(row[best]); ++i) {
    if (!(row[i] <= row[best])) best = i;
  }
  return best;
}

// The first of the greatest; NaN counts as the least.
std::size_t most_probable(std::span<const double> row) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < row.size(); ++i) {
    if (row[i] > row[best] || (std::isnan(row[best]) && !std::isnan(row[i]))) best = i;
  }
  return best;
}

// Of a row by classes what belongs to each state.
void divide_among_states(std::span<const double> row, std::optional<std::size_t> af,
                         std::optional<std::size_t> noise, std::span<double> out) {
  if (af) {
    const double other = 1 - (noise ? row[*noise] : 0.0) - row[*af];
    out[0] = row[*af];
    out[1] = other < 0 ? 0.0 : other;
    return;
  }
  for (std::size_t i = 0, to = 0; i < row.size(); ++i) {
    if (i != noise) out[to++] = row[i];
  }
}

double median(std::vector<double>& values) {
  if (values.empty()) return kNan;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

// A run of one state, and how many steps it lasts.
struct Run {
  State state;
  std::size_t steps;
};

// Joins run i and the one after it, if they are alike.
void join(std::vector<Run>& runs, std::size_t i) {
  if (i + 1 >= runs.size() || runs[i].state != runs[i + 1].state) return;
  runs[i].steps += runs[i + 1].steps;
  runs.erase(runs.begin() + static_cast<std::ptrdiff_t>(i + 1));
}

// Gives run i to its longer neighbour, the one before it if they are of one length.
void give_away(std::vector<Run>& runs, std::size_t i) {
  const bool has_next = i + 1 < runs.size();
  const bool to_before = i > 0 && (!has_next || runs[i - 1].steps >= runs[i + 1].steps);
  runs[i].state = runs[to_before ? i - 1 : i + 1].state;
  join(runs, i);
  if (i > 0) join(runs, i - 1);
}

}  // namespace

std::vector<std::string> states_of(const std::vector<std::string>& classes) {
  if (place_of(kAfClass, classes)) return {kAf, kNotAf};
  std::vector<std::string> names = classes;
  std::erase(names, kNoiseClass);
  return names;
}

Rows state_probabilities(const std::vector<std::string>& classes, const Rows& pooled) {
  const auto af = place_of(kAfClass, classes), noise = place_of(kNoiseClass, classes);
  Rows shares(pooled.size(), states_of(classes).size());
  for (std::size_t step = 0; step < pooled.size(); ++step) {
    const std::span<double> out = shares[step];
    if (noise && greatest(pooled[step]) == *noise) {
      std::ranges::fill(out, kNan);
      continue;
    }
    divide_among_states(pooled[step], af, noise, out);
    const double sum = std::accumulate(out.begin(), out.end(), 0.0);
    for (double& share : out) share /= sum;
  }
  return shares;
}

std::size_t step_count(double seconds, double hop) {
  const double steps = seconds / hop + 0.5;
  if (!(steps >= 0 && steps < kMostSteps)) {
    throw std::invalid_argument("these are no seconds of a record and of a step");
  }
  return std::max<std::size_t>(1, static_cast<std::size_t>(steps));
}

std::vector<State> windows_of_steps(std::size_t steps, std::size_t windows, double window,
                                    double hop) {
  std::vector<State> places(steps);
  for (std::size_t step = 0; step < steps; ++step) {
    const double centre = (static_cast<double>(step) + 0.5) * hop;
    const double nearest = std::floor((centre - window / 2) / hop + 0.5);
    const double last = static_cast<double>(windows) - 1;
    places[step] = static_cast<State>(std::max(0.0, std::min(nearest, last)));
  }
  return places;
}

Rows smooth(const Rows& probabilities, std::size_t width) {
  const std::size_t half = width / 2, steps = probabilities.size();
  if (half == 0) return probabilities;
  Rows smoothed = probabilities;
  std::vector<double> near;
  for (std::size_t step = 0; step < steps; ++step) {
    const bool is_there = !std::isnan(probabilities[step][0]);
    const std::size_t first = step - std::min(step, half), end = std::min(step + half + 1, steps);
    for (std::size_t column = 0; column < probabilities.width; ++column) {
      near.clear();
      for (std::size_t i = first; is_there && i < end; ++i) {
        const double value = probabilities[i][column];
        if (!std::isnan(value)) near.push_back(value);
      }
      smoothed[step][column] = median(near);
    }
  }
  return smoothed;
}

std::vector<State> follow(const Rows& probabilities, double margin) {
  std::vector<State> states(probabilities.size(), kNoState);
  State state = kNoState;
  for (std::size_t step = 0; step < states.size(); ++step) {
    const std::span<const double> row = probabilities[step];
    const std::size_t best = most_probable(row);
    if (std::isnan(row[0])) {
      state = kNoState;
    } else if (state == kNoState ||
               row[best] >= row[static_cast<std::size_t>(state)] + std::max(margin, kLeastMargin)) {
      state = static_cast<State>(best);
    }
    states[step] = state;
  }
  return states;
}

std::vector<State> runs_of(std::span<const State> states) {
  std::vector<State> runs{0};
  for (std::size_t i = 1; i < states.size(); ++i) {
    if (states[i] != states[i - 1]) runs.push_back(static_cast<State>(i));
  }
  runs.push_back(static_cast<State>(states.size()));
  return runs;
}

std::vector<State> absorb_short(std::span<const State> states, std::size_t shortest) {
  const std::vector<State> edges = runs_of(states);
  std::vector<Run> runs;
  for (std::size_t i = 0; i + 1 < edges.size() && !states.empty(); ++i) {
    runs.push_back({states[static_cast<std::size_t>(edges[i])],
                    static_cast<std::size_t>(edges[i + 1] - edges[i])});
  }
  while (runs.size() > 1) {
    const auto least = std::ranges::min_element(runs, {}, &Run::steps);
    if (least->steps >= shortest) break;
    give_away(runs, static_cast<std::size_t>(least - runs.begin()));
  }
  std::vector<State> kept;
  kept.reserve(states.size());
  for (const auto& [state, steps] : runs) kept.insert(kept.end(), steps, state);
  return kept;
}

}  // namespace ecgrt
