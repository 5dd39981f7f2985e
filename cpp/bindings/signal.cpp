// What stands before the network: preprocessing.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/bindings.h"
#include "cpu/dispatch.h"
#include "docstrings.h"
#include "interlude.h"
#include "signal/assess.h"
#include "signal/filter.h"
#include "signal/reader.h"
#include "signal/scale.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

using Samples = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Flags = py::array_t<unsigned char, py::array::c_style | py::array::forcecast>;

// Calls work(first, count) for one piece of `size` samples after the other.
template <class Work>
void in_pieces(std::size_t size, Interludes between, const Work& work) {
  for (std::size_t first = 0, count; first < size; first += count) {
    count = std::min(size - first, Interludes::kSamples);
    work(first, count);
    between.after(count);
  }
}

// What the network sees, and which of its segments can be read.
std::pair<py::array_t<float>, py::array_t<bool>> preprocess(const py::handle& x,
                                                            std::optional<double> fs,
                                                            const std::string& json,
                                                            const std::string& unit) {
  const auto [array, signal] = to_signal(x, fs, unit);
  const Metadata metadata = valid_metadata(json);
  const double rate = signal.sampling_rate;
  const SignalKernels& kernels = select_kernels().signal;
  const SignalPath path(metadata, kernels);
  std::shared_ptr<const Resampler> resampler;
  if (rate != 0 && rate != path.rate) {
    check_sampling_rate(path.rate);
    resampler = std::make_shared<const Resampler>(rate, path.rate, kernels);
  }
  SignalReader reader;
  Prediction prediction;
  const Interlude interlude = check_signals;
  const Interludes between(interlude);
  {
    const GilRelease release;
    std::vector<float> scratch;
    reader.open(signal, path, resampler, between);
    assess(reader, prediction.quality, prediction.readable, scratch);
  }
  const std::size_t segments = reader.segments(), size = segments * path.samples_per_segment;
  py::array_t<float> seen(static_cast<py::ssize_t>(size));
  py::array_t<bool> readable(static_cast<py::ssize_t>(segments));
  float* const values = seen.mutable_data();
  bool* const flags = readable.mutable_data();
  const GilRelease release;
  ReadScratch scratch;
  in_pieces(size, between, [&](std::size_t first, std::size_t count) {
    reader.read(first, count, values + first, scratch);
  });
  std::fill_n(flags, segments, true);
  std::copy(prediction.readable.begin(), prediction.readable.end(), flags);
  return {std::move(seen), std::move(readable)};
}

// What the band-pass makes of a whole signal, the ends held at their last value.
py::array_t<float> band_pass(const Samples& signal, double low, double high, std::size_t half_width,
                             double rate) {
  if (signal.ndim() != 1 || signal.size() == 0) {
    throw py::value_error("signal must be a 1-D array of at least one sample");
  }
  check_sampling_rate(rate);
  const std::string fault = find_band_fault(low, high, half_width, rate);
  if (!fault.empty()) throw py::value_error(fault);
  const auto size = static_cast<std::size_t>(signal.size());
  py::array_t<float> out(signal.size());
  const float* const samples = signal.data();
  float* const values = out.mutable_data();
  const GilRelease release;
  std::vector<float> scratch;
  const BandPass filter(low, high, half_width, rate, select_kernels().signal);
  const Interlude interlude = check_signals;
  in_pieces(size, Interludes(interlude), [&](std::size_t first, std::size_t count) {
    const auto [begin, end] = filter.input_range(first, count, size);
    filter.run(samples + begin, begin, end, first, count, values + first, scratch);
  });
  return out;
}

// What the local scale makes of a signal that has been filtered.
py::array_t<float> scale_locally(const Samples& signal, const Flags& readable, double rate) {
  if (signal.ndim() != 1 || readable.ndim() != 1 || signal.size() != readable.size()) {
    throw py::value_error("signal and readable must be 1-D arrays of one length");
  }
  check_sampling_rate(rate);
  const auto size = static_cast<std::size_t>(signal.size());
  py::array_t<float> out(signal.size(), signal.data());
  LocalScale scale;
  scale.start(rate);
  scale.push({signal.data(), size}, {readable.data(), size});
  scale.finish();
  scale.divide(0, {out.mutable_data(), size});
  return out;
}

}  // namespace

void register_signal(py::module_& m) {
  m.def("band_pass", &band_pass, py::arg("signal"), py::arg("low"), py::arg("high"),
        py::arg("half_width"), py::arg("rate"), doc::band_pass);
  m.def("scale_locally", &scale_locally, py::arg("signal"), py::arg("readable"), py::arg("rate"),
        doc::scale_locally);
  m.def("preprocess", &preprocess, py::arg("x"), py::arg("fs") = py::none(), py::kw_only(),
        py::arg("metadata"), py::arg("unit") = "uV", doc::preprocess);
}

}  // namespace ecgrt
