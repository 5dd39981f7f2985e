// ecgrt for C++20: ecgrt.h with owners, spans and exceptions. Nothing but this header and the
// library.
//
//   const ecgrt::Classifier classifier("cinc17-compact.plan");
//   const ecgrt::Prediction p = classifier.predict(std::span(samples), {.fs = 250, .unit =
//   ecgrt::mV}); if (p.label()) std::cout << *p.label() << ' ' << p.confidence() << '\n';
//
// Every failure is an ecgrt::Error. Threads may share a classifier. ecgrt is not a medical device.
#pragma once

#include <ecgrt/ecgrt.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// A namespace of its own within ecgrt, so that a program that links the static library cannot take
// one of its insides for one of these.
namespace ecgrt::inline api {

class Error : public std::runtime_error {
 public:
  Error(ecgrt_status status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  ecgrt_status status() const noexcept { return status_; }

 private:
  ecgrt_status status_;
};

namespace detail {

inline void check(ecgrt_status status) {
  if (status != ECGRT_OK) throw Error(status, ecgrt_last_error());
}

struct Close {
  void operator()(ecgrt_classifier* handle) const noexcept { ecgrt_classifier_close(handle); }
  void operator()(ecgrt_prediction* handle) const noexcept { ecgrt_prediction_free(handle); }
  void operator()(ecgrt_stream* handle) const noexcept { ecgrt_stream_close(handle); }
};

template <class T>
constexpr ecgrt_sample_type type_of() {
  if constexpr (std::same_as<T, std::int16_t>) return ECGRT_INT16;
  if constexpr (std::same_as<T, std::int32_t>) return ECGRT_INT32;
  if constexpr (std::same_as<T, float>) return ECGRT_FLOAT32;
  if constexpr (std::same_as<T, double>) return ECGRT_FLOAT64;
}

}  // namespace detail

template <class T>
concept Sample = std::same_as<T, std::int16_t> || std::same_as<T, std::int32_t> ||
                 std::same_as<T, float> || std::same_as<T, double>;

// Microvolts that a unit is; any other step of an ADC may stand for it.
inline constexpr double uV = ECGRT_MICROVOLTS, mV = ECGRT_MILLIVOLTS, V = ECGRT_VOLTS;

// What a signal does not say of itself.
struct Format {
  double fs = 0;     // Hz; 0: the model's own rate
  double unit = uV;  // of its samples
};

// A view of one lead; the samples must outlive its use.
template <Sample T>
ecgrt_signal view(std::span<const T> samples, const Format& format = {}) {
  return {samples.data(), detail::type_of<T>(), 0, samples.size(), format.fs, format.unit};
}

// Returns whether to go on.
using GoOn = std::function<bool()>;

struct Options {
  double min_confidence = 0;  // a label with less is withheld
  GoOn go_on;                 // asked between the parts of a long call; must not throw
};

struct Warning {
  std::string_view code, text;
};

// Answers, wherever they are kept; a view that is copied. What its functions return views of lives
// as long as the prediction. One of null knows nothing.
class PredictionView {
 public:
  PredictionView() = default;
  explicit PredictionView(const ecgrt_prediction* handle) : handle_(handle) {}

  // None: less sure than asked, or the signal cannot be read.
  std::optional<std::string_view> label() const {
    const char* name = ecgrt_prediction_label_name(get());
    return name == nullptr ? std::nullopt : std::optional<std::string_view>(name);
  }
  std::optional<std::size_t> label_index() const {
    const int32_t index = ecgrt_prediction_label(get());
    return index < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(index));
  }
  float confidence() const { return ecgrt_prediction_confidence(get()); }
  std::span<const float> probabilities() const {
    return {ecgrt_prediction_probabilities(get()), ecgrt_prediction_class_count(get())};
  }
  std::size_t segments() const { return ecgrt_prediction_segment_count(get()); }
  std::span<const float> segment_probabilities(std::size_t segment) const {
    if (segment >= segments()) throw Error(ECGRT_ERROR_ARGUMENT, "there is no such segment");
    const std::size_t classes = ecgrt_prediction_class_count(get());
    return {ecgrt_prediction_segment_probabilities(get()) + segment * classes, classes};
  }
  // R peaks, in seconds.
  std::span<const double> beats() const {
    return {ecgrt_prediction_beats(get()), ecgrt_prediction_beat_count(get())};
  }
  // Beats a minute; NaN: unknown.
  double heart_rate() const { return ecgrt_prediction_heart_rate(get()); }
  double seconds() const { return ecgrt_prediction_seconds(get()); }
  double readable() const { return ecgrt_prediction_readable(get()); }
  std::vector<ecgrt_gap> gaps() const {
    std::vector<ecgrt_gap> all(ecgrt_prediction_gap_count(get()));
    for (std::size_t i = 0; i < all.size(); ++i) {
      detail::check(ecgrt_prediction_gap(get(), i, &all[i]));
    }
    return all;
  }
  std::vector<Warning> warnings() const {
    std::vector<Warning> all(ecgrt_prediction_warning_count(get()));
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i] = {ecgrt_prediction_warning_code(get(), i), ecgrt_prediction_warning_text(get(), i)};
    }
    return all;
  }

  const ecgrt_prediction* get() const noexcept { return handle_; }

 private:
  friend class Prediction;
  const ecgrt_prediction* handle_ = nullptr;
};

