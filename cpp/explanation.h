// What each segment and each rhythm feature adds to a record's probabilities.
#pragma once

#include <vector>

#include "decision.h"
#include "metadata.h"

namespace ecgrt {

// Summands of the logarithms of a record's calibrated probabilities: all of them together are these
// logarithms but for a number that is the same for all classes. So that this number does not hide
// what divides the classes, each summand is 0 in the mean over the classes.
struct Explanation {
  std::vector<double> segments;  // (segments, classes); 0 where a segment cannot be read
  std::vector<double> rhythm;    // (features, classes), in the order of Prediction::rhythm
  std::vector<double> rest;      // (classes): biases
};

// Takes apart what the record head has made of a prediction's evidence. A mean, a standard
// deviation and a maximum are the sum of what they are made of times their slopes, and so is the
// head with the hidden units that are at work: nothing is left out and nothing is approximated.
// Throws std::invalid_argument if the prediction is of another model, or the model has no record
// head.
Explanation explain(const Metadata& metadata, const Prediction& prediction);

}  // namespace ecgrt
