// What a record is worth, from what its reader found.
#pragma once

#include <cstdint>
#include <span>
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

// Warns of a heart rate that a wrong sampling rate makes more likely than a heart: the median of
// the intervals between `beats` (seconds, five of them at least). To be called after assess().
void warn_of_heart_rate(std::span<const double> beats, Quality& quality,
                        std::vector<float>& scratch);

}  // namespace ecgrt
