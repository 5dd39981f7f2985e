// Random convolutions with their epilogues, and what they are by definition.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "cpu/kernels.h"

namespace ecgrt {

struct Shape {
  std::size_t taps = 1, stride = 1;
  std::size_t inputs = kChannelMultiple, outputs = kChannelMultiple;
  std::size_t rows = 1;  // of output
};

// What follows the convolution, chosen by the bits of a number, so that a loop meets every mix.
struct Features {
  explicit Features(unsigned bits)
      : raw(bits % 3 != 1),
        activated(bits % 3 != 0),
        affine(bits / 3 % 2 == 1),
        residual(bits / 6 % 2 == 1),
        narrow_residual(bits / 12 % 2 == 1),
        pool(1 + bits / 6 % 4) {}
  bool raw, activated, affine, residual, narrow_residual;
  std::size_t pool;
};

class Problem {
 public:
  Problem(const Shape& shape, const Features& features, std::mt19937& random);

  // An epilogue that writes into this problem's outputs, which are filled with a mark first.
  Epilogue epilogue();
  // Compares the outputs with the definition, and sees that rows before `first_row` were left.
  void check(double tolerance, const std::string& where, std::size_t first_row = 0) const;

  Shape shape;
  Features features;
  std::vector<float> input;    // ((rows - 1) * stride + taps, inputs)
  std::vector<float> weights;  // (taps, inputs, outputs)
  std::vector<float> bias, scale, shift;
  std::vector<float> residual;  // (rows * pool, residual_channels)
  std::size_t residual_channels = 0;
  std::vector<float> raw, activated;  // (rows, outputs)

 private:
  double value(std::size_t row, std::size_t channel) const;
};

std::vector<float> normals(std::size_t count, double deviation, std::mt19937& random);

// The kernels of every instruction set that this processor runs.
std::vector<const KernelTable*> kernel_tables();

// IEEE half precision, bit by bit.
double half_value(unsigned bits);

// The nearest number of 8 binary places and a single's exponent, by arithmetic; of two the even
// one.
float bfloat_value(float value);
void round_to_bfloat(std::vector<float>& values);

}  // namespace ecgrt
