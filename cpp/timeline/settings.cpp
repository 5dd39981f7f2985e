#include "timeline/settings.h"

#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "printable.h"

namespace ecgrt {

void check_settings(const TimelineSettings& settings) {
  const auto [window, hop, smoothing, margin, shortest] = settings;
  for (const auto& [name, seconds] :
       {std::pair{"window", window}, std::pair{"hop", hop}, std::pair{"smoothing", smoothing},
        std::pair{"shortest", shortest}}) {
    if (!(seconds > 0 && seconds < std::numeric_limits<double>::infinity())) {
      throw std::invalid_argument(std::string(name) + " is " + number(seconds) +
                                  "; it must be a number of seconds above 0");
    }
  }
  if (hop > window) {
    throw std::invalid_argument("hop is " + number(hop) + " s; it must be at most the window's " +
                                number(window) + " s");
  }
  if (!(margin >= 0 && margin < 1)) {
    throw std::invalid_argument("margin is " + number(margin) + "; it must be from 0 to below 1");
  }
}

}  // namespace ecgrt
