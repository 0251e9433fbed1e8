/* report_micro.c - micro-benchmarks whose file lies beside the trials. */
#include <string.h>

#include "study/json.h"
#include "study/report_page.h"
#include "study/table_micro.h"

/* The file is made by another program, at another time: what it may not share with the
 * trials. */
static void warn_of_another(ebb_report__page *page, const ebb_micro_file *file,
                            const char *key, const char *what)
{
    const json_t *record = page->report->trials->items[0].record;
    const char *theirs = ebb_json_get_text(json_object_get(record, "environment"), key);
    const char *own = ebb_json_get_text(json_object_get(file->report, "context"), key);
    if (own[0] != '\0' && theirs[0] != '\0' && strcmp(own, theirs) != 0) {
        ebb_report__paragraph(page, "warn",
                              "Measured with another %s than the first trial: %s, not "
                              "%s. Times of one say nothing about times of the other.",
                              what, own, theirs);
    }
}

ebb_status ebb_report__micro(ebb_report__page *page)
{
    ebb_micro_file file;
    if (ebb_micro_file_read(&file, page->report->micro_path) != EBB_OK) {
        ebb_report__paragraph(page, "warn", "No table of micro-benchmarks: %s.",
                              ebb_last_error());
        return EBB_OK;
    }
    warn_of_another(page, &file, "cpu", "processor");
    warn_of_another(page, &file, "git", "revision");
    warn_of_another(page, &file, "onednn", "oneDNN");
    if (file.n_failed > 0) {
        ebb_report__paragraph(page, "verdict bad",
                              "%zu of %zu benchmarks failed: they have no time, and the "
                              "reason stands under the table.",
                              file.n_failed, file.n);
    }
    const ebb_status status = ebb_micro_file_render(page->out, &file, EBB_HTML);
    ebb_micro_file_clear(&file);
    return status;
}
