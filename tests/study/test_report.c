#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "study/report.h"
#include "study/report_plot.h"

static const char *const amnesiac = "amnesiac-finetuning";

static void assert_says(const ebb_text *text, const char *expected)
{
    if (text->data == NULL || strstr(text->data, expected) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", expected, text->data);
    }
}

static void assert_silent(const ebb_text *text, const char *unexpected)
{
    if (text->data != NULL && strstr(text->data, unexpected) != NULL) {
        fail_msg("\"%s\" is in:\n%s", unexpected, text->data);
    }
}

static size_t count(const ebb_text *text, const char *what)
{
    size_t n = 0;
    for (const char *at = text->data; (at = strstr(at, what)) != NULL; at++) {
        n++;
    }
    return n;
}

/* ---- A pen that draws the same picture each time, and keeps the scripts. */

typedef struct drawer {
    ebb_text scripts;
    size_t n, fails_at; /* 1-based; 0: never */
    const char *picture;
} drawer;

static const char square[] = "<?xml version=\"1.0\"?>\n<svg \n viewBox=\"0 0 430 300\">\n"
                             "<title>Gnuplot</title><g id=\"a\"><use href='#a'/></g>\n"
                             "</svg>\n\n";

static ebb_status draw(ebb_text *svg, const char *script, void *argument)
{
    drawer *pen = argument;
    pen->n++;
    ebb_text_append(&pen->scripts, "%s", script);
    if (pen->n == pen->fails_at) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "gnuplot: ended with status <7>");
    }
    ebb_text_append(svg, "%s", pen->picture);
    return EBB_OK;
}

static ebb_report report_of(const ebb_trials *trials, drawer *pen)
{
    return (ebb_report){
        .trials = trials,
        .title = "a <b> & \"c\"",
        .description = "",
        .machine_fault = "machine.json: absent",
        .pen = {.draw = pen != NULL ? draw : NULL,
                .argument = pen,
                .absent = "there is no pen"},
    };
}

/* The page of the file; *n_undrawn as ebb_report_render says. */
static ebb_text page_of(const char *path, drawer *pen, size_t *n_undrawn)
{
    ebb_trials trials = fixture_read(path);
    const ebb_report report = report_of(&trials, pen);
    ebb_text out = {0};
    assert_int_equal(ebb_report_render(&out, n_undrawn, &report), EBB_OK);
    ebb_trials_clear(&trials);
    return out;
}

static void append_sweep(const char *path)
{
    for (size_t threads = 1; threads <= 2; threads++) {
        fixture_append(path, fixture_record(&(fixture){.threads = threads,
                                                       .p50_ns = 300000 / threads}));
        fixture_append(path, fixture_record(&(fixture){.algorithm = amnesiac,
                                                       .unlearn = "2:1",
                                                       .threads = threads,
                                                       .p50_ns = 310000 / threads}));
    }
}

/* ---- Drawings. */

static void test_adopt_makes_ids_its_own(void **state)
{
    (void)state;
    ebb_text out = {0};
    assert_true(ebb_report__adopt(
        &out,
        "<?xml version='1.0'?>\n<svg x='1'>\n<title>Gnuplot</title>\n"
        "<desc>by &lt;</desc>\n<g id=\"p\" ><title>a</title><use xlink:href='#p' "
        "id='q' filter='url(#p)'/></g><text> id='p' url(#p)</text>\n</svg>\n \n",
        "f3-", "what <it> shows"));
    assert_string_equal(
        out.data, "<svg role=\"img\" aria-label=\"what &lt;it&gt; shows\" x='1'>\n"
                  "\n\n<g id=\"f3-p\" ><use xlink:href='#f3-p' id='f3-q' "
                  "filter='url(#f3-p)'/></g><text> id='p' url(#p)</text>\n</svg>\n");
    ebb_text_clear(&out);
}

static void test_adopt_refuses_what_is_no_drawing(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "hello", "<svg><g>", "<svg></svg>more",
                                        "</svg><svg>"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ebb_text out = {0};
        assert_false(ebb_report__adopt(&out, wrong[i], "f1-", ""));
        assert_null(out.data);
    }
}

