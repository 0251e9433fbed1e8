/* cmd_compare.c - `ebb compare`: is one build slower than another. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "command.h"
#include "compare.h"
#include "compare_list.h"
#include "compare_pairs.h"
#include "compare_print.h"
#include "compare_stored.h"
#include "options.h"
#include "output.h"

enum { DEFAULT_TIMEOUT_SECONDS = 60, MAX_SECONDS = 1000000 };

typedef enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_JUNIT, FORMAT_MARKDOWN } format;

static ebb_status fail_number(const char *option, const char *value, const char *allowed)
{
    char shown[64];
    return ebb_fail(EBB_ERR_USAGE, "--%s: not a number in range: '%s' (allowed: %s)",
                    option, ebb_text_printable(shown, value), allowed);
}

/* The number before suffix, which may be left away. */
static bool read_number(double *out, const char *text, const char *suffix)
{
    char number[64];
    size_t length = strlen(text);
    const size_t cut = strlen(suffix);
    if (length > cut && strcmp(text + length - cut, suffix) == 0) {
        length -= cut;
    }
    if (length >= sizeof number) {
        return false;
    }
    memcpy(number, text, length);
    number[length] = '\0';
    return ebb_text_to_double(out, number);
}

/* Stored results carry their sweep's hour with them: below 5 % they say nothing. */
static ebb_status read_threshold(ebb_comparison *comparison,
                                 const ebb_arguments *arguments)
{
    const char *value =
        ebb_arguments_value(arguments, "threshold", comparison->stored ? "5%" : "2%");
    double percent = 0;
    const double least = comparison->stored ? 5 : 0.1;
    if (!read_number(&percent, value, "%") || percent < least || percent > 100) {
        return fail_number("threshold", value,
                           comparison->stored ? "5% to 100% for stored results"
                                              : "0.1% to 100%");
    }
    comparison->threshold = percent / 100;
    return EBB_OK;
}

static ebb_status read_budget(ebb_comparison *comparison, const ebb_arguments *arguments)
{
    const char *value = ebb_arguments_value(arguments, "budget", "120s");
    if (!read_number(&comparison->budget_seconds, value, "s") ||
        comparison->budget_seconds < 1 || comparison->budget_seconds > MAX_SECONDS) {
        return fail_number("budget", value, "1s to 1000000s");
    }
    return EBB_OK;
}

/* *folder: is it one. A build that is not there is status 5, not 2: it may well be what
 * the gate is to notice. */
static ebb_status find_side(bool *folder, ebb_comparison *comparison, ebb_side side,
                            const ebb_arguments *arguments)
{
    const char *name = ebb_side_name(side);
    const char *path = ebb_arguments_value(arguments, name, NULL);
    static const char allowed[] = "a program like ebb, or a folder of ebb sweep";
    *folder = false;
    if (path == NULL || path[0] == '\0') {
        return ebb_fail(EBB_ERR_USAGE, "--%s: missing (allowed: %s)", name, allowed);
    }
    comparison->paths[side] = path;
    struct stat facts;
    if (stat(path, &facts) != 0) {
        return ebb_fail(EBB_ERR_MISSING, "--%s: %s: %s (allowed: %s)", name, path,
                        strerror(errno), allowed);
    }
    *folder = S_ISDIR(facts.st_mode);
    if (!*folder && access(path, X_OK) != 0) {
        return ebb_fail(EBB_ERR_MISSING, "--%s: %s: not to be executed (allowed: %s)",
                        name, path, allowed);
    }
    return EBB_OK;
}

/* Options that only mean something with programs. */
static ebb_status check_stored(const ebb_arguments *arguments)
{
    static const char *const names[] = {"suite", "bench", "budget", "timeout"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (ebb_arguments_has(arguments, names[i])) {
            return ebb_fail(EBB_ERR_USAGE,
                            "--%s: has no meaning for stored results (allowed: with two "
                            "programs)",
                            names[i]);
        }
    }
    return EBB_OK;
}

static ebb_status find_sides(ebb_comparison *comparison, const ebb_arguments *arguments)
{
    bool folders[EBB_SIDES] = {false, false};
    ebb_status statuses[EBB_SIDES];
    for (int side = EBB_SIDES - 1; side >= 0; side--) {
        statuses[side] = find_side(&folders[side], comparison, (ebb_side)side, arguments);
        if (statuses[side] == EBB_ERR_USAGE) {
            return statuses[side];
        }
    }
    comparison->stored = folders[EBB_BASELINE] || folders[EBB_CANDIDATE];
    if (statuses[EBB_BASELINE] == EBB_OK && statuses[EBB_CANDIDATE] == EBB_OK &&
        folders[EBB_BASELINE] != folders[EBB_CANDIDATE]) {
        return ebb_fail(EBB_ERR_USAGE,
                        "--candidate: %s is %s and the baseline is not (allowed: two "
                        "programs or two folders)",
                        comparison->paths[EBB_CANDIDATE],
                        folders[EBB_CANDIDATE] ? "a folder" : "a program");
    }
    return statuses[EBB_BASELINE] != EBB_OK ? statuses[EBB_BASELINE]
                                            : statuses[EBB_CANDIDATE];
}

