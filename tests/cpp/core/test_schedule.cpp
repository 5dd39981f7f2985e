// The order of a network's layers: whatever the stretches of time and the slots, each step reads
// what was written for it, and nothing is overwritten that is still to be read.
#include <algorithm>
#include <string>
#include <vector>

#include "check.h"
#include "cpu/schedule.h"
#include "problem.h"

namespace ecgrt {
namespace {

// A network of convolutions without arithmetic: what matters is which rows they read and write.
struct Network {
  CpuPlan plan;
  std::vector<float> zeros = std::vector<float>(33 * 64 * 64, 0.0F);

  Blob blob(std::size_t count) const {
    return {reinterpret_cast<const std::byte*>(zeros.data()), count, false};
  }
  std::size_t add_tensor(std::size_t channels, std::size_t rate, std::size_t slot) {
    plan.tensors.push_back({channels, rate, slot});
    return plan.tensors.size() - 1;
  }
  void add(std::size_t input, std::size_t residual, std::size_t raw, std::size_t activated,
           std::size_t taps, std::size_t stride, std::size_t pad, std::size_t pool) {
    const std::size_t inputs = plan.tensors[input].channels;
    const std::size_t outputs = plan.tensors[raw != kNoTensor ? raw : activated].channels;
    PlanConvolution c;
    c.input = input;
    c.residual = residual;
    c.raw = raw;
    c.activated = activated;
    c.taps = taps;
    c.stride = stride;
    c.pad = pad;
    c.pool = pool;
    c.weights = blob(taps * inputs * outputs);
    c.bias = blob(outputs);
    plan.convolutions.push_back(c);
  }
};

// Residual blocks like those of the 2017 network: sums that replace their shortcut, strides, and a
// tensor of more channels over one of fewer.
Network residual_network(std::size_t taps, std::size_t pad) {
  Network n;
  n.plan.opt_samples = 4096;
  n.add_tensor(1, 1, 0);
  const std::size_t a = n.add_tensor(16, 1, 1), b = n.add_tensor(16, 1, 0);
  const std::size_t c = n.add_tensor(16, 1, 2), d = n.add_tensor(16, 1, 1);
  const std::size_t e = n.add_tensor(16, 2, 0), f = n.add_tensor(16, 2, 3);
  const std::size_t g = n.add_tensor(16, 2, 2), h = n.add_tensor(48, 2, 0);
  const std::size_t i = n.add_tensor(48, 2, 3), j = n.add_tensor(48, 2, 1);
  n.add(0, kNoTensor, kNoTensor, a, taps, 1, pad, 1);
  n.add(a, kNoTensor, kNoTensor, b, taps, 1, pad, 1);
  n.add(b, a, d, c, taps, 1, pad, 1);
  n.add(c, kNoTensor, kNoTensor, e, taps, 2, pad, 1);
  n.add(e, d, g, f, taps, 1, pad, 2);
  n.add(f, kNoTensor, kNoTensor, h, taps, 1, pad, 1);
  n.add(h, g, j, i, taps, 1, pad, 1);
  return n;
}

// Memory as the tensor and row that each unit of a slot holds; a unit is the share of one channel.
class Memory {
 public:
  Memory(const CpuPlan& plan, const std::vector<std::size_t>& rows) : plan_(plan), rows_(rows) {
    for (const PlanTensor& tensor : plan.tensors) {
      slots_.resize(std::max(slots_.size(), tensor.slot + 1));
    }
  }
  void write(std::size_t tensor, std::size_t first, std::size_t end) {
    const std::size_t channels = plan_.tensors[tensor].channels;
    std::vector<Cell>& slot = slots_[plan_.tensors[tensor].slot];
    if (slot.size() < end * channels) slot.resize(end * channels);
    for (std::size_t i = first * channels; i < end * channels; ++i) slot[i] = {tensor, i};
  }
  void check(std::size_t tensor, std::ptrdiff_t first, std::size_t end,
             const std::string& where) const {
    const std::size_t channels = plan_.tensors[tensor].channels;
    const std::vector<Cell>& slot = slots_[plan_.tensors[tensor].slot];
    const auto from = static_cast<std::size_t>(std::max<std::ptrdiff_t>(first, 0));
    for (std::size_t i = from * channels; i < std::min(end, rows_[tensor]) * channels; ++i) {
      CHECK_AT(i < slot.size() && slot[i].tensor == tensor && slot[i].index == i, where);
    }
  }

