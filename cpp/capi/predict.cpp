// Signals in, predictions out.
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "capi/guard.h"
#include "capi/handles.h"

namespace ecgrt::capi {
namespace {

ecgrt_predict_options checked_options(const ecgrt_predict_options* options) {
  return checked(options, ECGRT_PREDICT_OPTIONS_INIT, "ecgrt_predict_options");
}

std::string place(std::size_t index) { return "signal " + std::to_string(index) + ": "; }

std::vector<Signal> to_signals(std::span<const ecgrt_signal> given) {
  std::vector<Signal> signals;
  signals.reserve(given.size());
  for (std::size_t i = 0; i < given.size(); ++i) {
    try {
      signals.push_back(to_signal(given[i]));
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(place(i) + error.what());
    }
  }
  return signals;
}

// After a batch has failed: throws the fault of its first bad signal, if it is in a signal.
void blame_signal(const ecgrt_classifier& classifier, std::span<const Signal> signals,
                  const Interlude& interlude) {
  Prediction ignored;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    try {
      classifier.get().predict(signals.subspan(i, 1), {&ignored, 1}, 0.0, interlude);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(place(i) + error.what());
    }
  }
}

void empty_all(ecgrt_prediction* const* predictions, std::size_t count) {
  for (std::size_t i = 0; predictions != nullptr && i < count; ++i) {
    if (predictions[i] != nullptr) *predictions[i] = {};
  }
}

void predict_batch(const ecgrt_classifier& classifier, std::span<const ecgrt_signal> given,
                   const ecgrt_predict_options& options,
                   std::span<ecgrt_prediction* const> predictions) {
  const std::vector<Signal> signals = to_signals(given);
  // Their memory comes along.
  std::vector<Prediction> values;
  values.reserve(signals.size());
  for (ecgrt_prediction* prediction : predictions) {
    values.push_back(std::move(known(prediction, "an entry of predictions").value));
  }
  const Interlude interlude = interlude_of(options);
  try {
    classifier.get().predict(signals, values, options.min_confidence, interlude);
  } catch (const std::invalid_argument&) {
    blame_signal(classifier, signals, interlude);
    throw;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    predictions[i]->value = std::move(values[i]);
    complete(classifier.loaded, *predictions[i]);
  }
}

}  // namespace
}  // namespace ecgrt::capi

extern "C" {

ecgrt_status ecgrt_prediction_new(ecgrt_prediction** prediction) {
  using namespace ecgrt;
  return capi::guard([=] {
    capi::known(prediction, "prediction") = nullptr;
    *prediction = new ecgrt_prediction;
  });
}

void ecgrt_prediction_free(ecgrt_prediction* prediction) { delete prediction; }

ecgrt_status ecgrt_predict(const ecgrt_classifier* classifier, const ecgrt_signal* signal,
                           const ecgrt_predict_options* options, ecgrt_prediction* prediction) {
  using namespace ecgrt;
  const ecgrt_status status = capi::guard([=] {
    const ecgrt_classifier& by = capi::known(classifier, "classifier");
    ecgrt_prediction& to = capi::known(prediction, "prediction");
    const auto asked = capi::checked_options(options);
    const Signal view = capi::to_signal(capi::known(signal, "signal"));
    by.get().predict({&view, 1}, {&to.value, 1}, asked.min_confidence, capi::interlude_of(asked));
    capi::complete(by.loaded, to);
  });
  if (status != ECGRT_OK) capi::empty_all(&prediction, 1);
  return status;
}

ecgrt_status ecgrt_predict_batch(const ecgrt_classifier* classifier, const ecgrt_signal* signals,
                                 size_t count, const ecgrt_predict_options* options,
                                 ecgrt_prediction* const* predictions) {
  using namespace ecgrt;
  const ecgrt_status status = capi::guard([=] {
    const ecgrt_classifier& by = capi::known(classifier, "classifier");
    const auto asked = capi::checked_options(options);
    if (count == 0) return;
    capi::predict_batch(by, {&capi::known(signals, "signals"), count}, asked,
                        {&capi::known(predictions, "predictions"), count});
  });
  if (status != ECGRT_OK) capi::empty_all(predictions, count);
  return status;
}

}  // extern "C"
