#include "explanation.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <stdexcept>

namespace ecgrt {
namespace {

void check(const Metadata& metadata, const Prediction& prediction) {
  if (!metadata.record_head) {
    throw std::invalid_argument(
        "only models with a record head can be taken apart; of others segment_probabilities tells "
        "what each segment says");
  }
  const RecordHead& head = *metadata.record_head;
  const std::size_t segments = prediction.segment_labels.size();
  if (prediction.probabilities.size() != metadata.classes.size() ||
      prediction.segment_evidence.size() != segments * head.evidence ||
      prediction.rhythm.size() != head.features.size()) {
    throw std::invalid_argument("the prediction is of another model; give one of this classifier");
  }
}

// Writes what a segment adds to each logit.
void add_up(const RecordHead& head, const RecordHead::Pooled& pooled,
            std::span<const double> slopes, std::size_t segment, std::span<const float> values,
            std::span<double> out) {
  const std::size_t evidence = head.evidence, classes = out.size();
  const auto count = static_cast<double>(pooled.segments);
  for (std::size_t i = 0; i < evidence; ++i) {
    const double mean = pooled.values[i], spread = pooled.values[evidence + i];
    const double value = values[i];
    // By how much its mean, standard deviation and maximum grow with the value
    const double of_mean = 1 / count;
    const double of_spread = spread > 0 ? (value - mean) / (count * spread) : 0;
    const double of_most = pooled.places[i] == segment ? 1 : 0;
    const double* by_mean = slopes.data() + i * classes;
    const double* by_spread = by_mean + evidence * classes;
    const double* by_most = by_spread + evidence * classes;
    for (std::size_t c = 0; c < classes; ++c) {
      out[c] += value * (of_mean * by_mean[c] + of_spread * by_spread[c] + of_most * by_most[c]);
    }
  }
}

void centre(std::span<double> row) {
  const double mean =
      std::accumulate(row.begin(), row.end(), 0.0) / static_cast<double>(row.size());
  for (double& value : row) value -= mean;
}

// Calibrates and centres rows of summands.
void finish(double scale, std::size_t classes, std::vector<double>& rows) {
  for (double& value : rows) value *= scale;
  for (std::size_t i = 0; i < rows.size(); i += classes) {
    centre(std::span(rows).subspan(i, classes));
  }
}

}  // namespace

Explanation explain(const Metadata& metadata, const Prediction& prediction) {
  check(metadata, prediction);
  const RecordHead& head = *metadata.record_head;
  const std::size_t classes = metadata.classes.size(), evidence = head.evidence;
  const std::size_t segments = prediction.segment_labels.size();
  Explanation found;
  found.segments.resize(segments * classes);
  found.rhythm.resize(prediction.rhythm.size() * classes);
  found.rest.resize(classes);
  const auto readable = [&](std::size_t segment) {
    return prediction.readable.empty() || prediction.readable[segment] != 0;
  };
  std::size_t count = 0;
  for (std::size_t segment = 0; segment < segments; ++segment) count += readable(segment) ? 1 : 0;
  if (count == 0) return found;

  RecordHead::Pooled pooled;
  head.pool(prediction.segment_evidence, prediction.readable, pooled);
  std::vector<double> slopes(head.inputs() * classes);
  head.slopes(pooled, prediction.rhythm, slopes, found.rest);
  for (std::size_t segment = 0; segment < segments; ++segment) {
    if (!readable(segment)) continue;
    add_up(head, pooled, slopes, segment,
           std::span(prediction.segment_evidence).subspan(segment * evidence, evidence),
           std::span(found.segments).subspan(segment * classes, classes));
  }
  const double* by_rhythm = slopes.data() + 3 * evidence * classes;
  for (std::size_t i = 0; i < found.rhythm.size(); ++i) {
    found.rhythm[i] = prediction.rhythm[i / classes] * by_rhythm[i];
  }
  const double scale = metadata.calibration_scale;
  finish(scale, classes, found.segments);
  finish(scale, classes, found.rhythm);
  const auto& bias = metadata.calibration_bias;
  for (std::size_t c = 0; c < classes; ++c) {
    found.rest[c] = scale * found.rest[c] + (bias.empty() ? 0 : bias[c]);
  }
  centre(found.rest);
  return found;
}

}  // namespace ecgrt
