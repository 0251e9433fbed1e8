/* compare_check.h - may two trial records be compared, and did both learn the same.
 *
 * Bits may legitimately differ between builds, so a digest proves agreement but not its
 * absence. Where digests differ, what each task is learned to (the diagonal of accuracy
 * and loss, before the first request to unlearn) must agree within a bound: rounding
 * grows along a trial, but these entries stay put, while what is left of forgotten tasks
 * is chaotic. Of one build, equal configurations must give equal digests. */
#ifndef EBB_BENCH_COMPARE_CHECK_H
#define EBB_BENCH_COMPARE_CHECK_H

#include <jansson.h>
#include <stdbool.h>

#include "base/text.h"
#include "compare.h"

/* For whole experiments, and for the few hundred steps of the built-in benchmarks: twenty
 * times what the strategies of one build differ by. */
extern const ebb_compare_bound ebb_compare_bound_long, ebb_compare_bound_short;

/* Is record a trial that this program understands? Appends why not. */
bool ebb_compare_readable(ebb_text *why, const json_t *record);
/* Do schema and configuration agree, in all options that both know? Appends what
 * differs. */
bool ebb_compare_same_question(ebb_text *why, const json_t *baseline,
                               const json_t *candidate);
/* Are the answers the same? Appends what differs. */
bool ebb_compare_same_answer(ebb_text *why, const json_t *baseline,
                             const json_t *candidate, ebb_compare_bound bound);
/* Have both records equal, known digests? */
bool ebb_compare_same_bits(const json_t *a, const json_t *b);

#endif
