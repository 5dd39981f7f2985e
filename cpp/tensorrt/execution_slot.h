// One stream and everything that a batch of records needs to run on it.
#pragma once

#include <NvInferRuntime.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backend.h"
#include "tensorrt/cuda_resources.h"
#include "tensorrt/engine.h"

namespace ecgrt {

// How a slot waits and launches; see docs/tensorrt.md.
struct SlotOptions {
  bool spin = true;    // asking the GPU all the time answers soonest and takes a core meanwhile
  bool graphs = true;  // one launch per batch in place of one per kernel
};

// Serves one thread at a time. Its device must be current.
class ExecutionSlot {
 public:
  ExecutionSlot(Engine& engine, const SlotOptions& options);
  ExecutionSlot(const ExecutionSlot&) = delete;
  ExecutionSlot& operator=(const ExecutionSlot&) = delete;
  ~ExecutionSlot();

  // Runs the windows, those of equal length together. After an exception the slot is of no more
  // use. Allocates nothing when the same lengths were run before.
  void run(std::span<const Window> windows);

  // Makes a later run() of this shape as fast as it gets.
  void prepare(std::size_t batch, std::size_t segments) { shaped(batch, segments); }

 private:
  // TensorRT asks for one context per captured graph, for a context that changes its shape also
  // changes what the graph reads. So each shape keeps a context of its own; they share the memory
  // for activations, since a slot runs one batch at a time.
  struct Shape {
    std::size_t batch = 0;
    std::size_t segments = 0;
    std::uint64_t last_use = 0;
    std::unique_ptr<nvinfer1::IExecutionContext> context;
    cuda::GraphExec graph;  // null where the run cannot be captured
  };

  void run_batch(std::span<const Window> windows, std::span<const std::uint32_t> batch);
  Shape& shaped(std::size_t batch, std::size_t segments);
  void set_up(Shape& shape);
  void enqueue(const Shape& shape);
  cuda::GraphExec capture(const Shape& shape);
  void wait();

  Engine& engine_;
  const SlotOptions options_;
  const std::size_t samples_per_segment_;
  const std::size_t outputs_;
  cuda::Stream stream_;
  cuda::Event done_;
  cuda::PinnedFloats host_input_, host_output_;
  cuda::DeviceMemory input_, output_, activations_;
  std::vector<Shape> shapes_;  // behind what their graphs use, so that it goes first
  std::vector<std::uint32_t> order_;
  std::uint64_t uses_ = 0;
};

}  // namespace ecgrt
