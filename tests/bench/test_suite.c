/* Suites, good and broken in every way that a file can be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "document.h"
#include "suite.h"

static char path[] = "/tmp/ebb-suite-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    const int file = mkstemp(path);
    return file < 0 ? -1 : close(file);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_bytes(const char *text, size_t size_bytes)
{
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, size_bytes, stream), size_bytes);
    assert_int_equal(fclose(stream), 0);
}

static ebb_status load(ebb_suite *suite, const char *text, size_t cores)
{
    write_bytes(text, strlen(text));
    return ebb_suite_load(suite, path, cores);
}

#define HEAD  "suite: s\n"
/* Line 2 begins a trial that needs no files. */
#define TRIAL HEAD "trial: {dataset: synthetic}\n"

/* Each is refused, with these words in the message after "FILE". */
static const struct {
    const char *text, *part;
} broken[] = {
    {"", ":1: empty"},
    {"# nothing\n", ": empty"},
    {"---\n", ":2: no map"},
    {"hello\n", ":1: no map"},
    {"- suite\n", ":1: no map"},
    {"trial: {}\n", ":1: suite: missing"},
    {"suite:\n", ":1: suite: no name for a folder"},
    {"suite: Quick\n", ":1: suite: no name for a folder"},
    {"suite: a/b\n", "no name for a folder"},
    {"suite: ..\n", "no name for a folder"},
    {"suite: -x\n", "no name for a folder"},
    {"suite: a b\n", "no name for a folder"},
    {"suite: [a]\n", ":1: suite: of the wrong kind (allowed: a name)"},
    {HEAD "tria: {}\n", ":2: unknown key 'tria' (allowed: suite, description, trial"},
    {HEAD "tria: {}\n", "nearest: trial"},
    {HEAD "sweeps: {}\n", "nearest: sweep"},
    {HEAD "suite: t\n", ":2: suite: stands twice, first in line 1"},
    {HEAD "trial:\n  seed: 1\n  seed: 2\n", ":4: seed: stands twice, first in line 3"},
    {HEAD "trial: [a]\n", ":2: trial: of the wrong kind (allowed: a map of options)"},
    {HEAD "trial: x\n", ":2: trial: of the wrong kind"},
    {HEAD "trial:\n", ":2: trial: of the wrong kind"},
    {HEAD "points: {}\n", ":2: points: of the wrong kind"},
    {HEAD "points: []\n", ":2: points: an empty list"},
    {HEAD "points: [3]\n", ":2: points: an entry that is no map"},
    {HEAD "points:\n  - seed: 1\n  - [2]\n", ":4: points: an entry that is no map"},
    {HEAD "sweep: [1]\n", ":2: sweep: of the wrong kind"},
    {HEAD "sweep: {seed: 3}\n", ":2: seed: no list (allowed: a list of values)"},
    {HEAD "sweep: {threads: 3}\n", "allowed: a list of values, ladder, all"},
    {HEAD "sweep: {threads: ladders}\n", "threads: no list"},
    {HEAD "sweep: {seed: []}\n", ":2: seed: an empty list"},
    {HEAD "sweep: {seed: [1, 1]}\n", ":2: seed: '1' stands twice"},
    {HEAD "sweep: {seed: [[1]]}\n", ":2: seed: a value that is a list or map"},
    {HEAD "sweep: {seed: [all]}\n", ":2: seed: not a whole number"},
    {HEAD "sweep: {seed: ladder}\n", ":2: seed: no list"},
    {HEAD "sweep: {sed: [1]}\n", ":2: sed: unknown option of a trial (nearest: seed"},
    {HEAD "sweep:\n  seed: [1,\n   x]\n", ":4: seed: not a whole number"},
    {HEAD "trial:\n  batch-size: 3\n", ":3: batch-size: unknown option of a trial"},
    {HEAD "trial:\n  batchsize: 3\n", "nearest: batch_size"},
    {HEAD "trial:\n  output: x\n", ":3: output: unknown option of a trial"},
    {HEAD "trial:\n  samples: x\n", ":3: samples: unknown option of a trial"},
    {HEAD "trial:\n  dump: x\n", ":3: dump: unknown option of a trial"},
    {HEAD "trial:\n  tasks: [1]\n", ":3: tasks: a list (allowed: one value"},
    {HEAD "trial:\n  tasks: {a: 1}\n", ":3: tasks: a map (allowed: one value"},
    {HEAD "trial:\n  tasks: 0\n", ":3: tasks: out of range: '0' (allowed: 1 to 255)"},
    {HEAD "trial:\n  tasks: many\n", ":3: tasks: not a whole number"},
    {HEAD "trial:\n  tasks:\n", ":3: tasks: not a whole number that fits: ''"},
    {HEAD "trial:\n  tasks: ~\n", ":3: tasks: not a whole number"},
    {HEAD "trial:\n  permute_first: true\n", "allowed: yes, no"},
    {HEAD "trial:\n  algorithm: finetunning\n", ":3: algorithm: unknown value"},
    {HEAD "trial:\n  threads: ladder\n", ":3: threads: not a whole number"},
    {HEAD "trial:\n  classes_per_task: 3\n", ":2: classes_per_task: '3' has no meaning"},
    {HEAD "points:\n  - seed: 1\n  - {seed: 2, momentum: 0.5}\n",
     ":4: momentum: '0.5' has no meaning"},
    {HEAD "trial: {epochs: 2}\npoints: [{steps: 3}]\n", ":3: epochs: '2' has no meaning"},
    {HEAD "trial: {sequence: split}\nsweep: {tasks: [5, 6]}\n", ":2: tasks: "},
    {TRIAL "sweep: {batch_size: [10, 5401]}\n", ":2: batch_size: 5401 is more than"},
    {TRIAL "sweep: {batch_per_thread: [10, 5401]}\n",
     ":2: batch_per_thread: 5401 for each of 1 threads is more"},
    {TRIAL "points: [{batch_per_thread: 2000}]\nsweep: {threads: [2, 3]}\n",
     ":3: batch_per_thread: 2000 for each of 3 threads"},
    {HEAD "trial: {batch_size: 2}\npoints: [{batch_per_thread: 3}]\n",
     ":3: batch_size: '2' has no meaning beside batch_per_thread (allowed"},
    {TRIAL "points: [{seed: 1}]\nsweep: {seed: [2]}\n", ":3: seed: also swept in line 4"},
    {TRIAL "points: [{seed: 2}, {seed: 2}]\n", ":3: points: a point that is the same"},
    {TRIAL "points: [{}, {seed: 1}]\n", "is the same as one of line 3"},
    {TRIAL "sweep: {learning_rate: [0.001, 1e-3]}\n", "points: a point that is the same"},
    {TRIAL "repetitions: 0\n", ":3: repetitions: no count in range (allowed: 1 to 1000)"},
    {TRIAL "repetitions: 1001\n", "repetitions: no count"},
    {TRIAL "repetitions: two\n", "repetitions: no count"},
    {TRIAL "repetitions: [1]\n", "repetitions: of the wrong kind"},
    {TRIAL "expect: {acuracy: [0, 1]}\n", ":3: unknown metric 'acuracy'"},
    {TRIAL "expect: {average_acuracy: [0, 1]}\n", "nearest: average_accuracy"},
    {TRIAL "expect: {forgetting: [1]}\n", ":3: forgetting: no band"},
    {TRIAL "expect: {forgetting: [1, 0]}\n", ":3: forgetting: no band"},
    {TRIAL "expect: {forgetting: [a, b]}\n", ":3: forgetting: no band"},
    {TRIAL "expect: {forgetting: 0.5}\n", ":3: forgetting: no band"},
    {TRIAL "expect: {forgetting: [0, .nan]}\n", ":3: forgetting: no band"},
    {TRIAL "expect: 3\n", ":3: expect: of the wrong kind"},
    {HEAD "trial:\n\tseed: 1\n", ":3: a tab as indentation (allowed: blanks)"},
    {HEAD "trial:\n  \tseed: 1\n", ":3: a tab as indentation"},
    {HEAD "trial: &a {seed: 1}\n", ":2: an anchor"},
    {HEAD "trial: {seed: &a 1}\n", ":2: an anchor"},
    {HEAD "sweep: {seed: &a [1]}\n", ":2: an anchor"},
    {HEAD "trial: {&a seed: 1}\n", ":2: an anchor"},
    {HEAD "trial: *a\n", ":2: an alias"},
    {HEAD "trial: {*a : 1}\n", ":2: an alias"},
    {HEAD "sweep: {seed: [*a]}\n", ":2: an alias"},
    {HEAD "trial: {<<: *a}\n", ":2: an alias"},
    {HEAD "trial: {<<: 1}\n", ":2: <<: unknown option"},
    {HEAD "trial: !!map {seed: 1}\n", ":2: a tag"},
    {HEAD "trial: {seed: !!int 1}\n", ":2: a tag"},
    {HEAD "trial: {seed: !x 1}\n", ":2: a tag"},
    {HEAD "trial: {[a]: 1}\n", ":2: a key that is no name"},
    {HEAD "trial: {? {a: 1} : 1}\n", ":2: a key that is no name"},
    {HEAD "---\nsuite: t\n", ":2: a second document"},
    {HEAD "...\n---\nsuite: t\n", "a second document"},
    {HEAD "trial: {seed: 1\n", ": "},
    {HEAD "trial: {seed: \"1\n", ": "},
    {HEAD "trial: seed: 1\n", ":2: "},
    {HEAD " trial: {seed: 1}\n", ":2: "},
    {HEAD "trial: @x\n", ":2: "},
    {HEAD "trial: %x\n", ":2: "},
    {HEAD "trial: {seed: \"\\0\"}\n", ":2: a control character"},
    {HEAD "trial: {seed: \"\\e\"}\n", ":2: a control character"},
    {HEAD "trial: [[[[[[[[[[1]]]]]]]]]]\n", ":2: nested too deeply"},
    {HEAD "trial: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}\n", "nested too deeply"},
    {HEAD "description: \xff\n", "UTF-8"},
};

