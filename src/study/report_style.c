/* report_style.c - how the page looks: light and dark, on screen and on paper.
 *
 * Curves are drawn in the light hues; on a dark page the style sheet replaces each colour
 * that gnuplot wrote by a lighter one. Heat maps keep theirs: their numbers are black or
 * white by the cell they stand in. */
#include <stdio.h>

#include "study/report_page.h"
#include "study/report_plot.h"

static const struct {
    const char *light, *dark;
    int red, green, blue; /* of light */
} hues[] = {
    {"#0072b2", "#5ab4f0", 0x00, 0x72, 0xb2},
    {"#c75000", "#ff9a52", 0xc7, 0x50, 0x00},
    {"#00855f", "#2fd3a2", 0x00, 0x85, 0x5f},
    {"#b0508a", "#f0a3cd", 0xb0, 0x50, 0x8a},
    {"#846800", "#e0b83a", 0x84, 0x68, 0x00},
    {"#6a4fc3", "#b09cff", 0x6a, 0x4f, 0xc3},
    {"#c2273d", "#ff7a88", 0xc2, 0x27, 0x3d},
    {"#4a7a1f", "#9ccf62", 0x4a, 0x7a, 0x1f},
    {"#14798b", "#5fd0e3", 0x14, 0x79, 0x8b},
    {"#6b6b6b", "#b8bcc4", 0x6b, 0x6b, 0x6b},
    /* Not of curves: what is written at the axes, grid lines, and what is said beside the
       curves. */
    {"#000000", "#e4e7eb", 0x00, 0x00, 0x00},
    {"#d4d8de", "#3a4049", 0xd4, 0xd8, 0xde},
    {"#767676", "#a2a8b0", 0x76, 0x76, 0x76},
};
enum { N_HUES = sizeof hues / sizeof hues[0] };

const char *ebb_report__hue(size_t i)
{
    return hues[i % EBB_REPORT_HUES].light;
}

static const char *const sheet[] = {
    ":root{--page:#fff;--ink:#1b1f24;--soft:#59616b;--line:#d4d8de;--box:#f5f6f8;"
    "--link:#0b5cad;--good:#1a6b2d;--bad:#b3261e;--doubt:#8a5a00}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:900px;padding:16px 20px 48px;background:var(--page);"
    "color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,"
    "'Helvetica Neue',Arial,sans-serif;overflow-wrap:break-word}\n"
    "h1{font-size:1.7em;line-height:1.2;margin:.6em 0 .3em}\n"
    "h2{font-size:1.3em;line-height:1.3;margin:2.2em 0 .6em;padding-top:.5em;"
    "border-top:2px solid var(--line)}\n"
    "h3{font-size:1.06em;margin:1.6em 0 .4em}\n"
    "p{margin:.5em 0}\na{color:var(--link)}\n"
    ".lead{font-size:1.08em}\n.note,figcaption,.dim{color:var(--soft);font-size:.87em}\n"
    ".note{margin:.25em 0}\n"
    "nav{display:flex;flex-wrap:wrap;gap:.2em 1.2em;margin:1em 0;font-size:.93em}\n",
    ".verdict,.warn{border-left:4px solid var(--doubt);background:var(--box);"
    "padding:.5em .8em;margin:.7em 0}\n"
    ".verdict.good{border-color:var(--good)}.verdict.bad{border-color:var(--bad)}\n"
    ".mark{font-weight:700;white-space:nowrap}\n"
    ".good .mark,.mark.good{color:var(--good)}.bad .mark,.mark.bad{color:var(--bad)}"
    ".doubt .mark,.mark.doubt{color:var(--doubt)}\n"
    ".scroll{overflow-x:auto;margin:.7em 0}\n"
    "table{border-collapse:collapse;font-size:.8em;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.3em .45em;border-bottom:1px solid var(--line);text-align:left;"
    "vertical-align:top}\n"
    "th{border-bottom:2px solid var(--line);vertical-align:bottom}\n"
    "td.n,th.n{text-align:right}td.n,td.w{white-space:nowrap}\n"
    ".facts{columns:2 380px;column-gap:24px;font-size:.84em;margin:.5em 0}"
    ".facts div{break-inside:avoid;display:flex;gap:.8em;padding:.2em 0;"
    "border-bottom:1px solid var(--line)}.facts dt{margin:0;font-weight:400;flex:0 0 "
    "11em;color:var(--soft)}.facts dd{margin:0;min-width:0;overflow-wrap:anywhere}\n"
    "code{font:.92em/1.45 ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;"
    "overflow-wrap:anywhere}\n"
    "dt{margin-top:.8em;font-weight:600}dd{margin:.2em 0}\n"
    "dd code{display:block;background:var(--box);padding:.4em .6em}\n"
    ".rules{padding-left:1.6em}.rules li{margin:.6em 0}\n",
    ".figures{display:grid;gap:.6em 1em;margin:1em 0;"
    "grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr))}\n"
    "figure{margin:0;min-width:0;break-inside:avoid}figure.full{grid-column:1/-1}\n"
    "figure svg{display:block;width:100%;height:auto;overflow:visible}\n"
    "figcaption{margin:.1em 0 .6em}\n",
};

/* On paper nothing scrolls, and background colours may be left out. */
static const char paper[] =
    "@media print{\n@page{margin:14mm}\n"
    "body{max-width:none;padding:0;font-size:10pt}\nnav{display:none}\n"
    "h2,h3{break-after:avoid}tr,.verdict,.warn,dd,li{break-inside:avoid}\n"
    "table{font-size:6.8pt}th,td{padding:.2em .3em}.facts{columns:2;font-size:7.5pt}\n"
    ".scroll{overflow:visible}\n"
    ".wide table{display:none}.wide::before{content:'This table has more columns than "
    "paper is wide; it is in the page on screen and in the CSV files.'}\n"
    ".figures{grid-template-columns:1fr 1fr}\n"
    "svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}\n"
    "a{color:inherit;text-decoration:none}\n}\n";

static void append_dark(ebb_text *out)
{
    ebb_text_append(out, "%s",
                    "@media screen and (prefers-color-scheme:dark){\n"
                    ":root{--page:#14171c;--ink:#e4e7eb;--soft:#a2a8b0;--line:#3a4049;"
                    "--box:#1e232a;--link:#7ab8ff;--good:#6fd08a;--bad:#ff8a80;"
                    "--doubt:#f0b95a}\n"
                    "svg [color='black']{color:#e4e7eb}svg [fill='black']{fill:#e4e7eb}"
                    "svg [stroke='black']{stroke:#e4e7eb}\n");
    static const char *const names[] = {"color", "fill", "stroke"};
    for (size_t i = 0; i < N_HUES; i++) {
        for (size_t k = 0; k < 3; k++) {
            /* As gnuplot writes a colour, and that of a text. */
            ebb_text_append(out, "svg [%s='rgb(%3d, %3d, %3d)']{%s:%s}\n", names[k],
                            hues[i].red, hues[i].green, hues[i].blue, names[k],
                            hues[i].dark);
        }
        ebb_text_append(out, "svg [fill='rgb(%d,%d,%d)']{fill:%s}\n", hues[i].red,
                        hues[i].green, hues[i].blue, hues[i].dark);
    }
    ebb_text_append(out, "}\n");
}

void ebb_report__style(ebb_text *out)
{
    for (size_t i = 0; i < sizeof sheet / sizeof sheet[0]; i++) {
        ebb_text_append(out, "%s", sheet[i]);
    }
    append_dark(out);
    ebb_text_append(out, "%s", paper);
}
