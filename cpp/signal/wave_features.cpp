#include "signal/wave_features.h"

#include <algorithm>
#include <cmath>

#include "signal/statistics.h"

namespace ecgrt {
namespace {

constexpr std::size_t kFewest = 3;   // beats, below which nothing is said of their shape
constexpr std::size_t kBefore = 64;  // 320 ms
constexpr std::size_t kAfter = 80;   // 400 ms
constexpr std::size_t kWidth = kBefore + kAfter + 1;
constexpr std::size_t kQrs = 20;    // 100 ms on either side of the R peak
constexpr double kAlike = 0.9;      // correlation of complexes of one shape
constexpr std::size_t kSlope = 24;  // 120 ms
constexpr std::size_t kShift = 8;   // 40 ms
constexpr std::size_t kPBegin = 4;  // the P wave is looked for 300 to
constexpr std::size_t kPEnd = 51;   // 65 ms before the R peak

double correlation(const PairSums& of, std::size_t n) {
  const auto count = static_cast<double>(n);
  const double power = (of.aa - of.a * of.a / count) * (of.bb - of.b * of.b / count);
  const double common = of.ab - of.a * of.b / count;
  return power > 0 ? std::clamp(common / std::sqrt(power), -1.0, 1.0) : 0.0;
}

// Takes off the straight line through both ends (each the mean of three samples).
void level(const float* x, float* out, std::size_t n) {
  const float left = (x[0] + x[1] + x[2]) / 3, right = (x[n - 1] + x[n - 2] + x[n - 3]) / 3;
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = x[i] - left - (right - left) * static_cast<float>(i) / static_cast<float>(n - 1);
  }
}

// Samples that hold the middle 80 % of the complex's slope.
double width(const float* complex) {
  double total = 0;
  for (std::size_t i = 0; i < 2 * kSlope; ++i) total += std::abs(complex[i + 1] - complex[i]);
  double sum = 0, begin = 0;
  bool inside = false;
  for (std::size_t i = 0; i < 2 * kSlope; ++i) {
    const double part = std::abs(complex[i + 1] - complex[i]);
    if (!inside && sum + part > 0.1 * total) {
      begin = static_cast<double>(i) + (0.1 * total - sum) / part;
      inside = true;
    }
    if (inside && sum + part >= 0.9 * total) {
      return static_cast<double>(i) + (0.9 * total - sum) / std::max(part, 1e-30) - begin;
    }
    sum += part;
  }
  return 2 * kSlope;
}

}  // namespace

void WaveFeatures::compute(std::span<const float> clean, std::span<const double> positions,
                           std::span<const unsigned char> premature, std::span<const Stretch> gaps,
                           Interludes between, FeatureValues& out) {
  if (!cut(clean, positions, gaps)) return;
  between.after(clean.size());
  make_template();
  between.after(clean.size());
  if (!(height() > 0)) return;
  complexes(premature, out);
  alike_ones(positions, out);
  whole_beats(out);
  between.after(clean.size());
  widths(out);
  amplitudes(out);
  between.after(clean.size());
  p_waves(out);
}

const float* WaveFeatures::beat(std::size_t i) const { return beats_.data() + i * kWidth; }

double WaveFeatures::height() const {
  if (count_ < kFewest) return 0;
  return kernels_.range(template_.data() + kBefore - kQrs, 2 * kQrs + 1).width();
}

bool WaveFeatures::cut(std::span<const float> clean, std::span<const double> positions,
                       std::span<const Stretch> gaps) {
  beats_.clear();
  index_.clear();
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::int64_t begin = std::lround(positions[i]) - static_cast<std::int64_t>(kBefore);
    const std::int64_t end = begin + static_cast<std::int64_t>(kWidth);
    if (begin < 0 || end > static_cast<std::int64_t>(clean.size())) continue;
    if (overlaps(gaps, begin, end)) continue;
    beats_.insert(beats_.end(), clean.begin() + begin, clean.begin() + end);
    index_.push_back(i);
  }
  count_ = index_.size();
  return count_ >= kFewest;
}

void WaveFeatures::make_template() {
  template_.resize(kWidth);
  kernels_.select_columns(beats_.data(), static_cast<std::ptrdiff_t>(count_), kWidth,
                          rank_of(0.5, count_), template_.data());
}

void WaveFeatures::complexes(std::span<const unsigned char> premature, FeatureValues& out) {
  matches_.clear();
  const std::size_t begin = kBefore - kQrs;
  double odd = 0, odd_early = 0, alike_early = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    constexpr std::size_t n = 2 * kQrs + 1;
    const double match =
        correlation(kernels_.pair_sums(beat(i) + begin, template_.data() + begin, n), n);
    matches_.push_back(match);
    odd += match < 0.8 ? 1 : 0;
    if (premature[index_[i]] != 0) (match < kAlike ? odd_early : alike_early) += 1;
  }
  const auto count = static_cast<double>(count_);
  out.put(Feature::qrs_odd, std::sqrt(odd / count));
  out.put(Feature::odd_premature, std::sqrt(odd_early / count));
  out.put(Feature::alike_premature, std::sqrt(alike_early / count));
}

