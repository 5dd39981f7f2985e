// Chooses the algorithm of a convolution by an estimate of its time.
#pragma once

#include <cstddef>

#include "cpu/kernels.h"

namespace ecgrt {

struct ConvShape {
  std::size_t taps = 0;     // of the convolution as it is run, with stride 1
  std::size_t inputs = 0;   // channels a row
  std::size_t outputs = 0;  // channels
  std::size_t rows = 0;     // of output, at the length that the plan was built for
  std::size_t weight_bytes = 4;
  bool small_network = false;  // see is_small
};

// Whether the packed weights of a network with so many plain ones stay in the last cache, a
// thread's share of it, from one record to the next.
bool is_small(std::size_t weights);

// The Fourier kernel to run it with, or null for the direct one.
const FftKernel* choose_kernel(const ConvShape& shape, const KernelTable& kernels);

}  // namespace ecgrt
