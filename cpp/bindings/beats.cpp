// Beats and what they tell of the rhythm.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/bindings.h"
#include "cpu/dispatch.h"
#include "docstrings.h"
#include "interlude.h"
#include "signal/find_evidence.h"
#include "signal/rhythm.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

// Working memory, of one thread and one rate.
struct Desk {
  explicit Desk(double fs) : analyser(fs, select_kernels().signal) {}
  GapFinder finder;
  RhythmAnalyser analyser;
};

// Returns what tell(analyser) does. The thread keeps its desk for its next call; meanwhile there is
// none, for a handler of signals, which runs within this call, may ask for beats as well.
template <class Tell>
auto analyse(const py::handle& x, double fs, bool features, const Tell& tell) {
  const auto [array, signal] = to_signal(x, fs);
  thread_local std::unique_ptr<Desk> kept;
  std::unique_ptr<Desk> desk = std::move(kept);
  {
    const GilRelease release;
    const Interlude interlude = check_signals;
    const Interludes between(interlude);
    if (!desk || desk->analyser.sampling_rate() != fs) desk = std::make_unique<Desk>(fs);
    find_gaps(signal, fs, desk->finder, between);
    desk->analyser.analyse(signal, desk->finder.gaps(), features, between);
  }
  const auto told = tell(std::as_const(desk->analyser));
  kept = std::move(desk);
  return told;
}

template <typename T>
py::array_t<T> to_array(std::span<const T> values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::array_t<double> find_beats(const py::handle& x, double fs) {
  return analyse(x, fs, false, [](const auto& rhythm) { return to_array(rhythm.beats()); });
}

py::array_t<float> rhythm_features(const py::handle& x, double fs) {
  return analyse(x, fs, true, [](const auto& rhythm) {
    return to_array(std::span<const float>(rhythm.features()));
  });
}

py::dict find_evidence_of(const py::handle& x, double fs) {
  return analyse(x, fs, true, [](const auto& rhythm) {
    std::vector<Evidence> found;
    find_evidence(rhythm.features(), found);
    return sentences(found);
  });
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
