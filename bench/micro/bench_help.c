#include "bench_help.h"

#include <stdio.h>

#include "command.h"
#include "micro.h"
#include "shim.h"
#include "troff.h"

static const char about[] =
    "Micro-benchmarks of ebb. Each proves its result right in the same run: a wrong\n"
    "one is an error entry and never a time. Counters: GFLOP/s or GB/s and the share\n"
    "of a roof measured in the same process; cpu_time counts all threads. Threads are\n"
    "an argument, bound one a core.\n";

static const char about_topics[] =
    "Topics, each by a word that --benchmark_filter finds in the names of its "
    "benchmarks:\n";

static const char about_flags[] =
    "Flags are Google Benchmark's; min_time is 0.2 unless given, time_unit us:\n";

static const ebb_term examples[] = {
    {"ebb-bench --benchmark_list_tests", "names of all benchmarks"},
    {"ebb-bench --benchmark_filter=optimizer --benchmark_min_time=0.05",
     "those whose names hold optimizer, in a hurry"},
    {"ebb-bench --benchmark_filter=plan --benchmark_out=plan.json",
     "results as JSON beside what is shown"},
    {NULL, NULL},
};

static const ebb_term statuses[] = {
    {"0", "done"},
    {"2", "usage, or no benchmark of that name"},
    {"3", "files, memory or machine"},
    {"4", "a wrong result"},
    {NULL, NULL},
};

static const ebb_term environment[] = {
    {"EBB_DATA_DIR", "the folder of data sets that are read"},
    {"OMP_PLACES, OMP_PROC_BIND, GOMP_CPU_AFFINITY",
     "must not be set: ebb-bench binds teams of several sizes"},
    {"BENCHMARK_*", "Google Benchmark's flags where the command line has none"},
    {"NO_COLOR", "when set and not empty, no colour"},
    {NULL, NULL},
};

static ebb_status print_flags(void)
{
    fflush(stdout);
    return ebb_shim_print_help() == EBB_SHIM_OK
               ? EBB_OK
               : ebb_fail(EBB_ERR_ENVIRONMENT, "%s", ebb_shim_last_error());
}

static void print_terms(const char *heading, const ebb_term *row)
{
    printf("\n%s\n", heading);
    for (; row->term != NULL; row++) {
        printf("  %s: %s\n", row->term, row->text);
    }
}

ebb_status ebb_bench_help_print(void)
{
    printf("Usage: ebb-bench [FLAG...]\n\n%s\n%s", about, about_topics);
    for (size_t i = 0; ebb_micro_topic_at(i) != NULL; i++) {
        printf("  %-16s %s\n", ebb_micro_topic_at(i)->name,
               ebb_micro_topic_at(i)->summary);
    }
    puts("\nExamples");
    for (const ebb_term *row = examples; row->term != NULL; row++) {
        printf("  # %s\n  %s\n", row->text, row->term);
    }
    printf("\n%s\n", about_flags);
    EBB_TRY(print_flags());
    print_terms("Environment", environment);
    print_terms("Exit status", statuses);
    return EBB_OK;
}

static void append_terms(ebb_text *out, const char *heading, const ebb_term *row)
{
    ebb_troff_section(out, heading);
    for (; row->term != NULL; row++) {
        ebb_troff_term(out, row->term, NULL, row->text);
    }
}

static void append_description(ebb_text *out)
{
    ebb_troff_begin(out, "ebb-bench", "micro-benchmarks that prove their results right",
                    EBB_VERSION);
    ebb_troff_section(out, "SYNOPSIS");
    ebb_troff_synopsis(out, "ebb-bench", "[FLAG...]");
    ebb_troff_section(out, "DESCRIPTION");
    ebb_troff_paragraphs(out, about);
    ebb_troff_paragraphs(out, "\n");
    ebb_troff_paragraphs(out, about_topics);
    for (size_t i = 0; ebb_micro_topic_at(i) != NULL; i++) {
        ebb_troff_term(out, ebb_micro_topic_at(i)->name, NULL,
                       ebb_micro_topic_at(i)->summary);
    }
    ebb_troff_section(out, "OPTIONS");
    ebb_troff_paragraphs(out, about_flags);
    ebb_text_append(out, ".PP\n.nf\n");
}

static void append_rest(ebb_text *out)
{
    ebb_text_append(out, ".fi\n");
    append_terms(out, "EXIT STATUS", statuses);
    append_terms(out, "ENVIRONMENT", environment);
    ebb_troff_section(out, "FILES");
    ebb_troff_term(out, "/usr/share/datasets/fashion-mnist, /usr/share/datasets/mnist",
                   NULL, "where data sets are looked for, below /usr/local too");
    ebb_troff_section(out, "EXAMPLES");
    for (const ebb_term *row = examples; row->term != NULL; row++) {
        ebb_troff_example(out, row->term, row->text);
    }
    ebb_troff_section(out, "SEE ALSO");
    ebb_troff_reference(out, "ebb", false);
    ebb_troff_reference(out, "ebb-compare", true);
}

static ebb_status print_part(void (*append)(ebb_text *out))
{
    ebb_text text = {0};
    append(&text);
    const ebb_status status = ebb_text_check(&text);
    if (status == EBB_OK) {
        fputs(text.data, stdout);
    }
    ebb_text_clear(&text);
    return status;
}

ebb_status ebb_bench_help_manual(void)
{
    EBB_TRY(print_part(append_description));
    EBB_TRY(print_flags());
    return print_part(append_rest);
}
