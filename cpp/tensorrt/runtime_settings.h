// How contexts are created; where the two flavours of TensorRT differ at run time.
#pragma once

#include <NvInferRuntime.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace ecgrt {

// One call at a time.
class RuntimeSettings {
 public:
  RuntimeSettings(nvinfer1::ICudaEngine& engine, const std::string& plan_path);

  // Null where TensorRT fails.
  std::unique_ptr<nvinfer1::IExecutionContext> create_context(nvinfer1::ICudaEngine& engine);

  // Writes the kernels that TensorRT-RTX compiled for this GPU beside the plan, so that the next
  // process need not; a folder that cannot be written to is no error.
  void save();

 private:
#ifdef TRT_MAJOR_RTX
  std::filesystem::path cache_path_;
  std::unique_ptr<nvinfer1::IRuntimeConfig> config_;
  std::unique_ptr<nvinfer1::IRuntimeCache> cache_;
  std::size_t saved_bytes_ = 0;
#endif
};

// Whether enqueueV3() may be captured into a CUDA graph now.
bool is_capturable(const nvinfer1::IExecutionContext& context, cudaStream_t stream);

}  // namespace ecgrt
