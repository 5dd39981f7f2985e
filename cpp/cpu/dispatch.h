// Chooses the kernels for the processor at hand; the only place that asks what it has.
#pragma once

#include <string>
#include <vector>

#include "cpu/kernels.h"

namespace ecgrt {

// The kernels to use: the best that this processor runs, for `bfloat` with AMX, or those that
// ECGRT_FORCE_ISA names. Throws BackendUnavailableError if that name is unknown, this processor
// lacks the instructions or the system does not let this process use them.
const KernelTable& select_kernels(bool bfloat = false);

// Names of the instruction sets that this processor runs, the best first; but AMX, which is asked
// for where weights are bfloat16, last.
std::vector<std::string> supported_isas();

}  // namespace ecgrt
