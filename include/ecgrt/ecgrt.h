/*
 * ecgrt for C: the rhythm of a single-lead ECG. ecgrt is not a medical device.
 *
 *   ecgrt_classifier* classifier;
 *   ecgrt_prediction* prediction;
 *   if (ecgrt_classifier_open("cinc17-compact.plan", NULL, &classifier) != ECGRT_OK) ...
 *   if (ecgrt_prediction_new(&prediction) != ECGRT_OK) ...
 *   ecgrt_signal signal = {samples, ECGRT_FLOAT32, 0, count, 250.0, ECGRT_MILLIVOLTS};
 *   if (ecgrt_predict(classifier, &signal, NULL, prediction) != ECGRT_OK)
 *     puts(ecgrt_last_error());
 *   puts(ecgrt_prediction_label_name(prediction));
 *
 * Errors. A function that can fail returns a status; ecgrt_last_error() has a sentence for it. No
 * exception leaves the library. A null pointer where none may be is ECGRT_ERROR_ARGUMENT; functions
 * that only ask something answer a null handle with 0, NaN, -1 or NULL.
 *
 * Handles. Whoever opened or made a handle closes it, once; to close NULL does nothing. To use or
 * close a handle that is closed already is undefined, as after free(). No handle is needed by
 * another: a prediction outlives its classifier.
 *
 * Threads. Threads may share a classifier and call it at the same time. A prediction belongs to one
 * thread at a time. What a function returns a pointer to belongs to the handle, and is valid until
 * the handle is closed or handed to ecgrt_predict again.
 *
 * Stability. Within a major version (before 1.0: within a minor one) functions and constants stay,
 * and structs keep their layout: programs go on without being compiled again. New options follow
 * the old ones in their struct, whose first field tells the library how many its caller knows.
 */
#ifndef ECGRT_H
#define ECGRT_H

#include <ecgrt/version.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ECGRT_API __attribute__((visibility("default")))
#else
#define ECGRT_API
#endif

/* The version of the library that runs, such as "0.1.0"; ECGRT_VERSION is that of this header. */
ECGRT_API const char* ecgrt_version(void);

/* ---- errors ---- */

typedef enum ecgrt_status {
  ECGRT_OK = 0,
  ECGRT_ERROR_ARGUMENT = 1,    /* a null pointer, a value out of range, a signal of no use */
  ECGRT_ERROR_PLAN = 2,        /* the plan is missing, damaged, of another version, or none */
  ECGRT_ERROR_UNAVAILABLE = 3, /* the plan is sound; its GPU, driver or TensorRT is not here */
  ECGRT_ERROR_MEMORY = 4,
  ECGRT_ERROR_CANCELLED = 5, /* by the options' cancel */
  ECGRT_ERROR_INTERNAL = 6   /* a defect of ecgrt */
} ecgrt_status;

/* What went wrong in this thread's last call that failed: a sentence that quotes no samples; ""
 * before any has. Valid until the thread's next call that fails. */
ECGRT_API const char* ecgrt_last_error(void);

/* ---- classifier: a plan, ready to run ---- */

typedef struct ecgrt_classifier ecgrt_classifier;

typedef struct ecgrt_options {
  size_t size;      /* sizeof(ecgrt_options) */
  uint32_t threads; /* 1 to 256; 0: ECGRT_NUM_THREADS of the environment, else one for each core */
  int32_t device;   /* CUDA device of a TensorRT plan */
} ecgrt_options;

#define ECGRT_OPTIONS_INIT {sizeof(ecgrt_options), 0, 0}

/* Loads the plan of a file. `options` may be NULL. On failure *classifier is NULL. */
ECGRT_API ecgrt_status ecgrt_classifier_open(const char* plan, const ecgrt_options* options,
                                             ecgrt_classifier** classifier);

/* Loads a plan from memory, which is not needed any more afterwards. */
ECGRT_API ecgrt_status ecgrt_classifier_open_bytes(const void* plan, size_t size,
                                                   const ecgrt_options* options,
                                                   ecgrt_classifier** classifier);

/* No call of another thread may be using it. */
ECGRT_API void ecgrt_classifier_close(ecgrt_classifier* classifier);

ECGRT_API size_t ecgrt_classifier_class_count(const ecgrt_classifier* classifier);
/* NULL if there is no such class. */
ECGRT_API const char* ecgrt_classifier_class_name(const ecgrt_classifier* classifier, size_t index);
/* The model's own, Hz. */
ECGRT_API double ecgrt_classifier_sampling_rate(const ecgrt_classifier* classifier);
/* Samples, at the model's rate, for one segment of answer; shorter signals are refused. */
ECGRT_API size_t ecgrt_classifier_samples_per_segment(const ecgrt_classifier* classifier);
/* Such as "cpu/avx2". */
ECGRT_API const char* ecgrt_classifier_backend(const ecgrt_classifier* classifier);
/* The model's metadata, JSON. */
ECGRT_API const char* ecgrt_classifier_metadata(const ecgrt_classifier* classifier);
/* Runs the plan's own example: *difference is the largest one between the probabilities found here
 * and those when the plan was built; NaN if it carries none. */
