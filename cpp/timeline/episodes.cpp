#include "timeline/episodes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "timeline/sums.h"

namespace ecgrt {
namespace {

// Seconds of a stretch that gaps of one reason cover.
struct Cover {
  GapReason reason;
  double seconds;
};

std::vector<Cover> covers(double start, double end, std::span<const UnreadableSpan> gaps) {
  std::vector<Cover> found;
  for (const UnreadableSpan& gap : gaps) {
    const double overlap = std::min(end, gap.end) - std::max(start, gap.start);
    if (!(overlap > 0)) continue;
    auto known = std::ranges::find(found, gap.reason, &Cover::reason);
    if (known == found.end()) known = found.insert(known, {gap.reason, 0.0});
    known->seconds += overlap;
  }
  return found;
}

// What covers the most of a stretch; noise where gaps cover less than half of it.
std::optional<GapReason> reason_of(double start, double end, std::span<const UnreadableSpan> gaps) {
  const std::vector<Cover> found = covers(start, end, gaps);
  double seconds = 0;
  for (const Cover& cover : found) seconds += cover.seconds;
  if (found.empty() || 2 * seconds < end - start) return std::nullopt;
  return std::ranges::max_element(found, {}, &Cover::seconds)->reason;
}

double mean_probability(const Rows& probabilities, std::size_t first, std::size_t end,
                        State state) {
  std::vector<double> answers;
  for (std::size_t step = first; step < end; ++step) {
    const double answer = probabilities[step][static_cast<std::size_t>(state)];
    if (!std::isnan(answer)) answers.push_back(answer);
  }
  return pairwise_sum(answers) / static_cast<double>(answers.size());
}

}  // namespace

std::vector<Episode> find_episodes(std::span<const State> states, const Rows& probabilities,
                                   std::span<const double> edges,
                                   std::span<const UnreadableSpan> gaps) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<State> runs = runs_of(states);
  std::vector<Episode> found;
  for (std::size_t i = 0; i + 1 < runs.size(); ++i) {
    const auto first = static_cast<std::size_t>(runs[i]);
    const auto end = static_cast<std::size_t>(runs[i + 1]);
    const State state = states[first];
    if (state == kNoState) {
      const auto reason = reason_of(edges[first], edges[end], gaps);
      found.push_back({edges[first], edges[end], state, kNan, reason});
    } else {
      const double probability = mean_probability(probabilities, first, end, state);
      found.push_back({edges[first], edges[end], state, probability, std::nullopt});
    }
  }
  return found;
}

double readable_share(std::span<const double> unreadable_seconds, double seconds) {
  double unreadable = 0;
  for (const double stretch : unreadable_seconds) unreadable += stretch;
  return 1 - unreadable / seconds;
}

}  // namespace ecgrt
