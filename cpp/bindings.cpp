// The Python extension: turns arrays into signals and answers into arrays, and computes nothing.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "classifier.h"
#include "cpu/cpu_backend.h"
#include "cpu/dispatch.h"
#include "errors.h"
#include "signal/reader.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

// A prediction and the names of its classes, for those who read it after the classifier is gone.
struct NamedPrediction {
  Prediction prediction;
  std::shared_ptr<const std::vector<std::string>> classes;
};

struct PyClassifier {
  PyClassifier(const std::string& plan, const BackendOptions& options) : classifier(plan, options) {
    classes = std::make_shared<const std::vector<std::string>>(classifier.metadata().classes);
  }
  Classifier classifier;
  std::shared_ptr<const std::vector<std::string>> classes;
};

std::optional<SampleType> sample_type(const py::array& array) {
  const char order = array.dtype().byteorder();
  const bool native = order == '=' || order == '|';
  const bool aligned = (array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) != 0;
  if (!native || !aligned) return std::nullopt;
  const auto type = std::pair(array.dtype().kind(), array.itemsize());
  if (type == std::pair('i', py::ssize_t{2})) return SampleType::int16;
  if (type == std::pair('i', py::ssize_t{4})) return SampleType::int32;
  if (type == std::pair('f', py::ssize_t{4})) return SampleType::float32;
  if (type == std::pair('f', py::ssize_t{8})) return SampleType::float64;
  return std::nullopt;
}

std::optional<std::string> label_of(const NamedPrediction& p) {
  if (!p.prediction.label) return std::nullopt;
  return p.classes->at(*p.prediction.label);
}

// Beneath a mask lies any number, and a conversion to a plain array would bring it to light.
void refuse_masked(const py::handle& x) {
  const bool subclass =
      py::isinstance<py::array>(x) && Py_TYPE(x.ptr()) != py::detail::npy_api::get().PyArray_Type_;
  if (subclass && py::module_::import("numpy.ma").attr("is_masked")(x).cast<bool>()) {
    throw py::value_error(
        "x has masked samples; a signal has a value for each (fill the gaps or "
        "classify the parts between them)");
  }
}

// The array whose memory the signal views: x itself wherever its type is one that is read in place.
std::pair<py::array, Signal> to_signal(const py::handle& x, std::optional<double> fs) {
  refuse_masked(x);
  py::array array(py::reinterpret_borrow<py::object>(x));
  const char kind = array.dtype().kind();
  if (kind != 'i' && kind != 'u' && kind != 'f') {
    throw py::type_error("x has dtype " + py::cast<std::string>(py::str(array.dtype())) +
                         "; a signal is an array of integers or floats");
  }
  if (array.ndim() != 1) {
    throw py::value_error("x has " + std::to_string(array.ndim()) +
                          " dimensions; a signal is one lead, a 1-D array (take one with x[:, 0])");
  }
  if (fs) check_sampling_rate(*fs);
  std::optional<SampleType> type = sample_type(array);
  if (!type) {
    array = array.attr("astype")("f8").cast<py::array>();
    type = SampleType::float64;
  }
  const Signal signal{array.data(), *type, array.strides(0),
                      static_cast<std::size_t>(array.shape(0)), fs.value_or(0.0)};
  return {std::move(array), signal};
}

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

py::array_t<float> preprocess(const py::handle& x, std::optional<double> fs, float mean, float std,
                              double sampling_rate, std::size_t samples_per_segment) {
  const auto [array, signal] = to_signal(x, fs);
  Metadata metadata;
  metadata.mean = mean;
  metadata.std = std;
  metadata.sampling_rate = sampling_rate;
  metadata.samples_per_segment = samples_per_segment;
  if (const std::string fault = find_fault(metadata); !fault.empty()) throw py::value_error(fault);
  std::shared_ptr<const Resampler> resampler;
  if (fs && *fs != sampling_rate) {
    check_sampling_rate(sampling_rate);
    resampler = std::make_shared<const Resampler>(*fs, sampling_rate);
  }
  const SignalReader reader(signal, metadata, resampler);
  py::array_t<float> out(static_cast<py::ssize_t>(reader.segments() * samples_per_segment));
  std::vector<float> scratch;
  reader.read(0, static_cast<std::size_t>(out.size()), out.mutable_data(), scratch);
  return out;
}

std::unique_ptr<PyClassifier> make_classifier(const py::object& plan, std::optional<long> threads,
                                              int device) {
  const auto path = py::module_::import("os").attr("fspath")(plan).cast<std::string>();
  if (threads && *threads < 1) throw py::value_error("threads must be at least 1");
  const BackendOptions options{static_cast<std::size_t>(threads.value_or(0)), device};
  const py::gil_scoped_release release;
  return std::make_unique<PyClassifier>(path, options);
}

void bind_prediction(py::module_& m) {
  py::class_<NamedPrediction>(m, "Prediction", "What a classifier says of one record.")
      .def_property_readonly("label", &label_of)
      .def_property_readonly("confidence",
                             [](const NamedPrediction& p) { return p.prediction.confidence; })
      .def_property_readonly("probabilities",
                             [](const py::object& self) {
                               const auto& p = self.cast<const NamedPrediction&>().prediction;
                               return py::array_t<float>(
                                   {static_cast<py::ssize_t>(p.probabilities.size())},
                                   p.probabilities.data(), self);
                             })
      .def_property_readonly("segment_probabilities",
                             [](const py::object& self) {
                               const auto& p = self.cast<const NamedPrediction&>().prediction;
                               return py::array_t<float>(
                                   {static_cast<py::ssize_t>(p.segment_labels.size()),
                                    static_cast<py::ssize_t>(p.probabilities.size())},
                                   p.segment_probabilities.data(), self);
                             })
      .def_property_readonly("segment_labels",
                             [](const NamedPrediction& p) {
                               std::vector<std::string> labels;
                               for (const std::size_t label : p.prediction.segment_labels) {
                                 labels.push_back(p.classes->at(label));
                               }
                               return labels;
                             })
      .def("__repr__", [](const NamedPrediction& p) {
        const auto label = label_of(p);
        return "Prediction(label=" + (label ? "'" + *label + "'" : "None") +
               ", segments=" + std::to_string(p.prediction.segment_labels.size()) + ")";
      });
}

void bind_classifier(py::module_& m) {
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

}  // namespace
}  // namespace ecgrt

PYBIND11_MODULE(_core, m) {
  using namespace ecgrt;
  m.doc() = "The C++ core of ecgrt.";
  m.attr("__version__") = ECGRT_VERSION;
  py::register_exception<PlanError>(m, "PlanError", PyExc_RuntimeError);
  py::register_exception<BackendUnavailableError>(m, "BackendUnavailableError", PyExc_RuntimeError);
  bind_prediction(m);
  bind_classifier(m);
  m.def("preprocess", &preprocess, py::arg("x"), py::arg("fs") = py::none(), py::kw_only(),
        py::arg("mean"), py::arg("std"), py::arg("sampling_rate"), py::arg("samples_per_segment"));
  m.def("supported_isas", &supported_isas);
}
