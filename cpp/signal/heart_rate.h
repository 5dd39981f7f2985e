// Beats a minute.
#pragma once

#include <optional>
#include <span>

namespace ecgrt {

// By the median interval between beats at these seconds, which a missed or an invented beat hardly
// moves; none of fewer than two beats.
std::optional<double> heart_rate(std::span<const double> beats);

}  // namespace ecgrt
