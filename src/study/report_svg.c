/* report_svg.c - a drawing by gnuplot as a part of the page.
 *
 * Several drawings in one page would share their ids, and each would show the symbols and
 * filters of the first. Titles of curves go too: browsers show them as hints, and most
 * are numbers. */
#include <string.h>

#include "study/report_plot.h"

/* Does name, with `=` and what follows, begin here inside a tag? */
static bool is_attribute(const char *at, const char *name)
{
    return strncmp(at, name, strlen(name)) == 0;
}

/* The letters to copy before the prefix of an id; 0: no id begins here. */
static size_t before_id(const char *at)
{
    static const char *const forms[] = {" id='", " id=\"", "href='#", "href=\"#",
                                        "url(#"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (is_attribute(at, forms[i])) {
            return strlen(forms[i]);
        }
    }
    return 0;
}

/* The element of that name that begins here, to its end; 0: it does not. */
static size_t element_length(const char *at, const char *name)
{
    const size_t n = strlen(name);
    if (at[0] != '<' || strncmp(at + 1, name, n) != 0 || at[n + 1] != '>') {
        return 0;
    }
    const char *end = strstr(at, "</");
    const char *last = end == NULL ? NULL : strchr(end, '>');
    return last == NULL ? 0 : (size_t)(last - at) + 1;
}

static void copy_renamed(ebb_text *out, const char *begin, const char *end,
                         const char *prefix)
{
    bool in_tag = false;
    for (const char *at = begin; at < end;) {
        size_t skipped = element_length(at, "title");
        skipped = skipped > 0 ? skipped : element_length(at, "desc");
        if (skipped > 0) {
            at += skipped;
            continue;
        }
        in_tag = *at == '<' || (in_tag && *at != '>');
        const size_t n = in_tag ? before_id(at) : 0;
        if (n > 0) {
            ebb_text_append(out, "%.*s%s", (int)n, at, prefix);
            at += n;
        } else {
            ebb_text_append(out, "%c", *at);
            at++;
        }
    }
}

bool ebb_report__adopt(ebb_text *out, const char *svg, const char *prefix,
                       const char *label)
{
    static const char close[] = "</svg>";
    const char *begin = strstr(svg, "<svg");
    if (begin == NULL) {
        return false;
    }
    const char *end = strstr(begin, close);
    if (end == NULL || end[sizeof close - 1 + strspn(end + sizeof close - 1, "\n ")]) {
        return false;
    }
    ebb_text_append(out, "<svg role=\"img\" aria-label=\"");
    ebb_grid_escape_html(out, label);
    ebb_text_append(out, "\"");
    copy_renamed(out, begin + 4, end + sizeof close - 1, prefix);
    ebb_text_append(out, "\n");
    return true;
}
