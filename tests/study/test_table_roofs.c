/* test_table_roofs.c - tables that say what bounds a step, what threads bring, and what
 * requests cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "study/roof_file.h"
#include "study/table.h"

static const char *const amnesiac = "amnesiac-finetuning";
static const char *const machine_file = "machine.json";

static ebb_text rendered(const char *path, const ebb_table *kind, ebb_format format)
{
    ebb_trials trials = fixture_read(path);
    ebb_text out = {0};
    assert_int_equal(ebb_table_render(&out, &trials, kind, format), EBB_OK);
    ebb_trials_clear(&trials);
    return out;
}

static void assert_table_says(const char *path, const ebb_table *kind, ebb_format format,
                              const char *expected)
{
    ebb_text text = rendered(path, kind, format);
    if (text.data == NULL || strstr(text.data, expected) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", expected, text.data);
    }
    ebb_text_clear(&text);
}

/* Caches of 32 KiB, 4 MiB and 32 MiB, and roofs at one, two and four threads. */
static void write_machine(const char *machine_id)
{
    json_t *machine = json_pack(
        "{s:s, s:s, s:[{s:s,s:i,s:i},{s:s,s:i,s:i},{s:s,s:i,s:i},{s:s,s:i,s:i}],"
        " s:{s:[{s:i,s:f},{s:i,s:f}], s:[{s:i,s:f},{s:i,s:f}], s:[]}}",
        "schema", "ebb-machine/1", "machine_id", machine_id, "caches", "name", "L3",
        "level", 3, "size_bytes", 32 << 20, "name", "L2", "level", 2, "size_bytes",
        4 << 20, "name", "L1d", "level", 1, "size_bytes", 32 << 10, "name", "L1i",
        "level", 1, "size_bytes", 32 << 10, "roofs", "matmul_gflops", "threads", 1,
        "value", 180.0, "threads", 2, "value", 360.0, "barrier_ns", "threads", 2, "value",
        100.0, "threads", 4, "value", 300.0, "bandwidth_gbs");
    json_t *list = json_object_get(json_object_get(machine, "roofs"), "bandwidth_gbs");
    static const struct {
        const char *level;
        int threads;
        double triad;
    } levels[] = {{"L1", 1, 200}, {"L2", 1, 100}, {"L3", 1, 50},    {"memory", 1, 10},
                  {"L1", 2, 400}, {"L2", 2, 200}, {"L3", 2, 100},   {"memory", 2, 12},
                  {"L1", 4, 800}, {"L2", 4, 400}, {"memory", 4, 16}};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        json_array_append_new(list, json_pack("{s:s,s:i,s:f}", "level", levels[i].level,
                                              "threads", levels[i].threads, "triad",
                                              levels[i].triad));
    }
    assert_int_equal(json_dump_file(machine, machine_file, 0), 0);
    json_decref(machine);
}

static void end_with_machine(void)
{
    assert_int_equal(unlink(machine_file), 0);
    fixture_end();
}

static void expect(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-9)) {
        fail_msg("%g is not %g", value, expected);
    }
}

static void expect_level(const ebb_roof_file *file, double size, size_t threads,
                         const char *name, double gbs)
{
    const ebb_roof_level level = ebb_roof_file_level(file, size, threads);
    assert_string_equal(level.name, name);
    expect(level.gbs, gbs);
}

static void test_roofs_are_read_back(void **state)
{
    (void)state;
    ebb_roof_file file;
    const char *path = fixture_begin();
    write_machine("a");
    assert_int_equal(ebb_roof_file_read(&file, path), EBB_OK);
    assert_string_equal(file.machine_id, "a");
    expect(ebb_roof_file_matmul(&file, 2), 360);
    expect(ebb_roof_file_matmul(&file, 8), 360); /* beyond the largest team */
    expect(ebb_roof_file_barrier(&file, 1), 0);
    expect(ebb_roof_file_barrier(&file, 2), 100);
    expect(ebb_roof_file_barrier(&file, 3), 200); /* between 100 and 300 */
    expect_level(&file, 32 << 10, 1, "L1", 200);  /* just fits */
    expect_level(&file, (32 << 10) + 1, 1, "L2", 100);
    expect_level(&file, 5 << 20, 2, "L3", 100);
    expect_level(&file, 5 << 20, 3, "L3", 100); /* not measured at four */
    expect_level(&file, 33 << 20, 3, "memory", 14);
    ebb_roof_file_clear(&file);
    end_with_machine();
}

