// From rhythm features to what can be said of them in words.
#pragma once

#include <array>
#include <vector>

#include "evidence.h"
#include "signal/rhythm_features.h"

namespace ecgrt {

// Fills `found`, the weightiest first. How often each is said of normal rhythm, atrial
// fibrillation, other rhythms and noise stands in docs/evidence.md.
void find_evidence(const std::array<float, kFeatureCount>& features, std::vector<Evidence>& found);

}  // namespace ecgrt
