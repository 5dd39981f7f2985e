// Signals of the C API, and beats, which need no more than one.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include "capi/guard.h"
#include "capi/handles.h"
#include "cpu/dispatch.h"
#include "signal/rhythm.h"

namespace ecgrt::capi {
namespace {

struct Type {
  SampleType type;
  std::size_t bytes;
};

Type type_of(std::int32_t type) {
  switch (type) {
    case ECGRT_INT16:
      return {SampleType::int16, sizeof(std::int16_t)};
    case ECGRT_INT32:
      return {SampleType::int32, sizeof(std::int32_t)};
    case ECGRT_FLOAT32:
      return {SampleType::float32, sizeof(float)};
    case ECGRT_FLOAT64:
      return {SampleType::float64, sizeof(double)};
  }
  throw std::invalid_argument("signal.type is " + std::to_string(type) +
                              "; it must be one of ecgrt_sample_type");
}

// Samples are read where they lie, as numbers of their type.
void check_place(const ecgrt_signal& signal, std::ptrdiff_t stride, std::size_t bytes) {
  if (signal.samples == nullptr && signal.count > 0) {
    throw std::invalid_argument("signal.samples is NULL");
  }
  const auto step = static_cast<std::ptrdiff_t>(bytes);
  if (reinterpret_cast<std::uintptr_t>(signal.samples) % bytes != 0 || stride % step != 0) {
    throw std::invalid_argument("signal.samples and signal.stride must be multiples of the " +
                                std::to_string(bytes) + " bytes of a sample");
  }
  const auto unsigned_stride = static_cast<std::size_t>(stride);
  const std::size_t distance = stride < 0 ? 0 - unsigned_stride : unsigned_stride;
  if (signal.count > std::numeric_limits<std::ptrdiff_t>::max() / distance) {
    throw std::invalid_argument("signal.count is more than a process can have");
  }
}

}  // namespace

Signal to_signal(const ecgrt_signal& signal) {
  const auto [type, bytes] = type_of(signal.type);
  const std::ptrdiff_t stride =
      signal.stride == 0 ? static_cast<std::ptrdiff_t>(bytes) : signal.stride;
  check_place(signal, stride, bytes);
  const double microvolts = signal.microvolts == 0 ? 1.0 : signal.microvolts;
  if (!(std::isfinite(microvolts) && microvolts > 0)) {
    throw std::invalid_argument(
        "signal.microvolts must be what one unit of the samples is, such as ECGRT_MILLIVOLTS");
  }
  return {signal.samples, type, stride, signal.count, signal.sampling_rate, microvolts};
}

}  // namespace ecgrt::capi

extern "C" ecgrt_status ecgrt_find_beats(const ecgrt_signal* signal, double* times, size_t capacity,
                                         size_t* count) {
  using namespace ecgrt;
  return capi::guard([=] {
    capi::known(count, "count") = 0;
    if (capacity > 0) capi::known(times, "times");
    const Signal view = capi::to_signal(capi::known(signal, "signal"));
    if (view.sampling_rate == 0) {
      throw std::invalid_argument("signal.sampling_rate is 0; beats need the rate in Hz");
    }
    check_sampling_rate(view.sampling_rate);
    GapFinder gaps;
    find_gaps(view, view.sampling_rate, gaps);
    RhythmAnalyser rhythm(view.sampling_rate, select_kernels().signal);
    rhythm.analyse(view, gaps.gaps(), false);
    const auto beats = rhythm.beats();
    for (std::size_t i = 0; i < beats.size() && i < capacity; ++i) times[i] = beats[i];
    *count = beats.size();
  });
}
