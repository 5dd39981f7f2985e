#include "classifier.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/bindings.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

struct PyClassifier {
  PyClassifier(const std::string& plan, const BackendOptions& options) : classifier(plan, options) {
    classes = std::make_shared<const std::vector<std::string>>(classifier.metadata().classes);
  }
  Classifier classifier;
  std::shared_ptr<const std::vector<std::string>> classes;
};

// Lets Ctrl-C end a long call. Without a signal, or on another than the main thread, it does
// nothing.
void check_signals() {
  const py::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

std::vector<NamedPrediction> predict_all(const PyClassifier& self, const py::iterable& xs,
                                         std::optional<double> fs, double min_confidence) {
  std::vector<py::array> arrays;
  std::vector<Signal> signals;
  for (const py::handle x : xs) {
    auto [array, signal] = to_signal(x, fs);
    arrays.push_back(std::move(array));
    signals.push_back(signal);
  }
  std::vector<Prediction> predictions(signals.size());
  {
    const py::gil_scoped_release release;
    self.classifier.predict(signals, predictions, min_confidence, check_signals);
  }
  std::vector<NamedPrediction> named;
  named.reserve(predictions.size());
  for (Prediction& prediction : predictions) {
    named.push_back({std::move(prediction), self.classes});
  }
  return named;
}

NamedPrediction predict_one(const PyClassifier& self, const py::handle& x, std::optional<double> fs,
                            double min_confidence) {
  const auto [array, signal] = to_signal(x, fs);
  NamedPrediction named{{}, self.classes};
  const py::gil_scoped_release release;
  self.classifier.predict({&signal, 1}, {&named.prediction, 1}, min_confidence, check_signals);
  return named;
}

std::unique_ptr<PyClassifier> make_classifier(const py::object& plan, std::optional<long> threads,
                                              int device) {
  const auto path = py::module_::import("os").attr("fspath")(plan).cast<std::string>();
  if (threads && *threads < 1) throw py::value_error("threads must be at least 1");
  const BackendOptions options{static_cast<std::size_t>(threads.value_or(0)), device};
  const py::gil_scoped_release release;
  return std::make_unique<PyClassifier>(path, options);
}

}  // namespace

void register_classifier(py::module_& m) {
  py::class_<PyClassifier>(m, "Classifier", "A plan, loaded and ready; safe to share by threads.")
      .def(py::init(&make_classifier), py::arg("plan"), py::kw_only(),
           py::arg("threads") = py::none(), py::arg("device") = 0)
      .def("predict", &predict_one, py::arg("x"), py::arg("fs") = py::none(),
           py::arg("min_confidence") = 0.0)
      .def("predict_batch", &predict_all, py::arg("xs"), py::arg("fs") = py::none(),
           py::arg("min_confidence") = 0.0)
      .def("self_test",
           [](const PyClassifier& self) {
             const py::gil_scoped_release release;
             return self.classifier.self_test();
           })
      .def_property_readonly(
          "classes", [](const PyClassifier& self) { return py::tuple(py::cast(*self.classes)); })
      .def_property_readonly(
          "sampling_rate",
          [](const PyClassifier& self) { return self.classifier.metadata().sampling_rate; })
      .def_property_readonly(
          "samples_per_segment",
          [](const PyClassifier& self) { return self.classifier.metadata().samples_per_segment; })
      .def_property_readonly(
          "backend", [](const PyClassifier& self) { return self.classifier.backend().name(); })
      .def_property_readonly(
          "threads",
          [](const PyClassifier& self) { return self.classifier.backend().parallel_windows(); })
      .def_property_readonly(
          "metadata",
          [](const PyClassifier& self) {
            return py::module_::import("json").attr("loads")(self.classifier.metadata().json);
          })
      .def_property_readonly("training_records", [](const PyClassifier& self) {
        return py::str(self.classifier.training_records()).attr("split")();
      });
}

}  // namespace ecgrt
