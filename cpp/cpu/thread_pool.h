// A team of threads for one classifier.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace ecgrt {

// Threads wait for each other here: briefly by spinning, then asleep.
class Barrier {
 public:
  explicit Barrier(std::size_t size) : size_(static_cast<std::uint32_t>(size)) {}
  void wait();

 private:
  const std::uint32_t size_;
  std::atomic<std::uint32_t> arrived_{0};
  std::atomic<std::uint32_t> phase_{0};
};

// Threads sleep between jobs, after a short spin in case the next one follows at once. One job runs
// at a time: a caller who finds the team busy does its work alone, so that many callers never
// bring more threads into play than there are callers and team members.
class ThreadPool {
 public:
  // `threads` counts the caller, who works too.
  explicit ThreadPool(std::size_t threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  // A forked child has a copy of the team's memory but none of its threads, and what they held or
  // waited for can never be taken down there: it leaves the copy behind.
  struct Delete {
    void operator()(ThreadPool* pool) const;
  };

  std::size_t size() const { return size_; }

  // The right to the team until it is dropped. It is empty if the team is busy, if it is of one, or
  // in a forked child, which has none.
  using Team = std::unique_lock<std::mutex>;
  Team take();

  // Calls body(worker, workers) on every thread at once and returns when all are done; body must
  // not throw. Without a team body(0, 1) alone.
  template <class Body>
  void run(const Team& team, Body&& body) {
    const Job job{[](void* context, std::size_t worker, std::size_t workers) {
                    (*static_cast<Body*>(context))(worker, workers);
                  },
                  const_cast<void*>(static_cast<const void*>(&body))};
    if (team.owns_lock()) {
      run_job(job);
    } else {
      body(std::size_t{0}, std::size_t{1});
    }
  }
  template <class Body>
  void run(Body&& body) {
    run(take(), std::forward<Body>(body));
  }

  // For use inside a body that was told of size() workers.
  Barrier& barrier() { return barrier_; }

 private:
  struct Job {
    void (*call)(void* context, std::size_t worker, std::size_t workers) = nullptr;
    void* context = nullptr;
  };

  void run_job(const Job& job);
  void stop();
  void work(std::size_t worker);
  std::uint64_t next_generation(std::uint64_t seen);

  const std::size_t size_;
  const int process_;
  Barrier barrier_;
  std::mutex busy_;  // held by the caller whose job runs

  std::mutex mutex_;  // guards sleeping
  std::condition_variable wake_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<std::size_t> running_{0};
  bool stop_ = false;
  Job job_;
  std::vector<std::thread> threads_;
};

// Lets another hardware thread run while this one spins.
inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace ecgrt
