#include "cpu/continuation.h"

#include <algorithm>

namespace ecgrt {

void CpuContinuation::restart(std::size_t tensors, std::size_t layers) {
  answered = 0;
  at_start_ = true;
  waiting_ = 0;
  done_.assign(layers, 0);
  tails_.resize(tensors);
  for (Tail& tail : tails_) {
    tail.first = 0;
    tail.rows.clear();
  }
}

void CpuContinuation::reserve(std::size_t tensor, std::size_t floats) {
  tails_[tensor].rows.reserve(floats);
}

void CpuContinuation::store(std::size_t tensor, std::size_t floats, const float* rows,
                            std::size_t first, std::size_t end) {
  tails_[tensor].first = first;
  tails_[tensor].rows.assign(rows + first * floats, rows + end * floats);
}

void CpuContinuation::load(std::size_t tensor, std::size_t floats, float* rows) const {
  const Tail& tail = tails_[tensor];
  std::copy(tail.rows.begin(), tail.rows.end(), rows + tail.first * floats);
}

void CpuContinuation::advance(std::size_t segments, const std::vector<std::size_t>& done,
                              const std::vector<std::size_t>& keep,
                              const std::vector<Tensor>& tensors,
                              const std::vector<std::size_t>& outputs, std::size_t samples) {
  waiting_ += segments;
  std::size_t past = waiting_;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    past = std::min(past, keep[i] * tensors[i].rate / samples);
  }
  waiting_ -= past;
  at_start_ = at_start_ && past == 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    tails_[i].first -= past * samples / tensors[i].rate;
  }
  for (std::size_t i = 0; i < done.size(); ++i) {
    done_[i] = done[i] - past * samples / tensors[outputs[i]].rate;
  }
}

}  // namespace ecgrt
