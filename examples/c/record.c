#include "record.h"

#include <stdio.h>
#include <stdlib.h>

enum { HEADER_BYTES = 24 };

int16_t* read_record(const char* path, size_t* count) {
  int16_t* samples = NULL;
  FILE* file = fopen(path, "rb");
  *count = 0;
  if (file == NULL) return NULL;
  if (fseek(file, 0, SEEK_END) == 0) {
    const long bytes = ftell(file) - HEADER_BYTES;
    if (bytes > 0 && fseek(file, HEADER_BYTES, SEEK_SET) == 0) {
      samples = malloc((size_t)bytes);
      if (samples != NULL) *count = fread(samples, sizeof *samples, (size_t)bytes / 2, file);
    }
  }
  fclose(file);
  return samples;
}

static void print_answer(const char* path, const ecgrt_prediction* prediction) {
  const char* label = ecgrt_prediction_label_name(prediction);
  size_t i;
  printf("%s %s %.4f %.1f\n", path, label != NULL ? label : "none",
         (double)ecgrt_prediction_confidence(prediction), ecgrt_prediction_heart_rate(prediction));
  for (i = 0; i < ecgrt_prediction_warning_count(prediction); ++i) {
    fprintf(stderr, "warning: %s\n", ecgrt_prediction_warning_text(prediction, i));
  }
}

int classify_record(const ecgrt_classifier* classifier, const char* path) {
  ecgrt_prediction* prediction = NULL;
  ecgrt_signal signal = {NULL, ECGRT_INT16, 0, 0, 300.0, ECGRT_MICROVOLTS};
  ecgrt_status status;
  int16_t* samples = read_record(path, &signal.count);
  if (samples == NULL) {
    fprintf(stderr, "%s cannot be read\n", path);
    return 0;
  }
  signal.samples = samples;
  status = ecgrt_prediction_new(&prediction);
  if (status == ECGRT_OK) status = ecgrt_predict(classifier, &signal, NULL, prediction);
  if (status == ECGRT_OK) {
    print_answer(path, prediction);
  } else {
    fprintf(stderr, "%s: %s\n", path, ecgrt_last_error());
  }
  ecgrt_prediction_free(prediction);
  free(samples);
  return status == ECGRT_OK;
}
