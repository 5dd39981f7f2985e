// The newest samples of a signal that comes in chunks.
#pragma once

#include <cstddef>
#include <vector>

#include "signal/samples.h"

namespace ecgrt {

// Keeps samples as they were handed in, so that a view of them is read to the same bits. Where
// chunks are of different types, all become floating-point: float32 where that is exact, else
// float64.
class SampleBuffer {
 public:
  std::size_t size() const { return size_; }
  SampleType type() const { return type_; }
  void clear() { size_ = 0; }

  // Appends samples [first, first + count) of `chunk`, and sees to it that there is memory for
  // `room` of them in all. If it throws, nothing has changed.
  void append(const Signal& chunk, std::size_t first, std::size_t count, std::size_t room);
  // Forgets all but the last, or all but the first, so many.
  void keep_last(std::size_t count);
  void truncate(std::size_t size) { size_ = size; }

  // Samples [first, first + count), until the next change. Rate and unit are left to the caller.
  Signal view(std::size_t first, std::size_t count) const;

 private:
  void become(SampleType type, std::size_t room);

  SampleType type_ = SampleType::int16;
  std::size_t size_ = 0;
  std::vector<std::byte> bytes_;
};

// A part of a signal.
Signal part_of(const Signal& signal, std::size_t first, std::size_t count);

}  // namespace ecgrt
