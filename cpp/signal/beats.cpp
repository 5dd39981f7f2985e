#include "signal/beats.h"

#include <algorithm>
#include <cmath>

#include "signal/statistics.h"

namespace ecgrt {
namespace {

constexpr std::int64_t kRefractory = 38;  // 190 ms: the largest energy within is the only one
constexpr std::int64_t kAhead = 600;      // 3 s and
constexpr std::int64_t kBehind = 1200;    // 6 s around a candidate tell how high beats are
constexpr std::int64_t kAgo = 800;        // 4 s: older beats do not
constexpr std::int64_t kReach = 16;       // 80 ms from the middle of a complex to its R peak
constexpr std::int64_t kPiece = 2048;     // samples worked on at a time
constexpr std::int64_t kGapEdge = 8;      // 40 ms beside a gap

constexpr float kPast = 0.3F;         // weight of the last eight beats in the level
constexpr float kThreshold = 0.26F;   // between noise and beats
constexpr float kMostNoise = 0.2F;    // of the level
constexpr double kTWave = 0.32;       // s after a beat, within which
constexpr float kTHeight = 0.45F;     // of its height is too little
constexpr double kHole = 1.4;         // usual intervals without a beat: one was missed
constexpr double kLeast = 0.36;       // s from a missed beat to its neighbours
constexpr double kLeastShare = 0.45;  // of the usual interval
constexpr float kMissed = 0.35F;      // a missed beat's threshold, between noise and threshold
constexpr double kFloorShare = 0.2;   // the quantile of the energy that beats stand out from
constexpr float kClear = 5;           // times that, whatever the rhythm,
constexpr float kClearSoon = 6.5F;    // or this, while less than 6 s are known
constexpr float kRegular = 1.5F;      // times that, if they are all alike and come like a clock
constexpr float kSlopeOfIrregular = 8;
constexpr std::int64_t kEnds = 50;       // 250 ms, where a filter sees the held ends
constexpr float kLeastAtEnds = 0.04F;    // of the signal's range: below may be a kink in hum
constexpr float kLeastOfRange = 0.003F;  // of the signal's range: below are leaks of slow waves

// Their middle range over their median.
float relative_spread(std::vector<float>& values) {
  if (values.size() < 5) return 1;
  const float low = quantile(values, 0.25);
  const float high = quantile(values, 0.75);
  return (high - low) / quantile(values, 0.5);
}

double seconds(std::int64_t samples) { return static_cast<double>(samples) / kBeatRate; }

}  // namespace

template <typename T>
T Recent<T>::median() const {
  const std::size_t n = std::min(count_, values_.size());
  if (n == 0) return T{};
  std::array<T, 8> sorted = values_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(n / 2);
  std::nth_element(sorted.begin(), middle, sorted.begin() + static_cast<std::ptrdiff_t>(n));
  return *middle;
}

void BeatDetector::reset() {
  signal_.reset();
  candidates_.clear();
  oldest_ = decided_ = 0;
  sought_ = 0;
  positions_.clear();
  beats_.clear();
  noises_.clear();
  intervals_.clear();
  last_place_ = -kBehind;
  last_height_ = 0;
  polarity_ = 0;
}

void BeatDetector::push(std::span<const float> samples, std::span<const Stretch> gaps,
                        Interludes between) {
  while (!samples.empty()) {
    const std::size_t count = std::min<std::size_t>(samples.size(), kPiece);
    signal_.push(samples.first(count));
    samples = samples.subspan(count);
    work(false, gaps);
    forget();
    between.after(count);
  }
}

void BeatDetector::finish(std::span<const Stretch> gaps) {
  signal_.finish();
  work(true, gaps);
}

void BeatDetector::work(bool last, std::span<const Stretch> gaps) {
  seek(last);
  for (; decided_ < candidates_.size(); ++decided_) {
    const std::int64_t place = candidates_[decided_].place;
    if (!last && place + kAhead >= sought_) return;
    if (!overlaps(gaps, place - kGapEdge, place + kGapEdge)) decide(decided_);
  }
}

void BeatDetector::forget() {
  const std::int64_t now = decided_ < candidates_.size() ? candidates_[decided_].place : sought_;
  signal_.drop_before(now - kBehind - BeatEnergy::kBin);
  if (oldest_ <= candidates_.size() / 2) return;
  const auto count = static_cast<std::ptrdiff_t>(oldest_);
  candidates_.erase(candidates_.begin(), candidates_.begin() + count);
  decided_ -= oldest_;
  oldest_ = 0;
}

// Candidates are where the energy is largest within the refractory time on either side.
void BeatDetector::seek(bool last) {
  const Track& energy = signal_.energy();
  const std::int64_t stop = last ? energy.end() : energy.end() - kRefractory;
  if (sought_ >= stop) return;
  const float* at = energy.at(sought_);
  float before = sought_ > energy.first() ? at[-1] : -1;
  for (; sought_ < stop; ++sought_, ++at) {
    const float here = *at;
    const bool rises = before < here && (sought_ + 1 == energy.end() || at[1] <= here);
    if (rises && is_peak(sought_)) candidates_.push_back({sought_, here});
    before = here;
  }
}

bool BeatDetector::is_peak(std::int64_t n) const {
  const Track& energy = signal_.energy();
  const float here = energy[n];
  const float* at = energy.at(n);
  const std::int64_t behind = std::min(kRefractory, n);
  const std::int64_t ahead = std::min(kRefractory, energy.end() - 1 - n);
  const auto higher = [here](float other) { return other > here; };
  const auto as_high = [here](float other) { return other >= here; };
  return here > 0 && std::none_of(at + 1, at + 1 + ahead, higher) &&
         std::none_of(at - behind, at, as_high);
}

void BeatDetector::decide(std::size_t index) {
  const Candidate candidate = candidates_[index];
  const Levels now = levels(candidate.place);
  const bool at_end = candidate.place < kEnds || candidate.place + kEnds > now.end;
  bool beat = stands_out(now) && !(at_end && candidate.height < kLeastAtEnds * now.range);
  if (beat) {
    const bool high = candidate.height > now.threshold;
    const bool t_wave = seconds(candidate.place - last_place_) < kTWave &&
                        candidate.height < kTHeight * last_height_;
    beat = (high && !t_wave) || is_missed(index, now);
  }
  if (beat) {
    accept(candidate);
  } else {
    noises_.add(candidate.height);
  }
}

BeatDetector::Levels BeatDetector::levels(std::int64_t now) {
  Levels out;
  out.begin = std::max<std::int64_t>(now - kBehind, 0);
  out.end = std::min(now + kAhead, signal_.energy().end());
  while (candidates_[oldest_].place < out.begin) ++oldest_;
  const Track& peaks = signal_.peaks();
  const std::int64_t first = out.begin / BeatEnergy::kBin;
  const std::int64_t end = std::max(out.end / BeatEnergy::kBin, first + 1);
  scratch_.assign(peaks.at(first), peaks.at(end));
  const float around = quantile(scratch_, 0.5);
  const Track& ranges = signal_.ranges();
  scratch_.assign(ranges.at(first), ranges.at(end));
  out.range = quantile(scratch_, 0.5);
  const bool known = beats_.count() >= 3 && now - last_place_ < kAgo;
  out.beat = known ? kPast * beats_.median() + (1 - kPast) * around : around;
  out.noise = std::min(noises_.median(), kMostNoise * out.beat);
  out.threshold = out.noise + kThreshold * (out.beat - out.noise);
  return out;
}

// Noise has waves of all heights at all distances, and hardly a pause. Beats stand out from the
// pauses between them; where they come so fast that there are none, they are alike and regular.
bool BeatDetector::stands_out(const Levels& levels) {
  if (levels.beat <= kLeastOfRange * levels.range) return false;
  constexpr std::int64_t step = BeatEnergy::kFloorStep;
  const Track& floor = signal_.floor();
  const std::span<const float> energies(floor.at((levels.begin + step - 1) / step),
                                        floor.at((levels.end - 1) / step + 1));
  const auto exceeds = [&](float times) {
    return quantile_is_below(energies, kFloorShare, times, levels.beat);
  };
  const bool soon = levels.end - levels.begin < kBehind;
  return exceeds(soon ? kClearSoon : kClear) ||
         exceeds(kRegular + kSlopeOfIrregular * irregularity(levels));
}

float BeatDetector::irregularity(const Levels& levels) {
  heights_.clear();
  distances_.clear();
  std::int64_t before = -1;
  for (std::size_t i = oldest_; i < candidates_.size(); ++i) {
    const Candidate& candidate = candidates_[i];
    if (candidate.place >= levels.end) break;
    if (candidate.height <= levels.threshold) continue;
    heights_.push_back(candidate.height);
    if (before >= 0) distances_.push_back(static_cast<float>(candidate.place - before));
    before = candidate.place;
  }
  return relative_spread(heights_) + relative_spread(distances_);
}

// A candidate below the threshold is a beat if it is the best of a hole that asks for one.
bool BeatDetector::is_missed(std::size_t index, const Levels& levels) const {
  const Candidate& candidate = candidates_[index];
  const double usual = intervals_.median();
  const double since = seconds(candidate.place - last_place_);
  if (intervals_.count() < 3 || since <= std::max(kLeast, kLeastShare * usual)) return false;
  if (candidate.height <= levels.noise + kMissed * (levels.threshold - levels.noise)) return false;
  std::int64_t next = levels.end;
  for (std::size_t i = index + 1; i < candidates_.size(); ++i) {
    if (candidates_[i].place >= levels.end) break;
    if (candidates_[i].height > levels.threshold) {
      next = candidates_[i].place;
      break;
    }
    if (candidates_[i].height > candidate.height) return false;
  }
  return seconds(next - last_place_) > kHole * usual && seconds(next - candidate.place) > kLeast;
}

void BeatDetector::accept(const Candidate& candidate) {
  const double interval = seconds(candidate.place - last_place_);
  if (beats_.count() > 0 && interval < 3) intervals_.add(interval);
  beats_.add(candidate.height);
  last_place_ = candidate.place;
  last_height_ = candidate.height;
  positions_.push_back(locate(candidate.place));
}

// The largest excursion near the complex, with a preference for the side that the beats before it
// pointed to; between samples by a parabola.
double BeatDetector::locate(std::int64_t place) {
  const Track& band = signal_.band();
  const std::int64_t begin = std::max(place - kReach, band.first());
  const std::int64_t end = std::min(place + kReach + 1, band.end());
  const auto [low, high] = std::minmax_element(band.at(begin), band.at(end));
  const double up = std::max(*high, 0.0F);
  const double down = std::max(-*low, 0.0F);
  const double share = up + down > 0 ? (up - down) / (up + down) : 0;
  polarity_ += 0.2 * (share - polarity_);
  const float* peak = share + 0.5 * polarity_ >= 0 ? high : low;
  const std::int64_t n = begin + (peak - band.at(begin));
  if (n <= band.first() || n + 1 >= band.end()) return static_cast<double>(n);
  const double left = band[n - 1], here = band[n], right = band[n + 1];
  const double bend = left - 2 * here + right;
  const double shift = bend == 0 ? 0 : 0.5 * (left - right) / bend;
  return static_cast<double>(n) + std::clamp(shift, -0.5, 0.5);
}

double BeatDetector::delay() {
  return seconds(kAhead + kRefractory + kReach + 1) + BeatEnergy::kDelay;
}

void BeatFinder::reset() {
  signal_.reset();
  detector_.reset();
  times_.clear();
}

template <typename T>
void BeatFinder::take(std::span<const T> samples) {
  while (!samples.empty()) {
    const std::size_t count = std::min<std::size_t>(samples.size(), kPiece);
    signal_.push(samples.first(count));
    samples = samples.subspan(count);
    pass_on();
  }
}

template void BeatFinder::take(std::span<const float>);
template void BeatFinder::take(std::span<const double>);

void BeatFinder::pass_on() {
  detector_.push(signal_.samples(), signal_.gaps());
  signal_.drop(signal_.samples().size());
  for (std::size_t i = times_.size(); i < detector_.positions().size(); ++i) {
    times_.push_back(std::max(detector_.positions()[i], 0.0) / kBeatRate);
  }
}

void BeatFinder::finish() {
  signal_.finish();
  pass_on();
  detector_.finish(signal_.gaps());
  pass_on();
}

}  // namespace ecgrt
