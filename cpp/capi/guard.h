// The wall around the C API: what is thrown behind it becomes a status and this thread's message.
#pragma once

#include <ecgrt/ecgrt.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace ecgrt::capi {

// The caller's callback asks to stop.
struct Cancelled : std::exception {};

// Keeps the message of this thread's last failure; returns `status`.
ecgrt_status fail(ecgrt_status status, std::string_view message) noexcept;

// In a handler: the status of the exception in flight, whose message it keeps.
ecgrt_status fail_with_current_exception() noexcept;

template <class Work>
ecgrt_status guard(const Work& work) noexcept {
  try {
    work();
    return ECGRT_OK;
  } catch (...) {
    return fail_with_current_exception();
  }
}

// Throws std::invalid_argument for a null pointer.
template <class T>
T& known(T* pointer, const char* name) {
  if (pointer == nullptr) throw std::invalid_argument(std::string(name) + " is NULL");
  return *pointer;
}

// Options of a caller that was compiled with this header or a later one; null stands for none.
template <class Options>
Options checked(const Options* options, const Options& none, const char* name) {
  if (options == nullptr) return none;
  if (options->size >= sizeof(Options)) return *options;
  throw std::invalid_argument(std::string(name) + ".size must be sizeof(" + name +
                              "); begin with its _INIT macro");
}

}  // namespace ecgrt::capi
