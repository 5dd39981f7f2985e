// What a record is worth, from what its reader found.
#pragma once

#include <cstdint>
#include <vector>

#include "quality.h"
#include "signal/reader.h"

namespace ecgrt {

// Fills in all of `quality`, and for each segment 0 into `readable` if gaps with their margins
// cover more than half of it, else 1; nothing if there are no gaps. Models without a signal block
// warn of nothing but of a record without a readable segment. `scratch` is working memory; all is
// kept.
void assess(const SignalReader& reader, Quality& quality, std::vector<std::uint8_t>& readable,
            std::vector<float>& scratch);

}  // namespace ecgrt
