// Timelines: chunks in, what the record was out.
#include "timeline/timeline.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "capi/guard.h"
#include "capi/handles.h"
#include "timeline/burden.h"

struct ecgrt_timeline {
  ecgrt_timeline(ecgrt::capi::SharedClassifier classifier, const ecgrt::StreamOptions& options,
                 const ecgrt::TimelineSettings& how, ecgrt::Interlude asked)
      : by(std::move(classifier)),
        stream(by->classifier, options),
        settings(how),
        interlude(std::move(asked)),
        names(ecgrt::states_of(by->classifier.metadata().classes)) {}

  ecgrt::capi::SharedClassifier by;
  ecgrt::Stream stream;
  ecgrt::TimelineSettings settings;
  ecgrt::Interlude interlude;      // asks the caller's callback, if there is one
  std::vector<std::string> names;  // of the states
  ecgrt::Decisions decisions;      // of the last call
  std::vector<ecgrt::WindowAnswer> windows;
  std::vector<double> beats;
  bool has_lost = false;  // a window that was decided
  std::optional<ecgrt::Timeline> made;
  double readable = std::numeric_limits<double>::quiet_NaN();
};

namespace ecgrt::capi {
namespace {

const Timeline& made_by(const ecgrt_timeline* timeline) {
  static const Timeline kNone;
  return timeline == nullptr || !timeline->made ? kNone : *timeline->made;
}

WindowAnswer answer_of(double start, const Prediction& prediction) {
  const Quality& quality = prediction.quality;
  WindowAnswer window{start, prediction.probabilities, quality.readable, quality.spans, {}};
  for (const Warning& warning : quality.warnings) {
    window.warnings.push_back({to_string(warning.code), sentence(warning)});
  }
  return window;
}

// Keeps what the timeline needs of the decisions of the last call. Where memory runs out the stream
// is further than the windows.
void keep_decisions(ecgrt_timeline& self) {
  self.has_lost = true;
  for (std::size_t i = 0; i < self.decisions.size(); ++i) {
    self.windows.push_back(answer_of(self.decisions.span(i).start, self.decisions.prediction(i)));
  }
  const std::span<const double> beats = self.decisions.beats();
  self.beats.insert(self.beats.end(), beats.begin(), beats.end());
  self.has_lost = false;
}

void check_whole(const ecgrt_timeline& self) {
  if (self.has_lost) {
    throw std::invalid_argument("the timeline lost a window when memory ran out; open another");
  }
}

template <class Work>
ecgrt_status take(ecgrt_timeline* timeline, const Work& work) {
  return guard([&] {
    ecgrt_timeline& self = known(timeline, "timeline");
    check_whole(self);
    if (self.stream.finished()) {
      throw std::invalid_argument("the timeline is finished; open another");
    }
    work(self);
    keep_decisions(self);
  });
}

void finish(ecgrt_timeline& self) {
  check_whole(self);
  if (self.made) return;
  if (!self.stream.finished()) {
    self.stream.finish(self.decisions, self.interlude);
    keep_decisions(self);
  }
  const Metadata& model = self.by->classifier.metadata();
  const double segment = static_cast<double>(model.samples_per_segment) / model.sampling_rate;
  const double seconds = self.stream.seconds();
  Timeline made = make_timeline(model.classes, self.windows, seconds, segment, self.settings);
  std::vector<double> unreadable;
  for (const Episode& span : made.spans) {
    if (span.state == kNoState) unreadable.push_back(span.end - span.start);
  }
  self.readable = readable_share(unreadable, seconds);
  self.made = std::move(made);
}

template <class T>
const T& entry(const std::vector<T>& all, std::size_t index, const char* name) {
  if (index < all.size()) return all[index];
  throw std::invalid_argument("there is no " + std::string(name) + " " + std::to_string(index) +
                              "; the timeline has " + std::to_string(all.size()));
}

}  // namespace
}  // namespace ecgrt::capi

