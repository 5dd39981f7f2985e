// The Python extension: turns arrays into signals and answers into arrays, and computes nothing.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/bindings.h"
#include "cpu/dispatch.h"
#include "errors.h"

namespace py = pybind11;

PYBIND11_MODULE(_core, m) {
  using namespace ecgrt;
  m.doc() = "The C++ core of ecgrt.";
  m.attr("__version__") = ECGRT_VERSION;
  py::register_exception<PlanError>(m, "PlanError", PyExc_RuntimeError);
  py::register_exception<BackendUnavailableError>(m, "BackendUnavailableError", PyExc_RuntimeError);
  register_prediction(m);
  register_classifier(m);
  register_rules(m);
  register_signal(m);
  m.def("supported_isas", &supported_isas);
}
