// Any text as rows of numbers: what is read is what the C library makes of the cells, line by line.
#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "number_rows.h"
#include "same.h"

namespace {

constexpr std::array kDelimiters = {',', ';', '\t', '\0'};
constexpr std::size_t kMostCells = 5;

ecgrt::RowFormat make_format(FuzzedDataProvider& in) {
  ecgrt::RowFormat format;
  format.delimiter = in.PickValueInArray(kDelimiters);
  format.decimal = in.ConsumeBool() ? ',' : '.';
  format.width = in.ConsumeIntegralInRange<std::size_t>(1, kMostCells);
  format.sample = in.ConsumeIntegralInRange<std::size_t>(0, format.width - 1);
  const auto time = in.ConsumeIntegralInRange<std::size_t>(0, format.width);
  if (time < format.width && time != format.sample) format.time = time;
  return format;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// The cells of a line, without the blanks around them.
std::vector<std::string> split(std::string_view line, char delimiter) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == delimiter || (delimiter == '\0' && is_blank(c) && !cells.back().empty())) {
      cells.emplace_back();
    } else if (!is_blank(c) || !cells.back().empty()) {
      cells.back() += c;
    }
  }
  if (delimiter == '\0' && cells.back().empty()) cells.pop_back();
  for (std::string& cell : cells) cell.resize(cell.find_last_not_of(" \t") + 1);
  return cells;
}

bool is_missing(const std::string& cell) {
  std::string small;
  for (const char c : cell) small += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return small.empty() || small == "nan";
}

// Whether a number was read from a cell as it should be.
bool is_of(std::string cell, const ecgrt::RowFormat& format, double value) {
  if (format.delimiter != ',' && format.decimal == ',') {
    for (char& c : cell) c = c == ',' ? '.' : c;
  }
  char* end = nullptr;
  const double expected = std::strtod(cell.c_str(), &end);
  return end == cell.c_str() + cell.size() && !cell.empty() && std::isfinite(value) &&
         same_bits(value, expected);
}

// Checks what was read of one line.
bool is_right(std::string_view line, const ecgrt::RowFormat& format, const double* values) {
  const std::vector<std::string> cells = split(line, format.delimiter);
  if (cells.size() != format.width) return false;
  const std::string& sample = cells[format.sample];
  if (is_missing(sample) ? !std::isnan(values[0]) : !is_of(sample, format, values[0])) return false;
  return format.time == ecgrt::RowFormat::kNoTime || is_of(cells[format.time], format, values[1]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  const ecgrt::RowFormat format = make_format(in);
  // In memory that ends where the text does, so that a step beyond it is found.
  const auto bytes = in.ConsumeRemainingBytes<char>();
  const std::string_view text(bytes.data(), bytes.size());
  std::vector<double> values;
  const std::size_t end = ecgrt::read_rows(text, 0, format, values);
  if (end > text.size()) std::abort();
  const std::size_t columns = format.time == ecgrt::RowFormat::kNoTime ? 1 : 2;
  std::size_t at = 0, row = 0;
  for (; at < end; ++row) {
    const std::size_t line_end = text.find('\n', at);
    if (line_end >= end || (row + 1) * columns > values.size()) std::abort();
    if (!is_right(text.substr(at, line_end - at), format, &values[row * columns])) std::abort();
    at = line_end + 1;
  }
  if (at != end || row * columns != values.size()) std::abort();
  std::vector<double> rest;
  const std::size_t again = ecgrt::read_rows(text, end, format, rest);
  if (again != end || !rest.empty()) std::abort();  // it ends where a line is not plain
  return 0;
}
