#include "metadata.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "errors.h"

namespace ecgrt {
namespace {

void require(bool ok, const std::string& what) {
  if (!ok) throw PlanError("the plan's metadata cannot be used: " + what);
}

Metadata::Decision parse_decision(const std::string& name) {
  if (name == "mode") return Metadata::Decision::mode;
  if (name == "mean") return Metadata::Decision::mean;
  throw PlanError("the plan's metadata cannot be used: decision is \"" + name +
                  "\", this ecgrt knows \"mode\" and \"mean\"");
}

}  // namespace

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
  require(metadata.classes.size() >= 2 && metadata.classes.size() <= kMaxClasses,
          "not 2 to 64 classes");
  require(std::isfinite(metadata.mean), "mean is not finite");
  require(std::isfinite(metadata.std) && metadata.std > 0, "std is not positive");
  require(std::isfinite(metadata.sampling_rate) && metadata.sampling_rate > 0,
          "sampling_rate is not positive");
  require(metadata.samples_per_segment > 0, "samples_per_segment is not positive");
  return metadata;
} catch (const nlohmann::json::exception& error) {
  throw PlanError(std::string("the plan's metadata cannot be read: ") + error.what());
}

}  // namespace ecgrt
