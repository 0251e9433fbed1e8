/* cmd_machine.c - `ebb machine`: what this machine is, what it can do, how quiet it is.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "lstopo.h"
#include "machine/dump_json.h"
#include "machine/topology.h"
#include "machine/topology_drawing.h"
#include "output.h"
#include "study/matmul_roof.h"

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_SVG };
enum { DRAWING_COLUMNS = 90 };

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "not available" : text;
}

static long long integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void print_count(const char *before, long long n, const char *thing)
{
    printf("%s%lld %s%s", before, n, thing, n == 1 ? "" : "s");
}

/* "0-3,8": ascending runs are joined, the order is kept. */
static void print_cpus(const json_t *list)
{
    const size_t n = json_array_size(list);
    for (size_t i = 0; i < n;) {
        const long long first = json_integer_value(json_array_get(list, i));
        size_t length = 1;
        while (i + length < n && json_integer_value(json_array_get(list, i + length)) ==
                                     first + (long long)length) {
            length++;
        }
        printf("%s%lld", i > 0 ? "," : "", first);
        if (length > 1) {
            printf("-%lld", first + (long long)length - 1);
        }
        i += length;
    }
}

static void print_shape(const json_t *machine)
{
    const json_t *facts = json_object_get(machine, "environment");
    const json_t *quota = json_object_get(machine, "quota");
    printf("%s, %s\n", text_of(facts, "cpu"), text_of(facts, "cpu_family"));
    print_count("", integer_of(machine, "packages"), "package");
    print_count(", ", integer_of(machine, "numa_nodes"), "NUMA node");
    print_count(", ", integer_of(machine, "cores"), "core");
    print_count(", ", integer_of(machine, "pus"), "hardware thread");
    printf(", %.1f GiB\n", number_of(facts, "memory_bytes") / 0x1p30);
    printf("caches       %s\n", text_of(facts, "caches"));
    printf("vectors      %s\n", text_of(facts, "isa"));
    printf("usable       CPUs ");
    print_cpus(json_object_get(machine, "usable_cpus"));
    print_count(", ", integer_of(machine, "usable_cores"), "core");
    if (json_is_null(quota)) {
        printf(" with all of their time\n");
    } else {
        printf(", a quota of %.2f CPUs\n", json_number_value(quota));
    }
}

static void print_kinds(const json_t *machine)
{
    const json_t *kinds = json_object_get(machine, "core_kinds");
    for (size_t i = 0; json_array_size(kinds) > 1 && i < json_array_size(kinds); i++) {
        const json_t *kind = json_array_get(kinds, i);
        printf("%-12s CPUs ", i == 0 ? "slow to fast" : "");
        print_cpus(json_object_get(kind, "cpus"));
        printf("\n");
    }
}

/* Names that processors give; programs keep what they gave. */
static void print_hypervisor(const char *signature)
{
    static const struct {
        const char *signature, *name;
    } known[] = {
        {"KVMKVMKVM", "KVM"},    {"Microsoft Hv", "Hyper-V"},  {"VMwareVMware", "VMware"},
        {"XenVMMXenVMM", "Xen"}, {"TCGTCGTCGTCG", "QEMU TCG"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(signature, known[i].signature) == 0) {
            printf("%-13s %s (%s)\n", "hypervisor", known[i].name, signature);
            return;
        }
    }
    printf("%-13s %s\n", "hypervisor", signature);
}

/* "node 0: 13.0 GiB, node 1: ..." and the total come from two places, which disagree
 * where memory was added or taken after the start. */
static void print_numa_memory(const json_t *facts)
{
    const char *nodes = text_of(facts, "numa_memory");
    const double total = number_of(facts, "memory_bytes") / 0x1p30;
    double sum = 0;
    for (const char *at = nodes; (at = strstr(at, ": ")) != NULL;) {
        at += 2;
        sum += strtod(at, NULL);
    }
    printf("%-13s %s", "NUMA memory", nodes);
    if (sum > 0 && fabs(sum - total) > 0.05 * total) {
        printf(" (each node's own MemTotal; the %.1f GiB above are that of "
               "/proc/meminfo, and the kernel's two counts differ here)",
               total);
    }
    printf("\n");
}

