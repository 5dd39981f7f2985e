#include "cpu/cpu_backend.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <utility>

#include "cpu/dispatch.h"

#if defined(__linux__)
#include <sched.h>
#endif

namespace ecgrt {
namespace {

constexpr std::size_t kMaxThreads = 256;
// Multiplications of a window, some 2 ms of one thread's time, from which on a team is woken for
// it. A thread that sleeps takes up to a millisecond to come, on a virtual machine.
constexpr double kWorthSharing = 200e6;

std::size_t available_cores() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return std::max<std::size_t>(static_cast<std::size_t>(CPU_COUNT(&set)), 1);
  }
#endif
  return std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
}

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

CpuBackend::CpuBackend(const CpuPlan& plan, const PlanSource& source, const BackendOptions& options)
    : metadata_(plan.metadata),
      kernels_(select_kernels(plan.bfloat)),
      network_(plan, kernels_),
      pool_(new ThreadPool(resolve_threads(options.threads))),
      workspaces_([this] { return std::make_unique<Workspace>(network_); }) {
  pack(plan, source);
}

CpuBackend::~CpuBackend() = default;

void CpuBackend::pack(const CpuPlan& plan, const PlanSource& source) {
  const std::size_t count = network_.layers.size();
  // Room for the weights that each thread reads, made before the team starts, for that may fail.
  std::vector<ByteBuffer> rooms;
  for (std::size_t i = 0; i < std::min(pool_->size(), count); ++i) {
    rooms.emplace_back(weights_room(plan));
  }
  std::atomic<std::size_t> next{0};
  std::atomic<bool> sound{true};
  pool_->run([&](std::size_t worker, std::size_t) {
    if (worker >= rooms.size()) return;
    // The last layers are the largest: whoever had one of them last would keep the others waiting.
    for (std::size_t i = next++; i < count; i = next++) {
      const std::size_t layer = count - 1 - i;
      Blob weights = plan.convolutions[layer].weights;
      if (!load_weights(source, rooms[worker].span(), weights)) {
        sound = false;
        return;
      }
      network_.layers[layer].conv.pack(weights);
    }
  });
  if (!sound) throw damaged(source);
}

std::string CpuBackend::name() const { return std::string("cpu/") + kernels_.name; }

bool CpuBackend::is_worth_sharing(const Window& window) const {
  return network_.products * static_cast<double>(window.segments()) >= kWorthSharing;
}

void CpuBackend::run(std::span<const Window> windows) const {
  if (windows.size() == 1 && windows[0].record() == nullptr && is_worth_sharing(windows[0])) {
    run_shared(windows[0]);
  } else {
    run_parallel(windows);
  }
}

void CpuBackend::start(std::unique_ptr<Continuation>& continuation) const {
  if (!continuation) continuation = std::make_unique<CpuContinuation>();
  static_cast<CpuContinuation&>(*continuation)
      .restart(network_.tensors.size(), network_.layers.size());
  continuation->room = network_.max_segments;
}

void CpuBackend::share_out(std::size_t count, const Work& work) const {
  const ThreadPool::Team team = count > 1 ? pool_->take() : ThreadPool::Team();
  std::atomic<std::size_t> next{0};
  pool_->run(team, [&](std::size_t worker, std::size_t) {
    for (std::size_t i = next++; i < count; i = next++) work.call(work.context, i, worker);
  });
}

void CpuBackend::run_parallel(std::span<const Window> windows) const {
  const ThreadPool::Team team = windows.size() > 1 ? pool_->take() : ThreadPool::Team();
  const std::size_t workers = team.owns_lock() ? std::min(pool_->size(), windows.size()) : 1;
  // Workspaces are made and sized before the team starts, for that may fail and a team must not.
  std::array<std::optional<Pool<Workspace>::Lease>, kMaxThreads> leases;
  Workspace::Needs needs;
  for (std::size_t i = 0; i < workers; ++i) leases[i].emplace(workspaces_);
  for (const Window& window : windows) needs.cover((*leases[0])->needs(window, 1));
  for (std::size_t i = 0; i < workers; ++i) (*leases[i])->reserve(needs, 1);
  std::atomic<std::size_t> next{0};
  pool_->run(team, [&](std::size_t worker, std::size_t) {
    if (worker >= workers) return;
    Workspace& workspace = **leases[worker];
    for (std::size_t i = next++; i < windows.size(); i = next++) run_alone(windows[i], workspace);
  });
}

void CpuBackend::run_alone(const Window& window, Workspace& workspace) const {
  Workspace::Run run = workspace.start(window, 1);
  auto step = run.steps().begin();
  for (const Chain& chain : network_.schedule.chains()) {
    run.enter(chain);
    for (; step != run.steps().end() && step->layer < chain.end; ++step) {
      run.clear_margins(*step);
      for (std::size_t task = 0; task < step->tasks.count(); ++task) run.run(*step, task, 0);
    }
    run.leave(chain);
  }
  std::move(run).finish();
}

void CpuBackend::run_shared(const Window& window) const {
  const Pool<Workspace>::Lease workspace(workspaces_);
  Workspace::Run run = workspace->start(window, pool_->size());
  pool_->run([&](std::size_t worker, std::size_t workers) {
    for (std::size_t i = 0; i < run.steps().size(); ++i) {
      const Step& step = run.steps()[i];
      if (worker == 0) run.clear_margins(step);
      for (std::size_t task = run.take_task(i); task < step.tasks.count();
           task = run.take_task(i)) {
        run.run(step, task, worker);
      }
      if (workers > 1) pool_->barrier().wait();
    }
  });
  std::move(run).finish();
}

}  // namespace ecgrt
