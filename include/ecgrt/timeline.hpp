// Part of ecgrt.hpp: what a long record was, all along.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ecgrt/classifier.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ecgrt::inline api {

struct TimelineOptions {
  double fs = 0;                 // Hz; 0: the model's own rate
  double unit = uV;              // of the samples
  double window = 30, hop = 10;  // seconds
  double smoothing = 60;         // seconds
  double margin = 0.2;           // of probability
  double shortest = 30;          // seconds
  GoOn go_on = {};  // as of Options, in all calls; one that was cancelled may be made again
};

// Takes a record piece by piece, and tells at its end what it was; for one thread at a time.
class Timeline {
 public:
  struct Span {
    double start, end;                       // seconds
    std::string_view label;                  // such as "AF"; "unreadable"
    double probability;                      // NaN: it is unreadable
    std::optional<ecgrt_gap_reason> reason;  // why it is; none: noise, or it is readable
  };

  explicit Timeline(const Classifier& classifier, const TimelineOptions& options = {})
      : go_on_(std::make_unique<GoOn>(options.go_on)) {
    ecgrt_timeline_options raw = ECGRT_TIMELINE_OPTIONS_INIT;
    raw.sampling_rate = options.fs;
    raw.microvolts = options.unit;
    raw.window = options.window;
    raw.hop = options.hop;
    raw.smoothing = options.smoothing;
    raw.margin = options.margin;
    raw.shortest = options.shortest;
    detail::ask(*go_on_, raw);
    ecgrt_timeline* made = nullptr;
    detail::check(ecgrt_timeline_open(classifier.get(), &raw, &made));
    handle_.reset(made);
  }

  template <Sample T>
  void push(std::span<const T> samples) {
    const ecgrt_signal chunk = view(samples);
    detail::check(ecgrt_timeline_push(handle_.get(), &chunk));
  }
  void skip(double seconds) { detail::check(ecgrt_timeline_skip(handle_.get(), seconds)); }
  // Ends the record; what follows tells of it.
  void finish() { detail::check(ecgrt_timeline_finish(handle_.get())); }

  double seconds() const { return ecgrt_timeline_seconds(handle_.get()); }
  double readable() const { return ecgrt_timeline_readable(handle_.get()); }
  // What a stretch can be, apart from unreadable.
  std::vector<std::string_view> states() const {
    std::vector<std::string_view> names(ecgrt_timeline_state_count(handle_.get()));
    for (std::size_t i = 0; i < names.size(); ++i) {
      names[i] = ecgrt_timeline_state_name(handle_.get(), i);
    }
    return names;
  }
  // The whole record, divided.
  std::vector<Span> spans() const {
    std::vector<Span> all;
    for (std::size_t i = 0; i < ecgrt_timeline_span_count(handle_.get()); ++i) {
      ecgrt_span s;
      detail::check(ecgrt_timeline_span(handle_.get(), i, &s));
      all.push_back({s.start, s.end, s.label, s.probability, {}});
      if (s.reason >= 0) all.back().reason = static_cast<ecgrt_gap_reason>(s.reason);
    }
    return all;
  }
  // What cannot be read of the signal.
  std::vector<ecgrt_gap> gaps() const {
    std::vector<ecgrt_gap> all(ecgrt_timeline_gap_count(handle_.get()));
    for (std::size_t i = 0; i < all.size(); ++i) {
      detail::check(ecgrt_timeline_gap(handle_.get(), i, &all[i]));
    }
    return all;
  }
  // Of atrial fibrillation; of a model that does not know it, of its first class.
  ecgrt_burden burden(std::size_t state = 0) const {
    ecgrt_burden found;
    detail::check(ecgrt_timeline_burden(handle_.get(), state, &found));
    return found;
  }
  // Steps by states, smoothed; NaN where there is no answer.
  std::span<const double> probabilities() const {
    return {ecgrt_timeline_probabilities(handle_.get()),
            ecgrt_timeline_step_count(handle_.get()) * ecgrt_timeline_state_count(handle_.get())};
  }
  // R peaks so far, in seconds.
  std::span<const double> beats() const {
    return {ecgrt_timeline_beats(handle_.get()), ecgrt_timeline_beat_count(handle_.get())};
  }
  // What speaks against most of the record: a code and a sentence each.
  std::vector<Warning> warnings() const {
    std::vector<Warning> all;
    for (std::size_t i = 0; i < ecgrt_timeline_warning_count(handle_.get()); ++i) {
      all.push_back({ecgrt_timeline_warning_code(handle_.get(), i),
                     ecgrt_timeline_warning_text(handle_.get(), i)});
    }
    return all;
  }

  ecgrt_timeline* get() const noexcept { return handle_.get(); }

 private:
  std::unique_ptr<GoOn> go_on_;  // where the handle finds it, wherever the timeline is moved to
  std::unique_ptr<ecgrt_timeline, detail::Close> handle_;
};

}  // namespace ecgrt::inline api
