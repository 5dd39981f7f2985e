#include "timeline/timeline.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>

#include "printable.h"

namespace ecgrt {
namespace {

void check_windows(const std::vector<std::string>& classes, std::span<const WindowAnswer> windows,
                   double seconds, double segment) {
  if (windows.empty()) {
    throw std::invalid_argument("the record lasts " + number(seconds) + " s; at least " +
                                number(segment) + " s are needed, one segment of the model");
  }
  if (states_of(classes).empty()) {
    throw std::invalid_argument("the model has no class but noise: a timeline has nothing to tell");
  }
  for (const WindowAnswer& window : windows) {
    if (window.probabilities.size() != classes.size()) {
      throw std::invalid_argument("a window must have a probability for each class");
    }
  }
}

// Half of the steps of the median, to the even one where it lies between two.
std::size_t half_width(const TimelineSettings& settings, std::size_t steps) {
  const double half = std::nearbyint(settings.smoothing / settings.hop / 2);
  return static_cast<std::size_t>(std::min(half, static_cast<double>(steps)));
}

std::size_t shortest_run(const TimelineSettings& settings, std::size_t steps) {
  const double shortest = std::ceil(settings.shortest / settings.hop);
  return static_cast<std::size_t>(std::clamp(shortest, 1.0, static_cast<double>(steps) + 1));
}

// Of each step the smoothed probabilities of the states.
Rows answers_of_steps(const std::vector<std::string>& classes,
                      std::span<const WindowAnswer> windows, std::size_t steps,
                      const TimelineSettings& settings) {
  const Rows pooled = pooled_probabilities(windows, classes.size());
  Rows rows(steps, classes.size());
  const auto places = windows_of_steps(steps, windows.size(), settings.window, settings.hop);
  for (std::size_t step = 0; step < steps; ++step) {
    std::ranges::copy(pooled[static_cast<std::size_t>(places[step])], rows[step].begin());
  }
  return smooth(state_probabilities(classes, rows), 2 * half_width(settings, steps) + 1);
}

std::vector<double> edges_of(std::size_t steps, double hop, double seconds) {
  std::vector<double> edges(steps + 1);
  for (std::size_t i = 0; i < steps; ++i) edges[i] = static_cast<double>(i) * hop;
  edges[steps] = seconds;
  return edges;
}

}  // namespace

std::vector<double> Timeline::lengths() const {
  std::vector<double> found;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) found.push_back(edges[i + 1] - edges[i]);
  return found;
}

Timeline make_timeline(const std::vector<std::string>& classes,
                       std::span<const WindowAnswer> windows, double seconds, double segment,
                       const TimelineSettings& settings) {
  check_settings(settings);
  check_windows(classes, windows, seconds, segment);
  const std::size_t steps = step_count(seconds, settings.hop);
  Timeline made;
  made.probabilities = answers_of_steps(classes, windows, steps, settings);
  made.states =
      absorb_short(follow(made.probabilities, settings.margin), shortest_run(settings, steps));
  made.edges = edges_of(steps, settings.hop, seconds);
  made.gaps = gaps_of(windows, settings);
  made.spans = find_episodes(made.states, made.probabilities, made.edges, made.gaps);
  made.warnings = warnings_of(windows);
  return made;
}

}  // namespace ecgrt
