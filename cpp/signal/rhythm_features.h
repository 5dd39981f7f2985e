// The rhythm features: their names, their order and their values where a record has too few beats.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace ecgrt {

// X(name, neutral value). The order is part of every model that was trained with it: append only.
// Rates are log2(rate / 75 a minute); log: log10; rr: intervals between beats, which a gap breaks;
// match: correlation with the median beat. None depends on unit, offset, polarity or length.
#define ECGRT_RHYTHM_FEATURES(X)                                                                   \
  X(covered, 0)         /* share of the record between beats 0.25 to 2 s apart */                  \
  X(rate_median, 0)     /* heart rate: the median interval's */                                    \
  X(rate_p10, 0)        /* exceeded by nine intervals of ten */                                    \
  X(rate_p90, 0)        /* exceeded by one of ten */                                               \
  X(rate_min, 0)        /* the longest interval's */                                               \
  X(slow, 0)            /* near 1 where the median rate is below 50, a step of +-2 */              \
  X(fast, 0)            /* above 100, +-3 */                                                       \
  X(sdnn, -1.5F)        /* log of the standard deviation of rr over their mean */                  \
  X(rmssd, -1.5F)       /* log of the rms of successive differences over the mean rr */            \
  X(step_median, -1.5F) /* log of the median successive difference over the median rr */           \
  X(step_tenth, 0)      /* share of successive differences above a tenth of the median interval */ \
  X(cosen, -2) /* coefficient of sample entropy (Lake and Moorman 2011), within 30 ms or more */   \
  X(rr_entropy, 0)       /* Shannon entropy of their histogram, 16 bins, 0 to 1 */                 \
  X(af_evidence, 0)      /* of the Lorenz plot, after Sarkar et al. 2008, for each point */        \
  X(lorenz_bins, 0)      /* share of its points with a bin of their own */                         \
  X(premature, 0)        /* root of the share of intervals below 0.85 of the local median */       \
  X(compensated, 0)      /* share of premature ones that with the next make two medians */         \
  X(shortest, 0)         /* log2 of the smallest ratio to the local median */                      \
  X(longest, 0)          /* log2 of the largest */                                                 \
  X(rr_memory, 0)        /* autocorrelation of rr at lag 1 */                                      \
  X(qrs_odd, 0)          /* root of the share of complexes that match the median below 0.8 */      \
  X(odd_premature, 0)    /* root of the share of beats below 0.9 and premature */                  \
  X(alike_premature, 0)  /* root of the share of beats above 0.9 and premature */                  \
  X(alike_step, -1.5F)   /* log of the median difference of rr between beats above 0.9 */          \
  X(beat_match, 0)       /* median match of whole beats, -320 to 400 ms */                         \
  X(residual, 0)         /* log of the power that the median beat does not explain */              \
  X(qrs_width, 0)        /* log2 of the median width over 80 ms */                                 \
  X(qrs_width_p90, 0)    /* of its highest tenth */                                                \
  X(wide, 0)             /* near 1 where the median width is above 80 ms */                        \
  X(amplitude_spread, 0) /* log of the mean deviation of QRS height over its median */             \
  X(p_height, -1.5F)     /* log of the median beat's P wave over its QRS */                        \
  X(p_place, 1.5F)       /* of the median P wave, tenths of a second before the R peak */          \
  X(p_match, 0)          /* mean match of P waves with the median beat's */                        \
  X(p_jitter, 0.5F)      /* standard deviation of their place, tenths of a second */               \
  X(p_residual, -1.5F)   /* log of what is left of them without the median, over the QRS */        \
  X(band_low, -0.5F)     /* log of the share of power in 0.5 to 5 Hz, median of seconds */         \
  X(band_mid, -0.5F)     /* 5 to 15 Hz */                                                          \
  X(band_high, -0.5F)    /* 15 to 40 Hz */                                                         \
  X(crest, 0)            /* log of peak over median of 5 to 40 Hz, median of seconds */            \
  X(noisy_seconds, 0)    /* share of readable seconds where it is below 5 */

enum class Feature : std::size_t {
#define ECGRT_NAME(name, neutral) name,
  ECGRT_RHYTHM_FEATURES(ECGRT_NAME)
#undef ECGRT_NAME
      count
};

inline constexpr std::size_t kFeatureCount = static_cast<std::size_t>(Feature::count);

inline constexpr std::array<std::string_view, kFeatureCount> kFeatureNames{
#define ECGRT_NAME(name, neutral) #name,
    ECGRT_RHYTHM_FEATURES(ECGRT_NAME)
#undef ECGRT_NAME
};

inline constexpr std::array<float, kFeatureCount> kNeutralFeatures{
#define ECGRT_NEUTRAL(name, neutral) neutral,
    ECGRT_RHYTHM_FEATURES(ECGRT_NEUTRAL)
#undef ECGRT_NEUTRAL
};

class FeatureValues {
 public:
  void reset() { values_ = kNeutralFeatures; }
  // A value that is not finite leaves the neutral one.
  void put(Feature feature, double value) {
    if (!std::isfinite(value)) return;
    values_[static_cast<std::size_t>(feature)] = static_cast<float>(std::clamp(value, -8.0, 8.0));
  }
  const std::array<float, kFeatureCount>& values() const { return values_; }

 private:
  std::array<float, kFeatureCount> values_ = kNeutralFeatures;
};

}  // namespace ecgrt
