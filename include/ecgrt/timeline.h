/*
 * Part of ecgrt.h: what a long record was, all along. docs/timeline.md explains the rules, which
 * are those of ecgrt.timeline in Python.
 *
 *   ecgrt_timeline* timeline;
 *   if (ecgrt_timeline_open(classifier, NULL, &timeline) != ECGRT_OK) ...
 *   while (...) ecgrt_timeline_push(timeline, &chunk);
 *   ecgrt_timeline_finish(timeline);
 *   for (i = 0; ecgrt_timeline_span(timeline, i, &span) == ECGRT_OK; ++i) puts(span.label);
 */
#ifndef ECGRT_TIMELINE_H
#define ECGRT_TIMELINE_H

#include <ecgrt/ecgrt.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ecgrt_timeline ecgrt_timeline;

typedef struct ecgrt_timeline_options {
  size_t size;          /* sizeof(ecgrt_timeline_options) */
  double sampling_rate; /* Hz; 0: the model's own */
  double microvolts;    /* that one unit of the samples is; 0: 1 */
  double window;        /* seconds that an answer is on */
  double hop;           /* seconds from one answer to the next: a step */
  double smoothing;     /* seconds over which the median of the answers is taken */
  double margin;        /* by which another state must be more probable to take over, 0 to 1 */
  double shortest;      /* seconds that a state must last */
  /* As of ecgrt_stream_options. */
  int (*cancel)(void* context);
  void* context;
} ecgrt_timeline_options;

#define ECGRT_TIMELINE_OPTIONS_INIT \
  {sizeof(ecgrt_timeline_options), 0.0, 0.0, 30.0, 10.0, 60.0, 0.2, 30.0, NULL, NULL}

/* `options` may be NULL. A timeline is for one thread at a time; timelines of one classifier may be
 * used by different threads at the same time. */
ECGRT_API ecgrt_status ecgrt_timeline_open(const ecgrt_classifier* classifier,
                                           const ecgrt_timeline_options* options,
                                           ecgrt_timeline** timeline);
ECGRT_API void ecgrt_timeline_close(ecgrt_timeline* timeline);

/* Takes the next samples; the chunk's rate and unit are the timeline's. Chunks of some minutes need
 * little memory: of what lies behind, the answers are kept. A call that fails, or is cancelled,
 * leaves the timeline as it was and may be made again, but for one that tells later calls that
 * memory ran out. */
ECGRT_API ecgrt_status ecgrt_timeline_push(ecgrt_timeline* timeline, const ecgrt_signal* chunk);
/* Time passes of which there are no samples, a day at most. */
ECGRT_API ecgrt_status ecgrt_timeline_skip(ecgrt_timeline* timeline, double seconds);
/* Ends the record and makes the timeline; before, it has no steps, spans, gaps and warnings. A
 * record that is shorter than one segment of the model is ECGRT_ERROR_ARGUMENT. */
ECGRT_API ecgrt_status ecgrt_timeline_finish(ecgrt_timeline* timeline);

/* Seconds that have been taken, and the share of them, 0 to 1, that has an answer. */
ECGRT_API double ecgrt_timeline_seconds(const ecgrt_timeline* timeline);
ECGRT_API double ecgrt_timeline_readable(const ecgrt_timeline* timeline);

/* What a stretch can be: "AF" and "not AF" of a model with the class "A", else the model's classes
 * but for noise. NULL if there is no such state. */
ECGRT_API size_t ecgrt_timeline_state_count(const ecgrt_timeline* timeline);
ECGRT_API const char* ecgrt_timeline_state_name(const ecgrt_timeline* timeline, size_t state);

/* Steps last `hop` seconds each; the last one ends with the record. The number of a step's state;
 * -1: unreadable, or there is no such step. */
ECGRT_API size_t ecgrt_timeline_step_count(const ecgrt_timeline* timeline);
ECGRT_API int32_t ecgrt_timeline_step_state(const ecgrt_timeline* timeline, size_t step);
/* Of the steps, one after another, the states of each: smoothed; NaN where there is no answer. */
ECGRT_API const double* ecgrt_timeline_probabilities(const ecgrt_timeline* timeline);

/* A stretch of one state. */
typedef struct ecgrt_span {
  double start, end;  /* seconds */
  double probability; /* mean over the answers in it; NaN: it is unreadable */
  const char* label;  /* the state's name, or "unreadable" */
  int32_t state;      /* -1: unreadable */
  int32_t reason;     /* why it is, one of ecgrt_gap_reason; -1: noise, or it is readable */
} ecgrt_span;

/* The whole record, divided: each span begins where the one before it ends. */
ECGRT_API size_t ecgrt_timeline_span_count(const ecgrt_timeline* timeline);
ECGRT_API ecgrt_status ecgrt_timeline_span(const ecgrt_timeline* timeline, size_t index,
                                           ecgrt_span* span);

/* What cannot be read of the signal; short gaps, which make no step unreadable, too. */
ECGRT_API size_t ecgrt_timeline_gap_count(const ecgrt_timeline* timeline);
ECGRT_API ecgrt_status ecgrt_timeline_gap(const ecgrt_timeline* timeline, size_t index,
                                          ecgrt_gap* gap);

/* How much of the time that has an answer is spent in a state; NaN if none has. */
typedef struct ecgrt_burden {
  double share;    /* 0 to 1, by the spans */
  double expected; /* 0 to 1, by the probabilities: their mean */
  double seconds;  /* in the state */
} ecgrt_burden;

ECGRT_API ecgrt_status ecgrt_timeline_burden(const ecgrt_timeline* timeline, size_t state,
                                             ecgrt_burden* burden);

/* R peaks so far, in seconds from the start. */
ECGRT_API size_t ecgrt_timeline_beat_count(const ecgrt_timeline* timeline);
ECGRT_API const double* ecgrt_timeline_beats(const ecgrt_timeline* timeline);

/* What speaks against most of the record, as of ecgrt_prediction_warning_code. */
ECGRT_API size_t ecgrt_timeline_warning_count(const ecgrt_timeline* timeline);
ECGRT_API const char* ecgrt_timeline_warning_code(const ecgrt_timeline* timeline, size_t index);
ECGRT_API const char* ecgrt_timeline_warning_text(const ecgrt_timeline* timeline, size_t index);

#ifdef __cplusplus
}
#endif

#endif
