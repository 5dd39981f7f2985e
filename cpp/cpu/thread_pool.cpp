#include "cpu/thread_pool.h"

#include <unistd.h>

namespace ecgrt {
namespace {

// A pause takes some 10 to 40 ns: long enough to bridge the gap between two records of a stream
// that is read at full speed, short enough to cost nothing when nothing follows.
constexpr int kSpins = 2000;

}  // namespace

void Barrier::wait() {
  const std::uint32_t phase = phase_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    arrived_.store(0, std::memory_order_relaxed);
    phase_.store(phase + 1, std::memory_order_release);
    phase_.notify_all();
    return;
  }
  for (int i = 0; i < kSpins; ++i) {
    if (phase_.load(std::memory_order_acquire) != phase) return;
    pause();
  }
  phase_.wait(phase, std::memory_order_acquire);
}

ThreadPool::ThreadPool(std::size_t threads)
    : size_(threads), process_(::getpid()), barrier_(threads) {
  threads_.reserve(size_ - 1);
  try {
    for (std::size_t worker = 1; worker < size_; ++worker) {
      threads_.emplace_back([this, worker] { work(worker); });
    }
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    generation_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::Delete::operator()(ThreadPool* pool) const {
  if (pool->process_ == ::getpid()) delete pool;
}

ThreadPool::Team ThreadPool::take() {
  if (size_ == 1 || process_ != ::getpid()) return {};
  return {busy_, std::try_to_lock};
}

void ThreadPool::run_job(const Job& job) {
  running_.store(size_ - 1, std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    job_ = job;
    generation_.fetch_add(1, std::memory_order_release);
  }
  wake_.notify_all();
  job.call(job.context, 0, size_);
  for (int i = 0; i < kSpins && running_.load(std::memory_order_acquire) != 0; ++i) pause();
  while (const std::size_t left = running_.load(std::memory_order_acquire)) running_.wait(left);
}

std::uint64_t ThreadPool::next_generation(std::uint64_t seen) {
  for (int i = 0; i < kSpins; ++i) {
    if (generation_.load(std::memory_order_acquire) != seen) break;
    pause();
  }
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return generation_.load(std::memory_order_relaxed) != seen; });
  return generation_.load(std::memory_order_relaxed);
}

void ThreadPool::work(std::size_t worker) {
  std::uint64_t seen = 0;
  for (;;) {
    seen = next_generation(seen);
    if (stop_) return;
    job_.call(job_.context, worker, size_);
    if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_one();
  }
}

}  // namespace ecgrt
