// Timelines through the C API and its C++ wrapper; what they say is compared with Python's answers
// in tests/capi.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <ecgrt/ecgrt.hpp>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "callers.h"
#include "check.h"

using check::make_signal, check::says, check::view;

namespace {

static_assert(sizeof(void*) != 8 || (sizeof(ecgrt_timeline_options) == 80 &&
                                     sizeof(ecgrt_span) == 40 && sizeof(ecgrt_burden) == 24));
static_assert(sizeof(void*) != 8 || (offsetof(ecgrt_timeline_options, shortest) == 56 &&
                                     offsetof(ecgrt_timeline_options, cancel) == 64 &&
                                     offsetof(ecgrt_span, reason) == 36));

// What two timelines must have in common to be the same.
struct Told {
  std::vector<double> numbers, beats;
  bool operator==(const Told&) const = default;

  explicit Told(const ecgrt::Timeline& timeline) {
    for (const auto& [start, end, label, probability, reason] : timeline.spans()) {
      numbers.insert(numbers.end(), {start, end, std::isnan(probability) ? -1 : probability});
      numbers.push_back(reason ? *reason : -1);
    }
    for (const auto& [start, end, reason] : timeline.gaps()) {
      numbers.insert(numbers.end(), {start, end, static_cast<double>(reason)});
    }
    for (const double p : timeline.probabilities()) numbers.push_back(std::isnan(p) ? -1 : p);
    beats.assign(timeline.beats().begin(), timeline.beats().end());
  }
};

// Four minutes, one of them missing.
std::vector<float> make_record(double fs) {
  std::vector<float> samples = make_signal(static_cast<std::size_t>(240 * fs));
  const auto minute = static_cast<std::ptrdiff_t>(60 * fs);
  std::fill_n(samples.begin() + minute, minute, std::numeric_limits<float>::quiet_NaN());
  return samples;
}

Told tell(const ecgrt::Classifier& classifier, std::span<const float> samples, std::size_t chunk) {
  ecgrt::Timeline timeline(classifier);
  for (std::size_t done = 0; done < samples.size(); done += chunk) {
    timeline.push(samples.subspan(done, std::min(chunk, samples.size() - done)));
  }
  timeline.finish();
  return Told(timeline);
}

TEST(capi, a_timeline_does_not_depend_on_the_chunks) {
  auto classifier = std::make_unique<ecgrt::Classifier>(check::plans().front(), 1);
  const auto samples = make_record(classifier->sampling_rate());
  const std::span<const float> all(samples);
  const Told whole = tell(*classifier, all, all.size());
  CHECK(whole == tell(*classifier, all, 997));
  ecgrt::Timeline timeline(*classifier);
  classifier.reset();  // the timeline keeps what it needs
  timeline.push(all.first(all.size() / 4));
  timeline.skip(60);
  timeline.push(all.last(all.size() / 2));
  CHECK(timeline.spans().empty() && timeline.probabilities().empty());
  CHECK(std::isnan(timeline.readable()) && std::abs(timeline.seconds() - 240) < 0.01);
  timeline.finish();
  timeline.finish();  // once more does nothing
  CHECK(whole == Told(timeline));
}

TEST(capi, a_timeline_covers_the_record) {
  const ecgrt::Classifier classifier(check::plans().front(), 1);
  const auto samples = make_record(classifier.sampling_rate());
  ecgrt::Timeline timeline(classifier);
  timeline.push(std::span<const float>(samples));
  timeline.finish();
  const auto spans = timeline.spans();
  double at = 0, unreadable = 0, share = 0;
  for (const auto& span : spans) {
    CHECK(span.start == at && span.end > at);
    at = span.end;
    if (span.label == "unreadable") unreadable += span.end - span.start;
    CHECK((span.label == "unreadable") == std::isnan(span.probability));
    CHECK(span.label == "unreadable" || !span.reason);
  }
  CHECK(at == timeline.seconds() && unreadable > 0);
  CHECK(std::abs(timeline.readable() - (1 - unreadable / at)) < 1e-12);
  for (std::size_t state = 0; state < timeline.states().size(); ++state) {
    share += timeline.burden(state).share;
  }
  CHECK(std::abs(share - 1) < 1e-12);
  const auto gaps = timeline.gaps();
  CHECK(gaps.size() == 1 && gaps[0].reason == ECGRT_GAP_MISSING);
  CHECK(std::abs(gaps[0].start - 60) < 0.1 && std::abs(gaps[0].end - 120) < 0.1);
}

TEST(capi, a_null_timeline_is_an_error) {
  const ecgrt::Classifier one(check::plans().front(), 1);
  ecgrt_timeline* timeline = nullptr;
  ecgrt_span span;
  ecgrt_gap gap;
  ecgrt_burden burden;
  CHECK(ecgrt_timeline_open(nullptr, nullptr, &timeline) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_timeline_open(one.get(), nullptr, nullptr) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_timeline_push(nullptr, nullptr) == ECGRT_ERROR_ARGUMENT);
  CHECK(says("timeline is NULL"));
  CHECK(ecgrt_timeline_skip(nullptr, 1) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_timeline_finish(nullptr) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_timeline_span(nullptr, 0, &span) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_timeline_gap(nullptr, 0, &gap) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_timeline_burden(nullptr, 0, &burden) == ECGRT_ERROR_ARGUMENT);
  CHECK(std::isnan(ecgrt_timeline_seconds(nullptr)) &&
        std::isnan(ecgrt_timeline_readable(nullptr)));
  CHECK(ecgrt_timeline_state_count(nullptr) + ecgrt_timeline_step_count(nullptr) == 0);
  CHECK(ecgrt_timeline_span_count(nullptr) + ecgrt_timeline_gap_count(nullptr) == 0);
  CHECK(ecgrt_timeline_beat_count(nullptr) + ecgrt_timeline_warning_count(nullptr) == 0);
  CHECK(ecgrt_timeline_state_name(nullptr, 0) == nullptr);
  CHECK(ecgrt_timeline_probabilities(nullptr) == nullptr);
  CHECK(ecgrt_timeline_beats(nullptr) == nullptr && ecgrt_timeline_step_state(nullptr, 0) == -1);
  CHECK(ecgrt_timeline_warning_code(nullptr, 0) == nullptr);
  CHECK(ecgrt_timeline_warning_text(nullptr, 0) == nullptr);
  ecgrt_timeline_close(nullptr);
}

TEST(capi, what_a_timeline_has_not_is_an_error) {
  const ecgrt::Classifier one(check::plans().front(), 1);
  const auto samples = make_signal(static_cast<std::size_t>(40 * one.sampling_rate()));
  const ecgrt_signal signal = view(samples);
  ecgrt_timeline* timeline = nullptr;
  ecgrt_span span;
  ecgrt_gap gap;
  ecgrt_burden burden;
  CHECK(ecgrt_timeline_open(one.get(), nullptr, &timeline) == ECGRT_OK);
  CHECK(ecgrt_timeline_push(timeline, nullptr) == ECGRT_ERROR_ARGUMENT && says("chunk is NULL"));
  CHECK(ecgrt_timeline_push(timeline, &signal) == ECGRT_OK);
  CHECK(ecgrt_timeline_burden(timeline, 0, &burden) == ECGRT_ERROR_ARGUMENT);
  CHECK(says("not finished"));
  CHECK(ecgrt_timeline_finish(timeline) == ECGRT_OK);
  CHECK(ecgrt_timeline_push(timeline, &signal) == ECGRT_ERROR_ARGUMENT && says("finished"));
  CHECK(ecgrt_timeline_skip(timeline, 1) == ECGRT_ERROR_ARGUMENT);
  const std::size_t states = ecgrt_timeline_state_count(timeline);
  CHECK(ecgrt_timeline_burden(timeline, states, &burden) == ECGRT_ERROR_ARGUMENT);
  CHECK(says("there is no state"));
  CHECK(ecgrt_timeline_burden(timeline, 0, nullptr) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_timeline_span(timeline, 0, nullptr) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_timeline_span(timeline, 99, &span) == ECGRT_ERROR_ARGUMENT && says("no span 99"));
  CHECK(ecgrt_timeline_gap(timeline, 99, &gap) == ECGRT_ERROR_ARGUMENT && says("no gap 99"));
  CHECK(ecgrt_timeline_gap(timeline, 0, nullptr) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_timeline_step_count(timeline) == 4);
  CHECK(ecgrt_timeline_step_state(timeline, 4) == -1);
  CHECK(ecgrt_timeline_state_name(timeline, states) == nullptr);
  ecgrt_timeline_close(timeline);
}

TEST(capi, timelines_that_cannot_be_are_refused) {
  const ecgrt::Classifier one(check::plans().front(), 1);
  ecgrt_timeline* timeline = nullptr;
  for (const auto& [field, value, name] :
       {std::tuple{&ecgrt_timeline_options::window, 0.0, "window"},
        std::tuple{&ecgrt_timeline_options::hop, 31.0, "hop"},
        std::tuple{&ecgrt_timeline_options::smoothing, std::nan(""), "smoothing"},
        std::tuple{&ecgrt_timeline_options::margin, 1.0, "margin"},
        std::tuple{&ecgrt_timeline_options::shortest, -1.0, "shortest"},
        std::tuple{&ecgrt_timeline_options::microvolts, -1.0, "microvolts"},
        std::tuple{&ecgrt_timeline_options::sampling_rate, 1.0, "Hz"}}) {
    ecgrt_timeline_options options = ECGRT_TIMELINE_OPTIONS_INIT;
    options.*field = value;
    CHECK_AT(ecgrt_timeline_open(one.get(), &options, &timeline) == ECGRT_ERROR_ARGUMENT,
             std::string(name));
    CHECK_AT(timeline == nullptr && says(name), std::string(ecgrt_last_error()));
  }
  ecgrt_timeline_options options = ECGRT_TIMELINE_OPTIONS_INIT;
  options.size = 8;
  CHECK(ecgrt_timeline_open(one.get(), &options, &timeline) == ECGRT_ERROR_ARGUMENT);
  CHECK(says("ecgrt_timeline_options.size"));
  ecgrt::Timeline empty(one);
  for (int i = 0; i < 2; ++i) {
    try {
      empty.finish();
      CHECK(false);
    } catch (const ecgrt::Error& error) {
      CHECK(error.status() == ECGRT_ERROR_ARGUMENT && says("the record lasts 0 s; at least"));
    }
  }
}

TEST(capi, a_timeline_that_was_cancelled_goes_on) {
  const ecgrt::Classifier classifier(check::plans().front(), 1);
  const auto samples = make_record(classifier.sampling_rate());
  const auto all = std::span<const float>(samples).first(samples.size() * 3 / 8);
  const auto left = std::make_shared<int>(0);
  ecgrt::TimelineOptions options;
  options.hop = 2;
  ecgrt::Timeline plain(classifier, options);
  plain.push(all);
  plain.finish();
  options.go_on = [left] { return (*left)-- > 0; };
  ecgrt::Timeline timeline(classifier, options);
  int cancelled = 0;
  for (int patience = 0;; ++cancelled, patience = 4 * patience + 1) {
    *left = patience;
    try {
      timeline.push(all);
      break;
    } catch (const ecgrt::Error& error) {
      CHECK(error.status() == ECGRT_ERROR_CANCELLED && timeline.seconds() == 0);
    }
  }
  *left = std::numeric_limits<int>::max();
  timeline.finish();
  CHECK(cancelled > 1 && Told(timeline) == Told(plain));
}

TEST(capi, threads_have_timelines_of_one_classifier) {
  const ecgrt::Classifier classifier(check::plans().front(), 2);
  const auto samples = make_record(classifier.sampling_rate());
  const std::span<const float> all(samples);
  const Told expected = tell(classifier, all, 5000);
  std::array<bool, 4> same{};
  std::vector<std::thread> threads;
  for (bool& is_same : same) {
    threads.emplace_back([&] { is_same = tell(classifier, all, 5000) == expected; });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(std::ranges::all_of(same, std::identity{}));
}

}  // namespace
