/* ebb_bench.c - the program ebb-bench: micro-benchmarks under Google Benchmark's flags.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bench_help.h"
#include "harness.h"
#include "machine/environment.h"
#include "machine/placement.h"
#include "net/onednn.h"

/* Short, because there are many; what Google Benchmark has is 0.5 s and ns. */
static const ebb_shim_pair defaults[] = {{"benchmark_min_time", "0.2"},
                                         {"benchmark_time_unit", "us"}};

/* ---- context ------------------------------------------------------------------------
 */

static ebb_status from_shim(ebb_shim_status status)
{
    if (status == EBB_SHIM_OK) {
        return EBB_OK;
    }
    const ebb_status own = status == EBB_SHIM_USAGE         ? EBB_ERR_USAGE
                           : status == EBB_SHIM_ENVIRONMENT ? EBB_ERR_ENVIRONMENT
                                                            : EBB_ERR_FAILED;
    return ebb_fail(own, "%s", ebb_shim_last_error());
}

/* Facts that tell one result from another. */
static ebb_status add_facts(ebb_shim *shim, const ebb_topology *topology)
{
    static const char *const keys[] = {
        "cpu",        "isa",          "microcode", "governor", "boost",        "smt",
        "hypervisor", "clock_source", "kernel",    "cgroup",   "cpu_pressure", "compiler",
        "flags",      "libgomp",      "ebb",       "git"};
    json_t *facts = NULL;
    ebb_status status = ebb_environment_json(&facts, topology);
    for (size_t i = 0; i < sizeof keys / sizeof *keys && status == EBB_OK; i++) {
        const char *value = json_string_value(json_object_get(facts, keys[i]));
        status = from_shim(
            ebb_shim_add_context(shim, keys[i], value == NULL ? "not available" : value));
    }
    json_decref(facts);
    return status;
}

static ebb_status add_onednn(ebb_shim *shim)
{
    char version[64];
    char isa[64];
    ebb_onednn_version(version, sizeof version);
    ebb_onednn_isa(isa, sizeof isa);
    EBB_TRY(from_shim(ebb_shim_add_context(shim, "onednn", version)));
    return from_shim(ebb_shim_add_context(shim, "onednn_isa", isa));
}

/* num_cpus of the library is the machine's, whatever this process may use. */
static ebb_status add_cpus(ebb_shim *shim, const ebb_topology *topology)
{
    ebb_text text = {0};
    size_t n = 0;
    const ebb_pu *pus = ebb_topology_pus(topology, &n);
    for (size_t i = 0; i < n; i++) {
        ebb_text_append(&text, "%s%d", i > 0 ? "," : "", pus[i].os_index);
    }
    ebb_status status = ebb_text_check(&text);
    if (status == EBB_OK) {
        status = from_shim(ebb_shim_add_context(shim, "usable_cpus", text.data));
    }
    ebb_text_clear(&text);
    EBB_TRY(status);
    return from_shim(
        ebb_shim_add_context(shim, "placement", ebb_placement_cores.choice.name));
}

static ebb_status explain_library(ebb_shim *shim)
{
    char version[32];
    bool debug = false;
    EBB_TRY(from_shim(ebb_shim_library_version(version, sizeof version, &debug)));
    if (!debug) {
        return EBB_OK;
    }
    return from_shim(ebb_shim_add_context(
        shim, "library_build_type_note",
        "Google Benchmark's package is compiled with assertions, hence 'debug'; what is "
        "timed is not: the library adds some nanoseconds to a batch of iterations"));
}

static ebb_status add_context(ebb_shim *shim, const ebb_topology *topology)
{
    EBB_TRY(add_facts(shim, topology));
    EBB_TRY(add_onednn(shim));
    EBB_TRY(add_cpus(shim, topology));
    return explain_library(shim);
}

/* ---- run ----------------------------------------------------------------------------
 */

/* Where these are set, OpenMP's runtime places threads itself, and again for each team.
 */
static ebb_status check_variables(void)
{
    static const char *const names[] = {"OMP_PLACES", "OMP_PROC_BIND",
                                        "GOMP_CPU_AFFINITY"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0' && strcmp(value, "false") != 0) {
            char printable[64];
            return ebb_fail(EBB_ERR_USAGE,
                            "%s: '%s' (unset: ebb-bench binds teams of several sizes)",
                            names[i], ebb_text_printable(printable, value));
        }
    }
    return EBB_OK;
}

static ebb_status judge(const ebb_harness *harness, const ebb_shim_summary *summary)
{
    const ebb_status verdict = ebb_harness_verdict(harness);
    if (summary->failed == 0) {
        return EBB_OK;
    }
    return ebb_fail(verdict == EBB_OK ? EBB_ERR_FAILED : verdict,
                    "%zu of %zu benchmarks failed: see their entries", summary->failed,
                    summary->matched);
}

static ebb_status run_harness(ebb_shim *shim, ebb_harness *harness,
                              const ebb_topology *topology)
{
    ebb_shim_summary summary = {.size = sizeof summary};
    if (!ebb_shim_only_lists(shim)) {
        EBB_TRY(check_variables());
        EBB_TRY(ebb_onednn_check_runtime());
        EBB_TRY(add_context(shim, topology));
    }
    EBB_TRY(ebb_harness_register(harness, shim));
    EBB_TRY(from_shim(ebb_shim_run_benchmarks(shim, &summary, NULL)));
    return judge(harness, &summary);
}

static ebb_status run_shim(ebb_shim *shim)
{
    ebb_topology *topology = NULL;
    ebb_harness *harness = NULL;
    EBB_TRY(ebb_topology_create(&topology));
    ebb_status status = ebb_harness_create(&harness, topology);
    if (status == EBB_OK) {
        status = run_harness(shim, harness, topology);
    }
    ebb_harness_destroy(harness);
    ebb_topology_destroy(topology);
    return status;
}

static ebb_status run(int argc, char **argv)
{
    ebb_shim *shim = NULL;
    if (argc > 1 && strcmp(argv[1], "-h") == 0) {
        return ebb_bench_help_print();
    }
    const ebb_shim_status begun =
        ebb_shim_init(&shim, &argc, argv, defaults, sizeof defaults / sizeof *defaults);
    if (begun == EBB_SHIM_HELP) {
        return ebb_bench_help_print();
    }
    EBB_TRY(from_shim(begun));
    ebb_status status = EBB_OK;
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("ebb-bench %s\n", EBB_VERSION);
    } else if (argc > 1 && strcmp(argv[1], "--manual") == 0) {
        status = ebb_bench_help_manual();
    } else if (argc > 1) {
        char printable[64];
        status = ebb_fail(EBB_ERR_USAGE, "%s: no flag of ebb-bench (--help lists them)",
                          ebb_text_printable(printable, argv[1]));
    } else {
        status = run_shim(shim);
    }
    ebb_shim_destroy(shim);
    return status;
}

int main(int argc, char **argv)
{
    ebb_status status = run(argc, argv);
    if (status == EBB_OK && (fflush(stdout) != 0 || ferror(stdout) != 0)) {
        status = ebb_fail(EBB_ERR_ENVIRONMENT, "standard output: cannot be written");
    }
    if (status != EBB_OK) {
        fprintf(stderr, "ebb-bench: %s\n", ebb_last_error());
    }
    return (int)status;
}
