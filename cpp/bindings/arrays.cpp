#include "bindings/arrays.h"

#include <pybind11/pybind11.h>

#include <string>

namespace py = pybind11;

namespace ecgrt {
namespace {

std::optional<SampleType> sample_type(const py::array& array) {
  const char order = array.dtype().byteorder();
  const bool native = order == '=' || order == '|';
  const bool aligned = (array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_) != 0;
  if (!native || !aligned) return std::nullopt;
  const auto type = std::pair(array.dtype().kind(), array.itemsize());
  if (type == std::pair('i', py::ssize_t{2})) return SampleType::int16;
  if (type == std::pair('i', py::ssize_t{4})) return SampleType::int32;
  if (type == std::pair('f', py::ssize_t{4})) return SampleType::float32;
  if (type == std::pair('f', py::ssize_t{8})) return SampleType::float64;
  return std::nullopt;
}

// Beneath a mask lies any number, and a conversion to a plain array would bring it to light.
void refuse_masked(const py::handle& x) {
  const bool subclass =
      py::isinstance<py::array>(x) && Py_TYPE(x.ptr()) != py::detail::npy_api::get().PyArray_Type_;
  if (subclass && py::module_::import("numpy.ma").attr("is_masked")(x).cast<bool>()) {
    throw py::value_error(
        "x has masked samples; a signal has a value for each (fill the gaps or "
        "classify the parts between them)");
  }
}

}  // namespace

std::pair<py::array, Signal> to_signal(const py::handle& x, std::optional<double> fs) {
  refuse_masked(x);
  py::array array(py::reinterpret_borrow<py::object>(x));
  const char kind = array.dtype().kind();
  if (kind != 'i' && kind != 'u' && kind != 'f') {
    throw py::type_error("x has dtype " + py::cast<std::string>(py::str(array.dtype())) +
                         "; a signal is an array of integers or floats");
  }
  if (array.ndim() != 1) {
    throw py::value_error("x has " + std::to_string(array.ndim()) +
                          " dimensions; a signal is one lead, a 1-D array (take one with x[:, 0])");
  }
  if (fs) check_sampling_rate(*fs);
  std::optional<SampleType> type = sample_type(array);
  if (!type) {
    array = array.attr("astype")("f8").cast<py::array>();
    type = SampleType::float64;
  }
  const Signal signal{array.data(), *type, array.strides(0),
                      static_cast<std::size_t>(array.shape(0)), fs.value_or(0.0)};
  return {std::move(array), signal};
}

}  // namespace ecgrt
