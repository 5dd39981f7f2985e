// Chunks of what looks a little like an ECG, in any type and stride.
#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "signal/reader.h"

struct Chunk {
  std::vector<std::byte> bytes;  // with what a stride leaves out
  ecgrt::Signal signal;
};

// A beat every so often, on noise, or nothing that could be read.
inline std::vector<double> make_values(FuzzedDataProvider& in, double rate) {
  const auto count = in.ConsumeIntegralInRange<std::size_t>(0, 8) == 0
                         ? in.ConsumeIntegralInRange<std::size_t>(0, 3000)
                         : in.ConsumeIntegralInRange<std::size_t>(0, 300);
  const auto kind = in.ConsumeIntegralInRange(0, 7);
  const double height = in.ConsumeIntegralInRange(-3000, 30000);
  const auto period = static_cast<std::size_t>(rate * in.ConsumeIntegralInRange(20, 200) / 100);
  std::uint32_t noise = in.ConsumeIntegral<std::uint16_t>();
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    noise = noise * 1664525 + 1013904223;
    const double grain = static_cast<double>(noise >> 26);
    const double beat = i % period < 3 ? height : 0;
    values[i] = kind == 0 ? height : kind == 1 ? NAN : beat + grain;
  }
  return values;
}

// Samples that are missing are told as the type tells them.
template <class T>
void write(const std::vector<double>& values, double divisor, std::ptrdiff_t step,
           std::byte* first) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value = std::numeric_limits<T>::has_quiet_NaN ? std::numeric_limits<T>::quiet_NaN()
                                                    : std::numeric_limits<T>::min();
    if (!std::isnan(values[i])) value = static_cast<T>(values[i] / divisor);
    std::memcpy(first + static_cast<std::ptrdiff_t>(i) * step, &value, sizeof value);
  }
}

inline Chunk make_chunk(FuzzedDataProvider& in, double rate) {
  constexpr std::ptrdiff_t kSizes[] = {2, 4, 4, 8};
  const auto type = static_cast<ecgrt::SampleType>(in.ConsumeIntegralInRange(0, 3));
  const std::ptrdiff_t step =
      kSizes[static_cast<int>(type)] * in.ConsumeIntegralInRange<std::ptrdiff_t>(1, 3);
  const bool backwards = in.ConsumeBool();
  const double divisor = in.ConsumeBool() ? 1 : 3;
  std::vector<double> values = make_values(in, rate);
  Chunk chunk;
  const auto size = static_cast<std::ptrdiff_t>(values.size());
  chunk.bytes.resize(static_cast<std::size_t>(size * step));
  const std::ptrdiff_t offset = backwards && size > 0 ? (size - 1) * step : 0;
  std::byte* first = chunk.bytes.data() + offset;
  const std::ptrdiff_t stride = backwards ? -step : step;
  switch (type) {
    case ecgrt::SampleType::int16:
      write<std::int16_t>(values, divisor, stride, first);
      break;
    case ecgrt::SampleType::int32:
      write<std::int32_t>(values, divisor, stride, first);
      break;
    case ecgrt::SampleType::float32:
      write<float>(values, divisor, stride, first);
      break;
    case ecgrt::SampleType::float64:
      write<double>(values, divisor, stride, first);
  }
  chunk.signal = {first, type, stride, values.size()};
  return chunk;
}
