// The C API and its C++ wrapper: what callers get right, and what they get wrong.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ecgrt/ecgrt.hpp>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "callers.h"
#include "check.h"

using check::make_signal, check::same, check::says, check::view;

namespace {

// Programs that were compiled long ago know these numbers.
static_assert(sizeof(void*) != 8 ||
              (sizeof(ecgrt_options) == 16 && sizeof(ecgrt_signal) == 48 &&
               sizeof(ecgrt_predict_options) == 32 && sizeof(ecgrt_gap) == 24 &&
               sizeof(ecgrt_stream_options) == 64));
static_assert(sizeof(void*) != 8 ||
              (offsetof(ecgrt_options, device) == 12 && offsetof(ecgrt_signal, count) == 24 &&
               offsetof(ecgrt_signal, microvolts) == 40 &&
               offsetof(ecgrt_predict_options, context) == 24 &&
               offsetof(ecgrt_stream_options, cancel) == 48));
static_assert(ECGRT_ERROR_INTERNAL == 6 && ECGRT_FLOAT64 == 3 && ECGRT_GAP_RAIL == 2);

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(capi, a_plan_in_memory_is_that_of_the_file) {
  const auto samples = make_signal(700);
  for (const std::string& plan : check::plans()) {
    std::string bytes = read_file(plan);
    const ecgrt::Classifier by_name(plan, 2);
    const ecgrt::Classifier by_bytes(std::as_bytes(std::span(bytes)), 2);
    std::fill(bytes.begin(), bytes.end(), 'x');  // it is not needed any more
    const std::span<const float> all(samples);
    CHECK_AT(same(by_name.predict(all), by_bytes.predict(all)), plan);
    CHECK(by_bytes.self_test() < 1e-3F);
    CHECK(by_bytes.metadata() == by_name.metadata() && !by_bytes.backend().empty());
    CHECK(by_name.classes().size() == by_name.predict(all).probabilities().size());
  }
}

TEST(capi, damaged_bytes_are_refused) {
  const std::string whole = read_file(check::plans().front());
  ecgrt_classifier* classifier = nullptr;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{7}, std::size_t{64}, whole.size() / 2, whole.size() - 1}) {
    const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const char none = 0;
    const void* bytes = size == 0 ? &none : cut.data();
    CHECK(ecgrt_classifier_open_bytes(bytes, size, nullptr, &classifier) == ECGRT_ERROR_PLAN);
    CHECK(classifier == nullptr && says("plan in memory: "));
  }
  std::string flipped = whole;
  flipped[whole.size() - 100] ^= 1;
  CHECK(ecgrt_classifier_open_bytes(flipped.data(), flipped.size(), nullptr, &classifier) ==
        ECGRT_ERROR_PLAN);
  CHECK(says("damaged"));
}

TEST(capi, null_is_an_error) {
  ecgrt_classifier* classifier = nullptr;
  const char* plan = check::plans().front().c_str();
  CHECK(ecgrt_classifier_open(plan, nullptr, nullptr) == ECGRT_ERROR_ARGUMENT);
  CHECK(says("classifier is NULL"));
  CHECK(ecgrt_classifier_open(nullptr, nullptr, &classifier) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_classifier_open_bytes(nullptr, 9, nullptr, &classifier) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_prediction_new(nullptr) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_find_beats(nullptr, nullptr, 0, nullptr) == ECGRT_ERROR_ARGUMENT);
  const ecgrt::Classifier one(plan, 1);
  const auto samples = make_signal(400);
  ecgrt_signal signal = view(samples);
  ecgrt_prediction* prediction = nullptr;
  CHECK(ecgrt_prediction_new(&prediction) == ECGRT_OK);
  CHECK(ecgrt_predict(nullptr, &signal, nullptr, prediction) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_predict(one.get(), nullptr, nullptr, prediction) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_predict(one.get(), &signal, nullptr, nullptr) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_predict_batch(one.get(), nullptr, 1, nullptr, &prediction) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_predict_batch(one.get(), &signal, 1, nullptr, nullptr) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_predict_batch(one.get(), nullptr, 0, nullptr, nullptr) == ECGRT_OK);
  signal.samples = nullptr;
  CHECK(ecgrt_predict(one.get(), &signal, nullptr, prediction) == ECGRT_ERROR_ARGUMENT);
  CHECK(says("signal.samples is NULL"));
  ecgrt_prediction_free(prediction);
  ecgrt_prediction_free(nullptr);
  ecgrt_classifier_close(nullptr);
}

