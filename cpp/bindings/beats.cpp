// Beats and what they tell of the rhythm.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/bindings.h"
#include "cpu/dispatch.h"
#include "docstrings.h"
#include "signal/find_evidence.h"
#include "signal/rhythm.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

// The thread's analyser, kept from call to call while the rate stays the same.
RhythmAnalyser& analyser_for(double fs) {
  thread_local std::unique_ptr<RhythmAnalyser> analyser;
  if (!analyser || analyser->sampling_rate() != fs) {
    analyser = std::make_unique<RhythmAnalyser>(fs, select_kernels().signal);
  }
  return *analyser;
}

const RhythmAnalyser& analyse(const py::handle& x, double fs, bool features) {
  const auto [array, signal] = to_signal(x, fs);
  const GilRelease release;
  thread_local GapFinder finder;
  find_gaps(signal, fs, finder);
  RhythmAnalyser& analyser = analyser_for(fs);
  analyser.analyse(signal, finder.gaps(), features);
  return analyser;
}

template <typename T>
py::array_t<T> to_array(std::span<const T> values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::array_t<double> find_beats(const py::handle& x, double fs) {
  return to_array(analyse(x, fs, false).beats());
}

py::array_t<float> rhythm_features(const py::handle& x, double fs) {
  return to_array(std::span<const float>(analyse(x, fs, true).features()));
}

py::dict find_evidence_of(const py::handle& x, double fs) {
  std::vector<Evidence> found;
  find_evidence(analyse(x, fs, true).features(), found);
  return sentences(found);
}

py::tuple rhythm_feature_names() {
  py::tuple names(kFeatureCount);
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    names[i] = py::str(kFeatureNames[i].data(), kFeatureNames[i].size());
  }
  return names;
}

}  // namespace

void register_beats(py::module_& m) {
  m.def("find_beats", &find_beats, py::arg("x"), py::arg("fs"), doc::find_beats);
  m.def("find_evidence", &find_evidence_of, py::arg("x"), py::arg("fs"), doc::find_evidence);
  m.def("rhythm_features", &rhythm_features, py::arg("x"), py::arg("fs"), doc::rhythm_features);
  m.def("rhythm_feature_names", &rhythm_feature_names, doc::rhythm_feature_names);
}

}  // namespace ecgrt
