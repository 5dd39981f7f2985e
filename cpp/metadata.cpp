#include "metadata.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "errors.h"

namespace ecgrt {
namespace {

Metadata::Decision parse_decision(const std::string& name) {
  if (name == "mode") return Metadata::Decision::mode;
  if (name == "mean") return Metadata::Decision::mean;
  throw PlanError("the plan's metadata cannot be used: decision is \"" + name +
                  "\", this ecgrt knows \"mode\" and \"mean\"");
}

}  // namespace

std::string find_fault(const Metadata& metadata) {
  if (!std::isfinite(metadata.mean)) return "mean must be finite";
  if (!std::isfinite(metadata.std) || metadata.std <= 0) return "std must be positive";
  if (!std::isfinite(metadata.sampling_rate) || metadata.sampling_rate <= 0) {
    return "sampling_rate must be positive";
  }
  if (metadata.samples_per_segment == 0) return "samples_per_segment must be positive";
  return {};
}

Metadata parse_metadata(std::string_view text) try {
  const auto json = nlohmann::json::parse(text);
  Metadata metadata;
  metadata.classes = json.at("classes").get<std::vector<std::string>>();
  metadata.mean = json.at("mean").get<float>();
  metadata.std = json.at("std").get<float>();
  metadata.sampling_rate = json.at("sampling_rate").get<double>();
  metadata.samples_per_segment = json.at("samples_per_segment").get<std::size_t>();
  metadata.context_segments = json.at("context_segments").get<std::size_t>();
  metadata.decision = parse_decision(json.value("decision", "mode"));
  metadata.json = text;
  std::string fault = find_fault(metadata);
  if (metadata.classes.size() < 2 || metadata.classes.size() > kMaxClasses) {
    fault = "there must be 2 to " + std::to_string(kMaxClasses) + " classes";
  }
  if (!fault.empty()) throw PlanError("the plan's metadata cannot be used: " + fault);
  return metadata;
} catch (const nlohmann::json::exception& error) {
  throw PlanError(std::string("the plan's metadata cannot be read: ") + error.what());
}

}  // namespace ecgrt