ECGRT_API ecgrt_status ecgrt_classifier_self_test(const ecgrt_classifier* classifier,
                                                  float* difference);

/* ---- prediction: what a classifier says of one signal ---- */

typedef enum ecgrt_sample_type {
  ECGRT_INT16 = 0,
  ECGRT_INT32 = 1,
  ECGRT_FLOAT32 = 2,
  ECGRT_FLOAT64 = 3
} ecgrt_sample_type;

#define ECGRT_MICROVOLTS 1.0
#define ECGRT_MILLIVOLTS 1000.0
#define ECGRT_VOLTS 1000000.0

/* One lead, read in place. NaN, infinite samples and the lowest number of an integer type are
 * missing samples. */
typedef struct ecgrt_signal {
  const void* samples;
  int32_t type;     /* one of ecgrt_sample_type */
  ptrdiff_t stride; /* bytes from a sample to the next; 0: they lie side by side */
  size_t count;
  double sampling_rate; /* Hz, 10 to 100,000; 0: the model's own */
  double microvolts;    /* that one unit of the samples is: ECGRT_MILLIVOLTS, or the step of an
                           ADC; 0: 1 */
} ecgrt_signal;

typedef struct ecgrt_predict_options {
  size_t size;           /* sizeof(ecgrt_predict_options) */
  double min_confidence; /* 0 to 1; where the confidence is below it there is no label */
  /* Called between the parts of a long call, on the thread that called; not 0 ends the call with
   * ECGRT_ERROR_CANCELLED. May be NULL. Must not throw. */
  int (*cancel)(void* context);
  void* context;
} ecgrt_predict_options;

#define ECGRT_PREDICT_OPTIONS_INIT {sizeof(ecgrt_predict_options), 0.0, NULL, NULL}

typedef struct ecgrt_prediction ecgrt_prediction;

/* A prediction to hand to ecgrt_predict, as often as you like: used again, it allocates nothing for
 * signals as long as before. */
ECGRT_API ecgrt_status ecgrt_prediction_new(ecgrt_prediction** prediction);
ECGRT_API void ecgrt_prediction_free(ecgrt_prediction* prediction);

/* Classifies one signal. `options` may be NULL. After a failure the prediction is empty. */
ECGRT_API ecgrt_status ecgrt_predict(const ecgrt_classifier* classifier, const ecgrt_signal* signal,
                                     const ecgrt_predict_options* options,
                                     ecgrt_prediction* prediction);

/* Classifies `count` signals of any lengths, one on each thread, into as many different
 * predictions. A message tells the number, from 0, of the signal at fault; then all of the
 * predictions are empty. */
ECGRT_API ecgrt_status ecgrt_predict_batch(const ecgrt_classifier* classifier,
                                           const ecgrt_signal* signals, size_t count,
                                           const ecgrt_predict_options* options,
                                           ecgrt_prediction* const* predictions);

/* Number of the class; -1: none, for the classifier is less sure than asked, or the signal could
 * not be read, as the warnings say. */
ECGRT_API int32_t ecgrt_prediction_label(const ecgrt_prediction* prediction);
/* Such as "A"; NULL: no label. */
ECGRT_API const char* ecgrt_prediction_label_name(const ecgrt_prediction* prediction);
/* Probability of the label, be it given or withheld. */
ECGRT_API float ecgrt_prediction_confidence(const ecgrt_prediction* prediction);
/* One for each class. */
ECGRT_API size_t ecgrt_prediction_class_count(const ecgrt_prediction* prediction);
ECGRT_API const float* ecgrt_prediction_probabilities(const ecgrt_prediction* prediction);
ECGRT_API size_t ecgrt_prediction_segment_count(const ecgrt_prediction* prediction);
/* Of the segments, one after another, the classes of each. */
ECGRT_API const float* ecgrt_prediction_segment_probabilities(const ecgrt_prediction* prediction);
/* Number of a segment's most probable class; -1: it cannot be read, or there is none such. */
ECGRT_API int32_t ecgrt_prediction_segment_label(const ecgrt_prediction* prediction,
                                                 size_t segment);
/* R peaks, in seconds from the signal's start. */
ECGRT_API size_t ecgrt_prediction_beat_count(const ecgrt_prediction* prediction);
ECGRT_API const double* ecgrt_prediction_beats(const ecgrt_prediction* prediction);
/* Beats a minute, by the median interval; NaN with fewer than two. */
ECGRT_API double ecgrt_prediction_heart_rate(const ecgrt_prediction* prediction);

/* How long the signal lasts, and the share of it, 0 to 1, that can be read. */
ECGRT_API double ecgrt_prediction_seconds(const ecgrt_prediction* prediction);
ECGRT_API double ecgrt_prediction_readable(const ecgrt_prediction* prediction);

