// Streams: samples in chunks of all sizes and types, refusals that change nothing.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "signal/sample_buffer.h"
#include "stream.h"

namespace ecgrt {
namespace {

constexpr double kRate = 250;

std::vector<float> make_samples(std::size_t size) {
  std::vector<float> samples(size);
  for (std::size_t i = 0; i < size; ++i) {
    samples[i] = static_cast<float>(i * 7919 % 1001) - 500.0F;
  }
  return samples;
}

Signal view(const float* samples, std::size_t size) {
  return {samples, SampleType::float32, sizeof(float), size, kRate};
}

template <class T>
Signal typed(const std::vector<T>& samples, SampleType type) {
  return {samples.data(), type, sizeof(T), samples.size(), kRate};
}

// Everything that a stream tells of samples that come in chunks of one size.
struct Told {
  std::vector<double> spans, beats;
  std::vector<float> probabilities;
  bool operator==(const Told&) const = default;
};

void add(const Decisions& decisions, Told& told) {
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    told.spans.push_back(decisions.span(i).start);
    told.spans.push_back(decisions.span(i).end);
    const auto& found = decisions.prediction(i).probabilities;
    told.probabilities.insert(told.probabilities.end(), found.begin(), found.end());
  }
  told.beats.insert(told.beats.end(), decisions.beats().begin(), decisions.beats().end());
}

Told tell(const Classifier& classifier, const std::vector<float>& samples, std::size_t size) {
  Stream stream(classifier, {kRate});
  Decisions decisions;
  Told told;
  for (std::size_t first = 0; first < samples.size(); first += size) {
    const std::size_t count = std::min(size, samples.size() - first);
    stream.push(view(samples.data() + first, count), decisions);
    add(decisions, told);
  }
  stream.finish(decisions);
  add(decisions, told);
  return told;
}

template <class Error, class Action>
bool throws(const Action& action) {
  try {
    action();
  } catch (const Error&) {
    return true;
  }
  return false;
}

TEST(stream, chunks_do_not_matter) {
  const std::vector<float> samples = make_samples(20'123);
  const Classifier classifier(check::plans().at(1), {2, 0});
  const Told whole = tell(classifier, samples, samples.size());
  CHECK(whole.spans.size() == 2 * 6);
  for (const std::size_t size : {1, 33, 2'500, 7'499, 7'501, 12'000}) {
    CHECK_AT(tell(classifier, samples, size) == whole, std::to_string(size));
  }
}

TEST(stream, refusals_and_interludes_change_nothing) {
  const std::vector<float> samples = make_samples(60'000);
  const Classifier classifier(check::plans().at(1), {1, 0});
  Decisions decisions;
  Stream stream(classifier, {kRate});
  stream.push(view(samples.data(), 7'000), decisions);
  const auto stop = [] { throw std::logic_error("stop"); };
  const Signal rest = view(samples.data() + 7'000, 53'000);
  CHECK(throws<std::logic_error>([&] { stream.push(rest, decisions, stop); }));
  CHECK(throws<std::invalid_argument>([&] { stream.skip(-1, decisions); }));
  CHECK(throws<std::invalid_argument>([&] { stream.restart(1, decisions); }));
  CHECK(decisions.size() == 0 && stream.seconds() == 28 && !stream.finished());
  stream.push(view(samples.data() + 7'000, 3'000), decisions);
  CHECK(decisions.size() == 2 && decisions.span(1).end == 40);
  Prediction alone;
  const Signal window = view(samples.data() + 2'500, 7'500);
  classifier.predict({&window, 1}, {&alone, 1});
  CHECK(decisions.prediction(1).probabilities == alone.probabilities);
  stream.finish(decisions);
  CHECK(throws<std::invalid_argument>([&] { stream.push(window, decisions); }));
}

TEST(stream, a_buffer_takes_every_type) {
  constexpr auto kLowest = std::numeric_limits<std::int16_t>::lowest();
  SampleBuffer buffer;
  buffer.append(typed(std::vector<std::int16_t>{1, kLowest, 3}, SampleType::int16), 0, 3, 8);
  CHECK(buffer.type() == SampleType::int16);
  buffer.append(typed(std::vector<float>{9, 0.5F}, SampleType::float32), 1, 1, 8);
  CHECK(buffer.type() == SampleType::float32);
  buffer.append(typed(std::vector<std::int32_t>{1 << 30 | 1}, SampleType::int32), 0, 1, 8);
  CHECK(buffer.type() == SampleType::float64 && buffer.size() == 5);
  double values[5];
  copy_samples(buffer.view(0, 5), 0, values);
  CHECK(values[0] == 1 && std::isnan(values[1]) && values[2] == 3);
  CHECK(values[3] == 0.5 && values[4] == (1 << 30 | 1));
  buffer.keep_last(2);
  buffer.truncate(1);
  copy_samples(buffer.view(0, 1), 0, {values, 1});
  CHECK(buffer.size() == 1 && values[0] == 0.5);
}

}  // namespace
}  // namespace ecgrt
