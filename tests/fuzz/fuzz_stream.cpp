// A signal in chunks of any size, type and stride, with times that are missing, calls that are
// ended from outside and changes of the rate: the decisions and beats are, to the bit, those of
// the signal pushed at once, and each decision is what Classifier::predict says of its window.
#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <utility>
#include <vector>

#include "chunks.h"
#include "plans.h"
#include "same.h"
#include "stream.h"

namespace {

constexpr std::array kRates = {50.0, 100.0, 125.0, 128.0, 250.0, 300.0};
constexpr std::array kWindows = {0.2, 1.0, 2.3, 5.0, 12.5};
constexpr std::size_t kMostSamples = 6000, kMostWindows = 200;

struct Stop {};

// What happened at one rate.
struct Session {
  double rate, origin;  // Hz, seconds
  std::vector<double> samples;
};

struct Told {
  std::vector<std::pair<ecgrt::Decisions::Span, ecgrt::Prediction>> decisions;
  std::vector<double> beats;

  void add(const ecgrt::Decisions& made) {
    for (std::size_t i = 0; i < made.size(); ++i) {
      decisions.emplace_back(made.span(i), made.prediction(i));
    }
    beats.insert(beats.end(), made.beats().begin(), made.beats().end());
  }
};

std::size_t number(double seconds, double rate) {
  return static_cast<std::size_t>(std::llround(seconds * rate));
}

ecgrt::Signal view(const Session& session, std::size_t begin, std::size_t end) {
  return {session.samples.data() + begin, ecgrt::SampleType::float64, sizeof(double), end - begin,
          session.rate};
}

void check_decision(const ecgrt::Classifier& model, const Session& session,
                    const ecgrt::Decisions::Span& span, const ecgrt::Prediction& found,
                    const ecgrt::StreamOptions& options) {
  const std::size_t begin = number(span.start - session.origin, session.rate);
  const std::size_t end = number(span.end - session.origin, session.rate);
  if (begin >= end || end > session.samples.size()) std::abort();
  ecgrt::Signal window = view(session, begin, end);
  window.microvolts = options.microvolts;
  ecgrt::Prediction expected;
  model.predict({&window, 1}, {&expected, 1}, options.min_confidence);
  if (!same(found, expected)) std::abort();
}

class Run {
 public:
  explicit Run(FuzzedDataProvider& in)
      : in_(in),
        model_(pick_model(in.ConsumeIntegralInRange<std::size_t>(0, kModels - 1))),
        options_(make_options(in)),
        stream_(model_, options_),
        sessions_{{options_.sampling_rate, 0, {}}} {}

  void chunks() {
    while (in_.remaining_bytes() > 2 && samples_ < kMostSamples) {
      const std::size_t before = told_.decisions.size();
      step(in_.ConsumeIntegralInRange(0, 15));
      if (told_.decisions.size() - before > kMostWindows) return;  // nothing but time
    }
  }

  void finish() {
    stream_.finish(made_);
    told_.add(made_);
    compare();
  }

 private:
  static ecgrt::StreamOptions make_options(FuzzedDataProvider& in) {
    ecgrt::StreamOptions options;
    options.sampling_rate = in.PickValueInArray(kRates);
    options.window = in.PickValueInArray(kWindows);
    options.hop = options.window / in.ConsumeIntegralInRange(1, 8);
    options.microvolts = in.ConsumeBool() ? 1.0 : 0.25;
    options.min_confidence = in.ConsumeProbability<double>();
    return options;
  }

  void step(int kind) {
    Session& session = sessions_.back();
    if (kind == 0) return restart();
    if (kind == 1) return skip(in_.ConsumeIntegralInRange(0, 255) / 64.0);
    if (kind == 2) return check_running();
    const Chunk chunk = make_chunk(in_, session.rate);
    if (kind == 3) fail(chunk);
    stream_.push(chunk.signal, made_);
    told_.add(made_);
    append(chunk.signal);
  }

  // A call that is ended from outside changes nothing.
  void fail(const Chunk& chunk) {
    ecgrt::Stream& stream = stream_;
    const double seconds = stream.seconds();
    int calls = in_.ConsumeIntegralInRange(0, 3);
    try {
      stream.push(chunk.signal, made_, [&] {
        if (calls-- == 0) throw Stop();
      });
      told_.add(made_);
      append(chunk.signal);
    } catch (const Stop&) {
      if (made_.size() != 0 || !made_.beats().empty() || stream.seconds() != seconds) std::abort();
    }
  }

  void skip(double seconds) {
    stream_.skip(seconds, made_);
    told_.add(made_);
    Session& session = sessions_.back();
    session.samples.resize(session.samples.size() + number(seconds, session.rate), NAN);
    samples_ += number(seconds, session.rate);
  }

  void restart() {
    const Session& ended = sessions_.back();
    const double rate = in_.PickValueInArray(kRates);
    const double origin = ended.origin + static_cast<double>(ended.samples.size()) / ended.rate;
    stream_.restart(rate, made_);
    told_.add(made_);
    if (stream_.seconds() != origin) std::abort();
    sessions_.push_back({rate, origin, {}});
  }

  void check_running() {
    stream_.running(made_);
    if (made_.size() > 1 || !made_.beats().empty()) std::abort();
    if (made_.size() == 0) return;
    const Session& session = sessions_.back();
    check_decision(model_, session, made_.span(0), made_.prediction(0), options_);
    const double end = session.origin + static_cast<double>(session.samples.size()) / session.rate;
    if (made_.span(0).end != end) std::abort();
  }

  void append(const ecgrt::Signal& chunk) {
    std::vector<double>& samples = sessions_.back().samples;
    samples.resize(samples.size() + chunk.size);
    ecgrt::copy_samples(chunk, 0, std::span(samples).last(chunk.size));
    samples_ += chunk.size;
  }

  void compare() {
    Told expected;
    ecgrt::Stream whole(model_, options_);
    std::size_t checked = 0;
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
      const Session& session = sessions_[i];
      if (i > 0) whole.restart(session.rate, made_), expected.add(made_);
      check_new(expected, sessions_[i > 0 ? i - 1 : 0], checked);
      whole.push(view(session, 0, session.samples.size()), made_);
      expected.add(made_);
    }
    whole.finish(made_);
    expected.add(made_);
    check_new(expected, sessions_.back(), checked);
    if (expected.decisions.size() != told_.decisions.size()) std::abort();
    for (std::size_t i = 0; i < expected.decisions.size(); ++i) {
      const auto& [span, prediction] = expected.decisions[i];
      const auto& [found, answer] = told_.decisions[i];
      if (span.start != found.start || span.end != found.end) std::abort();
      if (!same(prediction, answer)) std::abort();
    }
    if (!same_bytes(expected.beats, told_.beats)) std::abort();
  }

  void check_new(const Told& told, const Session& session, std::size_t& checked) const {
    for (; checked < told.decisions.size(); ++checked) {
      const auto& [span, prediction] = told.decisions[checked];
      check_decision(model_, session, span, prediction, options_);
    }
  }

  FuzzedDataProvider& in_;
  const ecgrt::Classifier& model_;
  const ecgrt::StreamOptions options_;
  ecgrt::Stream stream_;
  std::vector<Session> sessions_;
  std::size_t samples_ = 0;
  ecgrt::Decisions made_;
  Told told_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  try {
    Run run(in);
    run.chunks();
    run.finish();
  } catch (const std::invalid_argument&) {  // a window that is too short at some rate
  }
  return 0;
}
