/* compare_export.c - a comparison as JSON and as JUnit's XML. */
#include <math.h>
#include <time.h>

#include "compare_check.h"
#include "compare_print.h"
#include "machine/dump_json.h"
#include "study/grid.h"
#include "study/json.h"

static json_t *make_times(const ebb_times *times)
{
    ebb_json_builder list = ebb_json_begin_list();
    for (size_t i = 0; i < times->n; i++) {
        ebb_json_add(&list, ebb_json_number(times->ns[i]));
    }
    return ebb_json_end(&list);
}

/* Have the first trials of the sides equal bits? null: there are none to look at. */
static json_t *make_same_bits(const ebb_compare_benchmark *benchmark)
{
    const char *digests[EBB_SIDES];
    for (int side = 0; side < EBB_SIDES; side++) {
        digests[side] = ebb_json_get_text(benchmark->records[side], "digest");
        if (digests[side][0] == '\0') {
            return json_null();
        }
    }
    return json_boolean(ebb_compare_same_bits(benchmark->records[EBB_BASELINE],
                                              benchmark->records[EBB_CANDIDATE]));
}

static json_t *make_benchmark(const ebb_comparison *comparison,
                              const ebb_compare_benchmark *benchmark)
{
    const ebb_gate_interval *interval = &benchmark->interval;
    ebb_json_builder entry = ebb_json_begin();
    ebb_json_put(&entry, "name", ebb_json_text(benchmark->name));
    ebb_json_put_number(&entry, "ratio", exp(interval->median));
    ebb_json_put_number(&entry, "low",
                        isfinite(interval->low) ? exp(interval->low) : (double)NAN);
    ebb_json_put_number(&entry, "high", exp(interval->high));
    ebb_json_put(&entry, "pairs",
                 comparison->stored
                     ? json_null()
                     : json_integer((json_int_t)benchmark->times[EBB_BASELINE].n));
    ebb_json_put(&entry, "verdict",
                 ebb_json_text(ebb_gate_verdict_name(benchmark->verdict)));
    ebb_json_put(
        &entry, "message",
        ebb_json_text_or_null(benchmark->message == NULL ? "" : benchmark->message));
    ebb_json_put_count(&entry, "discarded", benchmark->n_discarded);
    ebb_json_put_number(&entry, "detectable",
                        ebb_compare_detectable(comparison, benchmark));
    ebb_json_put(&entry, "same_bits", make_same_bits(benchmark));
    ebb_json_put(&entry, "baseline_ns", make_times(&benchmark->times[EBB_BASELINE]));
    ebb_json_put(&entry, "candidate_ns", make_times(&benchmark->times[EBB_CANDIDATE]));
    return ebb_json_end(&entry);
}

/* Path, and what the first trial says about the build. */
static json_t *make_side(const ebb_comparison *comparison, ebb_side side)
{
    const json_t *record = NULL;
    for (size_t i = 0; i < comparison->n_benchmarks && record == NULL; i++) {
        record = comparison->benchmarks[i].records[side];
    }
    const json_t *facts = json_object_get(record, "environment");
    ebb_json_builder object = ebb_json_begin();
    ebb_json_put(&object, "path", ebb_json_text(comparison->paths[side]));
    ebb_json_put(&object, "build_id",
                 ebb_json_text_or_null(ebb_json_get_text(record, "build_id")));
    ebb_json_put(&object, "machine_id",
                 ebb_json_text_or_null(ebb_json_get_text(record, "machine_id")));
    ebb_json_put(&object, "version",
                 ebb_json_text_or_null(ebb_json_get_text(facts, "ebb")));
    ebb_json_put(&object, "git", ebb_json_text_or_null(ebb_json_get_text(facts, "git")));
    return ebb_json_end(&object);
}

static json_t *make_now(void)
{
    char stamp[32];
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_string(stamp);
}

ebb_status ebb_compare_json(ebb_text *out, const ebb_comparison *comparison)
{
    ebb_json_builder list = ebb_json_begin_list();
    for (size_t i = 0; i < comparison->n_benchmarks; i++) {
        ebb_json_add(&list, make_benchmark(comparison, &comparison->benchmarks[i]));
    }
    ebb_json_builder object = ebb_json_begin();
    ebb_json_put(&object, "schema", json_string(EBB_COMPARE_SCHEMA));
    ebb_json_put(&object, "kind", json_string(comparison->stored ? "results" : "builds"));
    ebb_json_put(&object, "finished_at", make_now());
    ebb_json_put(&object, "baseline", make_side(comparison, EBB_BASELINE));
    ebb_json_put(&object, "candidate", make_side(comparison, EBB_CANDIDATE));
    ebb_json_put_number(&object, "threshold", comparison->threshold);
    ebb_json_put_number(&object, "confidence", 0.95);
    ebb_json_put_number(&object, "budget_seconds",
                        comparison->stored ? (double)NAN : comparison->budget_seconds);
    ebb_json_put_number(&object, "seconds", comparison->seconds);
    ebb_json_put(&object, "benchmarks", ebb_json_end(&list));
    ebb_json_put(&object, "notes",
                 comparison->notes == NULL ? json_array()
                                           : json_incref(comparison->notes));
    ebb_json_put(&object, "verdict",
                 ebb_json_text(ebb_gate_verdict_name(comparison->verdict)));
    json_t *json = ebb_json_end(&object);
    const ebb_status status = ebb_dump_json(out, json, JSON_INDENT(2));
    json_decref(json);
    ebb_text_append(out, "\n");
    return status == EBB_OK ? ebb_text_check(out) : status;
}

