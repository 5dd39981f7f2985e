// A small network from what is known of a whole record to its rhythm: the segments' evidence,
// pooled over time, and rhythm features of the beats and the signal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ecgrt {

// Inputs: mean, standard deviation and maximum over the segments of each of `evidence` channels
// (all means first), then the rhythm features. One hidden layer with ReLU, then a logit per class.
struct RecordHead {
  // The inputs that are pooled, and the segments that the maxima were found in.
  struct Pooled;

  std::size_t evidence = 0;           // channels that the network answers behind its classes
  std::vector<std::string> features;  // names of rhythm features, in the order of the inputs
  std::size_t hidden = 0;
  std::vector<float> weights;  // (inputs, hidden), (hidden), (hidden, classes), (classes)

  std::size_t inputs() const { return 3 * evidence + features.size(); }
  std::size_t weight_count(std::size_t classes) const {
    return (inputs() + 1) * hidden + (hidden + 1) * classes;
  }

  // Pools the evidence (segments, evidence) of the segments that are readable: 1 in `readable`, or
  // all if it is empty. One of them must be.
  void pool(std::span<const float> values, std::span<const std::uint8_t> readable,
            Pooled& pooled) const;
  // Writes a logit for each class.
  void run(const Pooled& pooled, std::span<const float> rhythm, std::span<double> logits) const;
  // Writes by how much each input moves each logit, (inputs, classes), and the logits that are
  // left where all inputs are 0 with the same hidden units at work: the logits are exactly the
  // inputs times their slopes plus these.
  void slopes(const Pooled& pooled, std::span<const float> rhythm, std::span<double> slopes,
              std::span<double> rest) const;

 private:
  void run_hidden(const Pooled& pooled, std::span<const float> rhythm,
                  std::span<double> sums) const;
};

constexpr std::size_t kMaxEvidence = 64;
constexpr std::size_t kMaxHidden = 256;

struct RecordHead::Pooled {
  std::size_t segments = 0;
  double values[3 * kMaxEvidence] = {};  // means, standard deviations, maxima: 3 * evidence
  std::size_t places[kMaxEvidence] = {};

  std::span<const double> inputs(const RecordHead& head) const {
    return {values, 3 * head.evidence};
  }
};

// Little-endian float32 from base64 (RFC 4648 with padding). Throws std::invalid_argument.
std::vector<float> floats_from_base64(std::string_view text);

}  // namespace ecgrt
