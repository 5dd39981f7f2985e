// Part of ecgrt.hpp: errors, signals, and what is said of them.
#pragma once

#include <ecgrt/ecgrt.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
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
  void operator()(ecgrt_timeline* handle) const noexcept { ecgrt_timeline_close(handle); }
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

}  // namespace ecgrt::inline api
