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

// Grows to the most that it was asked for.
class Workspace {
 public:
  // Memory for a run: of tensors and of each worker's scratch, in bytes; and its steps.
  struct Needs {
    std::size_t arena = 0, scratch = 0, steps = 0;
    void cover(const Needs& other);
  };

  // A window on its way through the network. Runs every step of every chain in order, for a record
  // that continues between enter() and leave() of the step's chain; then finish().
  class Run {
   public:
    const std::vector<Step>& steps() const { return workspace_.steps_; }

    void enter(const Chain& chain) { workspace_.restore(chain, window_); }
    void leave(const Chain& chain) { workspace_.keep(chain, window_); }
    void clear_margins(const Step& step) { workspace_.clear_margins(step); }
    void run(const Step& step, std::size_t task, std::size_t worker) {
      workspace_.run(step, task, worker);
    }
    // Takes the step's next task, which may be beyond its last.
    std::size_t take_task(std::size_t step) { return workspace_.next_[step]++; }
    // Turns new logits into answers, and tells the record's continuation how far it is.
    void finish() && { workspace_.finish(window_); }

   private:
    friend Workspace;
    Run(Workspace& workspace, const Window& window) : workspace_(workspace), window_(window) {}

    Workspace& workspace_;
    const Window& window_;
  };

  explicit Workspace(const Network& network);

  // What start() will need, so that it can be reserved where an allocation may fail.
  Needs needs(const Window& window, std::size_t workers) { return plan(window, workers); }
  void reserve(const Needs& needs, std::size_t workers);
  // One run at a time. Allocates nothing if as much was reserved. The window must outlive the run.
  Run start(const Window& window, std::size_t workers);

 private:
  // Lays out a window's tensors and its steps.
  Needs plan(const Window& window, std::size_t workers);
  void load_input(const Window& window);
  void restore(const Chain& chain, const Window& window);
  void keep(const Chain& chain, const Window& window);
  void finish(const Window& window);
  void clear_margins(const Step& step);
  void run(const Step& step, std::size_t task, std::size_t worker);
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
