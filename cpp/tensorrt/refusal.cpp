#include "tensorrt/refusal.h"

#include <cuda_runtime_api.h>

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string_view>

#include "errors.h"
#include "tensorrt/log.h"

namespace ecgrt {
namespace {

// CUDA writes version 13.2 as 13020.
std::string cuda_version(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string missing_driver() {
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  if (driver == 0) {
    return "there is no NVIDIA driver";
  }
  return "the NVIDIA driver is too old: it supports CUDA " + cuda_version(driver) +
         ", this needs " + cuda_version(runtime);
}

#ifdef TRT_MAJOR_RTX

// What TensorRT-RTX itself finds in the plan's header; empty where it finds nothing.
std::string diagnose(nvinfer1::IRuntime& runtime, std::span<const std::byte> plan,
                     std::string_view) {
  using nvinfer1::EngineInvalidityDiagnostics;
  if (plan.size() < static_cast<std::size_t>(runtime.getEngineHeaderSize())) {
    return {};
  }
  std::uint64_t found = 0;
  runtime.getEngineValidity(plan.data(), static_cast<std::int64_t>(plan.size()), &found);
  const auto has = [found](EngineInvalidityDiagnostics bit) {
    return (found & static_cast<std::uint64_t>(bit)) != 0;
  };
  if (has(EngineInvalidityDiagnostics::kVERSION_MISMATCH)) {
    return "the TensorRT-RTX here is " + runtime_version() + "; build the plan with that version";
  }
  if (has(EngineInvalidityDiagnostics::kUNSUPPORTED_CC)) {
    return "TensorRT-RTX does not support this GPU, or the plan was built for other GPUs; build it "
           "here, or with --flavour enterprise";
  }
  if (has(EngineInvalidityDiagnostics::kOLD_CUDA_DRIVER) ||
      has(EngineInvalidityDiagnostics::kOLD_CUDA_RUNTIME)) {
    return "the NVIDIA driver or CUDA runtime is older than where the plan was built; update it";
  }
  if (has(EngineInvalidityDiagnostics::kINSUFFICIENT_GPU_MEMORY)) {
    return "the GPU has too little free memory for the weights";
  }
  return {};
}

#else

bool mentions(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text.find(word) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

// Enterprise TensorRT tells only in its log.
std::string diagnose(nvinfer1::IRuntime&, std::span<const std::byte> plan, std::string_view log) {
  const auto version = read_tensorrt_plan_info(plan)->version;
  if (version[0] != static_cast<unsigned>(getInferLibMajorVersion()) ||
      version[1] != static_cast<unsigned>(getInferLibMinorVersion()) ||
      mentions(log, {"not compatible with this version", "Version tag does not match"})) {
    return "the TensorRT here is " + runtime_version() + "; build the plan with that version";
  }
  if (mentions(log, {"incompatible device", "compute capability", "different models of devices"})) {
    return "the plan was built for another kind of GPU; build it on this one";
  }
  if (mentions(log, {"OutOfMemory", "out of memory"})) {
    return "the GPU has too little free memory for the weights";
  }
  return {};
}

#endif

}  // namespace

TensorRtFlavour built_flavour() {
#ifdef TRT_MAJOR_RTX
  return TensorRtFlavour::rtx;
#else
  return TensorRtFlavour::enterprise;
#endif
}

std::string runtime_version() {
  return std::to_string(getInferLibMajorVersion()) + "." +
         std::to_string(getInferLibMinorVersion()) + "." +
         std::to_string(getInferLibPatchVersion());
}

TensorRtPlanInfo check_flavour(std::span<const std::byte> plan, const std::string& plan_path) {
  const auto info = read_tensorrt_plan_info(plan);
  if (!info) {
    throw PlanError(plan_path + " is not a TensorRT plan");
  }
  if (info->flavour != built_flavour()) {
    throw BackendUnavailableError(unavailable_message(
        plan_path, *info, "this ecgrt was built with " + to_string(built_flavour())));
  }
  // An older library lacks methods that the headers call; nothing else would notice.
  if (getInferLibMajorVersion() != NV_TENSORRT_MAJOR ||
      getInferLibMinorVersion() < NV_TENSORRT_MINOR) {
    throw BackendUnavailableError(unavailable_message(
        plan_path, *info,
        "this ecgrt was built with " + to_string(built_flavour()) + " " +
            std::to_string(NV_TENSORRT_MAJOR) + "." + std::to_string(NV_TENSORRT_MINOR) +
            " and finds " + runtime_version() + "; install it again, or a newer TensorRT"));
  }
  return *info;
}

void check_device(int device, const std::string& plan_path, const TensorRtPlanInfo& info) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();
  std::string missing;
  if (status == cudaErrorInsufficientDriver) {
    missing = missing_driver();
  } else if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0)) {
    missing = "there is no CUDA device";
  } else if (status != cudaSuccess) {
    missing = std::string("CUDA does not start: ") + cudaGetErrorString(status);
  }
  if (!missing.empty()) {
    throw BackendUnavailableError(unavailable_message(plan_path, info, missing));
  }
  if (device < 0 || device >= count) {
    throw std::invalid_argument("there is no CUDA device " + std::to_string(device) +
                                "; there are " + std::to_string(count) + ", numbered from 0");
  }
}

void throw_refusal(nvinfer1::IRuntime& runtime, std::span<const std::byte> plan,
                   const std::string& plan_path) {
  const std::string log = tensorrt_log().take();
  const std::string reason = diagnose(runtime, plan, log);
  tensorrt_log().take();
  if (!reason.empty()) {
    throw BackendUnavailableError(
        unavailable_message(plan_path, *read_tensorrt_plan_info(plan), reason) +
        (log.empty() ? "" : ". TensorRT says: " + log));
  }
  throw PlanError(plan_path + " is damaged, TensorRT does not read it" +
                  (log.empty() ? "" : ": " + log));
}

}  // namespace ecgrt
