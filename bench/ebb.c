/* ebb.c - the program: finds the command, runs it, turns its status into the exit status.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "command.h"
#include "guard.h"

static void print_version(void)
{
    printf("ebb %s\n", EBB_VERSION);
}

/* Help is given even where the rest of the line would be refused. */
static bool asks_for_help(char *const *words, size_t n)
{
    for (size_t i = 0; i < n && strcmp(words[i], "--") != 0; i++) {
        if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

/* `ebb help` and `ebb help COMMAND`. */
static ebb_status run_help(const ebb_arguments *arguments, char *const *words, size_t n)
{
    if (n > 1) {
        return ebb_fail(EBB_ERR_USAGE, "help: too many words (usage: ebb help COMMAND)");
    }
    const ebb_command *command = n == 0 ? NULL : ebb_command_find(words[0]);
    if (n == 1 && command == NULL) {
        return EBB_ERR_USAGE;
    }
    ebb_command_help(stdout, command, ebb_arguments_color(arguments, stdout));
    return EBB_OK;
}

static ebb_status run_command(ebb_arguments *arguments, char *const *words, size_t n)
{
    arguments->command = ebb_command_find(words[0]);
    if (arguments->command == NULL) {
        return EBB_ERR_USAGE;
    }
    size_t used = 0;
    if (asks_for_help(words, n)) {
        ebb_command_help(stdout, arguments->command,
                         ebb_arguments_color(arguments, stdout));
        return EBB_OK;
    }
    EBB_TRY(ebb_arguments_parse(arguments, &used, words + 1, n - 1));
    if (ebb_arguments_has(arguments, "version")) {
        print_version();
        return EBB_OK;
    }
    return arguments->command->run(arguments);
}

static ebb_status run_program(ebb_arguments *arguments, char *const *words, size_t n)
{
    size_t used = 0;
    if (n > 0 && strcmp(words[0], "-h") == 0) {
        return run_help(arguments, NULL, 0);
    }
    EBB_TRY(ebb_arguments_parse(arguments, &used, words, n));
    if (ebb_arguments_has(arguments, "help")) {
        return run_help(arguments, NULL, 0);
    }
    if (ebb_arguments_has(arguments, "version")) {
        print_version();
        return EBB_OK;
    }
    if (used == n) {
        ebb_command_help(stderr, NULL, ebb_arguments_color(arguments, stderr));
        return ebb_fail(EBB_ERR_USAGE, "command missing (see ebb --help)");
    }
    if (strcmp(words[used], "help") == 0) {
        return run_help(arguments, words + used + 1, n - used - 1);
    }
    return run_command(arguments, words + used, n - used);
}

/* A result that did not reach its reader is a failure, however well it was computed. */
static ebb_status finish_output(ebb_status status)
{
    const bool failed = ferror(stdout) != 0;
    errno = 0;
    if ((fflush(stdout) != 0 || failed || fclose(stdout) != 0) &&
        (status == EBB_OK || status == EBB_ERR_FAILED)) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "standard output: not all was written (%s)",
                        errno == 0 ? "an earlier write failed" : strerror(errno));
    }
    return status == EBB_OK ? ebb_text_check_thread() : status;
}

int main(int argc, char **argv)
{
    ebb_arguments arguments = {0};
    ebb_guard_begin();
    const size_t n = argc > 0 ? (size_t)argc - 1 : 0;
    const ebb_status status = finish_output(run_program(&arguments, argv + 1, n));
    if (status != EBB_OK) {
        const bool color = ebb_arguments_color(&arguments, stderr);
        fprintf(stderr, "%sebb:%s %s\n", color ? "\033[31;1m" : "",
                color ? "\033[0m" : "", ebb_last_error());
    }
    ebb_arguments_clear(&arguments);
    ebb_guard_end(status);
    return (int)status;
}
