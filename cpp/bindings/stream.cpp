// Streams, and the decisions that they make.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/bindings.h"
#include "bindings/py_stream.h"
#include "docstrings.h"

namespace py = pybind11;

namespace ecgrt {

std::unique_ptr<PyStream> make_stream(const PyClassifier& self, std::optional<double> fs,
                                      const std::string& unit, double window, double hop,
                                      double min_confidence) {
  if (fs) check_sampling_rate(*fs);  // 0 too, which the core takes for the model's own
  const StreamOptions options{fs.value_or(0.0), microvolts_per(unit), window, hop, min_confidence};
  return std::make_unique<PyStream>(self, options, unit);
}

namespace {

constexpr auto rate_of = [](const Stream& stream) { return stream.sampling_rate(); };

std::vector<Decision> push(PyStream& self, const py::handle& x) {
  const auto [array, signal] = to_signal(x, self.ask(rate_of), self.unit);
  return self.run(true, [&chunk = signal](Stream& stream, Decisions& out) {
    stream.push(chunk, out, check_signals);
  });
}

std::vector<Decision> skip(PyStream& self, double seconds) {
  return self.run(
      true, [=](Stream& stream, Decisions& out) { stream.skip(seconds, out, check_signals); });
}

std::optional<Decision> running(PyStream& self) {
  std::vector<Decision> made = self.run(
      false, [](const Stream& stream, Decisions& out) { stream.running(out, check_signals); });
  if (made.empty()) return std::nullopt;
  return std::move(made.front());
}

std::vector<Decision> finish(PyStream& self) {
  return self.run(true, [](Stream& stream, Decisions& out) { stream.finish(out, check_signals); });
}

std::vector<Decision> restart(PyStream& self, std::optional<double> fs) {
  if (fs) check_sampling_rate(*fs);
  return self.run(true, [=](Stream& stream, Decisions& out) {
    stream.restart(fs.value_or(stream.sampling_rate()), out, check_signals);
  });
}

std::string describe_stream(PyStream& self) {
  const auto text = [](double value) { return py::repr(py::float_(value)).cast<std::string>(); };
  return self.ask([&](const Stream& stream) {
    const GilAcquire acquire;
    return "<Stream: " + text(stream.seconds()) + " s at " + text(stream.sampling_rate()) +
           " Hz, " + text(stream.window()) + " s every " + text(stream.hop()) + " s" +
           (stream.finished() ? ", finished>" : ">");
  });
}

py::object property_of(const Decision& decision, const char* name) {
  return py::cast(decision.prediction).attr(name);
}

py::dict decision_dict(const Decision& decision) {
  py::dict values;
  values["start"] = decision.start;
  values["end"] = decision.end;
  const py::dict prediction = py::cast(decision.prediction).attr("to_dict")();
  for (const auto& [key, value] : prediction) values[key] = value;
  return values;
}

std::string describe_decision(const Decision& decision) {
  return "Decision(start=" + py::repr(py::float_(decision.start)).cast<std::string>() +
         ", end=" + py::repr(py::float_(decision.end)).cast<std::string>() +
         ", prediction=" + py::repr(py::cast(decision.prediction)).cast<std::string>() + ")";
}

template <class Class>
[[noreturn]] std::unique_ptr<Class> refuse_to_make() {
  throw py::type_error(std::is_same_v<Class, PyStream>
                           ? "a Stream is what Classifier.stream returns; it is not made by hand"
                           : "a Decision is what a stream returns; it is not made by hand");
}

void register_decision(py::module_& m) {
  py::class_<Decision> decision(m, "Decision", doc::Decision, plain_metaclass(), py::is_final());
  decision.attr("__module__") = "ecgrt";
  decision
      .def_property_readonly(
          "start", [](const Decision& d) { return d.start; }, doc::Decision_start)
      .def_property_readonly(
          "end", [](const Decision& d) { return d.end; }, doc::Decision_end)
      .def_property_readonly(
          "prediction", [](const Decision& d) { return d.prediction; }, doc::Decision_prediction)
      .def_property_readonly(
          "label", [](const Decision& d) { return property_of(d, "label"); }, doc::Decision_label)
      .def_property_readonly(
          "confidence", [](const Decision& d) { return property_of(d, "confidence"); },
          doc::Decision_confidence)
      .def("to_dict", &decision_dict, doc::Decision_to_dict)
      .def(py::init(&refuse_to_make<Decision>), "__init__(self)\n--\n\n")
      .def("__repr__", &describe_decision)
      .def(
          py::pickle([](const Decision& d) { return py::make_tuple(d.start, d.end, d.prediction); },
                     [](const py::tuple& state) {
                       return Decision{state[0].cast<double>(), state[1].cast<double>(),
                                       state[2].cast<NamedPrediction>()};
                     }));
}

}  // namespace

void register_stream(py::module_& m) {
  register_decision(m);
  py::class_<PyStream> stream(m, "Stream", doc::Stream, plain_metaclass(), py::is_final());
  stream.attr("__module__") = "ecgrt";
  const auto ask = [](auto question) {
    return [question](PyStream& self) { return self.ask(question); };
  };
  stream.def(py::init(&refuse_to_make<PyStream>), "__init__(self)\n--\n\n")
      .def("push", &push, py::arg("x"), doc::Stream_push)
      .def("skip", &skip, py::arg("seconds"), doc::Stream_skip)
      .def("running", &running, doc::Stream_running)
      .def("finish", &finish, doc::Stream_finish)
      .def("restart", &restart, py::arg("fs") = py::none(), doc::Stream_restart)
      .def("__repr__", &describe_stream)
      .def_property_readonly(
          "beats",
          [](PyStream& self) {
            const std::vector<double> beats = self.beats();
            return py::array_t<double>(static_cast<py::ssize_t>(beats.size()), beats.data());
          },
          doc::Stream_beats)
      .def_property_readonly("seconds", ask([](const Stream& s) { return s.seconds(); }),
                             doc::Stream_seconds)
      .def_property_readonly("fs", ask(rate_of), doc::Stream_fs)
      .def_property_readonly("window", ask([](const Stream& s) { return s.window(); }),
                             doc::Stream_window)
      .def_property_readonly("hop", ask([](const Stream& s) { return s.hop(); }), doc::Stream_hop)
      .def_property_readonly("finished", ask([](const Stream& s) { return s.finished(); }),
                             doc::Stream_finished);
}

}  // namespace ecgrt
