// The rows of tables of text.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/bindings.h"
#include "docstrings.h"
#include "number_rows.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

char one_of(const std::string& text, std::string_view accepted, const char* name) {
  if (text.size() == 1 && accepted.find(text[0]) != std::string_view::npos) return text[0];
  throw py::value_error(std::string(name) + " is none of those that are accepted");
}

py::tuple read_rows_of(const py::bytes& text, std::size_t first,
                       const std::optional<std::string>& delimiter, const std::string& decimal,
                       std::size_t width, std::size_t sample, std::optional<std::size_t> time) {
  RowFormat format;
  format.delimiter = delimiter ? one_of(*delimiter, "\t;,", "delimiter") : '\0';
  format.decimal = one_of(decimal, ".,", "decimal");
  format.width = width;
  format.sample = sample;
  format.time = time.value_or(RowFormat::kNoTime);
  if (sample >= width || (time && (*time >= width || *time == sample))) {
    throw py::value_error("sample and time are two of the cells of a row");
  }
  const std::string_view all = text;
  std::vector<double> values;
  std::size_t next = 0;
  {
    const GilRelease release;
    next = read_rows(all, first, format, values);
  }
  const auto columns = static_cast<py::ssize_t>(time ? 2 : 1);
  const auto rows = static_cast<py::ssize_t>(values.size()) / columns;
  return py::make_tuple(py::array_t<double>({rows, columns}, values.data()), next);
}

}  // namespace

void register_text(py::module_& m) {
  m.def("read_rows", &read_rows_of, py::arg("text"), py::arg("first"), py::arg("delimiter"),
        py::arg("decimal"), py::arg("width"), py::arg("sample"), py::arg("time"), doc::read_rows);
}

}  // namespace ecgrt
