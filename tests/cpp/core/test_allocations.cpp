// Classifier::predict allocates nothing once it has seen a length. Every allocation of the process
// is counted, by standing in front of the C library's; sanitizers stand there themselves. Where
// memory runs out while a plan is read, that is an error like others.
#include <cstdlib>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "classifier.h"
#include "cpu/dispatch.h"
#include "cpu/plan_file.h"
#include "plan_source.h"
#include "signal/rhythm.h"
#include "stream.h"

namespace {

std::atomic<long> allocations{0};
// How many allocations of this thread there is memory for; -1: for all.
thread_local long memory_left = -1;

bool may_have() {
  ++allocations;
  if (memory_left == 0) return false;
  if (memory_left > 0) --memory_left;
  return true;
}

}  // namespace

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept { return may_have() ? __libc_malloc(size) : nullptr; }
void* calloc(std::size_t count, std::size_t size) noexcept {
  return may_have() ? __libc_calloc(count, size) : nullptr;
}
void* realloc(void* memory, std::size_t size) noexcept {
  return may_have() ? __libc_realloc(memory, size) : nullptr;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return may_have() ? __libc_memalign(alignment, size) : nullptr;
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
  *memory = may_have() ? __libc_memalign(alignment, size) : nullptr;
  return *memory == nullptr ? 12 : 0;  // ENOMEM
}

}  // extern "C"

namespace ecgrt {
namespace {

template <class Action>
long count(const Action& action) {
  const long before = allocations;
  action();
  return allocations - before;
}

TEST(allocations, are_counted) {
  CHECK(count([] { std::vector<int>(3).swap(*std::make_unique<std::vector<int>>()); }) >= 2);
  CHECK(count([] { std::free(std::aligned_alloc(64, 64)); }) == 1);
  CHECK(count([] {
          std::string text(100, 'x');
          CHECK(text.size() == 100);
        }) == 1);
  CHECK(count([] {}) == 0);
}

TEST(allocations, none_in_the_steady_state) {
  std::vector<std::int16_t> samples(20'000);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<std::int16_t>(i * 7919 % 1001);
  }
  std::vector<Signal> signals;
  for (const std::size_t size : {300, 9'000, 20'000, 64}) {
    for (const double rate : {0.0, 300.0, 250.0, 500.0}) {
      signals.push_back({samples.data(), SampleType::int16, sizeof(std::int16_t), size, rate});
    }
  }
  for (const std::string& plan : check::plans()) {
    for (const std::size_t threads : {1, 2, 3}) {
      const Classifier classifier(plan, {threads, 0});
      Prediction prediction;
      const auto predict_all = [&] {
        for (const Signal& signal : signals) {
          classifier.predict({&signal, 1}, {&prediction, 1}, 0.5);
        }
      };
      CHECK(count(predict_all) > 0);
      for (int run = 0; run < 6; ++run) {
        const long found = count(predict_all);
        CHECK_AT(found == 0, std::to_string(found) + " allocations, " + plan + ", " +
                                 std::to_string(threads) + " threads");
      }
    }
  }
}

TEST(allocations, none_for_a_long_record_that_is_seen_again) {
  const std::vector<std::int16_t> samples(2'000'000, 5);
  const Signal signal{samples.data(), SampleType::int16, sizeof(std::int16_t), samples.size(), 0.0};
  for (const std::size_t threads : {1, 2}) {
    const Classifier classifier(check::plans().at(0), {threads, 0});
    CHECK(samples.size() / classifier.metadata().samples_per_segment >
          2 * classifier.backend().max_segments());
    Prediction prediction;
    const auto predict = [&] { classifier.predict({&signal, 1}, {&prediction, 1}); };
    predict();
    const long found = count(predict);
    CHECK_AT(found == 0, std::to_string(found) + " allocations, " + std::to_string(threads));
  }
}

TEST(allocations, none_for_streams_in_the_steady_state) {
  std::vector<std::int16_t> samples(2'500);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<std::int16_t>(i * 7919 % 1001);
  }
  const Classifier classifier(check::plans().at(1), {2, 0});
  Decisions decisions;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 3; ++i) {
    streams.push_back(std::make_unique<Stream>(classifier, StreamOptions{250.0}));
  }
  for (const std::size_t size : {2'500, 250, 1}) {  // a hop at most
    const Signal chunk{samples.data(), SampleType::int16, sizeof(std::int16_t), size, 250.0};
    const auto push = [&] {
      for (int i = 0; i < 40; ++i) {
        for (const auto& stream : streams) stream->push(chunk, decisions);
      }
    };
    push();
    const long found = count(push);
    CHECK_AT(found == 0, std::to_string(found) + " allocations, " + std::to_string(size));
    streams[0]->running(decisions);
    CHECK(count([&] { streams[0]->running(decisions); }) == 0);
  }
}

TEST(allocations, none_for_beats_in_the_steady_state) {
  std::vector<float> x(9'000);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(i * 7919 % 11) + (i % 240 < 12 ? 500.0F : 0.0F);
  }
  RhythmAnalyser analyser(300, select_kernels().signal);
  analyser.analyse(std::span<const float>(x));
  CHECK(analyser.beats().size() > 30);
  CHECK(count([&] { analyser.analyse(std::span<const float>(x)); }) == 0);
}

// Whether a plan is read with memory for so many allocations, and none for any after them.
bool is_read_with(long memory, const PlanSource& source) {
  memory_left = memory;
  try {
    const CpuPlan plan = read_cpu_plan(source);
    memory_left = -1;
    return plan.convolutions.size() > 1;
  } catch (const std::bad_alloc&) {
    memory_left = -1;
    return false;
  }
}

TEST(allocations, that_fail_while_a_plan_is_read_are_an_error) {
  for (const std::string& path : check::plans()) {
    const PlanSource source(path);
    long memory = 0;
    while (!is_read_with(memory, source)) ++memory;
    CHECK_AT(memory > 100, std::to_string(memory));
  }
}

}  // namespace
}  // namespace ecgrt

#endif
