// What runs give, and how few calls they take.
#include <atomic>
#include <cstdlib>
#include <new>
#include <numeric>
#include <thread>

#include "check.h"

using check::Machine;
using check::run_and_compare;

namespace {

std::atomic<int> allocations = 0;
thread_local bool counting = false;

struct Environment {
  Environment(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Environment() { unsetenv(name_); }
  const char* name_;
};

}  // namespace

void* operator new(std::size_t bytes) {
  if (counting && !fake::is_inside()) ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

TEST(describes_itself) {
  const auto backend = Machine().load();
  CHECK(backend->max_segments() == check::kMaxSegments);
  CHECK(backend->parallel_windows() == check::kMaxBatch);
  CHECK(backend->metadata().classes.size() == check::kClasses);
  CHECK_TEXT(backend->name(), "/Fake GPU 0");
  CHECK(backend->name().starts_with("tensorrt"));
}

TEST(answers_every_length) {
  const auto backend = Machine().load();
  for (std::size_t length = 1; length <= check::kMaxSegments; ++length) {
    run_and_compare(*backend, {length}, static_cast<unsigned>(length));
  }
  for (std::size_t length = check::kMaxSegments; length > 0; --length) {
    run_and_compare(*backend, {length}, static_cast<unsigned>(2 * length));
  }
  CHECK(fake::peak("context") <= 96 + 1);  // one is made before the oldest goes
}

TEST(forgets_the_length_that_was_used_longest_ago) {
  const auto backend = Machine().load();
  for (std::size_t length = 1; length <= 96; ++length) run_and_compare(*backend, {length});
  run_and_compare(*backend, {1});
  run_and_compare(*backend, {97});  // in place of 2
  const int contexts = fake::calls("createExecutionContext");
  run_and_compare(*backend, {1});
  run_and_compare(*backend, {97});
  run_and_compare(*backend, {3});
  CHECK(fake::calls("createExecutionContext") == contexts);
  run_and_compare(*backend, {2});
  CHECK(fake::calls("createExecutionContext") == contexts + 1);
}

TEST(runs_equal_lengths_together) {
  const auto backend = Machine().load();
  const std::vector<std::size_t> mixed = {3, 5, 3, 9, 3, 5, 3, 3, 3, 3, 3};
  run_and_compare(*backend, mixed);  // 3: batches of 4 and 4; 5: 2; 9: 1
  const int launches = fake::calls("cudaGraphLaunch");
  run_and_compare(*backend, mixed, 2);
  CHECK(fake::calls("cudaGraphLaunch") == launches + 4);
}

TEST(launches_the_same_graph_again) {
  const auto backend = Machine().load();
  CHECK(fake::calls("createExecutionContext") == 1);  // for the profile's own length
  run_and_compare(*backend, {7});
  run_and_compare(*backend, {8});
  const int contexts = fake::calls("createExecutionContext"), enqueues = fake::calls("enqueueV3");
  CHECK(contexts == 2);
  CHECK(enqueues == 4);  // once to warm up and once to capture, for each length
  for (unsigned i = 0; i < 10; ++i) run_and_compare(*backend, {7U + i % 2}, i);
  CHECK(fake::calls("createExecutionContext") == contexts);
  CHECK(fake::calls("enqueueV3") == enqueues);
  CHECK(fake::calls("cudaGraphLaunch") == 12);
}

TEST(allocates_nothing_for_a_known_length) {
  const auto backend = Machine().load();
  std::vector<float> signal(9 * check::kSamples, 1.0F), answers(9 * check::kClasses * 3);
  std::vector<ecgrt::Window> windows;
  for (std::size_t i = 0; i < 3; ++i) {
    windows.push_back(ecgrt::Window::whole(signal.data(), i == 1 ? 9U : 4U,
                                           answers.data() + i * 9 * check::kClasses));
  }
  backend->run(windows);
  allocations = 0;
  counting = true;
  for (int i = 0; i < 5; ++i) backend->run(windows);
  counting = false;
  CHECK(allocations == 0);
}

TEST(waits_by_asking_or_by_sleeping) {
  run_and_compare(*Machine().load(), {7});
  CHECK(fake::calls("cudaStreamQuery") > 0);
  CHECK(fake::calls("cudaEventCreateWithFlags") == 0);
  fake::reset();
  const Environment blocking("ECGRT_CUDA_WAIT", "block");
  run_and_compare(*Machine().load(), {7});
  CHECK(fake::calls("cudaStreamQuery") == 0);
  CHECK(fake::calls("cudaEventSynchronize") > 0);
}

TEST(runs_without_graphs_where_told) {
  const Environment plain("ECGRT_CUDA_GRAPHS", "0");
  const auto backend = Machine().load();
  run_and_compare(*backend, {7, 7, 3});
  CHECK(fake::calls("cudaStreamBeginCapture") == 0);
  CHECK(fake::calls("cudaGraphLaunch") == 0);
}

TEST(refuses_an_unknown_setting) {
  const Environment wrong("ECGRT_CUDA_WAIT", "doze");
  const Machine machine;
  CHECK_TEXT(MESSAGE(std::invalid_argument, machine.load()),
             "ECGRT_CUDA_WAIT must be spin or block, not doze");
}

TEST(serves_many_threads) {
  const auto backend = Machine().load({.threads = 3});
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 25; ++i) run_and_compare(*backend, {1 + (t * 7 + i) % 20, 4, 4}, i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(fake::peak("stream") <= 3);
}

TEST(keeps_to_its_device_and_leaves_the_callers) {
  fake::world.devices = 3;
  {
    const auto backend = Machine().load({.device = 2});
    CHECK_TEXT(backend->name(), "Fake GPU 2");
    CHECK(fake::current_device == 0);
    fake::current_device = 1;
    run_and_compare(*backend, {5});
    CHECK(fake::current_device == 1);
  }
  CHECK(fake::current_device == 1);
}

TEST(refuses_lengths_outside_the_profile) {
  Machine machine;
  fake::world.engine.min = {1, 5 * check::kSamples - 3, 1};  // rounded up to whole segments
  const auto backend = machine.load();
  run_and_compare(*backend, {5, check::kMaxSegments});
  const char* expected = "this plan takes 5 to 120";
  CHECK_TEXT(MESSAGE(std::invalid_argument, run_and_compare(*backend, {4})), expected);
  CHECK_TEXT(MESSAGE(std::invalid_argument, run_and_compare(*backend, {6, 121})), expected);
}
