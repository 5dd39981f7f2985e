#include "signal/find_evidence.h"

#include <cmath>
#include <cstddef>

namespace ecgrt {
namespace {

// The definition of bradycardia and tachycardia that the labels of the 2017 challenge follow.
constexpr double kSlow = 50, kFast = 100;
// The others were set where records of the challenge divide; see docs/evidence.md.
constexpr double kRegular = 0.05, kIrregular = 0.4;
constexpr double kPWave = 0.6, kNoPWave = 0.35;
constexpr double kPPlace = 0.8;  // tenths of a second; nearer is what a filter makes of a spike
constexpr double kPremature = 0.05, kOddPremature = 0.02, kOddIfIrregular = 0.08;
constexpr double kBroad = 100;       // ms
constexpr double kLongInterval = 2;  // s, beyond which most speak of a pause
constexpr double kOtherShapes = 0.1, kUnlike = 0.35;
constexpr double kFollowed = 0.75;
constexpr double kNoise = 0.05;

constexpr std::size_t kMost = 12;  // pieces of evidence of one record

class Finder {
 public:
  Finder(const std::array<float, kFeatureCount>& features, std::vector<Evidence>& found)
      : features_(features), found_(found) {}

  void run() {
    found_.clear();
    found_.reserve(kMost);  // so that no later record allocates
    if (!(value(Feature::covered) > 0)) {
      found_.push_back({EvidenceCode::no_beats});
    } else {
      rate();
      intervals();
      waves();
    }
    const double noise = value(Feature::noisy_seconds);
    if (noise >= kNoise) found_.push_back({EvidenceCode::noise, noise});
  }

 private:
  double value(Feature feature) const { return features_[static_cast<std::size_t>(feature)]; }
  double squared(Feature feature) const { return value(feature) * value(feature); }
  bool known(Feature feature) const {
    const auto number = static_cast<std::size_t>(feature);
    return features_[number] != kNeutralFeatures[number];
  }
  // Whether the median beat stands for nothing: in noise, or with many ectopic beats.
  bool unlike() const { return squared(Feature::qrs_odd) >= kUnlike; }

  void rate() {
    const double rate = 75 * std::exp2(value(Feature::rate_median));
    const auto code = rate < kSlow   ? EvidenceCode::slow
                      : rate > kFast ? EvidenceCode::fast
                                     : EvidenceCode::rate;
    found_.push_back({code, rate});
  }

  void intervals() {
    const double differing = value(Feature::step_tenth), early = squared(Feature::premature);
    if (known(Feature::step_median)) {
      if (differing <= kRegular) found_.push_back({EvidenceCode::regular, differing});
      if (differing >= kIrregular) found_.push_back({EvidenceCode::irregular, differing});
    }
    // Where all intervals differ every other one is early, so that their shape must tell; and so
    // are beats that are none.
    const double odd = squared(Feature::odd_premature);
    const bool told = differing < kIrregular || odd >= kOddIfIrregular;
    if (early >= kPremature && told && !unlike()) {
      found_.push_back({EvidenceCode::premature, early, odd >= kOddPremature ? odd : 0});
    }
    const double longest = 0.8 / std::exp2(value(Feature::rate_min));
    if (longest >= kLongInterval) found_.push_back({EvidenceCode::long_interval, longest});
    const double followed = value(Feature::covered);
    if (followed < kFollowed) found_.push_back({EvidenceCode::few_beats, followed});
  }

  void waves() {
    if (!known(Feature::beat_match)) return;
    const double odd = squared(Feature::qrs_odd);
    if (odd >= kOtherShapes) {
      found_.push_back({unlike() ? EvidenceCode::unlike : EvidenceCode::other_shapes, odd});
    }
    if (unlike()) return;
    const double match = value(Feature::p_match);
    const bool early = value(Feature::p_place) >= kPPlace;
    if (match >= kPWave && early) found_.push_back({EvidenceCode::p_wave, match});
    if (match < kNoPWave) found_.push_back({EvidenceCode::no_p_wave, match});
    const double width = 80 * std::exp2(value(Feature::qrs_width));
    if (width >= kBroad) found_.push_back({EvidenceCode::broad, width});
  }

  const std::array<float, kFeatureCount>& features_;
  std::vector<Evidence>& found_;
};

}  // namespace

void find_evidence(const std::array<float, kFeatureCount>& features, std::vector<Evidence>& found) {
  Finder(features, found).run();
}

}  // namespace ecgrt
