// A small network from what is known of a whole record to its rhythm: the segments' evidence,
// pooled over time, and rhythm features of the beats and the signal.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ecgrt {

// Inputs: mean, standard deviation and maximum over the segments of each of `evidence` channels
// (all means first), then the rhythm features. One hidden layer with ReLU, then a logit per class.
struct RecordHead {
  std::size_t evidence = 0;           // channels that the network answers behind its classes
  std::vector<std::string> features;  // names of rhythm features, in the order of the inputs
  std::size_t hidden = 0;
  std::vector<float> weights;  // (inputs, hidden), (hidden), (hidden, classes), (classes)

  std::size_t inputs() const { return 3 * evidence + features.size(); }
  std::size_t weight_count(std::size_t classes) const {
    return (inputs() + 1) * hidden + (hidden + 1) * classes;
  }

  // Writes a logit for each class. `pooled` are the first 3 * evidence inputs.
  void run(std::span<const double> pooled, std::span<const float> rhythm,
           std::span<double> logits) const;
};

constexpr std::size_t kMaxEvidence = 64;
constexpr std::size_t kMaxHidden = 256;

// Little-endian float32 from base64 (RFC 4648 with padding). Throws std::invalid_argument.
std::vector<float> floats_from_base64(std::string_view text);

}  // namespace ecgrt
