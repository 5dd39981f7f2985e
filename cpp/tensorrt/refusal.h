// Why TensorRT does not take a plan, in words that say what to do.
#pragma once

#include <NvInferRuntime.h>

#include <cstddef>
#include <span>
#include <string>

#include "tensorrt/plan_info.h"

namespace ecgrt {

// The flavour and the version of TensorRT that this library was built for and runs with.
TensorRtFlavour built_flavour();
std::string runtime_version();

// Throws BackendUnavailableError where the plan is of the other flavour, PlanError where it is not
// a TensorRT plan. Needs neither a driver nor a GPU.
TensorRtPlanInfo check_flavour(std::span<const std::byte> plan, const std::string& plan_path);

// Throws BackendUnavailableError where there is no driver or none that is new enough, or no GPU;
// std::invalid_argument where there is no such device.
void check_device(int device, const std::string& plan_path, const TensorRtPlanInfo& info);

// After a plan was refused: throws BackendUnavailableError for another version, GPU or driver,
// PlanError for damage.
[[noreturn]] void throw_refusal(nvinfer1::IRuntime& runtime, std::span<const std::byte> plan,
                                const std::string& plan_path);

}  // namespace ecgrt
