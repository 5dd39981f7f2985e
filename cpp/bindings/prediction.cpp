// What Python sees of a prediction. It never changes, so copies are the thing itself.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/bindings.h"
#include "docstrings.h"
#include "signal/heart_rate.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

using Classes = std::vector<std::string>;

std::optional<std::string> label_of(const NamedPrediction& p) {
  if (!p.prediction.label) return std::nullopt;
  return p.classes->at(*p.prediction.label);
}

py::array probabilities(const py::object& self) {
  const auto& p = self.cast<const NamedPrediction&>().prediction;
  return read_only<float>({p.probabilities.size()}, p.probabilities.data(), self);
}

py::array segment_probabilities(const py::object& self) {
  const auto& p = self.cast<const NamedPrediction&>().prediction;
  return read_only<float>({p.segment_labels.size(), p.probabilities.size()},
                          p.segment_probabilities.data(), self);
}

// Class numbers to an array of fixed-width text, by NumPy: no Python string for each segment. A
// segment that cannot be read has an empty label.
py::array segment_labels(const py::object& self) {
  const auto& p = self.cast<const NamedPrediction&>();
  const auto& labels = p.prediction.segment_labels;
  const auto numbers = read_only<std::size_t>({labels.size()}, labels.data(), self);
  const py::module_ numpy = py::module_::import("numpy");
  Classes names = *p.classes;
  names.emplace_back();
  const py::object places = numpy.attr("minimum")(numbers, p.classes->size());
  const py::array chosen = numpy.attr("array")(py::cast(names))[places];
  py::detail::array_proxy(chosen.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return chosen;
}

py::array beats(const py::object& self) {
  const auto& values = self.cast<const NamedPrediction&>().prediction.beats;
  return read_only<double>({values.size()}, values.data(), self);
}

py::array rhythm(const py::object& self) {
  const auto& values = self.cast<const NamedPrediction&>().prediction.rhythm;
  return read_only<float>({values.size()}, values.data(), self);
}

py::dict evidence(const NamedPrediction& p) { return sentences(p.prediction.evidence); }

// Shows it by a function of Python's: ecgrt._looks knows where.
py::object look(const char* what, const py::object& self, const py::args& more) {
  return py::module_::import("ecgrt._looks").attr("look")(what, self, *more);
}

py::array_t<bool> readable(const NamedPrediction& p) {
  const auto& flags = p.prediction.readable;
  py::array_t<bool> out(static_cast<py::ssize_t>(p.prediction.segment_labels.size()));
  for (py::ssize_t i = 0; i < out.size(); ++i) {
    out.mutable_at(i) = flags.empty() || flags[static_cast<std::size_t>(i)] != 0;
  }
  return out;
}

std::optional<double> heart_rate_of(const NamedPrediction& p) {
  return heart_rate(p.prediction.beats);
}

NamedPrediction refuse_to_make() {
  throw py::type_error("a Prediction is what Classifier.predict returns; it is not made by hand");
}

std::string describe(const NamedPrediction& p) {
  const auto label = label_of(p);
  py::object confidence = py::float_(std::round(p.prediction.confidence * 1e4) / 1e4);
  return "Prediction(label=" + (label ? py::repr(py::str(*label)).cast<std::string>() : "None") +
         ", confidence=" + py::repr(confidence).cast<std::string>() +
         ", segments=" + std::to_string(p.prediction.segment_labels.size()) +
         ", classes=" + py::repr(py::tuple(py::cast(*p.classes))).cast<std::string>() + ")";
}

// None where JSON has no number: of a record that could not be read.
std::optional<float> finite(float value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

py::dict quality_dict(const Quality& quality) {
  const py::object q = py::cast(quality);
  py::list spans;
  for (const UnreadableSpan& span : quality.spans) {
    spans.append(py::make_tuple(span.start, span.end, to_string(span.reason)));
  }
  py::dict values;
  values["readable"] = quality.readable;
  values["seconds"] = quality.seconds;
  values["spans"] = spans;
  values["warnings"] = q.attr("warnings");
  return values;
}

py::dict to_dict(const py::object& self) {
  const auto& p = self.cast<const NamedPrediction&>();
  py::dict probability;
  for (std::size_t i = 0; i < p.classes->size(); ++i) {
    probability[py::str((*p.classes)[i])] = finite(p.prediction.probabilities[i]);
  }
  py::dict values;
  values["label"] = label_of(p);
  values["confidence"] = finite(p.prediction.confidence);
  values["probabilities"] = probability;
  values["segment_labels"] = segment_labels(self).attr("tolist")();
  values["heart_rate"] = heart_rate_of(p);
  values["beats"] = p.prediction.beats;
  values["evidence"] = evidence(p);
  values["quality"] = quality_dict(p.prediction.quality);
  return values;
}

py::tuple quality_state(const Quality& quality) {
  py::list spans, warnings;
  for (const auto& [start, end, reason] : quality.spans) {
    spans.append(py::make_tuple(start, end, static_cast<int>(reason)));
  }
  for (const auto& [code, value] : quality.warnings) {
    warnings.append(py::make_tuple(static_cast<int>(code), value));
  }
  return py::make_tuple(quality.seconds, quality.readable, quality.withheld, spans, warnings);
}

Quality quality_of(const py::tuple& state) {
  Quality quality{state[0].cast<double>(), state[1].cast<double>(), {}, {}, state[2].cast<bool>()};
  for (const py::handle& item : state[3]) {
    const auto [start, end, reason] = item.cast<std::tuple<double, double, int>>();
    quality.spans.push_back({start, end, static_cast<GapReason>(reason)});
  }
  for (const py::handle& item : state[4]) {
    const auto [code, value] = item.cast<std::pair<int, double>>();
    quality.warnings.push_back({static_cast<WarningCode>(code), value});
  }
  return quality;
}

py::list evidence_state(const std::vector<Evidence>& evidence) {
  py::list all;
  for (const auto& [code, value, more] : evidence) {
    all.append(py::make_tuple(static_cast<int>(code), value, more));
  }
  return all;
}

std::vector<Evidence> evidence_of(const py::handle& state) {
  std::vector<Evidence> all;
  for (const py::handle& item : state) {
    const auto [code, value, more] = item.cast<std::tuple<int, double, double>>();
    all.push_back({static_cast<EvidenceCode>(code), value, more});
  }
  return all;
}

py::dict get_state(const py::object& self) {
  const auto& p = self.cast<const NamedPrediction&>();
  py::dict state;
  state["classes"] = *p.classes;
  state["label"] = p.prediction.label;
  state["confidence"] = p.prediction.confidence;
  state["probabilities"] = probabilities(self).attr("tobytes")();
  state["segment_probabilities"] = segment_probabilities(self).attr("tobytes")();
  state["segment_labels"] = p.prediction.segment_labels;
  state["readable"] = p.prediction.readable;
  state["beats"] = p.prediction.beats;
  state["rhythm"] = p.prediction.rhythm;
  state["evidence"] = evidence_state(p.prediction.evidence);
  state["segment_evidence"] = p.prediction.segment_evidence;
  state["quality"] = quality_state(p.prediction.quality);
  return state;
}

std::vector<float> floats(const py::handle& bytes) {
  const auto text = bytes.cast<std::string>();
  std::vector<float> values(text.size() / sizeof(float));
  std::copy_n(text.data(), values.size() * sizeof(float), reinterpret_cast<char*>(values.data()));
  return values;
}

NamedPrediction set_state(const py::dict& state) {
  NamedPrediction p{{}, std::make_shared<const Classes>(state["classes"].cast<Classes>())};
  p.prediction.label = state["label"].cast<std::optional<std::size_t>>();
  p.prediction.confidence = state["confidence"].cast<float>();
  p.prediction.probabilities = floats(state["probabilities"]);
  p.prediction.segment_probabilities = floats(state["segment_probabilities"]);
  p.prediction.segment_labels = state["segment_labels"].cast<std::vector<std::size_t>>();
  p.prediction.readable = state["readable"].cast<std::vector<std::uint8_t>>();
  p.prediction.beats = state["beats"].cast<std::vector<double>>();
  p.prediction.rhythm = state["rhythm"].cast<std::vector<float>>();
  p.prediction.evidence = evidence_of(state["evidence"]);
  p.prediction.segment_evidence = state["segment_evidence"].cast<std::vector<float>>();
  p.prediction.quality = quality_of(state["quality"]);
  const std::size_t classes = p.classes->size();
  const auto& labels = p.prediction.segment_labels;
  const bool sound =
      p.prediction.probabilities.size() == classes &&
      p.prediction.segment_probabilities.size() == labels.size() * classes &&
      p.prediction.segment_evidence.size() % std::max<std::size_t>(labels.size(), 1) == 0 &&
      p.prediction.label.value_or(0) < classes &&
      std::ranges::all_of(labels, [=](auto label) { return label < classes || label == kNoLabel; });
  if (!sound) throw py::value_error("the pickled prediction is damaged: its parts do not agree");
  return p;
}

}  // namespace

py::dict sentences(const std::vector<Evidence>& evidence) {
  py::dict all;
  for (const Evidence& one : evidence) all[py::str(to_string(one.code))] = sentence(one);
  return all;
}

void register_prediction(py::module_& m) {
  py::class_<NamedPrediction> prediction(m, "Prediction", doc::Prediction, plain_metaclass(),
                                         py::is_final());
  prediction.attr("__module__") = "ecgrt";
  prediction.def_property_readonly("label", &label_of, doc::Prediction_label)
      .def_property_readonly(
          "confidence", [](const NamedPrediction& p) { return p.prediction.confidence; },
          doc::Prediction_confidence)
      .def_property_readonly("probabilities", &probabilities, doc::Prediction_probabilities)
      .def_property_readonly(
          "classes", [](const NamedPrediction& p) { return py::tuple(py::cast(*p.classes)); },
          doc::Prediction_classes)
      .def_property_readonly("segment_probabilities", &segment_probabilities,
                             doc::Prediction_segment_probabilities)
      .def_property_readonly("segment_labels", &segment_labels, doc::Prediction_segment_labels)
      .def_property_readonly("readable", &readable, doc::Prediction_readable)
      .def_property_readonly("beats", &beats, doc::Prediction_beats)
      .def_property_readonly("heart_rate", &heart_rate_of, doc::Prediction_heart_rate)
      .def_property_readonly("rhythm", &rhythm, doc::Prediction_rhythm)
      .def_property_readonly("evidence", &evidence, doc::Prediction_evidence)
      .def_property_readonly(
          "quality", [](const NamedPrediction& p) { return p.prediction.quality; },
          doc::Prediction_quality)
      .def("to_dict", &to_dict, doc::Prediction_to_dict)
      .def(
          "plot",
          [](const py::object& self, const py::object& record) {
            return look("plot", self, py::make_tuple(record));
          },
          py::arg("record"), doc::Prediction_plot)
      .def(
          "_repr_html_",
          [](const py::object& self) { return look("prediction", self, py::tuple()); },
          doc::Prediction_repr_html)
      .def(py::init(&refuse_to_make), "__init__(self)\n--\n\n")
      .def("__repr__", &describe)
      .def(
          "__copy__", [](const py::object& self) { return self; }, doc::Prediction_copy)
      .def(
          "__deepcopy__", [](const py::object& self, const py::handle&) { return self; },
          py::arg("memo"), doc::Prediction_deepcopy)
      .def(py::pickle(&get_state, &set_state));
}

}  // namespace ecgrt
