// From what a caller hands in to what the network sees: convert, resample, check, cut, normalise.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "metadata.h"
#include "signal/resampler.h"

namespace ecgrt {

enum class SampleType { int16, int32, float32, float64 };

// A view of one lead; any stride, nothing is copied.
struct Signal {
  const void* data = nullptr;
  SampleType type = SampleType::float32;
  std::ptrdiff_t stride = sizeof(float);  // bytes from a sample to the next
  std::size_t size = 0;
  double sampling_rate = 0.0;  // Hz; 0 means the model's own
  double microvolts = 1.0;     // a unit of the samples
};

// Reads a signal piece by piece as the network sees it, so that a day-long record needs no copy.
class SignalReader {
 public:
  // Throws std::invalid_argument if the signal is shorter than one segment, or not finite in the
  // rest that read() never reaches. `resampler` is null at the model's own rate, and else made for
  // this signal's and this model's rate.
  SignalReader(const Signal& signal, const Metadata& metadata,
               std::shared_ptr<const Resampler> resampler);

  std::size_t segments() const { return segments_; }

  // Throws what read() would for the signal's own samples from `first` on.
  void check(std::size_t first) const;

  // Writes `count` normalised samples from `first` on, at the model's rate. Throws
  // std::invalid_argument that names the first sample that is not finite. `scratch` is working
  // memory that is kept between calls.
  void read(std::size_t first, std::size_t count, float* out, std::vector<float>& scratch) const;

 private:
  void read_normalised(std::size_t first, std::size_t count, float* out) const;

  Signal signal_;
  float mean_;
  float inverse_std_;
  std::shared_ptr<const Resampler> resampler_;
  std::size_t segments_;
};

// Throws std::invalid_argument unless the rate is one an ECG can have.
void check_sampling_rate(double sampling_rate);

}  // namespace ecgrt
