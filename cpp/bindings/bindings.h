// The parts of the Python extension, each registered by the file of its name.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <vector>

#include "bindings/gil.h"
#include "bindings/made.h"
#include "decision.h"

namespace ecgrt {

// A prediction and the names of its classes, for those who read it after the classifier is gone.
struct NamedPrediction {
  Prediction prediction;
  std::shared_ptr<const std::vector<std::string>> classes;
};

// The metaclass of plain Python classes. pybind11's own would show in type(), help() and stubtest.
inline pybind11::metaclass plain_metaclass() {
  return pybind11::metaclass(reinterpret_cast<PyObject*>(&PyType_Type));
}

// parse_metadata, whose fault is a ValueError.
Metadata valid_metadata(const std::string& json);

// Lets Ctrl-C end a long call. Without a signal, or on another than the main thread, it does
// nothing.
void check_signals();

// Emits the warnings of a prediction as ecgrt.SignalWarning; `place` says which record of a batch.
void warn(const Prediction& prediction, const std::string& place = {});

// Evidence as Python sees it: a sentence for each code.
pybind11::dict sentences(const std::vector<Evidence>& evidence);

void register_quality(pybind11::module_& m);
void register_prediction(pybind11::module_& m);
void register_classifier(pybind11::module_& m);
void register_rules(pybind11::module_& m);
void register_signal(pybind11::module_& m);
void register_beats(pybind11::module_& m);
void register_stream(pybind11::module_& m);
void register_text(pybind11::module_& m);
void register_timeline(pybind11::module_& m);

}  // namespace ecgrt

template <>
class pybind11::detail::type_caster<ecgrt::Quality> : public ecgrt::MadeCaster<ecgrt::Quality> {};
template <>
class pybind11::detail::type_caster<ecgrt::NamedPrediction>
    : public ecgrt::MadeCaster<ecgrt::NamedPrediction> {};
