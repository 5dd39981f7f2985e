// A CUDA runtime in host memory. Streams work when they are waited for, as late as they may.
#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "fake.h"

namespace fake {
namespace {

using Work = std::function<void()>;
using Memory = std::map<const char*, std::size_t>;  // start and size of each block

std::mutex memory_mutex;  // guards what follows
Memory device_memory, pinned_memory;

thread_local int captures = 0;  // under way in this thread

bool holds(const Memory& memory, const void* start, std::size_t bytes) {
  const std::lock_guard lock(memory_mutex);
  const auto* address = static_cast<const char*>(start);
  auto next = memory.upper_bound(address);
  if (next == memory.begin()) return false;
  const auto& [begin, size] = *--next;
  return address + bytes <= begin + size;
}

cudaError_t take(Memory& memory, void** block, std::size_t bytes) {
  const std::lock_guard lock(memory_mutex);
  *block = std::malloc(bytes);
  memory[static_cast<const char*>(*block)] = bytes;
  count_object("memory", 1);
  return cudaSuccess;
}

cudaError_t give_back(Memory& memory, void* block) {
  const std::lock_guard lock(memory_mutex);
  if (memory.erase(static_cast<const char*>(block)) == 0) breach("memory freed that is not there");
  std::free(block);
  count_object("memory", -1);
  return cudaSuccess;
}

void forbid_while_capturing(const char* call) {
  if (captures > 0) breach(std::string(call) + " while the thread captures a graph");
}

}  // namespace

bool is_device_memory(const void* start, std::size_t bytes) {
  return holds(device_memory, start, bytes);
}

bool is_pinned_memory(const void* start, std::size_t bytes) {
  return holds(pinned_memory, start, bytes);
}

}  // namespace fake

using fake::Call;
using fake::Tracked;

struct CUgraph_st {
  Tracked tracked{"graph"};
  std::vector<fake::Work> work;
};

struct CUgraphExec_st {
  Tracked tracked{"graph exec"};
  std::vector<fake::Work> work;
};

struct CUevent_st {
  Tracked tracked{"event"};
  cudaStream_t stream = nullptr;
};

struct CUstream_st {
  Tracked tracked{"stream"};
  std::vector<fake::Work> pending;
  CUgraph_st* captured = nullptr;
  int polls = 0;

  void finish() {
    for (const fake::Work& work : std::exchange(pending, {})) work();
  }
};

bool fake::is_capturing(cudaStream_t stream) { return stream->captured != nullptr; }

void fake::push(cudaStream_t stream, std::function<void()> work) {
  stream->tracked.touch();
  auto& queue = stream->captured != nullptr ? stream->captured->work : stream->pending;
  queue.push_back(std::move(work));
}

cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorName(cudaError_t) { return "cudaErrorFake"; }
const char* cudaGetErrorString(cudaError_t) { return "a pretended failure"; }

cudaError_t cudaDriverGetVersion(int* version) {
  *version = fake::world.driver;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = fake::world.runtime;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = fake::world.devices;
  return fake::world.device_count_status;
}

cudaError_t cudaGetDevice(int* device) {
  *device = fake::current_device;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  if (device >= fake::world.devices) return cudaErrorInvalidDevice;
  fake::current_device = device;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  const Call call("cudaGetDeviceProperties");
  std::snprintf(properties->name, sizeof properties->name, "Fake GPU %d", device);
  return call.status();
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *free = fake::world.free_memory;
  *total = std::size_t{2} << 30U;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  const Call call("cudaMalloc");
  fake::forbid_while_capturing("cudaMalloc");
  if (call.fails()) return call.status();
  if (bytes > fake::world.free_memory) return cudaErrorMemoryAllocation;
  return fake::take(fake::device_memory, memory, bytes);
}

cudaError_t cudaFree(void* memory) {
  const Call call("cudaFree");
  fake::forbid_while_capturing("cudaFree");
  return fake::give_back(fake::device_memory, memory);
}

cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  const Call call("cudaMallocHost");
  if (call.fails()) return call.status();
  return fake::take(fake::pinned_memory, memory, bytes);
}

cudaError_t cudaFreeHost(void* memory) {
  const Call call("cudaFreeHost");
  return fake::give_back(fake::pinned_memory, memory);
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  const Call call(kind == cudaMemcpyHostToDevice ? "cudaMemcpyAsync up" : "cudaMemcpyAsync down");
  const bool up = kind == cudaMemcpyHostToDevice;
  if (!fake::is_device_memory(up ? to : from, bytes)) fake::breach("copy outside GPU memory");
  if (!fake::is_pinned_memory(up ? from : to, bytes)) fake::breach("copy outside pinned memory");
  if (!call.fails()) fake::push(stream, [=] { std::memcpy(to, from, bytes); });
  return call.status();
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned int flags) {
  const Call call("cudaStreamCreateWithFlags");
  if (flags != cudaStreamNonBlocking) fake::breach("a stream that waits for the default stream");
  if (!call.fails()) *stream = new CUstream_st;
  return call.status();
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Call call("cudaStreamDestroy");
  if (!stream->pending.empty()) fake::breach("a stream is destroyed at work");
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  const Call call("cudaStreamQuery");
  fake::forbid_while_capturing("cudaStreamQuery");
  stream->tracked.touch();
  if (call.fails()) return call.status();
  if (!stream->pending.empty() && ++stream->polls % 3 != 0) return cudaErrorNotReady;
  stream->finish();
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const Call call("cudaStreamSynchronize");
  fake::forbid_while_capturing("cudaStreamSynchronize");
  stream->tracked.touch();
  stream->finish();
  return call.status();
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  const Call call("cudaEventCreateWithFlags");
  if ((flags & cudaEventBlockingSync) == 0) fake::breach("an event that spins");
  if (!call.fails()) *event = new CUevent_st;
  return call.status();
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const Call call("cudaEventDestroy");
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const Call call("cudaEventRecord");
  event->stream = stream;
  return call.status();
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const Call call("cudaEventSynchronize");
  if (!call.fails()) event->stream->finish();
  return call.status();
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  const Call call("cudaStreamBeginCapture");
  if (mode != cudaStreamCaptureModeThreadLocal) fake::breach("a capture that others can break");
  if (!stream->pending.empty()) fake::breach("a capture on a stream at work");
  if (!call.fails()) {
    stream->captured = new CUgraph_st;
    ++fake::captures;
  }
  return call.status();
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const Call call("cudaStreamEndCapture");
  --fake::captures;
  *graph = std::exchange(stream->captured, nullptr);
  if (call.fails()) delete std::exchange(*graph, nullptr);
  return call.status();
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  const Call call("cudaGraphInstantiate");
  if (!call.fails())
    *exec = new CUgraphExec_st{.tracked = Tracked("graph exec"), .work = graph->work};
  return call.status();
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  const Call call("cudaGraphLaunch");
  exec->tracked.touch();
  if (!call.fails()) {
    for (const fake::Work& work : exec->work) fake::push(stream, work);
  }
  return call.status();
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  const Call call("cudaGraphDestroy");
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  const Call call("cudaGraphExecDestroy");
  delete exec;
  return cudaSuccess;
}
