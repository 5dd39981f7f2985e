// Intel's Advanced Matrix Extensions: whether they are there, and leave to use them.
#pragma once

#include "cpu/kernels.h"

#if defined(__x86_64__) && defined(__linux__)
#define ECGRT_AMX 1
#endif

namespace ecgrt {

#if defined(ECGRT_AMX)
// Whether processor and system have tiles of bfloat16. AVX-512 is the caller's to ask for.
bool has_amx();

// Asks the system to let this process use tiles, for which it must save 8 KiB more of each thread.
// Not before a plan needs them, because signal stacks too small for that are refused from then on.
bool permit_amx();

// AVX-512's kernels, with the convolution on tiles.
const KernelTable& amx_kernels();
#endif

}  // namespace ecgrt
