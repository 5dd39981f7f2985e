#include "cpu/workspace.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace ecgrt {
namespace {

// What was there is of no use, and freed first: the two are never in memory together.
void grow(AlignedBuffer& buffer, std::size_t bytes) {
  if (buffer.size() >= bytes) return;
  buffer = AlignedBuffer();
  buffer = AlignedBuffer(bytes);
}

CpuContinuation* record_of(const Window& window) {
  return static_cast<CpuContinuation*>(window.record());
}

// Calls action(layer, tensor) for all tensors that a chain writes.
template <class Action>
void for_outputs(const Network& network, const Chain& chain, const Action& action) {
  for (std::size_t i = chain.first; i < chain.end; ++i) {
    for (const std::size_t tensor : {network.layers[i].raw, network.layers[i].activated}) {
      if (tensor != kNoTensor) action(i, tensor);
    }
  }
}

}  // namespace

void Workspace::Needs::cover(const Needs& other) {
  arena = std::max(arena, other.arena);
  scratch = std::max(scratch, other.scratch);
  steps = std::max(steps, other.steps);
}

Workspace::Workspace(const Network& network) : network_(network) {
  for (auto* of_tensors : {&rows_, &keep_}) of_tensors->reserve(network.tensors.size());
  for (auto* of_layers : {&start_, &done_}) of_layers->reserve(network.layers.size());
  offsets_.reserve(network.slots + 1);
}

Workspace::Needs Workspace::plan(const Window& window, std::size_t workers) {
  CpuContinuation* record = record_of(window);
  const std::size_t segments = window.segments() + (record ? record->waiting() : 0);
  const auto& tensors = network_.tensors;
  rows_.resize(tensors.size());
  offsets_.assign(network_.slots + 1, 0);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& tensor = tensors[i];
    rows_[i] = segments * network_.samples_per_segment / tensor.rate;
    std::size_t& size = offsets_[tensor.slot + 1];
    size = std::max(size, network_.floats_before[tensor.slot] +
                              align((rows_[i] + network_.rows_behind[i]) * tensor.floats()));
  }
  for (std::size_t slot = 0; slot < network_.slots; ++slot) offsets_[slot + 1] += offsets_[slot];

  if (record) start_ = record->done();
  if (!record) start_.assign(network_.layers.size(), 0);
  const std::size_t part = network_.part_segments * workers;
  const std::size_t parts = (window.segments() + part - 1) / part;
  network_.schedule.plan({rows_, start_, window.ends()}, workers, parts, done_, steps_);
  if (!window.ends()) {
    network_.schedule.rows_to_keep(rows_, done_, keep_);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): what does not end is continued
      record->reserve(i, (rows_[i] - keep_[i]) * tensors[i].floats());
    }
  }
  Needs needs{offsets_[network_.slots] * sizeof(float), 0, steps_.size()};
  for (const Layer& layer : network_.layers) {
    const std::size_t scratch = layer.conv.scratch_floats(rows_[layer.output]) * sizeof(float);
    needs.scratch = std::max(needs.scratch, scratch);
  }
  return needs;
}

void Workspace::reserve(const Needs& needs, std::size_t workers) {
  grow(arena_, needs.arena);
  steps_.reserve(needs.steps);
  if (counters_ < needs.steps) {
    next_ = std::make_unique<std::atomic<std::size_t>[]>(needs.steps);
    counters_ = needs.steps;
  }
  for (std::size_t i = 0; i < needs.steps; ++i) next_[i].store(0, std::memory_order_relaxed);
  scratch_.resize(std::max(scratch_.size(), workers));
  for (std::size_t worker = 0; worker < workers; ++worker) grow(scratch_[worker], needs.scratch);
}

Workspace::Run Workspace::start(const Window& window, std::size_t workers) {
  reserve(plan(window, workers), workers);
  load_input(window);
  return {*this, window};
}

float* Workspace::tensor(std::size_t index, std::size_t row) const {
  const Tensor& tensor = network_.tensors[index];
  return arena_.floats() + offsets_[tensor.slot] + network_.floats_before[tensor.slot] +
         row * tensor.floats();
}