static void test_no_roofs_are_no_error_and_bad_ones_are(void **state)
{
    (void)state;
    ebb_roof_file file;
    const char *path = fixture_begin();
    assert_int_equal(ebb_roof_file_read(&file, path), EBB_OK);
    assert_null(file.machine);
    assert_true(isnan(ebb_roof_file_matmul(&file, 1)));
    assert_string_equal(ebb_roof_file_level(&file, 1e6, 1).name, "");
    ebb_roof_file_clear(&file);
    fixture_append_text(machine_file, "{\"schema\": \"other/1\"}");
    assert_int_equal(ebb_roof_file_read(&file, path), EBB_ERR_ENVIRONMENT);
    assert_non_null(strstr(ebb_last_error(), "machine.json: schema"));
    fixture_append_text(machine_file, "}");
    assert_int_equal(ebb_roof_file_read(&file, path), EBB_ERR_ENVIRONMENT);
    assert_non_null(strstr(ebb_last_error(), "machine.json:1: "));
    end_with_machine();
}

/* A step of 1e8 flop at 200 GFLOP/s a thread is 500 µs; of 2e7 bytes in L2 at 100 GB/s a
 * thread 200 µs. */
static void test_the_longest_time_is_the_bound(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    write_machine("a000000000000000");
    fixture_append(path, fixture_record(&(fixture){.p50_ns = 1000000}));
    fixture_append(path, fixture_record(&(fixture){.threads = 2, .p50_ns = 400000}));
    assert_table_says(path, &ebb_table_roofline, EBB_CSV,
                      ",1,L2,compute,1,0,1000000,100000000,20000000,5,100,200,180,100,"
                      "500000,200000,0,500000,0.5\n");
    assert_table_says(path, &ebb_table_roofline, EBB_CSV,
                      ",2,L2,compute,1,0,400000,100000000,20000000,5,250,400,360,200,"
                      "250000,100000,200,250000,0.625\n");
    json_t *record = fixture_record(&(fixture){.threads = 4, .p50_ns = 8000000});
    json_object_set_new(record, "arena_bytes", json_integer(64 << 20));
    fixture_append(path, record); /* 2e7 bytes at 16 GB/s: 1250 µs, flop: 125 µs */
    assert_table_says(path, &ebb_table_roofline, EBB_MARKDOWN,
                      "| memory |         1250 |        0.60 | memory  |         16 |");
    record = fixture_record(&(fixture){.threads = 2, .batch = 1, .p50_ns = 400});
    json_object_set_new(record, "step_flop", json_real(1000));
    json_object_set_new(record, "step_bytes", json_real(1000));
    fixture_append(path, record);
    assert_table_says(path, &ebb_table_roofline, EBB_CSV, ",L2,barriers,1,0,400,");
    end_with_machine();
}

static void test_roofs_of_another_machine_do_not_count(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    write_machine("b000000000000000");
    fixture_append(path, fixture_record(&(fixture){.p50_ns = 1000000}));
    assert_table_says(path, &ebb_table_roofline, EBB_CSV, ",1,,compute,1,0,1000000,");
    assert_table_says(path, &ebb_table_roofline, EBB_MARKDOWN, "is of another machine");
    end_with_machine();
}

static void test_invalid_trials_have_no_bound(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    write_machine("a000000000000000");
    fixture_append(path, fixture_record(&(fixture){
                             .threads = 2, .p50_ns = 1000000, .problem = "steal"}));
    assert_table_says(path, &ebb_table_roofline, EBB_CSV, ",2,,,0,1,,,,,,,,,,,,,\n");
    end_with_machine();
}

static void test_forks_of_internal_are_not_known(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    write_machine("a000000000000000");
    fixture_append(path, fixture_record(&(fixture){
                             .threads = 2, .strategy = "internal", .p50_ns = 1000000}));
    assert_table_says(path, &ebb_table_roofline, EBB_CSV,
                      ",250000,100000,,250000,0.25\n");
    end_with_machine();
}

static void test_scaling_states_its_base(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.threads = 2, .p50_ns = 300000}));
    json_t *record = fixture_record(&(fixture){.threads = 8, .p50_ns = 100000});
    json_object_set_new(record, "peak_gflops", json_real(1200)); /* of 400 at the base */
    fixture_append(path, record);
    /* Three times as fast on four times the threads: (1/3 − 1/4) / (1 − 1/4) = 1/9. */
    assert_table_says(path, &ebb_table_scaling, EBB_CSV,
                      ",8,1,0,100000,99000,102000,2,300000,3,0.75,1200,400,1,"
                      "0.1111111111\n");
    assert_table_says(path, &ebb_table_scaling, EBB_MARKDOWN,
                      "|            2 |       300.0 |     3.00 |           75 |");
    fixture_end();
}

static json_t *with_peak(double gflops, const fixture *trial)
{
    json_t *record = fixture_record(trial);
    json_object_set_new(record, "peak_gflops", json_real(gflops));
    return record;
}

