// Streams: chunks in, decisions out.
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "capi/guard.h"
#include "capi/handles.h"

namespace ecgrt::capi {
namespace {

// Callers that were compiled before there was a `cancel` have a struct that ends there.
constexpr std::size_t kBeforeCancel = offsetof(ecgrt_stream_options, cancel);

ecgrt_stream_options checked_options(const ecgrt_stream_options* options) {
  return checked(options, ECGRT_STREAM_OPTIONS_INIT, "ecgrt_stream_options", {kBeforeCancel});
}

StreamOptions stream_options(const ecgrt_stream_options& asked) {
  return {asked.sampling_rate, asked.microvolts == 0 ? 1.0 : asked.microvolts, asked.window,
          asked.hop, asked.min_confidence};
}

// Does `work` with a stream, and makes handles of what it decided. Nothing is decided where it
// fails; decisions and predictions change places, so that the memory of either is used again.
template <class Work>
ecgrt_status decide(ecgrt_stream* stream, const Work& work) {
  return guard([&] {
    ecgrt_stream& self = known(stream, "stream");
    Decisions decided = std::exchange(self.decisions, {});
    work(self.stream, decided, self.interlude);
    if (self.predictions.size() < decided.size()) self.predictions.resize(decided.size());
    for (std::size_t i = 0; i < decided.size(); ++i) {
      std::swap(self.predictions[i].value, decided.prediction(i));
      complete(self.by, self.predictions[i]);
    }
    self.decisions = std::move(decided);
  });
}

}  // namespace
}  // namespace ecgrt::capi

extern "C" {

ecgrt_status ecgrt_stream_open(const ecgrt_classifier* classifier,
                               const ecgrt_stream_options* options, ecgrt_stream** stream) {
  using namespace ecgrt;
  return capi::guard([=] {
    capi::known(stream, "stream") = nullptr;
    const auto& loaded = capi::known(classifier, "classifier").loaded;
    const auto asked = capi::checked_options(options);
    *stream = new ecgrt_stream(loaded, capi::stream_options(asked), capi::interlude_of(asked));
  });
}

void ecgrt_stream_close(ecgrt_stream* stream) { delete stream; }

ecgrt_status ecgrt_stream_push(ecgrt_stream* stream, const ecgrt_signal* chunk) {
  using namespace ecgrt;
  return capi::decide(stream, [=](Stream& to, Decisions& out, const Interlude& interlude) {
    to.push(capi::to_signal(capi::known(chunk, "chunk")), out, interlude);
  });
}

ecgrt_status ecgrt_stream_skip(ecgrt_stream* stream, double seconds) {
  using namespace ecgrt;
  return capi::decide(stream, [=](Stream& to, Decisions& out, const Interlude& interlude) {
    to.skip(seconds, out, interlude);
  });
}

ecgrt_status ecgrt_stream_running(ecgrt_stream* stream) {
  using namespace ecgrt;
  return capi::decide(stream, [](const Stream& of, Decisions& out, const Interlude& interlude) {
    of.running(out, interlude);
  });
}

ecgrt_status ecgrt_stream_finish(ecgrt_stream* stream) {
  using namespace ecgrt;
  return capi::decide(stream, [](Stream& to, Decisions& out, const Interlude& interlude) {
    to.finish(out, interlude);
  });
}

ecgrt_status ecgrt_stream_restart(ecgrt_stream* stream, double sampling_rate) {
  using namespace ecgrt;
  return capi::decide(stream, [=](Stream& to, Decisions& out, const Interlude& interlude) {
    to.restart(sampling_rate, out, interlude);
  });
}

double ecgrt_stream_seconds(const ecgrt_stream* stream) {
  return stream == nullptr ? std::numeric_limits<double>::quiet_NaN() : stream->stream.seconds();
}

size_t ecgrt_stream_decision_count(const ecgrt_stream* stream) {
  return stream == nullptr ? 0 : stream->decisions.size();
}

const ecgrt_prediction* ecgrt_stream_decision(const ecgrt_stream* stream, size_t index,
                                              double* start, double* end) {
  if (index >= ecgrt_stream_decision_count(stream)) return nullptr;
  const auto& span = stream->decisions.span(index);
  if (start != nullptr) *start = span.start;
  if (end != nullptr) *end = span.end;
  return &stream->predictions[index];
}

size_t ecgrt_stream_beat_count(const ecgrt_stream* stream) {
  return stream == nullptr ? 0 : stream->decisions.beats().size();
}

const double* ecgrt_stream_beats(const ecgrt_stream* stream) {
  return stream == nullptr ? nullptr : stream->decisions.beats().data();
}

}  // extern "C"
