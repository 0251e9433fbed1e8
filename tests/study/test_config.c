/* Every option with values good and bad, and what its value reads as afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "study/config.h"

/* A value and how it prints when it is taken (NULL: as given), or a part of the message
 * that refuses it. */
typedef struct value_case {
    const char *name, *value;
    bool good;
    const char *text;
} value_case;

static const value_case values[] = {
    {"algorithm", "finetuning", true, NULL},
    {"algorithm", "amnesiac-finetuning", true, NULL},
    {"algorithm", "finetunign", false, "nearest: finetuning"},
    {"algorithm", "finetun", false, "unknown value 'finetun'"},
    {"algorithm", "f", false, "allowed: finetuning, amnesiac-finetuning)"},
    {"algorithm", "Finetuning", false, "unknown value 'Finetuning'"},
    {"algorithm", "", false, "unknown value ''"},
    {"algorithm", "amnesiac_finetuning", false, "nearest: amnesiac-finetuning"},
    {"dataset", "mnist", true, NULL},
    {"dataset", "fashion-mnist", true, NULL},
    {"dataset", "synthetic", true, NULL},
    {"dataset", "mnits", false, "nearest: mnist"},
    {"data-dir", "/data", true, NULL},
    {"data-dir", "", false, "empty"},
    {"synthetic", "6000,1000,784,10", true, NULL},
    {"synthetic", "1,1,1,1", true, NULL},
    {"synthetic", "6000,1000,784", false, "allowed: TRAIN,TEST,FEATURES,CLASSES"},
    {"synthetic", "6000,1000,784,10,1", false, "not four counts"},
    {"synthetic", "6000,1000,784,256", false, "not four counts"},
    {"synthetic", "6000,1000,65537,10", false, "not four counts"},
    {"synthetic", "6000,1000,0,10", false, "not four counts"},
    {"synthetic", "6000, 1000,784,10", false, "not four counts"},
    {"synthetic", "6000,1000,784,1e1", false, "not four counts"},
    {"sequence", "permuted", true, NULL},
    {"sequence", "rotated", true, NULL},
    {"sequence", "split", true, NULL},
    {"sequence", "splits", false, "nearest: split"},
    {"scenario", "til", true, NULL},
    {"scenario", "cil", true, NULL},
    {"scenario", "dil", true, NULL},
    {"scenario", "TIL", false, "allowed: til, cil, dil"},
    {"tasks", "1", true, NULL},
    {"tasks", "255", true, NULL},
    {"tasks", "007", true, "7"},
    {"tasks", "0", false, "out of range: '0' (allowed: 1 to 255)"},
    {"tasks", "256", false, "out of range"},
    {"tasks", "-1", false, "out of range"},
    {"tasks", "5.0", false, "not a whole number"},
    {"tasks", "5 ", false, "not a whole number"},
    {"tasks", " 5", false, "not a whole number"},
    {"tasks", "+5", false, "not a whole number"},
    {"tasks", "0x5", false, "not a whole number"},
    {"tasks", "99999999999999999999", false, "not a whole number"},
    {"tasks", "five", false, "not a whole number that fits: 'five'"},
    {"classes-per-task", "2", true, NULL},
    {"classes-per-task", "0", false, "1 to 255"},
    {"class-order", "3,1,0,2", true, NULL},
    {"class-order", "0", true, NULL},
    {"class-order", "3,1,3", false, "distinct"},
    {"class-order", "255", false, "distinct"},
    {"class-order", "1,,2", false, "distinct"},
    {"class-order", "1,2,", false, "distinct"},
    {"class-order", "1;2", false, "distinct"},
    {"permute-first", "yes", true, NULL},
    {"permute-first", "no", true, NULL},
    {"permute-first", "true", false, "allowed: yes, no"},
    {"permutations", "torch", true, NULL},
    {"permutations", "independent", true, NULL},
    {"permutations", "independant", false, "nearest: independent"},
    {"max-angle", "0", true, NULL},
    {"max-angle", "360", true, NULL},
    {"max-angle", "22.5", true, NULL},
    {"max-angle", "-0", true, "0"},
    {"max-angle", "-1", false, "out of range: '-1' (allowed: 0 to 360)"},
    {"max-angle", "360.1", false, "out of range"},
    {"max-angle", "nan", false, "not a number"},
    {"max-angle", "inf", false, "not a number"},
    {"max-angle", "1e999", false, "not a number"},
    {"pad", "0", true, NULL},
    {"pad", "2", true, NULL},
    {"pad", "-2", false, "0 to 1024"},
    {"normalize", "dataset", true, NULL},
    {"normalize", "none", true, NULL},
    {"normalize", "0.1307,0.3081", true, NULL},
    {"normalize", "-1,2", true, NULL},
    {"normalize", "0.5,0", false, "STD above 0"},
    {"normalize", "0.5,-1", false, "STD above 0"},
    {"normalize", "0.5", false, "MEAN,STD"},
    {"normalize", "0.5,1,2", false, "MEAN,STD"},
    {"normalize", "data", false, "MEAN,STD"},
    {"validation-fraction", "0", true, NULL},
    {"validation-fraction", "0.1", true, NULL},
    {"validation-fraction", "1", false, "0 to below 1"},
    {"validation-fraction", "-0.1", false, "out of range"},
    {"validation-fraction", "10%", false, "not a number"},
    {"backbone", "mlp", true, NULL},
    {"backbone", "mpl", false, "nearest: mlp"},
    {"hidden", "256,100,64", true, NULL},
    {"hidden", "none", true, NULL},
    {"hidden", "1", true, NULL},
    {"hidden", "65536", true, NULL},
    {"hidden", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", true, NULL},
    {"hidden", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", false, "up to 16"},
    {"hidden", "65537", false, "1 to 65536"},
    {"hidden", "0", false, "not a list of widths"},
    {"hidden", "", false, "not a list of widths"},
    {"hidden", "256,", false, "not a list of widths"},
    {"hidden", "none,3", false, "not a list of widths"},
    {"initialization", "uniform-fan-in", true, NULL},
    {"initialization", "xavier-uniform", true, NULL},
    {"initialization", "xavier", false, "allowed: uniform-fan-in, xavier-uniform"},
    {"head", "own", true, NULL},
    {"head", "masked", true, NULL},
    {"head", "maskd", false, "nearest: masked"},
    {"cil-classes", "seen", true, NULL},
    {"cil-classes", "all", true, NULL},
    {"cil-classes", "none", false, "allowed: seen, all"},
    {"optimizer", "adam", true, NULL},
    {"optimizer", "sgd", true, NULL},
    {"optimizer", "adm", false, "nearest: adam"},
    {"learning-rate", "0.001", true, NULL},
    {"learning-rate", "1e-3", true, "0.001"},
    {"learning-rate", ".5", true, "0.5"},
    {"learning-rate", "1e20", true, "1e+20"},
    {"learning-rate", "0", false, "out of range"},
    {"learning-rate", "-0.1", false, "out of range"},
    {"learning-rate", "1e-400", false, "out of range"},
    {"learning-rate", "0,001", false, "not a number"},
    {"momentum", "0.9", true, NULL},
    {"momentum", "1", false, "0 to below 1"},
    {"weight-decay", "0", true, NULL},
    {"weight-decay", "0.0005", true, NULL},
    {"weight-decay", "-1e-9", false, "out of range"},
    {"optimizer-state", "reset", true, NULL},
    {"optimizer-state", "keep", true, NULL},
    {"optimizer-state", "rest", false, "nearest: reset"},
    {"batch-size", "1", true, NULL},
    {"batch-size", "1000000", true, NULL},
    {"batch-size", "1000001", false, "1 to 1000000"},
    {"batch-size", "0", false, "out of range"},
    {"threads", "al", false, "1 to 1024, or all; nearest: all)"},
    {"threads", "1025", false, "1 to 1024, or all)"},
    {"unlearn-age", "non", false, "nearest: none"},
    {"normalize", "datset", false, "nearest: dataset"},
    {"hidden", "nome", false, "nearest: none"},
    {"batch-per-thread", "1", true, NULL},
    {"batch-per-thread", "0", false, "1 to 1000000"},
    {"batch-per-thread", "none", false, "not a whole number"},
    {"epochs", "1", true, NULL},
    {"epochs", "0", false, "out of range"},
    {"steps", "1", true, NULL},
    {"steps", "0", false, "1 to 1000000000"},
    {"steps", "none", false, "not a whole number"},
    {"last-batch", "drop", true, NULL},
    {"last-batch", "keep", true, NULL},
    {"last-batch", "drpo", false, "nearest: drop"},
    {"unlearn", "2:1", true, NULL},
    {"unlearn", "2:1,4:2,5:5", true, NULL},
    {"unlearn", "5:1+3", true, NULL},
    {"unlearn", "5:3+1,2:2", true, "2:2,5:3+1"},
    {"unlearn", "255:255", true, NULL},
    {"unlearn", "", false, "AFTER:TASK"},
    {"unlearn", "2", false, "AFTER:TASK"},
    {"unlearn", "2:", false, "AFTER:TASK"},
    {"unlearn", ":1", false, "AFTER:TASK"},
    {"unlearn", "2:1,", false, "AFTER:TASK"},
    {"unlearn", "2:1,2:2", false, "one a task"},
    {"unlearn", "2:1+", false, "AFTER:TASK"},
    {"unlearn", "2:0", false, "AFTER:TASK"},
    {"unlearn", "256:1", false, "AFTER:TASK"},
    {"unlearn", "2:1:1", false, "AFTER:TASK"},
    {"unlearn", "2;1", false, "AFTER:TASK"},
    {"unlearn-age", "none", true, NULL},
    {"unlearn-age", "4", true, NULL},
    {"unlearn-age", "0", false, "1 to 255, or none"},
    {"unlearn-age", "all", false, "not a whole number"},
    {"unlearn-mode", "subtract", true, NULL},
    {"unlearn-mode", "replay", false, "allowed: subtract"},
    {"disable-unlearning", "no", true, NULL},
    {"disable-unlearning", "yes", true, NULL},
    {"disable-unlearning", "1", false, "allowed: no, yes"},
    {"seed", "0", true, NULL},
    {"seed", "9223372036854775807", true, NULL},
    {"seed", "9223372036854775808", false, "0 to 9223372036854775807"},
    {"seed", "-1", false, "not a whole number in range"},
    {"threads", "1", true, NULL},
    {"threads", "1024", true, NULL},
    {"threads", "all", true, NULL},
    {"threads", "1025", false, "1 to 1024, or all"},
    {"threads", "0", false, "out of range"},
    {"threads", "none", false, "not a whole number"},
    {"placement", "cores", true, NULL},
    {"placement", "none", true, NULL},
    {"placement", "core", false, "nearest: cores"},
    {"strategy", "shards", true, NULL},
    {"strategy", "reference", true, NULL},
    {"strategy", "shard", false, "nearest: shards"},
    {"profile", "yes", true, NULL},
    {"profile", "always", false, "no, yes"},
    {"warmup-steps", "0", true, NULL},
    {"warmup-steps", "-1", false, "out of range"},
    {"output", "trials.jsonl", true, NULL},
    {"samples", "s.txt", true, NULL},
    {"dump", "folder", true, NULL},
};

static void check_value(const value_case *row)
{
    ebb_config config;
    ebb_config_init(&config);
    const ebb_status status = ebb_config_set(&config, "HERE", row->name, row->value);
    const int index = ebb_config_find(row->name);
    assert_true(index >= 0);
    if (row->good) {
        ebb_text text = {0};
        ebb_config_value(&text, &config, (size_t)index);
        const char *wanted = row->text == NULL ? row->value : row->text;
        if (status != EBB_OK || strcmp(text.data, wanted) != 0) {
            fail_msg("%s %s: status %d, value '%s'", row->name, row->value, (int)status,
                     text.data);
        }
        assert_int_equal(config.given, UINT64_C(1) << index);
        ebb_text_clear(&text);
    } else {
        if (status != EBB_ERR_USAGE || strstr(ebb_last_error(), row->text) == NULL ||
            strncmp(ebb_last_error(), "HERE: ", 6) != 0) {
            fail_msg("%s %s: status %d, '%s'", row->name, row->value, (int)status,
                     ebb_last_error());
        }
        assert_int_equal(config.given, 0);
    }
    ebb_config_clear(&config);
}

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        check_value(&values[i]);
    }
}

