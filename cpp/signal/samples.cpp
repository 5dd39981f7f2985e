#include "signal/samples.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "signal/gaps.h"

namespace ecgrt {
namespace {

constexpr std::size_t kLookedAt = 4096;  // samples that tell whether numbers are whole

const char* place(const Signal& signal, std::size_t index) {
  return static_cast<const char*>(signal.data) + static_cast<std::ptrdiff_t>(index) * signal.stride;
}

// The lowest number of an integer type is how formats write that there is no sample.
template <class T>
bool is_missing(T x) {
  if constexpr (std::is_integral_v<T>) return x == std::numeric_limits<T>::lowest();
  return !is_sample(x);
}

template <class T>
void convert_all(const Signal& signal, std::size_t first, double offset, float factor,
                 std::span<float> out) {
  const char* from = place(signal, first);
  const double microvolts = signal.microvolts;
  const auto convert_one = [&](T x) {
    if (is_missing(x)) return std::numeric_limits<float>::quiet_NaN();
    return static_cast<float>(static_cast<double>(x) * microvolts - offset) * factor;
  };
  if (signal.stride == sizeof(T)) {  // a loop of its own, which the compiler vectorises
    const T* samples = reinterpret_cast<const T*>(from);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = convert_one(samples[i]);
    return;
  }
  for (float& value : out) {
    value = convert_one(*reinterpret_cast<const T*>(from));
    from += signal.stride;
  }
}

// Calls f<T>() for the type of the samples.
template <class F>
auto with_type(SampleType type, F&& f) {
  switch (type) {
    case SampleType::int16:
      return f.template operator()<std::int16_t>();
    case SampleType::int32:
      return f.template operator()<std::int32_t>();
    case SampleType::float32:
      return f.template operator()<float>();
    case SampleType::float64:
      break;
  }
  return f.template operator()<double>();
}

}  // namespace

double first_value(const Signal& signal) {
  return with_type(signal.type, [&]<class T>() {
    for (std::size_t i = 0; i < signal.size; ++i) {
      const T x = *reinterpret_cast<const T*>(place(signal, i));
      const double value = static_cast<double>(x) * signal.microvolts;
      if (!is_missing(x)) return value;
    }
    return 0.0;
  });
}

bool has_missing(const Signal& signal) {
  return with_type(signal.type, [&]<class T>() {
    bool found = false;  // without a way out of the loop, for the compiler to vectorise
    for (std::size_t i = 0; i < signal.size; ++i) {
      found |= is_missing(*reinterpret_cast<const T*>(place(signal, i)));
    }
    return found;
  });
}

bool is_whole(const Signal& signal) {
  return with_type(signal.type, [&]<class T>() {
    if (std::is_integral_v<T>) return true;
    for (std::size_t i = 0; i < std::min(signal.size, kLookedAt); ++i) {
      const auto x = static_cast<double>(*reinterpret_cast<const T*>(place(signal, i)));
      if (std::isfinite(x) && x != std::floor(x)) return false;
    }
    return true;
  });
}

const std::int16_t* adjacent_int16(const Signal& signal) {
  const bool adjacent = signal.type == SampleType::int16 && signal.stride == sizeof(std::int16_t);
  return adjacent ? static_cast<const std::int16_t*>(signal.data) : nullptr;
}

void copy_samples(const Signal& signal, std::size_t first, std::span<double> out) {
  with_type(signal.type, [&]<class T>() {
    const char* from = place(signal, first);
    for (double& value : out) {
      const T x = *reinterpret_cast<const T*>(from);
      value = is_missing(x) ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(x);
      from += signal.stride;
    }
  });
}

void convert_samples(const Signal& signal, const SignalKernels& kernels, std::size_t first,
                     double offset, float factor, std::span<float> out) {
  const std::int16_t* whole = adjacent_int16(signal);
  if (whole != nullptr && signal.microvolts == 1 && std::abs(offset) < 65536 &&
      offset == std::rint(offset)) {
    // Whole microvolts: their differences are exact without doubles.
    kernels.to_float(whole + first, std::ssize(out), static_cast<float>(offset), factor,
                     out.data());
    return;
  }
  with_type(signal.type, [&]<class T>() { convert_all<T>(signal, first, offset, factor, out); });
}

}  // namespace ecgrt
