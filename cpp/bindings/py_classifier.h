// A classifier as Python holds it.
#pragma once

#include <pybind11/pybind11.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/bindings.h"
#include "classifier.h"
#include "plan_source.h"

namespace ecgrt {

struct PyClassifier {
  // Of a file; `path` as it was given.
  PyClassifier(const std::string& path, std::optional<long> asked_threads, int asked_device)
      : PyClassifier(PlanSource(path), asked_threads, asked_device) {
    plan = path;
    location = std::filesystem::absolute(path).string();
  }
  PyClassifier(const PlanSource& source, std::optional<long> asked_threads, int asked_device)
      : threads(asked_threads),
        device(asked_device),
        classifier(source, {static_cast<std::size_t>(threads.value_or(0)), device}),
        classes(std::make_shared<const std::vector<std::string>>(classifier.metadata().classes)) {}

  std::optional<std::string> plan;  // none: it was in memory
  std::string location;             // absolute: a process that unpickles may have started elsewhere
  std::optional<long> threads;
  int device;
  Classifier classifier;
  std::shared_ptr<const std::vector<std::string>> classes;
};

}  // namespace ecgrt

template <>
class pybind11::detail::type_caster<ecgrt::PyClassifier>
    : public ecgrt::MadeCaster<ecgrt::PyClassifier> {};

namespace ecgrt {

NamedPrediction predict_one(const PyClassifier& self, const pybind11::handle& x,
                            std::optional<double> fs, double min_confidence,
                            const std::string& unit);

// An error says which record it is about.
std::vector<NamedPrediction> predict_all(const PyClassifier& self, const pybind11::iterable& xs,
                                         std::optional<double> fs, double min_confidence,
                                         const std::string& unit);

}  // namespace ecgrt
