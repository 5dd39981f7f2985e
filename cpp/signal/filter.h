// The band-pass at the model's rate.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace ecgrt {

// output[i] = sum over j of taps[j] * input[i + j], for `count` outputs, a multiple of
// kFirMultiple; every output is summed in the same order, wherever it lies. KernelTable::fir of the
// CPU engine.
using FirKernel = void (*)(const float* input, const float* taps, std::ptrdiff_t tap_count,
                           std::ptrdiff_t count, float* output);
constexpr std::size_t kFirMultiple = 16;

// A linear-phase FIR filter: the difference of two low-passes (windowed sinc, Kaiser), without any
// gain at 0 Hz and with a gain of 1 in the middle of the band. It delays nothing, for it looks
// `half_width` samples ahead. The signal's ends are held at their last value. Any stretch of the
// output can be computed by itself, to the same bits.
class BandPass {
 public:
  // Passes `low` to `high` Hz of a signal of `rate` Hz; `high` of 0, or from rate / 2 on: all from
  // `low` on.
  BandPass(double low, double high, std::size_t half_width, double rate, FirKernel kernel);

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
  FirKernel kernel_;
};

}  // namespace ecgrt