extern "C" {

ecgrt_status ecgrt_timeline_open(const ecgrt_classifier* classifier,
                                 const ecgrt_timeline_options* options, ecgrt_timeline** timeline) {
  using namespace ecgrt;
  return capi::guard([=] {
    capi::known(timeline, "timeline") = nullptr;
    const auto& loaded = capi::known(classifier, "classifier").loaded;
    const auto asked =
        capi::checked(options, ECGRT_TIMELINE_OPTIONS_INIT, "ecgrt_timeline_options");
    const TimelineSettings how{asked.window, asked.hop, asked.smoothing, asked.margin,
                               asked.shortest};
    check_settings(how);
    const StreamOptions stream{asked.sampling_rate, asked.microvolts == 0 ? 1.0 : asked.microvolts,
                               asked.window, asked.hop, 0.0};
    *timeline = new ecgrt_timeline(loaded, stream, how, capi::interlude_of(asked));
  });
}

void ecgrt_timeline_close(ecgrt_timeline* timeline) { delete timeline; }

ecgrt_status ecgrt_timeline_push(ecgrt_timeline* timeline, const ecgrt_signal* chunk) {
  using namespace ecgrt;
  return capi::take(timeline, [=](ecgrt_timeline& to) {
    to.stream.push(capi::to_signal(capi::known(chunk, "chunk")), to.decisions, to.interlude);
  });
}

ecgrt_status ecgrt_timeline_skip(ecgrt_timeline* timeline, double seconds) {
  using namespace ecgrt;
  return capi::take(
      timeline, [=](ecgrt_timeline& to) { to.stream.skip(seconds, to.decisions, to.interlude); });
}

ecgrt_status ecgrt_timeline_finish(ecgrt_timeline* timeline) {
  using namespace ecgrt;
  return capi::guard([=] { capi::finish(capi::known(timeline, "timeline")); });
}

double ecgrt_timeline_seconds(const ecgrt_timeline* timeline) {
  return timeline == nullptr ? std::numeric_limits<double>::quiet_NaN()
                             : timeline->stream.seconds();
}

double ecgrt_timeline_readable(const ecgrt_timeline* timeline) {
  return timeline == nullptr ? std::numeric_limits<double>::quiet_NaN() : timeline->readable;
}

size_t ecgrt_timeline_state_count(const ecgrt_timeline* timeline) {
  return timeline == nullptr ? 0 : timeline->names.size();
}

const char* ecgrt_timeline_state_name(const ecgrt_timeline* timeline, size_t state) {
  return state < ecgrt_timeline_state_count(timeline) ? timeline->names[state].c_str() : nullptr;
}

size_t ecgrt_timeline_step_count(const ecgrt_timeline* timeline) {
  return ecgrt::capi::made_by(timeline).states.size();
}

int32_t ecgrt_timeline_step_state(const ecgrt_timeline* timeline, size_t step) {
  const auto& states = ecgrt::capi::made_by(timeline).states;
  return step < states.size() ? static_cast<int32_t>(states[step]) : -1;
}

const double* ecgrt_timeline_probabilities(const ecgrt_timeline* timeline) {
  return ecgrt::capi::made_by(timeline).probabilities.values.data();
}

size_t ecgrt_timeline_span_count(const ecgrt_timeline* timeline) {
  return ecgrt::capi::made_by(timeline).spans.size();
}

ecgrt_status ecgrt_timeline_span(const ecgrt_timeline* timeline, size_t index, ecgrt_span* span) {
  using namespace ecgrt;
  return capi::guard([=] {
    const ecgrt_timeline& of = capi::known(timeline, "timeline");
    capi::known(span, "span") = {};
    const auto& [start, end, state, probability, reason] =
        capi::entry(capi::made_by(&of).spans, index, "span");
    const char* label =
        state == kNoState ? kUnreadable : of.names[static_cast<std::size_t>(state)].c_str();
    *span = {start,
             end,
             probability,
             label,
             static_cast<std::int32_t>(state),
             reason ? static_cast<std::int32_t>(*reason) : -1};
  });
}

size_t ecgrt_timeline_gap_count(const ecgrt_timeline* timeline) {
  return ecgrt::capi::made_by(timeline).gaps.size();
}

ecgrt_status ecgrt_timeline_gap(const ecgrt_timeline* timeline, size_t index, ecgrt_gap* gap) {
  using namespace ecgrt;
  return capi::guard([=] {
    const auto& gaps = capi::made_by(&capi::known(timeline, "timeline")).gaps;
    capi::known(gap, "gap") = {};
    const auto& [start, end, reason] = capi::entry(gaps, index, "gap");
    *gap = {start, end, static_cast<ecgrt_gap_reason>(reason)};
  });
}

ecgrt_status ecgrt_timeline_burden(const ecgrt_timeline* timeline, size_t state,
                                   ecgrt_burden* burden) {
  using namespace ecgrt;
  return capi::guard([=] {
    const ecgrt_timeline& of = capi::known(timeline, "timeline");
    capi::known(burden, "burden") = {};
    capi::entry(of.names, state, "state");
    if (!of.made) throw std::invalid_argument("the timeline is not finished");
    const auto [share, expected, seconds] = find_burden(
        of.made->states, of.made->probabilities, of.made->lengths(), static_cast<State>(state));
    *burden = {share, expected, seconds};
  });
}

size_t ecgrt_timeline_beat_count(const ecgrt_timeline* timeline) {
  return timeline == nullptr ? 0 : timeline->beats.size();
}

const double* ecgrt_timeline_beats(const ecgrt_timeline* timeline) {
  return timeline == nullptr ? nullptr : timeline->beats.data();
}

size_t ecgrt_timeline_warning_count(const ecgrt_timeline* timeline) {
  return ecgrt::capi::made_by(timeline).warnings.size();
}

const char* ecgrt_timeline_warning_code(const ecgrt_timeline* timeline, size_t index) {
  const auto& warnings = ecgrt::capi::made_by(timeline).warnings;
  return index < warnings.size() ? warnings[index].code.c_str() : nullptr;
}

const char* ecgrt_timeline_warning_text(const ecgrt_timeline* timeline, size_t index) {
  const auto& warnings = ecgrt::capi::made_by(timeline).warnings;
  return index < warnings.size() ? warnings[index].sentence.c_str() : nullptr;
}

}  // extern "C"
