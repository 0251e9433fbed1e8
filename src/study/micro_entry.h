/* micro_entry.h - one entry of Google Benchmark's JSON, as everybody here reads it. */
#ifndef EBB_STUDY_MICRO_ENTRY_H
#define EBB_STUDY_MICRO_ENTRY_H

#include <jansson.h>
#include <stdbool.h>

/* The member as nanoseconds, by the entry's own unit; NaN where it is no time. */
double ebb_micro_entry_ns(const json_t *entry, const char *key);
/* Was it measured itself, or made of others (a mean, a median)? */
bool ebb_micro_entry_is_repetition(const json_t *entry);
/* "failed" or "skipped", and the reason, "" where it has none; both borrowed. NULL for an
 * entry that was measured. */
const char *ebb_micro_entry_fault(const char **reason, const json_t *entry);

#endif
