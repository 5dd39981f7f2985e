#include "cpu/dispatch.h"

#include <cstdlib>

#include "errors.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace ecgrt {

// Each is defined by kernels.cpp, compiled for that instruction set.
#if defined(__x86_64__)
namespace avx512 {
extern const KernelTable kKernels;
}
namespace avx2 {
extern const KernelTable kKernels;
}
namespace sse2 {
extern const KernelTable kKernels;
}
#elif defined(__aarch64__)
namespace neon {
extern const KernelTable kKernels;
}
#else
namespace generic {
extern const KernelTable kKernels;
}
#endif

namespace {

struct Isa {
  const KernelTable* kernels;
  bool supported;
};

#if defined(__x86_64__)
// Asked by itself, for not every Clang knows __builtin_cpu_supports("f16c").
bool has_f16c() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}
#endif

std::vector<Isa> isas() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  return {{&avx512::kKernels, avx512}, {&avx2::kKernels, avx2}, {&sse2::kKernels, true}};
#elif defined(__aarch64__)
  return {{&neon::kKernels, true}};
#else
  return {{&generic::kKernels, true}};
#endif
}

}  // namespace

const KernelTable& select_kernels() {
  const char* value = std::getenv("ECGRT_FORCE_ISA");
  const std::string forced = value != nullptr ? value : "";
  std::string known;
  for (const Isa& isa : isas()) {
    const bool wanted = forced.empty() || forced == isa.kernels->name;
    if (wanted && isa.supported) return *isa.kernels;
    if (wanted && !forced.empty()) {
      throw BackendUnavailableError("ECGRT_FORCE_ISA asks for " + forced +
                                    ", which this processor does not have");
    }
    known += (known.empty() ? "" : ", ") + std::string(isa.kernels->name);
  }
  throw BackendUnavailableError("ECGRT_FORCE_ISA is \"" + forced + "\"; this build of ecgrt has " +
                                known);
}

std::vector<std::string> supported_isas() {
  std::vector<std::string> names;
  for (const Isa& isa : isas()) {
    if (isa.supported) names.emplace_back(isa.kernels->name);
  }
  return names;
}

}  // namespace ecgrt
