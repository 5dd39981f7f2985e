#include "cpu/amx.h"

#if defined(ECGRT_AMX)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ecgrt {

namespace amx {
extern const TileKernel kTiles;  // kernels_amx.cpp
extern const ToBfloat kToBfloat;
}  // namespace amx
namespace avx512 {
extern const KernelTable kKernels;
}

namespace {

// arch_prctl(2), by number, for headers of older systems lack them.
constexpr int kGetSupported = 0x1021;
constexpr int kRequestPermission = 0x1023;
constexpr unsigned kTileConfiguration = 17, kTileData = 18;  // components of the extended state

bool processor_has_amx() {
  constexpr unsigned kOsXsave = 1U << 27, kAmxBf16 = 1U << 22, kAmxTile = 1U << 24;
  constexpr unsigned kAvx512Bf16 = 1U << 5;
  constexpr unsigned kTiles = 1U << kTileConfiguration | 1U << kTileData;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kOsXsave) == 0) return false;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  if ((edx & kAmxBf16) == 0 || (edx & kAmxTile) == 0) return false;
  if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) == 0 || (eax & kAvx512Bf16) == 0)
    return false;
  unsigned low = 0, high = 0;
  asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & kTiles) == kTiles;
}

}  // namespace

bool has_amx() {
  static const bool found = [] {
    unsigned long supported = 0;
    return processor_has_amx() && ::syscall(SYS_arch_prctl, kGetSupported, &supported) == 0 &&
           (supported >> kTileData & 1U) != 0;
  }();
  return found;
}

bool permit_amx() { return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0; }

const KernelTable& amx_kernels() {
  static const KernelTable table = [] {
    KernelTable kernels = avx512::kKernels;
    kernels.name = "amx";
    kernels.tiles = amx::kTiles;
    kernels.to_bfloat = amx::kToBfloat;
    return kernels;
  }();
  return table;
}

}  // namespace ecgrt

#endif
