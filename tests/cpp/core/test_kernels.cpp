// Each kernel of each instruction set against its definition. Buffers have exactly the sizes that
// the kernels may touch, so that AddressSanitizer sees a step beyond them.
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>

#include "check.h"
#include "problem.h"

namespace ecgrt {
namespace {

constexpr double kTolerance = 2e-5;      // of sums of order 1, in single precision
constexpr double kHalfTolerance = 1e-2;  // with weights' spectra of 11 bits
constexpr std::size_t kMostTiles = 13;

std::size_t divide_up(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// A convolution of stride 1 done by one Fourier kernel, as a backend would.
class FftConvolution {
 public:
  FftConvolution(const KernelTable& kernels, const FftKernel& fft, const Problem& problem)
      : kernels_(kernels),
        fft_(fft),
        planes_(static_cast<std::size_t>(kernels.planes)),
        problem_(problem),
        inputs_(problem.shape.inputs),
        panel_(static_cast<std::size_t>(kernels.panel)),
        panels_(divide_up(problem.shape.outputs, panel_)),
        bins_(static_cast<std::size_t>(fft.size) / 2),
        rows_per_tile_(static_cast<std::size_t>(fft.size) - problem.shape.taps + 1) {
    const std::size_t tiles = divide_up(problem.shape.rows, rows_per_tile_);
    input_ = problem.input;
    input_.resize(((tiles - 1) * rows_per_tile_ + static_cast<std::size_t>(fft.size)) * inputs_);
    weights_.resize(bins_ * panels_ * inputs_ * 2 * panel_);
    for (std::size_t p = 0; p < panels_; ++p) {
      for (std::size_t k = 0; k < inputs_; ++k) pack(p, k);
    }
  }

  // Weights in half precision from here on.
  void narrow() {
    halves_.resize(weights_.size());
    kernels_.narrow(weights_.data(), static_cast<std::ptrdiff_t>(weights_.size()), halves_.data());
  }

  // Tiles [first, last), output panels [first_panel, last_panel).
  void run(std::size_t first, std::size_t last, std::size_t first_panel, std::size_t last_panel,
           const Epilogue& epilogue) const {
    const std::size_t tiles = last - first, panels = last_panel - first_panel;
    const std::size_t count = panels * panel_;
    const std::size_t outputs = std::min(count, problem_.shape.outputs - first_panel * panel_);
    const std::size_t in_stride = tiles * planes_ * inputs_ + 16;
    const std::size_t out_stride = tiles * 2 * count + 48;
    std::vector<float> in(bins_ * in_stride - 16), out(bins_ * out_stride - 48);
    fft_.forward(input_.data() + first * rows_per_tile_ * inputs_, signed_(inputs_),
                 signed_(inputs_), signed_(tiles), signed_(rows_per_tile_), in.data(),
                 signed_(in_stride));
    for (std::size_t bin = 0; bin < bins_; ++bin) {
      const std::size_t at = (bin * panels_ + first_panel) * inputs_ * 2 * panel_;
      const float* x = in.data() + bin * in_stride;
      float* y = out.data() + bin * out_stride;
      if (halves_.empty()) {
        kernels_.multiply_f32(x, signed_(tiles), signed_(inputs_), weights_.data() + at,
                              signed_(outputs), y);
      } else {
        kernels_.multiply_f16(x, signed_(tiles), signed_(inputs_), halves_.data() + at,
                              signed_(outputs), y);
      }
    }
    fft_.inverse(out.data(), signed_(out_stride), signed_(first_panel * panel_), signed_(count),
                 signed_(tiles), signed_(first * rows_per_tile_), signed_(rows_per_tile_),
                 epilogue);
  }

  std::size_t panels() const { return panels_; }
  std::size_t rows_per_tile() const { return rows_per_tile_; }

 private:
  static std::ptrdiff_t signed_(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }

  void pack(std::size_t panel, std::size_t channel) {
    const Shape& shape = problem_.shape;
    std::vector<float> tile(static_cast<std::size_t>(fft_.size) * panel_);
    std::vector<float> spectrum(bins_ * planes_ * panel_);
    const std::size_t outputs = std::min(panel_, shape.outputs - panel * panel_);
    for (std::size_t tap = 0; tap < shape.taps; ++tap) {
      const auto from = problem_.weights.begin() +
                        signed_((tap * inputs_ + channel) * shape.outputs + panel * panel_);
      std::copy_n(from, outputs, tile.begin() + signed_(tap * panel_));
    }
    const std::ptrdiff_t width = kernels_.panel;
    fft_.forward(tile.data(), width, width, 1, 1, spectrum.data(), kernels_.planes * width);
    for (std::size_t bin = 0; bin < bins_; ++bin) {
      const std::size_t to = ((bin * panels_ + panel) * inputs_ + channel) * 2 * panel_;
      for (std::size_t n = 0; n < 2 * panel_; ++n) {  // the conjugate
        const float value = spectrum[bin * planes_ * panel_ + n];
        weights_[to + n] = n < panel_ ? value : -value;
      }
    }
  }

  const KernelTable& kernels_;
  const FftKernel& fft_;
  std::size_t planes_;
  const Problem& problem_;
  std::size_t inputs_, panel_, panels_, bins_, rows_per_tile_;
  std::vector<float> input_, weights_;
  std::vector<std::uint16_t> halves_;
};

// Runs one problem whole, then in parts, then with half-precision weights.
void check_fft(const KernelTable& kernels, const FftKernel& fft, Problem& problem,
               std::size_t tiles, const std::string& where) {
  FftConvolution convolution(kernels, fft, problem);
  const std::size_t panels = convolution.panels(), rows = convolution.rows_per_tile();
  convolution.run(0, tiles, 0, panels, problem.epilogue());
  problem.check(kTolerance, where);

  const Epilogue epilogue = problem.epilogue();
  const std::size_t first = tiles / 3, middle = std::max(tiles / 2, first + 1);
  for (const auto& [begin, end] : {std::pair{middle, tiles}, std::pair{first, middle}}) {
    if (begin == end) continue;
    for (std::size_t panel = panels; panel-- > 0;) {
      convolution.run(begin, end, panel, panel + 1, epilogue);
    }
  }
  problem.check(kTolerance, where + ", in parts", first * rows);

  if (!kernels.native_half) return;
  convolution.narrow();
  convolution.run(0, tiles, 0, panels, problem.epilogue());
  problem.check(kHalfTolerance, where + ", halves");
}

TEST(kernels, fourier_kernels_convolve) {
  std::mt19937 random(1);
  const std::size_t channels[] = {16, 32, 48};
  unsigned turn = 0;
  for (const KernelTable* kernels : kernel_tables()) {
    for (const FftKernel& fft : kernels->fft) {
      const auto size = static_cast<std::size_t>(fft.size);
      for (const std::size_t taps : {std::size_t{1}, size / 4, size / 2 + 1, size}) {
        for (std::size_t tiles = 1; tiles <= kMostTiles; ++tiles, ++turn) {
          const std::size_t rows = tiles * (size - taps + 1) - turn * 5 % (size - taps + 1);
          const Shape shape{taps, 1, channels[turn % 3], channels[turn / 3 % 3], rows};
          Problem problem(shape, Features(turn), random);
          check_fft(*kernels, fft, problem, tiles,
                    std::string(kernels->name) + ", fft" + std::to_string(size) + ", " +
                        std::to_string(taps) + " taps, " + std::to_string(tiles) + " tiles");
        }
      }
    }
  }
}

// [panel][depth][panel]
std::vector<float> pack_direct(const Problem& problem, std::size_t panel) {
  const std::size_t depth = problem.shape.taps * problem.shape.inputs;
  const std::size_t outputs = problem.shape.outputs;
  std::vector<float> packed(divide_up(outputs, panel) * depth * panel);
  for (std::size_t k = 0; k < depth; ++k) {
    for (std::size_t n = 0; n < outputs; ++n) {
      packed[(n / panel * depth + k) * panel + n % panel] = problem.weights[k * outputs + n];
    }
  }
  return packed;
}

TEST(kernels, direct_kernel_convolves) {
  std::mt19937 random(2);
  unsigned turn = 0;
  for (const KernelTable* kernels : kernel_tables()) {
    const auto panel = static_cast<std::size_t>(kernels->panel);
    for (const std::size_t inputs : {1, 16, 48}) {
      for (const std::size_t taps : {1, 3, 16, 33}) {
        for (std::size_t rows = 1; rows <= 3 * kMostTiles; rows += 1 + rows / 13, ++turn) {
          const Shape shape{taps, 1 + turn % 4, inputs, 16 * (1 + turn / 4 % 3), rows};
          Problem problem(shape, Features(turn), random);
          const std::vector<float> weights = pack_direct(problem, panel);
          const std::size_t panels = divide_up(shape.outputs, panel);
          const auto run = [&](std::size_t first_panel, std::size_t last_panel, std::size_t first,
                               std::size_t last, const Epilogue& epilogue) {
            kernels->direct(problem.input.data(),
                            static_cast<std::ptrdiff_t>(inputs * shape.stride),
                            static_cast<std::ptrdiff_t>(taps * inputs), weights.data(),
                            static_cast<std::ptrdiff_t>(first_panel),
                            static_cast<std::ptrdiff_t>(last_panel - first_panel),
                            static_cast<std::ptrdiff_t>(first),
                            static_cast<std::ptrdiff_t>(last - first), epilogue);
          };
          const std::string where = std::string(kernels->name) + ", direct, " +
                                    std::to_string(taps) + " taps, " + std::to_string(inputs) +
                                    " inputs, " + std::to_string(rows) + " rows";
          run(0, panels, 0, rows, problem.epilogue());
          problem.check(kTolerance, where);
          const Epilogue epilogue = problem.epilogue();
          for (std::size_t p = panels; p-- > 0;) run(p, p + 1, rows / 2, rows, epilogue);
          problem.check(kTolerance, where + ", in parts", rows / 2);
        }
      }
    }
  }
}

// Complex rows as a kernel takes them: real parts, imaginary parts and, in a third plane, their
// sum.
std::vector<float> complex_rows(std::size_t rows, std::size_t channels, int planes,
                                std::mt19937& random) {
  std::vector<float> values;
  for (std::size_t row = 0; row < rows; ++row) {
    const std::vector<float> parts = normals(2 * channels, 1.0, random);
    values.insert(values.end(), parts.begin(), parts.end());
    for (std::size_t k = 0; planes == 3 && k < channels; ++k) {
      values.push_back(parts[k] + parts[channels + k]);
    }
  }
  return values;
}

// Checks output = input * weights for complex rows, given the weights' values.
template <class Value>
void check_products(const std::vector<float>& input, const std::vector<float>& output,
                    std::size_t rows, std::size_t channels, std::size_t outputs, std::size_t panel,
                    const Value& weight, const std::string& where) {
  const std::size_t width = divide_up(outputs, panel) * panel, stride = input.size() / rows;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t n = 0; n < outputs; ++n) {
      std::complex<double> sum = 0;
      double magnitude = 0;
      for (std::size_t k = 0; k < channels; ++k) {
        const std::complex<double> x(input[row * stride + k], input[row * stride + channels + k]);
        const std::size_t at = ((n / panel * channels + k) * 2) * panel + n % panel;
        const std::complex<double> product =
            x * std::complex<double>(weight(at), weight(at + panel));
        sum += product;
        magnitude += std::abs(product);
      }
      const std::complex<double> found(output[row * 2 * width + n],
                                       output[(row * 2 + 1) * width + n]);
      CHECK_AT(std::abs(found - sum) <= 1e-6 * magnitude, where);
    }
  }
}

TEST(kernels, products_of_a_bin) {
  std::mt19937 random(3);
  std::uniform_int_distribution<unsigned> bits(0, 0x5bff);  // halves up to 255
  for (const KernelTable* kernels : kernel_tables()) {
    const auto panel = static_cast<std::size_t>(kernels->panel);
    for (std::size_t rows = 1; rows <= kMostTiles; ++rows) {
      const std::size_t channels = 16 * (1 + rows % 3), panels = 1 + rows / 3 % 3;
      const std::vector<float> input = complex_rows(rows, channels, kernels->planes, random);
      const std::vector<float> weights = normals(panels * channels * 2 * panel, 1.0, random);
      std::vector<std::uint16_t> halves(weights.size());
      for (auto& half : halves)
        half = static_cast<std::uint16_t>(bits(random) | random() % 2 << 15U);
      std::vector<float> output(rows * 2 * panels * panel);
      const std::string where = std::string(kernels->name) + ", " + std::to_string(rows) + " rows";
      // Half a panel is left out where a panel is so wide.
      const std::size_t outputs = panels * panel - (panel > 16 ? rows % 2 * 16 : 0);
      const auto r = static_cast<std::ptrdiff_t>(rows), c = static_cast<std::ptrdiff_t>(channels);
      kernels->multiply_f32(input.data(), r, c, weights.data(),
                            static_cast<std::ptrdiff_t>(outputs), output.data());
      check_products(
          input, output, rows, channels, outputs, panel,
          [&](std::size_t i) { return double{weights[i]}; }, where);
      kernels->multiply_f16(input.data(), r, c, halves.data(), static_cast<std::ptrdiff_t>(outputs),
                            output.data());
      check_products(
          input, output, rows, channels, outputs, panel,
          [&](std::size_t i) { return half_value(halves[i]); }, where + ", halves");
    }
  }
}

TEST(kernels, every_finite_half_is_read_exactly) {
  std::vector<std::uint16_t> halves;
  for (unsigned bits = 0; bits < 0x7c00; ++bits) {
    halves.push_back(static_cast<std::uint16_t>(bits));
    halves.push_back(static_cast<std::uint16_t>(bits | 0x8000U));
  }
  const auto count = static_cast<std::ptrdiff_t>(halves.size());
  for (const KernelTable* kernels : kernel_tables()) {
    std::vector<float> values(halves.size());
    kernels->widen(halves.data(), count, values.data());
    for (std::size_t i = 0; i < halves.size(); ++i) {
      CHECK_AT(values[i] == half_value(halves[i]) &&
                   std::signbit(values[i]) == ((halves[i] & 0x8000U) != 0),
               std::string(kernels->name) + ", half " + std::to_string(halves[i]));
    }
    CHECK((kernels->narrow != nullptr) == kernels->native_half);
    if (kernels->narrow == nullptr) continue;
    std::vector<std::uint16_t> again(halves.size());
    kernels->narrow(values.data(), count, again.data());
    CHECK(again == halves);
  }
}

TEST(kernels, halves_are_the_nearest) {
  std::mt19937 random(4);
  std::vector<float> values = normals(4096, 30.0, random);
  const float ties[] = {1 + 0x1p-11F, 1 + 3 * 0x1p-11F, -(2 + 0x1p-10F), 0x1p-25F};
  const double even[] = {1, 1 + 2 * 0x1p-10, -2, 0};
  std::copy(std::begin(ties), std::end(ties), values.begin());
  for (const KernelTable* kernels : kernel_tables()) {
    if (kernels->narrow == nullptr) continue;
    std::vector<std::uint16_t> halves(values.size());
    kernels->narrow(values.data(), static_cast<std::ptrdiff_t>(values.size()), halves.data());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double found = half_value(halves[i]);
      if (i < std::size(even)) CHECK(found == even[i]);
      const double step = std::ldexp(1.0, std::max(std::ilogb(values[i]), -14) - 10);
      CHECK(std::abs(found - values[i]) <= step / 2);
    }
  }
}

}  // namespace
}  // namespace ecgrt
