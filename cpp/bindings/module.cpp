// The Python extension: turns arrays into signals and answers into arrays, and computes nothing.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/bindings.h"
#include "cpu/dispatch.h"
#include "docstrings.h"
#include "errors.h"

namespace py = pybind11;

namespace {

template <class Error>
void register_error(py::module_& m, const char* name, const char* docstring) {
  const auto error = py::register_exception<Error>(m, name, PyExc_RuntimeError);
  error.attr("__module__") = "ecgrt";
  error.attr("__doc__") = docstring;
}

}  // namespace

// What threads share (classifiers, streams, answers) does not change, or has a lock of its own.
PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  using namespace ecgrt;
  py::options options;
  options.disable_function_signatures();  // docstrings.h has those of the stub
  m.doc() = doc::module;
  m.attr("__version__") = ECGRT_VERSION;
  register_error<PlanError>(m, "PlanError", doc::PlanError);
  register_error<BackendUnavailableError>(m, "BackendUnavailableError",
                                          doc::BackendUnavailableError);
  register_quality(m);
  register_prediction(m);
  register_classifier(m);
  register_rules(m);
  register_signal(m);
  register_beats(m);
  register_stream(m);
  register_text(m);
  register_timeline(m);
  m.def("supported_isas", &supported_isas, doc::supported_isas);
}
