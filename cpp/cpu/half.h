// IEEE half precision, one number at a time, for loading; kernels have their own vector forms.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace ecgrt {

inline float half_to_float(std::uint16_t half) {
  // The half's bits, moved into a float, are off by 2^112; exact for every finite value.
  const float magnitude = std::bit_cast<float>((half & 0x7fffU) << 13) * 0x1p112F;
  return (half & 0x8000U) != 0 ? -magnitude : magnitude;
}

// Rounds to nearest, ties to even; `value` must fit.
inline std::uint16_t float_to_half(float value) {
  const float magnitude = std::fabs(value);
  const std::uint32_t sign = std::signbit(value) ? 0x8000U : 0U;
  if (magnitude < 0x1p-14F) {  // subnormal: a multiple of 2^-24, which nearbyint rounds to
    return static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(std::nearbyint(magnitude * 0x1p24F)));
  }
  const auto bits = std::bit_cast<std::uint32_t>(magnitude * 0x1p-112F);
  const std::uint32_t rounded = (bits + 0xfffU + ((bits >> 13) & 1U)) >> 13;
  return static_cast<std::uint16_t>(sign | rounded);
}

template <class Weight>
Weight convert_weight(float value);
template <>
inline float convert_weight<float>(float value) {
  return value;
}
template <>
inline std::uint16_t convert_weight<std::uint16_t>(float value) {
  return float_to_half(value);
}

}  // namespace ecgrt
