/* Options that contradict each other, and configurations as JSON, hash and command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/config.h"

/* "name value name value ...", blanks between. */
static void set_all(ebb_config *config, const char *options)
{
    ebb_config_init(config);
    char copy[512];
    snprintf(copy, sizeof copy, "%s", options);
    char *rest = copy;
    const char *name = NULL;
    while ((name = strtok_r(rest, " ", &rest)) != NULL) {
        const char *value = strtok_r(rest, " ", &rest);
        assert_non_null(value);
        if (ebb_config_set(config, name, name, value) != EBB_OK) {
            fail_msg("%s: %s", options, ebb_last_error());
        }
    }
}

#define AMNESIAC  "algorithm amnesiac-finetuning "
#define SYNTHETIC "dataset synthetic "

/* refused: the option at which the message begins; NULL: all is well. */
static const struct {
    const char *options, *refused, *part;
} checks[] = {
    {"", NULL, NULL},
    {"unlearn 2:1", "--unlearn", "can unlearn"},
    {"unlearn-age 3", "--unlearn-age", "can unlearn"},
    {"unlearn-age none", "--unlearn-age", "can unlearn"},
    {"unlearn-mode subtract", "--unlearn-mode", "can unlearn"},
    {"disable-unlearning no", "--disable-unlearning", "can unlearn"},
    {AMNESIAC "unlearn 2:1,4:2,5:5", NULL, NULL},
    {AMNESIAC "unlearn 2:1,4:2,5:5 unlearn-age 4", NULL, NULL},
    {AMNESIAC "unlearn 2:1,4:2,5:5 unlearn-age 3", NULL, NULL},
    {AMNESIAC "unlearn 2:1,4:2,5:5 unlearn-age 2", "--unlearn", "'4:2' is too old"},
    {AMNESIAC "unlearn 5:5 unlearn-age 1", NULL, NULL},
    {AMNESIAC "unlearn 5:4 unlearn-age 1", "--unlearn", "tasks from 5 on"},
    {AMNESIAC "unlearn 2:1 disable-unlearning yes", "--unlearn", "disable-unlearning no"},
    {AMNESIAC "unlearn-age 2 disable-unlearning yes", "--unlearn-age", "disable"},
    {AMNESIAC "unlearn-mode subtract disable-unlearning yes", "--unlearn-mode",
     "disable"},
    {AMNESIAC "disable-unlearning yes", NULL, NULL},
    {AMNESIAC "unlearn 6:1", "--unlearn", "'6:1' is after the last task"},
    {AMNESIAC "unlearn 6:1 tasks 6", NULL, NULL},
    {AMNESIAC "unlearn 2:3", "--unlearn", "not yet trained (allowed: 1 to 2)"},
    {AMNESIAC "unlearn 2:1,4:1", "--unlearn", "task 1 is unlearned twice"},
    {AMNESIAC "unlearn 2:1+1", "--unlearn", "task 1 is unlearned twice"},
    {AMNESIAC "unlearn 5:1+2+3+4+5", NULL, NULL},
    {"classes-per-task 2", "--classes-per-task", "sequence split"},
    {"class-order 0,1", "--class-order", "sequence split"},
    {"sequence rotated permute-first yes", "--permute-first", "sequence permuted"},
    {"sequence split permutations torch", "--permutations", "sequence permuted"},
    {"max-angle 180", "--max-angle", "sequence rotated"},
    {"sequence rotated max-angle 90", NULL, NULL},
    {"sequence split", NULL, NULL},
    {"sequence split tasks 6", "--tasks", "10"},
    {"sequence split classes-per-task 5", "--", "10"},
    {"sequence split tasks 2 classes-per-task 5", NULL, NULL},
    {"sequence split class-order 9,8,7,6,5,4,3,2,1,0", NULL, NULL},
    {"sequence split class-order 10,8,7,6,5,4,3,2,1,0", "--class-order", "class 10"},
    {"sequence split class-order 9,8", "--class-order", ""},
    {"scenario cil head own", "--head", "scenario til"},
    {"scenario dil head masked", "--head", "scenario til"},
    {"scenario til head masked", NULL, NULL},
    {"cil-classes seen", "--cil-classes", "scenario cil"},
    {"scenario cil cil-classes all", NULL, NULL},
    {"momentum 0.9", "--momentum", "momentum"},
    {"momentum 0", "--momentum", "momentum"},
    {"optimizer sgd momentum 0.9", NULL, NULL},
    {"steps 10 epochs 2", "--epochs", "beside --steps (allowed: one"},
    {"steps 10", NULL, NULL},
    {"synthetic 100,10,16,4", "--synthetic", "dataset synthetic"},
    {SYNTHETIC "synthetic 200,10,16,4", NULL, NULL},
    {SYNTHETIC "data-dir /x", "--data-dir", "files"},
    {"data-dir /x", NULL, NULL},
    {"batch-size 54000", NULL, NULL},
    {"batch-size 54001", "--batch-size", "allowed: 1 to 54000"},
    {"batch-size 54001 last-batch keep", NULL, NULL},
    {"batch-size 60000 validation-fraction 0", NULL, NULL},
    {"batch-size 60001 validation-fraction 0", "--batch-size", "1 to 60000"},
    {SYNTHETIC "batch-size 5400", NULL, NULL},
    {SYNTHETIC "batch-size 5401", "--batch-size", "1 to 5400"},
    {SYNTHETIC "synthetic 100,10,16,4 batch-size 91", "--batch-size", "1 to 90"},
    {SYNTHETIC "synthetic 101,10,16,4 batch-size 91", NULL, NULL},
    {"batch-per-thread 64", NULL, NULL},
    {"batch-per-thread 64 batch-size 64", "--batch-size",
     "beside --batch-per-thread (allowed"},
    {"batch-per-thread 54000", NULL, NULL},
    {"batch-per-thread 54000 threads all", NULL, NULL}, /* until they are known */
    {"batch-per-thread 27000 threads 2", NULL, NULL},
    {"batch-per-thread 27001 threads 2", "--batch-per-thread", "allowed: 1 to 27000"},
    {"batch-per-thread 27001 threads 2 last-batch keep", NULL, NULL},
    {"batch-per-thread 500001 threads 2 last-batch keep", "--batch-per-thread",
     "allowed: 1 to 500000"},
    {SYNTHETIC "synthetic 10,10,16,4 batch-per-thread 1 threads 10", "--batch-per-thread",
     "threads up to 9"},
    {SYNTHETIC "synthetic 200,10,15,4 sequence rotated", "--", "square"},
    {SYNTHETIC "synthetic 200,10,16,4 sequence rotated", NULL, NULL},
    {SYNTHETIC "synthetic 200,10,15,4 pad 1", "--pad", "square"},
    {SYNTHETIC "synthetic 200,10,16,4 sequence split", "--tasks", "4"},
    {SYNTHETIC "synthetic 200,10,16,4 sequence split tasks 2", NULL, NULL},
    {"output x samples y dump z", NULL, NULL},
    {"threads all placement none strategy reference", NULL, NULL},
};