TEST(capi, nothing_is_known_of_null_or_empty_handles) {
  ecgrt_gap gap;
  ecgrt_prediction* empty = nullptr;
  CHECK(ecgrt_prediction_new(&empty) == ECGRT_OK);
  for (const ecgrt_prediction* p : {static_cast<ecgrt_prediction*>(nullptr), empty}) {
    CHECK(ecgrt_prediction_label(p) == -1 && ecgrt_prediction_label_name(p) == nullptr);
    CHECK(std::isnan(ecgrt_prediction_confidence(p)) && std::isnan(ecgrt_prediction_seconds(p)));
    CHECK(std::isnan(ecgrt_prediction_readable(p)) && std::isnan(ecgrt_prediction_heart_rate(p)));
    CHECK(ecgrt_prediction_class_count(p) + ecgrt_prediction_segment_count(p) +
              ecgrt_prediction_beat_count(p) + ecgrt_prediction_gap_count(p) +
              ecgrt_prediction_warning_count(p) ==
          0);
    CHECK(ecgrt_prediction_segment_label(p, 0) == -1);
    CHECK(ecgrt_prediction_warning_code(p, 0) == nullptr);
    CHECK(ecgrt_prediction_gap(p, 0, &gap) == ECGRT_ERROR_ARGUMENT);
  }
  ecgrt_prediction_free(empty);
  CHECK(ecgrt_classifier_class_count(nullptr) == 0 && !ecgrt_classifier_class_name(nullptr, 0));
  CHECK(std::isnan(ecgrt_classifier_sampling_rate(nullptr)));
  CHECK(ecgrt_classifier_backend(nullptr) == nullptr);
}

TEST(capi, wrong_values_are_told) {
  const ecgrt::Classifier one(check::plans().front(), 1);
  const auto samples = make_signal(400);
  ecgrt_prediction* prediction = nullptr;
  CHECK(ecgrt_prediction_new(&prediction) == ECGRT_OK);
  const auto refused = [&](ecgrt_signal signal, const char* what) {
    return ecgrt_predict(one.get(), &signal, nullptr, prediction) == ECGRT_ERROR_ARGUMENT &&
           says(what) && ecgrt_prediction_class_count(prediction) == 0;
  };
  ecgrt_signal signal = view(samples);
  CHECK(ecgrt_predict(one.get(), &signal, nullptr, prediction) == ECGRT_OK);
  signal.type = 9;
  CHECK(refused(signal, "signal.type is 9"));
  signal = view(samples);
  signal.stride = 3;
  CHECK(refused(signal, "multiples of the 4 bytes"));
  signal = view(samples);
  signal.count = static_cast<std::size_t>(-1) / 4;
  CHECK(refused(signal, "signal.count"));
  signal = view(samples);
  signal.count = 1;
  CHECK(refused(signal, "segment"));
  signal = view(samples);
  signal.microvolts = -1;
  CHECK(refused(signal, "signal.microvolts"));
  signal = view(samples);
  signal.sampling_rate = 1e9;
  CHECK(refused(signal, "fs is 1000000000 Hz"));

  const ecgrt_options no_size{};
  ecgrt_classifier* classifier = nullptr;
  CHECK(ecgrt_classifier_open(check::plans().front().c_str(), &no_size, &classifier) ==
        ECGRT_ERROR_ARGUMENT);
  CHECK(says("ecgrt_options.size"));
  CHECK(ecgrt_classifier_open("/no/such/plan", nullptr, &classifier) == ECGRT_ERROR_PLAN);
  ecgrt_prediction_free(prediction);
}

