// A whole layer: packing, choice of the algorithm, division into tasks, rows of zeros around.
#include <algorithm>
#include <numeric>
#include <set>

#include "check.h"
#include "cpu/layers.h"
#include "problem.h"

namespace ecgrt {
namespace {

Blob blob(const std::vector<float>& values) {
  return {reinterpret_cast<const std::byte*>(values.data()), values.size(), NumberType::kFloat32};
}

// Runs a problem as a layer of a plan, its tasks in random order, and returns the algorithm.
// `weights` are the problem's own, whatever their type; `rounded`: the layer is handed bfloat16.
std::string run_layer(const KernelTable& kernels, Problem& problem, const Blob& weights,
                      std::size_t workers, std::size_t opt_rows, std::mt19937& random,
                      bool rounded = false) {
  const Shape& shape = problem.shape;
  CpuPlan plan;
  plan.tensors = {{1, 1, 0}, {shape.inputs, 1, 1}, {shape.outputs, shape.stride, 2}};
  plan.opt_samples = opt_rows * shape.stride;
  PlanConvolution convolution;
  convolution.input = 1;
  convolution.taps = shape.taps;
  convolution.stride = shape.stride;
  convolution.pad = (std::max(shape.taps, shape.stride) - shape.stride) / 2;
  convolution.weights = weights;
  convolution.bias = blob(problem.bias);
  if (problem.features.affine) {
    convolution.scale = blob(problem.scale);
    convolution.shift = blob(problem.shift);
  }
  ConvLayer layer(plan, convolution, rounded, kernels);
  layer.pack(convolution.weights);

  // The rows that the problem has around those of the plan's input are zeros.
  const std::size_t own = shape.rows * shape.stride, pad = convolution.pad;
  const std::size_t all = problem.input.size() / shape.inputs;
  const std::size_t behind = std::min(pad + own, all);
  std::fill_n(problem.input.begin(), pad * shape.inputs, 0.0F);
  std::fill(problem.input.begin() + static_cast<std::ptrdiff_t>(behind * shape.inputs),
            problem.input.end(), 0.0F);
  std::vector<float> input((layer.rows_before() + own + layer.rows_behind()) * shape.inputs);
  std::copy(problem.input.begin() + static_cast<std::ptrdiff_t>(pad * shape.inputs),
            problem.input.begin() + static_cast<std::ptrdiff_t>(behind * shape.inputs),
            input.begin() + static_cast<std::ptrdiff_t>(layer.rows_before() * shape.inputs));
  std::size_t before = layer.rows_before() * shape.inputs;  // in floats
  if (rounded) {
    std::vector<float> half(input.size() / 2);
    kernels.to_bfloat(input.data(), std::ssize(input),
                      reinterpret_cast<std::uint16_t*>(half.data()));
    input = half;
    before /= 2;
  }

  Epilogue epilogue = problem.epilogue();
  const Epilogue parameters = layer.epilogue();
  epilogue.bias = parameters.bias;
  epilogue.scale = parameters.scale;
  epilogue.shift = parameters.shift;
  const Tasks tasks = layer.divide(0, shape.rows, workers);
  std::vector<float> scratch(layer.scratch_floats(shape.rows));
  std::vector<std::size_t> order(tasks.count());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  for (const std::size_t task : order) {
    std::fill(scratch.begin(), scratch.end(), 777.0F);  // what another task left behind
    layer.run(tasks, task, input.data() + before, epilogue, scratch.data());
  }
  return layer.algorithm();
}

TEST(layers, any_shape_and_any_division) {
  std::mt19937 random(5);
  const std::size_t tap_counts[] = {1, 2, 3, 5, 7, 8, 15, 16, 17, 33, 70};
  const auto pick = [&](std::size_t low, std::size_t high) {
    return std::uniform_int_distribution<std::size_t>(low, high)(random);
  };
  for (const KernelTable* kernels : kernel_tables()) {
    std::set<std::string> algorithms;
    for (unsigned turn = 0; turn < 150; ++turn) {
      const std::size_t inputs = turn % 5 == 0 ? 1 : 16 * pick(1, 4);
      const Shape shape{tap_counts[pick(0, 10)], pick(1, 4), inputs, 16 * pick(1, 4), pick(1, 400)};
      Problem problem(shape, Features(turn), random);
      const std::size_t workers = pick(1, 5), opt_rows = pick(1, 3000);
      const std::string algorithm =
          run_layer(*kernels, problem, blob(problem.weights), workers, opt_rows, random);
      algorithms.insert(algorithm);
      problem.check(3e-5, std::string(kernels->name) + ", " + algorithm + ", " +
                              std::to_string(shape.taps) + " taps, stride " +
                              std::to_string(shape.stride) + ", " + std::to_string(inputs) +
                              " inputs, " + std::to_string(workers) + " workers");
    }
    CHECK_AT(algorithms.contains("direct"), std::string(kernels->name));
    CHECK_AT(algorithms.size() >= 3, std::string(kernels->name));
  }
}

// Whatever the shape, and with weights of more than a megabyte; the problem's numbers are rounded
// before, so that the layer rounds nothing.
TEST(layers, bfloat_weights_run_on_tiles) {
  std::mt19937 random(8);
  const std::size_t tap_counts[] = {1, 2, 3, 5, 7, 15, 16, 17, 70};
  const auto pick = [&](std::size_t low, std::size_t high) {
    return std::uniform_int_distribution<std::size_t>(low, high)(random);
  };
  for (const KernelTable* kernels : kernel_tables()) {
    for (unsigned turn = 0; turn < 100; ++turn) {
      const bool large = turn % 20 == 0;
      const std::size_t inputs = turn % 5 == 1 ? 1 : 16 * (large ? 16 : pick(1, 4));
      const Shape shape{large ? 16 : tap_counts[pick(0, 8)], pick(1, 4), inputs,
                        16 * (large ? 15 : pick(1, 4)), pick(1, large ? 40 : 1200)};
      Problem problem(shape, Features(turn), random);
      round_to_bfloat(problem.input);
      round_to_bfloat(problem.weights);
      std::vector<std::uint16_t> bits(problem.weights.size());
      kernels->to_bfloat(problem.weights.data(), static_cast<std::ptrdiff_t>(bits.size()),
                         bits.data());
      const Blob weights{reinterpret_cast<const std::byte*>(bits.data()), bits.size(),
                         NumberType::kBfloat16};
      const std::size_t workers = pick(1, 5);
      const std::string where = std::string(kernels->name) + ", turn " + std::to_string(turn);
      const std::size_t depth = (shape.taps + shape.stride - 1) / shape.stride * shape.stride;
      const bool rounded = inputs > 1 && depth * inputs % kTileDepth == 0;
      CHECK_AT(run_layer(*kernels, problem, weights, workers, 60, random, rounded) == "tiles",
               where);
      problem.check(3e-5, where);
    }
  }
}

// Weights of more than a megabyte: then the workers share out panels, not time steps.
TEST(layers, large_weights_are_shared_out) {
  std::mt19937 random(6);
  for (const KernelTable* kernels : kernel_tables()) {
    for (const std::size_t workers : {1, 2, 3, 7}) {
      Problem problem({16, 1, 128, 144, 60}, Features(11), random);
      const std::string algorithm =
          run_layer(*kernels, problem, blob(problem.weights), workers, 60, random);
      problem.check(3e-5, std::string(kernels->name) + ", " + algorithm + ", " +
                              std::to_string(workers) + " workers");
    }
  }
}

}  // namespace
}  // namespace ecgrt
