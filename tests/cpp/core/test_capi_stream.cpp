// Streams through the C API and its C++ wrapper.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ecgrt/ecgrt.hpp>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "callers.h"
#include "check.h"

using check::make_signal, check::same, check::says, check::view;

namespace {

TEST(capi, a_stream_decides_as_the_classifier_does) {
  auto classifier = std::make_unique<ecgrt::Classifier>(check::plans().front(), 1);
  const double fs = classifier->sampling_rate();
  const auto samples = make_signal(static_cast<std::size_t>(65 * fs));
  const std::span<const float> all(samples);
  std::vector<ecgrt::Prediction> expected;
  for (std::size_t k = 0; k < 4; ++k) {
    const auto begin = static_cast<std::size_t>(static_cast<double>(k) * 10 * fs);
    expected.push_back(classifier->predict(all.subspan(begin, static_cast<std::size_t>(30 * fs))));
  }
  ecgrt::Stream stream(*classifier);
  classifier.reset();  // the stream keeps what it needs
  std::size_t decided = 0;
  for (std::size_t done = 0; done < all.size(); done += 997) {
    const auto chunk = all.subspan(done, std::min<std::size_t>(997, all.size() - done));
    for (const auto& [start, end, prediction] : stream.push(chunk)) {
      CHECK(same(prediction, expected.at(decided)));
      CHECK(start == 10.0 * static_cast<double>(decided) && end == start + 30);
      ++decided;
    }
  }
  CHECK(decided == expected.size() && std::abs(stream.seconds() - 65) < 0.01);
  CHECK(stream.running().size() == 1);
  CHECK(stream.finish().size() == 1);
  try {
    stream.push(all);
    CHECK(false);
  } catch (const ecgrt::Error& error) {
    CHECK(error.status() == ECGRT_ERROR_ARGUMENT && says("finished"));
  }
}

TEST(capi, a_null_stream_is_an_error) {
  const ecgrt::Classifier one(check::plans().front(), 1);
  ecgrt_stream* stream = nullptr;
  double start = 0;
  CHECK(ecgrt_stream_open(nullptr, nullptr, &stream) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_stream_open(one.get(), nullptr, nullptr) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_stream_push(nullptr, nullptr) == ECGRT_ERROR_ARGUMENT && says("stream is NULL"));
  CHECK(ecgrt_stream_finish(nullptr) == ECGRT_ERROR_ARGUMENT);
  CHECK(ecgrt_stream_decision(nullptr, 0, &start, &start) == nullptr);
  CHECK(ecgrt_stream_decision_count(nullptr) + ecgrt_stream_beat_count(nullptr) == 0);
  ecgrt_stream_options options = ECGRT_STREAM_OPTIONS_INIT;
  options.hop = -1;
  CHECK(ecgrt_stream_open(one.get(), &options, &stream) == ECGRT_ERROR_ARGUMENT && says("hop"));
  CHECK(ecgrt_stream_open(one.get(), nullptr, &stream) == ECGRT_OK);
  CHECK(ecgrt_stream_push(stream, nullptr) == ECGRT_ERROR_ARGUMENT && says("chunk is NULL"));
  CHECK(ecgrt_stream_finish(stream) == ECGRT_OK && ecgrt_stream_decision_count(stream) == 0);
  ecgrt_stream_close(stream);
  ecgrt_stream_close(nullptr);
}

// Whether it calls back, and after how many questions it says no.
struct Patience {
  int left = -1;  // below 0: there is no end of it
  int asked = 0;
  bool go_on() {
    ++asked;
    return left < 0 || left-- > 0;
  }
};

// What a stream said, call after call.
struct Told {
  std::vector<double> times, beats;
  std::vector<std::uint32_t> probabilities;  // as bits, for those of what is missing are NaN
  bool operator==(const Told&) const = default;

