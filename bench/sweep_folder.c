#include "sweep_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "output.h"
#include "study/trials.h"

static ebb_status fail_file(const char *path, const char *what)
{
    return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s (%s)", path, what, strerror(errno));
}

/* Who holds the lock, as its file says; the file may be older, or its text on its way. */
static ebb_status fail_locked(const ebb_sweep_folder *folder)
{
    char text[32] = "";
    const ssize_t n = pread(folder->lock, text, sizeof text - 1, 0);
    const long pid = n > 0 ? strtol(text, NULL, 10) : 0;
    char process[48] = "";
    if (pid > 0) {
        snprintf(process, sizeof process, ", process %ld", pid);
    }
    return ebb_fail(EBB_ERR_ENVIRONMENT,
                    "%s: another sweep is at work here%s (allowed: one at a time, or "
                    "another --output-dir)",
                    folder->path, process);
}

static bool sign_lock(int file)
{
    char text[32];
    const int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    return ftruncate(file, 0) == 0 && write(file, text, (size_t)length) == length;
}

static ebb_status take_lock(ebb_sweep_folder *folder)
{
    char *path = ebb_output_path(folder->path, "lock");
    if (path == NULL) {
        return ebb_fail_memory(strlen(folder->path));
    }
    ebb_status status = EBB_OK;
    folder->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, (mode_t)0666);
    if (folder->lock < 0) {
        status = fail_file(path, "no lock to be had");
    } else if (flock(folder->lock, LOCK_EX | LOCK_NB) != 0) {
        status = errno == EWOULDBLOCK ? fail_locked(folder)
                                      : fail_file(path, "no lock to be had");
    } else if (!sign_lock(folder->lock)) {
        status = fail_file(path, "not written");
    }
    free(path);
    return status;
}

/* trials.jsonl to trials.20260131T235959Z.jsonl, the next free name. */
static ebb_status move_trials(const ebb_sweep_folder *folder,
                              const ebb_arguments *arguments)
{
    if (access(folder->trials, F_OK) != 0) {
        return EBB_OK;
    }
    char stamp[32];
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
    ebb_text path = {0};
    for (int i = 1; path.data == NULL || access(path.data, F_OK) == 0; i++) {
        ebb_text_clear(&path);
        ebb_text_append(&path, "%s/trials.%s", folder->path, stamp);
        ebb_text_append(&path, i == 1 ? ".jsonl" : "-%d.jsonl", i);
        EBB_TRY(ebb_text_check(&path));
    }
    ebb_status status = EBB_OK;
    if (rename(folder->trials, path.data) != 0) {
        status = fail_file(folder->trials, "not to be moved aside");
    } else {
        ebb_note(arguments, "earlier trials are kept in %s", path.data);
    }
    ebb_text_clear(&path);
    return status;
}

/* What others made of the trials afterwards: `ebb report` and scripts/plot. */
static const struct {
    const char *name, *mark; /* mark: in the first KiB of ours, for a name is anybody's */
} pages[] = {
    {"report.html", "ebb report</title>"},
    {"forgetting.svg", "<title>Gnuplot</title>"},
    {"step_latency.svg", "<title>Gnuplot</title>"},
};

static bool has_mark(const char *path, const char *mark)
{
    char head[1024];
    FILE *file = fopen(path, "rbe");
    const size_t n = file == NULL ? 0 : fread(head, 1, sizeof head - 1, file);
    head[n] = '\0';
    if (file != NULL) {
        fclose(file);
    }
    return strstr(head, mark) != NULL;
}

static ebb_status remove_pages(const ebb_sweep_folder *folder)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        char *path = ebb_output_path(folder->path, pages[i].name);
        if (path == NULL) {
            return ebb_fail_memory(strlen(folder->path));
        }
        ebb_status status = EBB_OK;
        if (has_mark(path, pages[i].mark) && unlink(path) != 0) {
            status = fail_file(path, "not to be removed");
        }
        free(path);
        EBB_TRY(status);
    }
    return EBB_OK;
}

