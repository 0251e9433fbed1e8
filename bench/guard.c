#include "guard.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"

/* Handlers have nothing but globals to look at. */
static volatile sig_atomic_t is_over;

typedef void (*terminate_fn)(void);
typedef terminate_fn (*set_terminate_fn)(terminate_fn);
typedef const void *(*current_type_fn)(void);

/* C++'s own, under the names of its binary interface; absent without a C++ runtime. */
static struct {
    terminate_fn usual;
    current_type_fn current_type;
    const void *bad_alloc;
} cpp;

/* Nothing that allocates: memory may be what is missing. */
static void leave(const char *line)
{
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

/* dlsym gives a pointer to an object; ISO C has no cast from it to one to a function. */
static void find(void *function, const char *name)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    memcpy(function, &symbol, sizeof symbol);
}

void ebb_guard_begin(void)
{
    set_terminate_fn set_terminate = NULL;
    find(&set_terminate, "_ZSt13set_terminatePFvvE");
    find(&cpp.current_type, "__cxa_current_exception_type");
    cpp.bad_alloc = dlsym(RTLD_DEFAULT, "_ZTISt9bad_alloc");
    if (set_terminate != NULL && cpp.current_type != NULL && cpp.bad_alloc != NULL) {
        cpp.usual = set_terminate(leave_after_throw);
    }
    /* Without it a refusal still ends the program, with another status. */
    (void)atexit(leave_after_exit);
}

void ebb_guard_end(void)
{
    is_over = 1;
}
