// A signal that grows at one end and is forgotten at the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ecgrt {

// Indices count from the signal's beginning, whatever has been forgotten.
class Track {
 public:
  void clear(std::int64_t first = 0) {
    values_.clear();
    first_ = first;
  }
  bool empty() const { return values_.empty(); }
  std::int64_t first() const { return first_; }
  std::int64_t end() const { return first_ + static_cast<std::int64_t>(values_.size()); }

  float operator[](std::int64_t n) const { return *at(n); }
  const float* at(std::int64_t n) const { return values_.data() + (n - first_); }
  float& back() { return values_.back(); }
  void append(float value) { values_.push_back(value); }
  void append(std::int64_t count, float value) {
    values_.insert(values_.end(), static_cast<std::size_t>(count), value);
  }
  // Room for `count` more values, to be written by the caller.
  float* extend(std::int64_t count) {
    const std::size_t old = values_.size();
    values_.resize(old + static_cast<std::size_t>(count));
    return values_.data() + old;
  }

  // Seldom and much at once, as what stays has to move.
  void drop_before(std::int64_t n) {
    const auto size = static_cast<std::int64_t>(values_.size());
    const std::int64_t count = std::min(n - first_, size);
    if (count <= size / 2) return;
    values_.erase(values_.begin(), values_.begin() + count);
    first_ += count;
  }

 private:
  std::vector<float> values_;
  std::int64_t first_ = 0;
};

}  // namespace ecgrt