  void add(const ecgrt::Stream& stream, const std::vector<ecgrt::Stream::Decision>& decisions) {
    for (const auto& [start, end, prediction] : decisions) {
      times.insert(times.end(), {start, end});
      for (const float p : prediction.probabilities()) {
        probabilities.push_back(std::bit_cast<std::uint32_t>(p));
      }
    }
    const auto found = stream.beats();
    beats.insert(beats.end(), found.begin(), found.end());
  }
};

// Makes a call that is cancelled after 0, 1, 3, 7 ... questions, and at last is not; returns how
// often it was cancelled.
template <class Call>
int cancel_all(const ecgrt::Stream& stream, Patience& patience, const Call& call) {
  const double before = stream.seconds();
  for (int cancelled = 0, left = 0;; ++cancelled, left = 2 * left + 1) {
    patience.left = left;
    try {
      call();
      patience.left = -1;
      return cancelled;
    } catch (const ecgrt::Error& error) {
      CHECK(error.status() == ECGRT_ERROR_CANCELLED && says("cancelled"));
      CHECK(stream.seconds() == before && stream.beats().empty());
    }
  }
}

TEST(capi, a_push_that_was_cancelled_can_be_made_again) {
  const ecgrt::Classifier classifier(check::plans().front(), 1);
  const double fs = classifier.sampling_rate();
  const auto samples = make_signal(static_cast<std::size_t>(60 * fs));
  const std::span<const float> all(samples);
  const auto first = all.subspan(0, all.size() / 6), rest = all.subspan(all.size() / 6);
  ecgrt::StreamOptions options{.window = 8, .hop = 1};
  Told plain, told;
  ecgrt::Stream undisturbed(classifier, options);
  for (const auto& chunk : {first, rest}) plain.add(undisturbed, undisturbed.push(chunk));
  plain.add(undisturbed, undisturbed.skip(40));
  const auto patience = std::make_shared<Patience>();
  options.go_on = [patience] { return patience->go_on(); };
  ecgrt::Stream made(classifier, options);
  options.go_on = nullptr;
  ecgrt::Stream stream = std::move(made);  // the callback comes along
  told.add(stream, stream.push(first));
  const auto push = [&] { told.add(stream, stream.push(rest)); };
  CHECK(cancel_all(stream, *patience, push) > 1);
  CHECK(cancel_all(stream, *patience, [&] { told.add(stream, stream.skip(40)); }) > 0);
  CHECK(told == plain && plain.times.size() == 2 * 93);
}

TEST(capi, a_stream_whose_end_was_cancelled_can_be_ended_again) {
  const ecgrt::Classifier classifier(check::plans().back(), 1);
  const auto samples = make_signal(50'000);
  const std::span<const float> all(samples);
  ecgrt::StreamOptions options{.window = 1000, .hop = 1000};
  Told plain, told;
  ecgrt::Stream undisturbed(classifier, options);
  plain.add(undisturbed, undisturbed.push(all));
  plain.add(undisturbed, undisturbed.running());
  plain.add(undisturbed, undisturbed.finish());
  const auto patience = std::make_shared<Patience>();
  options.go_on = [patience] { return patience->go_on(); };
  ecgrt::Stream stream(classifier, options);
  told.add(stream, stream.push(all));
  CHECK(cancel_all(stream, *patience, [&] { told.add(stream, stream.running()); }) > 0);
  CHECK(cancel_all(stream, *patience, [&] { told.add(stream, stream.finish()); }) > 0);
  CHECK(told == plain && plain.times.size() == 4);
  patience->asked = 0;
  CHECK(cancel_all(stream, *patience, [&] { stream.finish(); }) == 0 && patience->asked == 0);
}

TEST(capi, stream_options_of_older_programs_are_taken) {
  struct Older {  // as it was before there was a `cancel`
    std::size_t size = sizeof(Older);
    double sampling_rate = 0, microvolts = 0, window = 20, hop = 10, min_confidence = 0;
    const void* behind =
        nullptr;  // is not the struct's, and would end the program if it was called
  };
  Older older;
  older.size = offsetof(Older, behind);
  older.behind = &older;
  const ecgrt::Classifier one(check::plans().back(), 1);
  const auto samples = make_signal(static_cast<std::size_t>(200 * one.sampling_rate()));
  const ecgrt_signal signal = view(samples);
  ecgrt_stream* stream = nullptr;
  const auto* options = reinterpret_cast<const ecgrt_stream_options*>(&older);
  CHECK(ecgrt_stream_open(one.get(), options, &stream) == ECGRT_OK);
  CHECK(ecgrt_stream_push(stream, &signal) == ECGRT_OK);
  CHECK(ecgrt_stream_decision_count(stream) == 19);
  ecgrt_stream_close(stream);
  for (const std::size_t size : {std::size_t{0}, older.size - 8, older.size + 4}) {
    older.size = size;
    CHECK(ecgrt_stream_open(one.get(), options, &stream) == ECGRT_ERROR_ARGUMENT);
    CHECK(stream == nullptr && says("ecgrt_stream_options.size"));
  }
}

}  // namespace