static void print_system(const json_t *machine)
{
    static const struct {
        const char *title, *key;
    } rows[] = {
        {"kernel", "kernel"},
        {"governor", "governor"},
        {"boost", "boost"},
        {"SMT", "smt"},
        {"clock", "clock_source"},
        {"control group", "cgroup"},
        {"cpuset", "cgroup_cpuset"},
        {"memory limit", "cgroup_memory"},
        {"huge pages", "transparent_huge_pages"},
        {"OpenMP", "libgomp"},
        {"hwloc", "hwloc"},
        {"compiler", "compiler"},
        {"flags", "flags"},
        {"revision", "git"},
    };
    const json_t *facts = json_object_get(machine, "environment");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        printf("%-13s %s\n", rows[i].title, text_of(facts, rows[i].key));
    }
    print_numa_memory(facts);
    print_hypervisor(text_of(facts, "hypervisor"));
}

static void print_warnings(const json_t *machine)
{
    const json_t *list = json_object_get(machine, "warnings");
    for (size_t i = 0; i < json_array_size(list); i++) {
        printf("  %s\n", json_string_value(json_array_get(list, i)));
    }
    if (json_array_size(list) == 0) {
        printf("  none\n");
    }
}

static void print_placements(json_t *machine)
{
    const char *name = NULL;
    json_t *cpus = NULL;
    printf("CPUs that threads take, in this order\n");
    json_object_foreach(json_object_get(machine, "placements"), name, cpus)
    {
        printf("  %-11s ", name);
        print_cpus(cpus);
        printf("%s\n", json_array_size(cpus) == 0 ? "not bound" : "");
    }
}

static void print_spread(const json_t *roof, int decimals)
{
    printf("%9.*f (%.*f to %.*f)", decimals, number_of(roof, "value"), decimals,
           number_of(roof, "low"), decimals, number_of(roof, "high"));
}

static void print_fma(const json_t *roofs)
{
    const json_t *list = json_object_get(roofs, "fma_gflops");
    printf("  threads  vectors  GFLOP/s of multiply-adds: median (lowest to highest)\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *roof = json_array_get(list, i);
        printf("  %7lld  %-7s", integer_of(roof, "threads"), text_of(roof, "isa"));
        print_spread(roof, 1);
        printf("\n");
    }
}

static void print_matmul(const json_t *roofs)
{
    const json_t *list = json_object_get(roofs, "matmul_gflops");
    printf("  threads  shape        GFLOP/s of oneDNN's matrix product in cache\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *roof = json_array_get(list, i);
        char shape[48];
        snprintf(shape, sizeof shape, "%lldx%lldx%lld", integer_of(roof, "m"),
                 integer_of(roof, "n"), integer_of(roof, "k"));
        printf("  %7lld  %-11s", integer_of(roof, "threads"), shape);
        print_spread(roof, 1);
        printf("  %s\n", text_of(roof, "kernel"));
    }
}

/* width: of the spread, so that columns stand under each other. */
static void print_stream(const json_t *roof, const char *key, int width)
{
    char low[16];
    char high[16];
    char range[32];
    snprintf(low, sizeof low, "%s_low", key);
    snprintf(high, sizeof high, "%s_high", key);
    snprintf(range, sizeof range, "(%.1f to %.1f)", number_of(roof, low),
             number_of(roof, high));
    printf("%9.1f %-*s", number_of(roof, key), width, range);
}

static void print_bandwidth(const json_t *roofs)
{
    const json_t *list = json_object_get(roofs, "bandwidth_gbs");
    printf("  threads  level   GB/s: read, write, a = b + s c\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *roof = json_array_get(list, i);
        printf("  %7lld  %-6s", integer_of(roof, "threads"), text_of(roof, "level"));
        print_stream(roof, "read", 18);
        print_stream(roof, "write", 18);
        print_stream(roof, "triad", 0);
        printf("\n");
    }
}

