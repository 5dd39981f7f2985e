// The native engine: a network as a list of fused convolutions over one arena of memory.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backend.h"
#include "cpu/layers.h"
#include "cpu/schedule.h"
#include "cpu/thread_pool.h"
#include "plan_file.h"

namespace ecgrt {

class CpuBackend final : public Backend {
 public:
  // Packs the weights for this processor; `plan` is not needed afterwards. Throws
  // BackendUnavailableError (see select_kernels) or std::invalid_argument (threads).
  CpuBackend(const CpuPlan& plan, const MappedFile& file, const BackendOptions& options);
  ~CpuBackend() override;

  void run(std::span<const Window> windows) const override;

  const Metadata& metadata() const override { return metadata_; }
  std::size_t max_segments() const override { return max_segments_; }
  std::size_t parallel_windows() const override { return pool_->size(); }
  std::string name() const override;

 private:
  struct Workspace;
  class WorkspaceLease;

  void pack(const CpuPlan& plan, const MappedFile& file);
  void run_alone(const Window& window, Workspace& workspace) const;
  void run_shared(const Window& window) const;
  void run_parallel(std::span<const Window> windows) const;
  void prepare(Workspace& workspace, const Window& window, std::size_t workers) const;
  void load_input(const Window& window, Workspace& workspace) const;
  void clear_margins(const Step& step, Workspace& workspace) const;
  Epilogue epilogue(const Layer& layer, const Workspace& workspace) const;
  void softmax(const Window& window, const Workspace& workspace) const;
  float* tensor(const Workspace& workspace, std::size_t index) const;

  Metadata metadata_;
  const KernelTable& kernels_;
  std::vector<PlanTensor> tensors_;
  std::vector<Layer> layers_;
  std::optional<Schedule> schedule_;
  std::size_t logits_;
  std::size_t classes_;
  std::size_t slots_ = 0;
  std::vector<std::size_t> rows_before_, rows_behind_;  // of zeros, around each tensor
  // Room for them in each slot: all its tensors start at one address, for one may replace another.
  std::vector<std::size_t> floats_before_;
  std::size_t max_segments_ = 0;
  std::size_t part_segments_ = 0;  // per thread, of a stretch that layers take turns on

  std::unique_ptr<ThreadPool, ThreadPool::Delete> pool_;
  mutable std::mutex mutex_;  // guards the idle workspaces
  mutable std::vector<std::unique_ptr<Workspace>> idle_;
};

// The number of threads that `requested` stands for; see BackendOptions::threads. Throws
// std::invalid_argument.
std::size_t resolve_threads(std::size_t requested);

}  // namespace ecgrt
