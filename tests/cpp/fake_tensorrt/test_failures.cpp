// Every call of CUDA and TensorRT that can fail does so once: the error says which, nothing leaks,
// and the backend goes on working.
#include <cstdlib>

#include "check.h"

using check::Machine;
using check::run_and_compare;

namespace {

struct Step {
  const char* call;     // as the fakes name it
  const char* message;  // what the exception says
  bool tensorrt;        // with TensorRT's own line
};

constexpr Step kWhileLoading[] = {
    {"cudaGetDeviceProperties", "cudaGetDeviceProperties", false},
    {"createInferRuntime", "no runtime", true},
#ifdef TRT_MAJOR_RTX
    {"createRuntimeConfig", "no runtime configuration", true},
#endif
    {"cudaStreamCreateWithFlags", "cudaStreamCreateWithFlags", false},
    {"cudaMallocHost", "cudaMallocHost", false},
    {"cudaMalloc", "cudaMalloc", false},
};

constexpr Step kWhilePreparing[] = {
    {"createExecutionContext", "no execution context", true},
    {"setInputShape", "setInputShape", true},
    {"setTensorAddress", "setTensorAddress", true},
    {"cudaMemcpyAsync up", "cudaMemcpyAsync to the GPU", false},
    {"enqueueV3", "enqueueV3", true},
    {"cudaMemcpyAsync down", "cudaMemcpyAsync from the GPU", false},
    {"cudaStreamQuery", "the run on the GPU", false},
};

void check_message(const std::string& message, const Step& step) {
  CHECK_TEXT(message, step.message);
  CHECK_TEXT(message, step.tensorrt ? "TensorRT says: " : "a pretended failure");
  CHECK(!check::contains(message, "idle talk"));
}

void check_loading(const Step& step, int nth) {
  const Machine machine;
  fake::fail(step.call, nth);
  check_message(MESSAGE(ecgrt::BackendUnavailableError, machine.load()), step);
  CHECK(fake::alive() == 0);
  machine.load();
}

void check_running(const Step& step) {
  const auto backend = Machine().load({.threads = 1});
  const int slots = fake::calls("cudaStreamCreateWithFlags");
  fake::fail(step.call);
  check_message(MESSAGE(ecgrt::BackendUnavailableError, run_and_compare(*backend, {3})), step);
  CHECK(!fake::failure_is_pending());
  run_and_compare(*backend, {3});
  CHECK(fake::calls("cudaStreamCreateWithFlags") == slots + 1);  // the failed one is thrown away
}

// The answer is right all the same, and no call repeats what cannot work.
void check_capture(const char* call) {
  const auto backend = Machine().load();
  if (call != nullptr) fake::fail(call);
  run_and_compare(*backend, {3});
  CHECK(!fake::failure_is_pending());
  const int captures = fake::calls("cudaStreamBeginCapture");
  const int enqueues = fake::calls("enqueueV3"), launches = fake::calls("cudaGraphLaunch");
  run_and_compare(*backend, {3});
  CHECK(fake::calls("cudaStreamBeginCapture") == captures);
  CHECK(fake::calls("enqueueV3") == enqueues + 1);
  CHECK(fake::calls("cudaGraphLaunch") == launches);
}

}  // namespace

TEST(every_failure_while_loading) {
  for (const Step& step : kWhileLoading) {
    const bool repeated = std::string(step.call).starts_with("cudaMalloc");
    check_loading(step, 1);
    if (repeated) check_loading(step, 2);
  }
  check_loading({"cudaMalloc", "cudaMalloc", false}, 3);
  for (const Step& step : kWhilePreparing) check_loading(step, 1);
  check_loading({"setTensorAddress", "setTensorAddress", true}, 2);
  setenv("ECGRT_CUDA_WAIT", "block", 1);
  check_loading({"cudaEventCreateWithFlags", "cudaEventCreateWithFlags", false}, 1);
  check_loading({"cudaEventRecord", "cudaEventRecord", false}, 1);
  check_loading({"cudaEventSynchronize", "the run on the GPU", false}, 1);
  unsetenv("ECGRT_CUDA_WAIT");
}

TEST(every_failure_while_running) {
  for (const Step& step : kWhilePreparing) check_running(step);
}

TEST(a_failing_launch_throws_the_slot_away) {
  const auto backend = Machine().load({.threads = 1});
  run_and_compare(*backend, {3});
  fake::fail("cudaGraphLaunch");
  CHECK_TEXT(MESSAGE(ecgrt::BackendUnavailableError, run_and_compare(*backend, {3})),
             "cudaGraphLaunch");
  run_and_compare(*backend, {3});
}

TEST(every_failure_while_capturing_falls_back) {
  check_capture("cudaStreamBeginCapture");
  check_capture("cudaStreamEndCapture");
  check_capture("cudaGraphInstantiate");
}

TEST(a_network_that_cannot_be_captured_falls_back) {
  Machine machine;
  fake::world.capture_breaks = true;
  const auto backend = machine.load();
  run_and_compare(*backend, {3});
  run_and_compare(*backend, {3, 7, 7});
  CHECK(fake::calls("cudaGraphLaunch") == 0);
}

#ifdef TRT_MAJOR_RTX
TEST(rtx_is_asked_before_a_capture) {
  Machine machine;
  fake::world.capturable = false;
  const auto backend = machine.load();
  run_and_compare(*backend, {3});
  CHECK(fake::calls("cudaStreamBeginCapture") == 0);
}
#endif

TEST(too_little_gpu_memory) {
  Machine machine;
  fake::world.free_memory = std::size_t{100} << 20U;
  fake::world.engine.activation_bytes = std::size_t{300} << 20U;
  const std::string message = MESSAGE(ecgrt::BackendUnavailableError, machine.load());
  CHECK_TEXT(message, "300 MiB are needed for the network's activations");
  CHECK_TEXT(message, "100 of 2048 MiB are free");
  CHECK_TEXT(message, "--max-batch");
}
