// Runs a TensorRT plan.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "backend.h"
#include "pool.h"
#include "tensorrt/engine.h"
#include "tensorrt/execution_slot.h"

namespace ecgrt {

class TensorRtBackend final : public Backend {
 public:
  // `options.threads` is how many calls run on the GPU at a time, each with memory of its own.
  // Throws PlanError, BackendUnavailableError, std::invalid_argument.
  TensorRtBackend(std::span<const std::byte> plan, const std::string& plan_path,
                  const BackendOptions& options);
  ~TensorRtBackend() override;

  void run(std::span<const Window> windows) const override;

  const Metadata& metadata() const override { return engine_->metadata(); }
  std::size_t max_segments() const override { return engine_->limits().max_segments; }
  std::size_t parallel_windows() const override { return engine_->limits().max_batch; }
  std::string name() const override { return name_; }

 private:
  const int device_;
  std::string name_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Pool<ExecutionSlot>> slots_;
};

}  // namespace ecgrt
