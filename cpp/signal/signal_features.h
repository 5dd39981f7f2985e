// What the signal itself tells: its bands, its noise, and the cleaned signal that beats are cut
// from.
#pragma once

#include <span>
#include <vector>

#include "interlude.h"
#include "signal/rhythm_features.h"
#include "signal/working_rate.h"
#include "signal_kernels.h"

namespace ecgrt {

class SignalFeatures {
 public:
  explicit SignalFeatures(const SignalKernels& kernels);

  // `x`: samples at kBeatRate, gaps bridged.
  void compute(std::span<const float> x, std::span<const Stretch> gaps, Interludes between,
               FeatureValues& out);

  // 0.5 to 40 Hz of the signal, as long as it.
  std::span<const float> clean() const { return low40_; }

 private:
  void filter(std::span<const float> x, Interludes between);
  void bands(std::span<const Stretch> gaps, Interludes between, FeatureValues& out);
  void seconds(std::span<const Stretch> gaps, Interludes between, FeatureValues& out);

  const SignalKernels& kernels_;
  std::vector<float> taps5_, taps15_, taps40_;
  std::vector<float> high_;  // without what is slower than 0.5 Hz, ends held for the filters
  std::vector<float> low5_, low15_, low40_;
  std::vector<double> sums_;
  std::vector<float> once_;
  std::vector<float> scratch_, crest_;
  std::vector<double> shares_[3];
};

}  // namespace ecgrt
