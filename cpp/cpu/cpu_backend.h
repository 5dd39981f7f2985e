// The native engine: a network as a list of fused convolutions over one arena of memory.
#pragma once

#include <memory>
#include <string>

#include "backend.h"
#include "cpu/network.h"
#include "cpu/plan_file.h"
#include "cpu/thread_pool.h"
#include "cpu/workspace.h"
#include "pool.h"

namespace ecgrt {

class CpuBackend final : public Backend {
 public:
  // Packs the weights for this processor; `plan` is not needed afterwards. Throws PlanError (the
  // weights are damaged), BackendUnavailableError (see select_kernels) or std::invalid_argument
  // (threads).
  CpuBackend(const CpuPlan& plan, const PlanSource& source, const BackendOptions& options);
  ~CpuBackend() override;

  void run(std::span<const Window> windows) const override;
  bool continues() const override { return true; }
  void start(std::unique_ptr<Continuation>& continuation) const override;

  const Metadata& metadata() const override { return metadata_; }
  std::size_t max_segments() const override { return network_.max_segments; }
  std::size_t parallel_windows() const override { return pool_->size(); }
  std::string name() const override;

 protected:
  void share_out(std::size_t count, const Work& work) const override;

 private:
  void pack(const CpuPlan& plan, const PlanSource& source);
  bool is_worth_sharing(const Window& window) const;
  void run_alone(const Window& window, Workspace& workspace) const;
  void run_shared(const Window& window) const;
  void run_parallel(std::span<const Window> windows) const;

  Metadata metadata_;
  const KernelTable& kernels_;
  Network network_;

  std::unique_ptr<ThreadPool, ThreadPool::Delete> pool_;
  mutable Pool<Workspace> workspaces_;
};

// The number of threads that `requested` stands for; see BackendOptions::threads. Throws
// std::invalid_argument.
std::size_t resolve_threads(std::size_t requested);

}  // namespace ecgrt