/* What is made of trials does not outlive them. */
static ebb_status start_over(const ebb_sweep_folder *folder,
                             const ebb_arguments *arguments)
{
    EBB_TRY(move_trials(folder, arguments));
    EBB_TRY(remove_pages(folder));
    for (size_t i = 0; ebb_table_choice(i) != NULL; i++) {
        static const char *const endings[] = {"md", "csv"};
        for (size_t k = 0; k < 2; k++) {
            ebb_text path = {0};
            ebb_text_append(&path, "%s/%s.%s", folder->path, ebb_table_at(i)->file_stem,
                            endings[k]);
            EBB_TRY(ebb_text_check(&path));
            const bool failed = unlink(path.data) != 0 && errno != ENOENT;
            const ebb_status status =
                failed ? fail_file(path.data, "not to be removed") : EBB_OK;
            ebb_text_clear(&path);
            EBB_TRY(status);
        }
    }
    return EBB_OK;
}

/* Appends what stands from offset on to trials.torn. */
static ebb_status copy_tail(const ebb_sweep_folder *folder, int from, size_t offset)
{
    char *path = ebb_output_path(folder->path, "trials.torn");
    if (path == NULL) {
        return ebb_fail_memory(strlen(folder->path));
    }
    const int to = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, (mode_t)0666);
    bool good = to >= 0 && lseek(from, (off_t)offset, SEEK_SET) >= 0;
    char chunk[8192];
    ssize_t n = 0;
    while (good && (n = read(from, chunk, sizeof chunk)) > 0) {
        good = write(to, chunk, (size_t)n) == n;
    }
    good = good && n == 0 && write(to, "\n", 1) == 1 && fsync(to) == 0;
    const ebb_status status = good ? EBB_OK : fail_file(path, "not written");
    if (to >= 0) {
        close(to);
    }
    free(path);
    return status;
}

/* First kept, then cut off: at any moment it is in at least one place. */
static ebb_status move_torn(const ebb_sweep_folder *folder, const ebb_trials *trials,
                            const ebb_arguments *arguments)
{
    const int file = open(folder->trials, O_RDWR | O_CLOEXEC);
    if (file < 0) {
        return fail_file(folder->trials, "not to be opened");
    }
    ebb_status status = copy_tail(folder, file, trials->torn_offset);
    if (status == EBB_OK &&
        (ftruncate(file, (off_t)trials->torn_offset) != 0 || fsync(file) != 0)) {
        status = fail_file(folder->trials, "not to be shortened");
    }
    close(file);
    if (status == EBB_OK) {
        ebb_note(arguments,
                 "%s:%zu: torn line moved to trials.torn; its trial runs again",
                 folder->trials, trials->torn_line);
    }
    return status;
}

static ebb_status check_origin(const ebb_sweep_folder *folder, const ebb_trials *trials)
{
    for (size_t i = 0; i < trials->n; i++) {
        const ebb_trials_item *item = &trials->items[i];
        const bool build = strcmp(item->build_id, folder->build_id) == 0;
        const bool machine = strcmp(item->machine_id, folder->machine_id) == 0;
        if (!build || !machine) {
            return ebb_fail(EBB_ERR_ENVIRONMENT,
                            "%s:%zu: a trial of %s %s, this is %s (allowed: --fresh to "
                            "start over, or another --output-dir)",
                            folder->trials, item->line, build ? "machine" : "build",
                            build ? item->machine_id : item->build_id,
                            build ? folder->machine_id : folder->build_id);
        }
    }
    return EBB_OK;
}

/* No file, no trials. */
static ebb_status read_trials(ebb_trials *out, const ebb_sweep_folder *folder)
{
    *out = (ebb_trials){0};
    return access(folder->trials, F_OK) == 0 ? ebb_trials_read(out, folder->trials)
                                             : EBB_OK;
}

