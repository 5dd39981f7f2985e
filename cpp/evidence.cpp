#include "evidence.h"

#include <cstdio>

namespace ecgrt {
namespace {

std::string number(const char* format, double value) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string percent(double share) { return number("%.0f %%", 100 * share); }

std::string premature(const Evidence& evidence) {
  std::string text = "premature beats: " + percent(evidence.value) +
                     " of the intervals are shorter than those around by 15 % or more";
  if (evidence.more > 0) {
    text += "; " + percent(evidence.more) + " of the beats are early and of another shape";
  }
  return text;
}

}  // namespace

std::string to_string(EvidenceCode code) {
  switch (code) {
    case EvidenceCode::rate:
      return "rate";
    case EvidenceCode::slow:
      return "slow";
    case EvidenceCode::fast:
      return "fast";
    case EvidenceCode::no_beats:
      return "no_beats";
    case EvidenceCode::regular:
      return "regular";
    case EvidenceCode::irregular:
      return "irregular";
    case EvidenceCode::p_wave:
      return "p_wave";
    case EvidenceCode::no_p_wave:
      return "no_p_wave";
    case EvidenceCode::premature:
      return "premature";
    case EvidenceCode::broad:
      return "broad";
    case EvidenceCode::long_interval:
      return "long_interval";
    case EvidenceCode::other_shapes:
      return "other_shapes";
    case EvidenceCode::unlike:
      return "unlike";
    case EvidenceCode::few_beats:
      return "few_beats";
    case EvidenceCode::noise:
      break;
  }
  return "noise";
}

std::string sentence(const Evidence& evidence) {
  const double value = evidence.value;
  const std::string differ =
      percent(value) + " of them differ from the one before by more than a tenth";
  switch (evidence.code) {
    case EvidenceCode::rate:
      return "heart rate " + number("%.0f", value) + " a minute";
    case EvidenceCode::slow:
      return "heart rate " + number("%.0f", value) + " a minute, slow (below 50)";
    case EvidenceCode::fast:
      return "heart rate " + number("%.0f", value) + " a minute, fast (above 100)";
    case EvidenceCode::no_beats:
      return "too few heartbeats found to speak of a rhythm";
    case EvidenceCode::regular:
      return "regular intervals: " + differ;
    case EvidenceCode::irregular:
      return "irregular intervals: " + differ;
    case EvidenceCode::p_wave:
      return "a P wave precedes the beats: from beat to beat it agrees by " +
             number("%.2f", value) + " (1: always the same)";
    case EvidenceCode::no_p_wave:
      return "no steady P wave found: what precedes the beats agrees by " + number("%.2f", value) +
             " from beat to beat (1: always the same)";
    case EvidenceCode::premature:
      return premature(evidence);
    case EvidenceCode::broad:
      return "broad complexes: most of their slope takes " + number("%.0f", value) +
             " ms (usual: 60)";
    case EvidenceCode::long_interval:
      return "a long interval: " + number("%.1f", value) + " s from one beat to the next";
    case EvidenceCode::other_shapes:
      return "some beats are of another shape: " + percent(value) +
             " of the complexes do not resemble the others";
    case EvidenceCode::unlike:
      return "beats differ in shape: " + percent(value) +
             " of the complexes do not resemble the others, as in noise or with ectopic beats";
    case EvidenceCode::few_beats:
      return "beats could be followed through " + percent(value) + " of the record only";
    case EvidenceCode::noise:
      break;
  }
  return "noise: in " + percent(value) + " of the seconds no heartbeat stands out";
}

}  // namespace ecgrt
