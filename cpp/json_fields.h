// JSON that anybody may have written: parsed to a bounded depth, its integers checked.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ecgrt {

struct JsonError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws JsonError or nlohmann::json::exception.
inline nlohmann::json parse_json(std::string_view text) {
  constexpr int kMostDepth = 16;
  return nlohmann::json::parse(text, [](int depth, auto, auto&) {
    if (depth > kMostDepth) throw JsonError("it is nested too deeply");
    return true;
  });
}

// An integer from 0 to `most`; nlohmann-json itself would convert a fraction or a negative number.
inline std::size_t natural(const nlohmann::json& value, std::string_view name, std::size_t most) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number <= most) return number;
  }
  throw JsonError(std::string(name) + " must be an integer from 0 to " + std::to_string(most));
}

inline std::size_t natural_at(const nlohmann::json& object, const char* name, std::size_t most) {
  return natural(object.at(name), name, most);
}

}  // namespace ecgrt