 private:
  struct Cell {
    std::size_t tensor = kNoTensor, index = 0;
  };
  const CpuPlan& plan_;
  const std::vector<std::size_t>& rows_;
  std::vector<std::vector<Cell>> slots_;
};

// Plays a schedule and returns its number of steps.
std::size_t play(const CpuPlan& plan, const std::vector<Layer>& layers, std::size_t samples,
                 std::size_t parts, const std::string& where) {
  std::vector<std::size_t> rows, done, computed(layers.size(), 0);
  for (const PlanTensor& tensor : plan.tensors) rows.push_back(samples / tensor.rate);
  std::vector<Step> steps;
  Schedule(plan.tensors, layers).plan(rows, 2, parts, done, steps);
  Memory memory(plan, rows);
  memory.write(0, 0, rows[0]);
  std::vector<std::size_t> behind(rows.size(), 0);  // rows of zeros that follow each tensor
  for (const Layer& layer : layers) {
    behind[layer.input] = std::max(behind[layer.input], layer.conv.rows_behind());
  }
  for (const Step& step : steps) {
    const Layer& layer = layers[step.layer];
    const PlanConvolution& c = plan.convolutions[step.layer];
    const std::size_t first = step.tasks.first * layer.conv.rows_per_tile();
    const std::size_t end =
        std::min(step.tasks.end * layer.conv.rows_per_tile(), rows[layer.output]);
    CHECK_AT(first == computed[step.layer], where);
    CHECK_AT(step.first == (first == 0) && step.last == (end == rows[layer.output]), where);
    const auto reach =
        static_cast<std::ptrdiff_t>(first * c.stride) - static_cast<std::ptrdiff_t>(c.pad);
    memory.check(layer.input, reach, (end - 1) * c.stride + c.taps - c.pad, where);
    if (layer.residual != kNoTensor) {
      memory.check(layer.residual, static_cast<std::ptrdiff_t>(first * layer.pool),
                   end * layer.pool, where);
    }
    for (const std::size_t tensor : {layer.raw, layer.activated}) {
      if (tensor == kNoTensor) continue;
      memory.write(tensor, first, end + (step.last ? behind[tensor] : 0));
    }
    computed[step.layer] = end;
  }
  for (std::size_t i = 0; i < layers.size(); ++i)
    CHECK_AT(computed[i] == rows[layers[i].output], where);
  return steps.size();
}

TEST(schedule, nothing_is_read_before_it_is_written_or_after_it_is_replaced) {
  for (const KernelTable* kernels : kernel_tables()) {
    for (const auto& [taps, pad] : {std::pair{16, 7}, std::pair{16, 15}, std::pair{16, 0},
                                    std::pair{3, 1}, std::pair{33, 16}}) {
      const Network network =
          residual_network(static_cast<std::size_t>(taps), static_cast<std::size_t>(pad));
      std::vector<Layer> layers;
      for (const PlanConvolution& c : network.plan.convolutions) {
        layers.emplace_back(network.plan, c, *kernels);
      }
      for (const std::size_t samples : {2, 64, 200, 1024, 5002}) {
        std::size_t whole = 0, most = 0;
        for (const std::size_t parts : {1, 2, 3, 7, 40}) {
          const std::string where = std::string(kernels->name) + ", " + std::to_string(taps) +
                                    " taps, pad " + std::to_string(pad) + ", " +
                                    std::to_string(samples) + " samples, " + std::to_string(parts) +
                                    " parts";
          const std::size_t steps = play(network.plan, layers, samples, parts, where);
          if (parts == 1) whole = steps;
          most = std::max(most, steps);
        }
        CHECK(whole == layers.size());
        CHECK(samples < 5000 || most > 2 * whole);
      }
    }
  }
}

}  // namespace
}  // namespace ecgrt
