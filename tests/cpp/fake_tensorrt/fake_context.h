// The fake's execution context, and what every part of the fake TensorRT uses.
#pragma once

#include <NvInferRuntime.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "fake.h"
#include "nvinfer_stubs.h"

namespace fake {

inline nvinfer1::ILogger* logger = nullptr;

inline bool log_error(const std::string& line) {
  logger->log(nvinfer1::ILogger::Severity::kINFO, "idle talk");
  logger->log(nvinfer1::ILogger::Severity::kERROR, line.c_str());
  return false;
}

inline nvinfer1::Dims dims(const Shape& shape) {
  return nvinfer1::Dims3(shape[0], shape[1], shape[2]);
}

// What may happen only once at a time: contexts are created, first run, and saved.
class Exclusive {
 public:
  Exclusive() {
    if (busy.exchange(true)) breach("two contexts are set up at a time");
    std::this_thread::yield();
  }
  ~Exclusive() { busy = false; }

 private:
  static inline std::atomic<bool> busy = false;
};

// Activation memory that something is computed in right now.
class Workspace {
 public:
  explicit Workspace(void* memory, std::size_t bytes) : memory_(memory) {
    const std::lock_guard lock(mutex);
    if (!in_use.insert(memory).second) breach("two runs at a time share activation memory");
    std::memset(memory, 0x5A, bytes);
  }
  ~Workspace() {
    const std::lock_guard lock(mutex);
    in_use.erase(memory_);
  }

 private:
  static inline std::mutex mutex;
  static inline std::set<void*> in_use;
  void* memory_;
};

class ContextImpl final : public StubVExecutionContext {
 public:
  explicit ContextImpl(EngineSpec spec) : spec_(std::move(spec)) {}

  void setDeviceMemoryV2(void* memory, std::int64_t bytes) noexcept override {
    if (!is_device_memory(memory, spec_.activation_bytes) ||
        bytes < static_cast<std::int64_t>(spec_.activation_bytes)) {
      breach("too little activation memory");
    }
    activations_ = memory;
  }

  bool setInputShape(char const* name, nvinfer1::Dims const& shape) noexcept override {
    const Call call("setInputShape");
    if (call.fails()) return log_error("setInputShape was told to fail");
    if (name != std::string("signal")) breach("shape of an unknown tensor");
    shape_ = {shape.d[0], shape.d[1], shape.d[2]};
    for (std::size_t i = 0; i < shape_.size(); ++i) {
      if (shape_[i] < spec_.min[i] || shape_[i] > spec_.max[i]) breach("shape outside the profile");
    }
    return true;
  }

  nvinfer1::Dims getTensorShape(char const*) const noexcept override {
    return dims({shape_[0], shape_[1] / spec_.samples_per_segment, spec_.classes});
  }

  bool setTensorAddress(char const* name, void* data) noexcept override {
    const Call call("setTensorAddress");
    if (call.fails()) return log_error("setTensorAddress was told to fail");
    (name == std::string("signal") ? input_ : output_) = static_cast<float*>(data);
    return true;
  }

  bool enqueueV3(cudaStream_t stream) noexcept override {
    const Call call("enqueueV3");
    tracked_.touch();
    if (call.fails()) return log_error("enqueueV3 was told to fail");
    const bool capturing = is_capturing(stream);
    if (capturing && world.capture_breaks) return log_error("this cannot be captured");
    if (shape_[0] == 0) breach("enqueueV3 without a shape");
    if (activations_ == nullptr) breach("enqueueV3 without activation memory");
    const std::int64_t segments = shape_[0] * shape_[1] / spec_.samples_per_segment;
    if (!is_device_memory(input_, bytes(shape_[0] * shape_[1])) ||
        !is_device_memory(output_, bytes(segments * spec_.classes))) {
      breach("enqueueV3 with too small a tensor");
    }
    if (capturing && !has_run_) breach("a capture before the first run");
    if (!has_run_) {
      const Exclusive exclusive;
      has_run_ = true;
    }
    push(stream, [this, shape = shape_, segments] { compute(shape, segments); });
    return true;
  }

#ifdef TRT_MAJOR_RTX
  bool isStreamCapturable(cudaStream_t) const noexcept override { return world.capturable; }
#endif

 private:
  static std::size_t bytes(std::int64_t floats) {
    return static_cast<std::size_t>(floats) * sizeof(float);
  }

  void compute(const Shape& shape, std::int64_t segments) const {
    tracked_.touch();
    if (shape != shape_) breach("a graph whose context has another shape by now");
    const Workspace workspace(activations_, spec_.activation_bytes);
    std::this_thread::yield();
    for (std::int64_t s = 0; s < segments; ++s) {
      const float* segment = input_ + s * spec_.samples_per_segment;
      for (std::int64_t c = 0; c < spec_.classes; ++c) {
        output_[s * spec_.classes + c] = probability(segment, spec_.samples_per_segment, c);
      }
    }
  }

  Tracked tracked_{"context"};
  EngineSpec spec_;
  Shape shape_{};
  float* input_ = nullptr;
  float* output_ = nullptr;
  void* activations_ = nullptr;
  bool has_run_ = false;
};

// An interface of TensorRT in front of what implements it.
template <typename Interface, typename Impl>
class Facade final : public Interface {
 public:
  template <typename... Args>
  explicit Facade(Args&&... args) : impl_(std::forward<Args>(args)...) {
    this->mImpl = &impl_;
  }

 private:
  Impl impl_;
};

}  // namespace fake
