/* When a line of a log is due, and what stands in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

typedef struct log {
    FILE *file;
    int stderr_copy;
    char text[4096];
} log;

static void begin(log *out)
{
    *out = (log){.file = tmpfile(), .stderr_copy = dup(STDERR_FILENO)};
    assert_non_null(out->file);
    assert_true(out->stderr_copy >= 0);
    assert_true(dup2(fileno(out->file), STDERR_FILENO) >= 0);
}

static const char *end(log *self)
{
    fflush(stderr);
    assert_true(dup2(self->stderr_copy, STDERR_FILENO) >= 0);
    close(self->stderr_copy);
    rewind(self->file);
    const size_t n = fread(self->text, 1, sizeof self->text - 1, self->file);
    self->text[n] = '\0';
    fclose(self->file);
    return self->text;
}

static const uint64_t second_ns = 1000000000;

/* As if so much time had passed. */
static void pass(ebb_progress *progress, uint64_t seconds)
{
    progress->start_ns -= seconds * second_ns;
    progress->drawn_ns -= seconds * second_ns;
}

static void test_line_with_each_tenth(void **state)
{
    (void)state;
    static const struct {
        double share;
        const char *what;
    } shows[] = {{0, "a"},     {0.05, "b"}, {0.1, "c"},  {0.15, "d"},
                 {0.199, "e"}, {0.55, "f"}, {0.59, "g"}, {0.3, "h"},
                 {0.6, "i"},   {1, "j"},    {1, "k"},    {7, "l"}};
    log self;
    ebb_progress progress;
    begin(&self);
    ebb_progress_start(&progress, EBB_PROGRESS_LINES);
    for (size_t i = 0; i < sizeof shows / sizeof *shows; i++) {
        ebb_progress_show(&progress, shows[i].share, shows[i].what);
    }
    ebb_progress_end(&progress);
    ebb_progress_show(&progress, 1, "after the end");
    assert_string_equal(end(&self), "ebb:  10 %  c\n"
                                    "ebb:  55 %  f\n"
                                    "ebb:  60 %  i\n"
                                    "ebb: 100 %  j\n");
}

static void test_line_after_half_a_minute(void **state)
{
    (void)state;
    log self;
    ebb_progress progress;
    begin(&self);
    ebb_progress_start(&progress, EBB_PROGRESS_LINES);
    ebb_progress_show(&progress, 0, "a");
    pass(&progress, 29);
    ebb_progress_show(&progress, 0, "b");
    pass(&progress, 2);
    ebb_progress_show(&progress, 0, "c");
    ebb_progress_show(&progress, 0.005, "d");
    pass(&progress, 31);
    ebb_progress_show(&progress, 0.05, "e");
    /* 62 s for a twentieth: nineteen times as much is left. */
    assert_string_equal(end(&self), "ebb:   0 %  c\nebb:   5 %  19:38 left  e\n");
}

static void test_what_was_done_before_takes_no_time(void **state)
{
    (void)state;
    log self;
    ebb_progress progress;
    begin(&self);
    ebb_progress_start(&progress, EBB_PROGRESS_LINES);
    ebb_progress_show(&progress, 0.5, "a");
    pass(&progress, 10);
    ebb_progress_show(&progress, 0.75, "b");
    assert_string_equal(end(&self), "ebb:  75 %  0:10 left  b\n");
}

static void test_none_is_none(void **state)
{
    (void)state;
    log self;
    ebb_progress progress;
    begin(&self);
    ebb_progress_start(&progress, EBB_PROGRESS_NONE);
    ebb_progress_show(&progress, 0, "a");
    ebb_progress_show(&progress, 0.9, "b");
    ebb_progress_end(&progress);
    assert_string_equal(end(&self), "");
}

static void test_bar_is_drawn_and_cleared(void **state)
{
    (void)state;
    log self;
    ebb_progress progress;
    begin(&self);
    ebb_progress_start(&progress, EBB_PROGRESS_BAR);
    ebb_progress_show(&progress, 0.25, "a");
    ebb_progress_show(&progress, 0.9, "too early");
    ebb_progress_end(&progress);
    assert_string_equal(end(&self),
                        "\r\x1b[K[######..................]  25 %  a\r\x1b[K");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_with_each_tenth),
        cmocka_unit_test(test_line_after_half_a_minute),
        cmocka_unit_test(test_what_was_done_before_takes_no_time),
        cmocka_unit_test(test_none_is_none),
        cmocka_unit_test(test_bar_is_drawn_and_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
