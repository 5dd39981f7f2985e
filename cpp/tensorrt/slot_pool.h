// Lends execution slots to threads; makes them as they are needed, up to a limit.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "tensorrt/execution_slot.h"

namespace ecgrt {

class SlotPool {
 public:
  using Make = std::function<std::unique_ptr<ExecutionSlot>()>;

  SlotPool(std::size_t limit, Make make) : limit_(limit), make_(std::move(make)) {
    idle_.reserve(limit);
  }

  // Calls use(ExecutionSlot&) with a slot that no other thread has; waits where all are lent. A
  // slot whose use throws is destroyed, for what is left on its stream is unknown.
  template <typename Use>
  void with_slot(Use&& use) {
    std::unique_ptr<ExecutionSlot> slot = take();
    try {
      if (!slot) {
        slot = make_();
      }
      use(*slot);
    } catch (...) {
      slot.reset();
      give_back(nullptr);
      throw;
    }
    give_back(std::move(slot));
  }

 private:
  // Null where the caller is to make a slot.
  std::unique_ptr<ExecutionSlot> take() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return !idle_.empty() || made_ < limit_; });
    if (idle_.empty()) {
      ++made_;
      return nullptr;
    }
    auto slot = std::move(idle_.back());  // the last one used has the warmest caches
    idle_.pop_back();
    return slot;
  }

  void give_back(std::unique_ptr<ExecutionSlot> slot) {
    {
      const std::lock_guard lock(mutex_);
      if (slot) {
        idle_.push_back(std::move(slot));
      } else {
        --made_;
      }
    }
    returned_.notify_one();
  }

  const std::size_t limit_;
  const Make make_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<ExecutionSlot>> idle_;
  std::size_t made_ = 0;
};

}  // namespace ecgrt
