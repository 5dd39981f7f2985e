// The plain rows of a table of text: numbers between delimiters, as nearly all rows of nearly all
// tables are. What is anything else is left to whoever knows the rules of tables.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace ecgrt {

struct RowFormat {
  char delimiter = ',';        // '\0': blanks, any number of them
  char decimal = '.';          // or ','; a point is one too then
  std::size_t width = 1;       // cells of a row
  std::size_t sample = 0;      // the cell that is read, where one may be missing
  std::size_t time = kNoTime;  // another one, which may not
  static constexpr std::size_t kNoTime = static_cast<std::size_t>(-1);
};

// Reads whole lines of `text`, each ending in '\n', from `first` on, up to the first that is not
// plain; returns where that begins, or the size. Plain is a line of `width` cells without quotes
// and without control characters, in which the cells that are read are a sign, digits with or
// without a point, and an exponent; a sample may also be "nan" or, between delimiters, nothing.
// Appends the sample of each row to `values`, NaN if it is missing, and its time if there is one.
// Numbers are rounded once.
std::size_t read_rows(std::string_view text, std::size_t first, const RowFormat& format,
                      std::vector<double>& values);

}  // namespace ecgrt
