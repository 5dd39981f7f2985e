/* classify PLAN RECORD.mat...: a line each with label, confidence and heart rate. */
#include <stdio.h>

#include "record.h"

int main(int argc, char** argv) {
  ecgrt_classifier* classifier = NULL;
  int i, failed = 0;
  if (argc < 3) {
    fprintf(stderr, "usage: classify PLAN RECORD.mat...\n");
    return 2;
  }
  if (ecgrt_classifier_open(argv[1], NULL, &classifier) != ECGRT_OK) {
    fprintf(stderr, "%s\n", ecgrt_last_error());
    return 2;
  }
  for (i = 2; i < argc; ++i) failed |= !classify_record(classifier, argv[i]);
  ecgrt_classifier_close(classifier);
  return failed;
}
