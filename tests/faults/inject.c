/* inject.c - makes one call of a function fail, from outside.
 *
 * Loaded before the C library (LD_PRELOAD). EBB_INJECT="GROUP:INDEX:ERRNO:PROCESS:CALLER"
 * chooses: the INDEX-th call (1-based; "12+" is the 12th and all after it, 0 only counts)
 * of the functions of a GROUP, in processes whose first word is PROCESS and, after a
 * blank there, that have the second word too, when called from the library CALLER ("ebb":
 * the program itself, "*": any). EBB_INJECT_STATE names a file of 16 bytes that all those
 * processes share: how many calls there were, how many of them failed. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

typedef struct state {
    uint64_t calls, failed;
} state;

enum { MAX_RANGES = 16 };

static struct {
    char group[16], process[64], caller[32];
    uint64_t index;
    bool onwards;
    int error;
    state *state; /* NULL: this process is not meant */
    struct {
        uintptr_t begin, end;
    } ranges[MAX_RANGES]; /* of the caller's segments */
    size_t n_ranges;
} plan;

/* glibc's own, which need no looking up: dlsym allocates. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static int take_library(struct dl_phdr_info *info, size_t size, void *count)
{
    (void)size;
    int *seen = count;
    const bool program = (*seen)++ == 0;
    const char *name = program ? "ebb" : info->dlpi_name;
    for (size_t i = 0; i < info->dlpi_phnum && strstr(name, plan.caller) != NULL &&
                       (program || strcmp(plan.caller, "ebb") != 0);
         i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && plan.n_ranges < MAX_RANGES) {
            const uintptr_t begin = info->dlpi_addr + segment->p_vaddr;
            plan.ranges[plan.n_ranges].begin = begin;
            plan.ranges[plan.n_ranges++].end = begin + segment->p_memsz;
        }
    }
    return 0;
}

static bool is_meant(int argc, char **argv)
{
    char first[64];
    char second[64] = "";
    const char *slash = argc < 1 ? NULL : strrchr(argv[0], '/');
    if (argc < 2 || strcmp(slash == NULL ? argv[0] : slash + 1, "ebb") != 0 ||
        sscanf(plan.process, "%63s %63s", first, second) < 1 ||
        strcmp(argv[1], first) != 0) {
        return false;
    }
    bool found = second[0] == '\0';
    for (int i = 2; i < argc; i++) {
        found = found || strcmp(argv[i], second) == 0;
    }
    return found;
}

__attribute__((constructor)) static void prepare(int argc, char **argv)
{
    const char *text = getenv("EBB_INJECT");
    const char *path = getenv("EBB_INJECT_STATE");
    char index[16];
    if (text == NULL || path == NULL ||
        sscanf(text, "%15[^:]:%15[^:]:%d:%63[^:]:%31s", plan.group, index, &plan.error,
               plan.process, plan.caller) != 5 ||
        !is_meant(argc, argv)) {
        return;
    }
    char *end = NULL;
    plan.index = strtoull(index, &end, 10);
    plan.onwards = *end == '+';
    int count = 0;
    dl_iterate_phdr(take_library, &count);
    const int file = open(path, O_RDWR | O_CLOEXEC);
    void *shared =
        file < 0 ? MAP_FAILED
                 : mmap(NULL, sizeof(state), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0) {
        close(file);
    }
    if (shared == MAP_FAILED) {
        abort();
    }
    plan.state = shared;
}

static bool comes_from(const void *address)
{
    bool found = plan.caller[0] == '*';
    for (size_t i = 0; i < plan.n_ranges && !found; i++) {
        found = (uintptr_t)address >= plan.ranges[i].begin &&
                (uintptr_t)address < plan.ranges[i].end;
    }
    return found;
}

/* Is this the call that is to fail? errno is then set. */
static bool fails(const char *group, const void *address)
{
    if (plan.state == NULL || strcmp(group, plan.group) != 0 || !comes_from(address)) {
        return false;
    }
    const uint64_t call = __atomic_add_fetch(&plan.state->calls, 1, __ATOMIC_RELAXED);
    if (plan.index == 0 || call < plan.index || (call > plan.index && !plan.onwards)) {
        return false;
    }
    __atomic_add_fetch(&plan.state->failed, 1, __ATOMIC_RELAXED);
    errno = plan.error;
    return true;
}

#define FAILS(group) fails(group, __builtin_return_address(0))

