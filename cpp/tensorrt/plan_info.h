// Recognises a TensorRT plan by its first bytes; needs neither TensorRT nor CUDA.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ecgrt {

// NVIDIA's two TensorRT products. Neither reads the other's plans.
enum class TensorRtFlavour { enterprise, rtx };

struct TensorRtPlanInfo {
  TensorRtFlavour flavour = TensorRtFlavour::enterprise;
  std::array<unsigned, 4> version{};  // major, minor, patch, build; zeros where the plan is too old
  std::uint64_t bytes = 0;            // length that the header states, 0 where it states none
};

// How many first bytes of a plan read_tensorrt_plan_info() looks at.
inline constexpr std::size_t kTensorRtHeaderBytes = 28;

// Nothing where these are not the first bytes of a TensorRT plan. Any length of `plan` is accepted.
std::optional<TensorRtPlanInfo> read_tensorrt_plan_info(std::span<const std::byte> plan);

// Such as "TensorRT", "TensorRT-RTX" and "TensorRT-RTX 1.7.1.116".
std::string to_string(TensorRtFlavour flavour);
std::string to_string(const TensorRtPlanInfo& info);

// Throws PlanError where the file is shorter or longer than the header says, or shorter than one.
void check_complete(const TensorRtPlanInfo& info, std::size_t file_bytes, std::string_view path);

// Text of the BackendUnavailableError: what the plan is, what is missing here (a clause such as
// "there is no NVIDIA driver") and the command that builds a plan for the CPU instead.
std::string unavailable_message(std::string_view path, const TensorRtPlanInfo& info,
                                std::string_view missing);

}  // namespace ecgrt