/* A refused value leaves the option as it was. */
static void test_refusal_changes_nothing(void **state)
{
    (void)state;
    ebb_config before;
    ebb_config_init(&before);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (!values[i].good) {
            ebb_config config;
            ebb_config_init(&config);
            ebb_config_set(&config, "", values[i].name, values[i].value);
            assert_memory_equal(&config, &before, sizeof config);
        }
    }
}

/* Every row of the table is well-formed and has a case of each kind above. */
static void test_table(void **state)
{
    (void)state;
    const ebb_config_option *option = NULL;
    for (size_t i = 0; (option = ebb_config_option_at(i)) != NULL; i++) {
        bool good = false;
        bool bad = option->path; /* a path is refused when it is empty, seen once */
        for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
            if (strcmp(values[k].name, option->name) == 0) {
                good = good || values[k].good;
                bad = bad || !values[k].good;
            }
        }
        if (!good || !bad || option->help[0] == '\0') {
            fail_msg("%s: without a case or help", option->name);
        }
        assert_int_equal(ebb_config_find(option->name), i);
        assert_true((option->allowed[0] == '\0') == (ebb_config_choices(i) != NULL));
    }
    assert_null(ebb_config_option_at(1000));
    assert_true(ebb_config_choices(1000) == NULL);
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(ebb_config_find("batch-size"), ebb_config_find("batch_size"));
    assert_int_equal(ebb_config_find("batch"), -1);
    assert_int_equal(ebb_config_find("batch-size-"), -1);
    assert_int_equal(ebb_config_find(""), -1);
    ebb_config config;
    ebb_config_init(&config);
    assert_int_equal(ebb_config_set(&config, "f.yaml:3", "batch_sise", "1"),
                     EBB_ERR_USAGE);
    assert_non_null(strstr(ebb_last_error(), "f.yaml:3: unknown option 'batch_sise'"));
    assert_non_null(strstr(ebb_last_error(), "nearest: batch_size"));
    assert_int_equal(ebb_config_set(&config, "x", "zzzzzz", "1"), EBB_ERR_USAGE);
    assert_null(strstr(ebb_last_error(), "nearest"));
}

