#include "backends.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "cpu/cpu_backend.h"
#include "errors.h"
#include "tensorrt/plan_info.h"
#include "tensorrt/plugin.h"

namespace ecgrt {
namespace {

LoadedPlan load_cpu_plan(const PlanSource& source, const BackendOptions& options) {
  CpuPlan plan = read_cpu_plan(source);
  const auto copy = [](const Blob& blob) {
    return std::vector<float>(blob.floats(), blob.floats() + blob.count);
  };
  LoadedPlan loaded;
  loaded.training_records = std::move(plan.training_records);
  loaded.example = copy(plan.golden_input);
  loaded.example_answers = copy(plan.golden_probabilities);
  loaded.backend = std::make_unique<CpuBackend>(plan, source, options);
  return loaded;
}

LoadedPlan load_tensorrt_plan(const PlanSource& source, const BackendOptions& options) {
  LoadedPlan loaded;
  loaded.content = source.read_all();
  loaded.backend = load_tensorrt_backend(loaded.content.span(), source.path(), options);
  return loaded;
}

bool is_tensorrt_plan(std::span<const std::byte> start) {
  return read_tensorrt_plan_info(start).has_value();
}

struct Kind {
  bool (*recognises)(std::span<const std::byte> start);
  LoadedPlan (*load)(const PlanSource& source, const BackendOptions& options);
};

constexpr Kind kKinds[] = {
    {is_cpu_plan, load_cpu_plan},
    {is_tensorrt_plan, load_tensorrt_plan},
};

}  // namespace

LoadedPlan load_plan(const PlanSource& source, const BackendOptions& options) {
  std::array<std::byte, kTensorRtHeaderBytes> buffer{};
  const auto start = std::span(buffer).first(std::min(buffer.size(), source.size()));
  source.read(0, start);
  for (const Kind& kind : kKinds) {
    if (kind.recognises(start)) return kind.load(source, options);
  }
  throw PlanError(source.path() +
                  ": this is neither a CPU plan nor a TensorRT plan; build one with "
                  "ecgrt-build-engine model.onnx");
}

}  // namespace ecgrt