static void test_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        ebb_suite suite;
        const ebb_status status = load(&suite, broken[i].text, 4);
        const char *message = ebb_last_error();
        if (status != EBB_ERR_USAGE || strncmp(message, path, strlen(path)) != 0 ||
            strstr(message, broken[i].part) == NULL || strchr(message, '\n') != NULL) {
            fail_msg("case %zu\n%s: status %d, %s", i, broken[i].text, (int)status,
                     message);
        }
        assert_null(suite.points);
        ebb_suite_clear(&suite);
    }
}

static void test_files(void **state)
{
    (void)state;
    ebb_suite suite;
    assert_int_equal(ebb_suite_load(&suite, "/nonexistent/x.yaml", 1), EBB_ERR_USAGE);
    assert_int_equal(ebb_suite_load(&suite, "/tmp", 1), EBB_ERR_USAGE);
    write_bytes("suite: s\0x\n", 11);
    assert_int_equal(ebb_suite_load(&suite, path, 1), EBB_ERR_USAGE);
    assert_non_null(strstr(ebb_last_error(), "byte 8 is zero"));
    char *large = malloc(2 << 20);
    assert_non_null(large);
    memset(large, '#', 2 << 20);
    write_bytes(large, 2 << 20);
    free(large);
    assert_int_equal(ebb_suite_load(&suite, path, 1), EBB_ERR_USAGE);
    assert_non_null(strstr(ebb_last_error(), "too large"));
}

