#include "signal/reader.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace ecgrt {
namespace {

constexpr double kMinRate = 10.0;  // Hz; what lies outside is a mistake in units
constexpr double kMaxRate = 100'000.0;
constexpr std::size_t kChunk = 1024;
constexpr std::size_t kFiltered = 4096;   // samples filtered at a time to find their scale
constexpr std::size_t kKept = 64 * 1024;  // the most that is not filtered anew to be read

std::string number(double value) {
  std::string text = std::to_string(value);
  text.erase(std::min(text.find_last_not_of('0') + 1, text.size()));
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

void find_gaps(const Signal& signal, double rate, GapFinder& finder, Interludes between) {
  const double offset = first_value(signal) / signal.microvolts;
  double samples[kChunk];
  float values[kChunk];
  finder.start(rate, true);
  for (std::size_t first = 0, count; first < signal.size; first += count) {
    count = std::min(signal.size - first, kChunk);
    copy_samples(signal, first, {samples, count});
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(samples[i] - offset);
    finder.push({values, count});
    between.after(count);
  }
  finder.finish();
}

void check_sampling_rate(double rate) {
  if (!(rate >= kMinRate && rate <= kMaxRate)) {
    throw std::invalid_argument("fs is " + number(rate) + " Hz; it must be from " +
                                number(kMinRate) + " to " + number(kMaxRate) + " Hz");
  }
}

SignalPath::SignalPath(const Metadata& metadata, const SignalKernels& signal_kernels)
    : rate(metadata.sampling_rate),
      samples_per_segment(metadata.samples_per_segment),
      mean(metadata.mean),
      inverse_std(1.0F / metadata.std),
      kernels(signal_kernels) {
  if (!metadata.signal) return;
  const auto& [low, high, half_width, scale, cut] = *metadata.signal;
  filter.emplace(low, high, half_width, rate, kernels);
  cut_at_gaps = cut;
  local_scale = scale == SignalBlock::Scale::local;
}

void SignalReader::open(const Signal& signal, const SignalPath& path,
                        std::shared_ptr<const Resampler> resampler, Interludes between) {
  signal_ = signal;
  path_ = &path;
  resampler_ = std::move(resampler);
  sampling_rate_ = resampler_ ? signal.sampling_rate : path.rate;
  samples_ = resampler_ ? resampler_->output_size(signal.size) : signal.size;
  segments_ = samples_ / path.samples_per_segment;
  check_length();
  // The filter takes any offset away. To do so at once leaves none to the resampler, whose phases
  // differ by a thousandth, and none to the rounding of large numbers.
  offset_ = path.filter ? first_value(signal) : static_cast<double>(path.mean);
  factor_ = path.filter ? 1 : path.inverse_std;
  find_gaps(between);
  filtered_.clear();
  if (path.local_scale) find_scale(between);
}

void SignalReader::check_length() const {
  if (segments_ > 0) return;
  const std::string rate = number(path_->rate), size = std::to_string(path_->samples_per_segment);
  const double seconds = static_cast<double>(path_->samples_per_segment) / path_->rate;
  throw std::invalid_argument(
      "the signal has " + std::to_string(signal_.size) + " samples" +
      (resampler_ ? " (" + std::to_string(samples_) + " at " + rate + " Hz)" : "") +
      "; at least one segment of " + size + " samples at " + rate + " Hz (" +
      number(std::round(seconds * 1e3) / 1e3) + " s) is needed");
}

void SignalReader::find_gaps(Interludes between) {
  const bool stillness = path_->filter.has_value();
  const bool any = stillness || has_missing(signal_);  // else there are none
  finder_.start(sampling_rate_, stillness);
  float values[kChunk];
  for (std::size_t first = 0, count; any && first < signal_.size; first += count) {
    count = std::min(signal_.size - first, kChunk);
    convert(first, count, values);
    finder_.push({values, count});
    between.after(count);
  }
  finder_.finish();
  cover(finder_.gaps(), sampling_rate_, signal_.size, covered_);
}

void SignalReader::find_scale(Interludes between) {
  scale_.start(path_->rate);
  if (samples_ <= kKept) {
    filtered_.resize(samples_);
    read_filtered(0, samples_, filtered_.data(), scratch_);
    push_scale(0, filtered_);
  } else {
    float values[kFiltered];
    for (std::size_t first = 0, count; first < samples_; first += count) {
      count = std::min(samples_ - first, kFiltered);
      read_filtered(first, count, values, scratch_);
      push_scale(first, {values, count});
      between.after(count);
    }
  }
  scale_.finish();
}

// Hands on values from `first` on, which come in order.
void SignalReader::push_scale(std::size_t first, std::span<const float> values) {
  unsigned char readable[kFiltered];
  const double ratio = path_->rate / sampling_rate_;
  auto stretch = covered_.begin();
  while (!values.empty()) {
    const std::size_t count = std::min(values.size(), kFiltered);
    const auto end = static_cast<double>(first + count);
    std::fill_n(readable, count, static_cast<unsigned char>(1));
    for (; stretch != covered_.end() && static_cast<double>(stretch->begin) * ratio < end;
         ++stretch) {
      const auto place = [&](std::int64_t sample) {  // the first at or behind it, from `first` on
        const double at = std::ceil(static_cast<double>(sample) * ratio);
        return static_cast<std::size_t>(std::clamp(at, static_cast<double>(first), end)) - first;
      };
      const std::size_t from = place(stretch->begin), to = place(stretch->end);
      std::fill(readable + from, readable + to, static_cast<unsigned char>(0));
      if (to == count) break;  // it may go on
    }
    scale_.push(values.first(count), {readable, count});
    values = values.subspan(count);
    first += count;
  }
}

double SignalReader::segment_length() const {
  return static_cast<double>(path_->samples_per_segment) * sampling_rate_ / path_->rate;
}

SignalReader::Looks SignalReader::looks(std::vector<float>& scratch) const {
  if (finder_.seconds().empty()) return {};
  Looks looks{typical_second(finder_.seconds(), covered_, sampling_rate_, scratch)};
  looks.typical.mean += static_cast<float>(offset_);
  const auto below = [&](const Second& second) {
    return !second.empty() && second.lowest + offset_ < 0;
  };
  const auto seconds = finder_.seconds();
  looks.counts = signal_.microvolts == 1 && is_whole(signal_) &&
                 std::none_of(seconds.begin(), seconds.end(), below);
  return looks;
}

void SignalReader::read(std::size_t first, std::size_t count, float* out,
                        ReadScratch& scratch) const {
  if (filtered_.empty()) {
    read_filtered(first, count, out, scratch);
  } else {
    std::copy_n(filtered_.begin() + static_cast<std::ptrdiff_t>(first), count, out);
  }
  if (!path_->filter) return;  // normalised before all else
  if (path_->local_scale) {
    scale_.divide(first, {out, count});
    return;
  }
  const float mean = path_->mean, factor = path_->inverse_std;
  for (std::size_t i = 0; i < count; ++i) out[i] = (out[i] - mean) * factor;
}

void SignalReader::read_filtered(std::size_t first, std::size_t count, float* out,
                                 ReadScratch& scratch) const {
  if (!path_->filter) {
    read_resampled(first, count, out, scratch);
    return;
  }
  const auto [begin, end] = path_->filter->input_range(first, count, samples_);
  std::vector<float>& resampled = scratch.resampled;
  resampled.resize(std::max(resampled.size(), end - begin));
  read_resampled(begin, end - begin, resampled.data(), scratch);
  path_->filter->run(resampled.data(), begin, end, first, count, out, scratch.padded);
}

void SignalReader::read_resampled(std::size_t first, std::size_t count, float* out,
                                  ReadScratch& scratch) const {
  if (resampler_ == nullptr) {
    read_raw(first, count, out);
    return;
  }
  const auto [begin, end] = resampler_->input_range(first, count, signal_.size);
  scratch.raw.resize(std::max(scratch.raw.size(), end - begin));
  read_raw(begin, end - begin, scratch.raw.data());
  resampler_->run(scratch.raw.data(), begin, end, first, count, out, scratch.padded);
}

void SignalReader::read_raw(std::size_t first, std::size_t count, float* out) const {
  convert(first, count, out);
  bridge(finder_.gaps(), first, {out, count});
}

void SignalReader::convert(std::size_t first, std::size_t count, float* out) const {
  convert_samples(signal_, path_->kernels, first, offset_, factor_, {out, count});
}

}  // namespace ecgrt
