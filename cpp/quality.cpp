#include "quality.h"

#include <cstdio>

namespace ecgrt {

std::string to_string(WarningCode code) {
  switch (code) {
    case WarningCode::low_amplitude:
      return "low_amplitude";
    case WarningCode::high_amplitude:
      return "high_amplitude";
    case WarningCode::counts:
      return "counts";
    case WarningCode::short_record:
      return "short_record";
    case WarningCode::long_record:
      return "long_record";
    case WarningCode::too_short:
      return "too_short";
    case WarningCode::heart_rate:
      return "heart_rate";
    case WarningCode::few_beats:
      return "few_beats";
    case WarningCode::slow_beats:
      return "slow_beats";
    case WarningCode::fast_beats:
      return "fast_beats";
    case WarningCode::beat_height:
      return "beat_height";
    case WarningCode::unreadable:
      break;
  }
  return "unreadable";
}

std::string sentence(const Warning& warning) {
  char number[32];
  std::snprintf(number, sizeof number, "%.3g", warning.value);
  const std::string value = number;
  switch (warning.code) {
    case WarningCode::low_amplitude:
      return "within a second the signal typically moves by " + value +
             " uV, less than an ECG does (20 uV): is the unit right? Volts, millivolts or a "
             "normalised signal where microvolts are expected look like this";
    case WarningCode::high_amplitude:
      return "within a second the signal typically moves by " + value +
             " uV, more than an ECG does (50,000 uV): is the unit right? Nanovolts or counts of "
             "an ADC where microvolts are expected look like this";
    case WarningCode::counts:
      return "all samples are whole numbers, none is below 0 and their mean is about " + value +
             ": counts of an ADC look like this; convert them to microvolts by the recorder's "
             "gain and baseline";
    case WarningCode::short_record:
      return "the record lasts " + value +
             " s: in less than 15 s atrial fibrillation and single odd beats are easily missed";
    case WarningCode::long_record:
      return "the record lasts " + value +
             " s: one label for more than a minute hides episodes; use a timeline";
    case WarningCode::too_short:
      return "the record lasts " + value + " s: no label is given for less than 5 s";
    case WarningCode::heart_rate:
      return "the heart seems to beat " + value +
             " times a minute, which is out of the ordinary (30 to 220): is the sampling rate "
             "right?";
    case WarningCode::few_beats:
      return "hardly any heartbeats are found (" + value +
             "): is it an ECG, and are its lead and its sampling rate right?";
    case WarningCode::slow_beats:
      return "the heart seems to beat " + value +
             " times a minute, and its beats are drawn out: is the sampling rate right? One that "
             "is told too low looks like this";
    case WarningCode::fast_beats:
      return "the heart seems to beat " + value +
             " times a minute, and its beats are sharp or drawn out for that: is the sampling rate "
             "right? One that is told too high looks like this";
    case WarningCode::beat_height:
      return "heartbeats are typically " + value +
             " uV high, which the model has not learnt from: are unit and gain right?";
    case WarningCode::unreadable:
      break;
  }
  return "only " + value + " s of the record can be read: no label is given for less than 5 s";
}

std::string to_string(GapReason reason) {
  switch (reason) {
    case GapReason::flat:
      return "flat";
    case GapReason::rail:
      return "rail";
    case GapReason::missing:
      break;
  }
  return "missing";
}

}  // namespace ecgrt
