#include "classifier.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

#include "cpu/dispatch.h"
#include "errors.h"
#include "signal/assess.h"
#include "signal/find_evidence.h"
#include "signal/rhythm.h"

namespace ecgrt {
namespace {

// A caller that classifies records of ever new rates must not fill the memory with filters.
constexpr std::size_t kMaxResamplers = 16;
// Records, and pieces of them, that a worker has before it at a time.
constexpr std::size_t kAtOnce = 8;

// What a piece uses while its turn lasts.
struct Room {
  std::vector<float> samples, answers;
  ReadScratch reading;  // here, whoever reads: so a second call of a length finds it large enough
  std::unique_ptr<Continuation> continuation;
};

// The numbers of the rhythm features that a model's record head asks for.
std::vector<std::size_t> find_features(const Metadata& metadata) {
  std::vector<std::size_t> numbers;
  if (!metadata.record_head) return numbers;
  for (const std::string& name : metadata.record_head->features) {
    const auto found = std::ranges::find(kFeatureNames, name);
    if (found == kFeatureNames.end()) {
      throw PlanError("the model's record head asks for the rhythm feature \"" + name +
                      "\", which this ecgrt does not know; update ecgrt");
    }
    numbers.push_back(static_cast<std::size_t>(found - kFeatureNames.begin()));
  }
  return numbers;
}

}  // namespace

// A part of a record, cut where it is too long for the backend.
struct Classifier::Piece {
  std::size_t record = 0;
  std::size_t first = 0;  // segment that it begins with
  std::size_t segments = 0;
  std::size_t skip = 0;  // segments at its start that another piece answers
  std::size_t keep = 0;
  std::size_t read = 0, answered = 0;  // segments so far
};

// What one worker needs to prepare a record.
struct Classifier::Desk {
  std::vector<float> assessing;
  std::vector<std::unique_ptr<RhythmAnalyser>> rhythm;  // one for each sampling rate
};

// Everything that one call writes to, kept for the next.
struct Classifier::Scratch {
  std::vector<Desk> desks;            // one for each worker
  std::vector<SignalReader> readers;  // of this call and, behind them, of larger ones before
  std::vector<Piece> pieces;
  std::vector<Room> rooms;        // one for each piece whose turn it is
  std::vector<Window> windows;    // of these pieces, those that run now
  std::vector<std::size_t> runs;  // the number of each one's piece
};

Classifier::Classifier(const std::string& plan, const BackendOptions& options)
    : Classifier(PlanSource(plan), options) {}

Classifier::Classifier(const PlanSource& plan, const BackendOptions& options)
    : plan_(load_plan(plan, options)),
      kernels_(select_kernels().signal),
      path_(metadata(), kernels_),
      features_(find_features(metadata())),
      scratch_([] { return std::make_unique<Scratch>(); }) {}

Classifier::~Classifier() = default;

std::shared_ptr<const Resampler> Classifier::resampler(double sampling_rate) const {
  const double rate = metadata().sampling_rate;
  if (sampling_rate == 0 || sampling_rate == rate) return nullptr;
  check_sampling_rate(sampling_rate);
  {
    const std::lock_guard lock(mutex_);
    const auto found = resamplers_.find(sampling_rate);
    if (found != resamplers_.end()) return found->second;
  }
  // An odd rate takes a long filter, for which other callers need not wait.
  auto made = std::make_shared<const Resampler>(sampling_rate, rate, kernels_);
  const std::lock_guard lock(mutex_);
  if (resamplers_.size() >= kMaxResamplers) resamplers_.clear();
  return resamplers_.emplace(sampling_rate, std::move(made)).first->second;
}

void Classifier::predict(std::span<const Signal> signals, std::span<Prediction> predictions,
                         double min_confidence, const Interlude& interlude) const {
  if (!(min_confidence >= 0 && min_confidence <= 1)) {
    throw std::invalid_argument("min_confidence is a probability, from 0 to 1, not " +
                                std::to_string(min_confidence));
  }
  const Pool<Scratch>::Lease scratch(scratch_);
  bool first = true;
  const Interlude before_window = [&] {
    if (!std::exchange(first, false) && interlude) interlude();
  };
  // A few records per worker at a time: enough to keep all busy, and the memory stays bounded.
  const std::size_t at_once = kAtOnce * backend().parallel_windows();
  for (std::size_t begin = 0; begin < signals.size(); begin += at_once) {
    const std::size_t count = std::min(at_once, signals.size() - begin);
    const std::span<Prediction> answers = predictions.subspan(begin, count);
    open_records(signals.subspan(begin, count), answers, *scratch, interlude);
    run_pieces(answers, *scratch, before_window);
    for (Prediction& answer : answers) decide(metadata(), min_confidence, answer);
  }
}

void Classifier::open_records(std::span<const Signal> signals, std::span<Prediction> predictions,
                              Scratch& scratch, const Interlude& interlude) const {
  if (scratch.readers.size() < signals.size()) scratch.readers.resize(signals.size());
  scratch.desks.resize(std::max<std::size_t>(backend().parallel_windows(), 1));
  SharedInterlude shared(interlude);
  shared.run([&] {
    backend().for_each(signals.size(), [&](std::size_t i, std::size_t worker) {
      open_record(signals[i], scratch.readers[i], predictions[i], scratch.desks[worker],
                  shared.begin());
    });
  });
  scratch.pieces.clear();
  for (std::size_t i = 0; i < signals.size(); ++i) {
    add_record(i, scratch.readers[i], predictions[i], scratch);
  }
}

void Classifier::open_record(const Signal& signal, SignalReader& reader, Prediction& prediction,
                             Desk& desk, Interludes between) const {
  reader.open(signal, path_, resampler(signal.sampling_rate), between);
  assess(reader, prediction.quality, prediction.readable, desk.assessing);
  prediction.segment_probabilities.resize(reader.segments() * metadata().classes.size());
  prediction.segment_evidence.resize(reader.segments() * metadata().evidence());
  analyse_rhythm(signal, reader, prediction, desk, between);
}

void Classifier::analyse_rhythm(const Signal& signal, const SignalReader& reader,
                                Prediction& prediction, Desk& desk, Interludes between) const {
  const double rate = reader.sampling_rate();
  auto found = std::ranges::find_if(
      desk.rhythm, [&](const auto& analyser) { return analyser->sampling_rate() == rate; });
  if (found == desk.rhythm.end()) {
    if (desk.rhythm.size() >= kMaxResamplers) desk.rhythm.clear();
    desk.rhythm.push_back(std::make_unique<RhythmAnalyser>(rate, kernels_));
    found = desk.rhythm.end() - 1;
  }
  RhythmAnalyser& rhythm = **found;
  const bool features = !features_.empty() || wants_features(reader, prediction.quality);
  rhythm.analyse(signal, reader.gaps(), features, between);
  prediction.beats.assign(rhythm.beats().begin(), rhythm.beats().end());
  if (reader.has_block()) {
    warn_of_beats(reader, rhythm, signal.microvolts, prediction.quality, desk.assessing);
  }
  prediction.rhythm.clear();
  for (const std::size_t number : features_) {
    prediction.rhythm.push_back(rhythm.features()[number]);
  }
  prediction.evidence.clear();
  if (!features_.empty()) find_evidence(rhythm.features(), prediction.evidence);
}

// Plans the work on a record: as a whole, or on what lies between its gaps.
void Classifier::add_record(std::size_t record, const SignalReader& reader, Prediction& prediction,
                            Scratch& scratch) const {
  const auto& readable = prediction.readable;
  if (!path_.cut_at_gaps || readable.empty()) {
    add_pieces(record, 0, reader.segments(), scratch);
    return;
  }
  // Nobody answers the segments in gaps.
  const float unknown = 1.0F / static_cast<float>(metadata().classes.size());
  std::ranges::fill(prediction.segment_probabilities, unknown);
  std::ranges::fill(prediction.segment_evidence, 0.0F);
  for (auto begin = readable.begin(); begin != readable.end();) {
    const auto end = std::find(begin, readable.end(), std::uint8_t{0});
    if (begin != end) {
      add_pieces(record, static_cast<std::size_t>(begin - readable.begin()),
                 static_cast<std::size_t>(end - begin), scratch);
    }
    begin = std::find(end, readable.end(), std::uint8_t{1});
  }
}

// Cuts `segments` from `begin` on, which the network is to see as one record, as its backend needs.
void Classifier::add_pieces(std::size_t record, std::size_t begin, std::size_t segments,
                            Scratch& scratch) const {
  const std::size_t most = backend().max_segments(), context = metadata().context_segments;
  if (segments <= most) {
    scratch.pieces.push_back({record, begin, segments, 0, segments});
    return;
  }
  if (backend().continues()) {
    // Pieces overlap by the context on either side, and need not be mostly overlap.
    const std::size_t useful = std::max(segments / (2 * context + 1), (segments - 1) / most + 1);
    const std::size_t pieces = std::min(backend().parallel_windows(), useful);
    for (std::size_t i = 0; i < pieces; ++i) {
      const std::size_t done = segments * i / pieces, end = segments * (i + 1) / pieces;
      const std::size_t first = done - std::min(done, context);
      const std::size_t last = std::min(end + context, segments);
      scratch.pieces.push_back({record, begin + first, last - first, done - first, end - done});
    }
    return;
  }
  if (most <= 2 * context) {
    throw std::invalid_argument(
        "the record has " + std::to_string(segments) + " segments; this plan takes " +
        std::to_string(most) + ", and longer records only if it took more than " +
        std::to_string(2 * context) +
        " (what an answer depends on, to both sides); build it with a larger --max-seconds");
  }
  for (std::size_t done = 0; done < segments;) {
    const std::size_t first = done - std::min(done, context);
    const std::size_t length = std::min(most, segments - first);
    const std::size_t end = first + length == segments ? segments : first + length - context;
    scratch.pieces.push_back({record, begin + first, length, done - first, end - done});
    done = end;
  }
}

void Classifier::run_pieces(std::span<Prediction> predictions, Scratch& scratch,
                            const Interlude& before_window) const {
  // A record may have many pieces.
  const std::size_t at_once = kAtOnce * backend().parallel_windows();
  for (std::size_t begin = 0; begin < scratch.pieces.size(); begin += at_once) {
    const std::span<Piece> pieces =
        std::span(scratch.pieces).subspan(begin, std::min(at_once, scratch.pieces.size() - begin));
    if (scratch.rooms.size() < pieces.size()) scratch.rooms.resize(pieces.size());
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (pieces[i].segments > backend().max_segments()) {
        backend().start(scratch.rooms[i].continuation);
      }
    }
    while (read_windows(pieces, scratch)) {
      before_window();
      backend().run(scratch.windows);
      for (std::size_t i = 0; i < scratch.windows.size(); ++i) {
        Piece& piece = pieces[scratch.runs[i]];
        keep_answers(scratch.windows[i], piece, predictions[piece.record]);
      }
    }
  }
}

