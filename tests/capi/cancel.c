/* cancel PLAN: a stream whose callback stops a long push at the second question, and lets it pass
 * the second time; prints the statuses, the seconds and the decisions of both. */
#include <ecgrt/ecgrt.h>
#include <stdio.h>
#include <stdlib.h>

static int patience = 1;

static int cancel(void* context) {
  int* left = context;
  return (*left)-- == 0;
}

int main(int argc, char** argv) {
  enum { SECONDS = 600, RATE = 300 };
  ecgrt_classifier* classifier = NULL;
  ecgrt_stream* stream = NULL;
  ecgrt_stream_options options = ECGRT_STREAM_OPTIONS_INIT;
  int16_t* samples = calloc(SECONDS * RATE, sizeof *samples);
  ecgrt_signal chunk = {samples, ECGRT_INT16, 0, SECONDS * RATE, 0, 0};
  int i;
  if (argc != 2 || samples == NULL) return 2;
  for (i = 0; i < SECONDS * RATE; ++i) samples[i] = (int16_t)(i % 300 < 12 ? 900 : i % 7);
  options.sampling_rate = RATE;
  options.cancel = cancel;
  options.context = &patience;
  if (ecgrt_classifier_open(argv[1], NULL, &classifier) != ECGRT_OK ||
      ecgrt_stream_open(classifier, &options, &stream) != ECGRT_OK) {
    fprintf(stderr, "%s\n", ecgrt_last_error());
    return 1;
  }
  for (i = 0; i < 2; ++i) {
    const int status = (int)ecgrt_stream_push(stream, &chunk);
    printf("%d %.0f %d\n", status, ecgrt_stream_seconds(stream),
           (int)ecgrt_stream_decision_count(stream));
    patience = -1;
  }
  ecgrt_stream_close(stream);
  ecgrt_classifier_close(classifier);
  free(samples);
  return 0;
}
