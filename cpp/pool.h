// Lends objects that are dear to make: scratch memory, workspaces, slots of a GPU.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace ecgrt {

// Makes objects as they are needed, up to a limit, and keeps them for the next borrower.
template <class T>
class Pool {
 public:
  using Make = std::function<std::unique_ptr<T>()>;
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

  explicit Pool(Make make, std::size_t limit = kUnlimited)
      : make_(std::move(make)), limit_(limit) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // An object that nobody else has. It goes back when the lease ends; where that is because of an
  // exception it is destroyed instead, for what state it was left in is unknown.
  class Lease {
   public:
    explicit Lease(Pool& pool) : pool_(pool), object_(pool.take()) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      if (std::uncaught_exceptions() > exceptions_) object_.reset();
      pool_.give_back(std::move(object_));
    }
    T& operator*() const { return *object_; }
    T* operator->() const { return object_.get(); }

   private:
    Pool& pool_;
    std::unique_ptr<T> object_;
    const int exceptions_ = std::uncaught_exceptions();
  };

 private:
  // Waits where as many as the limit are lent.
  std::unique_ptr<T> take() {
    {
      std::unique_lock lock(mutex_);
      returned_.wait(lock, [this] { return !idle_.empty() || made_ < limit_; });
      if (!idle_.empty()) {
        auto object = std::move(idle_.back());  // the last one used has the warmest caches
        idle_.pop_back();
        return object;
      }
      idle_.reserve(made_ + 1);  // room for all, so that giving one back cannot fail
      ++made_;
    }
    try {
      return make_();
    } catch (...) {
      give_back(nullptr);
      throw;
    }
  }

  void give_back(std::unique_ptr<T> object) {
    {
      const std::lock_guard lock(mutex_);
      if (object) {
        idle_.push_back(std::move(object));
      } else {
        --made_;
      }
    }
    returned_.notify_one();
  }

  const Make make_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<T>> idle_;
  std::size_t made_ = 0;
};

}  // namespace ecgrt
