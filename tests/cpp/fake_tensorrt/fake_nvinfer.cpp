// A TensorRT whose network answers with the mean of each segment (see probability()).
#include <NvInferRuntime.h>

#include <numeric>
#include <string>
#include <utility>

#include "fake.h"
#include "fake_context.h"
#include "nvinfer_stubs.h"

namespace fake {
namespace {

#ifdef TRT_MAJOR_RTX

class BytesImpl final : public StubVHostMemory {
 public:
  explicit BytesImpl(std::string bytes) : bytes_(std::move(bytes)) {}
  void* data() const noexcept override { return const_cast<char*>(bytes_.data()); }
  std::size_t size() const noexcept override { return bytes_.size(); }

 private:
  Tracked tracked_{"host memory"};
  std::string bytes_;
};

class CacheImpl final : public StubVRuntimeCache {
 public:
  nvinfer1::IHostMemory* serialize() const noexcept override {
    const Exclusive exclusive;
    return new Facade<nvinfer1::IHostMemory, BytesImpl>(
        "kernels" + std::string(static_cast<std::size_t>(calls("createExecutionContext")), '.'));
  }
  bool deserialize(void const* blob, std::size_t size) noexcept override {
    const bool ours = std::string(static_cast<const char*>(blob), size).starts_with("kernels");
    note_setting(ours ? "cache loaded" : "cache refused");
    return ours || log_error("this cache is of another GPU");
  }

 private:
  Tracked tracked_{"runtime cache"};
};

class ConfigImpl final : public StubVRuntimeConfig {
 public:
  using AllocationStrategy = nvinfer1::ExecutionContextAllocationStrategy;

  void setExecutionContextAllocationStrategy(AllocationStrategy strategy) noexcept override {
    note_setting(strategy == AllocationStrategy::kUSER_MANAGED ? "kUSER_MANAGED" : "another");
  }
  void setDynamicShapesKernelSpecializationStrategy(
      nvinfer1::DynamicShapesKernelSpecializationStrategy strategy) noexcept override {
    const bool eager = strategy == nvinfer1::DynamicShapesKernelSpecializationStrategy::kEAGER;
    note_setting(eager ? "kEAGER" : "another");
  }
  bool setCudaGraphStrategy(nvinfer1::CudaGraphStrategy strategy) noexcept override {
    const bool whole = strategy == nvinfer1::CudaGraphStrategy::kWHOLE_GRAPH_CAPTURE;
    note_setting(whole ? "kWHOLE_GRAPH_CAPTURE" : "another");
    return true;
  }
  nvinfer1::IRuntimeCache* createRuntimeCache() const noexcept override {
    return new Facade<nvinfer1::IRuntimeCache, CacheImpl>();
  }
  bool setRuntimeCache(nvinfer1::IRuntimeCache const&) noexcept override {
    note_setting("cache set");
    return true;
  }

 private:
  Tracked tracked_{"runtime config"};
};

#endif

class EngineImpl final : public StubVCudaEngine {
 public:
  EngineImpl() : spec_(world.engine) {}

