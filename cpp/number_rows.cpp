#include "number_rows.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <system_error>
#include <version>

namespace ecgrt {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
// Powers of ten that a double holds exactly, and the largest integer below which it holds all.
constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr std::uint64_t kExact = std::uint64_t{1} << 53;
constexpr std::ptrdiff_t kMostDigits = 19;  // that 64 bits hold
constexpr std::ptrdiff_t kLongest = 64;     // characters of a number

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

// A number's parts, found before its value: [begin, end) without a plus.
struct Number {
  const char* begin;
  const char* end;
  const char* point = nullptr;
  std::uint64_t digits = 0;
  std::ptrdiff_t count = 0;  // of digits
  int exponent = 0;          // of ten
  bool negative = false;
  bool is_short = true;  // its digits are all in `digits`
};

// Of one integer, and one power of ten that is exact: one rounding.
bool exact_value(const Number& n, double& value) {
  if (!n.is_short || n.digits > kExact || n.exponent < -22 || n.exponent > 22) return false;
  const auto whole = static_cast<double>(n.digits);
  value = n.exponent < 0 ? whole / kPowers[-n.exponent] : whole * kPowers[n.exponent];
  if (n.negative) value = -value;
  return true;
}

bool rounded_value(const Number& n, double& value) {
#if defined(__cpp_lib_to_chars) && __cpp_lib_to_chars >= 201611L
  if (n.end - n.begin > kLongest) return false;
  char copy[kLongest];
  char* const end = std::copy(n.begin, n.end, copy);
  if (n.point != nullptr) copy[n.point - n.begin] = '.';
  const auto [stop, error] = std::from_chars(copy, end, value);
  return error == std::errc() && stop == end && std::isfinite(value);
#else
  static_cast<void>(n);
  static_cast<void>(value);
  return false;
#endif
}

const char* read_digits(const char* at, Number& n) {
  const char* const begin = at;
  for (; is_digit(*at); ++at) n.digits = n.digits * 10 + static_cast<std::uint64_t>(*at - '0');
  n.count += at - begin;
  return at;
}

// After the e: up to four digits. Null: it is no exponent.
const char* read_exponent(const char* at, Number& n) {
  const bool negative = *at == '-';
  if (negative || *at == '+') ++at;
  int exponent = 0;
  const char* const begin = at;
  for (; is_digit(*at) && at - begin < 4; ++at) exponent = exponent * 10 + (*at - '0');
  n.exponent += negative ? -exponent : exponent;
  return at == begin ? nullptr : at;
}

// Reads a number; null if there is none. A line's end stands behind it.
const char* read_number(const char* at, char decimal, double& value) {
  Number n{at, at};
  n.negative = *at == '-';
  if (n.negative || *at == '+') ++at;
  if (!n.negative) n.begin = at;
  at = read_digits(at, n);
  if (*at == '.' || *at == decimal) {
    n.point = at++;
    const std::ptrdiff_t whole = n.count;
    at = read_digits(at, n);
    n.exponent = -static_cast<int>(std::min<std::ptrdiff_t>(n.count - whole, 1000));
  }
  if (n.count == 0) return nullptr;
  n.is_short = n.count <= kMostDigits;
  if (*at == 'e' || *at == 'E') at = read_exponent(at + 1, n);
  if (at == nullptr) return nullptr;
  n.end = at;
  return exact_value(n, value) || rounded_value(n, value) ? at : nullptr;
}

bool is_nan(const char* at) {
  return (at[0] | 0x20) == 'n' && (at[1] | 0x20) == 'a' && (at[2] | 0x20) == 'n';
}

// One line after another, of which each is read or left.
class Reader {
 public:
  // Between commas, a comma is no point.
  explicit Reader(const RowFormat& format)
      : format_(format), decimal_(format.delimiter == ',' ? '.' : format.decimal) {}

  // Reads a row; returns where the next line begins, or null if this one is not plain. The bytes
  // end in a line's end.
  const char* read(const char* at) {
    at = skip_blanks(at);
    const auto first = static_cast<unsigned char>(*at);
    if (first < 0x20 || first >= 0x80 || first == '#' || first == '%' || first == '/')
      return nullptr;
    for (std::size_t cell = 0; cell < format_.width; ++cell) {
      const bool last = cell + 1 == format_.width;
      at = read_cell(skip_blanks(at), cell);
      if (at == nullptr) return nullptr;
      at = last ? skip_last(at) : skip_delimiter(at);
      if (at == nullptr) return nullptr;
    }
    return at + 1;
  }

  double sample = kNan, time = kNan;

 private:
  // A delimiter may be a tab.
  const char* skip_blanks(const char* at) const {
    while (is_blank(*at) && *at != format_.delimiter) ++at;
    return at;
  }
  // Behind the delimiter, which must be there; of blanks, one is enough.
  const char* skip_delimiter(const char* at) const {
    if (format_.delimiter == '\0') return is_blank(*at) ? at + 1 : nullptr;
    at = skip_blanks(at);
    return *at == format_.delimiter ? at + 1 : nullptr;
  }
  const char* skip_last(const char* at) const {
    at = skip_blanks(at);
    return *at == '\n' ? at : nullptr;
  }

  // Returns the end of a cell that begins here.
  const char* read_cell(const char* at, std::size_t cell) {
    if (cell == format_.time) return read_number(at, decimal_, time);
    if (cell != format_.sample) return skip_cell(at);
    if (*at == format_.delimiter || *at == '\n') {
      sample = kNan;
      return format_.delimiter == '\0' ? nullptr : at;
    }
    if (is_nan(at)) {
      sample = kNan;
      return at + 3;
    }
    return read_number(at, decimal_, sample);
  }

  const char* skip_cell(const char* at) const {
    const bool blanks = format_.delimiter == '\0';
    const char* const begin = at;
    for (; *at != '\n'; ++at) {
      if (blanks ? is_blank(*at) : *at == format_.delimiter) break;
      const auto c = static_cast<unsigned char>(*at);
      if (c == '"' || c == '\'' || (c < 0x20 && c != '\t') || (blanks && c >= 0x80)) return nullptr;
    }
    return blanks && at == begin ? nullptr : at;
  }

  const RowFormat& format_;
  const char decimal_;
};

}  // namespace

std::size_t read_rows(std::string_view text, std::size_t first, const RowFormat& format,
                      std::vector<double>& values) {
  // Without the line's end behind it, no line is read: nothing needs to look for the text's.
  const std::size_t end = text.rfind('\n') + 1;
  const char* at = text.data() + first;
  Reader reader(format);
  while (at < text.data() + end) {
    const char* const next = reader.read(at);
    if (next == nullptr) break;
    values.push_back(reader.sample);
    if (format.time != RowFormat::kNoTime) values.push_back(reader.time);
    at = next;
  }
  return static_cast<std::size_t>(at - text.data());
}

}  // namespace ecgrt
