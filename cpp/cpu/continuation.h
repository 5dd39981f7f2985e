// What a long record leaves behind from one window to the next: how far each layer has come, and
// the rows of each tensor that are still to be read. So nothing is computed twice.
#pragma once

#include <cstddef>
#include <vector>

#include "backend.h"
#include "cpu/schedule.h"

namespace ecgrt {

// Rows are counted from the segment on that the next window's tensors begin with.
class CpuContinuation final : public Continuation {
 public:
  // Forgets the record, but not the memory that it took.
  void restart(std::size_t tensors, std::size_t layers);

  // Whether row 0 is the record's first.
  bool at_start() const { return at_start_; }
  // Segments whose signal was seen, some of their answers being late.
  std::size_t waiting() const { return waiting_; }
  // Rows of output that each layer has.
  const std::vector<std::size_t>& done() const { return done_; }

  // `rows` is a tensor's row 0. To store no more than was reserved allocates nothing.
  void reserve(std::size_t tensor, std::size_t floats);
  void store(std::size_t tensor, std::size_t floats, const float* rows, std::size_t first,
             std::size_t end);
  void load(std::size_t tensor, std::size_t floats, float* rows) const;

  // After a window of `segments`: layers have `done` so much, tensors' rows are needed from `keep`
  // on, of `samples` to a segment.
  void advance(std::size_t segments, const std::vector<std::size_t>& done,
               const std::vector<std::size_t>& keep, const std::vector<Tensor>& tensors,
               const std::vector<std::size_t>& outputs, std::size_t samples);

 private:
  struct Tail {
    std::size_t first = 0;
    std::vector<float> rows;
  };

  bool at_start_ = true;
  std::size_t waiting_ = 0;
  std::vector<std::size_t> done_;
  std::vector<Tail> tails_;
};

}  // namespace ecgrt
