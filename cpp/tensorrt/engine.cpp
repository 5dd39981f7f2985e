#include "tensorrt/engine.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "errors.h"
#include "tensorrt/log.h"
#include "tensorrt/plan_info.h"
#include "tensorrt/refusal.h"

namespace ecgrt {
namespace {

using nvinfer1::DataType;
using nvinfer1::Dims;
using nvinfer1::OptProfileSelector;
using nvinfer1::TensorIOMode;

// The metadata is the network's name; trtexec names its networks itself, so a plan of its has a
// file of JSON beside it.
Metadata read_metadata(const nvinfer1::ICudaEngine& engine, const std::string& plan_path) {
  const std::string name = engine.getName() != nullptr ? engine.getName() : "";
  if (name.starts_with('{')) {
    return parse_metadata(name);
  }
  const std::string sidecar = plan_path + ".json";
  std::ifstream file(sidecar);
  if (!file) {
    throw PlanError(plan_path +
                    " carries no ecgrt metadata: build it with ecgrt-build-engine, or "
                    "put the metadata of its ONNX model into " +
                    sidecar);
  }
  return parse_metadata(
      std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
}

std::string describe(const nvinfer1::ICudaEngine& engine, const char* tensor) {
  const Dims shape = engine.getTensorShape(tensor);
  std::string text = std::string(tensor) + " (";
  for (int i = 0; i < shape.nbDims; ++i) {
    text += (i == 0 ? "" : ", ") + (shape.d[i] < 0 ? "any" : std::to_string(shape.d[i]));
  }
  return text + (engine.getTensorDataType(tensor) == DataType::kFLOAT ? ")" : ") not float32");
}

bool is_ours(const nvinfer1::ICudaEngine& engine, const char* tensor, std::size_t last) {
  const Dims shape = engine.getTensorShape(tensor);
  return shape.nbDims == 3 && engine.getTensorDataType(tensor) == DataType::kFLOAT &&
         (shape.d[2] < 0 || static_cast<std::size_t>(shape.d[2]) == last);
}

}  // namespace

Engine::Engine(std::span<const std::byte> plan, const std::string& plan_path) {
  tensorrt_log().take();
  runtime_.reset(nvinfer1::createInferRuntime(tensorrt_log()));
  if (!runtime_) {
    throw_tensorrt_failure("TensorRT gave no runtime");
  }
  engine_.reset(runtime_->deserializeCudaEngine(plan.data(), plan.size()));
  if (!engine_) {
    throw_refusal(*runtime_, plan, plan_path);
  }
  metadata_ = read_metadata(*engine_, plan_path);
  check_tensors(plan_path);
  read_limits(plan_path);
  settings_ = std::make_unique<RuntimeSettings>(*engine_, plan_path);
}

std::unique_ptr<nvinfer1::IExecutionContext> Engine::create_context() {
  auto context = settings_->create_context(*engine_);
  if (!context) {
    throw_tensorrt_failure("TensorRT gave no execution context");
  }
  return context;
}

std::size_t Engine::activation_bytes() const {
  return static_cast<std::size_t>(engine_->getDeviceMemorySizeForProfileV2(0));
}

void Engine::check_tensors(const std::string& plan_path) {
  std::string found;
  int inputs = 0, outputs = 0;
  for (int i = 0; i < engine_->getNbIOTensors(); ++i) {
    const char* name = engine_->getIOTensorName(i);
    const bool is_input = engine_->getTensorIOMode(name) == TensorIOMode::kINPUT;
    ++(is_input ? inputs : outputs);
    (is_input ? input_ : output_) = name;
    found += (found.empty() ? "" : ", ") + describe(*engine_, name);
  }
  const std::size_t width = metadata_.outputs();
  if (inputs != 1 || outputs != 1 || !is_ours(*engine_, input(), 1) ||
      !is_ours(*engine_, output(), width)) {
    throw PlanError(plan_path +
                    " does not hold a network of ecgrt: it needs one input (records, "
                    "samples, 1) and one output (records, segments, " +
                    std::to_string(width) + "), both float32; its tensors are " + found);
  }
}

void Engine::read_limits(const std::string& plan_path) {
  const auto shape = [this](OptProfileSelector which) {
    return engine_->getProfileShape(input(), 0, which);
  };
  const Dims min = shape(OptProfileSelector::kMIN);
  const Dims opt = shape(OptProfileSelector::kOPT);
  const Dims max = shape(OptProfileSelector::kMAX);
  if (min.nbDims != 3 || opt.nbDims != 3 || max.nbDims != 3 || min.d[0] > 1) {
    throw PlanError(plan_path + " has no optimisation profile that takes a single record");
  }
  const std::size_t size = metadata_.samples_per_segment;
  limits_.min_segments = (static_cast<std::size_t>(min.d[1]) + size - 1) / size;
  limits_.opt_segments = static_cast<std::size_t>(opt.d[1]) / size;
  limits_.max_segments = static_cast<std::size_t>(max.d[1]) / size;
  limits_.max_batch = static_cast<std::size_t>(max.d[0]);
  if (limits_.max_segments == 0 || limits_.max_segments < limits_.min_segments) {
    throw PlanError(plan_path + " takes " + std::to_string(min.d[1]) + " to " +
                    std::to_string(max.d[1]) + " samples, among which there is no multiple of " +
                    std::to_string(size));
  }
  limits_.min_segments = std::max<std::size_t>(limits_.min_segments, 1);
  limits_.opt_segments =
      std::clamp(limits_.opt_segments, limits_.min_segments, limits_.max_segments);
}

}  // namespace ecgrt