static void test_quoted_text_means_nothing(void **state)
{
    (void)state;
    ebb_text out = {0};
    ebb_report__quote(&out, "it's `date` \"$x\"\n{a}_b", 40);
    assert_string_equal(out.data, "'it''s `date` \"$x\" {a}_b'");
    ebb_text_clear(&out);
    ebb_report__quote(&out, "µµµµ", 2); /* letters, not bytes */
    assert_string_equal(out.data, "'µµ…'");
    ebb_text_clear(&out);
    ebb_report__quote(&out, "''''", 3);
    assert_string_equal(out.data, "'''''''…'");
    ebb_text_clear(&out);
}

static void test_axes_have_marks(void **state)
{
    (void)state;
    ebb_text out = {0};
    ebb_report__log_axis(&out, 'y', 29.5, 74);
    assert_string_equal(out.data,
                        "set logscale y 10\nset yrange [29.5:74]\nset ytics ('30' 30, "
                        "'40' 40, '50' 50, '60' 60)\n");
    ebb_text_clear(&out);
    ebb_report__log_axis(&out, 'x', 0.5, 20);
    assert_says(&out, "set xtics ('0.5' 0.5, '1' 1, '2' 2, '5' 5, '10' 10, '20' 20)");
    ebb_text_clear(&out);
    /* However narrow, two marks at least. */
    for (int i = 0; i < 100; i++) {
        const double low = 1 + 0.09 * i;
        ebb_report__log_axis(&out, 'y', low, low * 1.45);
        assert_true(count(&out, "', ") + count(&out, "' ") >= 2);
        ebb_text_clear(&out);
    }
    ebb_report__log_axis(&out, 'y', 0, 20);
    assert_says(&out, "set yrange [1:10]");
    ebb_text_clear(&out);
    ebb_report__task_axis(&out, 'x', 5);
    assert_string_equal(out.data, "set xtics (1, 2, 3, 4, 5)\n");
    ebb_text_clear(&out);
    ebb_report__task_axis(&out, 'x', 100);
    assert_int_equal(strncmp(out.data, "set xtics (1, 5, 10, ", 21), 0);
    assert_int_equal(count(&out, ","), 20);
    ebb_text_clear(&out);
    ebb_report__task_axis(&out, 'x', 1);
    assert_string_equal(out.data, "set xtics (1)\n");
    ebb_text_clear(&out);
}

static void test_every_hue_has_a_dark_one(void **state)
{
    (void)state;
    ebb_text style = {0};
    ebb_report__style(&style);
    for (size_t i = 0; i < EBB_REPORT_HUES; i++) {
        unsigned rgb = (unsigned)strtoul(ebb_report__hue(i) + 1, NULL, 16);
        ebb_text rule = {0};
        ebb_text_append(&rule, "svg [stroke='rgb(%3u, %3u, %3u)']{stroke:#", rgb >> 16,
                        rgb >> 8 & 255, rgb & 255);
        assert_says(&style, rule.data);
        ebb_text_clear(&rule);
    }
    assert_says(&style, "@media print");
    assert_string_equal(ebb_report__hue(EBB_REPORT_HUES), ebb_report__hue(0));
    ebb_text_clear(&style);
}

/* ---- Pages. */

static void test_page_has_all_sections_and_figures(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    append_sweep(path);
    drawer pen = {.picture = square};
    size_t n_undrawn = 0;
    ebb_text page = page_of(path, &pen, &n_undrawn);
    static const char *const ids[] = {"verdict",    "machine",  "latency", "forgetting",
                                      "unlearning", "commands", "rules"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        ebb_text section = {0};
        ebb_text_append(&section, "<section id=\"%s\">", ids[i]);
        assert_int_equal(count(&page, section.data), 1);
        ebb_text_clear(&section);
    }
    assert_int_equal(n_undrawn, 0);
    assert_true(pen.n >= 8);
    assert_int_equal(count(&page, "<figure"), pen.n);
    assert_int_equal(count(&page, "id=\"f1-a\""), 1);
    assert_int_equal(count(&page, "id=\"f2-a\""), 1);
    assert_silent(&page, "id=\"a\"");
    assert_says(&page, "<h1>a &lt;b&gt; &amp; &quot;c&quot;</h1>");
    assert_int_equal(count(&page, "<li>"), 12);
    assert_says(&page, "</body>\n</html>\n");
    ebb_text_clear(&pen.scripts);
    ebb_text_clear(&page);
    fixture_end();
}

