// A CPU plan's JSON header, read and checked.
#pragma once

#include <cstddef>
#include <string_view>

#include "cpu/plan.h"

namespace ecgrt {

constexpr std::size_t kPlanAlignment = 64;

// Where a plan's blobs lie, and whether they say their own hashes.
struct PlanLayout {
  std::size_t blobs;  // offset of the first
  std::size_t end;
  bool hashed;
};

// Blobs get their places, but no data. Throws PlanError or JsonError, without the file's name, or
// nlohmann's exceptions.
CpuPlan read_plan_header(std::string_view json, const PlanLayout& layout);

}  // namespace ecgrt
