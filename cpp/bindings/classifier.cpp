// Loading a plan, what a classifier says of itself, and its way through pickle.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "bindings/py_classifier.h"
#include "bindings/py_stream.h"
#include "docstrings.h"
#include "errors.h"
#include "explanation.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

// A file's name is bytes, which Python shows as text whatever they are.
py::object to_path(const std::string& bytes) {
  return py::module_::import("os").attr("fsdecode")(py::bytes(bytes));
}

void check_threads(std::optional<long> threads) {
  if (threads && *threads < 1) throw py::value_error("threads must be at least 1");
}

std::unique_ptr<PyClassifier> make_classifier(const py::object& plan, std::optional<long> threads,
                                              int device) {
  const py::object path = plan.is_none() ? py::module_::import("ecgrt.shipped").attr("PLAN") : plan;
  const auto given = py::module_::import("os").attr("fsencode")(path).cast<std::string>();
  check_threads(threads);
  const GilRelease release;
  return std::make_unique<PyClassifier>(given, threads, device);
}

// Bytes of a Python object, which keeps them in place until this ends.
class HeldBytes {
 public:
  explicit HeldBytes(const py::handle& data) {
    if (PyObject_GetBuffer(data.ptr(), &view_, PyBUF_SIMPLE) == 0) return;
    PyErr_Clear();
    throw py::type_error("data must be the bytes of a plan, side by side, not " +
                         std::string(Py_TYPE(data.ptr())->tp_name));
  }
  HeldBytes(const HeldBytes&) = delete;
  HeldBytes& operator=(const HeldBytes&) = delete;
  ~HeldBytes() { PyBuffer_Release(&view_); }
  std::span<const std::byte> get() const {
    return {static_cast<const std::byte*>(view_.buf), static_cast<std::size_t>(view_.len)};
  }

 private:
  Py_buffer view_;
};

std::unique_ptr<PyClassifier> from_bytes(const py::object& data, std::optional<long> threads,
                                         int device) {
  const HeldBytes bytes(data);
  check_threads(threads);
  const GilRelease release;
  return std::make_unique<PyClassifier>(PlanSource(bytes.get()), threads, device);
}

py::object plan_of(const PyClassifier& self) {
  return self.plan ? to_path(*self.plan) : py::none();
}

py::tuple get_state(const PyClassifier& self) {
  if (!self.plan) {
    throw py::type_error(
        "a classifier made of bytes cannot be pickled, for it keeps none of them; send the bytes, "
        "and make another");
  }
  return py::make_tuple(to_path(self.location), self.threads, self.device,
                        self.classifier.metadata().json);
}

std::unique_ptr<PyClassifier> set_state(const py::tuple& state) {
  auto loaded =
      make_classifier(state[0], state[1].cast<std::optional<long>>(), state[2].cast<int>());
  if (loaded->classifier.metadata().json != state[3].cast<std::string>()) {
    throw PlanError(*loaded->plan +
                    ": this is another model than the one that was pickled; name it otherwise, or "
                    "pickle the classifier again");
  }
  return loaded;
}

std::string describe(const PyClassifier& self) {
  const auto text = [](const py::object& value) { return py::cast<std::string>(py::repr(value)); };
  return "Classifier(" + (self.plan ? text(to_path(*self.plan)) : "<a plan in memory>") +
         ", classes=" + text(py::tuple(py::cast(*self.classes))) +
         ", sampling_rate=" + text(py::float_(self.classifier.metadata().sampling_rate)) +
         ", backend='" + self.classifier.backend().name() +
         "', threads=" + std::to_string(self.classifier.backend().parallel_windows()) + ")";
}

py::list training_record_names(const PyClassifier& self) {
  return py::str(self.classifier.training_records()).attr("split")();
}

py::array_t<double> rows(const std::vector<double>& values, std::size_t classes) {
  const auto width = static_cast<py::ssize_t>(classes);
  return py::array_t<double>({static_cast<py::ssize_t>(values.size()) / width, width},
                             values.data());
}

py::tuple explain_prediction(const PyClassifier& self, const NamedPrediction& p) {
  const std::size_t classes = self.classes->size();
  const Explanation found = explain(self.classifier.metadata(), p.prediction);
  return py::make_tuple(rows(found.segments, classes), rows(found.rhythm, classes),
                        rows(found.rest, classes).attr("ravel")());
}

// Made by Python, of this classifier's windows: the core knows nothing of episodes.
py::object timeline(const py::object& self, const py::object& record, const py::object& settings,
                    const py::object& progress) {
  return py::module_::import("ecgrt.rhythm.timeline")
      .attr("timeline")(self, record, py::arg("settings") = settings,
                        py::arg("progress") = progress);
}

