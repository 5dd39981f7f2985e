#include "signal/beat_energy.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "signal/fir.h"
#include "signal/working_rate.h"

namespace ecgrt {
namespace {

constexpr int kHalf = 32;          // taps of the filters on either side
constexpr int kReach = kHalf + 1;  // of the slope's, which takes a difference too
constexpr int kSmooth = 13;        // samples on either side: a mean over 135 ms, a wide QRS complex

static_assert((kReach + kSmooth) / kBeatRate <= BeatEnergy::kDelay);

}  // namespace

BeatEnergy::BeatEnergy(const SignalKernels& kernels)
    : kernels_(kernels),
      band_taps_(band_pass(4, 35, kHalf)),
      slope_taps_(differences(band_pass(6, 15, kHalf))) {
  reset();
}

void BeatEnergy::reset() {
  x_.clear(-kReach);
  slope_.clear(-kSmooth);
  for (Track* track : {&band_, &energy_, &peaks_, &ranges_, &floor_}) track->clear();
  sum_ = 0;
}

void BeatEnergy::push(std::span<const float> samples) {
  if (samples.empty()) return;
  if (x_.empty()) {
    x_.append(kReach, samples[0]);
    slope_.append(kSmooth, 0.0F);
  }
  std::copy(samples.begin(), samples.end(), x_.extend(static_cast<std::int64_t>(samples.size())));
  extend();
}

void BeatEnergy::finish() {
  if (x_.empty()) return;
  x_.append(kReach, x_.back());
  extend();
  slope_.append(kSmooth, 0.0F);
  extend();
}

void BeatEnergy::extend() {
  const std::int64_t filtered = x_.end() - kReach;
  if (filtered > band_.end()) {
    const std::int64_t n = band_.end();
    const std::int64_t count = filtered - n;
    const auto size = static_cast<std::size_t>(count);
    convolve(kernels_, band_taps_, x_.at(n - kHalf), band_.extend(count), size);
    float* slope = slope_.extend(count);
    convolve(kernels_, slope_taps_, x_.at(n - kReach), slope, size);
    for (std::int64_t i = 0; i < count; ++i) slope[i] = std::abs(slope[i]);
  }
  const std::int64_t end = slope_.end() - kSmooth, n = energy_.end();
  if (end <= n) return;
  const float* ahead = slope_.at(n + kSmooth);
  if (energy_.empty()) sum_ = std::accumulate(slope_.at(-kSmooth), ahead, 0.0);
  const float* behind = slope_.at(n - kSmooth);
  float* energy = energy_.extend(end - n);
  constexpr double kShare = 1.0 / (2 * kSmooth + 1);
  // In front of each step stands the sum without the newest; what it adds to it is known before.
  for (std::int64_t i = 0; i < end - n; ++i) {
    const double newest = ahead[i], oldest = behind[i];
    energy[i] = static_cast<float>(std::max(sum_ + newest, 0.0) * kShare);
    sum_ += newest - oldest;
  }
  for (std::int64_t i = n; i < end; i = std::min((i / kBin + 1) * kBin, end)) {
    note(i, std::min((i / kBin + 1) * kBin, end));
  }
  for (std::int64_t i = (n + kFloorStep - 1) / kFloorStep * kFloorStep; i < end; i += kFloorStep) {
    floor_.append(energy_[i]);
  }
}

// Takes down what the samples [begin, end) of one bin are like.
void BeatEnergy::note(std::int64_t begin, std::int64_t end) {
  const Range x = kernels_.range(x_.at(begin), end - begin);
  const float peak = kernels_.range(energy_.at(begin), end - begin).high;
  if (begin % kBin == 0) {
    peaks_.append(0);
    ranges_.append(0);
    range_ = x;
  }
  range_ = {std::min(range_.low, x.low), std::max(range_.high, x.high)};
  peaks_.back() = std::max(peaks_.back(), peak);
  ranges_.back() = range_.width();
}

void BeatEnergy::drop_before(std::int64_t n) {
  x_.drop_before(std::min(n, energy_.end() - kReach - kSmooth));
  slope_.drop_before(energy_.end() - kSmooth);
  band_.drop_before(n);
  energy_.drop_before(n);
  peaks_.drop_before(n / kBin);
  ranges_.drop_before(n / kBin);
  floor_.drop_before(n / kFloorStep);
}

}  // namespace ecgrt