/* A step of 1e8 flop in 1 ms is 100 GFLOP/s: 50 % of the true 200, whatever the trial saw
 * when it was disturbed from end to end. */
static void test_the_peak_is_the_best_of_the_file(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    const fixture slow = {.p50_ns = 1000000};
    const fixture wrong = {.p50_ns = 1000000, .repetition = 2, .problem = "steal"};
    const fixture apart = {.p50_ns = 1000000, .placement = "compact"};
    const fixture other = {.p50_ns = 1000000, .batch = 64};
    fixture_append(path, with_peak(110, &slow));
    assert_table_says(path, &ebb_table_step_latency, EBB_CSV, ",100,110,0.9090909091,");
    fixture_append(path, with_peak(400, &wrong)); /* invalid: no witness */
    fixture_append(path, with_peak(300, &apart)); /* other CPUs */
    json_t *foreign = with_peak(500, &other);
    json_object_set_new(foreign, "machine_id", json_string("c000000000000000"));
    fixture_append(path, foreign);
    fixture_append(path, with_peak(600, &(fixture){.p50_ns = 500000, .threads = 2}));
    assert_table_says(path, &ebb_table_step_latency, EBB_CSV, ",100,110,0.9090909091,");
    fixture_append(path, with_peak(200, &other));
    assert_table_says(path, &ebb_table_step_latency, EBB_CSV, ",100,200,0.5,");
    assert_table_says(path, &ebb_table_step_latency, EBB_MARKDOWN,
                      "\n- 1 of 5 valid trials measured a peak more than 10 % below");
    assert_table_says(path, &ebb_table_roofline, EBB_CSV, ",100,200,,,500000,");
    assert_table_says(path, &ebb_table_scaling, EBB_CSV, ",600,200,");
    fixture_end();
}

static void test_a_peak_a_little_lower_is_not_told(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, with_peak(200, &(fixture){.p50_ns = 1000000}));
    fixture_append(path, with_peak(181, &(fixture){.p50_ns = 1000000, .batch = 64}));
    ebb_text text = rendered(path, &ebb_table_step_latency, EBB_MARKDOWN);
    assert_non_null(strstr(text.data, "the best of all valid trials"));
    assert_null(strstr(text.data, "below that best"));
    ebb_text_clear(&text);
    text = rendered(path, &ebb_table_step_latency, EBB_CSV);
    assert_null(strstr(text.data, ",181,")); /* the last is not the best */
    ebb_text_clear(&text);
    fixture_end();
}

/* 64 samples a thread: twice the threads take 1.25 times as long for twice the work. */
/* What is faster than its peak tells that the peak is none: no table has it or a share of
 * it, nor a bound. */
static void test_disturbed_peak(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    json_t *record = fixture_record(&(fixture){.p50_ns = 400000, .threads = 2});
    json_object_set_new(record, "peak_gflops", json_real(199.5)); /* of 250 a step */
    fixture_append(path, record);
    const ebb_table *const kinds[] = {&ebb_table_step_latency, &ebb_table_scaling,
                                      &ebb_table_roofline};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        ebb_text text = rendered(path, kinds[i], EBB_CSV);
        assert_null(strstr(text.data, "199.5"));
        assert_null(strstr(text.data, "1.253")); /* the fraction */
        assert_null(strstr(text.data, "compute,"));
        ebb_text_clear(&text);
        assert_table_says(path, kinds[i], EBB_MARKDOWN, "was disturbed whenever");
    }
    fixture_end();
}

static void test_weak_scaling(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){
                             .per_thread = 64, .p50_ns = 600000, .letter = 'c'}));
    fixture_append(path, fixture_record(&(fixture){
                             .per_thread = 64, .threads = 2, .p50_ns = 750000}));
    /* Speed-up 2 / 1.25, efficiency 600 / 750, serial (2 − 1.6) / (2 − 1). */
    assert_table_says(
        path, &ebb_table_scaling, EBB_CSV,
        "finetuning,shards,64,128,cores,2,1,0,750000,742500,765000,1,600000,"
        "1.6,0.8,400,200,0.8,0.4\n");
    assert_table_says(path, &ebb_table_scaling, EBB_MARKDOWN, "Gustafson 1988");
    assert_table_says(path, &ebb_table_scaling, EBB_MARKDOWN, "batch_per_thread 64; ");
    assert_table_says(path, &ebb_table_step_latency, EBB_MARKDOWN, "batch_per_thread 64");
    /* The same batch on the same threads, but of another curve. */
    fixture_append(path, fixture_record(&(fixture){.threads = 2, .p50_ns = 450000}));
    fixture_append(path, fixture_record(&(fixture){.p50_ns = 900000}));
    assert_table_says(
        path, &ebb_table_scaling, EBB_CSV,
        "finetuning,shards,64,128,cores,2,1,0,750000,742500,765000,1,600000,"
        "1.6,0.8,");
    assert_table_says(path, &ebb_table_scaling, EBB_CSV,
                      "finetuning,shards,,128,cores,2,1,0,450000,445500,459000,1,900000,"
                      "2,1,");
    assert_table_says(path, &ebb_table_scaling, EBB_MARKDOWN, "serial of a fixed batch");
    assert_table_says(path, &ebb_table_scaling, EBB_MARKDOWN,
                      "| batch_per_thread | batch_size | threads |");
    /* Other threads are another batch, which learns something else. */
    ebb_trials trials = fixture_read(path);
    ebb_text verdict = {0};
    if (ebb_table_check(&verdict, &trials, NULL, 0) != EBB_OK) {
        fail_msg("%s", verdict.data);
    }
    ebb_text_clear(&verdict);
    ebb_trials_clear(&trials);
    fixture_end();
}