// Answers of one's own. An empty one (made by default, or moved from) knows nothing.
class Prediction : public PredictionView {
 public:
  Prediction() = default;
  Prediction(Prediction&& other) noexcept
      : PredictionView(std::exchange(static_cast<PredictionView&>(other), {})),
        owner_(std::move(other.owner_)) {}
  Prediction& operator=(Prediction&& other) noexcept {
    static_cast<PredictionView&>(*this) = std::exchange(static_cast<PredictionView&>(other), {});
    owner_ = std::move(other.owner_);
    return *this;
  }

 private:
  friend class Classifier;
  ecgrt_prediction* make() {
    if (!owner_) {
      ecgrt_prediction* made = nullptr;
      detail::check(ecgrt_prediction_new(&made));
      owner_.reset(made);
      handle_ = made;
    }
    return owner_.get();
  }

  std::unique_ptr<ecgrt_prediction, detail::Close> owner_;
};

// A plan, loaded and ready; immutable, may be shared by threads.
class Classifier {
 public:
  // Of a file; `threads` of 0: one for each core, or what ECGRT_NUM_THREADS says.
  explicit Classifier(const std::string& plan, std::uint32_t threads = 0, std::int32_t device = 0) {
    const ecgrt_options options{sizeof(ecgrt_options), threads, device};
    ecgrt_classifier* made = nullptr;
    detail::check(ecgrt_classifier_open(plan.c_str(), &options, &made));
    handle_.reset(made);
  }
  // Of bytes, which are not needed any more afterwards.
  explicit Classifier(std::span<const std::byte> plan, std::uint32_t threads = 0,
                      std::int32_t device = 0) {
    const ecgrt_options options{sizeof(ecgrt_options), threads, device};
    ecgrt_classifier* made = nullptr;
    detail::check(ecgrt_classifier_open_bytes(plan.data(), plan.size(), &options, &made));
    handle_.reset(made);
  }

  template <Sample T>
  Prediction predict(std::span<const T> samples, const Format& format = {},
                     const Options& options = {}) const {
    Prediction prediction;
    predict(view(samples, format), prediction, options);
    return prediction;
  }
  template <Sample T>
  Prediction predict(std::span<T> samples, const Format& format = {},
                     const Options& options = {}) const {
    return predict(std::span<const T>(samples), format, options);
  }
  // Into a prediction that is used again, which allocates nothing for signals as long as before.
  void predict(const ecgrt_signal& signal, Prediction& prediction,
               const Options& options = {}) const {
    const ecgrt_predict_options raw = raw_options(options);
    detail::check(ecgrt_predict(get(), &signal, &raw, prediction.make()));
  }
  // One signal on each thread.
  std::vector<Prediction> predict(std::span<const ecgrt_signal> signals,
                                  const Options& options = {}) const {
    std::vector<Prediction> predictions(signals.size());
    std::vector<ecgrt_prediction*> handles;
    handles.reserve(signals.size());
    for (Prediction& prediction : predictions) handles.push_back(prediction.make());
    const ecgrt_predict_options raw = raw_options(options);
    detail::check(ecgrt_predict_batch(get(), signals.data(), signals.size(), &raw, handles.data()));
    return predictions;
  }

