#include "cpu/cpu_backend.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "cpu/dispatch.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace ecgrt {
namespace {

constexpr std::size_t kMaxThreads = 256;
// Longest window: its tensors take about this much memory, per thread that runs one.
constexpr std::size_t kArenaBytes = 80 * 1024 * 1024;
// A stretch of time whose tensors stay in a thread's share of the L3 cache while chains of layers
// take turns on it.
constexpr std::size_t kPartBytes = 4 * 1024 * 1024;

std::size_t available_cores() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return std::max<std::size_t>(static_cast<std::size_t>(CPU_COUNT(&set)), 1);
  }
#endif
  return std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
}

std::size_t align(std::size_t floats) { return (floats + 15) / 16 * 16; }

}  // namespace

std::size_t resolve_threads(std::size_t requested) {
  std::string source = "threads";
  if (requested == 0) {
    const char* text = std::getenv("ECGRT_NUM_THREADS");
    if (text == nullptr || *text == '\0') return std::min(available_cores(), kMaxThreads);
    source = "ECGRT_NUM_THREADS";
    char* end = nullptr;
    const long value = std::strtol(text, &end, 10);
    requested = *end == '\0' && value > 0 ? static_cast<std::size_t>(value) : kMaxThreads + 1;
  }
  if (requested > kMaxThreads) {
    throw std::invalid_argument(source + " must be from 1 to " + std::to_string(kMaxThreads));
  }
  return requested;
}

// Everything that one run writes to. Grows to the longest window that it has seen.
struct CpuBackend::Workspace {
  std::vector<std::size_t> rows;     // of each tensor
  std::vector<std::size_t> offsets;  // of each slot in the arena, in floats
  AlignedBuffer arena;
  std::vector<AlignedBuffer> scratch;  // one per worker
  std::vector<Step> steps;
  std::vector<std::size_t> done;
  std::size_t counters = 0;
  std::unique_ptr<std::atomic<std::size_t>[]> next;  // task of each step
};

// A workspace from the idle ones, and back to them.
class CpuBackend::WorkspaceLease {
 public:
  explicit WorkspaceLease(const CpuBackend& backend) : backend_(backend) {
    const std::lock_guard lock(backend_.mutex_);
    if (backend_.idle_.empty()) {
      // Room for its return, so that giving it back cannot fail.
      backend_.idle_.reserve(backend_.idle_.capacity() + 1);
      workspace_ = std::make_unique<Workspace>();
    } else {
      workspace_ = std::move(backend_.idle_.back());
      backend_.idle_.pop_back();
    }
  }
  WorkspaceLease(WorkspaceLease&& other) noexcept = default;
  ~WorkspaceLease() {
    if (!workspace_) return;
    const std::lock_guard lock(backend_.mutex_);
    backend_.idle_.push_back(std::move(workspace_));
  }
  Workspace& operator*() const { return *workspace_; }

 private:
  const CpuBackend& backend_;
  std::unique_ptr<Workspace> workspace_;
};

CpuBackend::CpuBackend(const CpuPlan& plan, const MappedFile& file, const BackendOptions& options)
    : metadata_(plan.metadata),
      kernels_(select_kernels()),
      tensors_(plan.tensors),
      logits_(plan.logits),
      classes_(plan.classes),
      rows_before_(tensors_.size(), 0),
      rows_behind_(tensors_.size(), 0),
      pool_(new ThreadPool(resolve_threads(options.threads))) {
  layers_.reserve(plan.convolutions.size());
  for (const PlanConvolution& convolution : plan.convolutions) {
    const Layer& layer = layers_.emplace_back(plan, convolution, kernels_);
    rows_before_[layer.input] = std::max(rows_before_[layer.input], layer.conv.rows_before());
    rows_behind_[layer.input] = std::max(rows_behind_[layer.input], layer.conv.rows_behind());
  }
  pack(plan, file);
  std::vector<std::size_t> floats_per_segment;
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const PlanTensor& tensor = tensors_[i];
    slots_ = std::max(slots_, tensor.slot + 1);
    floats_per_segment.resize(slots_);
    floats_before_.resize(slots_);
    floats_before_[tensor.slot] =
        std::max(floats_before_[tensor.slot], align(rows_before_[i] * tensor.channels));
    std::size_t& most = floats_per_segment[tensor.slot];
    most = std::max(most, metadata_.samples_per_segment / tensor.rate * tensor.channels);
  }
  std::size_t bytes = 0;
  for (const std::size_t floats : floats_per_segment) bytes += floats * sizeof(float);
  schedule_.emplace(tensors_, layers_);
  part_segments_ = std::max<std::size_t>(kPartBytes / bytes, 1);
  // Windows overlap by the context on both sides; at least half of each must be new.
  max_segments_ = std::max(kArenaBytes / bytes, 4 * metadata_.context_segments + 1);
}

