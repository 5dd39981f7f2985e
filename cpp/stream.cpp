#include "stream.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace ecgrt {
namespace {

constexpr double kLongestWindow = 3600.0;  // seconds
constexpr double kLongestSkip = 86'400.0;  // seconds
constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Two windows may see the peak of one beat at different places, seconds apart at most.
constexpr double kSameBeat = 0.15;
// Windows that are run together for each that the backend works on at a time.
constexpr std::size_t kBatch = 16;

std::string number(double value) {
  std::string text = std::to_string(value);
  text.erase(std::min(text.find_last_not_of('0') + 1, text.size()));
  if (text.back() == '.') text.pop_back();
  return text;
}

std::size_t samples_of(double seconds, double rate) {
  return static_cast<std::size_t>(std::llround(seconds * rate));
}

void check_options(const StreamOptions& options) {
  const auto [rate, microvolts, window, hop, confidence] = options;
  if (!(window > 0 && window <= kLongestWindow)) {
    throw std::invalid_argument("window is " + number(window) +
                                " s; it must be above 0, and 3600 s at most");
  }
  if (!(hop > 0 && hop <= window)) {
    throw std::invalid_argument("hop is " + number(hop) +
                                " s; it must be above 0, and at most the window's " +
                                number(window) + " s");
  }
  if (!(microvolts > 0 && microvolts < kInfinity)) {
    throw std::invalid_argument("a unit is a positive number of microvolts");
  }
  if (!(confidence >= 0 && confidence <= 1)) {
    throw std::invalid_argument("min_confidence is a probability, from 0 to 1, not " +
                                number(confidence));
  }
}

}  // namespace

void Decisions::clear() {
  size_ = 0;
  beats_.clear();
}

void Decisions::make_room(std::size_t windows) {
  if (spans_.size() >= windows) return;
  spans_.resize(windows);
  predictions_.resize(windows);
  signals_.resize(windows);
}

Stream::Stream(const Classifier& classifier, const StreamOptions& options)
    : classifier_(classifier), options_(options) {
  check_options(options);
  set_rate(find_rate(options.sampling_rate));
}

double Stream::find_rate(double sampling_rate) const {
  const Metadata& model = classifier_.metadata();
  if (sampling_rate != 0) check_sampling_rate(sampling_rate);
  const double rate = sampling_rate == 0 ? model.sampling_rate : sampling_rate;
  const double segment = static_cast<double>(model.samples_per_segment) / model.sampling_rate;
  if (!is_enough(samples_of(options_.window, rate), rate)) {
    throw std::invalid_argument("window is " + number(options_.window) +
                                " s; it must be at least the model's shortest signal, " +
                                number(segment) + " s");
  }
  if (options_.hop * rate < 1) {
    throw std::invalid_argument("hop is " + number(options_.hop) + " s; it must be at least " +
                                "one sample, " + number(1 / rate) + " s");
  }
  return rate;
}

void Stream::set_rate(double rate) {
  rate_ = rate;
  length_ = samples_of(options_.window, rate);
  hop_ = samples_of(options_.hop, rate) + 1;
}

std::size_t Stream::begin_of(std::size_t window) const {
  return samples_of(static_cast<double>(window) * options_.hop, rate_);
}

// Whether the model answers so few.
bool Stream::is_enough(std::size_t samples, double rate) const {
  const Metadata& model = classifier_.metadata();
  return static_cast<double>(samples) * model.sampling_rate / rate >=
         static_cast<double>(model.samples_per_segment);
}

void Stream::check_open() const {
  if (finished_) {
    throw std::invalid_argument("the stream is finished; restart it, or make a new one");
  }
}

void Stream::push(const Signal& chunk, Decisions& out, const Interlude& interlude) {
  check_open();
  out.clear();
  if (chunk.size == 0) return;
  const std::size_t end = position_ + chunk.size, kept = samples_.size();
  std::size_t windows = 0, shared = 0;  // samples of the chunk in windows that began before it
  for (; begin_of(next_ + windows) + length_ <= end; ++windows) {
    const std::size_t begin = begin_of(next_ + windows);
    if (begin < position_) shared = begin + length_ - position_;
  }
  out.make_room(windows);
  samples_.append(chunk, 0, shared, length_ + hop_);
  double last_beat = last_beat_;
  try {
    for (std::size_t i = 0; i < windows; ++i) {
      const std::size_t begin = begin_of(next_ + i);
      out.signals_[i] = begin < position_ ? samples_.view(begin - (position_ - kept), length_)
                                          : part_of(chunk, begin - position_, length_);
    }
    predict(windows, out, interlude);
    for (std::size_t i = 0; i < windows; ++i) {
      const std::size_t begin = begin_of(next_ + i);
      tell_window(i, begin, begin + length_, out);
      last_beat = tell_beats(next_ + i, i, false, last_beat, out);
    }
  } catch (...) {
    samples_.truncate(kept);
    out.clear();
    throw;
  }
  keep(chunk, shared);
  out.size_ = windows;
  position_ = end;
  next_ += windows;
  last_beat_ = last_beat;
}

