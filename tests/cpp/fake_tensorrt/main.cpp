// Runs every test, with files in the current folder; each starts from a new world and must leave
// nothing behind.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "check.h"
#include "tensorrt/plugin.h"
#include "tensorrt/refusal.h"

namespace check {

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

void failed(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
  std::_Exit(1);
}

Machine::Machine() : plan(200), path("fake.plan") {
  const bool rtx = ecgrt::built_flavour() == ecgrt::TensorRtFlavour::rtx;
  const char* tag = rtx ? "vtrt" : "ftrt";
  for (std::size_t i = 0; i < 4; ++i) plan[i] = static_cast<std::byte>(tag[i]);
  plan[16] = static_cast<std::byte>(plan.size());
  plan[24] = static_cast<std::byte>(NV_TENSORRT_MAJOR);
  plan[25] = static_cast<std::byte>(NV_TENSORRT_MINOR);
  fake::EngineSpec& engine = fake::world.engine;
  engine.name = R"({"model":"fake"})";
  engine.min = {1, kSamples, 1};
  engine.opt = {1, 7 * kSamples, 1};
  engine.max = {kMaxBatch, kMaxSegments * kSamples, 1};
  engine.samples_per_segment = kSamples;
  engine.classes = kClasses;
}

std::unique_ptr<ecgrt::Backend> Machine::load(const ecgrt::BackendOptions& options) const {
  return std::unique_ptr<ecgrt::Backend>(
      ecgrt_make_tensorrt_backend(plan.data(), plan.size(), path.c_str(), &options));
}

void run_and_compare(const ecgrt::Backend& backend, const std::vector<std::size_t>& lengths,
                     unsigned seed) {
  std::minstd_rand random(seed);
  std::vector<std::vector<float>> signals, answers;
  std::vector<ecgrt::Window> windows;
  for (const std::size_t length : lengths) {
    auto& signal = signals.emplace_back(length * kSamples);
    for (float& sample : signal) sample = static_cast<float>(random() % 1000) / 100.0F;
    answers.emplace_back(length * kClasses, -1.0F);
    windows.push_back(ecgrt::Window::whole(signals.back().data(), length, answers.back().data()));
  }
  backend.run(windows);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    for (std::size_t j = 0; j < answers[i].size(); ++j) {
      const float* segment = signals[i].data() + j / kClasses * kSamples;
      CHECK(answers[i][j] == fake::probability(segment, kSamples, static_cast<int>(j % kClasses)));
    }
  }
}

}  // namespace check

int main() {
  unsetenv("ECGRT_CUDA_WAIT");
  unsetenv("ECGRT_CUDA_GRAPHS");
  for (const check::Test& test : check::tests()) {
    fake::reset();
    test.run();
    if (fake::alive() != 0) check::failed(test.name, 0, "something was not freed");
    std::printf("ok %s\n", test.name);
    std::fflush(stdout);
  }
  std::printf("%zu passed\n", check::tests().size());
}
