// The samples that a caller hands in, whatever their type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "signal_kernels.h"

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

// The samples of a signal of int16, one behind the other; null of any other.
const std::int16_t* adjacent_int16(const Signal& signal);

// Copies samples from `first` on, as they are.
void copy_samples(const Signal& signal, std::size_t first, std::span<double> out);

// Writes (sample * microvolts - offset) * factor, none for those that are missing.
void convert_samples(const Signal& signal, const SignalKernels& kernels, std::size_t first,
                     double offset, float factor, std::span<float> out);

// The first sample that can be read, in microvolts; 0 if there is none.
double first_value(const Signal& signal);
bool has_missing(const Signal& signal);
// Whether the numbers have no fractions, as far as the first thousands tell.
bool is_whole(const Signal& signal);

}  // namespace ecgrt