void Workspace::load_input(const Window& window) {
  CpuContinuation* record = record_of(window);
  const std::size_t samples = window.segments() * network_.samples_per_segment;
  float* rows = tensor(0);
  std::fill_n(rows - network_.rows_before[0], network_.rows_before[0], 0.0F);
  if (record) record->load(0, 1, rows);
  std::memcpy(rows + rows_[0] - samples, window.samples(), samples * sizeof(float));
  std::fill_n(rows + rows_[0], network_.rows_behind[0], 0.0F);
  if (!window.ends()) record->store(0, 1, rows, keep_[0], rows_[0]);
}

// A record that continues: the rows that the last window left of what the chain writes.
void Workspace::restore(const Chain& chain, const Window& window) {
  const CpuContinuation* record = record_of(window);
  if (record == nullptr) return;
  for_outputs(network_, chain, [&](std::size_t, std::size_t index) {
    const std::size_t floats = network_.tensors[index].floats();
    const std::size_t zeros = record->at_start() ? network_.rows_before[index] * floats : 0;
    std::fill_n(tensor(index) - zeros, zeros, 0.0F);
    record->load(index, floats, tensor(index));
  });
}

// What comes later may take the same memory.
void Workspace::keep(const Chain& chain, const Window& window) {
  if (window.ends()) return;
  for_outputs(network_, chain, [&](std::size_t layer, std::size_t index) {
    record_of(window)->store(index, network_.tensors[index].floats(), tensor(index), keep_[index],
                             done_[layer]);
  });
}

// Slots are shared, so the zeros around a tensor are written anew each time.
void Workspace::clear_margins(const Step& step) {
  const Layer& layer = network_.layers[step.layer];
  for (const std::size_t index : {layer.raw, layer.activated}) {
    if (index == kNoTensor) continue;
    const std::size_t floats = network_.tensors[index].floats();
    const std::size_t before = network_.rows_before[index] * floats;
    if (step.first) std::fill_n(tensor(index) - before, before, 0.0F);
    if (step.last) {
      std::fill_n(tensor(index, rows_[index]), network_.rows_behind[index] * floats, 0.0F);
    }
  }
}

void Workspace::run(const Step& step, std::size_t task, std::size_t worker) {
  const Layer& layer = network_.layers[step.layer];
  // Tiles are counted from the first row that is new.
  const float* input = tensor(layer.input, start_[step.layer] * layer.stride);
  layer.conv.run(step.tasks, task, input, epilogue(step), scratch_[worker].floats());
}

Epilogue Workspace::epilogue(const Step& step) const {
  const Layer& layer = network_.layers[step.layer];
  const std::size_t first = start_[step.layer];
  Epilogue epilogue = layer.conv.epilogue();
  if (layer.residual != kNoTensor) {
    const std::size_t channels = network_.tensors[layer.residual].channels;
    epilogue.residual = tensor(layer.residual, first * layer.pool);
    epilogue.residual_channels = static_cast<std::ptrdiff_t>(channels);
    epilogue.pool = static_cast<std::ptrdiff_t>(layer.pool);
  }
  if (layer.raw != kNoTensor) epilogue.raw = tensor(layer.raw, first);
  if (layer.activated != kNoTensor) {
    float* activated = tensor(layer.activated, first);
    if (network_.tensors[layer.activated].rounded) {
      epilogue.rounded = reinterpret_cast<std::uint16_t*>(activated);
    } else {
      epilogue.activated = activated;
    }
  }
  epilogue.rows = static_cast<std::ptrdiff_t>(rows_[layer.output] - first);
  return epilogue;
}

void Workspace::finish(const Window& window) {
  const std::size_t first = start_[network_.logits], end = done_[network_.logits];
  const std::size_t classes = network_.classes, evidence = network_.evidence;
  float* out = window.answers();
  for (std::size_t segment = first; segment < end; ++segment, out += classes + evidence) {
    const float* logits = tensor(network_.outputs[network_.logits], segment);
    const float largest = *std::max_element(logits, logits + classes);
    float sum = 0;
    for (std::size_t i = 0; i < classes; ++i) sum += out[i] = std::exp(logits[i] - largest);
    for (std::size_t i = 0; i < classes; ++i) out[i] /= sum;
    std::copy_n(logits + classes, evidence, out + classes);
  }
  CpuContinuation* record = record_of(window);
  if (record == nullptr) return;
  record->answered += end - first;
  if (window.ends()) return;
  record->advance(window.segments(), done_, keep_, network_.tensors, network_.outputs,
                  network_.samples_per_segment);
  record->room = network_.max_segments - record->waiting();
}

}  // namespace ecgrt