/* Without a trial that makes no request the state just before was never tested. */
static void test_requests_without_a_twin(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path,
                   fixture_record(&(fixture){.algorithm = amnesiac, .unlearn = "2:1"}));
    /* Task 1 had 0.91 after task 1; task 2 was not yet there. */
    assert_table_says(path, &ebb_table_unlearning, EBB_MARKDOWN,
                      "|             91.0 ‡ |  20.0 |                  – |  91.0 |");
    fixture_append(path,
                   fixture_record(&(fixture){.algorithm = amnesiac, .unlearn = "3:3"}));
    /* It trained task 2 likewise and makes no request there: 0.81 before, and task 2. */
    assert_table_says(
        path, &ebb_table_unlearning, EBB_CSV,
        ",2:1,1,2,1,yes,1,0,0.001,0.001,0.001,3000000,3,0.81,0.2,0.91,0.91\n");
    /* The other way round it is of no use: the state before task 3 differs. */
    assert_table_says(path, &ebb_table_unlearning, EBB_CSV,
                      ",3:3,1,3,3,no,1,0,0.001,0.001,0.001,3000000,3,,0.2,0.86,0.76\n");
    fixture_end();
}

static void test_disturbed_and_diverged_requests(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    json_t *record = fixture_record(&(fixture){.algorithm = amnesiac, .unlearn = "2:1"});
    json_t *entry = json_array_get(json_object_get(record, "unlearning"), 0);
    json_object_set_new(entry, "seconds", json_real(0.003));
    fixture_append(path, record);
    fixture_append(path, fixture_record(&(fixture){.algorithm = amnesiac,
                                                   .unlearn = "2:1",
                                                   .repetition = 2,
                                                   .problem = "steal"}));
    record = fixture_record(&(fixture){
        .algorithm = amnesiac, .unlearn = "2:1", .repetition = 3, .diverged = true});
    json_object_set_new(record, "unlearning", json_array());
    fixture_append(path, record);
    assert_table_says(path, &ebb_table_unlearning, EBB_CSV,
                      ",2,1,no,1,2,0.003,0.003,0.003,3000000,1,0.91,0.2,,0.91\n");
    fixture_end();
}

static void test_tables_without_trials(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append_text(path, "");
    for (size_t i = 0; ebb_table_choice(i) != NULL; i++) {
        const ebb_table *kind = ebb_table_at(i);
        for (int format = EBB_MARKDOWN; format <= EBB_LATEX && kind->render != NULL;
             format++) {
            ebb_text text = rendered(path, kind, (ebb_format)format);
            assert_true(text.length > 0);
            ebb_text_clear(&text);
        }
    }
    fixture_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roofs_are_read_back),
        cmocka_unit_test(test_no_roofs_are_no_error_and_bad_ones_are),
        cmocka_unit_test(test_the_longest_time_is_the_bound),
        cmocka_unit_test(test_roofs_of_another_machine_do_not_count),
        cmocka_unit_test(test_invalid_trials_have_no_bound),
        cmocka_unit_test(test_forks_of_internal_are_not_known),
        cmocka_unit_test(test_scaling_states_its_base),
        cmocka_unit_test(test_the_peak_is_the_best_of_the_file),
        cmocka_unit_test(test_a_peak_a_little_lower_is_not_told),
        cmocka_unit_test(test_disturbed_peak),
        cmocka_unit_test(test_disturbed_peak),
        cmocka_unit_test(test_weak_scaling),
        cmocka_unit_test(test_requests_without_a_twin),
        cmocka_unit_test(test_disturbed_and_diverged_requests),
        cmocka_unit_test(test_tables_without_trials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
