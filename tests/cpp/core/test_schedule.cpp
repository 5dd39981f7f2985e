// The order of a network's layers: whatever the stretches of time and the slots, each step reads
// what was written for it, and nothing is overwritten that is still to be read.
#include <algorithm>
#include <string>
#include <vector>

#include "check.h"
#include "cpu/continuation.h"
#include "cpu/schedule.h"
#include "problem.h"

namespace ecgrt {
namespace {

// A network of convolutions without arithmetic: what matters is which rows they read and write.
struct Network {
  CpuPlan plan;
  std::vector<float> zeros = std::vector<float>(33 * 64 * 64, 0.0F);

  Blob blob(std::size_t count) const {
    return {reinterpret_cast<const std::byte*>(zeros.data()), count, NumberType::kFloat32};
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

// All that layers write for nobody but the next are rounded, or no tensor is.
std::vector<Tensor> tensors_of(const CpuPlan& plan, bool rounded) {
  std::vector<Tensor> tensors;
  for (const PlanTensor& tensor : plan.tensors) tensors.push_back({tensor, rounded});
  tensors[0].rounded = false;
  for (const PlanConvolution& c : plan.convolutions) {
    for (const std::size_t tensor : {c.raw, c.residual}) {
      if (tensor != kNoTensor) tensors[tensor].rounded = false;
    }
  }
  return tensors;
}

std::vector<Layer> layers_of(const CpuPlan& plan, const KernelTable& kernels) {
  std::vector<Layer> layers;
  for (const PlanConvolution& c : plan.convolutions) layers.emplace_back(plan, c, false, kernels);
  return layers;
}

// Memory in which a row of a tensor holds its number in the record, in every channel. Its row 0 is
// that of time step `begin`.
class Memory {
 public:
  Memory(const std::vector<Tensor>& tensors, const std::vector<std::size_t>& rows,
         std::size_t begin, bool ends)
      : tensors_(tensors), rows_(rows), begin_(begin), ends_(ends) {
    for (const Tensor& tensor : tensors) {
      slots_.resize(std::max(slots_.size(), tensor.slot + 1));
    }
  }
  // The tensor's row 0, with room for so many rows.
  float* at(std::size_t tensor, std::size_t rows) {
    std::vector<float>& slot = slots_[tensors_[tensor].slot];
    const std::size_t size = rows * tensors_[tensor].floats();
    if (slot.size() < size) slot.resize(size, -1.0F);
    return slot.data();
  }
  void write(std::size_t tensor, std::size_t first, std::size_t end) {
    const std::size_t floats = tensors_[tensor].floats();
    float* to = at(tensor, end);
    for (std::size_t i = first * floats; i < end * floats; ++i) {
      to[i] = value(tensor, i / floats);
    }
  }
  // Rows before the record's first are zeros, and so are those behind its last if this is its end.
  void check(std::size_t tensor, std::ptrdiff_t first, std::size_t end, const std::string& where) {
    const std::size_t floats = tensors_[tensor].floats();
    CHECK_AT(first >= 0 || begin_ == 0, where);
    const auto from = static_cast<std::size_t>(std::max<std::ptrdiff_t>(first, 0));
    if (ends_) end = std::min(end, rows_[tensor]);
    CHECK_AT(end <= rows_[tensor], where);
    const float* rows = at(tensor, end);
    for (std::size_t i = from * floats; i < end * floats; ++i) {
      CHECK_AT(rows[i] == value(tensor, i / floats), where);
    }
  }

 private:
  float value(std::size_t tensor, std::size_t row) const {
    return static_cast<float>(8192 * tensor + begin_ / tensors_[tensor].rate + row);
  }
  const std::vector<Tensor>& tensors_;
  const std::vector<std::size_t>& rows_;
  std::size_t begin_;
  bool ends_;
  std::vector<std::vector<float>> slots_;
};

constexpr std::size_t kSegment = 2;  // time steps, of which all rates are divisors

// Plays a network's schedule for one window after another.
class Player {
 public:
  Player(const CpuPlan& plan, const std::vector<Layer>& layers, bool rounded)
      : plan_(plan),
        tensors_(tensors_of(plan, rounded)),
        layers_(layers),
        schedule_(tensors_, layers),
        behind_(tensors_.size()) {
    record_.restart(tensors_.size(), layers.size());
    for (const Layer& layer : layers) {
      outputs_.push_back(layer.output);
      behind_[layer.input] = std::max(behind_[layer.input], layer.conv.rows_behind());
    }
  }

  // Returns the number of steps.
  std::size_t play(std::size_t samples, bool ends, std::size_t parts, const std::string& where) {
    std::vector<std::size_t> rows, done, keep;
    const std::size_t local = record_.waiting() * kSegment + samples;
    for (const Tensor& tensor : tensors_) rows.push_back(local / tensor.rate);
    const std::vector<std::size_t> start = record_.done();
    std::vector<Step> steps;
    schedule_.plan({rows, start, ends}, 2, parts, done, steps);
    schedule_.rows_to_keep(rows, done, keep);
    Memory memory(tensors_, rows, begin_, ends);
    record_.load(0, 1, memory.at(0, rows[0]));
    memory.write(0, local - samples, local);
    record_.store(0, 1, memory.at(0, local), keep[0], local);
    auto step = steps.begin();
    for (const Chain& chain : schedule_.chains()) {
      for_outputs(chain, [&](std::size_t, std::size_t tensor) {
        record_.load(tensor, tensors_[tensor].floats(), memory.at(tensor, rows[tensor]));
      });
      std::vector<std::size_t> computed = start;
      for (; step != steps.end() && step->layer < chain.end; ++step) {
        run(*step, rows, start, ends, memory, computed, where);
      }
      for_outputs(chain, [&](std::size_t layer, std::size_t tensor) {
        CHECK_AT(computed[layer] == done[layer], where);
        CHECK_AT(!ends || done[layer] == rows[tensor], where);
        if (ends) return;
        memory.check(tensor, static_cast<std::ptrdiff_t>(keep[tensor]), done[layer], where);
        record_.store(tensor, tensors_[tensor].floats(), memory.at(tensor, done[layer]),
                      keep[tensor], done[layer]);
      });
    }
    record_.advance(samples / kSegment, done, keep, tensors_, outputs_, kSegment);
    begin_ += local - record_.waiting() * kSegment;
    CHECK_AT(record_.at_start() == (begin_ == 0), where);
    return steps.size();
  }

  std::size_t waiting() const { return record_.waiting(); }

 private:
  template <class Action>
  void for_outputs(const Chain& chain, const Action& action) {
    for (std::size_t i = chain.first; i < chain.end; ++i) {
      for (const std::size_t tensor : {layers_[i].raw, layers_[i].activated}) {
        if (tensor != kNoTensor) action(i, tensor);
      }
    }
  }

  void run(const Step& step, const std::vector<std::size_t>& rows,
           const std::vector<std::size_t>& start, bool ends, Memory& memory,
           std::vector<std::size_t>& computed, const std::string& where) {
    const Layer& layer = layers_[step.layer];
    const PlanConvolution& c = plan_.convolutions[step.layer];
    const std::size_t tile = layer.conv.rows_per_tile(), from = start[step.layer];
    const std::size_t first = from + step.tasks.first * tile;
    const std::size_t end = std::min(from + step.tasks.end * tile, rows[layer.output]);
    CHECK_AT(first == computed[step.layer], where);
    CHECK_AT(step.first == (first == 0), where);
    CHECK_AT(step.last == (ends && end == rows[layer.output]), where);
    const auto reach =
        static_cast<std::ptrdiff_t>(first * c.stride) - static_cast<std::ptrdiff_t>(c.pad);
    const std::size_t last = (end - 1) * c.stride + c.taps;
    memory.check(layer.input, reach, last > c.pad ? last - c.pad : 0, where);
    if (layer.residual != kNoTensor) {
      memory.check(layer.residual, static_cast<std::ptrdiff_t>(first * layer.pool),
                   end * layer.pool, where);
    }
    for (const std::size_t tensor : {layer.raw, layer.activated}) {
      if (tensor == kNoTensor) continue;
      memory.write(tensor, first, end + (step.last ? behind_[tensor] : 0));
    }
    computed[step.layer] = end;
  }

  const CpuPlan& plan_;
  const std::vector<Tensor> tensors_;
  const std::vector<Layer>& layers_;
  const Schedule schedule_;
  CpuContinuation record_;
  std::vector<std::size_t> outputs_;
  std::vector<std::size_t> behind_;  // rows of zeros that follow each tensor
  std::size_t begin_ = 0;            // time step of row 0
};

TEST(schedule, nothing_is_read_before_it_is_written_or_after_it_is_replaced) {
  for (const KernelTable* kernels : kernel_tables()) {
    for (const auto& [taps, pad] : {std::pair{16, 7}, std::pair{16, 15}, std::pair{16, 0},
                                    std::pair{3, 1}, std::pair{33, 16}}) {
      const Network network =
          residual_network(static_cast<std::size_t>(taps), static_cast<std::size_t>(pad));
      const std::vector<Layer> layers = layers_of(network.plan, *kernels);
      for (const std::size_t samples : {2, 64, 200, 1024, 5002}) {
        std::size_t whole = 0, most = 0;
        for (const std::size_t parts : {1, 2, 3, 7, 40}) {
          const std::string where = std::string(kernels->name) + ", " + std::to_string(taps) +
                                    " taps, pad " + std::to_string(pad) + ", " +
                                    std::to_string(samples) + " samples, " + std::to_string(parts) +
                                    " parts";
          const auto length = static_cast<std::size_t>(samples);
          for (const bool rounded : {false, true}) {
            Player player(network.plan, layers, rounded);
            const std::size_t steps = player.play(length, true, parts, where);
            if (parts == 1) whole = steps;
            most = std::max(most, steps);
          }
        }
        CHECK(whole == layers.size());
        CHECK(samples < 5000 || most > 2 * whole);
      }
    }
  }
}

TEST(schedule, a_record_goes_on_from_window_to_window) {
  for (const KernelTable* kernels : kernel_tables()) {
    for (const auto& [taps, pad] : {std::pair{16, 7}, std::pair{16, 15}, std::pair{16, 0},
                                    std::pair{3, 1}, std::pair{33, 16}, std::pair{1, 0}}) {
      const Network network =
          residual_network(static_cast<std::size_t>(taps), static_cast<std::size_t>(pad));
      const std::vector<Layer> layers = layers_of(network.plan, *kernels);
      for (const std::size_t window : {2, 38, 500, 1000}) {
        for (const std::size_t parts : {1, 3}) {
          const std::string where = std::string(kernels->name) + ", " + std::to_string(taps) +
                                    " taps, pad " + std::to_string(pad) + ", windows of " +
                                    std::to_string(window) + " samples, " + std::to_string(parts) +
                                    " parts";
          Player player(network.plan, layers, parts > 1);
          std::size_t most = 0, fed = 0;
          for (; fed < 3000; fed += window) {
            player.play(window, false, parts, where);
            most = std::max(most, player.waiting());
          }
          player.play(window, true, parts, where);
          CHECK_AT(most * kSegment < 1500, where);  // what waits does not grow with the record
        }
      }
    }
  }
}

}  // namespace
}  // namespace ecgrt
