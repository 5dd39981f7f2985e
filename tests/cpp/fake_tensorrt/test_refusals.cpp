// Plans and machines that do not go together: each says what is wrong and what to do.
#include <chrono>
#include <filesystem>
#include <fstream>

#include "check.h"
#include "tensorrt/refusal.h"

using check::Machine;
using check::run_and_compare;
using ecgrt::BackendUnavailableError;
using ecgrt::PlanError;

namespace {

constexpr const char* kWayOut = "ecgrt-build-engine model.onnx --target cpu";

std::string unavailable(const Machine& machine) {
  const std::string message = MESSAGE(BackendUnavailableError, machine.load());
  CHECK_TEXT(message, machine.path + " is a plan of TensorRT");
  CHECK_TEXT(message, kWayOut);
  return message;
}

struct TemporaryFile {
  TemporaryFile(std::string name, const std::string& text) : path(std::move(name)) {
    std::ofstream(path) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
  std::string path;
};

}  // namespace

TEST(no_driver) {
  Machine machine;
  fake::world.device_count_status = cudaErrorInsufficientDriver;
  fake::world.driver = 0;
  CHECK_TEXT(unavailable(machine), "there is no NVIDIA driver");
}

TEST(old_driver) {
  Machine machine;
  fake::world.device_count_status = cudaErrorInsufficientDriver;
  fake::world.driver = 12040;
  CHECK_TEXT(unavailable(machine), "it supports CUDA 12.4, this needs 13.0");
}

TEST(no_device) {
  Machine machine;
  fake::world.device_count_status = cudaErrorNoDevice;
  CHECK_TEXT(unavailable(machine), "there is no CUDA device");
}

TEST(cuda_that_does_not_start) {
  Machine machine;
  fake::world.device_count_status = cudaErrorSystemNotReady;
  CHECK_TEXT(unavailable(machine), "CUDA does not start: a pretended failure");
}

TEST(a_device_that_is_not_there) {
  const Machine machine;
  for (const int device : {-1, 1}) {
    CHECK_TEXT(MESSAGE(std::invalid_argument, machine.load({.device = device})),
               "there are 1, numbered from 0");
  }
}

TEST(a_plan_of_the_other_flavour) {
  Machine machine;
  machine.plan[0] = static_cast<std::byte>(static_cast<char>(machine.plan[0]) == 'v' ? 'f' : 'v');
  CHECK_TEXT(unavailable(machine),
             "this ecgrt was built with " + ecgrt::to_string(ecgrt::built_flavour()) + ". ");
}

TEST(a_library_that_does_not_fit_the_headers) {
  const Machine machine;
  const std::pair<int, int> unfit[] = {{1, 0}, {-1, 0}, {0, -1}};
  for (const auto& [major, minor] : unfit) {
    fake::world.library_major = major;
    fake::world.library_minor = minor;
    const std::string found = std::to_string(NV_TENSORRT_MAJOR + major) + "." +
                              std::to_string(NV_TENSORRT_MINOR + minor) + ".";
    CHECK_TEXT(unavailable(machine), "and finds " + found);
  }
  fake::world.library_minor = 1;
  fake::world.library_major = 0;
  machine.load();
}

TEST(not_a_plan) {
  Machine machine;
  machine.plan.insert(machine.plan.begin(), std::byte{7});
  CHECK_TEXT(MESSAGE(PlanError, machine.load()), "is not a TensorRT plan");
}

TEST(a_damaged_plan) {
  Machine machine;
  fake::world.engine.refusal = "Serialization assertion failed";
  const std::string message = MESSAGE(PlanError, machine.load());
  CHECK_TEXT(message, "is damaged");
  CHECK_TEXT(message, "Serialization assertion failed");
}

#ifdef TRT_MAJOR_RTX

TEST(what_rtx_finds_wrong) {
  using Why = nvinfer1::EngineInvalidityDiagnostics;
  const std::pair<Why, const char*> reasons[] = {
      {Why::kVERSION_MISMATCH, "build the plan with that version"},
      {Why::kUNSUPPORTED_CC, "does not support this GPU"},
      {Why::kOLD_CUDA_DRIVER, "driver or CUDA runtime is older"},
      {Why::kOLD_CUDA_RUNTIME, "driver or CUDA runtime is older"},
      {Why::kINSUFFICIENT_GPU_MEMORY, "too little free memory"},
  };
  for (const auto& [why, text] : reasons) {
    Machine machine;
    fake::world.engine.refusal = "Engine deserialization failed.";
    fake::world.invalidity = static_cast<std::uint64_t>(why);
    const std::string message = unavailable(machine);
    CHECK_TEXT(message, text);
    CHECK_TEXT(message, "TensorRT says: Engine deserialization failed.");
  }
}

TEST(rtx_settings_and_compiled_kernels) {
  const Machine machine;
  const std::string cache = machine.path + ".rtx-cache";
  std::filesystem::remove(cache);
  run_and_compare(*machine.load(), {3});
  const std::vector<std::string> first = {"kUSER_MANAGED", "kEAGER", "kWHOLE_GRAPH_CAPTURE",
                                          "cache set"};
  CHECK(fake::settings() == first);
  CHECK(std::filesystem::file_size(cache) == sizeof("kernels..") - 1);
  machine.load();
  CHECK(fake::settings()[first.size() + 3] == "cache loaded");
  std::ofstream(cache) << "another GPU's";
  machine.load();
  CHECK(fake::settings()[2 * first.size() + 4] == "cache refused");
  std::filesystem::remove(cache);
  Machine elsewhere;
  elsewhere.path = "/nonexistent/model.plan";  // where nothing can be kept
  run_and_compare(*elsewhere.load(), {3});
}

TEST(rtx_saves_only_what_is_new) {
  const Machine machine;
  const std::filesystem::path cache = machine.path + ".rtx-cache";
  machine.load();
  const auto long_ago = std::filesystem::last_write_time(cache) - std::chrono::hours(1);
  std::filesystem::last_write_time(cache, long_ago);
  fake::reset();
  Machine().load();
  CHECK(fake::settings().back() == "cache set");
  CHECK(std::filesystem::last_write_time(cache) == long_ago);
  std::filesystem::remove(cache);
}

#else

TEST(a_plan_of_another_version) {
  Machine machine;
  fake::world.engine.refusal = "Version tag does not match.";
  machine.plan[25] = static_cast<std::byte>(NV_TENSORRT_MINOR + 1);
  CHECK_TEXT(unavailable(machine), "build the plan with that version");
}

TEST(a_plan_of_another_gpu) {
  Machine machine;
  fake::world.engine.refusal =
      "The engine plan file is generated on an incompatible device, expecting compute 8.6 got 7.5";
  const std::string message = unavailable(machine);
  CHECK_TEXT(message, "built for another kind of GPU");
  CHECK_TEXT(message, "expecting compute 8.6");
}

TEST(weights_that_do_not_fit_the_gpu) {
  Machine machine;
  fake::world.engine.refusal = "Error Code 2: OutOfMemory";
  CHECK_TEXT(unavailable(machine), "too little free memory for the weights");
}

#endif

TEST(tensors_that_are_not_ours) {
  const auto refuses = [](void (*change)(fake::EngineSpec&), const char* found) {
    Machine machine;
    change(fake::world.engine);
    const std::string message = MESSAGE(PlanError, machine.load());
    CHECK_TEXT(message, "does not hold a network of ecgrt");
    CHECK_TEXT(message, found);
  };
  refuses([](fake::EngineSpec& e) { e.classes = 5; }, "probabilities (any, any, 5)");
  refuses([](fake::EngineSpec& e) { e.inputs = 2; }, "extra (any, any, 1)");
  refuses([](fake::EngineSpec& e) { e.half_output = true; }, "not float32");
}

TEST(a_network_that_does_not_answer_per_segment) {
  Machine machine;
  fake::world.engine.samples_per_segment = 2 * check::kSamples;
  CHECK_TEXT(MESSAGE(PlanError, machine.load()), "as its metadata says");
}

TEST(profiles_that_take_no_record) {
  Machine machine;
  fake::world.engine.min[0] = 2;
  CHECK_TEXT(MESSAGE(PlanError, machine.load()), "takes a single record");
  fake::reset();
  const Machine another;
  fake::world.engine.min[1] = check::kSamples + 1;
  fake::world.engine.opt[1] = fake::world.engine.max[1] = 2 * check::kSamples - 1;
  CHECK_TEXT(MESSAGE(PlanError, another.load()), "no multiple of 16");
}

TEST(metadata_in_the_name_or_beside_the_plan) {
  const Machine machine;
  fake::world.engine.name = "Unnamed Network 0";
  CHECK_TEXT(MESSAGE(PlanError, machine.load()), machine.path + ".json");
  const TemporaryFile sidecar(machine.path + ".json", R"({"model":"fake"})");
  run_and_compare(*machine.load(), {3});
  fake::world.engine.name = "{broken";
  CHECK_TEXT(MESSAGE(PlanError, machine.load()), "the metadata is not JSON");
}

TEST(first_bytes_of_plans) {
  const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text)); };
  CHECK(!ecgrt::read_tensorrt_plan_info(bytes("")));
  CHECK(!ecgrt::read_tensorrt_plan_info(bytes("vtr")));
  CHECK(!ecgrt::read_tensorrt_plan_info(bytes("ECGRTCPU plan")));
  CHECK(ecgrt::to_string(*ecgrt::read_tensorrt_plan_info(bytes("ptrt of TensorRT 8.4, with its "
                                                               "version elsewhere"))) ==
        "TensorRT");
  const auto cut = ecgrt::read_tensorrt_plan_info(bytes("ftrt"));
  CHECK_TEXT(MESSAGE(PlanError, ecgrt::check_complete(*cut, 4, "x")), "x is damaged");
  const Machine machine;
  const auto info = ecgrt::read_tensorrt_plan_info(machine.plan);
  CHECK(info->version[0] == NV_TENSORRT_MAJOR && info->version[1] == NV_TENSORRT_MINOR);
  ecgrt::check_complete(*info, machine.plan.size(), machine.path);
  if (info->flavour == ecgrt::TensorRtFlavour::rtx) {
    CHECK_TEXT(MESSAGE(PlanError, ecgrt::check_complete(*info, 199, "x")), "200 bytes and has 199");
  }
}