static void test_defaults(void **state)
{
    (void)state;
    ebb_config config;
    ebb_config_init(&config);
    assert_int_equal(config.tasks, 5);
    assert_int_equal(config.n_hidden, 3);
    assert_int_equal(config.hidden[0], 256);
    assert_int_equal(config.synthetic[2], 784);
    assert_int_equal(config.batch_size, 128);
    assert_int_equal(config.epochs, 2);
    assert_int_equal(config.steps, 0);
    assert_int_equal(config.threads, 1);
    assert_int_equal(config.seed, 1);
    assert_int_equal(config.warmup_steps, 20);
    assert_int_equal(config.unlearn_age, 0);
    assert_true(config.permute_first);
    assert_false(config.independent_permutations);
    assert_false(config.masked_head);
    assert_true(config.learning_rate == 0.001);
    assert_true(config.validation_fraction == 0.1);
    assert_int_equal(config.normalize, EBB_NORMALIZE_DATASET);
    assert_int_equal(config.given, 0);
    assert_int_equal(ebb_config_check(&config, NULL), EBB_OK);
}

static void test_copy_is_deep(void **state)
{
    (void)state;
    ebb_config config;
    ebb_config copy;
    ebb_config_init(&config);
    assert_int_equal(ebb_config_set(&config, "", "output", "a"), EBB_OK);
    assert_int_equal(ebb_config_copy(&copy, &config), EBB_OK);
    assert_ptr_not_equal(copy.output, config.output);
    ebb_config_clear(&config);
    assert_string_equal(copy.output, "a");
    assert_null(copy.samples);
    ebb_config_clear(&copy);
}