static void print_roofs(const json_t *machine)
{
    const json_t *roofs = json_object_get(machine, "roofs");
    const json_t *barriers = json_object_get(roofs, "barrier_ns");
    const json_t *wake = json_object_get(roofs, "wake_ns");
    print_fma(roofs);
    print_matmul(roofs);
    print_bandwidth(roofs);
    for (size_t i = 0; i < json_array_size(barriers); i++) {
        const json_t *roof = json_array_get(barriers, i);
        printf("  %7lld  barrier", integer_of(roof, "threads"));
        print_spread(roof, 0);
        printf(" ns\n");
    }
    printf("  a reading of the clock %.0f ns", number_of(roofs, "clock_ns"));
    if (!json_is_null(wake)) {
        printf(", waking a sleeping thread %.1f µs", json_number_value(wake) * 1e-3);
    }
    printf("\n");
    if (!json_is_true(json_object_get(roofs, "bound"))) {
        printf("  threads were not where they should be: do not trust these figures\n");
    }
}

/* A share of the time of `threads` threads. */
static void print_share(const json_t *noise, const char *title, const char *key,
                        double threads)
{
    const json_t *value = json_object_get(noise, key);
    if (json_is_null(value)) {
        printf("  %-22s not available\n", title);
    } else {
        const double seconds = number_of(noise, "seconds") * threads;
        const double percent = json_number_value(value) * 1e-7 / seconds;
        /* A wait counts when it ends, so one that began before may be longer. */
        printf("  %-22s %.2f %%\n", title, fmin(percent, 100));
    }
}

static void print_counted(const json_t *noise, const char *title, const char *key)
{
    const json_t *value = json_object_get(noise, key);
    if (json_is_null(value)) {
        printf("  %-22s not available\n", title);
    } else {
        printf("  %-22s %lld\n", title, json_integer_value(value));
    }
}

static void print_noise(const json_t *machine)
{
    const json_t *noise = json_object_get(machine, "noise");
    const json_t *rates = json_object_get(noise, "fma_gflops");
    const double median = number_of(rates, "value");
    printf("  %-22s -%.1f %% to +%.1f %% of the median\n", "rounds of equal work",
           100.0 * (1.0 - number_of(rates, "low") / median),
           100.0 * (number_of(rates, "high") / median - 1.0));
    print_share(noise, "waiting for a CPU", "run_delay_ns", 1.0);
    print_share(noise, "taken by hypervisor", "steal_ns", number_of(noise, "threads"));
    print_counted(noise, "forced switches", "involuntary_switches");
    print_counted(noise, "stops by quota", "throttled");
}

/* The share above which a trial would not count either. */
static void print_verdict(const json_t *machine)
{
    const json_t *noise = json_object_get(machine, "noise");
    const double share = number_of(noise, "run_delay_ns") * 1e-9;
    if (share > 0.05 * number_of(noise, "seconds")) {
        printf("  busy: other programs used these CPUs, the figures above are too low\n");
    }
}

static void print_text(json_t *machine, bool color)
{
    const char *bold = color ? "\033[1m" : "";
    const char *plain = color ? "\033[0m" : "";
    const json_t *noise = json_object_get(machine, "noise");
    printf("%sMachine%s\n", bold, plain);
    print_shape(machine);
    print_kinds(machine);
    printf("\n%sSystem%s\n", bold, plain);
    print_system(machine);
    printf("\n%sWarnings%s\n", bold, plain);
    print_warnings(machine);
    printf("\n%sPlacements%s\n", bold, plain);
    print_placements(machine);
    printf("\n%sRoofs%s\n", bold, plain);
    print_roofs(machine);
    printf("\n%sNoise%s in %.2f s of full load on %lld threads\n", bold, plain,
           number_of(noise, "seconds"), integer_of(noise, "threads"));
    print_noise(machine);
    print_verdict(machine);
}

static bool names_svg(const char *path)
{
    const size_t length = path == NULL ? 0 : strlen(path);
    return length > 4 && strcmp(path + length - 4, ".svg") == 0;
}

/* Written whole or not at all; main sees to it that standard output was. */
static ebb_status draw(const char *path, bool svg)
{
    ebb_topology *topology = NULL;
    ebb_text drawing = {0};
    EBB_TRY(ebb_output_check(path));
    EBB_TRY(ebb_topology_create(&topology));
    ebb_status status =
        svg ? ebb_lstopo_svg(&drawing, topology)
            : ebb_topology_drawing_append(&drawing, topology, DRAWING_COLUMNS);
    ebb_topology_destroy(topology);
    if (status == EBB_OK && path != NULL) {
        status = ebb_output_write(path, drawing.data, drawing.length);
    } else if (status == EBB_OK) {
        fputs(drawing.data, stdout);
    }
    ebb_text_clear(&drawing);
    return status;
}

