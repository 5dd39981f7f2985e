// From what Python hands in to the signal that the core views.
#pragma once

#include <pybind11/numpy.h>

#include <optional>
#include <utility>

#include "signal/reader.h"

namespace ecgrt {

// The array whose memory the signal views: x itself wherever its type is one that is read in place.
// Throws TypeError or ValueError for what is not one lead of numbers.
std::pair<pybind11::array, Signal> to_signal(const pybind11::handle& x, std::optional<double> fs);

}  // namespace ecgrt
