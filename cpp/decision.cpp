#include "decision.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "moments.h"

namespace ecgrt {
namespace {

// Of a record's readable segments. In double, for a day has a hundred thousand segments.
struct Summary {
  std::size_t segments = 0;
  double means[kMaxClasses] = {}, spreads[kMaxClasses] = {};
  std::size_t counts[kMaxClasses] = {};  // of segments with this label
};

bool is_readable(const Prediction& prediction, std::size_t segment) {
  return prediction.readable.empty() || prediction.readable[segment] != 0;
}

// Labels the segments and summarises them.
Summary summarise(std::size_t classes, Prediction& prediction) {
  const std::size_t segments = prediction.segment_probabilities.size() / classes;
  prediction.segment_labels.assign(segments, kNoLabel);
  Summary summary;
  for (std::size_t segment = 0; segment < segments; ++segment) {
    if (!is_readable(prediction, segment)) continue;
    const float* p = prediction.segment_probabilities.data() + segment * classes;
    const auto label = static_cast<std::size_t>(std::max_element(p, p + classes) - p);
    prediction.segment_labels[segment] = label;
    ++summary.segments;
    ++summary.counts[label];
    for (std::size_t i = 0; i < classes; ++i) {
      summary.means[i] += p[i];
      summary.spreads[i] += double(p[i]) * p[i];
    }
  }
  if (summary.segments > 0) {
    finish_moments(summary.segments, {summary.means, classes}, {summary.spreads, classes});
  }
  return summary;
}

void softmax(std::span<double> values) {
  const double most = *std::max_element(values.begin(), values.end());
  for (double& value : values) value = std::exp(value - most);
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  for (double& value : values) value /= sum;
}

// Turns the means over a record's segments into its probabilities, as Metadata::pooling says.
void pool(const Metadata& metadata, std::span<const double> spreads, std::span<double> means) {
  if (metadata.pooling.empty()) return;
  const std::size_t classes = means.size();
  double pooled[kMaxClasses];
  for (double& mean : means) mean = std::log(std::max(mean, kPoolingFloor));
  for (std::size_t c = 0; c < classes; ++c) {
    const double* weights = metadata.pooling[c].data();
    pooled[c] = std::inner_product(means.begin(), means.end(), weights, weights[2 * classes]) +
                std::inner_product(spreads.begin(), spreads.end(), weights + classes, 0.0);
  }
  std::copy_n(pooled, classes, means.begin());
  softmax(means);
}

// Vector scaling in the sense of Guo et al. 2017, doi 10.48550/arXiv.1706.04599. Probabilities
// without a calibration stay as they are, to the last bit.
void calibrate(const Metadata& metadata, std::span<double> p) {
  const double scale = metadata.calibration_scale;
  const auto& bias = metadata.calibration_bias;
  const auto zero = [](double value) { return value == 0; };
  if (scale == 1 && std::all_of(bias.begin(), bias.end(), zero)) return;
  constexpr double kTiny = std::numeric_limits<float>::min();
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i] = scale * std::log(std::max(p[i], kTiny)) + (bias.empty() ? 0 : bias[i]);
  }
  softmax(p);
}

}  // namespace

void decide(const Metadata& metadata, double min_confidence, Prediction& prediction) {
  const std::size_t classes = metadata.classes.size();
  const Summary summary = summarise(classes, prediction);
  if (summary.segments == 0) {
    prediction.probabilities.assign(classes, std::numeric_limits<float>::quiet_NaN());
    prediction.confidence = std::numeric_limits<float>::quiet_NaN();
    prediction.label.reset();
    return;
  }
  double probabilities[kMaxClasses];
  std::copy_n(summary.means, classes, probabilities);
  if (metadata.record_head) {
    RecordHead::Pooled pooled;
    metadata.record_head->pool(prediction.segment_evidence, prediction.readable, pooled);
    metadata.record_head->run(pooled, prediction.rhythm, {probabilities, classes});
    softmax({probabilities, classes});
  } else {
    pool(metadata, {summary.spreads, classes}, {probabilities, classes});
  }
  calibrate(metadata, {probabilities, classes});
  prediction.probabilities.assign(probabilities, probabilities + classes);

  const bool mode = metadata.decision == Metadata::Decision::mode;
  const auto& weights = metadata.decision_weights;
  const auto rank = [&](std::size_t c) {  // the means decide ties
    const double weighted = weights.empty() ? probabilities[c] : weights[c] * probabilities[c];
    return std::pair(mode ? static_cast<double>(summary.counts[c]) : weighted, summary.means[c]);
  };
  std::size_t label = 0;
  for (std::size_t i = 1; i < classes; ++i) {
    if (rank(i) > rank(label)) label = i;
  }
  prediction.confidence = prediction.probabilities[label];
  const bool unsure = min_confidence > 0 && !(prediction.confidence >= min_confidence);
  const bool withheld = unsure || prediction.quality.withheld;
  prediction.label = withheld ? std::nullopt : std::optional(label);
}

}  // namespace ecgrt
