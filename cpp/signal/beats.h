// QRS complexes and their R peaks, from one lead of any rate, unit, offset and polarity.
//
// After Pan and Tompkins 1985 (band-pass, slope, moving mean, adaptive thresholds, search back) and
// Hamilton 2002 (size instead of square, medians of the last eight beats and noise peaks, a T wave
// told by its height), with the band and the width of the mean from where Elgendi 2013 found them
// best. As a few seconds of delay are allowed, the level of the beats to come counts too, and where
// nothing stands out from the rest, or comes regularly, there are no beats.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "interlude.h"
#include "signal/beat_energy.h"
#include "signal/stretch.h"
#include "signal/working_rate.h"

namespace ecgrt {

// The last eight of something.
template <typename T>
class Recent {
 public:
  void clear() { count_ = 0; }
  void add(T value) { values_[count_++ % values_.size()] = value; }
  std::size_t count() const { return count_; }
  T median() const;

 private:
  std::array<T, 8> values_{};
  std::size_t count_ = 0;
};

// Finds beats in samples at kBeatRate. What it finds does not depend on how they were cut.
class BeatDetector {
 public:
  explicit BeatDetector(const SignalKernels& kernels) : signal_(kernels) { reset(); }

  void reset();
  // `gaps`: those among the samples given so far, in order; there are no beats in them.
  void push(std::span<const float> samples, std::span<const Stretch> gaps, Interludes between = {});
  void finish(std::span<const Stretch> gaps);

  // R peaks in samples at kBeatRate, between samples too; final and in order.
  const std::vector<double>& positions() const { return positions_; }

  // Seconds from an R peak to when it is known.
  static double delay();

 private:
  struct Candidate {
    std::int64_t place = 0;
    float height = 0;
  };
  struct Levels {
    std::int64_t begin = 0, end = 0;  // what they were taken from
    float beat = 0;                   // how high a beat is
    float noise = 0;                  // how high other waves are
    float threshold = 0;
    float range = 0;  // of the signal
  };

  void work(bool last, std::span<const Stretch> gaps);
  void seek(bool last);
  bool is_peak(std::int64_t n) const;
  void decide(std::size_t index);
  Levels levels(std::int64_t now);
  bool stands_out(const Levels& levels);
  float irregularity(const Levels& levels);
  bool is_missed(std::size_t index, const Levels& levels) const;
  void accept(const Candidate& candidate);
  double locate(std::int64_t place);
  void forget();

  BeatEnergy signal_;
  std::vector<Candidate> candidates_;
  std::size_t oldest_ = 0;  // the first that still counts for levels
  std::size_t decided_ = 0;
  std::int64_t sought_ = 0;
  std::vector<float> scratch_, heights_, distances_;
  std::vector<double> positions_;
  Recent<float> beats_, noises_;
  Recent<double> intervals_;
  std::int64_t last_place_ = 0;
  float last_height_ = 0;
  double polarity_ = 0;
};

// Raw samples in, times of R peaks out.
class BeatFinder {
 public:
  BeatFinder(double sampling_rate, const SignalKernels& kernels)
      : signal_(sampling_rate, kernels), detector_(kernels) {}

  void reset();
  void push(std::span<const float> samples) { take(samples); }
  void push(std::span<const double> samples) { take(samples); }
  void finish();

  // Seconds from the first sample, in order; what has been found is final.
  std::span<const double> beats() const { return times_; }

  // Seconds from an R peak to when it is known, outside gaps.
  double delay() const { return signal_.delay() + BeatDetector::delay(); }

 private:
  template <typename T>
  void take(std::span<const T> samples);
  void pass_on();

  WorkingRate signal_;
  BeatDetector detector_;
  std::vector<double> times_;
};

}  // namespace ecgrt
