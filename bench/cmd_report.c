/* cmd_report.c - `ebb report`: all that the trials of a folder say, as one HTML page. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "gnuplot.h"
#include "output.h"
#include "study/report.h"
#include "study/roof_file.h"
#include "suite.h"

/* What is read before the page is written. */
typedef struct material {
    ebb_trials trials;
    ebb_suite suite;
    char *suite_path;
    char *micro_path; /* NULL: no micro-benchmarks */
    ebb_roof_file roofs;
    ebb_text machine_fault;
    ebb_text title;
    char *gnuplot;
} material;

static void clear(material *all)
{
    ebb_trials_clear(&all->trials);
    ebb_suite_clear(&all->suite);
    free(all->suite_path);
    free(all->micro_path);
    ebb_roof_file_clear(&all->roofs);
    ebb_text_clear(&all->machine_fault);
    ebb_text_clear(&all->title);
    free(all->gnuplot);
}

/* The name of the suite, else of the folder. */
static void choose_title(material *all, const char *folder)
{
    size_t end = strlen(folder);
    while (end > 1 && folder[end - 1] == '/') {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && folder[begin - 1] != '/') {
        begin--;
    }
    if (all->suite.name != NULL) {
        ebb_text_append(&all->title, "%s", all->suite.name);
    } else {
        ebb_text_append(&all->title, "%.*s", (int)(end - begin), folder + begin);
    }
}

/* A machine that is not described keeps nobody from reading the trials either. */
static void load_machine(material *all)
{
    if (ebb_roof_file_read(&all->roofs, all->trials.path) != EBB_OK) {
        ebb_text_append(&all->machine_fault, "%s", ebb_last_error());
    } else if (all->roofs.machine == NULL) {
        ebb_text_append(&all->machine_fault, "machine.json: absent");
    }
}

/* A sweep does not run micro-benchmarks: whoever wants them in the report puts the file
 * of ebb-bench there. One that cannot be read is there all the same. */
static ebb_status find_micro(char **out, const char *folder)
{
    *out = ebb_output_path(folder, ebb_table_micro.file);
    if (*out == NULL) {
        return ebb_fail_memory(strlen(folder));
    }
    if (access(*out, F_OK) != 0) {
        free(*out);
        *out = NULL;
    }
    return EBB_OK;
}

static ebb_status gather(material *all, const ebb_arguments *arguments)
{
    const char *folder = arguments->words[0];
    EBB_TRY(ebb_trials_read_folder(&all->trials, folder));
    if (all->trials.n == 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: no trial in it, nothing to report",
                        all->trials.path);
    }
    EBB_TRY(find_micro(&all->micro_path, folder));
    EBB_TRY(ebb_suite_load_beside(&all->suite, &all->suite_path, folder, arguments));
    choose_title(all, folder);
    load_machine(all);
    all->gnuplot = ebb_gnuplot_find();
    EBB_TRY(ebb_text_check(&all->machine_fault));
    return ebb_text_check(&all->title);
}

static ebb_status draw(ebb_text *svg, const char *script, void *argument)
{
    return ebb_gnuplot_draw(svg, argument, script);
}

static ebb_status write_page(const material *all, const char *path,
                             const ebb_arguments *arguments)
{
    const ebb_report report = {
        .trials = &all->trials,
        .title = all->title.data,
        .description = all->suite.description != NULL ? all->suite.description : "",
        .suite_path = all->suite_path,
        .machine = all->roofs.machine,
        .machine_fault = all->machine_fault.data,
        .micro_path = all->micro_path,
        .bands = all->suite.bands,
        .n_bands = all->suite.n_bands,
        .pen = {.draw = all->gnuplot != NULL ? draw : NULL,
                .argument = all->gnuplot,
                .absent = "gnuplot is not installed here (Debian package gnuplot-nox)"},
    };
    ebb_text page = {0};
    size_t n_undrawn = 0;
    ebb_status status = ebb_report_render(&page, &n_undrawn, &report);
    if (status == EBB_OK) {
        status = ebb_output_write(path, page.data, page.length);
    }
    ebb_text_clear(&page);
    if (status == EBB_OK && all->gnuplot == NULL) {
        ebb_note(arguments, "tables only, no plots: %s", report.pen.absent);
    } else if (status == EBB_OK && n_undrawn > 0) {
        ebb_note(arguments, "not all plots are drawn; the page says why");
    }
    if (status == EBB_OK) {
        ebb_note(arguments, "written: %s", path);
    }
    return status;
}