static void test_checks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        ebb_config config;
        set_all(&config, checks[i].options);
        const ebb_status status = ebb_config_check(&config, NULL);
        const char *refused = checks[i].refused;
        const char *message = ebb_last_error();
        if (refused == NULL) {
            if (status != EBB_OK) {
                fail_msg("%s: %s", checks[i].options, message);
            }
        } else if (status != EBB_ERR_USAGE ||
                   strncmp(message, refused, strlen(refused)) != 0 ||
                   strstr(message, checks[i].part) == NULL ||
                   strstr(message, "(allowed") == NULL || strchr(message, '\n') != NULL) {
            fail_msg("%s: status %d, %s", checks[i].options, (int)status, message);
        }
        ebb_config_clear(&config);
    }
}

/* In a file the message begins with the place and spells options as keys. */
static void test_place_in_file(void **state)
{
    (void)state;
    ebb_config config;
    set_all(&config, "classes-per-task 2");
    assert_int_equal(ebb_config_check(&config, "f.yaml:3"), EBB_ERR_USAGE);
    assert_non_null(strstr(ebb_last_error(), "f.yaml:3: classes_per_task: "));
    set_all(&config, "sequence split class-order 9,8");
    assert_int_equal(ebb_config_check(&config, "f.yaml:3"), EBB_ERR_USAGE);
    assert_non_null(strstr(ebb_last_error(), "f.yaml:3: class_order: "));
}

