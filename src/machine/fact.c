#include "machine/fact.h"

#include "machine/procfs.h"

void ebb_fact_append_line(ebb_text *out, const char *line)
{
    ebb_text_append(out, "%.*s", (int)ebb_procfs_line_length(line), line);
}

void ebb_fact_append_file(ebb_text *out, const ebb_fact_source *from, const char *path)
{
    ebb_text text = {0};
    if (ebb_procfs_read(&text, "%s%s", from->root, path)) {
        ebb_fact_append_line(out, text.data);
    }
    ebb_text_clear(&text);
}
