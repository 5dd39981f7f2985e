// From what a caller hands in to what the network sees: find gaps, resample, filter, scale, cut.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "interlude.h"
#include "metadata.h"
#include "signal/filter.h"
#include "signal/gaps.h"
#include "signal/resampler.h"
#include "signal/samples.h"
#include "signal/scale.h"

namespace ecgrt {

// Finds all gaps of a signal of `rate` Hz, still stretches among them.
void find_gaps(const Signal& signal, double rate, GapFinder& finder, Interludes between = {});

// What a model does to every signal.
struct SignalPath {
  SignalPath(const Metadata& metadata, const SignalKernels& signal_kernels);

  double rate;  // Hz
  std::size_t samples_per_segment;
  float mean, inverse_std;
  const SignalKernels& kernels;
  std::optional<BandPass> filter;  // none: a model without a signal block
  bool local_scale = false;
  bool cut_at_gaps = false;
};

// Working memory of SignalReader::read, kept between calls.
struct ReadScratch {
  std::vector<float> raw, resampled, padded;
};

// Reads a signal piece by piece as the network sees it, so that a day-long record needs no copy.
// What cannot be read is bridged by straight lines. A model without a signal block sees flat
// stretches and rails as they are: for it only missing samples are gaps.
class SignalReader {
 public:
  // Keeps its memory from the signal before. Throws std::invalid_argument if the signal is shorter
  // than one segment. `path` must outlive the reader; `resampler` is null at the model's own rate,
  // and else made for this signal's and this model's rate.
  void open(const Signal& signal, const SignalPath& path,
            std::shared_ptr<const Resampler> resampler, Interludes between = {});

  std::size_t segments() const { return segments_; }
  bool has_block() const { return path_->filter.has_value(); }
  // Microvolts that the network sees as 1; 0 if each signal is a scale to itself.
  double fixed_std() const {
    return path_->local_scale ? 0 : 1 / static_cast<double>(path_->inverse_std);
  }

  // Writes `count` samples from `first` on, at the model's rate.
  void read(std::size_t first, std::size_t count, float* out, ReadScratch& scratch) const;

  // All that follows is in samples of the signal as it was handed in.
  double sampling_rate() const { return sampling_rate_; }
  std::size_t size() const { return signal_.size; }
  std::span<const Gap> gaps() const { return finder_.gaps(); }
  // The gaps with their margins.
  std::span<const Stretch> covered() const { return covered_; }
  // Samples of one segment, if it is whole.
  double segment_length() const;
  // What it looks like; zeros without a signal block.
  struct Looks {
    Typical typical;      // of a second
    bool counts = false;  // whole numbers, none below 0, handed in as microvolts
  };
  Looks looks(std::vector<float>& scratch) const;

 private:
  void check_length() const;
  void find_gaps(Interludes between);
  void find_scale(Interludes between);
  void read_filtered(std::size_t first, std::size_t count, float* out, ReadScratch& scratch) const;
  void push_scale(std::size_t first, std::span<const float> values);
  void read_resampled(std::size_t first, std::size_t count, float* out, ReadScratch& scratch) const;
  void read_raw(std::size_t first, std::size_t count, float* out) const;
  void convert(std::size_t first, std::size_t count, float* out) const;

  Signal signal_;
  const SignalPath* path_ = nullptr;
  std::shared_ptr<const Resampler> resampler_;
  double sampling_rate_ = 0;
  std::size_t samples_ = 0;  // at the model's rate
  std::size_t segments_ = 0;
  double offset_ = 0;  // what a sample is less, and times, before all else
  float factor_ = 1;
  GapFinder finder_;
  std::vector<Stretch> covered_;
  LocalScale scale_;
  std::vector<float> filtered_;  // of a short signal, which has been filtered to find its scale
  ReadScratch scratch_;
};

// Throws std::invalid_argument unless the rate is one an ECG can have.
void check_sampling_rate(double sampling_rate);

}  // namespace ecgrt
