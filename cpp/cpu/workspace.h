// The memory that a run writes to, and where in it a window's tensors lie.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "backend.h"
#include "cpu/continuation.h"
#include "cpu/network.h"

namespace ecgrt {

// Grows to the longest window that it has seen. A run is: prepare(), load_input(), every step in
// order between before() and after() of its chain, finish().
class Workspace {
 public:
  explicit Workspace(const Network& network) : network_(network) {}

  // Allocates nothing if as long a window was prepared before, with as many workers.
  void prepare(const Window& window, std::size_t workers);
  const std::vector<Step>& steps() const { return steps_; }

  void load_input(const Window& window);
  void before(const Chain& chain, const Window& window);
  void after(const Chain& chain, const Window& window);
  // Turns new logits into probabilities, and tells the record's continuation how far it is.
  void finish(const Window& window);

  void clear_margins(const Step& step);
  void run(const Step& step, std::size_t task, std::size_t worker);
  // Takes the step's next task, which may be beyond its last.
  std::size_t take_task(std::size_t step) { return next_[step]++; }

 private:
  void reserve(std::size_t steps, std::size_t workers);
  float* tensor(std::size_t index, std::size_t row = 0) const;
  Epilogue epilogue(const Step& step) const;

  const Network& network_;
  std::vector<std::size_t> rows_;     // of each tensor
  std::vector<std::size_t> offsets_;  // of each slot in the arena, in floats
  AlignedBuffer arena_;
  std::vector<AlignedBuffer> scratch_;  // one per worker
  std::vector<Step> steps_;
  std::vector<std::size_t> start_, done_;  // rows of each layer, before and after the run
  std::vector<std::size_t> keep_;          // first row of each tensor that is needed after it
  std::size_t counters_ = 0;
  std::unique_ptr<std::atomic<std::size_t>[]> next_;  // task of each step
};

}  // namespace ecgrt
