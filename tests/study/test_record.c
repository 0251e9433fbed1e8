/* test_record.c - a hand-made result as a record; the lines it writes are judged again by
 * validate_record.py, from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "study/json.h"
#include "study/record.h"

enum { N = 3, ENTRIES = 9, STEPS = 400 };

static const char *const lines_path = "test_record.jsonl";
static ebb_topology *topology;

/* What of a result tests change; everything else follows from it. */
typedef struct made {
    ebb_config config;
    ebb_result result;
    double accuracy[ENTRIES], loss[ENTRIES], batch_accuracy[ENTRIES], batch_loss[ENTRIES];
    ebb_validation validation[2];
    ebb_unlearning unlearning[1];
    char digests[N][65];
    uint64_t step_ns[STEPS];
    ebb_team_seat seats[2];
} made;

static void set_option(made *m, const char *name, const char *value)
{
    assert_int_equal(ebb_config_set(&m->config, "test", name, value), EBB_OK);
}

static void make_learning(made *m)
{
    const double none = (double)NAN;
    const double accuracy[] = {0.9, none, none, 0.2, 0.8, none, 0.25, 0.7, 0.6};
    for (size_t i = 0; i < ENTRIES; i++) {
        m->accuracy[i] = accuracy[i];
        m->loss[i] = 1 - accuracy[i];
        m->batch_accuracy[i] = accuracy[i] - 0.01;
        m->batch_loss[i] = 1.5 - accuracy[i];
    }
    for (size_t t = 0; t < N; t++) {
        memset(m->digests[t], 'a' + (int)t, 64);
    }
    m->validation[0] = (ebb_validation){1, 1, 0.91, 0.3};
    m->validation[1] = (ebb_validation){2, 1, 0.82, (double)INFINITY};
    m->unlearning[0] = (ebb_unlearning){.after = 2,
                                        .tasks = {1},
                                        .n_tasks = 1,
                                        .seconds = 0.0025,
                                        .bytes = 4096,
                                        .residue = (double)NAN};
    ebb_result *r = &m->result;
    r->n_tasks = N;
    r->accuracy = m->accuracy;
    r->loss = m->loss;
    r->batch_accuracy = m->batch_accuracy;
    r->batch_loss = m->batch_loss;
    r->validation = m->validation;
    r->n_validation = 2;
    r->unlearned[0] = true;
    r->unlearning = m->unlearning;
    r->n_unlearning = 1;
    r->parameters = 1234;
    r->task_digests = m->digests;
    memcpy(r->digest, m->digests[N - 1], sizeof r->digest);
}

static void make_speed(made *m)
{
    for (size_t i = 0; i < STEPS; i++) {
        m->step_ns[i] = 100000 + 10 * (STEPS - i); /* 100010 … 104000 */
    }
    ebb_result *r = &m->result;
    r->step_ns = m->step_ns;
    r->n_step_ns = STEPS;
    r->n_steps = STEPS + 60;
    r->step_flop = 2e7;
    r->step_bytes = 1e6;
    r->peak_before = (ebb_peak){.gflops = 400, .low = 390, .high = 410, .isa = "avx2"};
    r->peak_after = (ebb_peak){.gflops = 380, .low = 370, .high = 390, .isa = "avx2"};
    r->train_seconds = 2;
    r->wall_seconds = 3;
    r->threads = 2;
    m->seats[0] = (ebb_team_seat){.cpu = 4, .bound_cpu = 4, .tid = 1};
    m->seats[1] = (ebb_team_seat){.cpu = 6, .bound_cpu = -1, .tid = 2};
    r->seats = m->seats;
    r->usable_cpus = 8;
    r->kernels[0] = (ebb_kernel_use){"forward 784x256", "matmul brg"};
    r->kernels[1] = (ebb_kernel_use){"forward 784x256", "gemm jit"};
    r->kernels[2] = (ebb_kernel_use){"forward 784x256", "matmul brg"};
    r->n_kernels = 3;
    r->arena_bytes = 65536;
    r->disturbance = (ebb_disturbance){.involuntary_switches = 5, .run_delay_ns = -1};
    strcpy(r->started_at, "2026-01-02T03:04:05Z");
    strcpy(r->onednn, "2.6.3");
    strcpy(r->onednn_isa, "avx2");
}