// Keeps what running() and the windows to come need of a chunk, of which all before `from` is kept.
void Stream::keep(const Signal& chunk, std::size_t from) {
  const std::size_t rest = chunk.size - from;
  if (samples_.size() + rest > length_ + hop_) {
    samples_.keep_last(length_ - std::min(rest, length_));
  }
  const std::size_t count = std::min(rest, length_);
  samples_.append(chunk, chunk.size - count, count, length_ + hop_);
}

void Stream::skip(double seconds, Decisions& out, const Interlude& interlude) {
  check_open();
  if (!(seconds >= 0 && seconds <= kLongestSkip)) {
    throw std::invalid_argument("skip is " + number(seconds) +
                                " s; it must be from 0 to 86400 s (a day): longer absences end a "
                                "stream");
  }
  // One missing sample, so many times, of a type that the samples so far need not be changed for.
  static constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
  static constexpr double kMissingDouble = std::numeric_limits<double>::quiet_NaN();
  const bool is_double = samples_.type() == SampleType::float64;
  Signal gap;
  gap.data = is_double ? static_cast<const void*>(&kMissingDouble) : &kMissing;
  gap.type = is_double ? SampleType::float64 : SampleType::float32;
  gap.stride = 0;
  gap.size = samples_of(seconds, rate_);
  push(gap, out, interlude);
}

void Stream::running(Decisions& out, const Interlude& interlude) const {
  out.clear();
  const std::size_t begin = position_ - std::min(samples_.size(), length_);
  if (!is_enough(position_ - begin, rate_)) return;
  out.make_room(1);
  out.signals_[0] = last_samples(begin);
  predict(1, out, interlude);
  tell_window(0, begin, position_, out);
  out.size_ = 1;
}

void Stream::finish(Decisions& out, const Interlude& interlude) {
  out.clear();
  if (finished_) return;
  const std::size_t begin = begin_of(next_);
  if (begin < position_ && is_enough(position_ - begin, rate_)) {
    out.make_room(1);
    out.signals_[0] = last_samples(begin);
    predict(1, out, interlude);
    tell_window(0, begin, position_, out);
    last_beat_ = tell_beats(next_, 0, true, last_beat_, out);
    const std::size_t decided = next_ == 0 ? 0 : begin_of(next_ - 1) + length_;
    const bool worth = 2 * static_cast<double>(position_ - decided) >= options_.hop * rate_;
    out.size_ = next_ == 0 || worth ? 1 : 0;
  }
  finished_ = true;
}

void Stream::restart(double sampling_rate, Decisions& out, const Interlude& interlude) {
  const double rate = find_rate(sampling_rate);
  finish(out, interlude);
  origin_ = seconds();
  set_rate(rate);
  position_ = next_ = 0;
  samples_.clear();
  finished_ = false;
}

// All kept samples from number `from` on.
Signal Stream::last_samples(std::size_t from) const {
  return samples_.view(from - (position_ - samples_.size()), position_ - from);
}

void Stream::predict(std::size_t windows, Decisions& out, const Interlude& interlude) const {
  const std::span<Signal> signals(out.signals_.data(), windows);
  const std::span<Prediction> predictions(out.predictions_.data(), windows);
  for (Signal& signal : signals) {
    signal.sampling_rate = rate_;
    signal.microvolts = options_.microvolts;
  }
  const std::size_t most = kBatch * classifier_.backend().parallel_windows();
  for (std::size_t first = 0, count; first < windows; first += count) {
    if (first > 0 && interlude) interlude();
    count = std::min(most, windows - first);
    classifier_.predict(signals.subspan(first, count), predictions.subspan(first, count),
                        options_.min_confidence, interlude);
  }
}

void Stream::tell_window(std::size_t i, std::size_t begin, std::size_t end, Decisions& out) const {
  out.spans_[i] = {origin_ + static_cast<double>(begin) / rate_,
                   origin_ + static_cast<double>(end) / rate_};
}

// Adds the beats in the middle hop of a window, and returns the time of the last so far. The first
// window tells those before its middle too, and the last one those after it.
double Stream::tell_beats(std::size_t window, std::size_t i, bool last, double before,
                          Decisions& out) const {
  const double margin = (options_.window - options_.hop) / 2, start = out.spans_[i].start;
  const double from = window == 0 ? start : start + margin;
  const double next = origin_ + static_cast<double>(begin_of(window + 1)) / rate_;
  const double to = last ? kInfinity : next + margin;
  for (const double beat : out.predictions_[i].beats) {
    const double at = start + beat;
    if (at < from - kSameBeat || at >= to) continue;
    if (at < from + kSameBeat && at <= before + kSameBeat) continue;  // told by the window before
    out.beats_.push_back(at);
    before = at;
  }
  return before;
}

}  // namespace ecgrt
