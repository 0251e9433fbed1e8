#include "study/grid.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAPER_COLUMNS = 16 }; /* that fit beside each other on a sheet */

__attribute__((format(printf, 2, 0))) static void
append_cell(ebb_grid *grid, const char *format, va_list arguments)
{
    if (grid->n_cells == grid->capacity) {
        const size_t capacity = grid->capacity == 0 ? 64 : 2 * grid->capacity;
        char **cells = realloc(grid->cells, capacity * sizeof *cells);
        if (cells == NULL) {
            grid->failed = true;
            return;
        }
        grid->cells = cells;
        grid->capacity = capacity;
    }
    char *cell = NULL;
    if (vasprintf(&cell, format, arguments) < 0) {
        grid->failed = true;
        return;
    }
    grid->cells[grid->n_cells++] = cell;
}

void ebb_grid_column(ebb_grid *grid, bool numeric, const char *format, ...)
{
    bool *columns = realloc(grid->numeric, (grid->n_columns + 1) * sizeof *columns);
    if (columns == NULL) {
        grid->failed = true;
        return;
    }
    columns[grid->n_columns++] = numeric;
    grid->numeric = columns;
    va_list arguments;
    va_start(arguments, format);
    append_cell(grid, format, arguments);
    va_end(arguments);
}

void ebb_grid_cell(ebb_grid *grid, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append_cell(grid, format, arguments);
    va_end(arguments);
}

void ebb_grid_clear(ebb_grid *grid)
{
    for (size_t i = 0; i < grid->n_cells; i++) {
        free(grid->cells[i]);
    }
    free(grid->cells);
    free(grid->numeric);
    *grid = (ebb_grid){0};
}

/* Code points; every one that ebb writes is one place wide. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

static const char *cell_at(const ebb_grid *grid, size_t row, size_t column)
{
    return grid->cells[row * grid->n_columns + column];
}

static size_t column_width(const ebb_grid *grid, size_t column)
{
    size_t width = 3; /* room for the dashes and colon of Markdown */
    for (size_t row = 0; row < grid->n_cells / grid->n_columns; row++) {
        const size_t cell = width_of(cell_at(grid, row, column));
        width = cell > width ? cell : width;
    }
    return width;
}

static void append_repeated(ebb_text *out, char letter, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ebb_text_append(out, "%c", letter);
    }
}

static void append_markdown_row(ebb_text *out, const ebb_grid *grid, size_t row,
                                const size_t *widths)
{
    for (size_t i = 0; i < grid->n_columns; i++) {
        const char *cell = cell_at(grid, row, i);
        const size_t padding = widths[i] - width_of(cell);
        ebb_text_append(out, "| ");
        append_repeated(out, ' ', grid->numeric[i] ? padding : 0);
        ebb_text_append(out, "%s ", cell);
        append_repeated(out, ' ', grid->numeric[i] ? 0 : padding);
    }
    ebb_text_append(out, "|\n");
}

static void render_markdown(ebb_text *out, const ebb_grid *grid, const size_t *widths)
{
    append_markdown_row(out, grid, 0, widths);
    for (size_t i = 0; i < grid->n_columns; i++) {
        ebb_text_append(out, "| ");
        append_repeated(out, '-', widths[i] - 1);
        ebb_text_append(out, "%c ", grid->numeric[i] ? ':' : '-');
    }
    ebb_text_append(out, "|\n");
    for (size_t row = 1; row < grid->n_cells / grid->n_columns; row++) {
        append_markdown_row(out, grid, row, widths);
    }
}

static void append_csv_cell(ebb_text *out, const char *cell)
{
    if (strpbrk(cell, ",\"\r\n") == NULL) {
        ebb_text_append(out, "%s", cell);
        return;
    }
    ebb_text_append(out, "\"");
    for (; *cell != '\0'; cell++) {
        ebb_text_append(out, "%s%c", *cell == '"' ? "\"" : "", *cell);
    }
    ebb_text_append(out, "\"");
}

