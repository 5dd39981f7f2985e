#include "tensorrt/runtime_settings.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <vector>

#include "tensorrt/log.h"

namespace ecgrt {

#ifdef TRT_MAJOR_RTX

namespace {

std::vector<char> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

RuntimeSettings::RuntimeSettings(nvinfer1::ICudaEngine& engine, const std::string& plan_path)
    : cache_path_(plan_path + ".rtx-cache"), config_(engine.createRuntimeConfig()) {
  using nvinfer1::CudaGraphStrategy;
  using nvinfer1::DynamicShapesKernelSpecializationStrategy;
  if (!config_) {
    throw_tensorrt_failure("TensorRT-RTX gave no runtime configuration");
  }
  config_->setExecutionContextAllocationStrategy(
      nvinfer1::ExecutionContextAllocationStrategy::kUSER_MANAGED);
  // A context here sees one shape only, so what is compiled for it now is never thrown away.
  config_->setDynamicShapesKernelSpecializationStrategy(
      DynamicShapesKernelSpecializationStrategy::kEAGER);
  // In force where our own capture is not possible; RTX ignores it while we capture.
  config_->setCudaGraphStrategy(CudaGraphStrategy::kWHOLE_GRAPH_CAPTURE);
  cache_.reset(config_->createRuntimeCache());
  if (cache_) {
    const std::vector<char> saved = read_file(cache_path_);
    // It refuses what another GPU or version compiled.
    if (!saved.empty() && cache_->deserialize(saved.data(), saved.size())) {
      saved_bytes_ = saved.size();
    }
    config_->setRuntimeCache(*cache_);
  }
  tensorrt_log().take();  // a refused cache is no failure
}

std::unique_ptr<nvinfer1::IExecutionContext> RuntimeSettings::create_context(
    nvinfer1::ICudaEngine& engine) {
  return std::unique_ptr<nvinfer1::IExecutionContext>(engine.createExecutionContext(config_.get()));
}

void RuntimeSettings::save() {
  const std::unique_ptr<nvinfer1::IHostMemory> bytes(cache_ ? cache_->serialize() : nullptr);
  if (!bytes || bytes->size() <= saved_bytes_) {  // a cache only grows
    return;
  }
  saved_bytes_ = bytes->size();
  std::filesystem::path partial = cache_path_;
  partial += ".";
  partial += std::to_string(getpid());
  std::ofstream file(partial, std::ios::binary | std::ios::trunc);
  file.write(static_cast<const char*>(bytes->data()), static_cast<std::streamsize>(bytes->size()));
  file.close();
  std::error_code ignored;
  if (file) {
    std::filesystem::rename(partial, cache_path_, ignored);
  } else {
    std::filesystem::remove(partial, ignored);
  }
}

bool is_capturable(const nvinfer1::IExecutionContext& context, cudaStream_t stream) {
  return context.isStreamCapturable(stream);
}

#else

RuntimeSettings::RuntimeSettings(nvinfer1::ICudaEngine&, const std::string&) {}

std::unique_ptr<nvinfer1::IExecutionContext> RuntimeSettings::create_context(
    nvinfer1::ICudaEngine& engine) {
  return std::unique_ptr<nvinfer1::IExecutionContext>(
      engine.createExecutionContext(nvinfer1::ExecutionContextAllocationStrategy::kUSER_MANAGED));
}

void RuntimeSettings::save() {}

bool is_capturable(const nvinfer1::IExecutionContext&, cudaStream_t) { return true; }

#endif

}  // namespace ecgrt
