// Part of ecgrt.hpp: decisions on a signal that comes piece by piece.
#pragma once

#include <cstddef>
#include <ecgrt/classifier.hpp>
#include <memory>
#include <span>
#include <vector>

namespace ecgrt::inline api {

struct StreamOptions {
  double fs = 0;                 // Hz; 0: the model's own rate
  double unit = uV;              // of the samples
  double window = 30, hop = 10;  // seconds
  double min_confidence = 0;
  GoOn go_on = {};  // as of Options, in all calls; one that was cancelled may be made again
};

// Decisions on a signal that comes piece by piece; for one thread at a time.
class Stream {
 public:
  struct Decision {
    double start, end;          // seconds since the stream began
    PredictionView prediction;  // until the stream's next call
  };

  explicit Stream(const Classifier& classifier, const StreamOptions& options = {})
      : go_on_(std::make_unique<GoOn>(options.go_on)) {
    ecgrt_stream_options raw = ECGRT_STREAM_OPTIONS_INIT;
    raw.sampling_rate = options.fs;
    raw.microvolts = options.unit;
    raw.window = options.window;
    raw.hop = options.hop;
    raw.min_confidence = options.min_confidence;
    detail::ask(*go_on_, raw);
    ecgrt_stream* made = nullptr;
    detail::check(ecgrt_stream_open(classifier.get(), &raw, &made));
    handle_.reset(made);
  }

  // Each returns the decisions that it made final.
  template <Sample T>
  std::vector<Decision> push(std::span<const T> samples) {
    const ecgrt_signal chunk = view(samples);
    return decided(ecgrt_stream_push(handle_.get(), &chunk));
  }
  std::vector<Decision> skip(double seconds) {
    return decided(ecgrt_stream_skip(handle_.get(), seconds));
  }
  std::vector<Decision> finish() { return decided(ecgrt_stream_finish(handle_.get())); }
  std::vector<Decision> restart(double fs = 0) {
    return decided(ecgrt_stream_restart(handle_.get(), fs));
  }
  // The decision on the newest samples, if they are enough for one; nothing becomes final.
  std::vector<Decision> running() { return decided(ecgrt_stream_running(handle_.get())); }

  // R peaks that the last call made final, in seconds since the stream began.
  std::span<const double> beats() const {
    return {ecgrt_stream_beats(handle_.get()), ecgrt_stream_beat_count(handle_.get())};
  }
  double seconds() const { return ecgrt_stream_seconds(handle_.get()); }

 private:
  std::vector<Decision> decided(ecgrt_status status) const {
    detail::check(status);
    std::vector<Decision> all(ecgrt_stream_decision_count(handle_.get()));
    for (std::size_t i = 0; i < all.size(); ++i) {
      Decision& d = all[i];
      d.prediction = PredictionView(ecgrt_stream_decision(handle_.get(), i, &d.start, &d.end));
    }
    return all;
  }

  std::unique_ptr<GoOn> go_on_;  // where the handle finds it, wherever the stream is moved to
  std::unique_ptr<ecgrt_stream, detail::Close> handle_;
};

}  // namespace ecgrt::inline api