/* Not to be cleared with ebb_result_clear: its arrays belong to made. */
static void make(made *m)
{
    memset(m, 0, sizeof *m);
    ebb_config_init(&m->config);
    set_option(m, "algorithm", "amnesiac-finetuning");
    set_option(m, "tasks", "3");
    set_option(m, "unlearn", "2:1");
    set_option(m, "threads", "2");
    make_learning(m);
    make_speed(m);
    m->result.placement_verified = true;
    m->result.homes.parameters = (ebb_residence){30, 2, 5, 1};
    m->result.valid = true;
}

static json_t *record_of(made *m)
{
    json_t *record = NULL;
    if (ebb_record_json(&record, &m->result, &m->config, 2, topology) != EBB_OK) {
        fail_msg("%s", ebb_last_error());
    }
    assert_int_equal(ebb_record_append(lines_path, record), EBB_OK);
    ebb_config_clear(&m->config);
    return record;
}

static double number(const json_t *record, const char *object, const char *key)
{
    return ebb_json_get_number(object != NULL ? json_object_get(record, object) : record,
                               key);
}

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-12 * fmax(1, fabs(expected)))) {
        fail_msg("%.17g, expected %.17g", value, expected);
    }
}

static void assert_null_member(const json_t *object, const char *key)
{
    if (!json_is_null(json_object_get(object, key))) {
        fail_msg("%s is not null", key);
    }
}

static void test_identity(void **state)
{
    (void)state;
    made m;
    make(&m);
    char hash[17];
    assert_int_equal(ebb_config_hash(hash, &m.config, false), EBB_OK);
    json_t *record = record_of(&m);
    assert_string_equal(ebb_json_get_text(record, "schema"), "ebb-trial/1");
    assert_string_equal(ebb_json_get_text(record, "config_hash"), hash);
    assert_near(number(record, NULL, "repetition"), 2);
    assert_string_equal(ebb_json_get_text(record, "started_at"), "2026-01-02T03:04:05Z");
    assert_string_equal(ebb_json_get_text(record, "strategy"),
                        ebb_json_get_text(json_object_get(record, "config"), "strategy"));
    const json_t *environment = json_object_get(record, "environment");
    assert_string_equal(ebb_json_get_text(environment, "onednn"), "2.6.3");
    assert_string_equal(ebb_json_get_text(environment, "onednn_cpu_isa"), "avx2");
    json_decref(record);
}

static void test_learning(void **state)
{
    (void)state;
    made m;
    make(&m);
    json_t *record = record_of(&m);
    const json_t *accuracy = json_object_get(record, "accuracy");
    assert_int_equal(json_array_size(accuracy), N);
    assert_near(ebb_json_get_entry(accuracy, 1, 0), 0.2);
    assert_true(json_is_null(json_array_get(json_array_get(accuracy, 0), 1)));
    assert_near(number(record, "metrics", "average_accuracy"), (0.25 + 0.7 + 0.6) / 3);
    assert_near(number(record, "metrics", "average_accuracy_remaining"), 0.65);
    assert_near(number(record, "metrics", "average_accuracy_unlearned"), 0.25);
    assert_near(number(record, "metrics", "backward_transfer"), 0.7 - 0.8);
    assert_near(number(record, "metrics", "average_loss"), (0.75 + 0.3 + 0.4) / 3);
    assert_near(number(record, "metrics", "compat_average_accuracy"),
                (0.24 + 0.69 + 0.59) / 3);
    assert_near(number(record, "metrics", "compat_average_loss"), (1.25 + 0.8 + 0.9) / 3);
    assert_near(number(record, "metrics", "compat_backward_transfer"),
                ((0.24 - 0.89) + (0.69 - 0.79)) / 2);
    const json_t *validation = json_object_get(record, "validation");
    assert_near(ebb_json_get_number(json_array_get(validation, 0), "accuracy"), 0.91);
    assert_null_member(json_array_get(validation, 1), "loss"); /* was infinite */
    const json_t *request = json_array_get(json_object_get(record, "unlearning"), 0);
    assert_near(ebb_json_get_number(request, "after_task"), 2);
    assert_string_equal(ebb_json_get_text(request, "mode"), "subtract");
    assert_null_member(request, "residue");
    json_decref(record);
}

