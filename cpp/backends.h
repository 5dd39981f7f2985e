// The backends that there are, and which of them a plan is for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend.h"
#include "plan_source.h"

namespace ecgrt {

// A plan, ready to run, and what else it says.
struct LoadedPlan {
  ByteBuffer content;  // empty where the backend does not need it any more
  std::unique_ptr<Backend> backend;
  std::string training_records;  // names separated by spaces
  // The plan's own example, and what ONNX Runtime answered when it was built; empty if there is
  // none.
  std::vector<float> example, example_answers;
};

// Recognises the plan by its first bytes; does not need the source afterwards. Throws PlanError,
// BackendUnavailableError or std::invalid_argument (options).
LoadedPlan load_plan(const PlanSource& source, const BackendOptions& options);

}  // namespace ecgrt
