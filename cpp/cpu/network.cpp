#include "cpu/network.h"

#include <algorithm>

namespace ecgrt {
namespace {

// Longest window: its tensors take about this much memory, per thread that runs one.
constexpr std::size_t kArenaBytes = 80 * 1024 * 1024;
// A stretch of time whose tensors stay in a thread's share of the L3 cache while chains of layers
// take turns on it.
constexpr std::size_t kPartBytes = 4 * 1024 * 1024;

// Rounded are those that only tiles read, in whole steps of their depth, which so need no number
// behind the filter's last; but for one that takes the place of a residual while that is read.
std::vector<Tensor> make_tensors(const CpuPlan& plan) {
  std::vector<Tensor> tensors;
  for (const PlanTensor& tensor : plan.tensors) tensors.push_back({tensor, plan.bfloat});
  tensors[0].rounded = tensors[plan.logits].rounded = false;
  for (const PlanConvolution& c : plan.convolutions) {
    Tensor& input = tensors[c.input];
    const std::size_t depth = divide_up(c.taps, c.stride) * c.stride * input.channels;
    if (!c.weights.is(NumberType::kBfloat16) || depth % kTileDepth != 0) input.rounded = false;
    if (c.raw != kNoTensor) tensors[c.raw].rounded = false;
    if (c.residual == kNoTensor) continue;
    tensors[c.residual].rounded = false;
    if (c.activated != kNoTensor && tensors[c.activated].slot == tensors[c.residual].slot) {
      tensors[c.activated].rounded = false;
    }
  }
  return tensors;
}

std::vector<Layer> make_layers(const CpuPlan& plan, const std::vector<Tensor>& tensors,
                               const KernelTable& kernels) {
  std::vector<Layer> layers;
  layers.reserve(plan.convolutions.size());
  for (const PlanConvolution& c : plan.convolutions) {
    layers.emplace_back(plan, c, tensors[c.input].rounded, kernels);
  }
  return layers;
}

}  // namespace

Network::Network(const CpuPlan& plan, const KernelTable& kernels)
    : tensors(make_tensors(plan)),
      layers(make_layers(plan, tensors, kernels)),
      schedule(tensors, layers),
      logits(schedule.writer(plan.logits)),
      classes(plan.classes),
      evidence(plan.metadata.evidence()),
      samples_per_segment(plan.metadata.samples_per_segment),
      rows_before(tensors.size(), 0),
      rows_behind(tensors.size(), 0) {
  // A record that goes on keeps what layers have yet to read, and computes whole tiles only; at
  // least half of each window must be new.
  std::size_t late = 0;
  for (const Layer& layer : layers) {
    outputs.push_back(layer.output);
    rows_before[layer.input] = std::max(rows_before[layer.input], layer.conv.rows_before());
    rows_behind[layer.input] = std::max(rows_behind[layer.input], layer.conv.rows_behind());
    const Tensor &in = tensors[layer.input], &out = tensors[layer.output];
    products += static_cast<double>(layer.taps * in.channels * out.channels) *
                static_cast<double>(samples_per_segment) / static_cast<double>(out.rate);
    late += layer.taps * tensors[layer.input].rate;
    late += layer.conv.rows_per_tile() * tensors[layer.output].rate;
  }
  const std::size_t bytes = lay_out();
  // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a plan has tensors
  part_segments = std::max<std::size_t>(kPartBytes / bytes, 1);
  max_segments = std::max(kArenaBytes / bytes, 2 * (late / samples_per_segment + 1));
}

// Returns the bytes of memory that a segment takes.
std::size_t Network::lay_out() {
  std::vector<std::size_t> floats_per_segment;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    slots = std::max(slots, tensor.slot + 1);
    floats_per_segment.resize(slots);
    floats_before.resize(slots);
    std::size_t& before = floats_before[tensor.slot];
    before = std::max(before, align(rows_before[i] * tensor.floats()));
    std::size_t& most = floats_per_segment[tensor.slot];
    most = std::max(most, samples_per_segment / tensor.rate * tensor.floats());
  }
  std::size_t bytes = 0;
  for (const std::size_t floats : floats_per_segment) bytes += floats * sizeof(float);
  return bytes;
}

}  // namespace ecgrt
