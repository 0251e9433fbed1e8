#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "ending.h"

enum { BAR_CELLS = 24, DEFAULT_COLUMNS = 80, MAX_COLUMNS = 200 };
static const uint64_t redraw_ns = 200000000;
static const uint64_t line_ns = 30000000000;

void ebb_progress_start(ebb_progress *progress, ebb_progress_kind kind)
{
    *progress = (ebb_progress){.kind = kind, .start_ns = ebb_clock_now_ns()};
}

static size_t columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return DEFAULT_COLUMNS;
    }
    return size.ws_col < MAX_COLUMNS ? size.ws_col : MAX_COLUMNS;
}

/* "1:05 left"; nothing while too little is known. */
static void append_remaining(ebb_text *line, const ebb_progress *progress, uint64_t now,
                             double share)
{
    const double elapsed = ebb_clock_seconds(progress->start_ns, now);
    const double done = share - progress->start_share;
    if (elapsed < 1 || done < 0.01) {
        return;
    }
    const double left = elapsed * (1 - share) / done;
    if (left >= 360000) {
        return;
    }
    const unsigned seconds = (unsigned)(left + 0.5);
    if (seconds >= 3600) {
        ebb_text_append(line, "%u:%02u:%02u left  ", seconds / 3600, seconds / 60 % 60,
                        seconds % 60);
    } else {
        ebb_text_append(line, "%u:%02u left  ", seconds / 60, seconds % 60);
    }
}

static void append_bar(ebb_text *line, double share)
{
    char bar[BAR_CELLS + 1];
    const size_t full = (size_t)(share * BAR_CELLS);
    memset(bar, '.', BAR_CELLS);
    memset(bar, '#', full);
    bar[BAR_CELLS] = '\0';
    ebb_text_append(line, "[%s] ", bar);
}

static void draw(ebb_progress *progress, uint64_t now, double share, const char *what)
{
    const bool bar = progress->kind == EBB_PROGRESS_BAR;
    ebb_text line = {0};
    if (bar) {
        append_bar(&line, share);
    }
    ebb_text_append(&line, "%3d %%  ", (int)(share * 100));
    append_remaining(&line, progress, now, share);
    ebb_text_append(&line, "%s", what);
    if (!line.failed && !bar) {
        fprintf(stderr, "ebb: %s\n", line.data);
    } else if (!line.failed) {
        ebb_ending_line(true);
        fprintf(stderr, "%s%.*s", EBB_CLEAR_LINE, (int)columns() - 1, line.data);
        fflush(stderr);
    }
    ebb_text_clear(&line);
}

/* A line at the very start would say nothing. */
static bool is_due(const ebb_progress *progress, uint64_t now, double share)
{
    const uint64_t since_ns = now - progress->drawn_ns;
    if (progress->kind == EBB_PROGRESS_BAR) {
        return progress->drawn_ns == 0 || since_ns >= redraw_ns;
    }
    return progress->drawn_ns != 0 &&
           (since_ns >= line_ns || (int)(share * 10) > progress->tenths);
}

void ebb_progress_show(ebb_progress *progress, double share, const char *what)
{
    if (progress->kind == EBB_PROGRESS_NONE) {
        return;
    }
    const uint64_t now = ebb_clock_now_ns();
    const double shown = share < 0 ? 0 : share > 1 ? 1 : share;
    const bool due = is_due(progress, now, shown);
    if (progress->drawn_ns == 0) {
        progress->start_share = share;
    }
    if (due || progress->drawn_ns == 0) {
        progress->drawn_ns = now;
        progress->tenths = (int)(shown * 10);
    }
    if (due) {
        draw(progress, now, shown, what);
    }
}

void ebb_progress_hide(ebb_progress *progress)
{
    if (progress->kind == EBB_PROGRESS_BAR && ebb_ending_has_line()) {
        fputs(EBB_CLEAR_LINE, stderr);
        fflush(stderr);
        ebb_ending_line(false);
        /* Due again at once, but the start is remembered. */
        progress->drawn_ns = 1;
    }
}

void ebb_progress_end(ebb_progress *progress)
{
    ebb_progress_hide(progress);
    progress->kind = EBB_PROGRESS_NONE;
}