  char const* getName() const noexcept override { return spec_.name.c_str(); }
  std::int32_t getNbIOTensors() const noexcept override { return spec_.inputs + 1; }
  char const* getIOTensorName(std::int32_t index) const noexcept override {
    return index == 0 ? "signal" : index == spec_.inputs ? "probabilities" : "extra";
  }
  nvinfer1::TensorIOMode getTensorIOMode(char const* name) const noexcept override {
    using nvinfer1::TensorIOMode;
    return is_output(name) ? TensorIOMode::kOUTPUT : TensorIOMode::kINPUT;
  }
  nvinfer1::Dims getTensorShape(char const* name) const noexcept override {
    return dims({-1, -1, is_output(name) ? spec_.classes : 1});
  }
  nvinfer1::DataType getTensorDataType(char const* name) const noexcept override {
    using nvinfer1::DataType;
    return is_output(name) && spec_.half_output ? DataType::kHALF : DataType::kFLOAT;
  }
  nvinfer1::Dims getProfileShape(char const*, std::int32_t index,
                                 nvinfer1::OptProfileSelector which) const noexcept override {
    using nvinfer1::OptProfileSelector;
    if (index != 0) breach("only profile 0 is used");
    return dims(which == OptProfileSelector::kMIN   ? spec_.min
                : which == OptProfileSelector::kOPT ? spec_.opt
                                                    : spec_.max);
  }
  std::int64_t getDeviceMemorySizeForProfileV2(std::int32_t) const noexcept override {
    return static_cast<std::int64_t>(spec_.activation_bytes);
  }
  nvinfer1::IExecutionContext* createExecutionContext(
      nvinfer1::ExecutionContextAllocationStrategy strategy) noexcept override {
    using nvinfer1::ExecutionContextAllocationStrategy;
    if (strategy != ExecutionContextAllocationStrategy::kUSER_MANAGED) breach("memory strategy");
    return make_context();
  }
#ifdef TRT_MAJOR_RTX
  nvinfer1::IExecutionContext* createExecutionContextWithRuntimeConfig(
      nvinfer1::IRuntimeConfig*) noexcept override {
    return make_context();
  }
  nvinfer1::IRuntimeConfig* createRuntimeConfig() noexcept override {
    const Call call("createRuntimeConfig");
    if (call.fails()) return log_error("no configuration"), nullptr;
    return new Facade<nvinfer1::IRuntimeConfig, ConfigImpl>();
  }
#endif

 private:
  static bool is_output(char const* name) { return name == std::string("probabilities"); }

  nvinfer1::IExecutionContext* make_context() {
    const Call call("createExecutionContext");
    tracked_.touch();
    const Exclusive exclusive;
    if (call.fails()) return log_error("createExecutionContext was told to fail"), nullptr;
    return new Facade<nvinfer1::IExecutionContext, ContextImpl>(spec_);
  }

  Tracked tracked_{"engine"};
  EngineSpec spec_;
};

class RuntimeImpl final : public StubVRuntime {
 public:
  nvinfer1::ICudaEngine* deserializeCudaEngine(void const*, std::size_t) noexcept override {
    const Call call("deserializeCudaEngine");
    const std::string& refusal = world.engine.refusal;
    if (call.fails() || !refusal.empty()) return log_error(refusal), nullptr;
    return new Facade<nvinfer1::ICudaEngine, EngineImpl>();
  }
#ifdef TRT_MAJOR_RTX
  std::int64_t getEngineHeaderSize() const noexcept override { return 64; }
  nvinfer1::EngineValidity getEngineValidity(void const*, std::int64_t,
                                             std::uint64_t* why) const noexcept override {
    *why = world.invalidity;
    return *why == 0 ? nvinfer1::EngineValidity::kVALID : nvinfer1::EngineValidity::kINVALID;
  }
#endif

 private:
  Tracked tracked_{"runtime"};
};

}  // namespace

float probability(const float* segment, std::int64_t samples, std::int64_t c) {
  const float sum = std::accumulate(segment, segment + samples, 0.0F);
  return sum / static_cast<float>(samples) * static_cast<float>(c + 1);
}

}  // namespace fake

void* createInferRuntime_INTERNAL(void* logger, std::int32_t version) noexcept {
  const fake::Call call("createInferRuntime");
  if (version != NV_TENSORRT_VERSION) fake::breach("another version's headers");
  fake::logger = static_cast<nvinfer1::ILogger*>(logger);
  if (call.fails()) return fake::log_error("createInferRuntime was told to fail"), nullptr;
  return static_cast<nvinfer1::IRuntime*>(
      new fake::Facade<nvinfer1::IRuntime, fake::RuntimeImpl>());
}

std::int32_t getInferLibMajorVersion() noexcept {
  return NV_TENSORRT_MAJOR + fake::world.library_major;
}
std::int32_t getInferLibMinorVersion() noexcept {
  return NV_TENSORRT_MINOR + fake::world.library_minor;
}
std::int32_t getInferLibPatchVersion() noexcept { return NV_TENSORRT_PATCH; }
