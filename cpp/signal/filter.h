// The band-pass at the model's rate.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "signal_kernels.h"

namespace ecgrt {

// A linear-phase FIR filter: the difference of two low-passes (windowed sinc, Kaiser), without any
// gain at 0 Hz and with a gain of 1 in the middle of the band. It delays nothing, for it looks
// `half_width` samples ahead. The signal's ends are held at their last value. Any stretch of the
// output can be computed by itself, to the same bits.
class BandPass {
 public:
  // Passes `low` to `high` Hz of a signal of `rate` Hz; `high` of 0, or from rate / 2 on: all from
  // `low` on.
  BandPass(double low, double high, std::size_t half_width, double rate,
           const SignalKernels& kernels);

  // The samples [begin, end) of an input of `input_size` that `count` outputs from `first` on need.
  std::pair<std::size_t, std::size_t> input_range(std::size_t first, std::size_t count,
                                                  std::size_t input_size) const;

  // `input` holds samples [begin, end) of the signal, as input_range() told. `scratch` is working
  // memory that is kept between calls.
  void run(const float* input, std::size_t begin, std::size_t end, std::size_t first,
           std::size_t count, float* out, std::vector<float>& scratch) const;

 private:
  std::size_t half_width_;
  std::vector<float> taps_;
  decltype(SignalKernels::fir) kernel_;
};

}  // namespace ecgrt
