// What Python sees of a record's quality, and the warnings that it hears.
#include "quality.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include "bindings/bindings.h"
#include "docstrings.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

PyObject* signal_warning = nullptr;  // the class; lives as long as the module

py::tuple spans(const Quality& quality) {
  py::tuple all(quality.spans.size());
  for (std::size_t i = 0; i < quality.spans.size(); ++i) {
    const auto& [start, end, reason] = quality.spans[i];
    all[i] = py::make_tuple(start, end, to_string(reason));
  }
  return all;
}

py::dict warnings(const Quality& quality) {
  py::dict all;
  for (const Warning& warning : quality.warnings) {
    all[py::str(to_string(warning.code))] = sentence(warning);
  }
  return all;
}

std::string show(const Quality& quality) {
  return "Quality(readable=" + py::repr(py::float_(quality.readable)).cast<std::string>() +
         ", seconds=" + py::repr(py::float_(quality.seconds)).cast<std::string>() +
         ", spans=" + std::to_string(quality.spans.size()) +
         ", warnings=" + py::repr(py::list(warnings(quality))).cast<std::string>() + ")";
}

}  // namespace

void warn(const Prediction& prediction, const std::string& place) {
  for (const Warning& warning : prediction.quality.warnings) {
    const std::string text = place + sentence(warning);
    if (PyErr_WarnEx(signal_warning, text.c_str(), 1) != 0) throw py::error_already_set();
  }
}

void register_quality(py::module_& m) {
  signal_warning = PyErr_NewExceptionWithDoc("ecgrt.SignalWarning", doc::SignalWarning,
                                             PyExc_UserWarning, nullptr);
  m.attr("SignalWarning") = py::reinterpret_borrow<py::object>(signal_warning);
  py::class_<Quality> quality(m, "Quality", doc::Quality, plain_metaclass(), py::is_final());
  quality.attr("__module__") = "ecgrt";
  quality
      .def_property_readonly(
          "readable", [](const Quality& q) { return q.readable; }, doc::Quality_readable)
      .def_property_readonly(
          "seconds", [](const Quality& q) { return q.seconds; }, doc::Quality_seconds)
      .def(py::init([]() -> Quality {
             throw py::type_error("a Quality is part of a Prediction; it is not made by hand");
           }),
           "__init__(self)\n--\n\n")
      .def_property_readonly("spans", &spans, doc::Quality_spans)
      .def_property_readonly("warnings", &warnings, doc::Quality_warnings)
      .def("__repr__", &show);
}

}  // namespace ecgrt
