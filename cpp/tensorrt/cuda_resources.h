// CUDA handles that free themselves, and the check of every CUDA status.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <type_traits>

namespace ecgrt::cuda {

// Throws BackendUnavailableError that names the call and CUDA's error.
void check(cudaError_t status, const char* call);

// Makes a device the calling thread's current one and puts back what was current, for the thread
// is the caller's. Reports nothing: a device that is gone shows in the next call.
class DeviceGuard {
 public:
  explicit DeviceGuard(int device) noexcept;
  DeviceGuard(const DeviceGuard&) = delete;
  DeviceGuard& operator=(const DeviceGuard&) = delete;
  ~DeviceGuard();

 private:
  int device_;
  int previous_;
};

// Nothing can be done about a handle that does not want to be freed, so the deleters ignore it.
struct Free {
  void operator()(void* device_memory) const noexcept { cudaFree(device_memory); }
};
struct FreeHost {
  void operator()(float* pinned_memory) const noexcept { cudaFreeHost(pinned_memory); }
};
struct Destroy {
  void operator()(cudaStream_t stream) const noexcept { cudaStreamDestroy(stream); }
  void operator()(cudaEvent_t event) const noexcept { cudaEventDestroy(event); }
  void operator()(cudaGraph_t graph) const noexcept { cudaGraphDestroy(graph); }
  void operator()(cudaGraphExec_t graph) const noexcept { cudaGraphExecDestroy(graph); }
};

using DeviceMemory = std::unique_ptr<void, Free>;
using PinnedFloats = std::unique_ptr<float[], FreeHost>;
using Stream = std::unique_ptr<std::remove_pointer_t<cudaStream_t>, Destroy>;
using Event = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, Destroy>;
using Graph = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, Destroy>;
using GraphExec = std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, Destroy>;

// Null for 0 bytes. Throws BackendUnavailableError that tells how much is free where it is too
// little; `purpose` says what the memory is for.
DeviceMemory allocate(std::size_t bytes, const char* purpose);
PinnedFloats allocate_pinned(std::size_t count);  // zeros

Stream make_stream();
Event make_blocking_event();

}  // namespace ecgrt::cuda
