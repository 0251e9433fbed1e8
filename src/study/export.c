#include "study/export.h"

static const ebb_export *const table[] = {
    &ebb_export_github,
    &ebb_export_bmf,
    &ebb_export_google,
    &ebb_export_junit,
};

const ebb_choice *ebb_export_choice(size_t index)
{
    return index < sizeof table / sizeof *table ? &table[index]->choice : NULL;
}

const ebb_export *ebb_export_at(size_t index)
{
    return table[index];
}

ebb_status ebb_export_render(ebb_text *out, const ebb_trials *trials,
                             const ebb_export *format, ebb_export_better better)
{
    EBB_TRY(format->render(out, trials, better));
    return ebb_text_check(out);
}