static void test_scripts_have_the_numbers(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    append_sweep(path);
    drawer pen = {.picture = square};
    size_t n_undrawn = 0;
    ebb_text page = page_of(path, &pen, &n_undrawn);
    /* p50 and its interval by threads, and the ideal line: half of 300 µs. */
    assert_says(&pen.scripts, "$c0 << EOD\n1 300 297 306\n2 150 148.5 153\nEOD\n"
                              "$i0 << EOD\n1 300\n2 150\nEOD\n");
    assert_says(&pen.scripts, "title 'finetuning'");
    /* Task 1 of the second algorithm: 0.91 after task 1, unlearned after task 2. */
    assert_says(&pen.scripts, "$u0 << EOD\n1 91.0000 91.0000 91.0000 1\n"
                              "2 20.0000 20.0000 20.0000 1\n"
                              "3 20.0000 20.0000 20.0000 1\n");
    assert_says(&pen.scripts, "'−1' 2");
    /* Its matrix with numbers in the cells, and the difference. */
    assert_says(&pen.scripts, "1 1 91.0000 \"91.0\" 16777215\n");
    assert_says(&pen.scripts, "1 2 20.0000 \"20.0†\" 1053720\n");
    assert_says(&pen.scripts, "1 2 -61.0000 \"-61.0†\" 16777215\n");
    assert_says(&page,
                "Base: finetuning 300 µs on 1 thread; amnesiac-finetuning 310 µs on "
                "1 thread.");
    ebb_text_clear(&pen.scripts);
    ebb_text_clear(&page);
    fixture_end();
}

static void test_each_row_has_its_command(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    append_sweep(path);
    fixture_append(path,
                   fixture_record(&(fixture){
                       .threads = 2, .p50_ns = 150000, .seed = 7, .repetition = 2}));
    size_t n_undrawn = 0;
    ebb_text page = page_of(path, NULL, &n_undrawn);
    assert_int_equal(count(&page, "<dd><code>ebb run --"), 4);
    assert_says(&page,
                "<dt>finetuning, 2 threads: 2 trials; seeds 1, 7; repetitions 1 to "
                "2</dt>\n<dd><code>ebb run --tasks 3 --threads 2");
    assert_says(&page, "--unlearn 2:1");
    ebb_text_clear(&page);
    fixture_end();
}

static void test_without_a_pen_tables_only(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    append_sweep(path);
    size_t n_undrawn = 0;
    ebb_text page = page_of(path, NULL, &n_undrawn);
    assert_int_equal(n_undrawn, 0);
    assert_says(&page, "Tables only, no plots: there is no pen.");
    assert_silent(&page, "<figure");
    assert_says(&page, "not met</span>: this report has not all of its plots.");
    assert_says(&page, "<td class=\"n\">300.0 [297.0, 306.0]</td>");
    ebb_text_clear(&page);
    fixture_end();
}

static void test_a_drawing_that_fails_costs_no_more(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    append_sweep(path);
    drawer pen = {.picture = square, .fails_at = 3};
    size_t n_undrawn = 0;
    ebb_text page = page_of(path, &pen, &n_undrawn);
    assert_int_equal(pen.n, 3); /* a pen that hangs would hang each time */
    assert_true(n_undrawn > 1);
    assert_int_equal(count(&page, "<figure"), 2);
    assert_says(&page, "Figure 3 and those after it are not drawn: gnuplot: ended with "
                       "status &lt;7&gt;.");
    assert_says(&page, "<section id=\"rules\">");
    ebb_text_clear(&pen.scripts);
    ebb_text_clear(&page);
    pen = (drawer){.picture = "no picture"};
    page = page_of(path, &pen, &n_undrawn);
    assert_int_equal(pen.n, 1);
    assert_says(&page, "Figure 1 is not drawn: what gnuplot printed is no SVG.");
    assert_silent(&page, "<figure");
    ebb_text_clear(&pen.scripts);
    ebb_text_clear(&page);
    fixture_end();
}

static void test_invalid_trials_have_no_times(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    for (size_t i = 1; i <= 60; i++) {
        fixture_append(path, fixture_record(&(fixture){.problem = "busy <neighbour>",
                                                       .repetition = i,
                                                       .p50_ns = 100000}));
    }
    drawer pen = {.picture = square};
    size_t n_undrawn = 0;
    ebb_text page = page_of(path, &pen, &n_undrawn);
    assert_says(&page, "valid trials: 0 of 60");
    assert_says(&page, "No trial is valid, so there is no time to draw.");
    assert_int_equal(count(&page, "<td>busy &lt;neighbour&gt;</td>"), 50);
    assert_says(&page, "And 10 more.");
    assert_says(&page, "<h3>Invalid trials</h3>");
    assert_silent(&page, "Noted in valid trials");
    assert_silent(&pen.scripts, "set xlabel 'threads'");
    assert_says(&pen.scripts, "test accuracy"); /* time has no part in it */
    ebb_text_clear(&pen.scripts);
    ebb_text_clear(&page);
    fixture_end();
}