static void render_csv(ebb_text *out, const ebb_grid *grid)
{
    for (size_t i = 0; i < grid->n_cells; i++) {
        append_csv_cell(out, grid->cells[i]);
        ebb_text_append(out, "%s", (i + 1) % grid->n_columns == 0 ? "\n" : ",");
    }
}

/* What means something else to LaTeX, or is no letter of its default input. */
static const struct {
    const char *text, *latex;
} latex_escapes[] = {
    {"\\", "\\textbackslash{}"},
    {"&", "\\&"},
    {"%", "\\%"},
    {"$", "\\$"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\^{}"},
    {"µ", "$\\mu$"},
    {"±", "$\\pm$"},
    {"†", "$^\\dagger$"},
    {"‡", "$^\\ddagger$"},
    {"–", "--"},
    {"×", "$\\times$"},
    {"<", "$<$"},
    {">", "$>$"},
    {"−", "$-$"},
    {"…", "\\ldots{}"},
};

void ebb_grid_escape_latex(ebb_text *out, const char *text)
{
    while (*text != '\0') {
        size_t length = 0;
        for (size_t i = 0; i < sizeof latex_escapes / sizeof latex_escapes[0]; i++) {
            const size_t candidate = strlen(latex_escapes[i].text);
            if (strncmp(text, latex_escapes[i].text, candidate) == 0) {
                ebb_text_append(out, "%s", latex_escapes[i].latex);
                length = candidate;
            }
        }
        if (length == 0) {
            ebb_text_append(out, "%c", *text);
            length = 1;
        }
        text += length;
    }
}

static void render_latex(ebb_text *out, const ebb_grid *grid)
{
    ebb_text_append(out, "\\begin{tabular}{");
    for (size_t i = 0; i < grid->n_columns; i++) {
        ebb_text_append(out, "%c", grid->numeric[i] ? 'r' : 'l');
    }
    ebb_text_append(out, "}\n\\toprule\n");
    for (size_t i = 0; i < grid->n_cells; i++) {
        const bool last = (i + 1) % grid->n_columns == 0;
        ebb_grid_escape_latex(out, grid->cells[i]);
        ebb_text_append(out, "%s", last ? " \\\\\n" : " & ");
        if (i + 1 == grid->n_columns) {
            ebb_text_append(out, "\\midrule\n");
        }
    }
    ebb_text_append(out, "\\bottomrule\n\\end{tabular}\n");
}

/* Bytes of the character that text begins with; 0 where XML knows none such. */
static size_t character_bytes(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    const unsigned char head = bytes[0];
    if (head < 0x80) {
        return head >= 0x20 || head == '\n' || head == '\t' ? 1 : 0;
    }
    const size_t n = head >= 0xf0 ? 4 : head >= 0xe0 ? 3 : head >= 0xc2 ? 2 : 0;
    for (size_t i = 1; i < n; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool unused = strncmp(text, "\xEF\xBF\xBE", 3) == 0 ||
                        strncmp(text, "\xEF\xBF\xBF", 3) == 0 || head > 0xf4;
    return unused ? 0 : n;
}

void ebb_grid_escape_html(ebb_text *out, const char *text)
{
    while (*text != '\0') {
        const size_t n = character_bytes(text);
        switch (n == 0 ? '\0' : *text) {
        case '\0': ebb_text_append(out, "\xEF\xBF\xBD"); break;
        case '&': ebb_text_append(out, "&amp;"); break;
        case '<': ebb_text_append(out, "&lt;"); break;
        case '>': ebb_text_append(out, "&gt;"); break;
        case '"': ebb_text_append(out, "&quot;"); break;
        case '\'': ebb_text_append(out, "&#39;"); break;
        default: ebb_text_append(out, "%.*s", (int)n, text); break;
        }
        text += n == 0 ? 1 : n;
    }
}

/* A long path, as names of benchmarks are, may go on below after a slash. */
static void append_cell_text(ebb_text *out, const char *text, bool breaks)
{
    while (*text != '\0') {
        const size_t length = strcspn(text, breaks ? "/" : "");
        char *part = strndup(text, length + (text[length] == '/' ? 1 : 0));
        if (part == NULL) {
            out->failed = true;
            return;
        }
        text += strlen(part);
        ebb_grid_escape_html(out, part);
        ebb_text_append(out, "%s", breaks && *text != '\0' ? "<wbr/>" : "");
        free(part);
    }
}

static void append_html_cell(ebb_text *out, const ebb_grid *grid, size_t i)
{
    const bool head = i < grid->n_columns;
    const char *tag = head ? "th" : "td";
    const char *cell = grid->cells[i];
    /* A name breaks nowhere, a sentence and a path where they must. */
    const bool name = !head && strchr(cell, ' ') == NULL;
    const bool path = name && strchr(cell, '/') != NULL;
    ebb_text_append(out, "<%s%s>", tag,
                    grid->numeric[i % grid->n_columns] ? " class=\"n\""
                    : name && !path                    ? " class=\"w\""
                                                       : "");
    append_cell_text(out, cell, path);
    ebb_text_append(out, "</%s>", tag);
}

static void render_html(ebb_text *out, const ebb_grid *grid)
{
    ebb_text_append(out, "<div class=\"scroll%s\"><table>\n<thead>\n",
                    grid->n_columns > PAPER_COLUMNS ? " wide" : "");
    for (size_t i = 0; i < grid->n_cells; i++) {
        const bool first = i % grid->n_columns == 0;
        const bool last = (i + 1) % grid->n_columns == 0;
        ebb_text_append(out, "%s", first ? "<tr>" : "");
        append_html_cell(out, grid, i);
        ebb_text_append(out, "%s", last ? "</tr>\n" : "");
        if (i + 1 == grid->n_columns) {
            ebb_text_append(out, "</thead>\n<tbody>\n");
        }
    }
    ebb_text_append(out, "</tbody>\n</table></div>\n");
}

static ebb_status render_aligned(ebb_text *out, const ebb_grid *grid)
{
    size_t *widths = calloc(grid->n_columns, sizeof *widths);
    if (widths == NULL) {
        return ebb_fail_memory(grid->n_columns * sizeof *widths);
    }
    for (size_t i = 0; i < grid->n_columns; i++) {
        widths[i] = column_width(grid, i);
    }
    render_markdown(out, grid, widths);
    free(widths);
    return EBB_OK;
}

ebb_status ebb_grid_render(ebb_text *out, const ebb_grid *grid, ebb_format format)
{
    if (grid->failed) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "memory: the cells of a table do not fit");
    }
    if (grid->n_columns == 0) {
        return EBB_OK;
    }
    switch (format) {
    case EBB_MARKDOWN: EBB_TRY(render_aligned(out, grid)); break;
    case EBB_CSV: render_csv(out, grid); break;
    case EBB_LATEX: render_latex(out, grid); break;
    case EBB_HTML: render_html(out, grid); break;
    }
    return ebb_text_check(out);
}

int ebb_grid_decimals(double value, double low, double high)
{
    const double size = fabs(value) > 0 ? floor(log10(fabs(value))) : 0;
    const double width = high - low;
    const double least = 2 - size; /* decimals that show three digits */
    const double wanted = width > 0 ? 1 - floor(log10(width)) : least;
    const double decimals = fmin(fmax(wanted, least), least + 2);
    return decimals > 0 ? (int)decimals : 0;
}

double ebb_grid_significant(double value, int digits)
{
    if (!isfinite(value) || !(fabs(value) > 0)) {
        return value;
    }
    const double unit = pow(10, floor(log10(fabs(value))) + 1 - digits);
    return round(value / unit) * unit;
}
