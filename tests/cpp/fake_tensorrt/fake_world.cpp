// What both fakes share: failures to come, counts, and the rules for objects.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

#include "fake.h"

namespace fake {

World world;
thread_local int current_device = 0;

namespace {

std::mutex world_mutex;  // guards what follows
std::map<std::string, int> call_counts, alive_counts, peaks;
std::map<std::string, std::pair<int, cudaError_t>> failures;
std::vector<std::string> noted_settings;

thread_local int depth = 0;

}  // namespace

void breach(const std::string& what) {
  std::fprintf(stderr, "breach of contract: %s\n", what.c_str());
  std::abort();
}

void unexpected(const char* method) {
  breach(std::string(method) + " is not expected to be called");
}

void reset() {
  const std::lock_guard lock(world_mutex);
  world = World{};
  call_counts.clear();
  peaks.clear();
  failures.clear();
  noted_settings.clear();
  current_device = 0;
}

void fail(const std::string& call, int nth, cudaError_t status) {
  const std::lock_guard lock(world_mutex);
  failures[call] = {nth, status};
}

bool failure_is_pending() {
  const std::lock_guard lock(world_mutex);
  return !failures.empty();
}

int calls(const std::string& call) {
  const std::lock_guard lock(world_mutex);
  return call_counts[call];
}

int alive() {
  const std::lock_guard lock(world_mutex);
  int count = 0;
  for (const auto& [kind, n] : alive_counts) count += n;
  return count;
}

int peak(const std::string& kind) {
  const std::lock_guard lock(world_mutex);
  return peaks[kind];
}

void note_setting(const std::string& setting) {
  const std::lock_guard lock(world_mutex);
  noted_settings.push_back(setting);
}

std::vector<std::string> settings() {
  const std::lock_guard lock(world_mutex);
  return noted_settings;
}

Call::Call(const char* name) {
  ++depth;
  const std::lock_guard lock(world_mutex);
  ++call_counts[name];
  const auto failure = failures.find(name);
  if (failure != failures.end() && --failure->second.first == 0) {
    status_ = failure->second.second;
    failures.erase(failure);
  }
}

Call::~Call() { --depth; }

bool is_inside() { return depth > 0; }

void count_object(const char* kind, int change) {
  const std::lock_guard lock(world_mutex);
  peaks[kind] = std::max(peaks[kind], alive_counts[kind] += change);
}

Tracked::Tracked(const char* kind) : kind_(kind), device_(current_device) { count_object(kind, 1); }

Tracked::~Tracked() {
  touch();
  count_object(kind_, -1);
}

void Tracked::touch() const {
  if (current_device != device_) breach(std::string(kind_) + " used on another device");
}

}  // namespace fake