static void test_one_point(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.p50_ns = 100000}));
    drawer pen = {.picture = square};
    size_t n_undrawn = 0;
    ebb_text page = page_of(path, &pen, &n_undrawn);
    assert_says(&pen.scripts, "$c0 << EOD\n1 100 99 102\nEOD\n$i0 << EOD\n? ?\nEOD\n");
    assert_says(&pen.scripts, "set xrange [0.8:1.25]");
    assert_says(&page, "nothing to compare, each group is one trial");
    assert_says(&page, "nothing to apply to</span>: no row has more threads");
    ebb_text_clear(&pen.scripts);
    ebb_text_clear(&page);
    fixture_end();
}

static void test_what_differs_is_said(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.p50_ns = 100000}));
    fixture_append(path, fixture_record(&(fixture){
                             .p50_ns = 100000, .repetition = 2, .letter = 'f'}));
    size_t n_undrawn = 0;
    ebb_text page = page_of(path, NULL, &n_undrawn);
    assert_says(&page, "<p class=\"verdict bad\"><span class=\"mark\">✗</span> WRONG: ");
    ebb_text_clear(&page);
    fixture_end();
}

static void test_machine_is_told_or_missed(void **state)
{
    (void)state;
    const char *path = fixture_begin();
    fixture_append(path, fixture_record(&(fixture){.p50_ns = 100000}));
    ebb_trials trials = fixture_read(path);
    ebb_report report = report_of(&trials, NULL);
    ebb_text page = {0};
    size_t n_undrawn = 0;
    assert_int_equal(ebb_report_render(&page, &n_undrawn, &report), EBB_OK);
    assert_says(&page, "machine.json: absent: so no topology and no roofs here");
    ebb_text_clear(&page);
    json_t *machine =
        json_pack("{s:s, s:i, s:{s:[{s:i, s:f, s:f, s:f, s:s}]}, s:{s:s, s:{s:s}}}",
                  "machine_id", "elsewhere", "usable_cores", 4, "roofs", "fma_gflops",
                  "threads", 2, "value", 123.4, "low", 100.0, "high", 130.0, "isa",
                  "<avx>", "environment", "cpu", "A & B", "variables", "OMP_X", "1");
    assert_non_null(machine);
    report.machine = machine;
    assert_int_equal(ebb_report_render(&page, &n_undrawn, &report), EBB_OK);
    assert_says(&page, "another machine than that of the first trial");
    assert_says(&page, "<td>multiply-adds &lt;avx&gt;</td><td class=\"n\">2</td>"
                       "<td class=\"n\">123 GFLOP/s</td>");
    assert_says(&page, "<dt>usable cores</dt><dd>4</dd>");
    assert_says(&page, "<dt>cpu</dt><dd>A &amp; B</dd>");
    assert_says(&page, "<dt>variables</dt><dd>OMP_X=1</dd>");
    json_decref(machine);
    ebb_text_clear(&page);
    ebb_trials_clear(&trials);
    fixture_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adopt_makes_ids_its_own),
        cmocka_unit_test(test_adopt_refuses_what_is_no_drawing),
        cmocka_unit_test(test_quoted_text_means_nothing),
        cmocka_unit_test(test_axes_have_marks),
        cmocka_unit_test(test_every_hue_has_a_dark_one),
        cmocka_unit_test(test_page_has_all_sections_and_figures),
        cmocka_unit_test(test_scripts_have_the_numbers),
        cmocka_unit_test(test_each_row_has_its_command),
        cmocka_unit_test(test_without_a_pen_tables_only),
        cmocka_unit_test(test_a_drawing_that_fails_costs_no_more),
        cmocka_unit_test(test_invalid_trials_have_no_times),
        cmocka_unit_test(test_one_point),
        cmocka_unit_test(test_what_differs_is_said),
        cmocka_unit_test(test_machine_is_told_or_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