static void append_case(ebb_text *out, const ebb_comparison *comparison,
                        const ebb_compare_benchmark *benchmark)
{
    const ebb_gate_interval *interval = &benchmark->interval;
    const bool unknown = benchmark->verdict == EBB_GATE_UNKNOWN;
    ebb_text_append(out, "  <testcase classname=\"ebb.compare\" name=\"");
    ebb_grid_escape_html(out, benchmark->name);
    ebb_text_append(out, "\">\n");
    if (benchmark->verdict >= EBB_GATE_UNKNOWN) {
        ebb_text remark = {0};
        ebb_compare_remark(&remark, comparison, benchmark);
        ebb_text_append(out, "    <%s type=\"%s\" message=\"",
                        unknown ? "error" : "failure",
                        ebb_gate_verdict_name(benchmark->verdict));
        ebb_grid_escape_html(out, remark.length > 0
                                      ? remark.data
                                      : ebb_gate_verdict_name(benchmark->verdict));
        ebb_text_append(out, "\"/>\n");
        ebb_text_clear(&remark);
    }
    ebb_text_append(out, "    <system-out>");
    ebb_grid_escape_html(out, ebb_gate_verdict_name(benchmark->verdict));
    if (isfinite(interval->low)) {
        ebb_text_append(out, ", ratio %.4f [%.4f, %.4f]", exp(interval->median),
                        exp(interval->low), exp(interval->high));
    }
    ebb_text_append(out, "</system-out>\n  </testcase>\n");
}

/* A comparison that could not begin is a case of its own, or nobody would see it. */
static void append_whole(ebb_text *out, const ebb_comparison *comparison)
{
    const char *name = ebb_gate_verdict_name(comparison->verdict);
    const char *reason = json_string_value(json_array_get(comparison->notes, 0));
    const char *tag = comparison->verdict == EBB_GATE_UNKNOWN ? "error" : "failure";
    ebb_text_append(out,
                    "  <testcase classname=\"ebb.compare\" name=\"comparison\">\n"
                    "    <%s type=\"%s\" message=\"",
                    tag, name);
    ebb_grid_escape_html(out, reason == NULL ? name : reason);
    ebb_text_append(out, "\"/>\n  </testcase>\n");
}

ebb_status ebb_compare_junit(ebb_text *out, const ebb_comparison *comparison)
{
    size_t n_errors = 0;
    size_t n_failures = 0;
    for (size_t i = 0; i < comparison->n_benchmarks; i++) {
        const ebb_gate_verdict verdict = comparison->benchmarks[i].verdict;
        n_errors += verdict == EBB_GATE_UNKNOWN ? 1 : 0;
        n_failures += verdict > EBB_GATE_UNKNOWN ? 1 : 0;
    }
    const bool begun = comparison->n_benchmarks > 0;
    if (!begun) {
        n_errors = comparison->verdict == EBB_GATE_UNKNOWN ? 1 : 0;
        n_failures = 1 - n_errors;
    }
    ebb_text_append(out,
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                    "<testsuite name=\"ebb compare\" tests=\"%zu\" failures=\"%zu\" "
                    "errors=\"%zu\" skipped=\"0\" time=\"%.3f\">\n",
                    begun ? comparison->n_benchmarks : 1, n_failures, n_errors,
                    comparison->seconds);
    for (size_t i = 0; i < comparison->n_benchmarks; i++) {
        append_case(out, comparison, &comparison->benchmarks[i]);
    }
    if (!begun) {
        append_whole(out, comparison);
    }
    ebb_text_append(out, "  <system-out>");
    ebb_text conclusion = {0};
    ebb_compare_conclusion(&conclusion, comparison);
    ebb_grid_escape_html(out, conclusion.data == NULL ? "" : conclusion.data);
    ebb_text_clear(&conclusion);
    ebb_text_append(out, "</system-out>\n</testsuite>\n");
    return ebb_text_check(out);
}
