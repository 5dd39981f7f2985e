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

// A document that is thrown away without asking for memory, whole or half read: nlohmann's own
// destructor asks for some, and where there is none ends the process.
class JsonDocument {
 public:
  // Throws JsonError, nlohmann::json::exception or std::bad_alloc.
  explicit JsonDocument(std::string_view text) {
    try {
      Builder builder(root_);
      nlohmann::json::sax_parse(text, &builder);
    } catch (...) {
      clear(root_);
      throw;
    }
  }
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;
  ~JsonDocument() { clear(root_); }

  const nlohmann::json& root() const { return root_; }

 private:
  using Base = nlohmann::detail::json_sax_dom_parser<nlohmann::json>;

  class Builder : public Base {
   public:
    explicit Builder(nlohmann::json& to) : Base(to) {}
    bool start_object(std::size_t size) {
      enter();
      return Base::start_object(size);
    }
    bool start_array(std::size_t size) {
      enter();
      return Base::start_array(size);
    }
    bool end_object() {
      --depth_;
      return Base::end_object();
    }
    bool end_array() {
      --depth_;
      return Base::end_array();
    }

   private:
    void enter() {
      constexpr int kMostDepth = 16;
      if (++depth_ > kMostDepth) throw JsonError("it is nested too deeply");
    }

    int depth_ = 0;
  };

  // From the leaves up: what is empty is destroyed without memory.
  static void clear(nlohmann::json& value) noexcept {
    if (!value.is_structured()) return;
    for (nlohmann::json& child : value) clear(child);
    value.clear();
  }

  nlohmann::json root_;
};

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
