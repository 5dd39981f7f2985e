// What stands before the network: preprocessing.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/bindings.h"
#include "docstrings.h"
#include "signal/reader.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

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

}  // namespace

void register_signal(py::module_& m) {
  m.def("preprocess", &preprocess, py::arg("x"), py::arg("fs") = py::none(), py::kw_only(),
        py::arg("mean"), py::arg("std"), py::arg("sampling_rate"), py::arg("samples_per_segment"),
        doc::preprocess);
}

}  // namespace ecgrt
