// What a prediction says. It may be null, or not filled yet.
#include <cstddef>
#include <cstdint>
#include <limits>

#include "capi/guard.h"
#include "capi/handles.h"
#include "signal/heart_rate.h"

namespace {

const ecgrt::Prediction& value_of(const ecgrt_prediction* prediction) {
  static const ecgrt::Prediction kNone;
  return prediction == nullptr ? kNone : prediction->value;
}

bool is_filled(const ecgrt_prediction* prediction) {
  return prediction != nullptr && prediction->by != nullptr;
}

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void ecgrt::capi::complete(const SharedClassifier& by, ecgrt_prediction& prediction) {
  prediction.by = by;
  prediction.warnings.clear();
  for (const Warning& warning : prediction.value.quality.warnings) {
    prediction.warnings.push_back({to_string(warning.code), sentence(warning)});
  }
}

extern "C" {

int32_t ecgrt_prediction_label(const ecgrt_prediction* prediction) {
  const auto& label = value_of(prediction).label;
  return label ? static_cast<int32_t>(*label) : -1;
}

const char* ecgrt_prediction_label_name(const ecgrt_prediction* prediction) {
  const auto& label = value_of(prediction).label;
  return label ? prediction->by->classifier.metadata().classes.at(*label).c_str() : nullptr;
}

float ecgrt_prediction_confidence(const ecgrt_prediction* prediction) {
  return is_filled(prediction) ? prediction->value.confidence
                               : std::numeric_limits<float>::quiet_NaN();
}

size_t ecgrt_prediction_class_count(const ecgrt_prediction* prediction) {
  return value_of(prediction).probabilities.size();
}

const float* ecgrt_prediction_probabilities(const ecgrt_prediction* prediction) {
  return value_of(prediction).probabilities.data();
}

size_t ecgrt_prediction_segment_count(const ecgrt_prediction* prediction) {
  return value_of(prediction).segment_labels.size();
}

const float* ecgrt_prediction_segment_probabilities(const ecgrt_prediction* prediction) {
  return value_of(prediction).segment_probabilities.data();
}

int32_t ecgrt_prediction_segment_label(const ecgrt_prediction* prediction, size_t segment) {
  const auto& labels = value_of(prediction).segment_labels;
  if (segment >= labels.size() || labels[segment] == ecgrt::kNoLabel) return -1;
  return static_cast<int32_t>(labels[segment]);
}

size_t ecgrt_prediction_beat_count(const ecgrt_prediction* prediction) {
  return value_of(prediction).beats.size();
}

const double* ecgrt_prediction_beats(const ecgrt_prediction* prediction) {
  return value_of(prediction).beats.data();
}

double ecgrt_prediction_heart_rate(const ecgrt_prediction* prediction) {
  double rate = kUnknown;
  // To fail it would have to find no memory; then the rate is unknown.
  ecgrt::capi::guard(
      [&] { rate = ecgrt::heart_rate(value_of(prediction).beats).value_or(kUnknown); });
  return rate;
}

double ecgrt_prediction_seconds(const ecgrt_prediction* prediction) {
  return is_filled(prediction) ? prediction->value.quality.seconds : kUnknown;
}

double ecgrt_prediction_readable(const ecgrt_prediction* prediction) {
  return is_filled(prediction) ? prediction->value.quality.readable : kUnknown;
}

size_t ecgrt_prediction_gap_count(const ecgrt_prediction* prediction) {
  return value_of(prediction).quality.spans.size();
}

ecgrt_status ecgrt_prediction_gap(const ecgrt_prediction* prediction, size_t index,
                                  ecgrt_gap* gap) {
  using namespace ecgrt;
  return capi::guard([=] {
    const auto& spans = capi::known(prediction, "prediction").value.quality.spans;
    capi::known(gap, "gap") = {};
    if (index >= spans.size()) {
      throw std::invalid_argument("there is no gap " + std::to_string(index) +
                                  "; the prediction has " + std::to_string(spans.size()));
    }
    const auto& [start, end, reason] = spans[index];
    *gap = {start, end, static_cast<ecgrt_gap_reason>(reason)};
  });
}

size_t ecgrt_prediction_warning_count(const ecgrt_prediction* prediction) {
  return prediction == nullptr ? 0 : prediction->warnings.size();
}

const char* ecgrt_prediction_warning_code(const ecgrt_prediction* prediction, size_t index) {
  if (index >= ecgrt_prediction_warning_count(prediction)) return nullptr;
  return prediction->warnings[index].code.c_str();
}

const char* ecgrt_prediction_warning_text(const ecgrt_prediction* prediction, size_t index) {
  if (index >= ecgrt_prediction_warning_count(prediction)) return nullptr;
  return prediction->warnings[index].text.c_str();
}

}  // extern "C"
