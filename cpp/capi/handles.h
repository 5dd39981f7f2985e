// What the handles of the C API are.
#pragma once

#include <ecgrt/ecgrt.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "classifier.h"
#include "stream.h"

namespace ecgrt::capi {

struct Loaded {
  Loaded(const PlanSource& plan, const BackendOptions& options)
      : classifier(plan, options), backend(classifier.backend().name()) {}

  Classifier classifier;
  std::string backend;
};

// Kept by whoever still needs it: callers may close handles in any order.
using SharedClassifier = std::shared_ptr<const Loaded>;

struct WarningTexts {
  std::string code, text;
};

// The signal that the core views. Throws std::invalid_argument.
Signal to_signal(const ecgrt_signal& signal);

// After a classifier has filled `prediction.value`: the rest.
void complete(const SharedClassifier& by, ecgrt_prediction& prediction);

}  // namespace ecgrt::capi

struct ecgrt_classifier {
  ecgrt::capi::SharedClassifier loaded;

  const ecgrt::Classifier& get() const { return loaded->classifier; }
};

struct ecgrt_prediction {
  ecgrt::Prediction value;
  ecgrt::capi::SharedClassifier by;  // null: it is empty
  std::vector<ecgrt::capi::WarningTexts> warnings;
};

struct ecgrt_stream {
  ecgrt_stream(ecgrt::capi::SharedClassifier classifier, const ecgrt::StreamOptions& options,
               ecgrt::Interlude asked)
      : by(std::move(classifier)), stream(by->classifier, options), interlude(std::move(asked)) {}

  ecgrt::capi::SharedClassifier by;
  ecgrt::Stream stream;
  ecgrt::Interlude interlude;                 // asks the caller's callback, if there is one
  ecgrt::Decisions decisions;                 // of the last call ...
  std::vector<ecgrt_prediction> predictions;  // ... and theirs; more of them may lie here
};
