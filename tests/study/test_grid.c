#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "study/grid.h"

static void make_grid(ebb_grid *grid)
{
    ebb_grid_column(grid, false, "name");
    ebb_grid_column(grid, true, "p50 %s", "µs");
    ebb_grid_cell(grid, "a, \"b\"");
    ebb_grid_cell(grid, "%.1f", 1.5);
    ebb_grid_cell(grid, "x_y");
    ebb_grid_cell(grid, "10.0 ± 0.1");
}

static void assert_rendered(ebb_format format, const char *expected)
{
    ebb_grid grid = {0};
    ebb_text out = {0};
    make_grid(&grid);
    assert_int_equal(ebb_grid_render(&out, &grid, format), EBB_OK);
    assert_string_equal(out.data, expected);
    ebb_text_clear(&out);
    ebb_grid_clear(&grid);
}

static void test_markdown_is_aligned(void **state)
{
    (void)state;
    assert_rendered(EBB_MARKDOWN, "| name   |     p50 µs |\n"
                                  "| ------ | ---------: |\n"
                                  "| a, \"b\" |        1.5 |\n"
                                  "| x_y    | 10.0 ± 0.1 |\n");
}

static void test_csv_is_quoted(void **state)
{
    (void)state;
    assert_rendered(EBB_CSV, "name,p50 µs\n"
                             "\"a, \"\"b\"\"\",1.5\n"
                             "x_y,10.0 ± 0.1\n");
}

static void test_latex_is_escaped(void **state)
{
    (void)state;
    assert_rendered(EBB_LATEX, "\\begin{tabular}{lr}\n"
                               "\\toprule\n"
                               "name & p50 $\\mu$s \\\\\n"
                               "\\midrule\n"
                               "a, \"b\" & 1.5 \\\\\n"
                               "x\\_y & 10.0 $\\pm$ 0.1 \\\\\n"
                               "\\bottomrule\n"
                               "\\end{tabular}\n");
    ebb_text out = {0};
    ebb_grid_escape_latex(&out, "\\ & % $ # {} ~ ^ <");
    assert_string_equal(out.data, "\\textbackslash{} \\& \\% \\$ \\# \\{\\} "
                                  "\\textasciitilde{} \\^{} $<$");
    ebb_text_clear(&out);
}

static void test_html_is_escaped(void **state)
{
    (void)state;
    assert_rendered(EBB_HTML,
                    "<div class=\"scroll\"><table>\n<thead>\n"
                    "<tr><th>name</th><th class=\"n\">p50 µs</th></tr>\n"
                    "</thead>\n<tbody>\n"
                    "<tr><td>a, &quot;b&quot;</td><td class=\"n\">1.5</td></tr>\n"
                    "<tr><td class=\"w\">x_y</td><td class=\"n\">10.0 ± 0.1</td></tr>\n"
                    "</tbody>\n</table></div>\n");
    ebb_text out = {0};
    ebb_grid_escape_html(&out, "<b>&'\x01\xff\xc3µ\xEF\xBF\xBF\xe2\x82");
    assert_string_equal(out.data, "&lt;b&gt;&amp;&#39;\uFFFD\uFFFD\uFFFDµ"
                                  "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
    ebb_text_clear(&out);
}

static void test_html_paths_may_break(void **state)
{
    (void)state;
    ebb_grid grid = {0};
    ebb_text out = {0};
    ebb_grid_column(&grid, false, "a/b");
    ebb_grid_cell(&grid, "x/<y>/");
    ebb_grid_cell(&grid, "1 / 2");
    assert_int_equal(ebb_grid_render(&out, &grid, EBB_HTML), EBB_OK);
    assert_non_null(strstr(out.data, "<th>a/b</th>"));
    assert_non_null(strstr(out.data, "<td>x/<wbr/>&lt;y&gt;/</td>"));
    assert_non_null(strstr(out.data, "<td>1 / 2</td>"));
    ebb_text_clear(&out);
    ebb_grid_clear(&grid);
}

static void test_decimals_follow_the_interval(void **state)
{
    (void)state;
    static const struct {
        double value, low, high;
        int decimals;
    } cases[] = {
        {191.234, 190.8, 192.1, 1},  /* 1.3 wide: tenths */
        {191.234, 180, 200, 0},      /* 20 wide: ones */
        {191.234, 191.2, 191.25, 2}, /* 0.05 wide: five digits are enough */
        {191.234, 191.2, 191.2, 0},  /* no width: three digits */
        {1.23456, 1.15, 1.3, 2},     /* 0.15 wide */
        {12345.6, 12000, 13000, 0},  /* never below ones */
        {0.0123, 0.0118, 0.0131, 4}, /* leading zeros are no digits */
        {0, 0, 0, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ebb_grid_decimals(cases[i].value, cases[i].low, cases[i].high),
                         cases[i].decimals);
    }
    assert_int_equal(ebb_grid_decimals(12.3, (double)NAN, (double)NAN), 1);
}

static void test_significant_digits(void **state)
{
    (void)state;
    assert_true(fabs(ebb_grid_significant(1254902, 4) - 1255000) < 1e-6);
    assert_true(fabs(ebb_grid_significant(-0.012345, 2) + 0.012) < 1e-12);
    assert_true(ebb_grid_significant(0, 3) == 0.0);
    assert_true(isnan(ebb_grid_significant((double)NAN, 3)));
}

static void test_empty_grid(void **state)
{
    (void)state;
    ebb_grid grid = {0};
    ebb_text out = {0};
    ebb_grid_column(&grid, true, "n");
    assert_int_equal(ebb_grid_render(&out, &grid, EBB_MARKDOWN), EBB_OK);
    assert_string_equal(out.data, "|   n |\n| --: |\n");
    ebb_text_clear(&out);
    ebb_grid_clear(&grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markdown_is_aligned),
        cmocka_unit_test(test_csv_is_quoted),
        cmocka_unit_test(test_latex_is_escaped),
        cmocka_unit_test(test_html_is_escaped),
        cmocka_unit_test(test_html_paths_may_break),
        cmocka_unit_test(test_decimals_follow_the_interval),
        cmocka_unit_test(test_significant_digits),
        cmocka_unit_test(test_empty_grid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