/* Cutting a good file anywhere gives a suite or a message, never a crash. */
static void test_cut(void **state)
{
    (void)state;
    static const char whole[] = TRIAL "points:\n  - {seed: 1}\n  - seed: 2\n"
                                      "sweep:\n  threads: ladder\n  tasks: [1, 2]\n"
                                      "repetitions: 2\nexpect: {forgetting: [0, 1]}\n";
    for (size_t n = 0; n < sizeof whole; n++) {
        ebb_suite suite;
        write_bytes(whole, n);
        const ebb_status status = ebb_suite_load(&suite, path, 2);
        assert_true(status == EBB_OK || status == EBB_ERR_USAGE);
        ebb_suite_clear(&suite);
    }
}

static void check_label(const ebb_suite *suite, size_t index, const char *expected)
{
    ebb_text label = {0};
    ebb_suite_label(&label, suite, index);
    assert_string_equal(label.data == NULL ? "" : label.data, expected);
    ebb_text_clear(&label);
}

static void test_points(void **state)
{
    (void)state;
    ebb_suite suite;
    const char *text = "# comment\n" HEAD "description: |\n  two\n  lines\n"
                       "trial:\n  dataset: synthetic\n  tasks: 3\n  seed: 9\n"
                       "points:\n"
                       "  - {algorithm: finetuning}\n"
                       "  - {algorithm: amnesiac-finetuning, unlearn: \"2:1\"}\n"
                       "sweep:\n  threads: [1, 2]\n  seed: [4, 5, 6]\n"
                       "repetitions: 7\n"
                       "expect: {average_accuracy: [0.5, 1], forgetting: [-1, 1]}\n";
    assert_int_equal(load(&suite, text, 8), EBB_OK);
    assert_string_equal(suite.name, "s");
    assert_string_equal(suite.description, "two lines ");
    assert_int_equal(suite.n_points, 12);
    assert_int_equal(suite.repetitions, 7);
    assert_int_equal(suite.n_bands, 2);
    assert_string_equal(suite.bands[1].metric, "forgetting");
    assert_true(suite.bands[1].low == -1.0);
    assert_int_equal(suite.points[0].line, 11);
    assert_int_equal(suite.points[11].line, 12);
    assert_int_equal(suite.points[11].config.seed, 6);
    assert_int_equal(suite.points[11].config.threads, 2);
    assert_int_equal(suite.points[11].config.tasks, 3);
    assert_int_equal(suite.points[1].config.seed, 5); /* the last axis varies fastest */
    check_label(&suite, 0, "algorithm finetuning, seed 4, threads 1");
    check_label(&suite, 11,
                "algorithm amnesiac-finetuning, unlearn 2:1, seed 6, threads 2");
    assert_string_equal(suite.text, text);
    ebb_suite_clear(&suite);
}