CpuBackend::~CpuBackend() = default;

void CpuBackend::pack(const CpuPlan& plan, const MappedFile& file) {
  std::atomic<std::size_t> next{0};
  pool_->run([&](std::size_t, std::size_t) {
    for (std::size_t i = next++; i < layers_.size(); i = next++) {
      layers_[i].conv.pack(plan.convolutions[i]);
      file.release(plan.convolutions[i].weights.bytes());
    }
  });
}

std::string CpuBackend::name() const { return std::string("cpu/") + kernels_.name; }

void CpuBackend::run(std::span<const Window> windows) const {
  if (windows.size() == 1) {
    run_shared(windows[0]);
  } else {
    run_parallel(windows);
  }
}

void CpuBackend::run_parallel(std::span<const Window> windows) const {
  // Workspaces are made and sized before the team starts, for that may fail and a team must not.
  std::vector<WorkspaceLease> leases;
  const std::size_t workers = std::min(pool_->size(), windows.size());
  leases.reserve(workers);
  for (std::size_t i = 0; i < workers; ++i) {
    leases.emplace_back(*this);
    for (const Window& window : windows) prepare(*leases.back(), window, 1);
  }
  std::atomic<std::size_t> next{0};
  pool_->run([&](std::size_t worker, std::size_t) {
    if (worker >= workers) return;
    Workspace& workspace = *leases[worker];
    for (std::size_t i = next++; i < windows.size(); i = next++) {
      prepare(workspace, windows[i], 1);
      run_alone(windows[i], workspace);
    }
  });
}

void CpuBackend::prepare(Workspace& workspace, const Window& window, std::size_t workers) const {
  const std::size_t samples = window.segments * metadata_.samples_per_segment;
  workspace.rows.resize(tensors_.size());
  workspace.offsets.assign(slots_ + 1, 0);
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const PlanTensor& tensor = tensors_[i];
    workspace.rows[i] = samples / tensor.rate;
    std::size_t& size = workspace.offsets[tensor.slot + 1];
    size = std::max(size, floats_before_[tensor.slot] +
                              align((workspace.rows[i] + rows_behind_[i]) * tensor.channels));
  }
  for (std::size_t slot = 0; slot < slots_; ++slot) {
    workspace.offsets[slot + 1] += workspace.offsets[slot];
  }
  const std::size_t arena = workspace.offsets[slots_] * sizeof(float);
  if (workspace.arena.size() < arena) workspace.arena = AlignedBuffer(arena);

  const std::size_t part = part_segments_ * workers;
  const std::size_t parts = (window.segments + part - 1) / part;
  schedule_->plan(workspace.rows, workers, parts, workspace.done, workspace.steps);
  const std::size_t steps = workspace.steps.size();
  if (workspace.counters < steps) {
    workspace.next = std::make_unique<std::atomic<std::size_t>[]>(steps);
    workspace.counters = steps;
  }
  for (std::size_t i = 0; i < steps; ++i) workspace.next[i].store(0, std::memory_order_relaxed);

  std::size_t scratch = 0;
  for (const Layer& layer : layers_) {
    scratch = std::max(scratch, layer.conv.scratch_floats(workspace.rows[layer.output]));
  }
  workspace.scratch.resize(std::max(workspace.scratch.size(), workers));
  for (std::size_t worker = 0; worker < workers; ++worker) {
    AlignedBuffer& buffer = workspace.scratch[worker];
    if (buffer.size() < scratch * sizeof(float)) buffer = AlignedBuffer(scratch * sizeof(float));
  }
}