typedef enum ecgrt_gap_reason {
  ECGRT_GAP_MISSING = 0, /* no samples */
  ECGRT_GAP_FLAT = 1,    /* a second or more of identical samples */
  ECGRT_GAP_RAIL = 2     /* 0.2 s or more of identical samples at an extreme */
} ecgrt_gap_reason;

typedef struct ecgrt_gap {
  double start, end; /* seconds */
  ecgrt_gap_reason reason;
} ecgrt_gap;

ECGRT_API size_t ecgrt_prediction_gap_count(const ecgrt_prediction* prediction);
ECGRT_API ecgrt_status ecgrt_prediction_gap(const ecgrt_prediction* prediction, size_t index,
                                            ecgrt_gap* gap);

/* What speaks against the signal or the way it was handed in: a code such as "low_amplitude", and a
 * sentence. NULL if there is no such warning. */
ECGRT_API size_t ecgrt_prediction_warning_count(const ecgrt_prediction* prediction);
ECGRT_API const char* ecgrt_prediction_warning_code(const ecgrt_prediction* prediction,
                                                    size_t index);
ECGRT_API const char* ecgrt_prediction_warning_text(const ecgrt_prediction* prediction,
                                                    size_t index);

/* ---- stream: decisions on a signal that comes piece by piece ---- */

typedef struct ecgrt_stream ecgrt_stream;

typedef struct ecgrt_stream_options {
  size_t size;          /* sizeof(ecgrt_stream_options) */
  double sampling_rate; /* Hz; 0: the model's own */
  double microvolts;    /* that one unit of the samples is; 0: 1 */
  double window;        /* seconds that a decision is on */
  double hop;           /* seconds from one decision to the next */
  double min_confidence;
  /* As of ecgrt_predict_options, in all calls that decide, for as long as the stream is open. */
  int (*cancel)(void* context);
  void* context;
} ecgrt_stream_options;

#define ECGRT_STREAM_OPTIONS_INIT \
  {sizeof(ecgrt_stream_options), 0.0, 0.0, 30.0, 10.0, 0.0, NULL, NULL}

/* `options` may be NULL. A stream is for one thread at a time; streams of one classifier may be
 * used by different threads at the same time. */
ECGRT_API ecgrt_status ecgrt_stream_open(const ecgrt_classifier* classifier,
                                         const ecgrt_stream_options* options,
                                         ecgrt_stream** stream);
ECGRT_API void ecgrt_stream_close(ecgrt_stream* stream);

/* The functions that return a status replace the decisions and beats of the call before. One that
 * fails, or is cancelled, leaves the stream as it was, without decisions: the same call may be made
 * again, and decides what it would have decided. */

/* Takes the next samples, any number of them. The chunk's rate and unit are the stream's. Each
 * window is classified when its last sample is there, as ecgrt_predict would classify it. */
ECGRT_API ecgrt_status ecgrt_stream_push(ecgrt_stream* stream, const ecgrt_signal* chunk);
/* Time passes of which there are no samples, a day at most. */
ECGRT_API ecgrt_status ecgrt_stream_skip(ecgrt_stream* stream, double seconds);
/* Decides on the last samples, as many as a window has or there are; changes nothing else. */
ECGRT_API ecgrt_status ecgrt_stream_running(ecgrt_stream* stream);
/* Ends the stream, with a last decision if there is one more. */
ECGRT_API ecgrt_status ecgrt_stream_finish(ecgrt_stream* stream);
/* Ends the stream and begins anew where time stands; 0: at the rate that it had. */
ECGRT_API ecgrt_status ecgrt_stream_restart(ecgrt_stream* stream, double sampling_rate);

/* Seconds that have passed since the stream began. */
ECGRT_API double ecgrt_stream_seconds(const ecgrt_stream* stream);
ECGRT_API size_t ecgrt_stream_decision_count(const ecgrt_stream* stream);
/* A decision, and the seconds since the stream began that it is on; NULL if there is no such. Its
 * beats count from *start. It belongs to the stream. */
ECGRT_API const ecgrt_prediction* ecgrt_stream_decision(const ecgrt_stream* stream, size_t index,
                                                        double* start, double* end);
/* R peaks that became final, in seconds since the stream began. */
ECGRT_API size_t ecgrt_stream_beat_count(const ecgrt_stream* stream);
ECGRT_API const double* ecgrt_stream_beats(const ecgrt_stream* stream);

/* ---- beats, without a classifier ---- */

/* Finds R peaks: writes their times, in seconds, to `times`, at most `capacity` of them, and how
 * many there are to *count. `times` may be NULL if `capacity` is 0. Six for each second are always
 * enough. The signal must say its rate. */
ECGRT_API ecgrt_status ecgrt_find_beats(const ecgrt_signal* signal, double* times, size_t capacity,
                                        size_t* count);

#ifdef __cplusplus
}
#endif

#include <ecgrt/timeline.h>

#endif
