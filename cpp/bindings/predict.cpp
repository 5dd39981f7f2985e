#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/py_classifier.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

// Calls `work` for one record of a batch, and says of a fault which record it is in.
template <class Work>
void for_record(std::size_t index, const py::handle& x, const Work& work) {
  try {
    work();
  } catch (const py::type_error& error) {
    throw py::type_error(place_in_batch(index, x) + error.what());
  } catch (const py::value_error& error) {
    throw py::value_error(place_in_batch(index, x) + error.what());
  } catch (const std::invalid_argument& error) {
    throw py::value_error(place_in_batch(index, x) + error.what());
  } catch (const py::error_already_set& error) {
    const auto text = py::cast<std::string>(py::str(error.value()));
    if (error.matches(PyExc_TypeError)) throw py::type_error(place_in_batch(index, x) + text);
    if (error.matches(PyExc_ValueError)) throw py::value_error(place_in_batch(index, x) + text);
    throw;
  }
}

// After a batch has failed: throws the fault of its first bad record, if it is in a record.
void blame_record(const PyClassifier& self, const std::vector<py::object>& xs,
                  const std::vector<Signal>& signals) {
  Prediction ignored;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    for_record(i, xs[i], [&] {
      const GilRelease release;
      self.classifier.predict({&signals[i], 1}, {&ignored, 1}, 0.0, check_signals);
    });
  }
}

}  // namespace

void check_signals() {
  const GilAcquire acquire;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

NamedPrediction predict_one(const PyClassifier& self, const py::handle& x, std::optional<double> fs,
                            double min_confidence, const std::string& unit) {
  const auto [array, signal] = to_signal(x, fs, unit);
  NamedPrediction named{{}, self.classes};
  {
    const GilRelease release;
    self.classifier.predict({&signal, 1}, {&named.prediction, 1}, min_confidence, check_signals);
  }
  warn(named.prediction);
  return named;
}

std::vector<NamedPrediction> predict_all(const PyClassifier& self, const py::iterable& records,
                                         std::optional<double> fs, double min_confidence,
                                         const std::string& unit) {
  std::vector<py::object> xs;
  std::vector<py::array> arrays;
  std::vector<Signal> signals;
  for (const py::handle x : records) {
    for_record(xs.size(), x, [&] {
      auto [array, signal] = to_signal(x, fs, unit);
      arrays.push_back(std::move(array));
      signals.push_back(signal);
    });
    xs.push_back(py::reinterpret_borrow<py::object>(x));
  }
  std::vector<Prediction> predictions(signals.size());
  try {
    const GilRelease release;
    self.classifier.predict(signals, predictions, min_confidence, check_signals);
  } catch (const std::invalid_argument&) {
    blame_record(self, xs, signals);
    throw;
  }
  std::vector<NamedPrediction> named;
  named.reserve(predictions.size());
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    warn(predictions[i], place_in_batch(i, xs[i]));
    named.push_back({std::move(predictions[i]), self.classes});
  }
  return named;
}

}  // namespace ecgrt
