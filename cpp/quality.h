// How much of a record can be read, and what about it is suspicious.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ecgrt {

enum class GapReason { missing, flat, rail };

// What speaks against a record, or against the way it was handed in.
enum class WarningCode {
  low_amplitude,   // value: typical range within a second, microvolts
  high_amplitude,  // likewise
  counts,          // value: typical mean
  short_record,    // value: seconds
  long_record,     // likewise
  too_short,       // no label is given; value: seconds
  unreadable,      // no label is given; value: readable seconds
  heart_rate,      // value: beats a minute
  few_beats,       // value: how many
  slow_beats,      // value: beats a minute
  fast_beats,      // likewise
  beat_height,     // value: microvolts
};

struct Warning {
  WarningCode code;
  double value;
};

// A gap, in seconds from the record's start.
struct UnreadableSpan {
  double start, end;
  GapReason reason;
};

struct Quality {
  double seconds = 0;   // that the record lasts
  double readable = 1;  // share of it that no gap or its margin covers
  std::vector<UnreadableSpan> spans;
  std::vector<Warning> warnings;
  bool withheld = false;  // no label can be given
};

// Such as "low_amplitude", and a sentence for people.
std::string to_string(WarningCode code);
std::string sentence(const Warning& warning);
// "missing", "flat", "rail"
std::string to_string(GapReason reason);

}  // namespace ecgrt
