#include "machine/advice.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"

/* A fact that is doubtful when `wrong` says so of its text. */
typedef struct advice {
    const char *key;
    bool (*wrong)(const char *fact);
    const char *why, *remedy;
} advice;

static bool is_on(const char *fact)
{
    return strcmp(fact, "on") == 0;
}

static bool follows_load(const char *fact)
{
    return strcmp(fact, "performance") != 0;
}

static bool is_slow_clock(const char *fact)
{
    static const char *const slow[] = {"hpet", "acpi_pm", "pit", "jiffies",
                                       "refined-jiffies"};
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
        if (strcmp(fact, slow[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_quota(const char *fact)
{
    return strstr(fact, "quota of") != NULL;
}

static bool is_guest(const char *fact)
{
    return strcmp(fact, "none") != 0;
}

static const advice table[] = {
    {"governor", follows_load, "the clock follows the load",
     "cpupower frequency-set --governor performance"},
    {"boost", is_on, "the clock depends on heat and on how many cores work",
     "echo 0 > /sys/devices/system/cpu/cpufreq/boost, or with intel_pstate echo 1 > "
     "/sys/devices/system/cpu/intel_pstate/no_turbo"},
    {"smt", is_on, "what runs on a core's other hardware thread slows it down",
     "--placement cores, with no more threads than cores; or echo off > "
     "/sys/devices/system/cpu/smt/control"},
    {"clock_source", is_slow_clock, "each reading of the clock enters the kernel",
     "echo tsc > /sys/devices/system/clocksource/clocksource0/current_clocksource"},
    {"cgroup", has_quota, "threads are stopped once it is used up",
     "raise cpu.max or cpu.cfs_quota_us, or use fewer threads than the quota has CPUs"},
    {"hypervisor", is_guest, "the host takes time and sets the clock as it likes",
     "compare on one guest only and look at the time taken; absolute figures need a "
     "machine of one's own"},
};

json_t *ebb_advice_json(const json_t *environment)
{
    json_t *list = json_array();
    bool complete = list != NULL;
    for (size_t i = 0; i < sizeof table / sizeof table[0] && complete; i++) {
        const json_t *value = json_object_get(environment, table[i].key);
        const char *fact = json_string_value(value);
        if (fact == NULL || strcmp(fact, "not available") == 0 || !table[i].wrong(fact)) {
            continue;
        }
        ebb_text text = {0};
        ebb_text_append(&text, "%s is %s: %s (%s)", table[i].key, fact, table[i].why,
                        table[i].remedy);
        complete =
            !text.failed && json_array_append_new(list, json_string(text.data)) == 0;
        ebb_text_clear(&text);
    }
    if (!complete) {
        json_decref(list);
        return NULL;
    }
    return list;
}
