// What the intervals between beats tell of the rhythm.
#pragma once

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "signal/rhythm_features.h"
#include "signal/working_rate.h"

namespace ecgrt {

class IntervalFeatures {
 public:
  // `positions` of beats and gaps in samples at kBeatRate; intervals over a gap do not count.
  void compute(std::span<const double> positions, std::span<const Stretch> gaps, double seconds,
               FeatureValues& out);

  // Of each beat: whether the interval that ends with it is premature.
  std::span<const unsigned char> premature() const { return premature_; }

 private:
  void collect(std::span<const double> positions, std::span<const Stretch> gaps);
  void rates(double seconds, FeatureValues& out);
  void spread(FeatureValues& out);
  void entropies(FeatureValues& out);
  void lorenz(FeatureValues& out);
  void ectopy(FeatureValues& out);
  void memory(FeatureValues& out) const;
  double local_median(std::size_t i);

  std::vector<double> rr_;        // s
  std::vector<std::size_t> end_;  // the beat that ends it
  std::vector<double> steps_;     // differences of neighbours
  std::vector<double> scratch_;
  std::vector<std::pair<int, int>> bins_;
  std::vector<unsigned char> premature_;
};

}  // namespace ecgrt
