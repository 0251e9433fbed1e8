/* Sweeps whose workers are scripts that print, end or hang as no worker should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include "sweep.h"

static char folder[] = "/tmp/ebb-sweep-XXXXXX";
static char worker[64], suite[64], results[64], calls[64];

static void write_file(const char *path, const char *text, mode_t mode)
{
    assert_int_equal(ebb_output_write(path, text, strlen(text)), EBB_OK);
    assert_int_equal(chmod(path, mode), 0);
}

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(worker, sizeof worker, "%s/worker", folder);
    snprintf(suite, sizeof suite, "%s/suite.yaml", folder);
    snprintf(results, sizeof results, "%s/results", folder);
    snprintf(calls, sizeof calls, "%s/calls", folder);
    write_file(suite,
               "suite: t\ntrial: {dataset: synthetic}\nsweep: {seed: [1, 2]}\n"
               "repetitions: 2\n",
               0644);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

/* A worker that answers `machine`, counts its calls, and then does what script says. */
static ebb_status sweep_with(const char *script, double timeout_seconds)
{
    char text[2048];
    snprintf(text, sizeof text,
             "#!/bin/sh\nif [ \"$1\" = machine ]; then echo '{}'; exit; fi\n"
             "echo \"$@\" >>'%s'\n%s\n",
             calls, script);
    write_file(worker, text, 0755);
    unlink(calls);
    const ebb_arguments arguments = {
        .given = (ebb_given[]){{"quiet", NULL}, {"progress", "never"}}, .n_given = 2};
    const ebb_sweep_plan plan = {.suite = suite,
                                 .folder = results,
                                 .program = worker,
                                 .timeout_seconds = timeout_seconds};
    return ebb_sweep_run(&plan, &arguments);
}

static size_t count_calls(void)
{
    FILE *stream = fopen(calls, "r");
    size_t n = 0;
    int c = 0;
    while (stream != NULL && (c = fgetc(stream)) != EOF) {
        n += c == '\n';
    }
    if (stream != NULL) {
        fclose(stream);
    }
    return n;
}

static bool kept_any(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/trials.jsonl", results);
    return access(path, F_OK) == 0;
}

static const struct {
    const char *script, *part;
    ebb_status status;
    size_t n_calls; /* 4: the others go on; 1: the sweep stops */
} cases[] = {
    {"true", "printed garbage: nothing", EBB_ERR_FAILED, 4},
    {"echo", "printed garbage", EBB_ERR_FAILED, 4},
    {"echo hello", "printed garbage", EBB_ERR_FAILED, 4},
    {"echo '{'", "printed garbage", EBB_ERR_FAILED, 4},
    {"echo '[]'", "printed garbage", EBB_ERR_FAILED, 4},
    {"echo '{}'", "not this trial's schema", EBB_ERR_FAILED, 4},
    {"echo '{} {}'", "printed garbage", EBB_ERR_FAILED, 4},
    {"echo '{\"schema\":\"ebb-trial/2\"}'", "not this trial's schema", EBB_ERR_FAILED, 4},
    {"echo '{\"schema\":\"ebb-trial/1\"}'", "not this trial's config_hash",
     EBB_ERR_FAILED, 4},
    {"echo '{\"schema\":\"ebb-trial/1\",\"schema\":\"ebb-trial/1\"}'", "duplicate",
     EBB_ERR_FAILED, 4},
    {"echo '{\"schema\":\"ebb-trial/1\",\"config_hash\":7}'", "config_hash",
     EBB_ERR_FAILED, 4},
    {"printf '{\"schema\":\\0}'", "printed garbage", EBB_ERR_FAILED, 4},
    {"printf '\\377\\376'", "printed garbage", EBB_ERR_FAILED, 4},
    {"echo '{}'; exit 1", "worker ended with status 1", EBB_ERR_FAILED, 4},
    {"echo 'ebb: no luck' >&2; exit 1", "status 1: no luck", EBB_ERR_FAILED, 4},
    {"exit 77", "worker ended with status 77", EBB_ERR_FAILED, 4},
    {"kill -SEGV $$", "ended by signal 11", EBB_ERR_FAILED, 4},
    {"echo '{}'; kill -KILL $$", "ended by signal 9", EBB_ERR_FAILED, 4},
    {"echo 'ebb: x: files absent' >&2; exit 3", "x: files absent", EBB_ERR_ENVIRONMENT,
     1},
    {"echo 'ebb: --x: bad' >&2; exit 2", "--x: bad", EBB_ERR_USAGE, 1},
};

static void test_garbage(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ebb_status status = sweep_with(cases[i].script, 60);
        const char *message = ebb_last_error();
        if (status != cases[i].status || strstr(message, cases[i].part) == NULL ||
            strchr(message, '\n') != NULL || count_calls() != cases[i].n_calls ||
            kept_any()) {
            fail_msg("%s: status %d after %zu calls, %s", cases[i].script, (int)status,
                     count_calls(), message);
        }
        assert_true(cases[i].n_calls == 1 ||
                    strstr(message, "sweep t: 4 of 4 trials failed") != NULL);
    }
}

static void test_timeout(void **state)
{
    (void)state;
    assert_int_equal(sweep_with("exec sleep 100", 0.1), EBB_ERR_FAILED);
    assert_non_null(strstr(ebb_last_error(), "was ended after its time-out"));
    assert_int_equal(count_calls(), 4);
    assert_false(kept_any());
}

/* One environment failure among others is told at the end and stops nobody. */
static void test_later_environment_failure(void **state)
{
    (void)state;
    const char *script =
        "case \"$*\" in *seed=2*) echo 'ebb: no memory' >&2; exit 3;; esac\n"
        "exit 1";
    const ebb_status status = sweep_with(script, 60);
    /* Which of the two seeds comes first is decided by the suite's own random order. */
    if (count_calls() == 4) {
        assert_int_equal(status, EBB_ERR_ENVIRONMENT);
        assert_non_null(strstr(ebb_last_error(), "sweep t: 4 of 4 trials failed"));
    } else {
        assert_int_equal(count_calls(), 1);
        assert_string_equal(ebb_last_error(), "no memory");
    }
}

/* The worker is told its repetition and every option that was given. */
static void test_words(void **state)
{
    (void)state;
    assert_int_equal(sweep_with("true", 60), EBB_ERR_FAILED);
    char *text = NULL;
    size_t size_bytes = 0;
    assert_int_equal(ebb_output_read(&text, &size_bytes, calls, 1 << 20, EBB_ERR_USAGE),
                     EBB_OK);
    static const char *const words[] = {
        "worker --repetition=1 --format=json",
        "worker --repetition=2",
        "--seed=1",
        "--seed=2",
        "--dataset=synthetic",
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(text, words[i]) == NULL) {
            fail_msg("%s not in %s", words[i], text);
        }
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_later_environment_failure),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
