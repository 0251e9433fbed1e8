/* Only regular files are opened, and nothing is waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char folder[] = "/tmp/ebb-file-XXXXXX";

static int enter(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    unlink("fifo");
    unlink("file");
    return chdir("/") == 0 ? rmdir(folder) : -1;
}

static void test_file(void **state)
{
    (void)state;
    const int file = open("file", O_WRONLY | O_CREAT, (mode_t)0600);
    assert_int_equal(write(file, "ab", 2), 2);
    close(file);
    const char *reason = NULL;
    FILE *stream = ebb_file_open(&reason, "file");
    assert_non_null(stream);
    assert_int_equal(fgetc(stream), 'a');
    fclose(stream);
}

static void expect_refused(const char *path, int error, const char *why)
{
    const char *reason = NULL;
    assert_null(ebb_file_open(&reason, path));
    assert_int_equal(errno, error);
    assert_non_null(strstr(reason, why));
}

static void test_others(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("fifo", (mode_t)0600), 0);
    expect_refused("fifo", EINVAL, "is a FIFO");
    expect_refused("/dev/zero", EINVAL, "regular file is needed");
    expect_refused(".", EISDIR, "directory");
    expect_refused("absent", ENOENT, "No such file");
    expect_refused("/dev/null/x", ENOTDIR, "Not a directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
