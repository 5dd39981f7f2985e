// Where a lead moves as QRS complexes do: the signals that beats are found in.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "signal/track.h"
#include "signal_kernels.h"

namespace ecgrt {

// Takes samples at kBeatRate in pieces of any size. All filters are of linear phase, so that every
// index means the same moment.
class BeatEnergy {
 public:
  static constexpr int kBin = 300;        // 1.5 s, in which a QRS complex can be expected
  static constexpr int kFloorStep = 10;   // 50 ms
  static constexpr double kDelay = 0.23;  // s, from a sample to its energy

  explicit BeatEnergy(const SignalKernels& kernels);

  void reset();
  void push(std::span<const float> samples);
  void finish();  // the signal is held at its last value
  void drop_before(std::int64_t n);

  const Track& band() const { return band_; }      // 4 to 35 Hz, to see R peaks in
  const Track& energy() const { return energy_; }  // mean of the slope's size, 6 to 15 Hz
  const Track& peaks() const { return peaks_; }    // the largest energy of each bin
  const Track& ranges() const { return ranges_; }  // the range of the samples of each bin
  const Track& floor() const { return floor_; }    // the energy at every kFloorStep

 private:
  void extend();
  void note(std::int64_t begin, std::int64_t end);

  const SignalKernels& kernels_;
  std::vector<float> band_taps_, slope_taps_;
  Track x_, band_, slope_, energy_, peaks_, ranges_, floor_;
  double sum_ = 0;
  Range range_{};
};

}  // namespace ecgrt
