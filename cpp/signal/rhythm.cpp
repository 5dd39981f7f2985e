#include "signal/rhythm.h"

#include <algorithm>
#include <array>
#include <limits>

namespace ecgrt {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

}  // namespace

RhythmAnalyser::RhythmAnalyser(double sampling_rate, const SignalKernels& kernels)
    : sampling_rate_(sampling_rate),
      signal_(sampling_rate, kernels),
      detector_(kernels),
      signal_features_(kernels),
      wave_features_(kernels) {}

void RhythmAnalyser::analyse(const Signal& signal, std::span<const Gap> gaps, bool features) {
  std::array<double, 1024> values;
  signal_.reset();
  for (std::size_t first = 0; first < signal.size; first += values.size()) {
    const std::span<double> part(values.data(), std::min(values.size(), signal.size - first));
    copy_samples(signal, first, part);
    for (; !gaps.empty() && gaps.front().begin < first + part.size(); gaps = gaps.subspan(1)) {
      const std::size_t begin = std::max(gaps.front().begin, first) - first;
      const std::size_t end = std::min(gaps.front().end - first, part.size());
      std::fill(part.begin() + begin, part.begin() + end, kMissing);
      if (gaps.front().end > first + part.size()) break;
    }
    signal_.push(part);
  }
  signal_.finish();
  analyse_working(features);
}

void RhythmAnalyser::analyse_working(bool features) {
  detector_.reset();
  detector_.push(signal_.samples(), signal_.gaps());
  detector_.finish(signal_.gaps());
  times_.clear();
  for (const double position : detector_.positions()) {
    times_.push_back(std::max(position, 0.0) / kBeatRate);
  }
  values_.reset();
  height_ = 0;
  if (!features) return;
  const std::span<const float> x = signal_.samples();
  signal_features_.compute(x, signal_.gaps(), values_);
  interval_features_.compute(detector_.positions(), signal_.gaps(),
                             static_cast<double>(x.size()) / kBeatRate, values_);
  wave_features_.compute(signal_features_.clean(), detector_.positions(),
                         interval_features_.premature(), signal_.gaps(), values_);
  height_ = wave_features_.height();
}

}  // namespace ecgrt
