// What a record is worth, from what its reader found.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "quality.h"
#include "signal/reader.h"
#include "signal/rhythm.h"

namespace ecgrt {

// Fills in all of `quality`, and for each segment 0 into `readable` if gaps with their margins
// cover more than half of it, else 1; nothing if there are no gaps. Models without a signal block
// warn of nothing but of a record without a readable segment. `scratch` is working memory; all is
// kept.
void assess(const SignalReader& reader, Quality& quality, std::vector<std::uint8_t>& readable,
            std::vector<float>& scratch);

// Whether the features of a record are worth computing for nothing but warn_of_beats(): in long
// ones a gap or a pause outweighs what they would tell, and they would take memory.
bool wants_features(const SignalReader& reader, const Quality& quality);

// Warns of beats that a wrong sampling rate or gain makes more likely than a heart. To be called
// after assess(), for models with a signal block; `microvolts` are those of a number of the signal.
// What needs features is told only where `rhythm` has computed them.
void warn_of_beats(const SignalReader& reader, const RhythmAnalyser& rhythm, double microvolts,
                   Quality& quality, std::vector<float>& scratch);

}  // namespace ecgrt
