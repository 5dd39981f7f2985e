// From the probabilities of a record's segments to its rhythm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "evidence.h"
#include "metadata.h"
#include "quality.h"

namespace ecgrt {

// Means of probabilities below it count as it in the pooling: how improbable something never seen
// is, is no evidence.
constexpr double kPoolingFloor = 1e-4;

constexpr std::size_t kNoLabel = static_cast<std::size_t>(-1);

struct Prediction {
  std::optional<std::size_t> label;          // index into the classes; none: not sure enough
  float confidence = 0.0F;                   // probability of the label, given or withheld
  std::vector<float> probabilities;          // (classes): of the record, calibrated
  std::vector<float> segment_probabilities;  // (segments, classes)
  std::vector<float> segment_evidence;       // (segments, evidence) of models with a record head
  std::vector<std::uint8_t> readable;        // (segments) 1 or 0; empty: all are
  std::vector<float> rhythm;                 // features that the record head asks for
  std::vector<Evidence> evidence;            // of the rhythm, of models with a record head
  std::vector<double> beats;                 // R peaks, seconds from the record's start
  Quality quality;                           // of the signal
  std::vector<std::size_t> segment_labels;   // (segments); kNoLabel where it cannot be read
};

// Fills in the rest of a prediction whose segments' answers are there, as the model's metadata
// says: pooling of the readable segments or the record head, calibration, label. A label whose
// confidence is below `min_confidence` is withheld, and so it is where no segment is readable
// or the quality says so.
void decide(const Metadata& metadata, double min_confidence, Prediction& prediction);

}  // namespace ecgrt