/* dlsym gives a pointer to an object; ISO C has no cast from it to one to a function. */
#define REAL(name)                                                                       \
    __typeof__(&name) real;                                                              \
    void *symbol = dlsym(RTLD_NEXT, #name);                                              \
    memcpy(&real, &symbol, sizeof real)

/* ---- memory -------------------------------------------------------------------------
 */

void *malloc(size_t size)
{
    return FAILS("memory") ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return FAILS("memory") ? NULL : __libc_calloc(n, size);
}

void *realloc(void *pointer, size_t size)
{
    return FAILS("memory") ? NULL : __libc_realloc(pointer, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return FAILS("memory") ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    if (FAILS("memory")) {
        return ENOMEM;
    }
    *out = __libc_memalign(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}

void *mmap(void *address, size_t length, int protection, int flags, int file,
           off_t offset)
{
    REAL(mmap);
    return FAILS("map") ? MAP_FAILED
                        : real(address, length, protection, flags, file, offset);
}

/* ---- files --------------------------------------------------------------------------
 */

/* Group "short": half of it is written, as on a disk that fills up. */
ssize_t write(int file, const void *data, size_t size)
{
    REAL(write);
    if (size > 1 && FAILS("short")) {
        return real(file, data, size / 2);
    }
    return FAILS("write") ? -1 : real(file, data, size);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    REAL(pwrite);
    return FAILS("write") ? -1 : real(file, data, size, offset);
}

ssize_t writev(int file, const struct iovec *parts, int n)
{
    REAL(writev);
    return FAILS("write") ? -1 : real(file, parts, n);
}

int fsync(int file)
{
    REAL(fsync);
    return FAILS("sync") ? -1 : real(file);
}

int fdatasync(int file)
{
    REAL(fdatasync);
    return FAILS("sync") ? -1 : real(file);
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    return FAILS("rename") ? -1 : real(from, to);
}

int ftruncate(int file, off_t length)
{
    REAL(ftruncate);
    return FAILS("truncate") ? -1 : real(file, length);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir);
    return FAILS("mkdir") ? -1 : real(path, mode);
}

/* Closed all the same, as Linux does. */
int close(int file)
{
    REAL(close);
    const bool failing = FAILS("close");
    const int result = real(file);
    errno = failing ? plan.error : errno;
    return failing ? -1 : result;
}

int open(const char *path, int flags, ...)
{
    REAL(open);
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return FAILS("open") ? -1 : real(path, flags, mode);
}

ssize_t read(int file, void *data, size_t size)
{
    REAL(read);
    return FAILS("read") ? -1 : real(file, data, size);
}

ssize_t pread(int file, void *data, size_t size, off_t offset)
{
    REAL(pread);
    return FAILS("read") ? -1 : real(file, data, size, offset);
}

/* ---- streams: their own writes do not pass through write ----------------------------
 */

enum { STREAM_ERROR = 0x20 }; /* glibc's _IO_ERR_SEEN */

FILE *fopen(const char *path, const char *mode)
{
    REAL(fopen);
    return FAILS("open") ? NULL : real(path, mode);
}

size_t fread(void *data, size_t size, size_t n, FILE *stream)
{
    REAL(fread);
    if (FAILS("read")) {
        stream->_flags |= STREAM_ERROR;
        return 0;
    }
    return real(data, size, n, stream);
}

ssize_t __getdelim(char **line, size_t *capacity, int delimiter, FILE *stream);
ssize_t __getdelim(char **line, size_t *capacity, int delimiter, FILE *stream)
{
    REAL(__getdelim);
    if (FAILS("read")) {
        stream->_flags |= STREAM_ERROR;
        return -1;
    }
    return real(line, capacity, delimiter, stream);
}

ssize_t getline(char **line, size_t *capacity, FILE *stream)
{
    REAL(getline);
    if (FAILS("read")) {
        stream->_flags |= STREAM_ERROR;
        return -1;
    }
    return real(line, capacity, stream);
}

/* Errors are not injected into the messages themselves. */
static bool stream_fails(FILE *stream, const void *address)
{
    if (stream == stderr || !fails("stream", address)) {
        return false;
    }
    if (stream != NULL) {
        stream->_flags |= STREAM_ERROR;
    }
    return true;
}

size_t fwrite(const void *data, size_t size, size_t n, FILE *stream)
{
    REAL(fwrite);
    return stream_fails(stream, __builtin_return_address(0))
               ? 0
               : real(data, size, n, stream);
}

int fputs(const char *text, FILE *stream)
{
    REAL(fputs);
    return stream_fails(stream, __builtin_return_address(0)) ? EOF : real(text, stream);
}

int fflush(FILE *stream)
{
    REAL(fflush);
    return stream_fails(stream, __builtin_return_address(0)) ? EOF : real(stream);
}

int fclose(FILE *stream)
{
    REAL(fclose);
    const bool failing = stream_fails(stream, __builtin_return_address(0));
    const int result = real(stream);
    errno = failing ? plan.error : errno;
    return failing ? EOF : result;
}

/* ---- processes and threads ----------------------------------------------------------
 */

pid_t fork(void)
{
    REAL(fork);
    return FAILS("fork") ? -1 : real();
}

int execv(const char *path, char *const words[])
{
    REAL(execv);
    return FAILS("exec") ? -1 : real(path, words);
}

int pipe2(int pair[2], int flags)
{
    REAL(pipe2);
    return FAILS("pipe") ? -1 : real(pair, flags);
}

int dup2(int from, int to)
{
    REAL(dup2);
    return FAILS("dup") ? -1 : real(from, to);
}

int setenv(const char *name, const char *value, int overwrite)
{
    REAL(setenv);
    return FAILS("setenv") ? -1 : real(name, value, overwrite);
}

int pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument)
{
    REAL(pthread_create);
    return FAILS("thread") ? plan.error : real(out, attributes, run, argument);
}

/* ---- compressed files ---------------------------------------------------------------
 */

int inflate(void *stream, int flush);
int inflate(void *stream, int flush)
{
    enum { DATA_ERROR = -3 }; /* zlib's */
    REAL(inflate);
    return FAILS("inflate") ? DATA_ERROR : real(stream, flush);
}
