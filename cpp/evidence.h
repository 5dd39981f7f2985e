// What beats and signal of a record show, in words: facts about the rhythm, not a decision.
#pragma once

#include <string>

namespace ecgrt {

enum class EvidenceCode {
  rate,           // value: beats a minute; of one record one of the first three, or no_beats
  slow,           // likewise
  fast,           // likewise
  no_beats,       // too few to speak of a rhythm
  regular,        // value: share of the intervals that differ from the one before
  irregular,      // likewise
  p_wave,         // value: how much alike what precedes the beats is, up to 1
  no_p_wave,      // likewise
  premature,      // value: share of the intervals; more: of premature beats of another shape
  broad,          // value: milliseconds
  long_interval,  // value: seconds
  other_shapes,   // value: share of the complexes
  unlike,         // likewise, so many that nothing is said of the others
  few_beats,      // value: share of the record
  noise,          // value: share of the seconds
};

struct Evidence {
  EvidenceCode code;
  double value = 0;
  double more = 0;
};

// Such as "irregular", and a sentence for people.
std::string to_string(EvidenceCode code);
std::string sentence(const Evidence& evidence);

}  // namespace ecgrt
