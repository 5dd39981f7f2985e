// What the shapes of beats tell: QRS complexes against their median, P waves, and what is left.
#pragma once

#include <span>
#include <vector>

#include "interlude.h"
#include "signal/rhythm_features.h"
#include "signal/working_rate.h"
#include "signal_kernels.h"

namespace ecgrt {

class WaveFeatures {
 public:
  explicit WaveFeatures(const SignalKernels& kernels) : kernels_(kernels) {}

  // `clean`: 0.5 to 40 Hz at kBeatRate; `positions` of beats in it; `premature` of each of them.
  // Beats that a gap or an end of the record cuts are left out.
  void compute(std::span<const float> clean, std::span<const double> positions,
               std::span<const unsigned char> premature, std::span<const Stretch> gaps,
               Interludes between, FeatureValues& out);
  // Of the median beat's complex, in units of `clean`; 0 if beats were too few.
  double height() const;

 private:
  bool cut(std::span<const float> clean, std::span<const double> positions,
           std::span<const Stretch> gaps);
  void make_template();
  void complexes(std::span<const unsigned char> premature, FeatureValues& out);
  void whole_beats(FeatureValues& out);
  void alike_ones(std::span<const double> positions, FeatureValues& out);
  void widths(FeatureValues& out);
  void amplitudes(FeatureValues& out);
  void p_waves(FeatureValues& out);
  double p_shift() const;
  double best_shift() const;
  const float* beat(std::size_t i) const;

  const SignalKernels& kernels_;
  std::vector<float> beats_;        // [beat][kWidth]
  std::vector<std::size_t> index_;  // which of the positions each is
  std::vector<float> template_;     // the median beat
  std::vector<float> scratch_, p_template_;
  std::vector<double> matches_;  // of QRS complexes with the median's
  std::vector<double> values_, residuals_;
  std::size_t count_ = 0;
};

}  // namespace ecgrt
