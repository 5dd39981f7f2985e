// Polyphase resampling by a rational factor.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "signal_kernels.h"

namespace ecgrt {

// Gives what scipy.signal.resample_poly(x, up, down, padtype="edge") gives: a linear-phase low-pass
// FIR filter (Kaiser window, beta 5, 10 zero crossings on either side of the slower rate), the ends
// held at their last value. Any stretch of the output can be computed by itself.
class Resampler {
 public:
  // From `from` Hz to `to` Hz; the ratio is taken as the nearest fraction of numbers up to 20,000.
  Resampler(double from, double to, const SignalKernels& kernels);

  std::size_t output_size(std::size_t input_size) const;

  // The samples [begin, end) of an input of `input_size` that `count` outputs from `first` on need.
  std::pair<std::size_t, std::size_t> input_range(std::size_t first, std::size_t count,
                                                  std::size_t input_size) const;

  // `input` holds samples [begin, end) of the signal, all that input_range() told. `scratch` is
  // working memory that is kept between calls.
  void run(const float* input, std::size_t begin, std::size_t end, std::size_t first,
           std::size_t count, float* out, std::vector<float>& scratch) const;

 private:
  void design_filter();

  std::ptrdiff_t up_ = 1;
  std::ptrdiff_t down_ = 1;
  std::ptrdiff_t reach_ = 0;  // input samples that an output uses on either side of its own place
  std::ptrdiff_t width_ = 0;  // 2 * reach + 1 taps, and zeros to whole vectors
  std::vector<float> taps_;   // [phase][width]
  decltype(SignalKernels::polyphase) kernel_;
};

}  // namespace ecgrt
