#include "tensorrt/cuda_resources.h"

#include <algorithm>
#include <string>

#include "errors.h"

namespace ecgrt::cuda {

void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) {
    return;
  }
  cudaGetLastError();  // or the next call would report it again
  throw BackendUnavailableError(std::string("CUDA failed: ") + call + ": " +
                                cudaGetErrorName(status) + " (" + cudaGetErrorString(status) + ")");
}

DeviceGuard::DeviceGuard(int device) noexcept : device_(device), previous_(device) {
  if (cudaGetDevice(&previous_) != cudaSuccess || previous_ != device_) {
    cudaSetDevice(device_);
  }
}

DeviceGuard::~DeviceGuard() {
  if (previous_ != device_) {
    cudaSetDevice(previous_);
  }
}

DeviceMemory allocate(std::size_t bytes, const char* purpose) {
  if (bytes == 0) {
    return nullptr;
  }
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    std::size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw BackendUnavailableError(
        "the GPU has too little memory: " + std::to_string(bytes >> 20U) + " MiB are needed for " +
        purpose + ", " + std::to_string(free >> 20U) + " of " + std::to_string(total >> 20U) +
        " MiB are free; a plan with smaller --max-seconds and --max-batch needs less");
  }
  check(status, "cudaMalloc");
  return DeviceMemory(memory);
}

PinnedFloats allocate_pinned(std::size_t count) {
  void* memory = nullptr;
  check(cudaMallocHost(&memory, count * sizeof(float)), "cudaMallocHost");
  PinnedFloats floats(static_cast<float*>(memory));
  std::fill_n(floats.get(), count, 0.0F);
  return floats;
}

Stream make_stream() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  return Stream(stream);
}

Event make_blocking_event() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, cudaEventBlockingSync | cudaEventDisableTiming),
        "cudaEventCreateWithFlags");
  return Event(event);
}

}  // namespace ecgrt::cuda