  std::vector<std::string_view> classes() const {
    std::vector<std::string_view> names(ecgrt_classifier_class_count(get()));
    for (std::size_t i = 0; i < names.size(); ++i) {
      names[i] = ecgrt_classifier_class_name(get(), i);
    }
    return names;
  }
  double sampling_rate() const { return ecgrt_classifier_sampling_rate(get()); }
  std::size_t samples_per_segment() const { return ecgrt_classifier_samples_per_segment(get()); }
  std::string_view backend() const { return ecgrt_classifier_backend(get()); }
  std::string_view metadata() const { return ecgrt_classifier_metadata(get()); }
  float self_test() const {
    float difference = 0;
    detail::check(ecgrt_classifier_self_test(get(), &difference));
    return difference;
  }

  ecgrt_classifier* get() const noexcept { return handle_.get(); }

 private:
  static ecgrt_predict_options raw_options(const Options& options) {
    ecgrt_predict_options raw = ECGRT_PREDICT_OPTIONS_INIT;
    raw.min_confidence = options.min_confidence;
    if (options.go_on) {
      raw.cancel = [](void* go_on) { return (*static_cast<const GoOn*>(go_on))() ? 0 : 1; };
      raw.context = const_cast<GoOn*>(&options.go_on);
    }
    return raw;
  }

  std::unique_ptr<ecgrt_classifier, detail::Close> handle_;
};

struct StreamOptions {
  double fs = 0;                 // Hz; 0: the model's own rate
  double unit = uV;              // of the samples
  double window = 30, hop = 10;  // seconds
  double min_confidence = 0;
};

// Decisions on a signal that comes piece by piece; for one thread at a time.
class Stream {
 public:
  struct Decision {
    double start, end;          // seconds since the stream began
    PredictionView prediction;  // until the stream's next call
  };

  explicit Stream(const Classifier& classifier, const StreamOptions& options = {}) {
    const ecgrt_stream_options raw{
        sizeof(ecgrt_stream_options), options.fs, options.unit, options.window, options.hop,
        options.min_confidence};
    ecgrt_stream* made = nullptr;
    detail::check(ecgrt_stream_open(classifier.get(), &raw, &made));
    handle_.reset(made);
  }

  // Each returns the decisions that it made final.
  template <Sample T>
  std::vector<Decision> push(std::span<const T> samples) {
    const ecgrt_signal chunk = view(samples);
    return decided(ecgrt_stream_push(handle_.get(), &chunk));
  }
  std::vector<Decision> skip(double seconds) {
    return decided(ecgrt_stream_skip(handle_.get(), seconds));
  }
  std::vector<Decision> finish() { return decided(ecgrt_stream_finish(handle_.get())); }
  std::vector<Decision> restart(double fs = 0) {
    return decided(ecgrt_stream_restart(handle_.get(), fs));
  }
  // The decision on the newest samples, if they are enough for one; nothing becomes final.
  std::vector<Decision> running() { return decided(ecgrt_stream_running(handle_.get())); }

  // R peaks that the last call made final, in seconds since the stream began.
  std::span<const double> beats() const {
    return {ecgrt_stream_beats(handle_.get()), ecgrt_stream_beat_count(handle_.get())};
  }
  double seconds() const { return ecgrt_stream_seconds(handle_.get()); }

 private:
  std::vector<Decision> decided(ecgrt_status status) const {
    detail::check(status);
    std::vector<Decision> all(ecgrt_stream_decision_count(handle_.get()));
    for (std::size_t i = 0; i < all.size(); ++i) {
      Decision& d = all[i];
      d.prediction = PredictionView(ecgrt_stream_decision(handle_.get(), i, &d.start, &d.end));
    }
    return all;
  }

  std::unique_ptr<ecgrt_stream, detail::Close> handle_;
};

// R peaks in seconds, of a lead in any unit.
template <Sample T>
std::vector<double> find_beats(std::span<const T> samples, double fs) {
  const ecgrt_signal signal = view(samples, {.fs = fs});
  std::vector<double> times(
      fs > 0 ? 6 + static_cast<std::size_t>(6.0 * static_cast<double>(samples.size()) / fs) : 0);
  std::size_t count = 0;
  detail::check(ecgrt_find_beats(&signal, times.data(), times.size(), &count));
  times.resize(count);
  return times;
}

inline std::string_view version() { return ecgrt_version(); }

}  // namespace ecgrt::inline api
