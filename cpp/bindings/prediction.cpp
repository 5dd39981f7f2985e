#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <vector>

#include "bindings/bindings.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

std::optional<std::string> label_of(const NamedPrediction& p) {
  if (!p.prediction.label) return std::nullopt;
  return p.classes->at(*p.prediction.label);
}

}  // namespace

void register_prediction(py::module_& m) {
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
      .def_property_readonly(
          "segment_labels",
          [](const NamedPrediction& p) {
            std::vector<std::string> labels;
            for (const std::size_t label : p.prediction.segment_labels) {
              labels.push_back(label == kNoLabel ? std::string() : p.classes->at(label));
            }
            return labels;
          })
      .def("__repr__", [](const NamedPrediction& p) {
        const auto label = label_of(p);
        return "Prediction(label=" + (label ? "'" + *label + "'" : "None") +
               ", segments=" + std::to_string(p.prediction.segment_labels.size()) + ")";
      });
}

}  // namespace ecgrt
