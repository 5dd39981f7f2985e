#include "tensorrt/plugin.h"

#include <dlfcn.h>

#include <filesystem>

#include "errors.h"
#include "tensorrt/plan_info.h"

namespace ecgrt {
namespace {

constexpr const char* kModule = "libecgrt_tensorrt.so";
constexpr const char* kFactory = "ecgrt_make_tensorrt_backend";
using Factory = decltype(ecgrt_make_tensorrt_backend);

// Empty where the loader does not tell.
std::filesystem::path folder_of_this_library() {
  Dl_info library{};
  if (dladdr(reinterpret_cast<const void*>(&folder_of_this_library), &library) == 0 ||
      library.dli_fname == nullptr) {
    return {};
  }
  return std::filesystem::path(library.dli_fname).parent_path();
}

// The module stays open for the life of the process: TensorRT and CUDA do not survive unloading.
Factory* open_factory(const std::string& plan_path, const TensorRtPlanInfo& info) {
  const std::filesystem::path module = folder_of_this_library() / kModule;
  std::error_code ignored;
  if (!std::filesystem::exists(module, ignored)) {
    throw BackendUnavailableError(unavailable_message(
        plan_path, info, "this ecgrt was built without TensorRT (docs/tensorrt.md tells how to)"));
  }
  void* handle = dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    throw BackendUnavailableError(
        unavailable_message(plan_path, info,
                            "TensorRT or CUDA is not installed, or not where ecgrt looks for it: " +
                                std::string(dlerror())));
  }
  void* factory = dlsym(handle, kFactory);
  if (factory == nullptr) {
    throw BackendUnavailableError(unavailable_message(
        plan_path, info, module.string() + " is of another version of ecgrt; install it again"));
  }
  return reinterpret_cast<Factory*>(factory);
}

}  // namespace

std::unique_ptr<Backend> load_tensorrt_backend(std::span<const std::byte> plan,
                                               const std::string& plan_path,
                                               const BackendOptions& options) {
  const auto info = read_tensorrt_plan_info(plan);
  if (!info) {
    throw PlanError(plan_path + " is not a TensorRT plan");
  }
  check_complete(*info, plan.size(), plan_path);
  Factory* factory = open_factory(plan_path, *info);
  return std::unique_ptr<Backend>(factory(plan.data(), plan.size(), plan_path.c_str(), &options));
}

}  // namespace ecgrt
