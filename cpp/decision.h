// From the probabilities of a record's segments to its rhythm.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "metadata.h"

namespace ecgrt {

struct Prediction {
  std::optional<std::size_t> label;          // index into the classes; none: not sure enough
  float confidence = 0.0F;                   // probability of the label, given or withheld
  std::vector<float> probabilities;          // (classes): of the record, calibrated
  std::vector<float> segment_probabilities;  // (segments, classes)
  std::vector<std::size_t> segment_labels;   // (segments)
};

// Fills in the rest of a prediction whose segments' probabilities are there, as the model's
// metadata say: pooling, calibration, label. A label whose confidence is below `min_confidence` is
// withheld.
void decide(const Metadata& metadata, double min_confidence, Prediction& prediction);

}  // namespace ecgrt
