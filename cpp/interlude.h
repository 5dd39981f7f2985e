// How a long call is ended on the way: between its pieces somebody is asked.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <thread>

namespace ecgrt {

// Called between the pieces of a long call, on the thread that called; what it throws ends the
// call.
using Interlude = std::function<void()>;

// Counts what a loop has done, and calls an interlude now and then. Each loop has its own copy.
class Interludes {
 public:
  // From one call to the next: an hour at 300 Hz, milliseconds of work. Shorter records never ask.
  static constexpr std::size_t kSamples = std::size_t{1} << 20;

  Interludes() = default;  // nobody asks
  explicit Interludes(const Interlude& interlude) : interlude_(interlude ? &interlude : nullptr) {}

  // To be called after every piece of so many samples.
  void after(std::size_t samples) {
    done_ += samples;
    if (done_ < kSamples) return;
    done_ = 0;
    if (interlude_ != nullptr) (*interlude_)();
  }

 private:
  const Interlude* interlude_ = nullptr;
  std::size_t done_ = 0;
};

// One interlude for threads that work on a call together. Only the thread that made this calls it;
// where it throws the others end at their next.
class SharedInterlude {
 public:
  explicit SharedInterlude(const Interlude& interlude)
      : interlude_(interlude), next_([this] { ask(); }) {}
  SharedInterlude(const SharedInterlude&) = delete;
  SharedInterlude& operator=(const SharedInterlude&) = delete;

  // Runs what the threads do, and throws what the interlude threw.
  template <class Work>
  void run(const Work& work) {
    try {
      work();
    } catch (const Ended&) {
      std::rethrow_exception(error_);
    }
  }

  // For a thread that takes up a part of the work.
  Interludes begin() const {
    if (ended_) throw Ended();
    return Interludes(next_);
  }

 private:
  struct Ended {};

  void ask() {
    if (ended_) throw Ended();
    if (!interlude_ || std::this_thread::get_id() != caller_) return;
    try {
      interlude_();
    } catch (...) {
      error_ = std::current_exception();
      ended_ = true;
      throw;
    }
  }

  const Interlude& interlude_;
  const Interlude next_;
  const std::thread::id caller_ = std::this_thread::get_id();
  std::atomic<bool> ended_ = false;
  std::exception_ptr error_;
};

}  // namespace ecgrt
