#include "study/table.h"

#include <string.h>

#include "study/table_note.h"

static const ebb_table *const table[] = {
    &ebb_table_step_latency, &ebb_table_forgetting, &ebb_table_scaling,
    &ebb_table_roofline,     &ebb_table_unlearning, &ebb_table_micro,
};

const ebb_choice *ebb_table_choice(size_t index)
{
    return index < sizeof table / sizeof *table ? &table[index]->choice : NULL;
}

const ebb_table *ebb_table_at(size_t index)
{
    return table[index];
}

/* What is made of a file beside the trials. */
static ebb_status render_beside(ebb_text *out, const ebb_trials *trials,
                                const ebb_table *kind, ebb_format format)
{
    const char *slash = strrchr(trials->path, '/');
    const int length = slash == NULL ? 0 : (int)(slash - trials->path + 1);
    ebb_text path = {0};
    ebb_text_append(&path, "%.*s%s", length, trials->path, kind->file);
    ebb_status status = ebb_text_check(&path);
    if (status == EBB_OK) {
        status = kind->render_file(out, path.data, format);
    }
    ebb_text_clear(&path);
    return status;
}

ebb_status ebb_table_render(ebb_text *out, const ebb_trials *trials,
                            const ebb_table *kind, ebb_format format)
{
    if (kind->render == NULL) {
        return render_beside(out, trials, kind, format);
    }
    EBB_TRY(kind->render(out, trials, format));
    if (format != EBB_CSV) {
        ebb_text verdict = {0};
        /* The status is for whoever asks ebb_table_check; here the words are shown. */
        const ebb_status status = ebb_table_check(&verdict, trials, NULL, 0);
        if (verdict.data != NULL) {
            ebb_table__notes(out, format, verdict.data);
        }
        ebb_text_clear(&verdict);
        if (status == EBB_ERR_ENVIRONMENT) {
            return status;
        }
    }
    return ebb_text_check(out);
}
