#include "signal/sample_buffer.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace ecgrt {
namespace {

constexpr std::size_t kChunk = 512;

std::size_t size_of(SampleType type) {
  switch (type) {
    case SampleType::int16:
      return 2;
    case SampleType::int32:
    case SampleType::float32:
      return 4;
    case SampleType::float64:
      break;
  }
  return 8;
}

// Every value of either type is one of this type.
SampleType common_type(SampleType one, SampleType other) {
  if (one == other) return one;
  const auto is_short = [](SampleType type) {
    return type == SampleType::int16 || type == SampleType::float32;
  };
  return is_short(one) && is_short(other) ? SampleType::float32 : SampleType::float64;
}

void copy_plain(const Signal& from, std::byte* to) {
  const std::size_t size = size_of(from.type);
  const auto* source = static_cast<const std::byte*>(from.data);
  if (from.stride == static_cast<std::ptrdiff_t>(size)) {
    if (from.size > 0) std::memcpy(to, source, from.size * size);
    return;
  }
  for (std::size_t i = 0; i < from.size; ++i, source += from.stride, to += size) {
    std::memcpy(to, source, size);
  }
}

template <class T>
void convert(const Signal& from, std::byte* to) {
  double values[kChunk];
  T converted[kChunk];
  for (std::size_t first = 0, count; first < from.size; first += count) {
    count = std::min(kChunk, from.size - first);
    copy_samples(from, first, {values, count});
    std::transform(values, values + count, converted, [](double x) { return static_cast<T>(x); });
    std::memcpy(to + first * sizeof(T), converted, count * sizeof(T));
  }
}

void copy_as(SampleType type, const Signal& from, std::byte* to) {
  if (from.type == type) return copy_plain(from, to);
  if (type == SampleType::float32) return convert<float>(from, to);
  convert<double>(from, to);
}

}  // namespace

void SampleBuffer::append(const Signal& chunk, std::size_t first, std::size_t count,
                          std::size_t room) {
  const std::size_t needed = std::max(room, size_ + count);
  become(size_ == 0 ? chunk.type : common_type(type_, chunk.type), needed);
  copy_as(type_, part_of(chunk, first, count), bytes_.data() + size_ * size_of(type_));
  size_ += count;
}

void SampleBuffer::become(SampleType type, std::size_t room) {
  const std::size_t bytes = room * size_of(type);
  if (type == type_ || size_ == 0) {
    bytes_.reserve(bytes);  // no more than that
    if (bytes_.size() < bytes) bytes_.resize(bytes);
    type_ = type;
    return;
  }
  std::vector<std::byte> converted(bytes);
  copy_as(type, view(0, size_), converted.data());
  bytes_ = std::move(converted);
  type_ = type;
}

void SampleBuffer::keep_last(std::size_t count) {
  if (count >= size_) return;
  const std::size_t size = size_of(type_);
  std::memmove(bytes_.data(), bytes_.data() + (size_ - count) * size, count * size);
  size_ = count;
}

Signal SampleBuffer::view(std::size_t first, std::size_t count) const {
  const std::size_t size = size_of(type_);
  Signal signal;
  signal.data = bytes_.data() + first * size;
  signal.type = type_;
  signal.stride = static_cast<std::ptrdiff_t>(size);
  signal.size = count;
  return signal;
}

Signal part_of(const Signal& signal, std::size_t first, std::size_t count) {
  Signal part = signal;
  part.data = static_cast<const std::byte*>(signal.data) +
              static_cast<std::ptrdiff_t>(first) * signal.stride;
  part.size = count;
  return part;
}

}  // namespace ecgrt