float* CpuBackend::tensor(const Workspace& workspace, std::size_t index) const {
  const std::size_t slot = tensors_[index].slot;
  return workspace.arena.floats() + workspace.offsets[slot] + floats_before_[slot];
}

void CpuBackend::load_input(const Window& window, Workspace& workspace) const {
  float* input = tensor(workspace, 0);
  std::fill_n(input - rows_before_[0], rows_before_[0], 0.0F);
  std::memcpy(input, window.samples, workspace.rows[0] * sizeof(float));
  std::fill_n(input + workspace.rows[0], rows_behind_[0], 0.0F);
}

// Slots are shared, so the zeros around a tensor are written anew each time.
void CpuBackend::clear_margins(const Step& step, Workspace& workspace) const {
  const Layer& layer = layers_[step.layer];
  for (const std::size_t index : {layer.raw, layer.activated}) {
    if (index == kNoTensor) continue;
    const std::size_t channels = tensors_[index].channels;
    const std::size_t before = rows_before_[index] * channels;
    float* rows = tensor(workspace, index);
    if (step.first) std::fill_n(rows - before, before, 0.0F);
    if (step.last) {
      std::fill_n(rows + workspace.rows[index] * channels, rows_behind_[index] * channels, 0.0F);
    }
  }
}

Epilogue CpuBackend::epilogue(const Layer& layer, const Workspace& workspace) const {
  Epilogue epilogue = layer.conv.epilogue();
  if (layer.residual != kNoTensor) {
    epilogue.residual = tensor(workspace, layer.residual);
    epilogue.residual_channels = static_cast<std::ptrdiff_t>(tensors_[layer.residual].channels);
    epilogue.pool = static_cast<std::ptrdiff_t>(layer.pool);
  }
  if (layer.raw != kNoTensor) epilogue.raw = tensor(workspace, layer.raw);
  if (layer.activated != kNoTensor) epilogue.activated = tensor(workspace, layer.activated);
  epilogue.rows = static_cast<std::ptrdiff_t>(workspace.rows[layer.output]);
  return epilogue;
}

void CpuBackend::run_alone(const Window& window, Workspace& workspace) const {
  load_input(window, workspace);
  for (const Step& step : workspace.steps) {
    const Layer& layer = layers_[step.layer];
    clear_margins(step, workspace);
    const Epilogue after = epilogue(layer, workspace);
    const float* input = tensor(workspace, layer.input);
    for (std::size_t task = 0; task < step.tasks.count(); ++task) {
      layer.conv.run(step.tasks, task, input, after, workspace.scratch[0].floats());
    }
  }
  softmax(window, workspace);
}

void CpuBackend::run_shared(const Window& window) const {
  const WorkspaceLease lease(*this);
  Workspace& workspace = *lease;
  prepare(workspace, window, pool_->size());
  load_input(window, workspace);
  pool_->run([&](std::size_t worker, std::size_t workers) {
    float* scratch = workspace.scratch[worker].floats();
    for (std::size_t i = 0; i < workspace.steps.size(); ++i) {
      const Step& step = workspace.steps[i];
      const Layer& layer = layers_[step.layer];
      if (worker == 0) clear_margins(step, workspace);
      const Epilogue after = epilogue(layer, workspace);
      const float* input = tensor(workspace, layer.input);
      std::atomic<std::size_t>& next = workspace.next[i];
      for (std::size_t task = next++; task < step.tasks.count(); task = next++) {
        layer.conv.run(step.tasks, task, input, after, scratch);
      }
      if (workers > 1) pool_->barrier().wait();
    }
  });
  softmax(window, workspace);
}

void CpuBackend::softmax(const Window& window, const Workspace& workspace) const {
  const std::size_t channels = tensors_[logits_].channels;
  for (std::size_t segment = 0; segment < window.segments; ++segment) {
    const float* logits = tensor(workspace, logits_) + segment * channels;
    float* out = window.probabilities + segment * classes_;
    const float largest = *std::max_element(logits, logits + classes_);
    float sum = 0;
    for (std::size_t i = 0; i < classes_; ++i) sum += out[i] = std::exp(logits[i] - largest);
    for (std::size_t i = 0; i < classes_; ++i) out[i] /= sum;
  }
}

}  // namespace ecgrt
