// A lead of any rate, piece by piece, at the rate that beats are found at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "signal/resampler.h"
#include "signal/stretch.h"

namespace ecgrt {

inline constexpr double kBeatRate = 200.0;  // Hz

// Takes raw samples in pieces of any size; what comes out does not depend on how they were cut.
// The first sample is taken off, so that a large offset costs no precision. What is no sample is a
// gap: bridged by a straight line, at the ends held.
class WorkingRate {
 public:
  WorkingRate(double sampling_rate, const SignalKernels& kernels);

  void reset();
  void push(std::span<const float> samples);
  void push(std::span<const double> samples);
  void finish();

  // What has come out so far and was not taken by drop(); its first sample has the index first().
  std::span<const float> samples() const { return out_; }
  std::int64_t first() const { return first_out_; }
  void drop(std::size_t count);

  // The gaps of 40 ms or more that have ended so far, at kBeatRate. Shorter ones are just bridged.
  const std::vector<Stretch>& gaps() const { return gaps_; }
  void forget_gaps_before(std::int64_t index);

  // How far behind the newest sample the output is, seconds (outside gaps).
  double delay() const;

 private:
  template <typename T>
  void take(std::span<const T> samples);
  template <typename T>
  void append(std::span<const T> samples);
  void close_gap(double value);
  void note_gap(std::size_t begin, std::size_t end);
  void convert(bool last);

  double rate_;
  bool same_rate_;
  Resampler resampler_;
  std::vector<float> raw_;  // bridged, from index first_raw_ on
  std::size_t first_raw_ = 0;
  std::vector<float> scratch_;
  std::vector<float> out_;
  std::int64_t first_out_ = 0;
  std::vector<Stretch> gaps_;
  std::size_t missing_ = 0;  // samples of the gap that is open
  double reference_ = 0;
  double last_ = 0;
  bool started_ = false;
};

}  // namespace ecgrt
