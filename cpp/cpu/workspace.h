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

// Grows to the most that it was asked for. A run is: plan(), reserve() unless that much was
// reserved before, load_input(), every step in order, for a record that goes on between before()
// and after() of its chain, finish().
class Workspace {
 public:
  // Memory for a run: of tensors and of each worker's scratch, in bytes; and its steps.
  struct Needs {
    std::size_t arena = 0, scratch = 0, steps = 0;
    void cover(const Needs& other);
  };

  explicit Workspace(const Network& network);

  // Lays out a window's tensors and its steps. Allocates nothing if the steps were reserved.
  Needs plan(const Window& window, std::size_t workers);
  void reserve(const Needs& needs, std::size_t workers);
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
