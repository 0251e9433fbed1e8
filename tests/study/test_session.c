/* Which head, classes and labels a scenario gives to a task, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "study/session.h"

/* Tasks of three classes each; what is known of five tasks after `trained` of them. */
typedef struct target_case {
    const char *scenario, *option, *value; /* option NULL: none beside the scenario */
    size_t task, trained;
    ebb_target wanted;
} target_case;

static const target_case cases[] = {
    /* A head a task: three classes of its own. */
    {"til", NULL, NULL, 1, 1, {.head = 0, .class_begin = 0, .class_end = 3}},
    {"til", NULL, NULL, 4, 4, {.head = 3, .class_begin = 0, .class_end = 3}},
    {"til", NULL, NULL, 2, 5, {.head = 1, .class_begin = 0, .class_end = 3}},
    /* One layer over all: task t has classes 3(t−1) … 3t−1, whatever was trained. */
    {"til", "head", "masked", 1, 1, {0, 0, 3, 0}},
    {"til", "head", "masked", 2, 2, {0, 3, 6, 3}},
    {"til", "head", "masked", 5, 5, {0, 12, 15, 12}},
    {"til", "head", "masked", 2, 5, {0, 3, 6, 3}},
    /* The classes seen so far compete. */
    {"cil", NULL, NULL, 1, 1, {0, 0, 3, 0}},
    {"cil", NULL, NULL, 2, 2, {0, 0, 6, 3}},
    {"cil", NULL, NULL, 2, 5, {0, 0, 15, 3}},
    {"cil", NULL, NULL, 5, 5, {0, 0, 15, 12}},
    /* All compete from the beginning. */
    {"cil", "cil-classes", "all", 1, 1, {0, 0, 15, 0}},
    {"cil", "cil-classes", "all", 3, 3, {0, 0, 15, 6}},
    /* The same labels in every task. */
    {"dil", NULL, NULL, 1, 1, {0, 0, 3, 0}},
    {"dil", NULL, NULL, 5, 5, {0, 0, 3, 0}},
};

static void test_target(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const target_case *one = &cases[i];
        ebb_config config;
        ebb_config_init(&config);
        const char *option = one->option == NULL ? "tasks" : one->option;
        const char *value = one->option == NULL ? "5" : one->value;
        assert_int_equal(ebb_config_set(&config, "test", "scenario", one->scenario),
                         EBB_OK);
        assert_int_equal(ebb_config_set(&config, "test", option, value), EBB_OK);
        ebb_sequence sequence = {.n_tasks = 5, .classes_per_task = 3};
        const ebb_session session = {.config = &config, .sequence = &sequence};
        const ebb_target target = ebb_session_target(&session, one->task, one->trained);
        if (target.head != one->wanted.head ||
            target.class_begin != one->wanted.class_begin ||
            target.class_end != one->wanted.class_end ||
            target.label_offset != one->wanted.label_offset) {
            fail_msg("case %zu, %s, task %zu after %zu: head %zu, classes %zu to %zu, "
                     "labels from %zu",
                     i, one->scenario, one->task, one->trained, target.head,
                     target.class_begin, target.class_end, target.label_offset);
        }
        ebb_config_clear(&config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_target)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
