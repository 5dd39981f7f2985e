// Beats and what they tell of the rhythm.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>
#include <span>

#include "bindings/arrays.h"
#include "bindings/bindings.h"
#include "signal/rhythm.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

// The thread's analyser, kept from call to call while the rate stays the same.
RhythmAnalyser& analyser_for(double fs) {
  thread_local std::unique_ptr<RhythmAnalyser> analyser;
  if (!analyser || analyser->sampling_rate() != fs) {
    analyser = std::make_unique<RhythmAnalyser>(fs);
  }
  return *analyser;
}

const RhythmAnalyser& analyse(const py::handle& x, double fs, bool features) {
  const auto [array, signal] = to_signal(x, fs);
  const py::array_t<double, py::array::c_style | py::array::forcecast> samples(array);
  const std::span<const double> span(samples.data(), static_cast<std::size_t>(samples.size()));
  const py::gil_scoped_release release;
  RhythmAnalyser& analyser = analyser_for(fs);
  analyser.analyse(span, features);
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

py::tuple rhythm_feature_names() {
  py::tuple names(kFeatureCount);
  for (std::size_t i = 0; i < kFeatureCount; ++i) {
    names[i] = py::str(kFeatureNames[i].data(), kFeatureNames[i].size());
  }
  return names;
}

}  // namespace

void register_beats(py::module_& m) {
  m.def("find_beats", &find_beats, py::arg("x"), py::arg("fs"),
        R"(Find the heartbeats of one lead.

The method is that of Pan and Tompkins [1]_ and Hamilton [2]_, band and widths as Elgendi [3]_
found them best: the slope of a band of 6 to 15 Hz, averaged over 135 ms, against a threshold
between the level of the beats around and that of other waves. Unit, offset and polarity do not
matter. Where nothing stands out, as in noise, there are no beats.

Parameters
----------
x
    Shape (n,): integers or floats in any unit. Samples that are not finite are gaps: they are
    bridged by a straight line, and in gaps of 40 ms and more there are no beats.
fs
    Sampling rate in Hz, 10 to 100,000. Below some 60 Hz the QRS complex is not in the signal
    any more, and beats will be missed.

Returns
-------
array of float64, shape (beats,)
    Times of the R peaks in seconds from the first sample, ascending. Where a QRS complex points
    down, of its lowest point.

Raises
------
ValueError
    Not one-dimensional, with masked samples, or an impossible ``fs``.
TypeError
    Not an array of integers or floats.

References
----------
.. [1] J. Pan and W. J. Tompkins, "A real-time QRS detection algorithm", IEEE Trans. Biomed. Eng.
   32(3), 1985.
.. [2] P. Hamilton, "Open source ECG analysis", Computers in Cardiology 29, 2002.
.. [3] M. Elgendi, "Fast QRS detection with an optimized knowledge-based method", PLoS ONE 8(9),
   2013.

Examples
--------
>>> beats = ecgrt.find_beats(x, fs=300)
>>> rate = 60 / np.median(np.diff(beats))
)");
  m.def("rhythm_features", &rhythm_features, py::arg("x"), py::arg("fs"));
  m.def("rhythm_feature_names", &rhythm_feature_names);
}

}  // namespace ecgrt