// Reads the next window of each piece that has one; returns whether there is any.
bool Classifier::read_windows(std::span<Piece> pieces, Scratch& scratch) const {
  const std::size_t outputs = metadata().outputs();
  const std::size_t size = metadata().samples_per_segment, most = backend().max_segments();
  scratch.windows.clear();
  scratch.runs.clear();
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    if (piece.read == piece.segments) continue;
    Room& room = scratch.rooms[i];
    Continuation* record = piece.segments > most ? room.continuation.get() : nullptr;
    const std::size_t rest = piece.segments - piece.read;
    const std::size_t count = record ? std::min(record->room, rest) : rest;
    room.samples.resize(std::max(room.samples.size(), count * size));
    room.answers.resize(std::max(room.answers.size(), (record ? most : count) * outputs));
    float *samples = room.samples.data(), *answers = room.answers.data();
    scratch.windows.push_back(record ? Window::part(samples, count, answers, *record, count == rest)
                                     : Window::whole(samples, count, answers));
    scratch.runs.push_back(i);
  }
  backend().for_each(scratch.windows.size(), [&](std::size_t i, std::size_t) {
    Piece& piece = pieces[scratch.runs[i]];
    Room& room = scratch.rooms[scratch.runs[i]];
    const std::size_t count = scratch.windows[i].segments();
    scratch.readers[piece.record].read((piece.first + piece.read) * size, count * size,
                                       room.samples.data(), room.reading);
    piece.read += count;
  });
  return !scratch.windows.empty();
}

