// A network as the engine runs it: layers, their order, and how its tensors lie in memory.
#pragma once

#include <cstddef>
#include <vector>

#include "cpu/layers.h"
#include "cpu/plan_file.h"
#include "cpu/schedule.h"

namespace ecgrt {

struct Network {
  // The layers' weights are yet to be packed.
  Network(const CpuPlan& plan, const KernelTable& kernels);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  std::vector<Tensor> tensors;  // the first is the input
  std::vector<Layer> layers;
  Schedule schedule;
  std::vector<std::size_t> outputs;  // the tensor of each layer
  std::size_t logits;                // the layer
  std::size_t classes;
  std::size_t evidence;  // channels of the logits behind the classes, answered as they are
  std::size_t samples_per_segment;

  std::size_t slots = 0;
  std::vector<std::size_t> rows_before, rows_behind;  // of zeros, around each tensor
  // Room for them in each slot: all its tensors start at one address, for one may replace another.
  std::vector<std::size_t> floats_before;
  double products = 0;        // multiplications of a segment, as convolutions are defined
  std::size_t max_segments;   // of a window
  std::size_t part_segments;  // per thread, of a stretch that layers take turns on

 private:
  std::size_t lay_out();
};

// In floats: whole cache lines.
constexpr std::size_t align(std::size_t floats) { return (floats + 15) / 16 * 16; }

}  // namespace ecgrt
