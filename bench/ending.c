#include "ending.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

/* A handler has nothing but globals to look at. */
static volatile sig_atomic_t line_is_drawn;
static volatile sig_atomic_t group_to_kill;

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

enum { N_NUMBERS = sizeof numbers / sizeof numbers[0] };

static void clear_and_die(int number)
{
    if (line_is_drawn) {
        const ssize_t written =
            write(STDERR_FILENO, EBB_CLEAR_LINE, sizeof EBB_CLEAR_LINE - 1);
        (void)written; /* nobody is left to be told */
    }
    if (group_to_kill > 0) {
        kill(-group_to_kill, SIGKILL);
    }
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_signals(void)
{
    for (size_t i = 0; i < N_NUMBERS; i++) {
        struct sigaction old;
        /* What was ignored (nohup) stays ignored. */
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
            struct sigaction action = {.sa_handler = clear_and_die};
            sigemptyset(&action.sa_mask);
            sigaction(numbers[i], &action, NULL);
        }
    }
}

void ebb_ending_line(bool drawn)
{
    catch_signals();
    line_is_drawn = drawn ? 1 : 0;
}

bool ebb_ending_has_line(void)
{
    return line_is_drawn != 0;
}

static void block(int how)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < N_NUMBERS; i++) {
        sigaddset(&set, numbers[i]);
    }
    sigprocmask(how, &set, NULL);
}

void ebb_ending_hold(void)
{
    block(SIG_BLOCK);
}

void ebb_ending_release(void)
{
    block(SIG_UNBLOCK);
}

void ebb_ending_group(pid_t group)
{
    catch_signals();
    group_to_kill = group;
}
