#include "signal/working_rate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace ecgrt {
namespace {

constexpr double kShortestGap = 0.04;  // s; a shorter one cannot hide a QRS complex
constexpr std::size_t kNoEnd = std::size_t{1} << 60;

}  // namespace

WorkingRate::WorkingRate(double sampling_rate, const SignalKernels& kernels)
    : rate_(sampling_rate),
      same_rate_(sampling_rate == kBeatRate),
      resampler_(sampling_rate, kBeatRate, kernels) {}

void WorkingRate::reset() {
  raw_.clear();
  out_.clear();
  gaps_.clear();
  first_raw_ = 0;
  first_out_ = 0;
  missing_ = 0;
  started_ = false;
}

void WorkingRate::push(std::span<const float> samples) { take(samples); }
void WorkingRate::push(std::span<const double> samples) { take(samples); }

template <typename T>
void WorkingRate::take(std::span<const T> samples) {
  const auto is_missing = [](T sample) { return !is_sample(static_cast<double>(sample)); };
  // Most often none is, which is quickly told.
  bool any = false;
  for (const T sample : samples) any |= is_missing(sample);
  if (!any) {
    append(std::exchange(samples, {}));
  }
  while (!samples.empty()) {
    const auto lost = std::ranges::find_if(samples, is_missing) - samples.begin();
    append(samples.first(static_cast<std::size_t>(lost)));
    samples = samples.subspan(static_cast<std::size_t>(lost));
    const auto found = std::ranges::find_if_not(samples, is_missing) - samples.begin();
    missing_ += static_cast<std::size_t>(found);
    samples = samples.subspan(static_cast<std::size_t>(found));
  }
  convert(false);
}

// No gap is among them.
template <typename T>
void WorkingRate::append(std::span<const T> samples) {
  if (samples.empty()) return;
  if (missing_ > 0 || !started_) close_gap(static_cast<double>(samples.front()));
  const std::size_t old = raw_.size();
  raw_.resize(old + samples.size());
  float* to = raw_.data() + old;
  const double reference = reference_;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    to[i] = static_cast<float>(static_cast<double>(samples[i]) - reference);
  }
  last_ = static_cast<double>(samples.back()) - reference;
}

// Fills what was missing before `value`, the first finite sample after it.
void WorkingRate::close_gap(double value) {
  if (!started_) {
    started_ = true;
    reference_ = value;
    last_ = 0;
  }
  const std::size_t begin = first_raw_ + raw_.size();
  const double step = (value - reference_ - last_) / static_cast<double>(missing_ + 1);
  for (std::size_t i = 1; i <= missing_; ++i) {
    raw_.push_back(static_cast<float>(last_ + step * static_cast<double>(i)));
  }
  note_gap(begin, begin + missing_);
  missing_ = 0;
}

void WorkingRate::note_gap(std::size_t begin, std::size_t end) {
  if (static_cast<double>(end - begin) < kShortestGap * rate_) return;
  const double scale = kBeatRate / rate_;
  gaps_.push_back({static_cast<std::int64_t>(std::ceil(static_cast<double>(begin) * scale)),
                   static_cast<std::int64_t>(std::ceil(static_cast<double>(end) * scale))});
}

void WorkingRate::finish() {
  const std::size_t begin = first_raw_ + raw_.size();
  raw_.insert(raw_.end(), missing_, started_ ? static_cast<float>(last_) : 0.0F);
  note_gap(begin, begin + missing_);
  missing_ = 0;
  convert(true);
}

// Makes every output whose inputs are all there; at the end the last sample is held.
void WorkingRate::convert(bool last) {
  const std::size_t raw_end = first_raw_ + raw_.size();
  if (raw_.empty()) return;
  if (same_rate_) {
    out_.insert(out_.end(), raw_.begin(), raw_.end());
    first_raw_ = raw_end;
    raw_.clear();
    return;
  }
  const auto next = static_cast<std::size_t>(first_out_) + out_.size();
  std::size_t end = resampler_.output_size(raw_end);
  if (!last) {
    while (end > next && resampler_.input_range(end - 1, 1, kNoEnd).second > raw_end) --end;
  }
  if (end > next) {
    const std::size_t kept = out_.size();
    out_.resize(kept + end - next);
    resampler_.run(raw_.data(), first_raw_, raw_end, next, end - next, out_.data() + kept,
                   scratch_);
  }
  const std::size_t needed = resampler_.input_range(end, 1, kNoEnd).first;
  // Seldom and much at once, as what stays behind has to move.
  if (!last && needed > first_raw_ + raw_.size() / 2) {
    const std::size_t done = std::min(needed - first_raw_, raw_.size() - 1);
    raw_.erase(raw_.begin(), raw_.begin() + static_cast<std::ptrdiff_t>(done));
    first_raw_ += done;
  }
}

void WorkingRate::drop(std::size_t count) {
  out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(count));
  first_out_ += static_cast<std::int64_t>(count);
}

void WorkingRate::forget_gaps_before(std::int64_t index) {
  std::size_t count = 0;
  while (count < gaps_.size() && gaps_[count].end < index) ++count;
  gaps_.erase(gaps_.begin(), gaps_.begin() + static_cast<std::ptrdiff_t>(count));
}

double WorkingRate::delay() const {
  if (same_rate_) return 0;
  const auto [begin, end] = resampler_.input_range(1 << 20, 1, kNoEnd);
  return static_cast<double>(end - begin) / 2 / rate_;
}

}  // namespace ecgrt
