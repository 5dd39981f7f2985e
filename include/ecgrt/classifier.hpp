// Part of ecgrt.hpp: a plan, ready to run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ecgrt/prediction.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ecgrt::inline api {

// Returns whether to go on.
using GoOn = std::function<bool()>;

namespace detail {

// Has the C API ask `go_on`, which must live as long as it may.
template <class RawOptions>
void ask(const GoOn& go_on, RawOptions& raw) {
  if (!go_on) return;
  raw.cancel = [](void* asked) { return (*static_cast<const GoOn*>(asked))() ? 0 : 1; };
  raw.context = const_cast<GoOn*>(&go_on);
}

}  // namespace detail

struct Options {
  double min_confidence = 0;  // a label with less is withheld
  GoOn go_on = {};            // asked between the parts of a long call; must not throw
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
    detail::ask(options.go_on, raw);
    return raw;
  }

  std::unique_ptr<ecgrt_classifier, detail::Close> handle_;
};

}  // namespace ecgrt::inline api
