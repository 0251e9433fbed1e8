#include "base/status.h"

#include <stdio.h>

#include "base/text.h"

static _Thread_local char last_error[1024];

ebb_status ebb_fail(ebb_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    /* Names of files and what stands in them are not ours; a message is one line. */
    ebb_text_clean(last_error);
    return status;
}

ebb_status ebb_fail_memory(unsigned long size_bytes)
{
    return ebb_fail(EBB_ERR_ENVIRONMENT, "memory: %lu bytes refused by the system",
                    size_bytes);
}

const char *ebb_last_error(void)
{
    return last_error;
}
