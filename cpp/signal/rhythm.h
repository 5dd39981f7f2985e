// From one lead to its beats and the features that tell its rhythm, in one pass.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "interlude.h"
#include "signal/beats.h"
#include "signal/gaps.h"
#include "signal/interval_features.h"
#include "signal/rhythm_features.h"
#include "signal/samples.h"
#include "signal/signal_features.h"
#include "signal/wave_features.h"

namespace ecgrt {

// Working memory for one thread; after the first record of a length nothing is allocated.
class RhythmAnalyser {
 public:
  RhythmAnalyser(double sampling_rate, const SignalKernels& kernels);

  // The beats of a record, and with `features` what they and the signal say.
  template <typename T>
  void analyse(std::span<const T> x, bool features = true) {
    signal_.reset();
    signal_.push(x);
    signal_.finish();
    analyse_working(features, {});
  }
  // Samples in `gaps`, which are ascending, count as missing, whatever they are.
  void analyse(const Signal& signal, std::span<const Gap> gaps, bool features,
               Interludes between = {});

  double sampling_rate() const { return sampling_rate_; }
  std::span<const double> beats() const { return times_; }  // R peaks, seconds
  const std::array<float, kFeatureCount>& features() const { return values_.values(); }
  // Height of the median beat's complex from 0.5 to 40 Hz, in units of the signal; 0 if not known,
  // which is where features are not computed or beats are too few.
  double height() const { return height_; }
  bool has_shapes() const { return height_ > 0; }

 private:
  template <typename T, typename Copy>
  void push(std::size_t size, std::span<const Gap> gaps, Interludes between, const Copy& copy);
  void analyse_working(bool features, Interludes between);

  double sampling_rate_;
  const SignalKernels& kernels_;
  WorkingRate signal_;
  BeatDetector detector_;
  SignalFeatures signal_features_;
  IntervalFeatures interval_features_;
  WaveFeatures wave_features_;
  FeatureValues values_;
  std::vector<double> times_;
  double height_ = 0;
};

}  // namespace ecgrt