static void test_single_point(void **state)
{
    (void)state;
    ebb_suite suite;
    assert_int_equal(load(&suite, TRIAL, 8), EBB_OK);
    assert_int_equal(suite.n_points, 1);
    assert_int_equal(suite.repetitions, 1);
    assert_int_equal(suite.varying, 0);
    check_label(&suite, 0, "");
    ebb_suite_clear(&suite);
    /* Plain, quoted, block and JSON styles are the same. */
    assert_int_equal(load(&suite, "{\"suite\": \"s\", \"trial\": {\"tasks\": \"3\"}}", 1),
                     EBB_OK);
    assert_int_equal(suite.points[0].config.tasks, 3);
    ebb_suite_clear(&suite);
}

/* threads of the points, as "1 2 4". */
static void check_threads(const char *sweep, size_t cores, const char *expected)
{
    ebb_suite suite;
    char text[256];
    snprintf(text, sizeof text, TRIAL "sweep: {threads: %s}\n", sweep);
    if (load(&suite, text, cores) != EBB_OK) {
        fail_msg("%s: %s", sweep, ebb_last_error());
    }
    char found[256] = "";
    for (size_t i = 0; i < suite.n_points; i++) {
        char one[32];
        snprintf(one, sizeof one, "%s%zu", i == 0 ? "" : " ",
                 suite.points[i].config.threads);
        strncat(found, one, sizeof found - strlen(found) - 1);
    }
    assert_string_equal(found, expected);
    ebb_suite_clear(&suite);
}

static void test_threads(void **state)
{
    (void)state;
    check_threads("ladder", 1, "1");
    check_threads("ladder", 2, "1 2");
    check_threads("ladder", 3, "1 2 3");
    check_threads("ladder", 8, "1 2 4 8");
    check_threads("ladder", 12, "1 2 4 8 12");
    check_threads("all", 6, "6");
    check_threads("[1, all]", 1, "1"); /* the suite fits every machine */
    check_threads("[1, 2, all]", 6, "1 2 6");
    check_threads("[ladder, 3]", 4, "1 2 4 3");
    ebb_suite suite;
    assert_int_equal(load(&suite, HEAD "trial: {threads: all}\n", 5), EBB_OK);
    assert_int_equal(suite.points[0].config.threads, 5);
    ebb_suite_clear(&suite);
}

static void append_seeds(ebb_text *text, const char *key, size_t n)
{
    ebb_text_append(text, "  %s: [", key);
    for (size_t i = 1; i <= n; i++) {
        ebb_text_append(text, "%zu,", i);
    }
    ebb_text_append(text, "]\n");
}

static ebb_status load_product(size_t n_seeds, size_t n_epochs, size_t *n_points)
{
    ebb_text text = {0};
    ebb_suite suite;
    ebb_text_append(&text, TRIAL "sweep:\n");
    append_seeds(&text, "seed", n_seeds);
    append_seeds(&text, "epochs", n_epochs);
    assert_int_equal(ebb_text_check(&text), EBB_OK);
    const ebb_status status = load(&suite, text.data, 1);
    *n_points = suite.n_points;
    ebb_suite_clear(&suite);
    ebb_text_clear(&text);
    return status;
}

static void test_large_products(void **state)
{
    (void)state;
    size_t n_points = 0;
    assert_int_equal(load_product(100, 100, &n_points), EBB_OK);
    assert_int_equal(n_points, 10000);
    assert_int_equal(load_product(100, 101, &n_points), EBB_ERR_USAGE);
    assert_non_null(strstr(ebb_last_error(), "more points than can be meant"));
    assert_int_equal(load_product(10001, 1, &n_points), EBB_ERR_USAGE);
    assert_non_null(strstr(ebb_last_error(), "seed: 10001 values (allowed: 10000)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_single_point),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_large_products),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
