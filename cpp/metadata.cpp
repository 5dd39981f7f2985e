#include "metadata.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <stdexcept>

#include "errors.h"
#include "json_fields.h"

namespace ecgrt {
namespace {

constexpr std::array kFields = {"calibration_bias",
                                "calibration_scale",
                                "classes",
                                "context_segments",
                                "decision",
                                "decision_weights",
                                "label_version",
                                "mean",
                                "model",
                                "pooling",
                                "record_head",
                                "sampling_rate",
                                "samples_per_segment",
                                "schema",
                                "signal",
                                "std",
                                "training_digest",
                                "training_records"};

// Of samples or segments, so that sums and products of them fit.
constexpr std::size_t kMost = std::size_t{1} << 20;
// Of a filter's taps, so that it is designed at once.
constexpr int kMostHalfWidth = 16'384;
const std::string kHalfWidthRule =
    "half_width must be a whole number from 1 to " + std::to_string(kMostHalfWidth);

[[noreturn]] void fail(const std::string& fault) {
  throw PlanError("the plan's metadata cannot be used: " + fault);
}

void check_layout(const nlohmann::json& json) {
  if (const std::size_t schema = json.contains("schema") ? natural_at(json, "schema", kMost) : 1;
      schema != 1) {
    fail("it has schema " + std::to_string(schema) + ", this ecgrt reads 1; update ecgrt");
  }
  for (const auto& [name, value] : json.items()) {
    if (std::find(kFields.begin(), kFields.end(), name) == kFields.end()) {
      fail("the field \"" + name + "\" is not known; update ecgrt");
    }
  }
}

Metadata::Decision parse_decision(std::string_view name) {
  if (name == "mode") return Metadata::Decision::mode;
  if (name == "mean") return Metadata::Decision::mean;
  fail("decision is \"" + std::string(name) + "\", this ecgrt knows \"mode\" and \"mean\"");
}

SignalBlock parse_signal(const nlohmann::json& json) {
  constexpr std::array kParts = {"band", "gaps", "half_width", "scale"};
  for (const auto& [name, value] : json.items()) {
    if (std::find(kParts.begin(), kParts.end(), name) == kParts.end()) {
      fail("the field \"" + name + "\" of \"signal\" is not known; update ecgrt");
    }
  }
  const auto band = json.at("band").get<std::vector<double>>();
  if (band.size() != 2) fail("signal.band must be two frequencies, [low, high] in Hz");
  const auto scale = json.at("scale").get<std::string>();
  if (scale != "fixed" && scale != "local") {
    fail("signal.scale is \"" + scale + "\", this ecgrt knows \"fixed\" and \"local\"");
  }
  const auto gaps = json.value("gaps", std::string("bridge"));
  if (gaps != "bridge" && gaps != "cut") {
    fail("signal.gaps is \"" + gaps + "\", this ecgrt knows \"bridge\" and \"cut\"");
  }
  const auto half_width = json.at("half_width").get<double>();  // a cast would make -1 and 1.5 good
  if (!(half_width >= 1 && half_width <= kMostHalfWidth && half_width == std::floor(half_width))) {
    fail("signal." + kHalfWidthRule);
  }
  return {band[0], band[1], static_cast<std::size_t>(half_width),
          scale == "local" ? SignalBlock::Scale::local : SignalBlock::Scale::fixed, gaps == "cut"};
}

// What is impossible about the signal block; empty if it is sound.
std::string find_signal_fault(const Metadata& metadata) {
  if (!metadata.signal) return {};
  const auto& [low, high, half_width, scale, cut] = *metadata.signal;
  const std::string fault = find_band_fault(low, high, half_width, metadata.sampling_rate);
  if (!fault.empty()) return "signal." + fault;
  if (scale == SignalBlock::Scale::local && (metadata.mean != 0 || metadata.std != 1)) {
    return "with the local scale mean must be 0 and std 1";
  }
  return {};
}

// What is impossible about a record head; empty if it is sound.
std::string find_head_fault(const Metadata& metadata) {
  const RecordHead& head = *metadata.record_head;
  if (head.evidence == 0 || head.evidence > kMaxEvidence) {
    return "record_head.evidence must be from 1 to " + std::to_string(kMaxEvidence);
  }
  if (head.hidden == 0 || head.hidden > kMaxHidden) {
    return "record_head.hidden must be from 1 to " + std::to_string(kMaxHidden);
  }
  const std::size_t count = head.weight_count(metadata.classes.size());
  if (head.weights.size() != count) {
    return "record_head.weights must be " + std::to_string(count) + " numbers, not " +
           std::to_string(head.weights.size());
  }
  const auto finite = [](float weight) { return std::isfinite(weight); };
  if (!std::all_of(head.weights.begin(), head.weights.end(), finite)) {
    return "record_head.weights must be finite";
  }
  if (!metadata.pooling.empty()) return "pooling and record_head exclude each other";
  if (metadata.decision == Metadata::Decision::mode) {
    return "a record_head answers with probabilities, so decision must be \"mean\", not \"mode\"";
  }
  return {};
}

// What is impossible about the fields that records are decided by; empty if they are sound.
std::string find_decision_fault(const Metadata& metadata) {
  const std::size_t classes = metadata.classes.size();
  const auto &bias = metadata.calibration_bias, &weights = metadata.decision_weights;
  const auto finite = [](double value) { return std::isfinite(value); };
  const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
  if (classes < 2 || classes > kMaxClasses) {
    return "there must be 2 to " + std::to_string(kMaxClasses) + " classes";
  }
  const std::set<std::string> names(metadata.classes.begin(), metadata.classes.end());
  if (names.size() != classes || names.contains("")) {
    return "classes must have different names, none of them empty";
  }
  const auto& pooling = metadata.pooling;
  const auto sound = [&](const std::vector<double>& row) {
    return row.size() == 2 * classes + 1 && std::all_of(row.begin(), row.end(), finite);
  };
  if (!pooling.empty() &&
      (pooling.size() != classes || !std::all_of(pooling.begin(), pooling.end(), sound))) {
    return "pooling must be empty, or " + std::to_string(2 * classes + 1) +
           " finite numbers per class";
  }
  if (metadata.record_head) {
    if (std::string fault = find_head_fault(metadata); !fault.empty()) return fault;
  }
  if (!positive(metadata.calibration_scale)) return "calibration_scale must be positive";
  if (!bias.empty() && (bias.size() != classes || !std::all_of(bias.begin(), bias.end(), finite))) {
    return "calibration_bias must be empty, or a finite number per class";
  }
  if (weights.empty()) return {};
  if (weights.size() != classes || !std::all_of(weights.begin(), weights.end(), positive)) {
    return "decision_weights must be empty, or a positive number per class";
  }
  if (metadata.decision == Metadata::Decision::mode) {
    return "decision_weights weigh probabilities, so decision must be \"mean\", not \"mode\"";
  }
  return {};
}

RecordHead parse_record_head(const nlohmann::json& json) try {
  RecordHead head;
  head.evidence = natural_at(json, "evidence", kMaxEvidence);
  head.features = json.at("features").get<std::vector<std::string>>();
  head.hidden = natural_at(json, "hidden", kMaxHidden);
  head.weights = floats_from_base64(json.at("weights").get_ref<const std::string&>());
  return head;
} catch (const std::invalid_argument& error) {
  fail(std::string("record_head.weights: ") + error.what());
}

}  // namespace

std::string find_band_fault(double low, double high, std::size_t half_width, double rate) {
  if (!(low > 0 && low < rate / 2)) {
    return "band must begin above 0 and below half of sampling_rate";
  }
  if (!std::isfinite(high) || (high != 0 && high <= low)) {
    return "band must end at 0 (no upper limit) or above its beginning";
  }
  if (half_width < 1 || half_width > kMostHalfWidth) return kHalfWidthRule;
  return {};
}

std::string find_fault(const Metadata& metadata) {
  if (!std::isfinite(metadata.mean)) return "mean must be finite";
  if (!std::isfinite(metadata.std) || metadata.std <= 0) return "std must be positive";
  if (!std::isfinite(metadata.sampling_rate) || metadata.sampling_rate <= 0) {
    return "sampling_rate must be positive";
  }
  if (metadata.samples_per_segment == 0) return "samples_per_segment must be positive";
  return find_signal_fault(metadata);
}

Metadata parse_metadata(std::string_view text) try {
  const JsonDocument document(text);
  const nlohmann::json& json = document.root();
  check_layout(json);
  Metadata metadata;
  metadata.classes = json.at("classes").get<std::vector<std::string>>();
  metadata.mean = json.at("mean").get<float>();
  metadata.std = json.at("std").get<float>();
  metadata.sampling_rate = json.at("sampling_rate").get<double>();
  metadata.samples_per_segment = natural_at(json, "samples_per_segment", kMost);
  metadata.context_segments = natural_at(json, "context_segments", kMost);
  if (json.contains("signal")) metadata.signal = parse_signal(json.at("signal"));
  metadata.decision = parse_decision(json.value("decision", std::string("mode")));
  metadata.pooling = json.value("pooling", std::vector<std::vector<double>>());
  metadata.calibration_scale = json.value("calibration_scale", 1.0);
  metadata.calibration_bias = json.value("calibration_bias", std::vector<double>());
  metadata.decision_weights = json.value("decision_weights", std::vector<double>());
  if (json.contains("record_head")) metadata.record_head = parse_record_head(json["record_head"]);
  metadata.json = text;
  if (const std::string fault = find_fault(metadata); !fault.empty()) fail(fault);
  if (const std::string fault = find_decision_fault(metadata); !fault.empty()) fail(fault);
  return metadata;
} catch (const JsonError& error) {
  fail(error.what());
} catch (const nlohmann::json::exception& error) {
  throw PlanError(std::string("the plan's metadata cannot be read: ") + error.what());
}

}  // namespace ecgrt
