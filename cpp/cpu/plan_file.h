// Plans on disk. Only this file and src/ecgrt/compile/cpu_plan.py know a CPU plan's byte layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "errors.h"
#include "mapped_file.h"
#include "metadata.h"

namespace ecgrt {

constexpr std::uint32_t kPlanFormatVersion = 1;

// Numbers inside the mapped file, single or half precision.
struct Blob {
  const std::byte* data = nullptr;
  std::size_t count = 0;
  bool half = false;

  const float* floats() const { return reinterpret_cast<const float*>(data); }
  const std::uint16_t* halves() const { return reinterpret_cast<const std::uint16_t*>(data); }
  std::span<const std::byte> bytes() const { return {data, count * (half ? 2 : 4)}; }
};

// A tensor of (time, channels); `rate` is in input samples per row. Tensors that are never alive at
// the same time share a slot of memory; a sum may also replace the residual that it reads.
struct PlanTensor {
  std::size_t channels = 0;
  std::size_t rate = 0;
  std::size_t slot = 0;
};

constexpr std::size_t kNoTensor = static_cast<std::size_t>(-1);

// raw = convolution + bias [+ max-pooled residual]; activated = relu(raw [* scale + shift]).
struct PlanConvolution {
  std::string name;
  std::size_t input = 0, residual = kNoTensor, raw = kNoTensor, activated = kNoTensor;
  std::size_t taps = 0, stride = 1, pad = 0, pool = 1;
  Blob weights;  // (taps, in, out)
  Blob bias;
  Blob scale, shift;  // without data where there is no affine map
};

struct CpuPlan {
  Metadata metadata;
  std::string training_records;  // names separated by spaces
  std::size_t opt_samples = 0;
  std::vector<PlanTensor> tensors;  // tensor 0 is the input
  std::vector<PlanConvolution> convolutions;
  std::size_t logits = 0;
  std::size_t classes = 0;
  Blob golden_input, golden_probabilities;
  std::uint64_t weights_checksum = 0;  // what the weights of all convolutions must add up to
};

bool is_cpu_plan(std::span<const std::byte> bytes);

// Reads a plan and checks all but its weights; its blobs point into `file`. Throws PlanError.
CpuPlan read_cpu_plan(const MappedFile& file);

// A plan's checksum is the sum of its parts' checksums. Weights are left to whoever reads them
// anyway: most of the time that checking takes is fetching them.
std::uint64_t checksum(const MappedFile& file, std::span<const std::byte> part);

// What to throw if a checksum does not match.
PlanError damaged(const MappedFile& file);

}  // namespace ecgrt
