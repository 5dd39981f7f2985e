// A stream as Python holds it.
#pragma once

#include <pybind11/pybind11.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bindings/bindings.h"
#include "bindings/py_classifier.h"
#include "stream.h"

namespace ecgrt {

struct Decision {
  double start, end;
  NamedPrediction prediction;
};

// A stream that the threads of Python use in turn.
class PyStream {
 public:
  PyStream(const PyClassifier& classifier, const StreamOptions& options, std::string named_unit)
      : unit(std::move(named_unit)),
        classes_(classifier.classes),
        stream_(classifier.classifier, options) {}

  const std::string unit;

  // Calls work(stream, decisions) without the GIL, and returns the decisions. Those of a call that
  // `tells` of beats replace what beats() returns.
  template <class Work>
  std::vector<Decision> run(bool tells, const Work& work) {
    std::vector<Decision> made;
    const GilRelease release;
    const Turn turn(*this);
    // A handler of signals, which runs within this call, may use another stream.
    Decisions decisions = std::exchange(scratch(), {});
    work(stream_, decisions);
    made.reserve(decisions.size());
    for (std::size_t i = 0; i < decisions.size(); ++i) {
      const auto [start, end] = decisions.span(i);
      made.push_back({start, end, {std::move(decisions.prediction(i)), classes_}});
    }
    if (tells) beats_.assign(decisions.beats().begin(), decisions.beats().end());
    scratch() = std::move(decisions);
    return made;
  }

  template <class Ask>
  auto ask(const Ask& question) {
    const GilRelease release;
    const Turn turn(*this);
    return question(std::as_const(stream_));
  }

  std::vector<double> beats() {
    const GilRelease release;
    const Turn turn(*this);
    return beats_;
  }

 private:
  // Waits until no other thread is at work. A signal's handler, which runs within a call, must not
  // wait for that call.
  class Turn {
   public:
    explicit Turn(PyStream& stream) : stream_(stream) {
      if (stream.worker_ == std::this_thread::get_id()) {
        throw std::runtime_error(
            "the stream is at work; a handler of signals cannot use it until the call has ended");
      }
      stream.mutex_.lock();
      stream.worker_ = std::this_thread::get_id();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      stream_.worker_ = std::thread::id();
      stream_.mutex_.unlock();
    }

   private:
    PyStream& stream_;
  };

  static Decisions& scratch() {
    thread_local Decisions decisions;
    return decisions;
  }

  std::mutex mutex_;
  std::atomic<std::thread::id> worker_;
  const std::shared_ptr<const std::vector<std::string>> classes_;
  Stream stream_;
  std::vector<double> beats_;
};

// `self` must outlive the stream.
std::unique_ptr<PyStream> make_stream(const PyClassifier& self, std::optional<double> fs,
                                      const std::string& unit, double window, double hop,
                                      double min_confidence);

}  // namespace ecgrt

template <>
class pybind11::detail::type_caster<ecgrt::Decision> : public ecgrt::MadeCaster<ecgrt::Decision> {};
template <>
class pybind11::detail::type_caster<ecgrt::PyStream> : public ecgrt::MadeCaster<ecgrt::PyStream> {};
