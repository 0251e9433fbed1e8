/* compare_print.h - a comparison as people and programs read it. */
#ifndef EBB_BENCH_COMPARE_PRINT_H
#define EBB_BENCH_COMPARE_PRINT_H

#include <jansson.h>

#include "base/text.h"
#include "compare.h"

#define EBB_COMPARE_SCHEMA "ebb-compare/1"

/* One line a benchmark, then one with the overall verdict. */
ebb_status ebb_compare_text(ebb_text *out, const ebb_comparison *comparison, bool color);
/* Heading, table and overall verdict, for the summary of a CI job. */
ebb_status ebb_compare_markdown(ebb_text *out, const ebb_comparison *comparison);
/* One object, results/schema/ebb-compare-1.json, and a newline. */
ebb_status ebb_compare_json(ebb_text *out, const ebb_comparison *comparison);
/* One test case a benchmark: slower, wrong and missing are failures, cannot tell is an
 * error. */
ebb_status ebb_compare_junit(ebb_text *out, const ebb_comparison *comparison);

/* What is to be said about one benchmark beside its numbers; nothing for most. */
void ebb_compare_remark(ebb_text *out, const ebb_comparison *comparison,
                        const ebb_compare_benchmark *benchmark);
/* The overall verdict as one line, without its end. */
void ebb_compare_conclusion(ebb_text *out, const ebb_comparison *comparison);
/* "24", or "5 and 4" where the two sides were not measured in pairs. */
void ebb_compare_count(ebb_text *out, const ebb_comparison *comparison,
                       const ebb_compare_benchmark *benchmark);

#endif
