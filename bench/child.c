#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "ending.h"

enum {
    OUTPUT_LIMIT_BYTES = 16 << 20,
    TICK_MS = 200,
    EXIT_POLL_MS = 2, /* between the end of its output and its exit */
};

/* A running child as its parent sees it. */
typedef struct watch {
    pid_t pid;
    bool group;
    struct pollfd pipes[2]; /* stdout and stderr; fd −1 once ended */
    int reason;             /* errno of a read that failed, else 0 */
    bool exited;
    int wait_status;
} watch;

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0) {
            close(pair[i]);
        }
        pair[i] = -1;
    }
}

/* Dies with the parent, and has the pipes for stdout and stderr. */
static ebb_status attach(const ebb_child_plan *plan, pid_t parent, int output, int errors)
{
    ebb_ending_release();
    const int nothing = open("/dev/null", O_RDONLY);
    /* The parent may be gone before prctl asked to be told of its death. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
        (plan->group && setpgid(0, 0) != 0) || nothing < 0 ||
        dup2(nothing, STDIN_FILENO) < 0 || dup2(errors, STDERR_FILENO) < 0 ||
        dup2(output, STDOUT_FILENO) < 0) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "worker: not to be started (%s)",
                        strerror(errno));
    }
    if (nothing > STDERR_FILENO) {
        close(nothing);
    }
    return EBB_OK;
}

/* Never returns. Everything that fails here is told on the pipe that is stderr, or will
 * be. */
static void become(const ebb_child_plan *plan, pid_t parent, int output, int errors)
{
    ebb_status status = attach(plan, parent, output, errors);
    if (status == EBB_OK) {
        errors = STDERR_FILENO;
        status = plan->prepare == NULL ? EBB_OK : plan->prepare(plan->argument);
    }
    if (status == EBB_OK) {
        /* execv promises not to change the words; its type is older than const. */
        char *const *words = NULL;
        memcpy(&words, &plan->words, sizeof words);
        execv(plan->program, words);
        status = ebb_fail(EBB_ERR_ENVIRONMENT, "%s: not to be executed (%s)",
                          plan->program, strerror(errno));
    }
    dprintf(errors, "ebb: %s\n", ebb_last_error());
    _exit((int)status);
}

static ebb_status start(watch *out, const ebb_child_plan *plan)
{
    int output[2] = {-1, -1};
    int errors[2] = {-1, -1};
    const pid_t parent = getpid();
    pid_t pid = -1;
    fflush(NULL); /* nothing buffered may be printed twice */
    ebb_ending_hold();
    if (pipe2(output, O_CLOEXEC) == 0 && pipe2(errors, O_CLOEXEC) == 0) {
        pid = fork();
    }
    const int reason = errno;
    if (pid > 0 && plan->group) {
        setpgid(pid, pid); /* whoever is first; after exec it is refused and done */
        ebb_ending_group(pid);
    }
    ebb_ending_release();
    if (pid < 0) {
        close_pair(output);
        close_pair(errors);
        return ebb_fail(EBB_ERR_ENVIRONMENT, "worker: no process to be had (%s)",
                        strerror(reason));
    }
    if (pid == 0) {
        become(plan, parent, output[1], errors[1]);
    }
    close(output[1]);
    close(errors[1]);
    *out = (watch){
        .pid = pid,
        .group = plan->group,
        .pipes = {{.fd = output[0], .events = POLLIN},
                  {.fd = errors[0], .events = POLLIN}},
    };
    return EBB_OK;
}

/* Reads what is there. Closes the pipe at its end, also when reading fails: *reason tells
 * why. */
static void read_pipe(struct pollfd *pipe, ebb_text *text, int *reason)
{
    char chunk[8192];
    const ssize_t n = read(pipe->fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) {
        return;
    }
    if (n <= 0) {
        *reason = n < 0 ? errno : *reason;
        close(pipe->fd);
        pipe->fd = -1;
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        if (chunk[i] == '\0') {
            chunk[i] = '\1'; /* the text stays one text, and bad JSON stays bad */
        }
    }
    ebb_text_append(text, "%.*s", (int)n, chunk);
}

/* Waits for output or a tick. True when something was read. */
static bool gather(watch *child, ebb_child *out)
{
    const bool all_ended = child->pipes[0].fd < 0 && child->pipes[1].fd < 0;
    if (poll(child->pipes, 2, all_ended ? EXIT_POLL_MS : TICK_MS) <= 0) {
        return false;
    }
    ebb_text *texts[2] = {&out->output, &out->errors};
    bool any = false;
    for (int i = 0; i < 2; i++) {
        if (child->pipes[i].fd >= 0 && child->pipes[i].revents != 0) {
            read_pipe(&child->pipes[i], texts[i], &child->reason);
            any = true;
        }
    }
    return any;
}

static void kill_child(const watch *child)
{
    kill(child->group ? -child->pid : child->pid, SIGKILL);
}

/* The group is killed while the child is a zombie, that still holds its number. */
static void note_exit(watch *child)
{
    siginfo_t info = {.si_pid = 0};
    if (child->exited ||
        waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid != child->pid) {
        return;
    }
    if (child->group) {
        kill_child(child);
        ebb_ending_group(0);
    }
    child->exited = waitpid(child->pid, &child->wait_status, 0) == child->pid;
}

/* What could not be taken over is no fault of the child. */
static ebb_status check_gathered(ebb_child *child, int reason)
{
    ebb_status status = ebb_text_check(&child->output);
    if (status == EBB_OK) {
        status = ebb_text_check(&child->errors);
    }
    if (reason != 0) {
        status = ebb_fail(EBB_ERR_ENVIRONMENT, "worker: its output is not readable (%s)",
                          strerror(reason));
    }
    if (status != EBB_OK) {
        ebb_child_clear(child);
    }
    return status;
}

ebb_status ebb_child_run(ebb_child *out, const ebb_child_plan *plan)
{
    *out = (ebb_child){.status = -1};
    watch child;
    EBB_TRY(start(&child, plan));
    const uint64_t started = ebb_clock_now_ns();
    bool killed = false;
    bool any = true;
    /* What it printed before it ended is still in the pipes; somebody else who holds them
     * open is not waited for. */
    while (any || !child.exited) {
        note_exit(&child);
        any = gather(&child, out);
        if (plan->tick != NULL) {
            plan->tick(plan->tick_argument);
        }
        out->printed_too_much =
            out->output.length + out->errors.length > OUTPUT_LIMIT_BYTES;
        const double seconds = ebb_clock_seconds(started, ebb_clock_now_ns());
        if (!killed && !child.exited &&
            (seconds > plan->timeout_seconds || out->printed_too_much)) {
            out->timed_out = !out->printed_too_much;
            killed = true;
            kill_child(&child);
        }
        if (out->printed_too_much && child.exited) {
            break;
        }
    }
    for (int i = 0; i < 2; i++) {
        if (child.pipes[i].fd >= 0) {
            close(child.pipes[i].fd);
        }
    }
    const bool by_signal = WIFSIGNALED(child.wait_status);
    out->signal = by_signal ? WTERMSIG(child.wait_status) : 0;
    out->status = by_signal ? -1 : WEXITSTATUS(child.wait_status);
    return check_gathered(out, child.reason);
}

/* A library that is refused memory may crash: a limit of the process is a likely reason.
 */
static void print_signal(char out[128], int number)
{
    const int n =
        snprintf(out, 128, "was ended by signal %d (%s)", number, strsignal(number));
    struct rlimit space;
    if ((number == SIGSEGV || number == SIGBUS || number == SIGABRT) &&
        getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY && n > 0 &&
        n < 128) {
        snprintf(out + n, 128 - (size_t)n, " under a limit of %llu kB (ulimit -v)",
                 (unsigned long long)space.rlim_cur / 1024);
    }
}

const char *ebb_child_reason(char out[128], const ebb_child *child)
{
    out[0] = '\0';
    if (child->timed_out) {
        snprintf(out, 128, "was ended after its time-out");
    } else if (child->printed_too_much) {
        snprintf(out, 128, "printed more than %d MiB", OUTPUT_LIMIT_BYTES >> 20);
    } else if (child->signal != 0) {
        print_signal(out, child->signal);
    } else if (child->status != 0) {
        snprintf(out, 128, "ended with status %d", child->status);
    }
    return out;
}

char *ebb_child_message(const ebb_child *child)
{
    size_t end = child->errors.length;
    while (end > 0 && child->errors.data[end - 1] == '\n') {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && child->errors.data[begin - 1] != '\n') {
        begin--;
    }
    if (begin == end) {
        return NULL;
    }
    const char *line = child->errors.data + begin;
    const size_t skip = strncmp(line, "ebb: ", 5) == 0 ? 5 : 0;
    return strndup(line + skip, end - begin - skip);
}

void ebb_child_clear(ebb_child *child)
{
    ebb_text_clear(&child->output);
    ebb_text_clear(&child->errors);
    *child = (ebb_child){0};
}