static ebb_status run_topology(const ebb_arguments *arguments)
{
    const char *path = ebb_arguments_value(arguments, "output", NULL);
    const size_t format = ebb_arguments_choice(arguments, "format");
    if (format == FORMAT_JSON) {
        return ebb_fail(EBB_ERR_USAGE,
                        "--format: json is not for a drawing (allowed with --topology: "
                        "text, svg)");
    }
    const bool given = ebb_arguments_has(arguments, "format");
    return draw(path, given ? format == FORMAT_SVG : names_svg(path));
}

/* What belongs to a drawing has no meaning without one. */
static ebb_status check_undrawn(const ebb_arguments *arguments)
{
    if (ebb_arguments_has(arguments, "output")) {
        return ebb_fail(EBB_ERR_USAGE, "--output: has no meaning here (allowed: with "
                                       "--topology; standard output can be redirected)");
    }
    if (ebb_arguments_choice(arguments, "format") == FORMAT_SVG) {
        return ebb_fail(EBB_ERR_USAGE,
                        "--format: svg is for a drawing (allowed: with --topology)");
    }
    return EBB_OK;
}

static ebb_status run(const ebb_arguments *arguments)
{
    if (ebb_arguments_has(arguments, "topology")) {
        return run_topology(arguments);
    }
    EBB_TRY(check_undrawn(arguments));
    ebb_topology *topology = NULL;
    json_t *machine = NULL;
    EBB_TRY(ebb_topology_create(&topology));
    ebb_status status = ebb_matmul_roof_machine_json(&machine, topology);
    ebb_topology_destroy(topology);
    if (status != EBB_OK) {
        return status;
    }
    if (ebb_arguments_choice(arguments, "format") == FORMAT_JSON) {
        ebb_text text = {0};
        status = ebb_dump_json(&text, machine, JSON_INDENT(2));
        if (status == EBB_OK) {
            puts(text.data);
        }
        ebb_text_clear(&text);
    } else {
        print_text(machine, ebb_arguments_color(arguments, stdout));
    }
    json_decref(machine);
    return status;
}

static const char *const formats[] = {"text", "json", "svg", NULL};

static const ebb_option options[] = {
    {"topology", NULL, "draw the machine instead, and measure nothing", NULL},
    {"format", "FORMAT",
     "text (default), json: one object ebb-machine/1, or svg: a drawing by lstopo",
     formats},
    {"output", "FILE",
     "where the drawing goes, as SVG if FILE ends in .svg [standard output]", NULL},
    {NULL, NULL, NULL, NULL},
};

static const ebb_term examples[] = {
    {"ebb machine", "in a few seconds, on an idle machine"},
    {"ebb machine --topology", "where caches, NUMA nodes and CPUs are"},
    {"ebb machine --topology --format svg > machine.svg", "the same as a picture"},
    {"ebb machine --format json > machine.json", "for programs, with the methods"},
    {NULL, NULL},
};

static const ebb_term files[] = {
    {"PREFIX/share/ebb/schema/ebb-machine-1.json", "JSON Schema of the object"},
    {NULL, NULL},
};

const ebb_command ebb_command_machine = {
    .name = "machine",
    .summary = "topology, usable CPUs, placements, measured roofs, noise",
    .usage = "[options]",
    .details =
        "Shows what this process may use of the machine and measures, at several "
        "thread\n"
        "counts and in a few seconds, the rate of multiply-adds, that of oneDNN's "
        "matrix\n"
        "products in cache, the bandwidth of each cache and of memory, the "
        "barrier between\n"
        "threads, the clock, and what else runs: medians with the lowest and "
        "highest round.\n"
        "In the JSON object, `methods` says how each figure was obtained. Figures "
        "in a\n"
        "trial's record that are shares of a peak refer to multiply-adds with the "
        "widest\n"
        "vectors.\n"
        "\n"
        "With --topology it draws packages, NUMA nodes, caches and cores, and marks "
        "the CPUs\n"
        "that may not be used: as text, or as SVG by hwloc's program lstopo.\n",
    .examples = examples,
    .files = files,
    .options = options,
    .run = run,
};
