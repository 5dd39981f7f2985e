// From a signal to a rhythm: preprocess, run the backend over windows, decide.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "backends.h"
#include "decision.h"
#include "interlude.h"
#include "pool.h"
#include "signal/reader.h"

namespace ecgrt {

// Immutable after loading; predict() may be called from many threads.
class Classifier {
 public:
  // Throws PlanError, BackendUnavailableError or std::invalid_argument (options).
  Classifier(const std::string& plan, const BackendOptions& options);
  // Of a plan that need not exist any longer then.
  Classifier(const PlanSource& plan, const BackendOptions& options);
  ~Classifier();

  // A label whose confidence is below `min_confidence` (0 to 1) is withheld. Throws
  // std::invalid_argument for that, or for a signal that cannot be classified. Reusing
  // `predictions` makes the call free of allocations once their lengths have been seen. Between
  // the pieces of a long call `interlude` is called; it may throw, and so end the call.
  void predict(std::span<const Signal> signals, std::span<Prediction> predictions,
               double min_confidence = 0.0, const Interlude& interlude = {}) const;

  // The largest difference between the probabilities that this engine gives for the plan's own
  // example and those that ONNX Runtime gave when the plan was built. NaN if the plan has none.
  float self_test() const;

  const Metadata& metadata() const { return backend().metadata(); }
  const Backend& backend() const { return *plan_.backend; }
  const std::string& training_records() const { return plan_.training_records; }

 private:
  struct Piece;
  struct Desk;
  struct Scratch;

  std::shared_ptr<const Resampler> resampler(double sampling_rate) const;
  void open_records(std::span<const Signal> signals, std::span<Prediction> predictions,
                    Scratch& scratch, const Interlude& interlude) const;
  void open_record(const Signal& signal, SignalReader& reader, Prediction& prediction, Desk& desk,
                   Interludes between) const;
  void analyse_rhythm(const Signal& signal, const SignalReader& reader, Prediction& prediction,
                      Desk& desk, Interludes between) const;
  void add_record(std::size_t record, const SignalReader& reader, Prediction& prediction,
                  Scratch& scratch) const;
  void add_pieces(std::size_t record, std::size_t begin, std::size_t segments,
                  Scratch& scratch) const;
  void run_pieces(std::span<Prediction> predictions, Scratch& scratch,
                  const Interlude& before_window) const;
  bool read_windows(std::span<Piece> pieces, Scratch& scratch) const;
  void keep_answers(const Window& window, Piece& piece, Prediction& prediction) const;

  const LoadedPlan plan_;
  const SignalKernels& kernels_;
  const SignalPath path_;
  const std::vector<std::size_t> features_;  // numbers of those that the record head asks for

  mutable std::mutex mutex_;                                               // guards what follows
  mutable std::map<double, std::shared_ptr<const Resampler>> resamplers_;  // by sampling rate
  mutable Pool<Scratch> scratch_;
};

}  // namespace ecgrt