static const char *const round_trips[] = {
    "",
    AMNESIAC "unlearn 5:3+1,2:2 unlearn-age 7 tasks 6",
    AMNESIAC "disable-unlearning yes",
    "hidden none",
    "hidden 7",
    "normalize 0.1307,0.3081",
    "normalize none steps 17 threads all",
    "batch-per-thread 32 threads 3",
    "batch-per-thread 64 threads 2", /* their batch is that of the default */
    "sequence split class-order 9,8,7,6,5,4,3,2,1,0 scenario cil cil-classes all",
    "sequence split tasks 3",
    SYNTHETIC "synthetic 200,100,16,4 batch-size 10 permute-first no",
    SYNTHETIC "synthetic 200,100,16,4 sequence split tasks 2",
    "learning-rate 0.1 optimizer sgd momentum 0.9 weight-decay 1e-5",
    "seed 9223372036854775807 validation-fraction 0.333333333333333",
    "head masked initialization xavier-uniform optimizer-state keep last-batch keep",
    "sequence rotated max-angle 22.5 pad 2 placement none strategy shards",
};

/* JSON and back gives the same hash, the same JSON and a configuration that passes. */
static void test_json_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof round_trips / sizeof round_trips[0]; i++) {
        ebb_config config;
        ebb_config again;
        json_t *json = NULL;
        json_t *json_again = NULL;
        char hash[17];
        char hash_again[17];
        set_all(&config, round_trips[i]);
        ebb_config_resolve(&config, 4);
        assert_int_equal(ebb_config_json(&json, &config), EBB_OK);
        if (ebb_config_from_json(&again, json, "x") != EBB_OK ||
            ebb_config_check(&again, NULL) != EBB_OK) {
            fail_msg("%s: %s", round_trips[i], ebb_last_error());
        }
        assert_int_equal(ebb_config_json(&json_again, &again), EBB_OK);
        assert_true(json_equal(json, json_again));
        assert_int_equal(ebb_config_hash(hash, &config, false), EBB_OK);
        assert_int_equal(ebb_config_hash(hash_again, &again, false), EBB_OK);
        assert_string_equal(hash, hash_again);
        assert_int_equal(strlen(hash), 16);
        assert_int_equal(strspn(hash, "0123456789abcdef"), 16);
        json_decref(json);
        json_decref(json_again);
        ebb_config_clear(&config);
        ebb_config_clear(&again);
    }
}

/* Threads that are known, and the batch that follows from them. */
static void test_resolve(void **state)
{
    (void)state;
    ebb_config config;
    set_all(&config, "threads all");
    ebb_config_resolve(&config, 6);
    assert_int_equal(config.threads, 6);
    assert_int_equal(config.batch_size, 128);
    set_all(&config, "batch-per-thread 32");
    config.threads = 0;
    ebb_config_resolve(&config, 6);
    assert_int_equal(config.threads, 6);
    assert_int_equal(config.batch_size, 192);
    assert_true((config.given >> ebb_config_find("threads") & 1) != 0);
    assert_true((config.given >> ebb_config_find("batch-size") & 1) == 0);
    json_t *json = NULL;
    assert_int_equal(ebb_config_json(&json, &config), EBB_OK);
    assert_int_equal(json_integer_value(json_object_get(json, "batch_size")), 192);
    assert_int_equal(json_integer_value(json_object_get(json, "batch_per_thread")), 32);
    json_decref(json);
    set_all(&config, "batch-per-thread 32 threads 2");
    ebb_config_resolve(&config, 6);
    assert_int_equal(config.threads, 2);
    assert_int_equal(config.batch_size, 64);
    ebb_config_clear(&config);
}

/* With steps, epochs count nothing. */
static void test_steps_in_place_of_epochs(void **state)
{
    (void)state;
    ebb_config config;
    json_t *json = NULL;
    set_all(&config, "steps 9");
    assert_int_equal(ebb_config_json(&json, &config), EBB_OK);
    assert_true(json_is_null(json_object_get(json, "epochs")));
    assert_int_equal(json_integer_value(json_object_get(json, "steps")), 9);
    json_decref(json);
    set_all(&config, "");
    assert_int_equal(ebb_config_json(&json, &config), EBB_OK);
    assert_int_equal(json_integer_value(json_object_get(json, "epochs")), 2);
    assert_true(json_is_null(json_object_get(json, "steps")));
    json_decref(json);
}

