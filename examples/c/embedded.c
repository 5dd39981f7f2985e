/* embedded RECORD.mat...: as classify, but the program is all that it needs. */
#include <stdio.h>

#include "record.h"

/* What ecgrt_embed_plan() of CMakeLists.txt puts in. */
extern const unsigned char ecgrt_plan[];
extern const unsigned char ecgrt_plan_end[];

int main(int argc, char** argv) {
  ecgrt_options options = ECGRT_OPTIONS_INIT;
  ecgrt_classifier* classifier = NULL;
  int i, failed = 0;
  options.threads = 1; /* a small device has one core to spare */
  if (ecgrt_classifier_open_bytes(ecgrt_plan, (size_t)(ecgrt_plan_end - ecgrt_plan), &options,
                                  &classifier) != ECGRT_OK) {
    fprintf(stderr, "%s\n", ecgrt_last_error());
    return 2;
  }
  for (i = 1; i < argc; ++i) failed |= !classify_record(classifier, argv[i]);
  ecgrt_classifier_close(classifier);
  return failed;
}
