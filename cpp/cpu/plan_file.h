// Plans on disk. Only plan_file.cpp, plan_header.cpp and src/ecgrt/compile/cpu_plan.py know a CPU
// plan's layout; docs/plan-format.md describes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cpu/plan.h"
#include "errors.h"
#include "plan_source.h"

namespace ecgrt {

// The newest. Format 1 had one sum over the whole file, format 2 has a hash of the header, which
// holds those of the blobs, and 3 is 2 with weights in bfloat16; 2 is written where there are none.
constexpr std::uint32_t kPlanFormatVersion = 3;

bool is_cpu_plan(std::span<const std::byte> start);

// Reads a plan and checks all but its weights. Throws PlanError.
CpuPlan read_cpu_plan(const PlanSource& source);

// Weights are left to whoever packs them: each thread reads and checks its own. The memory that
// any of them need to be read to.
std::size_t weights_room(const CpuPlan& plan);

// Gives weights their data, in `room` unless they have it; false if they cannot be read or are
// damaged.
bool load_weights(const PlanSource& source, std::span<std::byte> room, Blob& weights) noexcept;

// What to throw then.
PlanError damaged(const PlanSource& source);

}  // namespace ecgrt