static ebb_status judge_micro(const material *all)
{
    ebb_text unused = {0}; /* it is on the page */
    const ebb_status status =
        all->micro_path == NULL
            ? EBB_OK
            : ebb_table_micro.render_file(&unused, all->micro_path, EBB_CSV);
    ebb_text_clear(&unused);
    return status;
}

/* What the trials say of each other is the exit status, as it is of `ebb table`; likewise
 * micro-benchmarks. */
static ebb_status judge(const material *all)
{
    ebb_text verdict = {0};
    const ebb_status status =
        ebb_table_check(&verdict, &all->trials, all->suite.bands, all->suite.n_bands);
    ebb_text_clear(&verdict);
    return status != EBB_OK ? status : judge_micro(all);
}

static ebb_status run(const ebb_arguments *arguments)
{
    char *fallback = ebb_output_path(arguments->words[0], "report.html");
    if (fallback == NULL) {
        return ebb_fail_memory(strlen(arguments->words[0]));
    }
    const char *path = ebb_arguments_value(arguments, "output", fallback);
    if (path[0] == '\0') {
        free(fallback);
        return ebb_fail(EBB_ERR_USAGE, "--output: empty (a file's name)");
    }
    material all = {0};
    ebb_status status = gather(&all, arguments);
    if (status == EBB_OK) {
        status = ebb_output_check(path);
    }
    if (status == EBB_OK) {
        status = write_page(&all, path, arguments);
    }
    if (status == EBB_OK) {
        status = judge(&all);
    }
    clear(&all);
    free(fallback);
    return status;
}

static const ebb_option options[] = {
    {"output", "FILE", "where the page is written [DIR/report.html]", NULL},
    {NULL, NULL, NULL, NULL},
};

static const ebb_term examples[] = {
    {"ebb report results/quick", "writes results/quick/report.html"},
    {"ebb report results/quick --output quick.html", "writes it elsewhere"},
    {NULL, NULL},
};

static const ebb_term files[] = {
    {"DIR/trials.jsonl", "the trials of a sweep, one JSON object a line (ebb-trial/1)"},
    {"DIR/suite.yaml", "the suite, whose expectations are judged"},
    {"DIR/machine.json", "the machine and its measured roofs"},
    {"DIR/micro.json",
     "if it is there, what ebb-bench --benchmark_out=DIR/micro.json wrote"},
    {"DIR/report.html", "the page"},
    {NULL, NULL},
};

static const ebb_term statuses[] = {
    {"1", "a metric lies outside the band that the suite expects; the page is written"},
    {"3", "the usual, or micro.json is broken; then the page is written"},
    {"4", "digests differ that must be equal, or a micro-benchmark failed; the page is "
          "written"},
    {NULL, NULL},
};

static const ebb_term environment[] = {
    {"PATH", "where gnuplot is looked for"},
    {NULL, NULL},
};

const ebb_command ebb_command_report = {
    .name = "report",
    .summary = "one HTML page of a sweep: verdict, machine, tables, plots",
    .usage = "DIR [options]",
    .details =
        "Reads DIR/trials.jsonl, and machine.json and suite.yaml beside it, and writes "
        "one\n"
        "page that needs nothing else: no network, no script; light, dark and on paper.\n"
        "gnuplot draws its plots; where it is absent the page has the tables only and "
        "says\n"
        "so. Micro-benchmarks have a section where DIR/micro.json is what ebb-bench "
        "wrote.\n",
    .examples = examples,
    .files = files,
    .statuses = statuses,
    .environment = environment,
    .options = options,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
