#include "bindings/arrays.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string_view>

namespace py = pybind11;

namespace ecgrt {
namespace {

struct Unit {
  std::string_view name;
  double microvolts;
};

// The micro sign and the Greek letter look alike.
constexpr Unit kUnits[] = {{"uV", 1.0},  {"mV", 1e3},      {"V", 1e6},
                           {"nV", 1e-3}, {"\u00b5V", 1.0}, {"\u03bcV", 1.0}};

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

std::pair<py::array, Signal> view(const py::handle& x, std::optional<double> fs,
                                  double microvolts) {
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
  const Signal signal{array.data(),     *type,
                      array.strides(0), static_cast<std::size_t>(array.shape(0)),
                      fs.value_or(0.0), microvolts};
  return {std::move(array), signal};
}

bool is_record(const py::handle& x) {
  return !py::isinstance<py::array>(x) && py::hasattr(x, "signal") && py::hasattr(x, "fs");
}

double rate_of_record(const py::handle& record, std::optional<double> fs) {
  const auto own = record.attr("fs").cast<std::optional<double>>();
  const std::optional<double> rate = own ? own : fs;
  if (!rate) throw py::value_error("the record does not say its sampling rate; give it with fs=");
  if (fs && *fs != *rate) {
    throw py::value_error("the record has " + py::cast<std::string>(py::str(py::float_(*rate))) +
                          " Hz, fs is " + py::cast<std::string>(py::str(py::float_(*fs))) +
                          " Hz; leave fs out, or correct the record");
  }
  return *rate;
}

}  // namespace

double microvolts_per(const std::string& unit) {
  for (const Unit& known : kUnits) {
    if (known.name == unit) return known.microvolts;
  }
  throw py::value_error("unit is " + py::cast<std::string>(py::repr(py::str(unit))) +
                        "; it must be 'uV', 'mV', 'V' or 'nV'");
}

std::pair<py::array, Signal> to_signal(const py::handle& x, std::optional<double> fs,
                                       const std::string& unit) {
  const double microvolts = microvolts_per(unit);
  if (!is_record(x)) return view(x, fs, microvolts);
  if (microvolts != 1.0) {
    throw py::value_error("a record is in microvolts, not in " + unit + "; leave unit out");
  }
  return view(x.attr("signal"), rate_of_record(x, fs), microvolts);
}

std::string place_in_batch(std::size_t index, const py::handle& x) {
  std::string place = "record " + std::to_string(index);
  const py::object name = py::getattr(x, "name", py::none());
  if (is_record(x) && py::isinstance<py::str>(name)) {
    place += " (" + name.cast<std::string>() + ")";
  }
  return place + ": ";
}

}  // namespace ecgrt
