// The wall around the C API: what is thrown behind it becomes a status and this thread's message.
#pragma once

#include <ecgrt/ecgrt.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>

#include "classifier.h"

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

// Options of a caller that was compiled with this header, a later one or, if its structs were of
// the sizes `older`, an earlier one, whose new options are as in `none`; null stands for none.
template <class Options>
Options checked(const Options* options, const Options& none, const char* name,
                std::initializer_list<std::size_t> older = {}) {
  if (options == nullptr) return none;
  const std::size_t size = std::min(options->size, sizeof(Options));
  if (size < sizeof(Options) && std::ranges::find(older, size) == older.end()) {
    throw std::invalid_argument(std::string(name) + ".size must be sizeof(" + name +
                                "); begin with its _INIT macro");
  }
  Options known = none;
  std::memcpy(&known, options, size);
  return known;
}

// What the core calls on the way: throws Cancelled where the caller's callback says so.
template <class Options>
Interlude interlude_of(const Options& options) {
  if (options.cancel == nullptr) return {};
  return [cancel = options.cancel, context = options.context] {
    if (cancel(context) != 0) throw Cancelled();
  };
}

}  // namespace ecgrt::capi
