#include "backends.h"

#include <span>
#include <utility>

#include "cpu/cpu_backend.h"
#include "errors.h"
#include "tensorrt/plan_info.h"
#include "tensorrt/plugin.h"

namespace ecgrt {
namespace {

using File = std::unique_ptr<MappedFile>;

LoadedPlan load_cpu_plan(File file, const BackendOptions& options) {
  CpuPlan plan = read_cpu_plan(*file);
  const auto copy = [](const Blob& blob) {
    return std::vector<float>(blob.floats(), blob.floats() + blob.count);
  };
  LoadedPlan loaded;
  loaded.training_records = std::move(plan.training_records);
  loaded.example = copy(plan.golden_input);
  loaded.example_answers = copy(plan.golden_probabilities);
  loaded.backend = std::make_unique<CpuBackend>(plan, *file, options);
  return loaded;
}

LoadedPlan load_tensorrt_plan(File file, const BackendOptions& options) {
  LoadedPlan loaded;
  loaded.backend = load_tensorrt_backend(file->bytes(), file->path(), options);
  loaded.file = std::move(file);
  return loaded;
}

bool is_tensorrt_plan(std::span<const std::byte> bytes) {
  return read_tensorrt_plan_info(bytes).has_value();
}

struct Kind {
  bool (*recognises)(std::span<const std::byte> plan);
  LoadedPlan (*load)(File file, const BackendOptions& options);
};

constexpr Kind kKinds[] = {
    {is_cpu_plan, load_cpu_plan},
    {is_tensorrt_plan, load_tensorrt_plan},
};

}  // namespace

LoadedPlan load_plan(const std::string& path, const BackendOptions& options) {
  auto file = std::make_unique<MappedFile>(path);
  for (const Kind& kind : kKinds) {
    if (kind.recognises(file->bytes())) return kind.load(std::move(file), options);
  }
  throw PlanError(path +
                  ": this is neither a CPU plan nor a TensorRT plan; build one with "
                  "ecgrt-build-engine model.onnx");
}

}  // namespace ecgrt
