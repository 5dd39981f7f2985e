// The order in which the layers of a network run: whole, or many of them on one stretch of time
// after another, while its tensors are in the cache.
#pragma once

#include <cstddef>
#include <vector>

#include "cpu/layers.h"
#include "cpu/plan_file.h"

namespace ecgrt {

// A tensor as it is kept in memory.
struct Tensor : PlanTensor {
  bool rounded = false;  // to bfloat16, for nobody reads more of it

  std::size_t floats() const { return rounded ? channels / 2 : channels; }  // of a row
};

// A convolution and the tensors that it reads and writes.
struct Layer {
  Layer(const CpuPlan& plan, const PlanConvolution& c, bool rounded, const KernelTable& kernels)
      : conv(plan, c, rounded, kernels),
        input(c.input),
        residual(c.residual),
        raw(c.raw),
        activated(c.activated),
        pool(c.pool),
        taps(c.taps),
        stride(c.stride),
        output(c.raw != kNoTensor ? c.raw : c.activated) {}

  ConvLayer conv;
  std::size_t input, residual, raw, activated, pool, taps, stride;
  std::size_t output;  // raw or activated, whichever there is
};

// Some rows of one layer.
struct Step {
  std::size_t layer = 0;
  Tasks tasks;         // of the rows behind those that the layer starts with
  bool first = false;  // row 0 is among them
  bool last = false;   // so is the record's last
};

// Layers [first, end) that take turns.
struct Chain {
  std::size_t first, end;
};

class Schedule {
 public:
  // Both must outlive the schedule.
  Schedule(const std::vector<Tensor>& tensors, const std::vector<Layer>& layers);

  // What a run has to do: layers have `start` rows of their output, of tensors of `rows` each; more
  // of the record follows unless it `ends` here.
  struct Job {
    const std::vector<std::size_t>& rows;
    const std::vector<std::size_t>& start;
    bool ends;
  };

  // Replaces `steps` by those for all rows that can be had, run by `workers` threads, where chains
  // of layers take `parts` stretches of time one after another, and `done` by each layer's rows.
  void plan(const Job& job, std::size_t workers, std::size_t parts, std::vector<std::size_t>& done,
            std::vector<Step>& steps) const;

  // The layer that writes a tensor; of the input, none: the number of layers.
  std::size_t writer(std::size_t tensor) const { return writers_[tensor]; }
  // In the order of the steps; together they hold every layer once.
  const std::vector<Chain>& chains() const { return chains_; }
  // Replaces `keep` by the first row of each tensor that its readers, having `done` so much, need.
  void rows_to_keep(const std::vector<std::size_t>& rows, const std::vector<std::size_t>& done,
                    std::vector<std::size_t>& keep) const;

 private:
  bool may_follow(std::size_t layer, std::size_t first) const;
  bool overtakes(std::size_t tensor, std::size_t reader) const;
  std::size_t ready(std::size_t layer, std::size_t first, const Job& job,
                    const std::vector<std::size_t>& done) const;
  std::size_t unread(std::size_t tensor, std::size_t reader,
                     const std::vector<std::size_t>& done) const;

  const std::vector<Tensor>& tensors_;
  const std::vector<Layer>& layers_;
  std::vector<std::size_t> writers_;
  std::vector<Chain> chains_;
};

}  // namespace ecgrt
