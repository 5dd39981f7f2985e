/* timeline PLAN RECORD.mat: what a long record was, all along: a line for each stretch, and how
 * much of the time each state is. Of the signal a minute is handed over at a time. */
#include <stdio.h>
#include <stdlib.h>

#include "record.h"

enum { RATE = 300, MINUTE = 60 * RATE };

static const char* const reasons[] = {"missing", "flat", "rail"};

static ecgrt_status push_all(ecgrt_timeline* timeline, const int16_t* samples, size_t count) {
  ecgrt_status status = ECGRT_OK;
  size_t done;
  for (done = 0; status == ECGRT_OK && done < count; done += MINUTE) {
    ecgrt_signal chunk = {NULL, ECGRT_INT16, 0, MINUTE, 0.0, 0.0};
    chunk.samples = samples + done;
    if (count - done < MINUTE) chunk.count = count - done;
    status = ecgrt_timeline_push(timeline, &chunk);
  }
  return status == ECGRT_OK ? ecgrt_timeline_finish(timeline) : status;
}

static void print_timeline(const ecgrt_timeline* timeline) {
  ecgrt_span span;
  ecgrt_burden burden;
  size_t i;
  for (i = 0; i < ecgrt_timeline_span_count(timeline); ++i) {
    if (ecgrt_timeline_span(timeline, i, &span) != ECGRT_OK) return;
    printf("%.1f to %.1f s: %s", span.start, span.end, span.label);
    if (span.state >= 0) printf(" (%.3f)", span.probability);
    if (span.state < 0) printf(" (%s)", span.reason < 0 ? "noise" : reasons[span.reason]);
    printf("\n");
  }
  for (i = 0; i < ecgrt_timeline_state_count(timeline); ++i) {
    if (ecgrt_timeline_burden(timeline, i, &burden) != ECGRT_OK) return;
    printf("%s: %.4f of the time that can be read, %.1f s\n",
           ecgrt_timeline_state_name(timeline, i), burden.share, burden.seconds);
  }
  printf("readable: %.4f\n", ecgrt_timeline_readable(timeline));
  for (i = 0; i < ecgrt_timeline_warning_count(timeline); ++i) {
    fprintf(stderr, "warning: %s\n", ecgrt_timeline_warning_text(timeline, i));
  }
}

int main(int argc, char** argv) {
  ecgrt_classifier* classifier = NULL;
  ecgrt_timeline* timeline = NULL;
  ecgrt_timeline_options options = ECGRT_TIMELINE_OPTIONS_INIT;
  ecgrt_status status;
  int16_t* samples = NULL;
  size_t count = 0;
  if (argc != 3) {
    fprintf(stderr, "usage: timeline PLAN RECORD.mat\n");
    return 2;
  }
  samples = read_record(argv[2], &count);
  if (samples == NULL) {
    fprintf(stderr, "%s cannot be read\n", argv[2]);
    return 2;
  }
  options.sampling_rate = RATE;
  status = ecgrt_classifier_open(argv[1], NULL, &classifier);
  if (status == ECGRT_OK) status = ecgrt_timeline_open(classifier, &options, &timeline);
  if (status == ECGRT_OK) status = push_all(timeline, samples, count);
  if (status == ECGRT_OK) {
    print_timeline(timeline);
  } else {
    fprintf(stderr, "%s\n", ecgrt_last_error());
  }
  ecgrt_timeline_close(timeline);
  ecgrt_classifier_close(classifier);
  free(samples);
  return status == ECGRT_OK ? 0 : 1;
}
