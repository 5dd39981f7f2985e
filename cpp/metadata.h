// What a model says of itself (src/ecgrt/metadata.py writes it), as every plan carries it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record_head.h"

namespace ecgrt {

constexpr std::size_t kMaxClasses = 64;

// How a signal is made ready at the model's rate.
struct SignalBlock {
  enum class Scale { fixed, local };

  double low = 0, high = 0;    // of the band-pass, Hz; high of 0: all from low on
  std::size_t half_width = 0;  // of its taps, to either side of the middle one
  Scale scale = Scale::fixed;  // local: divided by LocalScale, mean and std are 0 and 1
  bool cut = false;            // the network sees what lies between gaps, each part by itself
};

struct Metadata {
  enum class Decision { mode, mean };

  std::vector<std::string> classes;  // in the order of the network's outputs
  float mean = 0.0F;                 // the network sees (x - mean) / std
  float std = 1.0F;
  double sampling_rate = 0.0;  // Hz
  std::size_t samples_per_segment = 0;
  std::size_t context_segments = 0;  // segments on either side that an output depends on
  Decision decision = Decision::mode;
  std::optional<SignalBlock> signal;  // none: nothing but mean and std
  // How a record's p comes from its segments: empty, their mean; else a row for each class, of
  // numbers for the logarithms of all classes' means, for their standard deviations, and for 1,
  // and p is the softmax of the sums.
  std::vector<std::vector<double>> pooling;
  // A record's probabilities are softmax(scale * log(p) + bias).
  double calibration_scale = 1.0;
  std::vector<double> calibration_bias;   // one per class, or empty: zeros
  std::vector<double> decision_weights;   // one per class, or empty: ones; for Decision::mean
  std::optional<RecordHead> record_head;  // what a record's p comes from, in place of the pooling
  std::string json;                       // the text that this was read from

  std::size_t evidence() const { return record_head ? record_head->evidence : 0; }
  // What the network answers for a segment: probabilities of the classes, then evidence.
  std::size_t outputs() const { return classes.size() + evidence(); }
};

// What is impossible about a band-pass; empty if it is sound.
std::string find_band_fault(double low, double high, std::size_t half_width, double rate);

// What is impossible about the fields that preprocessing goes by; empty if they are sound.
std::string find_fault(const Metadata& metadata);

// Throws PlanError that names the missing, unknown or impossible field.
Metadata parse_metadata(std::string_view json);

}  // namespace ecgrt