// The rhythm of the usual beats alone: of three neighbours, all of the usual shape.
void WaveFeatures::alike_ones(std::span<const double> positions, FeatureValues& out) {
  values_.clear();
  for (std::size_t i = 2; i < count_; ++i) {
    if (index_[i] != index_[i - 2] + 2) continue;
    if (std::min({matches_[i], matches_[i - 1], matches_[i - 2]}) < kAlike) continue;
    const double* at = positions.data() + index_[i];
    values_.push_back(std::abs(at[0] - 2 * at[-1] + at[-2]) / (at[0] - at[-2]) * 2);
  }
  if (values_.size() >= kFewest) out.put(Feature::alike_step, log_of(quantile(values_, 0.5)));
}

void WaveFeatures::whole_beats(FeatureValues& out) {
  values_.clear();
  double rest = 0, power = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const PairSums of = kernels_.pair_sums(beat(i), template_.data(), kWidth);
    values_.push_back(correlation(of, kWidth));
    rest += of.square_of_difference();
    power += of.aa;
  }
  out.put(Feature::beat_match, quantile(values_, 0.5));
  if (power > 0) out.put(Feature::residual, log_of(rest / power));
}

void WaveFeatures::widths(FeatureValues& out) {
  values_.clear();
  for (std::size_t i = 0; i < count_; ++i) values_.push_back(width(beat(i) + kBefore - kSlope));
  const double middle = std::max(quantile(values_, 0.5), 1.0);
  const double usual = 0.08 * kBeatRate;
  out.put(Feature::qrs_width, std::log2(middle / usual));
  out.put(Feature::wide, soft_step(middle / usual, 1, 0.05));
  out.put(Feature::qrs_width_p90, std::log2(std::max(quantile(values_, 0.9), 1.0) / usual));
}

void WaveFeatures::amplitudes(FeatureValues& out) {
  values_.clear();
  for (std::size_t i = 0; i < count_; ++i) {
    values_.push_back(kernels_.range(beat(i) + kBefore - kQrs, 2 * kQrs + 1).width());
  }
  const double middle = quantile(values_, 0.5);
  for (double& value : values_) value = std::abs(value - middle);
  if (middle > 0) out.put(Feature::amplitude_spread, log_of(mean(values_) / middle));
}

// Where in its window the median P wave is highest or lowest, samples.
double WaveFeatures::p_shift() const {
  const auto top = std::max_element(p_template_.begin(), p_template_.end(),
                                    [](float a, float b) { return std::abs(a) < std::abs(b); });
  return static_cast<double>(top - p_template_.begin());
}

// Where, in samples, the core of the median P wave fits the levelled beat in scratch_ best.
double WaveFeatures::best_shift() const {
  constexpr std::size_t kShifts = 2 * kShift + 1, kCore = kPEnd - kPBegin - 2 * kShift;
  const float* core = p_template_.data() + kShift;
  float common[kShifts];
  kernels_.fir(scratch_.data(), core, kCore, kShifts, common);
  double core_sum = 0, sum = 0, squares = 0;
  for (std::size_t k = 0; k < kCore; ++k) {
    core_sum += core[k];
    sum += scratch_[k];
    squares += double(scratch_[k]) * scratch_[k];
  }
  double best = -HUGE_VAL, best_shift = 0;
  for (std::size_t shift = 0; shift < kShifts; ++shift) {
    // Correlation, but for the power of the core.
    const double power = squares - sum * sum / kCore;
    const double fit = power > 0 ? (common[shift] - sum * core_sum / kCore) / std::sqrt(power) : 0;
    if (fit > best) {
      best = fit;
      best_shift = static_cast<double>(shift);
    }
    if (shift + 1 == kShifts) break;
    const double next = scratch_[shift + kCore], last = scratch_[shift];
    sum += next - last;
    squares += next * next - last * last;
  }
  return best_shift;
}

void WaveFeatures::p_waves(FeatureValues& out) {
  constexpr std::size_t n = kPEnd - kPBegin;
  p_template_.resize(n);
  scratch_.resize(n);
  level(template_.data() + kPBegin, p_template_.data(), n);
  values_.clear();
  residuals_.clear();
  double total = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    level(beat(i) + kPBegin, scratch_.data(), n);
    const PairSums of = kernels_.pair_sums(scratch_.data(), p_template_.data(), n);
    total += correlation(of, n);
    residuals_.push_back(std::sqrt(of.square_of_difference() / n));
    values_.push_back(10 * best_shift() / kBeatRate);
  }
  const auto count = static_cast<double>(count_);
  out.put(Feature::p_height, log_of(kernels_.range(p_template_.data(), n).width() / height()));
  const double place = kBefore - kPBegin - p_shift();
  out.put(Feature::p_place, 10 * place / kBeatRate);
  out.put(Feature::p_match, total / count);
  out.put(Feature::p_jitter, deviation(values_));
  out.put(Feature::p_residual, log_of(quantile(residuals_, 0.5) / height()));
}

}  // namespace ecgrt
