/* report_rules.c - the page judged by the twelve rules of T. Hoefler and R. Belli,
 * Scientific Benchmarking of Parallel Computing Systems, SC 2015. What depends on the
 * trials is judged by them; a rule that has nothing to apply to is said to have none. */
#include <math.h>
#include <string.h>

#include "study/json.h"
#include "study/report_page.h"

typedef enum state { MET, PARTLY, MISSED, IDLE } state;

static const struct {
    const char *mark, *kind, *name;
} states[] = {
    [MET] = {"✓", "good", "met"},
    [PARTLY] = {"◐", "doubt", "partly met"},
    [MISSED] = {"✗", "bad", "not met"},
    [IDLE] = {"–", "doubt", "nothing to apply to"},
};

/* What there is to judge. */
typedef struct evidence {
    bool times;      /* a row has a time */
    bool speed_ups;  /* a row has more threads than its base */
    bool all_spread; /* every row with a time has an interval */
    bool tails;      /* some row has a p99 */
    bool all_peaks;  /* every row with a time has its measured peak */
    bool several_seeds;
    bool machine, drawn;
} evidence;

static evidence gather(const ebb_report__page *page)
{
    evidence e = {.all_spread = true,
                  .all_peaks = true,
                  .machine = page->report->machine != NULL,
                  .drawn = page->n_drawn > 0 && page->n_undrawn == 0};
    for (size_t i = 0; i < page->rows.n; i++) {
        const ebb_table__row *r = &page->rows.items[i];
        if (isnan(r->p50_ns)) {
            continue;
        }
        e.times = true;
        e.speed_ups = e.speed_ups || r->threads > r->base_threads;
        e.all_spread = e.all_spread && !isnan(r->low_ns) && !isnan(r->high_ns);
        e.tails = e.tails || !isnan(r->p99_ns);
        e.all_peaks = e.all_peaks && !isnan(r->peak_gflops);
    }
    for (size_t i = 0; i < page->settings.n; i++) {
        for (size_t b = 0; b < page->settings.items[i].n_blocks; b++) {
            e.several_seeds |= page->settings.items[i].blocks[b].n_seeds > 1;
        }
    }
    return e;
}

static void append_rule(ebb_report__page *page, const char *rule, state how,
                        const char *section, const char *where)
{
    ebb_text_append(page->out, "<li>%s. <span class=\"mark %s\">%s %s</span>: ", rule,
                    states[how].kind, states[how].mark, states[how].name);
    ebb_grid_escape_html(page->out, where);
    ebb_text_append(page->out, " <a href=\"#%s\">→ %s</a></li>\n", section,
                    ebb_report__title(section));
}

static void rules_on_numbers(ebb_report__page *page, const evidence *e)
{
    append_rule(page, "State the base case of every speed-up, and its absolute time",
                e->speed_ups ? MET : IDLE, "latency",
                e->speed_ups ? "the note under the table names the base of each curve; "
                               "its row and the caption of the plot have its time."
                             : "no row has more threads than its base.");
    append_rule(page, "Say why a subset was used", PARTLY, "commands",
                "every trial of the file is in the tables or named as invalid, and "
                "figures that are left out are counted; why the suite measures these "
                "points and no others is for its description to say.");
    append_rule(page, "Arithmetic mean for costs, harmonic for rates", MET, "latency",
                "times are medians; images/s and GFLOP/s are work divided by the median "
                "time, never a mean of rates.");
    append_rule(page, "Do not average ratios", MET, "latency",
                "speed-up, efficiency and share of peak are ratios of medians.");
    append_rule(page, "Say whether values are deterministic, else give intervals",
                !e->times       ? IDLE
                : e->all_spread ? MET
                                : PARTLY,
                "verdict",
                e->all_spread
                    ? "accuracies repeat to the bit, which the digests show; each time "
                      "has its interval, each accuracy its spread over seeds."
                    : "accuracies repeat to the bit, which the digests show; some rows "
                      "have too few steps for an interval.");
    append_rule(page, "Do not assume a normal distribution untested",
                e->several_seeds ? PARTLY : MET, "latency",
                e->several_seeds
                    ? "intervals of times are order statistics; the standard deviations "
                      "over seeds describe a spread, and no test is made with them."
                    : "intervals of times are order statistics, and no test assumes a "
                      "distribution.");
}

static void rules_on_method(ebb_report__page *page, const evidence *e)
{
    append_rule(page, "Compare with a sound test", PARTLY, "latency",
                "this page compares nothing by a test: intervals that overlap show no "
                "difference; two builds are for ebb compare.");
    append_rule(page, "Ask whether mean or median is the question; tails may be",
                !e->times  ? IDLE
                : e->tails ? MET
                           : PARTLY,
                "latency",
                e->tails ? "median, p90 and p99 stand in the table; the distribution "
                           "shows the rest."
                         : "median and p90 stand in the table where the steps suffice; "
                           "they do not for p99.");
    append_rule(page, "Record every factor and its level", e->machine ? MET : PARTLY,
                "machine",
                e->machine ? "configuration, build and machine are in every record; what "
                             "the system does not tell is listed as not available."
                           : "configuration, build and environment are in every record, "
                             "but machine.json with the topology is missing.");
    append_rule(page, "Say how parallel time was measured", MET, "rules",
                "a step begins when its batch begins to be formed and ends when the last "
                "thread leaves its final barrier, by the monotonic clock of one thread; "
                "warm-up steps are left out.");
    append_rule(page, "Show an upper bound",
                !e->times      ? IDLE
                : e->all_peaks ? MET
                               : PARTLY,
                "latency",
                "the share of the best peak that the trials measured on as many threads, "
                "and the ideal line of the thread sweep.");
    append_rule(page, "Plot enough to judge; join points only where that means something",
                e->drawn ? MET : MISSED, "latency",
                e->drawn ? "all rows are plotted with their ranges and distributions; "
                           "lines over threads and tasks join neighbours in an order."
                         : "this report has not all of its plots.");
}

ebb_status ebb_report__rules(ebb_report__page *page)
{
    const evidence e = gather(page);
    ebb_report__paragraph(page, "note",
                          "After T. Hoefler and R. Belli, Scientific Benchmarking of "
                          "Parallel Computing Systems (SC 2015), in our words.");
    ebb_text_append(page->out, "<ol class=\"rules\">\n");
    rules_on_numbers(page, &e);
    rules_on_method(page, &e);
    ebb_text_append(page->out, "</ol>\n");
    return EBB_OK;
}
