#include "signal/interval_features.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "signal/statistics.h"

namespace ecgrt {
namespace {

constexpr std::size_t kFewest = 3;   // intervals, below which nothing is said of the rhythm
constexpr std::size_t kBlock = 256;  // intervals compared with each other for the entropy
constexpr double kPremature = 0.85;

double rate(double interval) { return std::log2(0.8 / interval); }

// Pairs of intervals within `r` of each other, and of those the pairs whose successors are so too.
std::pair<double, double> matches(std::span<const double> rr, double r) {
  double near = 0, both = 0;
  for (std::size_t start = 0; start < rr.size(); start += kBlock) {
    const std::size_t end = std::min(start + kBlock, rr.size());
    for (std::size_t i = start; i + 1 < end; ++i) {
      for (std::size_t j = i + 1; j + 1 < end; ++j) {
        if (std::abs(rr[i] - rr[j]) > r) continue;
        ++near;
        if (std::abs(rr[i + 1] - rr[j + 1]) <= r) ++both;
      }
    }
  }
  return {near, both};
}

}  // namespace

void IntervalFeatures::compute(std::span<const double> positions, std::span<const Stretch> gaps,
                               double seconds, FeatureValues& out) {
  collect(positions, gaps);
  if (rr_.size() < kFewest) return;
  rates(seconds, out);
  spread(out);
  entropies(out);
  lorenz(out);
  ectopy(out);
  memory(out);
}

void IntervalFeatures::collect(std::span<const double> positions, std::span<const Stretch> gaps) {
  rr_.clear();
  end_.clear();
  steps_.clear();
  premature_.assign(positions.size(), 0);
  std::size_t gap = 0;
  for (std::size_t i = 1; i < positions.size(); ++i) {
    while (gap < gaps.size() && static_cast<double>(gaps[gap].begin) < positions[i - 1]) ++gap;
    if (gap < gaps.size() && static_cast<double>(gaps[gap].begin) < positions[i]) continue;
    rr_.push_back((positions[i] - positions[i - 1]) / kBeatRate);
    end_.push_back(i);
    const std::size_t n = rr_.size();
    if (n > 1 && end_[n - 2] + 1 == i) steps_.push_back(rr_[n - 1] - rr_[n - 2]);
  }
}

void IntervalFeatures::rates(double seconds, FeatureValues& out) {
  double covered = 0;
  for (const double rr : rr_) {
    if (rr >= 0.25 && rr <= 2) covered += rr;
  }
  out.put(Feature::covered, covered / std::max(seconds, 1.0));
  scratch_ = rr_;
  const double usual = quantile(scratch_, 0.5);
  out.put(Feature::rate_median, rate(usual));
  out.put(Feature::slow, soft_step(-60 / usual, -50, 2));
  out.put(Feature::fast, soft_step(60 / usual, 100, 3));
  out.put(Feature::rate_p10, rate(quantile(scratch_, 0.9)));
  out.put(Feature::rate_p90, rate(quantile(scratch_, 0.1)));
  out.put(Feature::rate_min, rate(quantile(scratch_, 1.0)));
}

void IntervalFeatures::spread(FeatureValues& out) {
  const double center = mean(rr_);
  scratch_ = rr_;
  const double middle = quantile(scratch_, 0.5);
  out.put(Feature::sdnn, log_of(deviation(rr_) / center));
  if (steps_.empty()) return;
  double squares = 0;
  scratch_.clear();
  for (const double step : steps_) {
    squares += step * step;
    scratch_.push_back(std::abs(step));
  }
  out.put(Feature::rmssd, log_of(std::sqrt(squares / static_cast<double>(steps_.size())) / center));
  const auto large = std::count_if(scratch_.begin(), scratch_.end(),
                                   [middle](double step) { return step > 0.1 * middle; });
  out.put(Feature::step_tenth, static_cast<double>(large) / static_cast<double>(steps_.size()));
  out.put(Feature::step_median, log_of(quantile(scratch_, 0.5) / middle));
}

void IntervalFeatures::entropies(FeatureValues& out) {
  double r = 0.03;
  auto [near, both] = matches(rr_, r);
  for (; both < 5 && r < 0.5; r *= 1.5) std::tie(near, both) = matches(rr_, r * 1.5);
  if (both > 0) {
    out.put(Feature::cosen, std::log(near / both) + std::log(2 * r) - std::log(mean(rr_)));
  }
  const auto [low, high] = std::minmax_element(rr_.begin(), rr_.end());
  std::array<double, 16> histogram{};
  for (const double rr : rr_) {
    const double place = *high > *low ? (rr - *low) / (*high - *low) : 0.0;
    ++histogram[static_cast<std::size_t>(std::min(place * 16, 15.0))];
  }
  double sum = 0;
  for (const double count : histogram) {
    const double p = count / static_cast<double>(rr_.size());
    if (p > 0) sum -= p * std::log2(p);
  }
  out.put(Feature::rr_entropy, sum / 4);
}

// Points are pairs of successive differences, bins are 25 ms wide, the origin reaches to 80 ms.
// Irregular rhythm fills many bins; ectopic beats come back to a few (premature, pause, back to
// the origin); regular rhythm stays at the origin.
void IntervalFeatures::lorenz(FeatureValues& out) {
  if (steps_.size() < 3) return;
  bins_.clear();
  double origin = 0, repeated = 0;
  for (std::size_t i = 1; i < steps_.size(); ++i) {
    const bool still = std::abs(steps_[i - 1]) < 0.08 && std::abs(steps_[i]) < 0.08;
    if (still) {
      ++origin;
    } else {
      bins_.emplace_back(static_cast<int>(std::floor(steps_[i - 1] / 0.025)),
                         static_cast<int>(std::floor(steps_[i] / 0.025)));
    }
  }
  std::sort(bins_.begin(), bins_.end());
  double filled = 0;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    if (i == 0 || bins_[i] != bins_[i - 1]) {
      ++filled;
      continue;
    }
    const bool axis = std::min(std::abs(bins_[i].first), std::abs(bins_[i].second)) < 4;
    const bool rebound = bins_[i].first < 0 && bins_[i].second > 0;
    if (axis || rebound) ++repeated;
  }
  const auto points = static_cast<double>(steps_.size() - 1);
  out.put(Feature::lorenz_bins, filled / points);
  out.put(Feature::af_evidence, (filled - origin - 2 * repeated) / points);
}

