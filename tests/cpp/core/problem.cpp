#include "problem.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "check.h"
#include "cpu/dispatch.h"

namespace ecgrt {
namespace {

constexpr float kMark = -12345.0F;  // nothing that a convolution here gives

}  // namespace

Problem::Problem(const Shape& given, const Features& wanted, std::mt19937& random)
    : shape(given), features(wanted) {
  const std::size_t depth = shape.taps * shape.inputs;
  input = normals(((shape.rows - 1) * shape.stride + shape.taps) * shape.inputs, 1.0, random);
  weights = normals(depth * shape.outputs, 1 / std::sqrt(static_cast<double>(depth)), random);
  bias = normals(shape.outputs, 1.0, random);
  scale = normals(shape.outputs, 1.0, random);
  shift = normals(shape.outputs, 1.0, random);
  residual_channels = features.narrow_residual ? kChannelMultiple : shape.outputs;
  residual = normals(shape.rows * features.pool * residual_channels, 1.0, random);
  raw.assign(shape.rows * shape.outputs, kMark);
  activated = raw;
}

Epilogue Problem::epilogue() {
  std::fill(raw.begin(), raw.end(), kMark);
  std::fill(activated.begin(), activated.end(), kMark);
  Epilogue epilogue{};
  epilogue.bias = bias.data();
  if (features.residual) {
    epilogue.residual = residual.data();
    epilogue.residual_channels = static_cast<std::ptrdiff_t>(residual_channels);
    epilogue.pool = static_cast<std::ptrdiff_t>(features.pool);
  }
  if (features.raw) epilogue.raw = raw.data();
  if (features.activated) epilogue.activated = activated.data();
  if (features.affine) {
    epilogue.scale = scale.data();
    epilogue.shift = shift.data();
  }
  epilogue.channels = static_cast<std::ptrdiff_t>(shape.outputs);
  epilogue.rows = static_cast<std::ptrdiff_t>(shape.rows);
  return epilogue;
}

double Problem::value(std::size_t row, std::size_t channel) const {
  const float* x = input.data() + row * shape.stride * shape.inputs;
  double sum = bias[channel];
  for (std::size_t k = 0; k < shape.taps * shape.inputs; ++k) {
    sum += double{x[k]} * double{weights[k * shape.outputs + channel]};
  }
  if (features.residual && channel < residual_channels) {
    float pooled = -HUGE_VALF;
    for (std::size_t i = 0; i < features.pool; ++i) {
      pooled = std::max(pooled, residual[(row * features.pool + i) * residual_channels + channel]);
    }
    sum += pooled;
  }
  return sum;
}

void Problem::check(double tolerance, const std::string& where, std::size_t first_row) const {
  for (std::size_t row = 0; row < shape.rows; ++row) {
    for (std::size_t channel = 0; channel < shape.outputs; ++channel) {
      const std::size_t at = row * shape.outputs + channel;
      const std::string place =
          where + ", row " + std::to_string(row) + ", channel " + std::to_string(channel);
      const bool written = row >= first_row;
      const double expected = written ? value(row, channel) : 0;
      double relu = features.affine ? expected * scale[channel] + shift[channel] : expected;
      relu = std::max(relu, 0.0);
      const bool raw_wanted = written && features.raw;
      CHECK_AT(raw_wanted ? std::abs(raw[at] - expected) <= tolerance : raw[at] == kMark, place);
      const bool relu_wanted = written && features.activated;
      CHECK_AT(
          relu_wanted ? std::abs(activated[at] - relu) <= 4 * tolerance : activated[at] == kMark,
          place);
    }
  }
}

std::vector<float> normals(std::size_t count, double deviation, std::mt19937& random) {
  std::normal_distribution<double> normal(0.0, deviation);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(normal(random));
  return values;
}

std::vector<const KernelTable*> kernel_tables() {
  std::vector<const KernelTable*> tables;
  for (const std::string& isa : supported_isas()) {
    ::setenv("ECGRT_FORCE_ISA", isa.c_str(), 1);
    tables.push_back(&select_kernels());
    if (tables.back()->name != isa) throw std::logic_error("another instruction set than " + isa);
  }
  ::unsetenv("ECGRT_FORCE_ISA");
  return tables;
}

double half_value(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 10U & 31U);
  const double fraction = static_cast<double>(bits & 1023U) / 1024;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -14) : std::ldexp(1 + fraction, exponent - 15);
  return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
}

float bfloat_value(float value) {
  int exponent = 0;
  const double fraction = std::frexp(double{value}, &exponent);  // what is no number stays so
  return static_cast<float>(std::ldexp(std::nearbyint(fraction * 256), exponent - 8));
}

void round_to_bfloat(std::vector<float>& values) {
  for (float& value : values) value = bfloat_value(value);
}

}  // namespace ecgrt