/* A later value replaces an earlier one, also where the first was longer. */
static void test_set_again(void **state)
{
    (void)state;
    ebb_config config;
    ebb_config_init(&config);
    assert_int_equal(ebb_config_set(&config, "", "hidden", "5,6,7,8"), EBB_OK);
    assert_int_equal(ebb_config_set(&config, "", "hidden", "9"), EBB_OK);
    assert_int_equal(config.n_hidden, 1);
    assert_int_equal(ebb_config_set(&config, "", "unlearn", "3:1+2,4:4"), EBB_OK);
    assert_int_equal(ebb_config_set(&config, "", "unlearn", "2:1"), EBB_OK);
    assert_int_equal(config.n_requests, 1);
    assert_int_equal(ebb_config_set(&config, "", "samples", "long name"), EBB_OK);
    assert_int_equal(ebb_config_set(&config, "", "samples", "s"), EBB_OK);
    assert_string_equal(config.samples, "s");
    ebb_config_clear(&config);
}

static void test_requests_are_sorted(void **state)
{
    (void)state;
    ebb_config config;
    ebb_config_init(&config);
    assert_int_equal(ebb_config_set(&config, "", "unlearn", "5:4+1,2:2,3:3"), EBB_OK);
    const ebb_request expected[] = {{2, 2}, {3, 3}, {5, 4}, {5, 1}};
    assert_int_equal(config.n_requests, 4);
    assert_memory_equal(config.requests, expected, sizeof expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),    cmocka_unit_test(test_refusal_changes_nothing),
        cmocka_unit_test(test_table),     cmocka_unit_test(test_names),
        cmocka_unit_test(test_defaults),  cmocka_unit_test(test_copy_is_deep),
        cmocka_unit_test(test_set_again), cmocka_unit_test(test_requests_are_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