double IntervalFeatures::local_median(std::size_t i) {
  const std::size_t begin = i < 4 ? 0 : i - 4;
  const std::size_t end = std::min(i + 5, rr_.size());
  scratch_.assign(rr_.begin() + static_cast<std::ptrdiff_t>(begin),
                  rr_.begin() + static_cast<std::ptrdiff_t>(end));
  return quantile(scratch_, 0.5);
}

void IntervalFeatures::ectopy(FeatureValues& out) {
  double early = 0, compensated = 0, shortest = 1, longest = 1;
  for (std::size_t i = 0; i < rr_.size(); ++i) {
    const double usual = local_median(i);
    const double ratio = rr_[i] / usual;
    shortest = std::min(shortest, ratio);
    longest = std::max(longest, ratio);
    if (ratio >= kPremature) continue;
    ++early;
    premature_[end_[i]] = 1;
    const bool linked = i + 1 < rr_.size() && end_[i + 1] == end_[i] + 1;
    if (linked && std::abs(rr_[i] + rr_[i + 1] - 2 * usual) < 0.15 * usual) ++compensated;
  }
  const auto count = static_cast<double>(rr_.size());
  out.put(Feature::premature, std::sqrt(early / count));
  out.put(Feature::compensated, early > 0 ? compensated / early : 0);
  out.put(Feature::shortest, std::log2(shortest));
  out.put(Feature::longest, std::log2(longest));
}

void IntervalFeatures::memory(FeatureValues& out) const {
  const double center = mean(rr_);
  double power = 0;
  for (const double rr : rr_) power += (rr - center) * (rr - center);
  if (power <= 1e-9) return;
  double sum = 0;
  for (std::size_t i = 1; i < rr_.size(); ++i) sum += (rr_[i] - center) * (rr_[i - 1] - center);
  out.put(Feature::rr_memory, sum / power);
}

}  // namespace ecgrt
