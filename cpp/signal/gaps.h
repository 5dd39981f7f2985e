// Spans of a signal that cannot be read: found, and bridged.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "quality.h"
#include "signal/stretch.h"

namespace ecgrt {

// Samples [begin, end). `before` and `after` are the values of the samples next to it; where the
// signal begins or ends, each has the value of the other.
struct Gap {
  std::size_t begin = 0, end = 0;
  GapReason reason = GapReason::missing;
  float before = 0, after = 0;

  // So many samples on either side are not to be trusted: as many as it has, half a second at most.
  std::size_t margin(double rate) const;
};

// What a second of the signal looks like, by its finite samples; without any, lowest > highest.
struct Second {
  float lowest, highest, mean;
  bool empty() const { return lowest > highest; }
};

// Finds gaps in one pass over a signal that comes in chunks of any size:
// - missing: NaN and infinite samples;
// - flat: a second or more of identical samples (of 960 records of the challenge, rounded to 20 uV,
//   none has such a run);
// - rail: 0.2 s or more of identical samples that nothing within ten seconds goes beyond, far from
//   the middle, for between two beats a baseline may be as still as that.
// A stretch between two gaps that the margin of each covers belongs to them: they are one gap, with
// the reason of the longer.
class GapFinder {
 public:
  // Begins a signal of `rate` Hz; keeps its memory. Without `stillness` it looks for missing
  // samples only.
  void start(double rate, bool stillness);
  void push(std::span<const float> samples);
  void finish();

  // Ascending. Those that begin before settled() are certain, and after finish() all.
  std::span<const Gap> gaps() const { return gaps_; }
  std::size_t settled() const;

  // With stillness: every second of the signal, the last may be shorter.
  std::span<const Second> seconds() const { return seconds_; }

 private:
  struct Run {
    Gap gap;
    float value;
  };

  void take(float x);
  std::size_t take_moving(std::span<const float> samples);
  bool is_gap() const;
  void end_run(float after);
  void end_second();
  void decide(bool finished);
  bool is_rail(const Run& run) const;
  void add(Gap gap);
  std::size_t second_of(std::size_t sample) const;

  double rate_ = 0;
  bool stillness_ = false;
  std::size_t position_ = 0;
  // The samples before position_ that are identical, or all missing, and the one before them.
  std::size_t run_ = 0;
  bool missing_ = false;
  float value_ = 0, before_ = 0;
  std::size_t shortest_ = 0;  // that may be a rail

  std::size_t second_ends_ = 0, finite_ = 0;
  Second second_{};
  double sums_[4] = {};  // of every fourth sample
  std::vector<Second> seconds_;

  std::vector<Run> pending_;  // from decided_ on: may be gaps
  std::size_t decided_ = 0;
  std::vector<Gap> gaps_;
};

// Replaces those of samples [first, first + values.size()) that lie in gaps by straight lines.
// `gaps` are ascending.
void bridge(std::span<const Gap> gaps, std::size_t first, std::span<float> values);

// What gaps and their margins cover of a signal of `size` samples; ascending, apart.
void cover(std::span<const Gap> gaps, double rate, std::size_t size, std::vector<Stretch>& out);

// Medians over the seconds that nothing of `covered` touches; zeros if there is none.
struct Typical {
  float range, mean;
};
// `scratch` is working memory that is kept between calls.
Typical typical_second(std::span<const Second> seconds, std::span<const Stretch> covered,
                       double rate, std::vector<float>& scratch);

}  // namespace ecgrt