static void test_json_has_every_option(void **state)
{
    (void)state;
    ebb_config config;
    json_t *json = NULL;
    set_all(&config, "output x");
    assert_int_equal(ebb_config_json(&json, &config), EBB_OK);
    size_t n = 0;
    for (size_t i = 0; ebb_config_option_at(i) != NULL; i++) {
        n += ebb_config_option_at(i)->path ? 0 : 1;
    }
    assert_int_equal(json_object_size(json), n);
    assert_null(json_object_get(json, "output"));
    assert_true(json_is_null(json_object_get(json, "unlearn")));
    assert_true(json_is_null(json_object_get(json, "steps")));
    assert_string_equal(json_string_value(json_object_get(json, "permute_first")), "yes");
    assert_int_equal(json_array_size(json_object_get(json, "class_order")), 10);
    assert_int_equal(json_array_size(json_object_get(json, "hidden")), 3);
    assert_true(json_is_real(json_object_get(json, "max_angle")));
    json_decref(json);
    ebb_config_clear(&config);
}

static void test_json_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json, *part;
    } cases[] = {
        {"[1]", "not a configuration"},
        {"{\"batch_sise\": 3}", "nearest: batch_size"},
        {"{\"batch_size\": true}", "batch_size: not a value"},
        {"{\"batch_size\": {}}", "batch_size: not a value"},
        {"{\"batch_size\": 1.5}", "batch_size: not a whole number"},
        {"{\"batch_size\": 0}", "batch_size: out of range"},
        {"{\"hidden\": [\"a\"]}", "hidden: not a value"},
        {"{\"hidden\": [0]}", "hidden: not a list"},
        {"{\"algorithm\": \"x\"}", "algorithm: unknown value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ebb_config config;
        json_t *json = json_loads(cases[i].json, 0, NULL);
        assert_non_null(json);
        assert_int_equal(ebb_config_from_json(&config, json, "f:1"), EBB_ERR_USAGE);
        if (strncmp(ebb_last_error(), "f:1: ", 5) != 0 ||
            strstr(ebb_last_error(), cases[i].part) == NULL) {
            fail_msg("%s: %s", cases[i].json, ebb_last_error());
        }
        json_decref(json);
    }
}

static void hash_of(char hex[17], const char *options, bool group)
{
    ebb_config config;
    set_all(&config, options);
    ebb_config_resolve(&config, 4);
    assert_int_equal(ebb_config_hash(hex, &config, group), EBB_OK);
    ebb_config_clear(&config);
}

static void test_hash(void **state)
{
    (void)state;
    char plain[17];
    char other[17];
    hash_of(plain, "", false);
    hash_of(other, "tasks 5 batch-size 128", false);
    assert_string_equal(plain, other); /* values in force count, not who gave them */
    hash_of(other, "output x data-dir y", false);
    assert_string_equal(plain, other); /* paths do not count */
    hash_of(other, "seed 2", false);
    assert_string_not_equal(plain, other);
    hash_of(other, "threads 2", false);
    assert_string_not_equal(plain, other);
    hash_of(plain, "", true);
    hash_of(other, "threads 2 placement none warmup-steps 3", true);
    assert_string_equal(plain, other);
    hash_of(other, "strategy reference", true);
    assert_string_not_equal(plain, other);
    hash_of(plain, "batch-per-thread 64 threads 4", true);
    hash_of(other, "batch-size 256 threads 2", true);
    assert_string_equal(plain, other); /* the same batch has the same bits */
    hash_of(plain, "batch-per-thread 64 threads 4", false);
    hash_of(other, "batch-size 256 threads 4", false);
    assert_string_not_equal(plain, other);
    hash_of(plain, "sequence split", false);
    hash_of(other, "sequence split class-order 0,1,2,3,4,5,6,7,8,9", false);
    assert_string_equal(plain, other);
}

static void test_command(void **state)
{
    (void)state;
    ebb_config config;
    set_all(&config, "output x seed 3 " AMNESIAC "unlearn 5:1+3,2:2 data-dir a;b");
    ebb_text text = {0};
    ebb_config_command(&text, &config);
    assert_string_equal(text.data,
                        " --algorithm amnesiac-finetuning --unlearn 2:2,5:1+3 --seed 3");
    ebb_text_clear(&text);
    ebb_config_clear(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_place_in_file),
        cmocka_unit_test(test_json_round_trip),
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_steps_in_place_of_epochs),
        cmocka_unit_test(test_json_has_every_option),
        cmocka_unit_test(test_json_refused),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