static void test_speed(void **state)
{
    (void)state;
    made m;
    make(&m);
    json_t *record = record_of(&m);
    /* rank 200 of 100010, 100020, …: 102000 ns */
    assert_near(number(record, "step_ns", "p50"), 102000);
    assert_near(number(record, "step_ns", "count"), STEPS);
    assert_near(number(record, NULL, "gflops"), 2e7 / 102000);
    assert_near(number(record, NULL, "peak_gflops"), 400); /* the higher */
    assert_near(number(record, NULL, "peak_fraction"), 2e7 / 102000 / 400);
    assert_near(number(record, NULL, "samples_per_second"), 128 * 1e9 / 102000);
    assert_near(number(record, NULL, "steps"), STEPS + 60);
    const json_t *cpus = json_object_get(json_object_get(record, "placement"), "cpus");
    assert_int_equal(json_integer_value(json_array_get(cpus, 0)), 4);
    assert_true(json_is_null(json_array_get(cpus, 1))); /* not bound */
    const json_t *placement = json_object_get(record, "placement");
    const json_t *pages = json_object_get(placement, "parameter_pages");
    assert_near(ebb_json_get_number(pages, "local"), 30);
    assert_near(ebb_json_get_number(pages, "remote"), 2);
    assert_near(ebb_json_get_number(pages, "unknown"), 1);
    assert_null_member(placement, "activation_pages"); /* nothing known */
    assert_string_equal(
        ebb_json_get_text(json_object_get(record, "kernels"), "forward 784x256"),
        "matmul brg, gemm jit");
    const json_t *disturbance = json_object_get(record, "disturbance");
    assert_near(ebb_json_get_number(disturbance, "involuntary_switches"), 5);
    assert_null_member(disturbance, "run_delay_ns");
    assert_near(ebb_json_get_number(disturbance, "steal_ns"), 0);
    json_decref(record);
}

static void test_nothing_timed(void **state)
{
    (void)state;
    made m;
    make(&m);
    m.result.n_step_ns = 0;
    m.result.peak_before.gflops = m.result.peak_after.gflops = 0;
    json_t *record = record_of(&m);
    static const char *const steps[] = {"min", "p50",      "p50_low", "p50_high",
                                        "p90", "p90_high", "p99",     "p99_high",
                                        "max", "mean"};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_null_member(json_object_get(record, "step_ns"), steps[i]);
    }
    assert_null_member(record, "gflops");
    assert_null_member(record, "peak_fraction");
    assert_null_member(record, "samples_per_second");
    json_decref(record);
}

static void test_few_steps_have_no_tail(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        bool interval, p90, p99;
    } cases[] = {{1, false, false, false}, {5, false, false, false},
                 {6, true, false, false},  {29, true, true, false},
                 {298, true, true, false}, {299, true, true, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        made m;
        make(&m);
        m.result.n_step_ns = cases[i].n;
        json_t *record = record_of(&m);
        assert_int_equal(!isnan(number(record, "step_ns", "p50_low")), cases[i].interval);
        assert_int_equal(!isnan(number(record, "step_ns", "p90")), cases[i].p90);
        assert_int_equal(!isnan(number(record, "step_ns", "p99")), cases[i].p99);
        json_decref(record);
    }
}

static void test_diverged(void **state)
{
    (void)state;
    made m;
    make(&m);
    char problem[] = "loss is not finite after task 1, broken text \xff";
    for (size_t i = 0; i < ENTRIES; i++) {
        m.loss[i] = m.batch_loss[i] = (double)NAN;
    }
    m.result.valid = false;
    m.result.diverged = true;
    m.result.problems[0] = problem;
    m.result.n_problems = 1;
    m.result.digest[0] = '\0';
    m.digests[2][0] = '\0';
    json_t *record = record_of(&m);
    assert_null_member(record, "digest");
    assert_true(json_is_null(json_array_get(json_object_get(record, "task_digests"), 2)));
    assert_true(json_is_false(json_object_get(record, "valid")));
    const json_t *text = json_array_get(json_object_get(record, "problems"), 0);
    assert_string_equal(json_string_value(text),
                        "loss is not finite after task 1, broken text ?");
    json_decref(record);
}