/* Everything that is wrong with the command line is told before anything is run; returns
 * that, or what the builds' absence means. */
static ebb_status prepare(ebb_comparison *comparison, const ebb_arguments *arguments)
{
    const ebb_status found = find_sides(comparison, arguments);
    if (found == EBB_ERR_USAGE) {
        return found;
    }
    char reason[1024];
    snprintf(reason, sizeof reason, "%s", ebb_last_error());
    if (ebb_arguments_has(arguments, "suite") && ebb_arguments_has(arguments, "bench")) {
        return ebb_fail(EBB_ERR_USAGE, "--bench: beside --suite (allowed: one of them)");
    }
    if (comparison->stored) {
        EBB_TRY(check_stored(arguments));
    }
    comparison->micro = ebb_arguments_has(arguments, "bench");
    EBB_TRY(read_threshold(comparison, arguments));
    EBB_TRY(read_budget(comparison, arguments));
    EBB_TRY(ebb_output_check(ebb_arguments_value(arguments, "output", NULL)));
    return found == EBB_OK ? EBB_OK : ebb_fail(found, "%s", reason);
}

static ebb_status list(ebb_comparison *comparison, const ebb_arguments *arguments,
                       double timeout_seconds)
{
    const char *suite = ebb_arguments_value(arguments, "suite", NULL);
    if (suite != NULL) {
        return ebb_compare_list_suite(comparison, suite);
    }
    const char *pattern = ebb_arguments_value(arguments, "bench", NULL);
    if (pattern == NULL) {
        return ebb_compare_list_steps(comparison);
    }
    return ebb_compare_list_micro(
        comparison, pattern,
        &(ebb_sample_plan){.timeout_seconds =
                               fmin(timeout_seconds, comparison->budget_seconds)});
}

static ebb_status measure(ebb_comparison *comparison, const ebb_arguments *arguments)
{
    const uint64_t begin_ns = ebb_clock_now_ns();
    size_t timeout_seconds = 0;
    EBB_TRY(ebb_options_count(&timeout_seconds, arguments, "timeout",
                              DEFAULT_TIMEOUT_SECONDS, MAX_SECONDS));
    ebb_status status = prepare(comparison, arguments);
    if (status == EBB_OK && comparison->stored) {
        status = ebb_compare_stored(comparison);
    } else if (status == EBB_OK) {
        status = list(comparison, arguments, (double)timeout_seconds);
        if (status == EBB_OK) {
            status = ebb_compare_pairs(
                comparison,
                &(ebb_compare_limits){.timeout_seconds = (double)timeout_seconds,
                                      .begin_ns = begin_ns},
                arguments);
        }
    }
    comparison->seconds = ebb_clock_seconds(begin_ns, ebb_clock_now_ns());
    return status;
}

static ebb_status print(const ebb_comparison *comparison, const ebb_arguments *arguments)
{
    ebb_text text = {0};
    ebb_status status = EBB_OK;
    switch ((format)ebb_arguments_choice(arguments, "format")) {
    case FORMAT_TEXT:
        status =
            ebb_compare_text(&text, comparison, ebb_arguments_color(arguments, stdout));
        break;
    case FORMAT_JSON: status = ebb_compare_json(&text, comparison); break;
    case FORMAT_JUNIT: status = ebb_compare_junit(&text, comparison); break;
    case FORMAT_MARKDOWN: status = ebb_compare_markdown(&text, comparison); break;
    }
    if (status == EBB_OK) {
        fputs(text.data == NULL ? "" : text.data, stdout);
    }
    ebb_text_clear(&text);
    return status;
}

static ebb_status write_json(const ebb_comparison *comparison,
                             const ebb_arguments *arguments)
{
    const char *path = ebb_arguments_value(arguments, "output", NULL);
    if (path == NULL) {
        return EBB_OK;
    }
    ebb_text text = {0};
    ebb_status status = ebb_compare_json(&text, comparison);
    if (status == EBB_OK) {
        status = ebb_output_write(path, text.data, text.length);
    }
    ebb_text_clear(&text);
    return status;
}

