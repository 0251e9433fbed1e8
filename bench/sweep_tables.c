#include "sweep_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/json.h"
#include "study/trials.h"

static ebb_status write_table(const ebb_sweep_folder *folder, const ebb_trials *trials,
                              const ebb_table *table, ebb_format format)
{
    ebb_text text = {0};
    ebb_text name = {0};
    ebb_text_append(&name, "%s.%s", table->file_stem,
                    format == EBB_MARKDOWN ? "md" : "csv");
    ebb_status status = ebb_text_check(&name);
    if (status == EBB_OK) {
        status = ebb_table_render(&text, trials, table, format);
    }
    if (status == EBB_OK) {
        status = ebb_sweep_folder_write(folder, name.data, text.data, text.length);
    }
    if (status == EBB_OK && format == EBB_MARKDOWN) {
        fputs(text.data, stdout);
        putchar('\n');
    }
    ebb_text_clear(&name);
    ebb_text_clear(&text);
    return status;
}

static ebb_status write_tables(const ebb_sweep_folder *folder, const ebb_trials *trials)
{
    for (size_t i = 0; ebb_table_choice(i) != NULL; i++) {
        if (ebb_table_at(i)->shown) {
            EBB_TRY(write_table(folder, trials, ebb_table_at(i), EBB_CSV));
            EBB_TRY(write_table(folder, trials, ebb_table_at(i), EBB_MARKDOWN));
        }
    }
    return EBB_OK;
}

/* The tables carry what holds for every group; the bands are this suite's. */
static ebb_status judge(const ebb_suite *suite, const ebb_trials *trials)
{
    ebb_text verdict = {0};
    const ebb_status status =
        ebb_table_check(&verdict, trials, suite->bands, suite->n_bands);
    if (verdict.length > 0) {
        fputs(verdict.data, stdout);
    }
    ebb_text_clear(&verdict);
    return status;
}

static bool has_problem(const json_t *record, const char *part)
{
    const json_t *problems = json_object_get(record, "problems");
    for (size_t i = 0; i < json_array_size(problems); i++) {
        const char *text = json_string_value(json_array_get(problems, i));
        if (text != NULL && strstr(text, part) != NULL) {
            return true;
        }
    }
    return false;
}

/* ", WHAT in N" of every reason that makes a trial invalid; a trial may have several. */
static void append_reasons(ebb_text *out, const ebb_trials *trials)
{
    static const struct {
        const char *part; /* of the verdict's text */
        const char *what;
    } reasons[] = {
        {"waited for a CPU", "a thread waited for a CPU"},
        {"the hypervisor took", "the hypervisor took the CPU"},
        {"CPU-time quota", "the quota stopped the process"},
        {"not bound to", "a thread was not bound as asked"},
        {"taken away", "CPUs were taken away"},
        {"no time by the clock", "the clock stood still"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        size_t n = 0;
        for (size_t j = 0; j < trials->n; j++) {
            n += !trials->items[j].valid &&
                 has_problem(trials->items[j].record, reasons[i].part);
        }
        if (n > 0) {
            ebb_text_append(out, "%s%s in %zu", out->length > 0 ? ", " : "",
                            reasons[i].what, n);
        }
    }
}

/* Learning is the same on a busy machine: digests tell. */
static void tell_invalid(size_t n_invalid, size_t n, const ebb_trials *trials,
                         const ebb_arguments *arguments)
{
    const char *given = ebb_arguments_value(arguments, "output-dir", NULL);
    ebb_text reasons = {0};
    append_reasons(&reasons, trials);
    if (n_invalid == n) {
        ebb_note(arguments,
                 "not one of %zu trials is valid: NO TIME ABOVE CAN BE USED "
                 "(accuracies can)",
                 n);
    }
    if (reasons.data != NULL) {
        ebb_note(arguments, "of the invalid trials in the file: %s", reasons.data);
    }
    ebb_text_clear(&reasons);
    ebb_note(arguments,
             "%zu of %zu trials are not valid; ebb sweep %s%s%s --retry-invalid runs "
             "them again, best when the machine is quieter",
             n_invalid, n, arguments->words[0], given == NULL ? "" : " --output-dir ",
             given == NULL ? "" : given);
}

/* An invalid trial that was repeated well is forgotten; one that diverged would again. */
static ebb_status tell_trials(const ebb_sweep_folder *folder, const ebb_suite *suite,
                              const ebb_trials *trials, const ebb_arguments *arguments)
{
    const size_t n = suite->n_points * suite->repetitions;
    bool *valid = calloc(n, sizeof *valid);
    if (valid == NULL) {
        return ebb_fail_memory(n * sizeof *valid);
    }
    size_t n_foreign = 0;
    size_t n_invalid = 0;
    size_t n_diverged = 0;
    const ebb_status status =
        ebb_sweep_folder_done(valid, &n_foreign, folder, suite, true);
    for (size_t i = 0; i < n; i++) {
        n_invalid += valid[i] ? 0 : 1;
    }
    for (size_t i = 0; i < trials->n; i++) {
        n_diverged += trials->items[i].diverged ? 1 : 0;
    }
    free(valid);
    EBB_TRY(status);
    if (n_invalid > 0) {
        tell_invalid(n_invalid, n, trials, arguments);
    }
    return n_diverged == 0
               ? EBB_OK
               : ebb_fail(EBB_ERR_FAILED, "sweep %s: %zu of %zu trials diverged",
                          suite->name, n_diverged, trials->n);
}

static void tell_files(const ebb_sweep_folder *folder, const ebb_arguments *arguments)
{
    ebb_text names = {0};
    for (size_t i = 0; ebb_table_choice(i) != NULL; i++) {
        if (ebb_table_at(i)->shown) {
            ebb_text_append(&names, ", %s.{md,csv}", ebb_table_at(i)->file_stem);
        }
    }
    ebb_note(arguments, "in %s: trials.jsonl, machine.json, topology.xml, suite.yaml%s",
             folder->path, names.data == NULL ? "" : names.data);
    ebb_text_clear(&names);
}

ebb_status ebb_sweep_tables(const ebb_sweep_folder *folder, const ebb_suite *suite,
                            const ebb_arguments *arguments)
{
    ebb_trials trials;
    EBB_TRY(ebb_trials_read(&trials, folder->trials));
    ebb_status status = write_tables(folder, &trials);
    if (status == EBB_OK && suite->n_bands > 0) {
        status = judge(suite, &trials);
    } else if (status == EBB_OK) {
        ebb_text unused = {0}; /* it stands under the tables */
        status = ebb_table_check(&unused, &trials, NULL, 0);
        ebb_text_clear(&unused);
    }
    tell_files(folder, arguments);
    if (status == EBB_OK) { /* last: what the reader must not overlook */
        status = tell_trials(folder, suite, &trials, arguments);
    }
    ebb_trials_clear(&trials);
    return status;
}
