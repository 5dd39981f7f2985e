#include "signal/rhythm.h"

#include <algorithm>
#include <array>
#include <limits>

namespace ecgrt {

RhythmAnalyser::RhythmAnalyser(double sampling_rate, const SignalKernels& kernels)
    : sampling_rate_(sampling_rate),
      kernels_(kernels),
      signal_(sampling_rate, kernels),
      detector_(kernels),
      signal_features_(kernels),
      wave_features_(kernels) {}

void RhythmAnalyser::analyse(const Signal& signal, std::span<const Gap> gaps, bool features,
                             Interludes between) {
  signal_.reset();
  if (const std::int16_t* samples = adjacent_int16(signal)) {  // as exact in floats, and faster
    push<float>(signal.size, gaps, between, [&](std::size_t first, std::span<float> part) {
      kernels_.to_float(samples + first, std::ssize(part), 0, 1, part.data());
    });
  } else {
    push<double>(signal.size, gaps, between, [&](std::size_t first, std::span<double> part) {
      copy_samples(signal, first, part);
    });
  }
  signal_.finish();
  analyse_working(features, between);
}

// Hands on `size` samples, which copy(first, part) gives, but for those in gaps.
template <typename T, typename Copy>
void RhythmAnalyser::push(std::size_t size, std::span<const Gap> gaps, Interludes between,
                          const Copy& copy) {
  std::array<T, 1024> values;
  for (std::size_t first = 0; first < size; first += values.size()) {
    const std::span<T> part(values.data(), std::min(values.size(), size - first));
    copy(first, part);
    for (; !gaps.empty() && gaps.front().begin < first + part.size(); gaps = gaps.subspan(1)) {
      const std::size_t begin = std::max(gaps.front().begin, first) - first;
      const std::size_t end = std::min(gaps.front().end - first, part.size());
      std::fill(part.begin() + begin, part.begin() + end, std::numeric_limits<T>::quiet_NaN());
      if (gaps.front().end > first + part.size()) break;
    }
    signal_.push(std::span<const T>(part));
    between.after(part.size());
  }
}

void RhythmAnalyser::analyse_working(bool features, Interludes between) {
  detector_.reset();
  detector_.push(signal_.samples(), signal_.gaps(), between);
  detector_.finish(signal_.gaps());
  times_.clear();
  for (const double position : detector_.positions()) {
    times_.push_back(std::max(position, 0.0) / kBeatRate);
  }
  values_.reset();
  height_ = 0;
  if (!features) return;
  const std::span<const float> x = signal_.samples();
  signal_features_.compute(x, signal_.gaps(), between, values_);
  interval_features_.compute(detector_.positions(), signal_.gaps(),
                             static_cast<double>(x.size()) / kBeatRate, values_);
  wave_features_.compute(signal_features_.clean(), detector_.positions(),
                         interval_features_.premature(), signal_.gaps(), between, values_);
  height_ = wave_features_.height();
}

}  // namespace ecgrt
