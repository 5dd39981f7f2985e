#include "tensorrt/plan_info.h"

#include <cstring>

#include "errors.h"

namespace ecgrt {
namespace {

constexpr std::size_t kTagBytes = 4;
constexpr std::string_view kEnterpriseTag = "ftrt";
constexpr std::string_view kOldEnterpriseTag = "ptrt";  // up to TensorRT 8.5: states no version
constexpr std::string_view kRtxTag = "vtrt";
constexpr std::size_t kLengthOffset = 16;  // uint64, little-endian; seen in plans of RTX only
constexpr std::size_t kVersionOffset =
    24;  // one byte each; where trtexec --getPlanVersionOnly looks

std::uint64_t read_little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  }
  return value;
}

}  // namespace

std::optional<TensorRtPlanInfo> read_tensorrt_plan_info(std::span<const std::byte> plan) {
  if (plan.size() < kTagBytes) {
    return std::nullopt;
  }
  const std::string_view tag(reinterpret_cast<const char*>(plan.data()), kTagBytes);
  if (tag != kEnterpriseTag && tag != kOldEnterpriseTag && tag != kRtxTag) {
    return std::nullopt;
  }
  TensorRtPlanInfo info;
  info.flavour = tag == kRtxTag ? TensorRtFlavour::rtx : TensorRtFlavour::enterprise;
  if (plan.size() < kTensorRtHeaderBytes || tag == kOldEnterpriseTag) {
    return info;
  }
  for (std::size_t i = 0; i < info.version.size(); ++i) {
    info.version[i] = std::to_integer<unsigned>(plan[kVersionOffset + i]);
  }
  if (tag == kRtxTag) {
    info.bytes = read_little_endian(plan.subspan(kLengthOffset, sizeof(std::uint64_t)));
  }
  return info;
}

std::string to_string(TensorRtFlavour flavour) {
  return flavour == TensorRtFlavour::rtx ? "TensorRT-RTX" : "TensorRT";
}

std::string to_string(const TensorRtPlanInfo& info) {
  std::string text = to_string(info.flavour);
  if (info.version != std::array<unsigned, 4>{}) {
    for (std::size_t i = 0; i < info.version.size(); ++i) {
      text += (i == 0 ? ' ' : '.') + std::to_string(info.version[i]);
    }
  }
  return text;
}

void check_complete(const TensorRtPlanInfo& info, std::size_t file_bytes, std::string_view path) {
  if (info.bytes == file_bytes || (info.bytes == 0 && file_bytes >= kTensorRtHeaderBytes)) {
    return;
  }
  const std::string expected = info.bytes == 0 ? "at least " + std::to_string(kTensorRtHeaderBytes)
                                               : std::to_string(info.bytes);
  throw PlanError(std::string(path) + " is damaged: a plan of " + to_string(info) +
                  ", it should have " + expected + " bytes and has " + std::to_string(file_bytes) +
                  "; copy it again or build it again");
}

std::string unavailable_message(std::string_view path, const TensorRtPlanInfo& info,
                                std::string_view missing) {
  return std::string(path) + " is a plan of " + to_string(info) +
         ", which cannot run here: " + std::string(missing) +
         ". A plan for the CPU is built from the same model by "
         "`ecgrt-build-engine model.onnx --target cpu`";
}

}  // namespace ecgrt
