// The thread pool and its barrier. Plain variables, so that ThreadSanitizer sees where order is not
// enforced.
#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "check.h"
#include "cpu/thread_pool.h"

namespace ecgrt {
namespace {

TEST(pool, every_worker_is_called_once) {
  for (const std::size_t threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    CHECK(pool.size() == threads);
    std::vector<int> calls(threads, 0);
    for (int run = 1; run <= 500; ++run) {
      const std::size_t expected = threads;
      pool.run([&](std::size_t worker, std::size_t workers) {
        if (workers == expected) ++calls[worker];
      });
      CHECK(std::all_of(calls.begin(), calls.end(), [&](int n) { return n == run; }));
    }
  }
}

// Each pool sleeps while the others work, so that waking up is met as well as spinning.
TEST(pool, pools_take_turns) {
  std::vector<std::unique_ptr<ThreadPool>> pools;
  for (int i = 0; i < 4; ++i) pools.push_back(std::make_unique<ThreadPool>(2 + i % 2));
  std::vector<int> calls(3, 0);
  for (int run = 0; run < 400; ++run) {
    ThreadPool& pool = *pools[run % pools.size()];
    std::fill(calls.begin(), calls.end(), 0);
    pool.run([&](std::size_t worker, std::size_t) {
      std::mt19937 random;
      random.discard(30'000);  // some work
      CHECK(random() != 0);
      ++calls[worker];
    });
    CHECK(std::count(calls.begin(), calls.end(), 1) == static_cast<std::ptrdiff_t>(pool.size()));
  }
}

TEST(pool, pools_come_and_go) {
  for (std::size_t i = 0; i < 200; ++i) {
    ThreadPool pool(1 + i % 5);
    int sum = 0;
    if (i % 2 == 0) {
      pool.run([&](std::size_t worker, std::size_t) {
        if (worker == 0) ++sum;
      });
      CHECK(sum == 1);
    }
  }
}

TEST(pool, barrier_separates_phases) {
  for (const std::size_t threads : {2, 3, 5}) {
    ThreadPool pool(threads);
    std::vector<int> phase(threads, 0);
    std::atomic<int> wrong{0};
    for (int run = 0; run < 20; ++run) {
      std::fill(phase.begin(), phase.end(), 0);
      pool.run([&](std::size_t worker, std::size_t) {
        for (int step = 1; step <= 100; ++step) {
          phase[worker] = step;
          pool.barrier().wait();
          for (const int other : phase) wrong += other != step ? 1 : 0;
          pool.barrier().wait();
        }
      });
    }
    CHECK(wrong == 0);
  }
}

TEST(pool, callers_share_a_pool) {
  ThreadPool pool(3);
  std::atomic<int> wrong{0}, alone{0}, together{0};
  const auto call = [&] {
    for (int run = 0; run < 500; ++run) {
      int calls[3] = {};
      std::size_t team = 0;
      pool.run([&](std::size_t worker, std::size_t workers) {
        ++calls[worker];
        if (worker == 0) team = workers;
      });
      const bool whole = team == 3 && calls[0] == 1 && calls[1] == 1 && calls[2] == 1;
      const bool single = team == 1 && calls[0] == 1 && calls[1] == 0 && calls[2] == 0;
      wrong += whole || single ? 0 : 1;
      (whole ? together : alone) += 1;
    }
  };
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) callers.emplace_back(call);
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
  CHECK(alone + together == 2000);
  CHECK(together > 0);
}

}  // namespace
}  // namespace ecgrt
