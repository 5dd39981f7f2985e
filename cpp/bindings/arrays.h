// From what Python hands in to the signal that the core views.
#pragma once

#include <pybind11/numpy.h>

#include <optional>
#include <string>
#include <utility>

#include "signal/reader.h"

namespace ecgrt {

// The array whose memory the signal views: x itself wherever its type is one that is read in place.
// A record, that is an object with `signal` and `fs`, tells its own rate, and is in microvolts.
// Throws TypeError or ValueError for what is not one lead of numbers.
std::pair<pybind11::array, Signal> to_signal(const pybind11::handle& x, std::optional<double> fs,
                                             const std::string& unit = "uV");

// Of a unit by its name, such as "mV". Throws ValueError for any other.
double microvolts_per(const std::string& unit);

// "record 2 (A00001): ", which says which record of a batch an error is about.
std::string place_in_batch(std::size_t index, const pybind11::handle& x);

// A view that cannot be written to, of memory that `owner` keeps.
template <class T>
pybind11::array_t<T> read_only(pybind11::array::ShapeContainer shape, const T* data,
                               const pybind11::handle& owner) {
  pybind11::array_t<T> array(std::move(shape), data, owner);
  pybind11::detail::array_proxy(array.ptr())->flags &=
      ~pybind11::detail::npy_api::NPY_ARRAY_WRITEABLE_;
  return array;
}

}  // namespace ecgrt
