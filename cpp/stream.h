// Decisions on a signal that comes piece by piece.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "classifier.h"
#include "signal/sample_buffer.h"

namespace ecgrt {

struct StreamOptions {
  double sampling_rate = 0.0;  // Hz; 0 means the model's own
  double microvolts = 1.0;     // a unit of the samples
  double window = 30.0;        // seconds that a decision is on
  double hop = 10.0;           // seconds from one decision to the next
  double min_confidence = 0.0;
};

// What a call to a stream made final. The caller keeps it: one serves any number of streams, and
// its memory is used again.
class Decisions {
 public:
  struct Span {
    double start = 0, end = 0;  // seconds since the stream began
  };

  std::size_t size() const { return size_; }
  const Span& span(std::size_t i) const { return spans_[i]; }
  // As predict() gives it of the samples in the span; its beats are seconds from the span's start.
  Prediction& prediction(std::size_t i) { return predictions_[i]; }
  const Prediction& prediction(std::size_t i) const { return predictions_[i]; }
  // R peaks that became final, seconds since the stream began.
  std::span<const double> beats() const { return beats_; }

 private:
  friend class Stream;
  void clear();
  void make_room(std::size_t windows);

  std::size_t size_ = 0;
  std::vector<Span> spans_;  // these three: `size_` of them count, the others are kept memory
  std::vector<Prediction> predictions_;
  std::vector<Signal> signals_;
  std::vector<double> beats_;
};

// Window k is the samples from k * hop on, and is decided when its last sample is there: exactly
// as Classifier::predict would of them alone, whatever the chunks. For one thread at a time;
// streams of one classifier may be used by different threads. It keeps the last window + hop of
// samples, in the type that they came in, and allocates nothing once these are there and chunks
// last a hop at most. Where a call throws, the stream is as it was before.
class Stream {
 public:
  // `classifier` must outlive it. Throws std::invalid_argument for what is out of range.
  Stream(const Classifier& classifier, const StreamOptions& options);

  // The chunk's rate and unit are the stream's, whatever it says itself. Many windows are run as a
  // batch; between batches `interlude` is called, which may throw.
  void push(const Signal& chunk, Decisions& out, const Interlude& interlude = {});
  // Time passes of which there are no samples, a day at most.
  void skip(double seconds, Decisions& out, const Interlude& interlude = {});
  // The decision on the last samples, as many as a window has or there are; none while there are
  // fewer than the model takes. It changes nothing.
  void running(Decisions& out, const Interlude& interlude = {}) const;
  // Ends the stream. What no decision was on gets one, with the samples of its window that are
  // there, if it lasts half a hop, or if it is all that there was.
  void finish(Decisions& out, const Interlude& interlude = {});
  // Finishes, and begins anew at another rate where time stands.
  void restart(double sampling_rate, Decisions& out, const Interlude& interlude = {});

  double sampling_rate() const { return rate_; }
  double window() const { return options_.window; }
  double hop() const { return options_.hop; }
  bool finished() const { return finished_; }
  // That have passed since it began.
  double seconds() const { return origin_ + static_cast<double>(position_) / rate_; }

 private:
  double find_rate(double sampling_rate) const;
  void set_rate(double rate);
  std::size_t begin_of(std::size_t window) const;
  bool is_enough(std::size_t samples, double rate) const;
  Signal last_samples(std::size_t from) const;
  void check_open() const;
  void predict(std::size_t windows, Decisions& out, const Interlude& interlude) const;
  void tell_window(std::size_t i, std::size_t begin, std::size_t end, Decisions& out) const;
  double tell_beats(std::size_t window, std::size_t i, bool last, double before,
                    Decisions& out) const;
  void keep(const Signal& chunk, std::size_t from);

  const Classifier& classifier_;
  StreamOptions options_;
  double rate_ = 0;           // Hz
  std::size_t length_ = 0;    // samples of a window
  std::size_t hop_ = 0;       // samples of a hop, or one more
  double origin_ = 0;         // seconds at which the rate was set
  std::size_t position_ = 0;  // samples since then
  std::size_t next_ = 0;      // the window that is decided next
  double last_beat_ = -std::numeric_limits<double>::infinity();
  bool finished_ = false;
  SampleBuffer samples_;  // the newest
};

}  // namespace ecgrt
