// Any text as a model's metadata: refused, or records are decided by it.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "decision.h"
#include "errors.h"
#include "metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ecgrt::Metadata metadata;
  try {
    metadata = ecgrt::parse_metadata({reinterpret_cast<const char*>(data), size});
  } catch (const ecgrt::PlanError&) {
    return 0;
  }
  const std::size_t classes = metadata.classes.size();
  ecgrt::Prediction prediction;
  for (std::size_t segment = 0; segment < 3; ++segment) {
    for (std::size_t i = 0; i < classes; ++i) {
      prediction.segment_probabilities.push_back(i == segment % classes ? 1.0F : 0.0F);
    }
    if (!metadata.record_head) continue;
    for (std::size_t i = 0; i < metadata.record_head->evidence; ++i) {
      prediction.segment_evidence.push_back(static_cast<float>(segment));
    }
  }
  if (metadata.record_head) prediction.rhythm.assign(metadata.record_head->features.size(), 1.0F);
  ecgrt::decide(metadata, 0.0, prediction);
  if (prediction.probabilities.size() != classes) std::abort();
  return 0;
}
