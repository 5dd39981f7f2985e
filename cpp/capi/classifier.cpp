// Opening classifiers and asking them about themselves.
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>

#include "capi/guard.h"
#include "capi/handles.h"
#include "plan_source.h"

namespace ecgrt::capi {
namespace {

ecgrt_classifier* open(const PlanSource& plan, const ecgrt_options* given) {
  const auto options = checked(given, ECGRT_OPTIONS_INIT, "ecgrt_options");
  const BackendOptions asked{options.threads, options.device};
  return new ecgrt_classifier{std::make_shared<const Loaded>(plan, asked)};
}

}  // namespace
}  // namespace ecgrt::capi

extern "C" {

ecgrt_status ecgrt_classifier_open(const char* plan, const ecgrt_options* options,
                                   ecgrt_classifier** classifier) {
  using namespace ecgrt;
  return capi::guard([=] {
    capi::known(classifier, "classifier") = nullptr;
    *classifier = capi::open(PlanSource(std::string(&capi::known(plan, "plan"))), options);
  });
}

ecgrt_status ecgrt_classifier_open_bytes(const void* plan, size_t size,
                                         const ecgrt_options* options,
                                         ecgrt_classifier** classifier) {
  using namespace ecgrt;
  return capi::guard([=] {
    capi::known(classifier, "classifier") = nullptr;
    const auto* bytes = &capi::known(static_cast<const std::byte*>(plan), "plan");
    *classifier = capi::open(PlanSource(std::span(bytes, size)), options);
  });
}

void ecgrt_classifier_close(ecgrt_classifier* classifier) { delete classifier; }

size_t ecgrt_classifier_class_count(const ecgrt_classifier* classifier) {
  return classifier == nullptr ? 0 : classifier->get().metadata().classes.size();
}

const char* ecgrt_classifier_class_name(const ecgrt_classifier* classifier, size_t index) {
  if (index >= ecgrt_classifier_class_count(classifier)) return nullptr;
  return classifier->get().metadata().classes[index].c_str();
}

double ecgrt_classifier_sampling_rate(const ecgrt_classifier* classifier) {
  return classifier == nullptr ? std::numeric_limits<double>::quiet_NaN()
                               : classifier->get().metadata().sampling_rate;
}

size_t ecgrt_classifier_samples_per_segment(const ecgrt_classifier* classifier) {
  return classifier == nullptr ? 0 : classifier->get().metadata().samples_per_segment;
}

const char* ecgrt_classifier_backend(const ecgrt_classifier* classifier) {
  return classifier == nullptr ? nullptr : classifier->loaded->backend.c_str();
}

const char* ecgrt_classifier_metadata(const ecgrt_classifier* classifier) {
  return classifier == nullptr ? nullptr : classifier->get().metadata().json.c_str();
}

ecgrt_status ecgrt_classifier_self_test(const ecgrt_classifier* classifier, float* difference) {
  using namespace ecgrt;
  return capi::guard([=] {
    capi::known(difference, "difference") = std::numeric_limits<float>::quiet_NaN();
    *difference = capi::known(classifier, "classifier").get().self_test();
  });
}

}  // extern "C"
