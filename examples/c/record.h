/* What both examples do: read a record, tell an answer. */
#ifndef RECORD_H
#define RECORD_H

#include <ecgrt/ecgrt.h>

/* Reads a record of the 2017 challenge (FILE.mat): 16-bit integers, a microvolt each, 300 a second,
 * behind 24 bytes that say so. NULL: it cannot be read. The caller frees the samples. */
int16_t* read_record(const char* path, size_t* count);

/* Classifies it and prints a line; returns whether that worked. */
int classify_record(const ecgrt_classifier* classifier, const char* path);

#endif
