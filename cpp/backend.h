// What runs a network: the CPU engine, or TensorRT.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
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

// One uninterrupted stretch of preprocessed signal and where its answers go: a record of its own,
// or a part of one that continues where the part before it ended.
class Window {
 public:
  // `samples` are segments * samples_per_segment values, `answers` gets segments * outputs.
  static Window whole(const float* samples, std::size_t segments, float* answers) {
    return {samples, segments, answers, nullptr, true};
  }
  // Answers are written as soon as the signal that they depend on is there: as many as
  // `record.answered` grows by, up to max_segments(). After the `last` part no other may follow.
  static Window part(const float* samples, std::size_t segments, float* answers,
                     Continuation& record, bool last) {
    return {samples, segments, answers, &record, last};
  }

  const float* samples() const { return samples_; }
  std::size_t segments() const { return segments_; }
  float* answers() const { return answers_; }
  Continuation* record() const { return record_; }  // null: the window is a record of its own
  bool ends() const { return ends_; }

 private:
  Window(const float* samples, std::size_t segments, float* answers, Continuation* record,
         bool ends)
      : samples_(samples), segments_(segments), answers_(answers), record_(record), ends_(ends) {}

  const float* samples_;
  std::size_t segments_;
  float* answers_;
  Continuation* record_;
  bool ends_;
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

  // Calls body(item, worker) for all items below `count`, side by side if the backend has threads:
  // as many workers as parallel_windows(), and never two calls with the same one at a time. Throws
  // what a body threw, once no other runs.
  template <class Body>
  void for_each(std::size_t count, Body&& body) const;

 protected:
  struct Work {
    void (*call)(void* context, std::size_t item, std::size_t worker) noexcept;
    void* context;
  };
  virtual void share_out(std::size_t count, const Work& work) const {
    for (std::size_t item = 0; item < count; ++item) work.call(work.context, item, 0);
  }
};

template <class Body>
void Backend::for_each(std::size_t count, Body&& body) const {
  struct Guarded {
    Body& body;
    std::mutex mutex{};
    std::exception_ptr error{};
  } guarded{body};
  share_out(count, {[](void* context, std::size_t item, std::size_t worker) noexcept {
                      auto& given = *static_cast<Guarded*>(context);
                      try {
                        given.body(item, worker);
                      } catch (...) {
                        const std::lock_guard lock(given.mutex);
                        if (!given.error) given.error = std::current_exception();
                      }
                    },
                    &guarded});
  if (guarded.error) std::rethrow_exception(guarded.error);
}

struct BackendOptions {
  std::size_t threads = 0;  // 0: the default; CPU: ECGRT_NUM_THREADS, else one per core
  int device = 0;           // CUDA device; of no meaning to the CPU engine
};

}  // namespace ecgrt
