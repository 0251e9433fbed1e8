#include "guard.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"

/* What a library may have asked for in vain before it followed a null pointer. */
enum { SHORT_BYTES = 16 << 20 };

/* Handlers have nothing but globals to look at. */
static volatile sig_atomic_t is_over;
static atomic_bool is_told;
static struct sigaction usual_fault;

typedef void (*terminate_fn)(void);
typedef terminate_fn (*set_terminate_fn)(terminate_fn);
typedef const void *(*current_type_fn)(void);

/* C++'s own, under the names of its binary interface; absent without a C++ runtime. */
static struct {
    terminate_fn usual;
    current_type_fn current_type;
    const void *bad_alloc;
} cpp;

/* Nothing that allocates: memory may be what is missing. Several threads may be refused
 * at once: one of them tells it. */
static void leave(const char *line)
{
    while (atomic_exchange(&is_told, true)) {
        pause();
    }
    const ssize_t written = write(STDERR_FILENO, line, strlen(line));
    (void)written; /* nobody is left to be told */
    _exit(EBB_ERR_ENVIRONMENT);
}

static void leave_after_exit(void)
{
    if (!is_over) {
        leave("ebb: OpenMP: ended by its runtime, which the system refused threads or "
              "memory (fewer --threads, or a higher limit)\n");
    }
}

static void leave_after_throw(void)
{
    if (cpp.current_type() == cpp.bad_alloc) {
        leave("ebb: memory: refused by the system inside a library\n");
    }
    cpp.usual();
}

static bool is_memory_short(void)
{
    void *probe = mmap(NULL, SHORT_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED) {
        return true;
    }
    munmap(probe, SHORT_BYTES);
    return false;
}

/* Of a fault the instruction is tried again, and fails again; a signal that somebody sent
 * would be lost. */
static void leave_after_fault(int number, siginfo_t *about, void *context)
{
    (void)context;
    if (atomic_load(&is_told) || is_memory_short()) {
        leave("ebb: memory: refused by the system inside a library, which crashed "
              "(a higher limit, as of ulimit -v)\n");
    }
    sigaction(number, &usual_fault, NULL);
    if (about->si_code <= 0) {
        raise(number);
    }
}

/* dlsym gives a pointer to an object; ISO C has no cast from it to one to a function. */
static void find(void *function, const char *name)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    memcpy(function, &symbol, sizeof symbol);
}

static void guard_exceptions(void)
{
    set_terminate_fn set_terminate = NULL;
    find(&set_terminate, "_ZSt13set_terminatePFvvE");
    find(&cpp.current_type, "__cxa_current_exception_type");
    cpp.bad_alloc = dlsym(RTLD_DEFAULT, "_ZTISt9bad_alloc");
    if (set_terminate != NULL && cpp.current_type != NULL && cpp.bad_alloc != NULL) {
        cpp.usual = set_terminate(leave_after_throw);
    }
    /* The C library loads its unwinder when an exception first passes one of its frames,
     * and aborts where it is refused the memory for that. */
    void *frame = NULL;
    (void)backtrace(&frame, 1);
}

void ebb_guard_begin(void)
{
    guard_exceptions();
    const struct sigaction action = {.sa_sigaction = leave_after_fault,
                                     .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, &usual_fault);
    /* Without it a refusal still ends the program, with another status. */
    (void)atexit(leave_after_exit);
}

/* Where memory may have been refused oneDNN's kernels may be half made, and what it does
 * to those at exit crashes; everything has been written. */
void ebb_guard_end(ebb_status status)
{
    is_over = 1;
    if (ebb_buffer_space_is_limited()) {
        _exit((int)status);
    }
}
