#include "troff.h"

#include <ctype.h>
#include <string.h>

/* Bytes of the UTF-8 sequence that text begins with, *point its number; what is no
 * sequence is taken byte by byte. */
static size_t decode(unsigned *point, const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;
    const size_t n = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : byte[0] >= 0xc0 ? 2 : 1;
    *point = n == 1 ? byte[0] : byte[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((byte[i] & 0xc0) != 0x80) {
            *point = byte[0];
            return 1;
        }
        *point = *point << 6 | (byte[i] & 0x3f);
    }
    return n;
}

/* One character so that troff shows it as it is; returns its bytes. */
static size_t append_character(ebb_text *out, const char *text)
{
    /* Characters that troff would take for a command or draw as another one. */
    static const struct {
        char plain;
        const char *escaped;
    } special[] = {{'\\', "\\(rs"}, {'-', "\\-"},   {'\'', "\\(aq"}, {'`', "\\(ga"},
                   {'^', "\\(ha"},  {'~', "\\(ti"}, {'"', "\\(dq"}};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        if (*text == special[i].plain) {
            ebb_text_append(out, "%s", special[i].escaped);
            return 1;
        }
    }
    unsigned point = 0;
    const size_t n = decode(&point, text);
    ebb_text_append(out, point < 0x80 ? "%c" : "\\[u%04X]", point);
    return n;
}

/* n bytes of text within a line. A dot at its beginning would be a request. */
static void append_plain(ebb_text *out, const char *text, size_t n)
{
    const bool begins = out->length == 0 || out->data[out->length - 1] == '\n';
    if (begins && n > 0 && (*text == '.' || *text == '\'')) {
        ebb_text_append(out, "\\&");
    }
    for (size_t i = 0; i < n;) {
        i += append_character(out, text + i);
    }
}

static void append_font(ebb_text *out, char font, const char *text, size_t n)
{
    ebb_text_append(out, "\\f%c", font);
    append_plain(out, text, n);
    ebb_text_append(out, "\\fR");
}

/* One line of a paragraph, backquoted text in bold. */
static void append_line(ebb_text *out, const char *line, size_t n)
{
    while (n > 0) {
        const char *quote = memchr(line, '`', n);
        const size_t before = quote == NULL ? n : (size_t)(quote - line);
        append_plain(out, line, before);
        line += before;
        n -= before;
        if (n == 0) {
            break;
        }
        const char *end = memchr(line + 1, '`', n - 1);
        const size_t quoted = end == NULL ? n - 1 : (size_t)(end - line - 1);
        append_font(out, 'B', line + 1, quoted);
        const size_t step = quoted + (end == NULL ? 1 : 2);
        line += step;
        n -= step;
    }
    ebb_text_append(out, "\n");
}

void ebb_troff_begin(ebb_text *out, const char *name, const char *summary,
                     const char *version)
{
    ebb_text_append(out, ".TH ");
    for (const char *c = name; *c != '\0'; c++) {
        const char upper[] = {(char)toupper((unsigned char)*c), '\0'};
        append_plain(out, upper, 1);
    }
    ebb_text_append(out, " 1 \"\" \"ebb %s\" \"User Commands\"\n.SH NAME\n", version);
    append_plain(out, name, strlen(name));
    ebb_text_append(out, " \\- ");
    append_line(out, summary, strlen(summary));
}

void ebb_troff_section(ebb_text *out, const char *heading)
{
    ebb_text_append(out, ".SH %s\n", heading);
}

void ebb_troff_subsection(ebb_text *out, const char *heading)
{
    ebb_text_append(out, ".SS ");
    append_line(out, heading, strlen(heading));
}

void ebb_troff_synopsis(ebb_text *out, const char *command, const char *usage)
{
    append_font(out, 'B', command, strlen(command));
    ebb_text_append(out, " ");
    while (*usage != '\0') {
        const size_t capitals = strspn(usage, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (capitals > 0) {
            append_font(out, 'I', usage, capitals);
            usage += capitals;
        } else {
            usage += append_character(out, usage);
        }
    }
    ebb_text_append(out, "\n");
}

void ebb_troff_paragraphs(ebb_text *out, const char *text)
{
    bool verbatim = false;
    while (*text != '\0') {
        const size_t n = strcspn(text, "\n");
        if ((*text == ' ') != verbatim) {
            verbatim = !verbatim;
            ebb_text_append(out, verbatim ? ".EX\n" : ".EE\n");
        }
        if (n == 0) {
            ebb_text_append(out, ".PP\n");
        } else if (verbatim) {
            append_plain(out, text, n);
            ebb_text_append(out, "\n");
        } else {
            append_line(out, text, n);
        }
        text += n + (text[n] == '\n' ? 1 : 0);
    }
    if (verbatim) {
        ebb_text_append(out, ".EE\n");
    }
}

void ebb_troff_term(ebb_text *out, const char *term, const char *value, const char *text)
{
    ebb_text_append(out, ".TP\n");
    append_font(out, 'B', term, strlen(term));
    if (value != NULL) {
        ebb_text_append(out, " ");
        append_font(out, 'I', value, strlen(value));
    }
    ebb_text_append(out, "\n");
    append_line(out, text, strlen(text));
}

void ebb_troff_begin_inner(ebb_text *out)
{
    ebb_text_append(out, ".RS\n");
}

void ebb_troff_end_inner(ebb_text *out)
{
    ebb_text_append(out, ".RE\n");
}

void ebb_troff_example(ebb_text *out, const char *command, const char *text)
{
    ebb_text_append(out, ".TP\n");
    append_line(out, text, strlen(text));
    ebb_text_append(out, ".EX\n");
    append_plain(out, command, strlen(command));
    ebb_text_append(out, "\n.EE\n");
}

void ebb_troff_reference(ebb_text *out, const char *name, bool last)
{
    append_font(out, 'B', name, strlen(name));
    ebb_text_append(out, "(1)%s\n", last ? "" : ",");
}
