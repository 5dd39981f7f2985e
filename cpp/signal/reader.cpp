#include "signal/reader.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

namespace ecgrt {
namespace {

constexpr double kMinRate = 10.0;  // Hz; what lies outside is a mistake in units
constexpr double kMaxRate = 100'000.0;

std::string number(double value) {
  std::string text = std::to_string(value);
  text.erase(std::min(text.find_last_not_of('0') + 1, text.size()));
  if (text.back() == '.') text.pop_back();
  return text;
}

template <class T>
void normalise(const Signal& signal, std::size_t first, std::size_t count, float mean,
               float inverse_std, float* out) {
  const char* from =
      static_cast<const char*>(signal.data) + static_cast<std::ptrdiff_t>(first) * signal.stride;
  const double microvolts = signal.microvolts;
  if (signal.stride == sizeof(T)) {  // a loop of its own, which the compiler vectorises
    const T* samples = reinterpret_cast<const T*>(from);
    for (std::size_t i = 0; i < count; ++i) {
      const double x = static_cast<double>(samples[i]) * microvolts;
      out[i] = static_cast<float>(x - mean) * inverse_std;
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i, from += signal.stride) {
    const double x = static_cast<double>(*reinterpret_cast<const T*>(from)) * microvolts;
    out[i] = static_cast<float>(x - mean) * inverse_std;
  }
}

}  // namespace

void check_sampling_rate(double rate) {
  if (!(rate >= kMinRate && rate <= kMaxRate)) {
    throw std::invalid_argument("fs is " + number(rate) + " Hz; it must be from " +
                                number(kMinRate) + " to " + number(kMaxRate) + " Hz");
  }
}

SignalReader::SignalReader(const Signal& signal, const Metadata& metadata,
                           std::shared_ptr<const Resampler> resampler)
    : signal_(signal),
      mean_(metadata.mean),
      inverse_std_(1.0F / metadata.std),
      resampler_(std::move(resampler)) {
  const std::size_t samples = resampler_ ? resampler_->output_size(signal.size) : signal.size;
  segments_ = samples / metadata.samples_per_segment;
  if (segments_ == 0) {
    const std::string rate = number(metadata.sampling_rate);
    const double seconds =
        static_cast<double>(metadata.samples_per_segment) / metadata.sampling_rate;
    throw std::invalid_argument(
        "the signal has " + std::to_string(signal.size) + " samples" +
        (resampler_ ? " (" + std::to_string(samples) + " at " + rate + " Hz)" : "") +
        "; at least one segment of " + std::to_string(metadata.samples_per_segment) +
        " samples at " + rate + " Hz (" + number(std::round(seconds * 1e3) / 1e3) +
        " s) is needed");
  }
  // What is cut off tells of the signal as well: it is refused for the same faults.
  const std::size_t read = segments_ * metadata.samples_per_segment;
  check(resampler_ ? resampler_->input_range(0, read, signal.size).second : read);
}

void SignalReader::check(std::size_t first) const {
  if (signal_.type == SampleType::int16 || signal_.type == SampleType::int32) return;
  float values[256];
  for (std::size_t count; first < signal_.size; first += count) {
    count = std::min(signal_.size - first, std::size(values));
    read_normalised(first, count, values);
  }
}

void SignalReader::read(std::size_t first, std::size_t count, float* out,
                        std::vector<float>& scratch) const {
  if (resampler_ == nullptr) {
    read_normalised(first, count, out);
    return;
  }
  const auto [begin, end] = resampler_->input_range(first, count, signal_.size);
  scratch.resize(std::max(scratch.size(), end - begin));
  read_normalised(begin, end - begin, scratch.data());
  resampler_->run(scratch.data(), begin, end, first, count, out);
}

void SignalReader::read_normalised(std::size_t first, std::size_t count, float* out) const {
  switch (signal_.type) {
    case SampleType::int16:
      normalise<std::int16_t>(signal_, first, count, mean_, inverse_std_, out);
      return;
    case SampleType::int32:
      normalise<std::int32_t>(signal_, first, count, mean_, inverse_std_, out);
      return;
    case SampleType::float32:
      normalise<float>(signal_, first, count, mean_, inverse_std_, out);
      break;
    case SampleType::float64:
      normalise<double>(signal_, first, count, mean_, inverse_std_, out);
      break;
  }
  const float* bad = std::find_if_not(out, out + count, [](float x) { return std::isfinite(x); });
  if (bad != out + count) {
    throw std::invalid_argument("sample " + std::to_string(first + (bad - out)) +
                                " of the signal is NaN, infinite or beyond float32; replace or "
                                "cut such samples first");
  }
}

}  // namespace ecgrt
