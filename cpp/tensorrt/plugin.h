// How the core gets the TensorRT backend without linking TensorRT or CUDA: from a module of its
// own that is opened when a plan needs it, so that ecgrt imports on machines that have neither.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "backend.h"

namespace ecgrt {

// The backend for a TensorRT plan; `plan` must outlive it. Opens the module that lies beside the
// shared object of the caller (ecgrt._core). Throws PlanError for a plan that is damaged or not
// ours, BackendUnavailableError for anything that is missing here: module, TensorRT, driver, GPU.
std::unique_ptr<Backend> load_tensorrt_backend(std::span<const std::byte> plan,
                                               const std::string& plan_path,
                                               const BackendOptions& options);

}  // namespace ecgrt

// What the module exports. Never returns null; throws as load_tensorrt_backend() does, for both
// are built together by one compiler.
extern "C" [[gnu::visibility("default")]] ecgrt::Backend* ecgrt_make_tensorrt_backend(
    const void* plan, std::size_t size, const char* plan_path,
    const ecgrt::BackendOptions* options);
