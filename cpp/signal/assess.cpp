#include "signal/assess.h"

#include <algorithm>

namespace ecgrt {
namespace {

constexpr double kLeastRange = 20, kMostRange = 50'000;  // microvolts, of a second
constexpr double kLeastOffset = 100;                     // of an ADC that knows no sign
constexpr double kSlowest = 30, kFastest = 220;          // beats a minute
constexpr double kFewest = 10, kLongEnoughForFew = 9;    // likewise; readable seconds
constexpr double kBeatsOfARate = 5;
constexpr double kMostForFeatures = 120;  // seconds
// Height of beats in standard deviations of what a model with a fixed scale has learnt from. Of
// 1,500 records of the challenge 1 % lie outside, of MIT-BIH's none; with a gain that is wrong by 5
// or 1/5, seven and eight tenths do.
constexpr double kLowestBeat = 0.9, kHighestBeat = 14;
constexpr double kTooShort = 5, kShort = 15, kLong = 65;  // seconds

// Marks the segments that are covered by more than half; none if no segment is.
void mark_segments(const SignalReader& reader, std::vector<std::uint8_t>& readable) {
  readable.clear();
  if (reader.covered().empty()) return;
  readable.assign(reader.segments(), 1);
  const double length = reader.segment_length();
  auto stretch = reader.covered().begin();
  const auto last = reader.covered().end();
  for (std::size_t i = 0; i < readable.size(); ++i) {
    const double begin = static_cast<double>(i) * length, end = begin + length;
    double covered = 0;
    for (; stretch != last && static_cast<double>(stretch->begin) < end; ++stretch) {
      const double from = std::max(begin, static_cast<double>(stretch->begin));
      covered += std::max(std::min(end, static_cast<double>(stretch->end)) - from, 0.0);
      if (static_cast<double>(stretch->end) > end) break;  // the next segment's as well
    }
    readable[i] = covered <= length / 2;
  }
}

void warn_of_amplitude(const SignalReader::Looks& looks, std::vector<Warning>& warnings) {
  const auto [range, mean] = looks.typical;
  if (range > 0 && range < kLeastRange) warnings.push_back({WarningCode::low_amplitude, range});
  if (range > kMostRange) warnings.push_back({WarningCode::high_amplitude, range});
  if (looks.counts && mean >= kLeastOffset) warnings.push_back({WarningCode::counts, mean});
}

void warn_of_length(Quality& quality) {
  const double readable = quality.readable * quality.seconds;
  quality.withheld = readable < kTooShort;
  if (quality.seconds < kTooShort) {
    quality.warnings.push_back({WarningCode::too_short, quality.seconds});
  } else if (quality.withheld) {
    quality.warnings.push_back({WarningCode::unreadable, readable});
  } else if (quality.seconds < kShort) {
    quality.warnings.push_back({WarningCode::short_record, quality.seconds});
  } else if (quality.seconds > kLong) {
    quality.warnings.push_back({WarningCode::long_record, quality.seconds});
  }
}

float feature(const RhythmAnalyser& rhythm, Feature name) {
  return rhythm.features()[static_cast<std::size_t>(name)];
}

// A rate that is told too low makes the heart slow and its complexes wide, and leaves little above
// 15 Hz; one that is told too high makes it fast, puts more there, and the complexes come out wide
// for such a heart. None of the three tells alone, for hearts differ by more than that. Logistic
// regression on 1,600 records of the challenge, rounded; docs/recordings.md tells how often it
// errs.
bool is_slow(const RhythmAnalyser& rhythm) {
  if (!rhythm.has_shapes()) return false;
  return 0.5F * feature(rhythm, Feature::qrs_width) - feature(rhythm, Feature::rate_median) -
             feature(rhythm, Feature::band_high) >
         2.6F;
}

bool is_fast(const RhythmAnalyser& rhythm) {
  if (!rhythm.has_shapes()) return false;
  return 0.7F * feature(rhythm, Feature::qrs_width) + 0.5F * feature(rhythm, Feature::rate_median) +
             feature(rhythm, Feature::band_high) >
         0;
}

bool doubts_unit(const Quality& quality) {
  return std::ranges::any_of(quality.warnings, [](const Warning& warning) {
    return warning.code == WarningCode::low_amplitude ||
           warning.code == WarningCode::high_amplitude || warning.code == WarningCode::counts;
  });
}

// Beats a minute by the median of the intervals.
double heart_rate(std::span<const double> beats, std::vector<float>& scratch) {
  scratch.clear();
  for (std::size_t i = 1; i < beats.size(); ++i) {
    scratch.push_back(static_cast<float>(beats[i] - beats[i - 1]));
  }
  const auto middle = scratch.begin() + static_cast<std::ptrdiff_t>(scratch.size() / 2);
  std::nth_element(scratch.begin(), middle, scratch.end());
  return 60.0 / static_cast<double>(*middle);
}

}  // namespace

void assess(const SignalReader& reader, Quality& quality, std::vector<std::uint8_t>& readable,
            std::vector<float>& scratch) {
  const double rate = reader.sampling_rate();
  std::int64_t covered = 0;
  for (const Stretch& stretch : reader.covered()) covered += stretch.end - stretch.begin;
  quality.seconds = static_cast<double>(reader.size()) / rate;
  quality.readable = 1 - static_cast<double>(covered) / static_cast<double>(reader.size());
  quality.spans.clear();
  for (const Gap& gap : reader.gaps()) {
    quality.spans.push_back(
        {static_cast<double>(gap.begin) / rate, static_cast<double>(gap.end) / rate, gap.reason});
  }
  mark_segments(reader, readable);
  quality.warnings.clear();
  quality.withheld = false;
  if (reader.has_block()) {
    warn_of_length(quality);
    if (!quality.withheld) warn_of_amplitude(reader.looks(scratch), quality.warnings);
  }
  const auto is_readable = [](std::uint8_t flag) { return flag != 0; };
  if (!quality.withheld && !readable.empty() && std::ranges::none_of(readable, is_readable)) {
    quality.withheld = true;
    quality.warnings.push_back({WarningCode::unreadable, quality.readable * quality.seconds});
  }
}

bool wants_features(const SignalReader& reader, const Quality& quality) {
  return reader.has_block() && !quality.withheld && quality.seconds <= kMostForFeatures;
}

void warn_of_beats(const SignalReader& reader, const RhythmAnalyser& rhythm, double microvolts,
                   Quality& quality, std::vector<float>& scratch) {
  if (quality.withheld) return;
  const auto beats = static_cast<double>(rhythm.beats().size());
  const double readable = quality.readable * quality.seconds;
  if (readable >= kLongEnoughForFew && beats < readable * kFewest / 60) {
    quality.warnings.push_back({WarningCode::few_beats, beats});
  }
  if (beats < kBeatsOfARate) return;
  const double rate = heart_rate(rhythm.beats(), scratch);
  if (rate < kSlowest || rate > kFastest) {
    quality.warnings.push_back({WarningCode::heart_rate, rate});
  } else if (is_slow(rhythm)) {
    quality.warnings.push_back({WarningCode::slow_beats, rate});
  } else if (is_fast(rhythm)) {
    quality.warnings.push_back({WarningCode::fast_beats, rate});
  }
  if (doubts_unit(quality)) return;  // which the height of beats would but repeat
  const double height = rhythm.height() * microvolts, std = reader.fixed_std();
  if (height > 0 && std > 0 && (height < kLowestBeat * std || height > kHighestBeat * std)) {
    quality.warnings.push_back({WarningCode::beat_height, height});
  }
}

}  // namespace ecgrt
