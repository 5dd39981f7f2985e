#include "signal/reader.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace ecgrt {
namespace {

constexpr double kMinRate = 10.0;  // Hz; what lies outside is a mistake in units
constexpr double kMaxRate = 100'000.0;
constexpr std::size_t kChunk = 1024;
constexpr std::size_t kFiltered = 4096;   // samples filtered at a time to find their scale
constexpr std::size_t kKept = 64 * 1024;  // the most that is not filtered anew to be read
constexpr std::size_t kLookedAt = 4096;   // samples that tell whether numbers are whole

std::string number(double value) {
  std::string text = std::to_string(value);
  text.erase(std::min(text.find_last_not_of('0') + 1, text.size()));
  if (text.back() == '.') text.pop_back();
  return text;
}

const char* place(const Signal& signal, std::size_t index) {
  return static_cast<const char*>(signal.data) + static_cast<std::ptrdiff_t>(index) * signal.stride;
}

// The lowest number of an integer type is how formats write that there is no sample.
template <class T>
bool is_missing(T x) {
  if constexpr (std::is_integral_v<T>) return x == std::numeric_limits<T>::lowest();
  return !is_sample(x);
}

template <class T>
void convert_samples(const Signal& signal, std::size_t first, std::size_t count, double offset,
                     float factor, float* out) {
  const char* from = place(signal, first);
  const double microvolts = signal.microvolts;
  const auto convert_one = [&](T x) {
    if (is_missing(x)) return std::numeric_limits<float>::quiet_NaN();
    return static_cast<float>(static_cast<double>(x) * microvolts - offset) * factor;
  };
  if (signal.stride == sizeof(T)) {  // a loop of its own, which the compiler vectorises
    const T* samples = reinterpret_cast<const T*>(from);
    for (std::size_t i = 0; i < count; ++i) out[i] = convert_one(samples[i]);
    return;
  }
  for (std::size_t i = 0; i < count; ++i, from += signal.stride) {
    out[i] = convert_one(*reinterpret_cast<const T*>(from));
  }
}

// Calls f<T>() for the type of the samples.
template <class F>
auto with_type(SampleType type, F&& f) {
  switch (type) {
    case SampleType::int16:
      return f.template operator()<std::int16_t>();
    case SampleType::int32:
      return f.template operator()<std::int32_t>();
    case SampleType::float32:
      return f.template operator()<float>();
    case SampleType::float64:
      break;
  }
  return f.template operator()<double>();
}

// The first sample that can be read; 0 if there is none.
double first_value(const Signal& signal) {
  return with_type(signal.type, [&]<class T>() {
    for (std::size_t i = 0; i < signal.size; ++i) {
      const T x = *reinterpret_cast<const T*>(place(signal, i));
      const double value = static_cast<double>(x) * signal.microvolts;
      if (!is_missing(x)) return value;
    }
    return 0.0;
  });
}

bool has_missing(const Signal& signal) {
  return with_type(signal.type, [&]<class T>() {
    bool found = false;  // without a way out of the loop, for the compiler to vectorise
    for (std::size_t i = 0; i < signal.size; ++i) {
      found |= is_missing(*reinterpret_cast<const T*>(place(signal, i)));
    }
    return found;
  });
}

bool is_whole(const Signal& signal) {
  return with_type(signal.type, [&]<class T>() {
    if (std::is_integral_v<T>) return true;
    for (std::size_t i = 0; i < std::min(signal.size, kLookedAt); ++i) {
      const auto x = static_cast<double>(*reinterpret_cast<const T*>(place(signal, i)));
      if (std::isfinite(x) && x != std::floor(x)) return false;
    }
    return true;
  });
}

}  // namespace

const std::int16_t* adjacent_int16(const Signal& signal) {
  const bool adjacent = signal.type == SampleType::int16 && signal.stride == sizeof(std::int16_t);
  return adjacent ? static_cast<const std::int16_t*>(signal.data) : nullptr;
}

void copy_samples(const Signal& signal, std::size_t first, std::span<double> out) {
  with_type(signal.type, [&]<class T>() {
    const char* from = place(signal, first);
    for (double& value : out) {
      const T x = *reinterpret_cast<const T*>(from);
      value = is_missing(x) ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(x);
      from += signal.stride;
    }
  });
}

void find_gaps(const Signal& signal, double rate, GapFinder& finder) {
  const double offset = first_value(signal) / signal.microvolts;
  double samples[kChunk];
  float values[kChunk];
  finder.start(rate, true);
  for (std::size_t first = 0, count; first < signal.size; first += count) {
    count = std::min(signal.size - first, kChunk);
    copy_samples(signal, first, {samples, count});
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(samples[i] - offset);
    finder.push({values, count});
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
                        std::shared_ptr<const Resampler> resampler) {
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
  find_gaps();
  filtered_.clear();
  if (path.local_scale) find_scale();
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

void SignalReader::find_gaps() {
  const bool stillness = path_->filter.has_value();
  const bool any = stillness || has_missing(signal_);  // else there are none
  finder_.start(sampling_rate_, stillness);
  float values[kChunk];
  for (std::size_t first = 0, count; any && first < signal_.size; first += count) {
    count = std::min(signal_.size - first, kChunk);
    convert(first, count, values);
    finder_.push({values, count});
  }
  finder_.finish();
  cover(finder_.gaps(), sampling_rate_, signal_.size, covered_);
}

void SignalReader::find_scale() {
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
  const std::int16_t* whole = adjacent_int16(signal_);
  const auto offset = static_cast<float>(offset_);
  if (whole != nullptr && signal_.microvolts == 1 && offset_ == static_cast<std::int16_t>(offset)) {
    // Whole microvolts: their differences are exact without doubles.
    path_->kernels.to_float(whole + first, static_cast<std::ptrdiff_t>(count), offset, factor_,
                            out);
    return;
  }
  with_type(signal_.type,
            [&]<class T>() { convert_samples<T>(signal_, first, count, offset_, factor_, out); });
}

}  // namespace ecgrt
