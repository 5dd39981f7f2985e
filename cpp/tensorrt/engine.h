// A deserialised TensorRT engine that has been found to be one of ours.
#pragma once

#include <NvInferRuntime.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "metadata.h"
#include "tensorrt/runtime_settings.h"

namespace ecgrt {

// What the plan's optimisation profile takes. Batches of one are always among it.
struct EngineLimits {
  std::size_t min_segments = 0;
  std::size_t opt_segments = 0;  // where TensorRT chose its kernels
  std::size_t max_segments = 0;
  std::size_t max_batch = 0;
};

class Engine {
 public:
  // The device must be current, here and wherever the engine or a context of it is used or ends.
  // Throws PlanError for a plan that is damaged or not ours, BackendUnavailableError for one that
  // this machine cannot run.
  Engine(std::span<const std::byte> plan, const std::string& plan_path);

  // To be held while a context is created and first run and what was compiled for it is saved, for
  // TensorRT does not promise that any of these may happen twice at a time.
  std::unique_lock<std::mutex> exclusive() { return std::unique_lock(mutex_); }

  // A context without memory of its own: it works in activation_bytes() that the caller provides.
  std::unique_ptr<nvinfer1::IExecutionContext> create_context();

  // Keeps on disk what TensorRT-RTX compiled so far; nothing on the other flavour.
  void save_compiled_kernels() { settings_->save(); }

  const Metadata& metadata() const { return metadata_; }
  const EngineLimits& limits() const { return limits_; }
  std::size_t activation_bytes() const;
  const char* input() const { return input_.c_str(); }
  const char* output() const { return output_.c_str(); }

 private:
  void check_tensors(const std::string& plan_path);
  void read_limits(const std::string& plan_path);

  std::mutex mutex_;
  std::unique_ptr<nvinfer1::IRuntime> runtime_;
  std::unique_ptr<nvinfer1::ICudaEngine> engine_;
  std::unique_ptr<RuntimeSettings> settings_;
  Metadata metadata_;
  EngineLimits limits_;
  std::string input_, output_;
};

}  // namespace ecgrt
