#include "tensorrt/execution_slot.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "errors.h"
#include "tensorrt/log.h"
#include "tensorrt/runtime_settings.h"

namespace ecgrt {
namespace {

// A context and a graph take a few hundred kB of GPU memory each; records of one recorder have few
// lengths.
constexpr std::size_t kMaxShapes = 96;

void check_tensorrt(bool done, const char* call) {
  if (!done) {
    throw_tensorrt_failure(std::string("TensorRT failed: ") + call);
  }
}

}  // namespace

ExecutionSlot::ExecutionSlot(Engine& engine, const SlotOptions& options)
    : engine_(engine),
      options_(options),
      samples_per_segment_(engine.metadata().samples_per_segment),
      outputs_(engine.metadata().outputs()),
      stream_(cuda::make_stream()),
      done_(options.spin ? nullptr : cuda::make_blocking_event()) {
  const std::size_t segments = engine.limits().max_batch * engine.limits().max_segments;
  const std::size_t samples = segments * samples_per_segment_;
  host_input_ = cuda::allocate_pinned(samples);
  host_output_ = cuda::allocate_pinned(segments * outputs_);
  input_ = cuda::allocate(samples * sizeof(float), "the signal");
  output_ = cuda::allocate(segments * outputs_ * sizeof(float), "the answers");
  activations_ = cuda::allocate(engine.activation_bytes(), "the network's activations");
  shapes_.reserve(kMaxShapes);
}

// A run that failed half way may still be copying.
ExecutionSlot::~ExecutionSlot() { cudaStreamSynchronize(stream_.get()); }

void ExecutionSlot::run(std::span<const Window> windows) {
  order_.resize(windows.size());
  std::iota(order_.begin(), order_.end(), 0U);
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return windows[a].segments() < windows[b].segments();
  });
  const std::span<const std::uint32_t> order(order_);
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    const std::size_t segments = windows[order[begin]].segments();
    const std::size_t most = std::min(order.size(), begin + engine_.limits().max_batch);
    for (end = begin + 1; end < most && windows[order[end]].segments() == segments; ++end) {
    }
    run_batch(windows, order.subspan(begin, end - begin));
  }
}

void ExecutionSlot::run_batch(std::span<const Window> windows,
                              std::span<const std::uint32_t> batch) {
  const std::size_t segments = windows[batch.front()].segments();
  const Shape& shape = shaped(batch.size(), segments);
  const std::size_t samples = segments * samples_per_segment_;
  const std::size_t answers = segments * outputs_;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    std::copy_n(windows[batch[i]].samples(), samples, host_input_.get() + i * samples);
  }
  if (shape.graph) {
    cuda::check(cudaGraphLaunch(shape.graph.get(), stream_.get()), "cudaGraphLaunch");
  } else {
    enqueue(shape);
  }
  wait();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    std::copy_n(host_output_.get() + i * answers, answers, windows[batch[i]].answers());
  }
}

ExecutionSlot::Shape& ExecutionSlot::shaped(std::size_t batch, std::size_t segments) {
  auto found = std::find_if(shapes_.begin(), shapes_.end(), [&](const Shape& shape) {
    return shape.batch == batch && shape.segments == segments;
  });
  if (found == shapes_.end()) {
    if (shapes_.size() == kMaxShapes) {
      shapes_.erase(
          std::min_element(shapes_.begin(), shapes_.end(),
                           [](const Shape& a, const Shape& b) { return a.last_use < b.last_use; }));
    }
    const auto lock = engine_.exclusive();
    // In its place before anything is enqueued: what fails then may still be at work on the stream,
    // and the slot waits for that before its shapes go.
    shapes_.push_back({batch, segments, 0, engine_.create_context(), nullptr});
    found = shapes_.end() - 1;
    set_up(*found);
  }
  found->last_use = ++uses_;
  return *found;
}

void ExecutionSlot::set_up(Shape& shape) {
  nvinfer1::IExecutionContext& context = *shape.context;
  const auto batch = static_cast<std::int64_t>(shape.batch);
  const auto segments = static_cast<std::int64_t>(shape.segments);
  const auto samples = static_cast<std::int64_t>(shape.segments * samples_per_segment_);
  context.setDeviceMemoryV2(activations_.get(),
                            static_cast<std::int64_t>(engine_.activation_bytes()));
  check_tensorrt(context.setInputShape(engine_.input(), nvinfer1::Dims3(batch, samples, 1)),
                 "setInputShape");
  check_tensorrt(context.setTensorAddress(engine_.input(), input_.get()), "setTensorAddress");
  check_tensorrt(context.setTensorAddress(engine_.output(), output_.get()), "setTensorAddress");
  const nvinfer1::Dims answer = context.getTensorShape(engine_.output());
  if (answer.nbDims != 3 || answer.d[0] != batch || answer.d[1] != segments ||
      answer.d[2] != static_cast<std::int64_t>(outputs_)) {
    throw PlanError("the plan's network does not answer " + std::to_string(segments) +
                    " segments of " + std::to_string(samples_per_segment_) + " samples with " +
                    std::to_string(outputs_) + " answers each, as its metadata says");
  }
  // What TensorRT puts off to the first run must be over before a capture.
  enqueue(shape);
  wait();
  shape.graph = capture(shape);
  engine_.save_compiled_kernels();
}

void ExecutionSlot::enqueue(const Shape& shape) {
  const std::size_t segments = shape.batch * shape.segments;
  cuda::check(cudaMemcpyAsync(input_.get(), host_input_.get(),
                              segments * samples_per_segment_ * sizeof(float),
                              cudaMemcpyHostToDevice, stream_.get()),
              "cudaMemcpyAsync to the GPU");
  check_tensorrt(shape.context->enqueueV3(stream_.get()), "enqueueV3");
  cuda::check(
      cudaMemcpyAsync(host_output_.get(), output_.get(), segments * outputs_ * sizeof(float),
                      cudaMemcpyDeviceToHost, stream_.get()),
      "cudaMemcpyAsync from the GPU");
}

// Null wherever a step does not work: then every run is enqueued, which is slower but as right.
cuda::GraphExec ExecutionSlot::capture(const Shape& shape) {
  cudaStream_t stream = stream_.get();
  // Of this thread only: others may allocate meanwhile.
  if (!options_.graphs || !is_capturable(*shape.context, stream) ||
      cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal) != cudaSuccess) {
    cudaGetLastError();
    return nullptr;
  }
  bool enqueued = true;
  try {
    enqueue(shape);
  } catch (const BackendUnavailableError&) {
    enqueued = false;
  }
  cudaGraph_t captured = nullptr;
  cudaGraphExec_t runnable = nullptr;
  const bool ended = cudaStreamEndCapture(stream, &captured) == cudaSuccess;
  const cuda::Graph graph(captured);
  if (!enqueued || !ended || cudaGraphInstantiate(&runnable, captured, 0) != cudaSuccess) {
    cudaGetLastError();
    return nullptr;
  }
  return cuda::GraphExec(runnable);
}

void ExecutionSlot::wait() {
  if (options_.spin) {
    cudaError_t status = cudaErrorNotReady;
    while (status == cudaErrorNotReady) {
      status = cudaStreamQuery(stream_.get());
    }
    cuda::check(status, "the run on the GPU");
  } else {
    cuda::check(cudaEventRecord(done_.get(), stream_.get()), "cudaEventRecord");
    cuda::check(cudaEventSynchronize(done_.get()), "the run on the GPU");
  }
}

}  // namespace ecgrt