// The network alone, on what it sees of a record.
py::array_t<float> run_network(
    const PyClassifier& self,
    const py::array_t<float, py::array::c_style | py::array::forcecast>& signal) {
  const Backend& backend = self.classifier.backend();
  const Metadata& metadata = self.classifier.metadata();
  const auto size = static_cast<std::size_t>(signal.size());
  const std::size_t segments = size / metadata.samples_per_segment;
  if (signal.ndim() != 1 || size % metadata.samples_per_segment != 0 || segments == 0 ||
      segments > backend.max_segments()) {
    throw py::value_error("signal must be 1 to " + std::to_string(backend.max_segments()) +
                          " whole segments of " + std::to_string(metadata.samples_per_segment) +
                          " samples, in one dimension");
  }
  py::array_t<float> answers({segments, metadata.outputs()});
  const Window window = Window::whole(signal.data(), segments, answers.mutable_data());
  const GilRelease release;
  backend.run({&window, 1});
  return answers;
}

// What a classifier says of itself.
void register_properties(py::class_<PyClassifier>& classifier) {
  classifier.def_property_readonly("plan", &plan_of, doc::Classifier_plan)
      .def_property_readonly(
          "classes", [](const PyClassifier& self) { return py::tuple(py::cast(*self.classes)); },
          doc::Classifier_classes)
      .def_property_readonly(
          "sampling_rate",
          [](const PyClassifier& self) { return self.classifier.metadata().sampling_rate; },
          doc::Classifier_sampling_rate)
      .def_property_readonly(
          "samples_per_segment",
          [](const PyClassifier& self) { return self.classifier.metadata().samples_per_segment; },
          doc::Classifier_samples_per_segment)
      .def_property_readonly(
          "backend", [](const PyClassifier& self) { return self.classifier.backend().name(); },
          doc::Classifier_backend)
      .def_property_readonly(
          "threads",
          [](const PyClassifier& self) { return self.classifier.backend().parallel_windows(); },
          doc::Classifier_threads)
      .def_property_readonly(
          "metadata",
          [](const PyClassifier& self) {
            return py::module_::import("json").attr("loads")(self.classifier.metadata().json);
          },
          doc::Classifier_metadata)
      .def_property_readonly("training_record_names", &training_record_names,
                             doc::Classifier_training_record_names);
}

}  // namespace

void register_classifier(py::module_& m) {
  py::class_<PyClassifier> classifier(m, "Classifier", doc::Classifier, plain_metaclass(),
                                      py::is_final());
  classifier.attr("__module__") = "ecgrt";
  classifier
      .def(py::init(&make_classifier), py::arg("plan") = py::none(), py::kw_only(),
           py::arg("threads") = py::none(), py::arg("device") = 0, doc::Classifier_init)
      .def_static("from_bytes", &from_bytes, py::arg("data"), py::kw_only(),
                  py::arg("threads") = py::none(), py::arg("device") = 0,
                  doc::Classifier_from_bytes)
      .def("predict", &predict_one, py::arg("x"), py::arg("fs") = py::none(),
           py::arg("min_confidence") = 0.0, py::kw_only(), py::arg("unit") = "uV",
           doc::Classifier_predict)
      .def("predict_batch", &predict_all, py::arg("xs"), py::arg("fs") = py::none(),
           py::arg("min_confidence") = 0.0, py::kw_only(), py::arg("unit") = "uV",
           doc::Classifier_predict_batch)
      .def("stream", &make_stream, py::arg("fs") = py::none(), py::arg("unit") = "uV",
           py::kw_only(), py::arg("window") = 30.0, py::arg("hop") = 10.0,
           py::arg("min_confidence") = 0.0, py::keep_alive<0, 1>(), doc::Classifier_stream)
      .def("timeline", &timeline, py::arg("record"), py::kw_only(),
           py::arg("settings") = py::none(), py::arg("progress") = py::none(),
           doc::Classifier_timeline)
      .def("explain", &explain_prediction, py::arg("prediction"), doc::Classifier_explain)
      .def(
          "self_test",
          [](const PyClassifier& self) {
            const GilRelease release;
            return self.classifier.self_test();
          },
          doc::Classifier_self_test)
      .def("__repr__", &describe)
      .def(
          "__copy__", [](const py::object& self) { return self; }, doc::Classifier_copy)
      .def(
          "__deepcopy__", [](const py::object& self, const py::handle&) { return self; },
          py::arg("memo"), doc::Classifier_deepcopy)
      .def(py::pickle(&get_state, &set_state));
  register_properties(classifier);
  m.def("run_network", &run_network, py::arg("classifier"), py::arg("signal"), doc::run_network);
}

}  // namespace ecgrt
