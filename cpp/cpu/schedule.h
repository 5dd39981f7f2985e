// The order in which the layers of a network run: whole, or many of them on one stretch of time
// after another, while its tensors are in the cache.
#pragma once

#include <cstddef>
#include <vector>

#include "cpu/layers.h"
#include "plan_file.h"

namespace ecgrt {

// A convolution and the tensors that it reads and writes.
struct Layer {
  Layer(const CpuPlan& plan, const PlanConvolution& c, const KernelTable& kernels)
      : conv(plan, c, kernels),
        input(c.input),
        residual(c.residual),
        raw(c.raw),
        activated(c.activated),
        pool(c.pool),
        output(c.raw != kNoTensor ? c.raw : c.activated) {}

  ConvLayer conv;
  std::size_t input, residual, raw, activated, pool;
  std::size_t output;  // raw or activated, whichever there is
};

// Some rows of one layer.
struct Step {
  std::size_t layer = 0;
  Tasks tasks;
  bool first = false;  // of the layer's steps
  bool last = false;
};

class Schedule {
 public:
  // Both must outlive the schedule.
  Schedule(const std::vector<PlanTensor>& tensors, const std::vector<Layer>& layers);

  // Replaces `steps` by those for tensors of `rows` each, run by `workers` threads, where chains of
  // layers take `parts` stretches of time one after another. `done` is room for the work.
  void plan(const std::vector<std::size_t>& rows, std::size_t workers, std::size_t parts,
            std::vector<std::size_t>& done, std::vector<Step>& steps) const;

 private:
  // Layers [first, end) that take turns.
  struct Chain {
    std::size_t first, end;
  };

  bool may_follow(std::size_t layer, std::size_t first) const;
  bool overtakes(std::size_t tensor, std::size_t reader) const;
  std::size_t ready(std::size_t layer, std::size_t first, const std::vector<std::size_t>& rows,
                    const std::vector<std::size_t>& done) const;

  const std::vector<PlanTensor>& tensors_;
  const std::vector<Layer>& layers_;
  std::vector<std::size_t> writers_;  // of each tensor; of the input, none: the number of layers
  std::vector<Chain> chains_;
};

}  // namespace ecgrt
