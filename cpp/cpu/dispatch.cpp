#include "cpu/dispatch.h"

#include <cstdlib>

#include "cpu/amx.h"
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
  std::vector<Isa> all = {
      {&avx512::kKernels, avx512}, {&avx2::kKernels, avx2}, {&sse2::kKernels, true}};
#if defined(ECGRT_AMX)
  all.push_back({&amx_kernels(), avx512 && has_amx()});
#endif
  return all;
#elif defined(__aarch64__)
  return {{&neon::kKernels, true}};
#else
  return {{&generic::kKernels, true}};
#endif
}

bool is_amx(const KernelTable& kernels) { return kernels.name == std::string("amx"); }

bool may_use(const KernelTable& kernels) {
#if defined(ECGRT_AMX)
  if (is_amx(kernels)) return permit_amx();
#endif
  return true;
}

}  // namespace

const KernelTable& select_kernels(bool bfloat) {
  const char* value = std::getenv("ECGRT_FORCE_ISA");
  const std::string forced = value != nullptr ? value : "";
  const std::vector<Isa> all = isas();
  const Isa& last = all.back();
  if (bfloat && forced.empty() && is_amx(*last.kernels) && last.supported &&
      may_use(*last.kernels)) {
    return *last.kernels;
  }
  std::string known;
  for (const Isa& isa : all) {
    const bool wanted = forced.empty() || forced == isa.kernels->name;
    if (wanted && isa.supported && may_use(*isa.kernels)) return *isa.kernels;
    if (wanted && !forced.empty()) {
      throw BackendUnavailableError("ECGRT_FORCE_ISA asks for " + forced +
                                    (isa.supported
                                         ? ", which the system does not let this process use"
                                         : ", which this processor does not have"));
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