// Copies what a window has answered, but for segments that another piece answers.
void Classifier::keep_answers(const Window& window, Piece& piece, Prediction& prediction) const {
  const std::size_t classes = metadata().classes.size(), evidence = metadata().evidence();
  const std::size_t before = piece.answered;
  piece.answered = window.record() ? window.record()->answered : window.segments();
  const std::size_t from = std::max(before, piece.skip);
  const std::size_t to = std::min(piece.answered, piece.skip + piece.keep);
  for (std::size_t i = from; i < to; ++i) {
    const float* answers = window.answers() + (i - before) * (classes + evidence);
    const std::size_t segment = piece.first + i;
    std::copy_n(answers, classes, prediction.segment_probabilities.begin() + segment * classes);
    std::copy_n(answers + classes, evidence,
                prediction.segment_evidence.begin() + segment * evidence);
  }
}

float Classifier::self_test() const {
  const auto &example = plan_.example, &expected = plan_.example_answers;
  if (example.empty()) return std::numeric_limits<float>::quiet_NaN();
  std::vector<float> answers(expected.size());
  const Window window = Window::whole(
      example.data(), example.size() / metadata().samples_per_segment, answers.data());
  backend().run({&window, 1});
  float worst = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const float difference = std::abs(answers[i] - expected[i]);
    if (std::isnan(difference)) return difference;
    worst = std::max(worst, difference);
  }
  return worst;
}

}  // namespace ecgrt