static void test_line_keeps_every_digit(void **state)
{
    (void)state;
    json_t *record = json_pack("{s:[f,f],s:s}", "x", 0.1, 1.0 / 3, "s", "a\nb");
    ebb_text line = {0};
    assert_int_equal(ebb_record_line(&line, record), EBB_OK);
    assert_ptr_equal(strchr(line.data, '\n'), line.data + line.length - 1);
    json_t *back = json_loads(line.data, 0, NULL);
    assert_true(json_equal(back, record));
    json_decref(back);
    json_decref(record);
    ebb_text_clear(&line);
}

static void assert_says(const ebb_text *text, const char *expected)
{
    if (strstr(text->data, expected) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", expected, text->data);
    }
}

static void test_summary(void **state)
{
    (void)state;
    made m;
    make(&m);
    char problem[] = "more threads than usable CPUs";
    m.result.problems[0] = problem;
    m.result.n_problems = 1;
    json_t *record = record_of(&m);
    ebb_text text = {0};
    assert_int_equal(ebb_record_summary(&text, record), EBB_OK);
    assert_says(&text, "amnesiac-finetuning, permuted fashion-mnist, tasks 3, til, "
                       "unlearn 2:1\n");
    /* 400 ranks: the interval is ranks 180 to 221 */
    assert_says(&text, "step        p50 102.00 µs [95 % interval 101.80, 102.21], "
                       "p90 103.60 µs, p99 103.96 µs (400 steps)\n");
    assert_says(&text, "1255000 samples/s, 196 GFLOP/s, 49.0 % of a peak of 400\n");
    ebb_text_clear(&text);
    json_object_set_new(record, "peak_gflops", json_real(190)); /* below the step's 196 */
    assert_int_equal(ebb_record_summary(&text, record), EBB_OK);
    assert_says(&text, "196 GFLOP/s, – % of a disturbed peak of 190\n");
    assert_says(&text, "average 51.67 (remaining tasks 65.00, unlearned 25.00), "
                       "forgetting 10.00, backward transfer -10.00\n");
    assert_says(&text, "  after task  task 1    task 2    task 3  \n"
                       "           1   90.00                      \n"
                       "           2   20.00†    80.00            \n"
                       "           3   25.00†    70.00     60.00  \n"
                       "            † unlearned by then\n");
    assert_says(&text, "unlearning  after task 2: task 1, subtract, 0.002500 s\n");
    assert_says(&text, "noted       more threads than usable CPUs\n");
    assert_says(&text, "valid       yes\n");
    assert_says(&text, "digest      cccccccc");
    ebb_text_clear(&text);
    assert_int_equal(json_object_set_new(record, "valid", json_false()), 0);
    assert_int_equal(ebb_record_summary(&text, record), EBB_OK);
    assert_says(&text, "problem     more threads than usable CPUs\n");
    assert_says(&text, "valid       NO\n");
    ebb_text_clear(&text);
    json_decref(record);
}

static int start(void **state)
{
    (void)state;
    unlink(lines_path);
    const ebb_status status =
        ebb_topology_create_synthetic(&topology, "pack:1 core:8 pu:1", NULL, 0, 0);
    return status == EBB_OK ? 0 : -1;
}

static int finish(void **state)
{
    (void)state;
    ebb_topology_destroy(topology);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_learning),
        cmocka_unit_test(test_speed),
        cmocka_unit_test(test_nothing_timed),
        cmocka_unit_test(test_few_steps_have_no_tail),
        cmocka_unit_test(test_diverged),
        cmocka_unit_test(test_line_keeps_every_digit),
        cmocka_unit_test(test_summary),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