TEST(capi, a_batch_names_the_signal_at_fault) {
  const ecgrt::Classifier classifier(check::plans().front(), 2);
  const auto samples = make_signal(400);
  std::vector<ecgrt_signal> signals(3, view(samples));
  const auto predictions = classifier.predict(signals);
  CHECK(predictions.size() == 3 && same(predictions[0], predictions[2]));
  signals[1].count = 1;
  try {
    classifier.predict(signals);
    CHECK(false);
  } catch (const ecgrt::Error& error) {
    CHECK(error.status() == ECGRT_ERROR_ARGUMENT);
    CHECK(std::string(error.what()).starts_with("signal 1: "));
  }
}

TEST(capi, a_callback_cancels_a_long_call) {
  const ecgrt::Classifier classifier(check::plans().back(), 1);
  const auto samples = make_signal(100'000);
  int asked = 0;
  ecgrt::Options options;
  options.go_on = [&asked] { return ++asked < 2; };
  try {
    classifier.predict(std::span<const float>(samples), {}, options);
    CHECK(false);
  } catch (const ecgrt::Error& error) {
    CHECK(error.status() == ECGRT_ERROR_CANCELLED && asked == 2);
  }
  options.go_on = [] { return true; };
  const std::span<const float> all(samples);
  CHECK(same(classifier.predict(all, {}, options), classifier.predict(all)));
}

TEST(capi, threads_share_a_classifier_and_have_errors_of_their_own) {
  const ecgrt::Classifier classifier(check::plans().front(), 2);
  const auto samples = make_signal(700);
  const std::span<const float> all(samples);
  const ecgrt::Prediction expected = classifier.predict(all);
  std::atomic<int> wrong{0};
  const auto call = [&](std::size_t caller) {
    for (int i = 0; i < 5; ++i) {
      wrong += same(classifier.predict(all), expected) ? 0 : 1;
      ecgrt_signal signal = view(samples);
      signal.type = static_cast<std::int32_t>(100 + caller);
      ecgrt::Prediction prediction;
      try {
        classifier.predict(signal, prediction);
        ++wrong;
      } catch (const ecgrt::Error&) {
        wrong += says("signal.type is " + std::to_string(100 + caller)) ? 0 : 1;
      }
    }
  };
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < 4; ++i) callers.emplace_back(call, i);
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST(capi, a_prediction_outlives_its_classifier) {
  const auto samples = make_signal(700);
  ecgrt::Prediction prediction;
  {
    const ecgrt::Classifier classifier(check::plans().front(), 1);
    prediction = classifier.predict(std::span<const float>(samples));
  }
  CHECK(prediction.label().has_value() && !prediction.label()->empty());
  CHECK(prediction.seconds() > 0 && prediction.readable() == 1);
  const ecgrt::Prediction moved = std::move(prediction);
  CHECK(moved.label().has_value());
}

TEST(capi, beats_are_counted_beyond_the_room) {
  // Narrow peaks, 75 a minute.
  std::vector<float> samples(3000);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double t = std::fmod(static_cast<double>(i) / 250.0, 0.8) - 0.4;
    samples[i] = static_cast<float>(1000 * std::exp(-t * t / (2 * 0.012 * 0.012)));
  }
  const auto beats = ecgrt::find_beats(std::span<const float>(samples), 250);
  CHECK(beats.size() >= 13 && beats.size() <= 15);
  CHECK(std::abs(beats[5] - beats[4] - 0.8) < 0.01);
  ecgrt_signal signal = ecgrt::view(std::span<const float>(samples), {.fs = 250});
  double two[2];
  std::size_t count = 0;
  CHECK(ecgrt_find_beats(&signal, two, 2, &count) == ECGRT_OK);
  CHECK(count == beats.size() && two[1] == beats[1]);
  signal.sampling_rate = 0;
  CHECK(ecgrt_find_beats(&signal, two, 2, &count) == ECGRT_ERROR_ARGUMENT && count == 0);
}

}  // namespace
