// The machine that the fakes pretend to be, and what they saw. A breach of TensorRT's or CUDA's
// contract ends the process, naming it.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fake {

using Shape = std::array<std::int64_t, 3>;

// What deserialising the plan gives.
struct EngineSpec {
  std::string name;  // of the network: the metadata
  Shape min, opt, max;
  std::int64_t samples_per_segment = 0;  // of the network, whatever the metadata says
  std::int64_t classes = 0;
  int inputs = 1;
  bool half_output = false;
  std::size_t activation_bytes = 1000;
  std::string refusal;  // log line with which it is refused; empty: it is taken
};

struct World {
  int devices = 1;
  cudaError_t device_count_status = cudaSuccess;
  int driver = 13000, runtime = 13000;  // CUDA versions
  std::size_t free_memory = std::size_t{1} << 30U;
  int library_major = 0, library_minor = 0;  // of TensorRT, more than its headers
  bool capturable = true;                    // isStreamCapturable() of TensorRT-RTX
  std::uint64_t invalidity = 0;              // getEngineValidity() of TensorRT-RTX
  bool capture_breaks = false;               // enqueueV3() fails while it is captured
  EngineSpec engine;
};

extern World world;

// A new world, no calls counted, no failure pending.
void reset();

// The nth call from now of this name fails.
void fail(const std::string& call, int nth = 1, cudaError_t status = cudaErrorUnknown);
bool failure_is_pending();
int calls(const std::string& call);

// Objects and memory of both fakes that have not been freed, and the most at a time of one kind.
int alive();
int peak(const std::string& kind);

// What the RTX runtime configuration was given, such as "kEAGER", in order.
std::vector<std::string> settings();

// The network of the fake: class c of a segment has the probability mean(samples) * (c + 1).
float probability(const float* segment, std::int64_t samples, std::int64_t c);

// ---- for the fakes themselves ----

extern thread_local int current_device;

[[noreturn]] void breach(const std::string& what);
[[noreturn]] void unexpected(const char* method);
void note_setting(const std::string& setting);

void count_object(const char* kind, int change);

// One call of the interface; knows whether it is to fail.
class Call {
 public:
  explicit Call(const char* name);
  ~Call();
  cudaError_t status() const { return status_; }
  bool fails() const { return status_ != cudaSuccess; }

 private:
  cudaError_t status_ = cudaSuccess;
};

// Member of every object: counts it, and sees to it that it is only touched on its own device.
class Tracked {
 public:
  explicit Tracked(const char* kind);
  Tracked(const Tracked&) = delete;
  Tracked& operator=(const Tracked&) = delete;
  ~Tracked();
  void touch() const;

 private:
  const char* kind_;
  int device_;
};

// Work for a stream, done when someone waits for it; or part of a graph while it is captured.
void push(cudaStream_t stream, std::function<void()> work);
bool is_capturing(cudaStream_t stream);
// Whether this many bytes of GPU memory (or of pinned memory) start here.
bool is_device_memory(const void* start, std::size_t bytes);
bool is_pinned_memory(const void* start, std::size_t bytes);

// Whether the calling thread is inside a fake; what it allocates there is not the backend's.
bool is_inside();

}  // namespace fake
