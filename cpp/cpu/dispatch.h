// Chooses the kernels for the processor at hand; the only place that asks what it has.
#pragma once

#include <string>
#include <vector>

#include "cpu/kernels.h"

namespace ecgrt {

// The kernels to use: the best that this processor runs, or those that ECGRT_FORCE_ISA names.
// Throws BackendUnavailableError if that name is unknown or this processor lacks the instructions.
const KernelTable& select_kernels();

// Names of the instruction sets that this processor runs, the best first.
std::vector<std::string> supported_isas();

}  // namespace ecgrt
