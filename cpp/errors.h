// The two failures that callers tell apart; a bad signal is std::invalid_argument. Both are visible
// outside their library: the TensorRT module throws them and the core catches them.
#pragma once

#include <stdexcept>
#include <string_view>

#include "printable.h"

namespace ecgrt {

// The plan is missing, damaged, of another version or not a plan at all.
struct [[gnu::visibility("default")]] PlanError : std::runtime_error {
  // Messages quote names of files and parts of them, which may be any bytes.
  explicit PlanError(std::string_view what) : std::runtime_error(printable(what)) {}
};

// The plan is sound, but what it needs (GPU, driver, TensorRT, instruction set) is not here.
struct [[gnu::visibility("default")]] BackendUnavailableError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace ecgrt
