// What a CPU plan says: metadata, tensors, convolutions, and where its numbers are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "metadata.h"
#include "plan_source.h"

namespace ecgrt {

enum class NumberType { kFloat32, kFloat16, kBfloat16 };

// Numbers of a plan.
struct Blob {
  const std::byte* data = nullptr;
  std::size_t count = 0;
  NumberType type = NumberType::kFloat32;
  std::size_t offset = 0;  // in the file
  std::uint64_t hash = 0;  // of its bytes with the padding behind them

  const float* floats() const { return reinterpret_cast<const float*>(data); }
  const std::uint16_t* halves() const { return reinterpret_cast<const std::uint16_t*>(data); }
  bool is(NumberType other) const { return type == other; }
  std::size_t number_size() const { return is(NumberType::kFloat32) ? 4 : 2; }
  std::size_t size() const { return count * number_size(); }
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
  Blob weights;  // (taps, in, out); without data until load_weights
  Blob bias;
  Blob scale, shift;  // empty where there is no affine map
};

struct CpuPlan {
  Metadata metadata;
  std::string training_records;  // names separated by spaces
  std::size_t opt_samples = 0;
  bool bfloat = false;              // some weights are
  std::vector<PlanTensor> tensors;  // tensor 0 is the input
  std::vector<PlanConvolution> convolutions;
  std::size_t logits = 0;
  std::size_t classes = 0;
  Blob golden_input, golden_probabilities;
  std::shared_ptr<const ByteBuffer> content;  // what blobs with data point into
};

}  // namespace ecgrt
