#include "tensorrt/tensorrt_backend.h"

#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "tensorrt/plugin.h"
#include "tensorrt/refusal.h"

namespace ecgrt {
namespace {

// Two calls already overlap copies with arithmetic; more share the same GPU.
constexpr std::size_t kDefaultSlots = 2;

// Whether the variable has its first value (the default) and not its second.
bool is_first(const char* variable, std::string_view first, std::string_view second) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0' || value == first) {
    return true;
  }
  if (value == second) {
    return false;
  }
  throw std::invalid_argument(std::string(variable) + " must be " + std::string(first) + " or " +
                              std::string(second) + ", not " + value);
}

std::string device_name(int device) {
  cudaDeviceProp properties{};
  cuda::check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  return properties.name;
}

}  // namespace

TensorRtBackend::TensorRtBackend(std::span<const std::byte> plan, const std::string& plan_path,
                                 const BackendOptions& options)
    : device_(options.device) {
  const SlotOptions slot_options{is_first("ECGRT_CUDA_WAIT", "spin", "block"),
                                 is_first("ECGRT_CUDA_GRAPHS", "1", "0")};
  const TensorRtPlanInfo info = check_flavour(plan, plan_path);
  check_device(device_, plan_path, info);
  const cuda::DeviceGuard guard(device_);
  const bool rtx = info.flavour == TensorRtFlavour::rtx;
  name_ = (rtx ? "tensorrt-rtx/" : "tensorrt/") + device_name(device_);
  // Members only once all is well: the guard outlives what a failure unwinds here.
  auto engine = std::make_unique<Engine>(plan, plan_path);
  auto slots = std::make_unique<Pool<ExecutionSlot>>(
      [slot_options, engine = engine.get()] {
        auto slot = std::make_unique<ExecutionSlot>(*engine, slot_options);
        slot->prepare(1, engine->limits().opt_segments);
        return slot;
      },
      options.threads == 0 ? kDefaultSlots : options.threads);
  // The first slot now, so that what is wrong shows here and the first record is not late.
  {
    const Pool<ExecutionSlot>::Lease first(*slots);
  }
  engine_ = std::move(engine);
  slots_ = std::move(slots);
}

TensorRtBackend::~TensorRtBackend() {
  const cuda::DeviceGuard guard(device_);
  slots_.reset();
  engine_.reset();
}

void TensorRtBackend::run(std::span<const Window> windows) const {
  const EngineLimits& limits = engine_->limits();
  for (const Window& window : windows) {
    if (window.segments() < limits.min_segments || window.segments() > limits.max_segments) {
      throw std::invalid_argument(
          "the record has " + std::to_string(window.segments()) + " segments; this plan takes " +
          std::to_string(limits.min_segments) + " to " + std::to_string(limits.max_segments) +
          ", build it with other --min-seconds and --max-seconds");
    }
  }
  const cuda::DeviceGuard guard(device_);
  const Pool<ExecutionSlot>::Lease slot(*slots_);
  slot->run(windows);
}

}  // namespace ecgrt

ecgrt::Backend* ecgrt_make_tensorrt_backend(const void* plan, std::size_t size,
                                            const char* plan_path,
                                            const ecgrt::BackendOptions* options) {
  return new ecgrt::TensorRtBackend({static_cast<const std::byte*>(plan), size}, plan_path,
                                    *options);
}