static ebb_status take_over(const ebb_sweep_folder *folder,
                            const ebb_arguments *arguments)
{
    ebb_trials trials;
    EBB_TRY(read_trials(&trials, folder));
    ebb_status status = check_origin(folder, &trials);
    if (status == EBB_OK && trials.torn_line > 0) {
        status = move_torn(folder, &trials, arguments);
    }
    ebb_trials_clear(&trials);
    return status;
}

static ebb_status open_folder(ebb_sweep_folder *out, const ebb_topology *topology,
                              bool fresh, const ebb_arguments *arguments)
{
    EBB_TRY(ebb_environment_build_id(out->build_id));
    EBB_TRY(ebb_environment_machine_id(out->machine_id, topology));
    EBB_TRY(ebb_output_folder(out->path));
    out->trials = ebb_output_path(out->path, "trials.jsonl");
    if (out->trials == NULL) {
        return ebb_fail_memory(strlen(out->path));
    }
    EBB_TRY(take_lock(out));
    return fresh ? start_over(out, arguments) : take_over(out, arguments);
}

ebb_status ebb_sweep_folder_open(ebb_sweep_folder *out, const char *path,
                                 const ebb_topology *topology, bool fresh,
                                 const ebb_arguments *arguments)
{
    *out = (ebb_sweep_folder){.path = path, .lock = -1};
    const ebb_status status = open_folder(out, topology, fresh, arguments);
    if (status != EBB_OK) {
        ebb_sweep_folder_close(out);
    }
    return status;
}

void ebb_sweep_folder_close(ebb_sweep_folder *folder)
{
    if (folder->lock >= 0) {
        close(folder->lock);
    }
    free(folder->trials);
    *folder = (ebb_sweep_folder){.lock = -1};
}

typedef struct hash_entry {
    const char *hash;
    size_t point;
} hash_entry;

static int compare_entries(const void *a, const void *b)
{
    const hash_entry *left = a;
    const hash_entry *right = b;
    return strcmp(left->hash, right->hash);
}

/* Points by their hash, sorted; owned by the caller. */
static ebb_status make_index(hash_entry **out, const ebb_suite *suite)
{
    *out = calloc(suite->n_points, sizeof **out);
    if (*out == NULL) {
        return ebb_fail_memory(suite->n_points * sizeof **out);
    }
    for (size_t i = 0; i < suite->n_points; i++) {
        (*out)[i] = (hash_entry){suite->points[i].hash, i};
    }
    qsort(*out, suite->n_points, sizeof **out, compare_entries);
    return EBB_OK;
}

ebb_status ebb_sweep_folder_done(bool *done, size_t *n_foreign,
                                 const ebb_sweep_folder *folder, const ebb_suite *suite,
                                 bool retry_invalid)
{
    *n_foreign = 0;
    memset(done, 0, suite->n_points * suite->repetitions * sizeof *done);
    hash_entry *index = NULL;
    EBB_TRY(make_index(&index, suite));
    ebb_trials trials;
    const ebb_status status = read_trials(&trials, folder);
    for (size_t i = 0; i < trials.n; i++) {
        const ebb_trials_item *item = &trials.items[i];
        const hash_entry wanted = {item->config_hash, 0};
        const hash_entry *found =
            bsearch(&wanted, index, suite->n_points, sizeof *index, compare_entries);
        if (found == NULL || item->repetition > suite->repetitions) {
            ++*n_foreign;
            continue;
        }
        done[found->point * suite->repetitions + item->repetition - 1] =
            item->valid || !retry_invalid;
    }
    ebb_trials_clear(&trials);
    free(index);
    return status;
}

ebb_status ebb_sweep_folder_write(const ebb_sweep_folder *folder, const char *name,
                                  const char *data, size_t size_bytes)
{
    char *path = ebb_output_path(folder->path, name);
    if (path == NULL) {
        return ebb_fail_memory(strlen(folder->path));
    }
    const ebb_status status = ebb_output_write(path, data, size_bytes);
    free(path);
    return status;
}
