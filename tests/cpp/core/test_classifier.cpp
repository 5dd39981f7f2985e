// A classifier that many threads share: its arenas, resamplers and scratch memory.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "classifier.h"

namespace ecgrt {
namespace {

std::vector<float> make_signal(std::size_t size) {
  std::vector<float> signal(size);
  for (std::size_t i = 0; i < size; ++i) {
    signal[i] = 60.0F * std::sin(static_cast<float>(i) / 9) + static_cast<float>(i * 37 % 101);
  }
  return signal;
}

bool same(const Prediction& a, const Prediction& b) {
  const auto near = [](float x, float y) { return std::abs(x - y) <= 1e-6F; };
  return a.label == b.label && near(a.confidence, b.confidence) &&
         a.segment_probabilities.size() == b.segment_probabilities.size() &&
         std::equal(a.segment_probabilities.begin(), a.segment_probabilities.end(),
                    b.segment_probabilities.begin(), near);
}

template <class Call>
bool throws_enough(const Call& call) {
  try {
    call();
  } catch (const std::runtime_error&) {
    return true;
  }
  return false;
}

TEST(classifier, callers_share_one) {
  std::vector<std::vector<float>> samples;
  std::vector<Signal> signals;
  for (const std::size_t size : {64, 333, 700, 1024}) {
    samples.push_back(make_signal(size));
    for (const double rate : {0.0, 250.0}) {
      signals.push_back({samples.back().data(), SampleType::float32, sizeof(float), size, rate});
    }
  }
  for (const std::string& plan : check::plans()) {
    std::vector<Prediction> expected(signals.size());
    const Classifier one(plan, {1, 0});
    for (std::size_t i = 0; i < signals.size(); ++i) {
      one.predict({&signals[i], 1}, {&expected[i], 1});
    }

    const Classifier classifier(plan, {3, 0});
    std::atomic<int> wrong{0};
    const auto call = [&](std::size_t caller) {
      Prediction prediction;
      std::vector<Prediction> batch(signals.size());
      for (std::size_t k = 0; k < signals.size(); ++k) {
        const std::size_t i = (k * 3 + caller) % signals.size();
        classifier.predict({&signals[i], 1}, {&prediction, 1});
        wrong += same(prediction, expected[i]) ? 0 : 1;
      }
      classifier.predict(signals, batch);
      for (std::size_t i = 0; i < batch.size(); ++i) wrong += same(batch[i], expected[i]) ? 0 : 1;
    };
    std::vector<std::thread> callers;
    for (std::size_t i = 0; i < 4; ++i) callers.emplace_back(call, i);
    for (std::thread& caller : callers) caller.join();
    CHECK_AT(wrong == 0, plan);
  }
}

TEST(classifier, long_record_goes_on_from_window_to_window) {
  const std::string& plan = check::plans().back();
  const Classifier one(plan, {1, 0});
  const std::size_t most = one.backend().max_segments();
  const auto samples = make_signal((2 * most + 2) * one.metadata().samples_per_segment);
  const Signal signal{samples.data(), SampleType::float32, sizeof(float), samples.size(), 0.0};
  // In one piece of three windows, in two of two, and in three that are not cut.
  Prediction expected;
  one.predict({&signal, 1}, {&expected, 1});
  const Classifier two(plan, {2, 0}), three(plan, {3, 0});
  for (const Classifier* classifier : {&two, &three, &two}) {
    Prediction prediction;
    classifier->predict({&signal, 1}, {&prediction, 1});
    CHECK_AT(same(prediction, expected), std::string(classifier == &two ? "two" : "three"));
  }
}

TEST(classifier, ends_a_call_when_the_interlude_throws) {
  const std::vector<float> samples = make_signal(700);
  const Signal signal{samples.data(), SampleType::float32, sizeof(float), samples.size(), 0.0};
  const std::vector<Signal> signals(33, signal);  // three rounds of 8 for each thread
  for (const std::string& plan : check::plans()) {
    const Classifier classifier(plan, {2, 0});
    Prediction expected;
    int calls = 0;
    const auto interlude = [&] {
      if (++calls == 2) throw std::runtime_error("enough");
    };
    classifier.predict({&signal, 1}, {&expected, 1}, 0.0, interlude);
    CHECK_AT(calls == 0, plan);  // nothing to wait for
    std::vector<Prediction> batch(signals.size());
    const auto predict = [&] { classifier.predict(signals, batch, 0.0, interlude); };
    CHECK_AT(throws_enough(predict) && calls == 2, plan);
    classifier.predict(signals, batch);
    for (const Prediction& prediction : batch) CHECK_AT(same(prediction, expected), plan);
  }
}

// So fast that a model sees few windows of it: all of the work is to open it.
TEST(classifier, ends_while_long_records_are_opened) {
  const std::vector<float> samples = make_signal(2 * Interludes::kSamples + 999);
  const Signal signal{samples.data(), SampleType::float32, sizeof(float), samples.size(), 1e5};
  const std::vector<Signal> signals(5, signal);
  const Classifier classifier(check::plans().at(1), {2, 0});
  std::vector<Prediction> batch(signals.size());
  const auto calls_of = [&](std::size_t records, int last) {
    int calls = 0;
    const std::thread::id caller = std::this_thread::get_id();
    const auto interlude = [&] {
      CHECK(std::this_thread::get_id() == caller);
      if (++calls == last) throw std::runtime_error("enough");
    };
    const auto predict = [&] {
      classifier.predict(std::span(signals).first(records), batch, 0.0, interlude);
    };
    CHECK(throws_enough(predict) == (calls == last));
    return calls;
  };
  CHECK(calls_of(1, 0) == 4);  // to find its gaps, and its beats
  const Prediction expected = batch[0];
  CHECK(calls_of(1, 3) == 3 && calls_of(signals.size(), 1) == 1);
  classifier.predict(signals, batch);
  for (const Prediction& prediction : batch) CHECK(same(prediction, expected));
}

TEST(classifier, threads_end_together) {
  const Interlude stop = [] { throw std::runtime_error("enough"); };
  SharedInterlude shared(stop);
  const auto work = [&](Interludes between) {
    for (;;) between.after(Interludes::kSamples);
  };
  bool ended = false;
  std::thread other(
      [&](Interludes between) {
        ended = throws_enough([&] { shared.run([&] { work(between); }); });
      },
      shared.begin());
  CHECK(throws_enough([&] { work(shared.begin()); }));
  other.join();
  CHECK(ended && throws_enough([&] { shared.run([&] { shared.begin(); }); }));
}

TEST(classifier, withholds_what_is_not_sure) {
  const std::vector<float> samples = make_signal(700);
  const Signal signal{samples.data(), SampleType::float32, sizeof(float), samples.size(), 0.0};
  for (const std::string& plan : check::plans()) {
    const Classifier classifier(plan, {1, 0});
    Prediction asked;
    const auto predict = [&](double min_confidence) {
      classifier.predict({&signal, 1}, {&asked, 1}, min_confidence);
      return asked.label;
    };
    const auto label = predict(0);
    CHECK_AT(label && asked.confidence == asked.probabilities[*label], plan);
    CHECK_AT(asked.confidence > 0 && asked.confidence < 1, plan);
    const double sure = asked.confidence;
    CHECK_AT(predict(sure) == label, plan);
    CHECK_AT(!predict(std::nextafter(sure, 1.0)) && !predict(1.0), plan);
    CHECK_AT(asked.confidence == static_cast<float>(sure), plan);  // though withheld
    CHECK_AT(predict(0) == label, plan);
    for (const double wrong : {-0.1, 1.1, std::nan("")}) {
      bool refused = false;
      try {
        predict(wrong);
      } catch (const std::invalid_argument&) {
        refused = true;
      }
      CHECK_AT(refused, plan + ", " + std::to_string(wrong));
    }
  }
}

}  // namespace
}  // namespace ecgrt
