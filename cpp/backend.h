// What runs a network: the CPU engine, or TensorRT.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "metadata.h"

namespace ecgrt {

// What a backend remembers of a long record from one window to the next.
struct Continuation {
  virtual ~Continuation() = default;
  std::size_t answered = 0;  // segments of the record so far
  std::size_t room = 0;      // segments that its next window may have
};

// One uninterrupted stretch of normalised signal and where its answers go.
struct Window {
  const float* samples = nullptr;  // segments * samples_per_segment values
  std::size_t segments = 0;
  float* probabilities = nullptr;  // segments * classes values, segment by segment
  // Null: the window is a record of its own. Else it goes on where the last one with the same
  // continuation ended, and answers are written as soon as the signal that they depend on is there:
  // as many as `answered` grows by, up to max_segments().
  Continuation* continuation = nullptr;
  bool ends = true;  // no other window will follow
};

// Immutable after construction; run() may be called from many threads at a time.
class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  // Runs independent windows, each of 1 to max_segments() segments. One window is run for latency,
  // several for throughput. Allocates nothing when the same lengths were run before.
  virtual void run(std::span<const Window> windows) const = 0;

  // Whether windows may go on from each other; else those of a long record must overlap.
  virtual bool continues() const { return false; }
  // Makes a continuation ready for a record's first window, and the object itself if it is null.
  virtual void start(std::unique_ptr<Continuation>&) const {}

  virtual const Metadata& metadata() const = 0;
  virtual std::size_t max_segments() const = 0;      // longest window; longer records are cut
  virtual std::size_t parallel_windows() const = 0;  // how many windows it can keep busy with
  virtual std::string name() const = 0;              // such as "cpu/avx2"
};

struct BackendOptions {
  std::size_t threads = 0;  // 0: the default; CPU: ECGRT_NUM_THREADS, else one per core
  int device = 0;           // CUDA device; of no meaning to the CPU engine
};

}  // namespace ecgrt
