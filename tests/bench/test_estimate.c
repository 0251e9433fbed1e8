/* The work that a configuration implies, counted by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sweep_estimate.h"

/* "name value name value ...", blanks between. */
static double flop_of(const char *options)
{
    ebb_config config;
    ebb_config_init(&config);
    char copy[256];
    snprintf(copy, sizeof copy, "%s", options);
    char *rest = copy;
    const char *name = NULL;
    while ((name = strtok_r(rest, " ", &rest)) != NULL) {
        const char *value = strtok_r(rest, " ", &rest);
        assert_int_equal(ebb_config_set(&config, name, name, value), EBB_OK);
    }
    ebb_config_resolve(&config, 2);
    const double flop = ebb_sweep_step_flop(&config);
    ebb_config_clear(&config);
    return flop;
}

/* 4 for each weight, 2 more for those above the first layer. */
static void test_step_flop(void **state)
{
    (void)state;
    static const struct {
        const char *options;
        double batch, first, later;
    } rows[] = {
        {"", 128, 784 * 256, 256 * 100 + 100 * 64 + 64 * 10},
        {"hidden 256,256 batch-size 8", 8, 784 * 256, 256 * 256 + 256 * 10},
        {"hidden none", 128, 784 * 10, 0},
        {"hidden 7 pad 1", 128, 30 * 30 * 7, 7 * 10},
        {"hidden 7 batch-per-thread 5 threads all", 10, 784 * 7, 7 * 10},
        {"hidden 7 head masked tasks 3", 128, 784 * 7, 7 * 30},
        {"hidden 7 scenario cil tasks 3", 128, 784 * 7, 7 * 30},
        {"hidden 7 scenario dil tasks 3", 128, 784 * 7, 7 * 10},
        {"hidden 7 sequence split", 128, 784 * 7, 7 * 2},
        {"hidden 7 sequence split scenario cil", 128, 784 * 7, 7 * 10},
        {"hidden 7 dataset synthetic synthetic 90,9,15,4", 128, 15 * 7, 7 * 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const double wanted = rows[i].batch * (4 * rows[i].first + 6 * rows[i].later);
        const double found = flop_of(rows[i].options);
        if (!(found > wanted * 0.999999 && found < wanted * 1.000001)) {
            fail_msg("%s: %.0f instead of %.0f", rows[i].options, found, wanted);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_step_flop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
