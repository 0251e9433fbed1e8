#include "base/status.h"

#include <stdio.h>

static _Thread_local char last_error[1024];

ebb_status ebb_fail(ebb_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
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