/* A comparison that could not begin is a verdict too: a CI job finds its report there. */
static ebb_status conclude(ebb_comparison *comparison, ebb_status status,
                           const ebb_arguments *arguments)
{
    char reason[1024];
    snprintf(reason, sizeof reason, "%s", ebb_last_error());
    if (status == EBB_OK) {
        ebb_comparison_conclude(comparison);
    } else {
        comparison->verdict = status == EBB_ERR_MISSING ? EBB_GATE_MISSING
                              : status == EBB_ERR_WRONG ? EBB_GATE_WRONG
                                                        : EBB_GATE_UNKNOWN;
        ebb_comparison_note(comparison, "%s", reason);
    }
    EBB_TRY(print(comparison, arguments));
    EBB_TRY(write_json(comparison, arguments));
    return status == EBB_OK ? ebb_comparison_status(comparison)
                            : ebb_fail(status, "%s", reason);
}

static ebb_status run(const ebb_arguments *arguments)
{
    ebb_comparison comparison = {.verdict = EBB_GATE_UNKNOWN};
    ebb_status status = measure(&comparison, arguments);
    for (size_t i = 0; i < json_array_size(comparison.notes); i++) {
        ebb_note(arguments, "%s", json_string_value(json_array_get(comparison.notes, i)));
    }
    if (status != EBB_ERR_USAGE) {
        status = conclude(&comparison, status, arguments);
    }
    ebb_comparison_clear(&comparison);
    return status;
}

static const char *const formats[] = {"text", "json", "junit", "markdown", NULL};

static const ebb_option options[] = {
    {"baseline", "BUILD", "the program to compare with, or a folder of ebb sweep", NULL},
    {"candidate", "BUILD", "the program to be judged, or such a folder", NULL},
    {"suite", "SUITE", "compare the points of a suite [five whole-step benchmarks]",
     NULL},
    {"bench", "REGEX", "compare benchmarks of two programs like ebb-bench", NULL},
    {"threshold", "PERCENT", "smallest slowdown that matters [2%, stored results 5%]",
     NULL},
    {"budget", "SECONDS", "wall time for everything; undecided then: cannot tell [120s]",
     NULL},
    {"timeout", "SECONDS", "a process that takes longer hangs [60]", NULL},
    {"format", "FORMAT", "text, json (ebb-compare/1), junit or markdown [text]", formats},
    {"output", "FILE", "also write the object ebb-compare/1 to FILE", NULL},
    {NULL, NULL, NULL, NULL},
};

static const ebb_term examples[] = {
    {"ebb compare --baseline old/ebb --candidate build/release/ebb",
     "two builds, in two minutes"},
    {"ebb compare --baseline old/ebb-bench --candidate new/ebb-bench --bench step",
     "only the micro-benchmarks whose names hold step"},
    {"ebb compare --baseline results/monday --candidate results/tuesday",
     "two sweeps that are done"},
    {NULL, NULL},
};

static const ebb_term files[] = {
    {"BUILD/trials.jsonl", "of a BUILD that is a folder: the trials of a sweep"},
    {"PREFIX/share/ebb/schema/ebb-compare-1.json",
     "JSON Schema of the object of --format json and --output"},
    {NULL, NULL},
};

static const ebb_term statuses[] = {
    {"0", "no slowdown"},
    {"1", "slower"},
    {"3", "cannot tell; also: files, memory or machine"},
    {"4", "wrong result"},
    {"5", "a baseline, candidate or benchmark is missing"},
    {NULL, NULL},
};

const ebb_command ebb_command_compare = {
    .name = "compare",
    .summary = "is one build slower than another, or can nobody tell",
    .usage = "--baseline BUILD --candidate BUILD [options]",
    .details =
        "Runs both programs in interleaved pairs (ABBA), each time in a fresh "
        "process, and\n"
        "judges each benchmark by the 95 % interval of the median ratio of their "
        "step times:\n"
        "slower when it lies beyond the threshold, same when a slowdown is "
        "excluded, faster,\n"
        "or cannot tell. Disturbed trials are repeated.\n"
        "Two folders of ebb sweep are compared as they are, and need valid trials "
        "enough: of each\n"
        "configuration 4 a side where there is one, 5 for 2 to 6, 6 for 7 to 23, 7 "
        "for 24 to 85\n"
        "(repetitions: in the suite file).\n",
    .examples = examples,
    .files = files,
    .statuses = statuses,
    .environment = ebb_trial_environment,
    .options = options,
    .run = run,
};
