/* Children that end in every way, and workers that print what they should not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "child.h"

static void run_script(ebb_child *out, const char *script, double timeout_seconds)
{
    const char *words[] = {"sh", "-c", script, NULL};
    const ebb_child_plan plan = {
        .program = "/bin/sh", .words = words, .timeout_seconds = timeout_seconds};
    assert_int_equal(ebb_child_run(out, &plan), EBB_OK);
}

static void check_reason(const ebb_child *child, const char *expected)
{
    char reason[128];
    if (strstr(ebb_child_reason(reason, child), expected) == NULL) {
        fail_msg("'%s' instead of '%s'", reason, expected);
    }
}

static void test_output(void **state)
{
    (void)state;
    ebb_child child;
    run_script(&child, "echo out; echo one >&2; echo 'ebb: two' >&2", 60);
    assert_int_equal(child.status, 0);
    assert_string_equal(child.output.data, "out\n");
    assert_string_equal(child.errors.data, "one\nebb: two\n");
    char *message = ebb_child_message(&child);
    assert_string_equal(message, "two");
    free(message);
    check_reason(&child, "");
    ebb_child_clear(&child);
    run_script(&child, "head -c 300000 /dev/zero | tr '\\0' x", 60);
    assert_int_equal(child.output.length, 300000);
    assert_null(ebb_child_message(&child));
    ebb_child_clear(&child);
    run_script(&child, "printf 'a\\0b'", 60);
    assert_memory_equal(child.output.data, "a\1b", 4);
    ebb_child_clear(&child);
}

static void test_ends(void **state)
{
    (void)state;
    ebb_child child;
    run_script(&child, "exit 7", 60);
    assert_int_equal(child.status, 7);
    check_reason(&child, "ended with status 7");
    ebb_child_clear(&child);
    run_script(&child, "echo x; kill -SEGV $$", 60);
    assert_int_equal(child.status, -1);
    assert_int_equal(child.signal, SIGSEGV);
    check_reason(&child, "signal 11");
    ebb_child_clear(&child);
    run_script(&child, "cat", 60); /* there is nothing to read */
    assert_int_equal(child.status, 0);
    ebb_child_clear(&child);
}

static void test_timeout(void **state)
{
    (void)state;
    ebb_child child;
    const uint64_t start = ebb_clock_now_ns();
    run_script(&child, "echo x; exec sleep 100", 0.3);
    assert_true(child.timed_out);
    assert_int_equal(child.signal, SIGKILL);
    assert_true(ebb_clock_seconds(start, ebb_clock_now_ns()) < 50);
    check_reason(&child, "time-out");
    ebb_child_clear(&child);
    run_script(&child, "exec >&- 2>&-; exec sleep 100", 0.3); /* says nothing more */
    assert_true(child.timed_out);
    ebb_child_clear(&child);
}

static void test_too_much(void **state)
{
    (void)state;
    ebb_child child;
    run_script(&child, "exec cat /dev/zero", 60);
    assert_true(child.printed_too_much);
    check_reason(&child, "more than 16 MiB");
    ebb_child_clear(&child);
}

/* Somebody else who holds the pipes open is not waited for. */
static void test_orphan_holds_pipe(void **state)
{
    (void)state;
    ebb_child child;
    const uint64_t start = ebb_clock_now_ns();
    run_script(&child, "sleep 100 & echo $!", 60);
    assert_int_equal(child.status, 0);
    assert_true(ebb_clock_seconds(start, ebb_clock_now_ns()) < 50);
    assert_int_equal(kill((pid_t)atoi(child.output.data), SIGKILL), 0);
    ebb_child_clear(&child);
}

static void test_not_executable(void **state)
{
    (void)state;
    ebb_child child;
    const char *words[] = {"x", NULL};
    const ebb_child_plan plan = {
        .program = "/nonexistent/x", .words = words, .timeout_seconds = 60};
    assert_int_equal(ebb_child_run(&child, &plan), EBB_OK);
    assert_int_equal(child.status, EBB_ERR_ENVIRONMENT);
    char *message = ebb_child_message(&child);
    assert_non_null(strstr(message, "/nonexistent/x: not to be executed"));
    free(message);
    ebb_child_clear(&child);
}

static ebb_status refuse(const void *argument)
{
    (void)argument;
    return ebb_fail(EBB_ERR_ENVIRONMENT, "not today");
}

static void test_prepare_fails(void **state)
{
    (void)state;
    ebb_child child;
    const char *words[] = {"true", NULL};
    const ebb_child_plan plan = {
        .program = "/bin/true", .words = words, .timeout_seconds = 60, .prepare = refuse};
    assert_int_equal(ebb_child_run(&child, &plan), EBB_OK);
    assert_int_equal(child.status, EBB_ERR_ENVIRONMENT);
    assert_string_equal(child.errors.data, "ebb: not today\n");
    ebb_child_clear(&child);
}

static void count_tick(void *argument)
{
    ++*(size_t *)argument;
}

static void test_ticks(void **state)
{
    (void)state;
    ebb_child child;
    size_t n = 0;
    const char *words[] = {"sleep", "1", NULL};
    const ebb_child_plan plan = {.program = "/bin/sleep",
                                 .words = words,
                                 .timeout_seconds = 60,
                                 .tick = count_tick,
                                 .tick_argument = &n};
    assert_int_equal(ebb_child_run(&child, &plan), EBB_OK);
    assert_true(n >= 3);
    ebb_child_clear(&child);
}

/* A process in between starts a child that would sleep, and is killed: so is the child.
 */
static void test_dies_with_parent(void **state)
{
    (void)state;
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    const pid_t between = fork();
    assert_true(between >= 0);
    if (between == 0) {
        char script[64];
        snprintf(script, sizeof script, "echo $$ >/dev/fd/%d; exec sleep 100",
                 pipe_ends[1]);
        ebb_child child;
        run_script(&child, script, 60);
        _exit(0);
    }
    char text[32] = "";
    assert_true(read(pipe_ends[0], text, sizeof text - 1) > 0);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    const pid_t sleeper = (pid_t)atoi(text);
    assert_true(sleeper > 0);
    assert_int_equal(kill(between, SIGKILL), 0);
    assert_int_equal(waitpid(between, NULL, 0), between);
    /* Its new parent takes it away at once or a little later. */
    for (int i = 0; i < 500 && kill(sleeper, 0) == 0; i++) {
        char path[64];
        char line[256] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", (int)sleeper);
        FILE *stream = fopen(path, "r");
        if (stream != NULL) {
            const bool any = fgets(line, sizeof line, stream) != NULL;
            fclose(stream);
            if (any && strstr(line, ") Z ") != NULL) {
                return; /* dead, and nobody takes it away here */
            }
        }
        usleep(10000);
    }
    assert_int_equal(kill(sleeper, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_orphan_holds_pipe),
        cmocka_unit_test(test_not_executable),
        cmocka_unit_test(test_prepare_fails),
        cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_dies_with_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
