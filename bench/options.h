/* options.h - the options of a trial as a command line gives them. */
#ifndef EBB_BENCH_OPTIONS_H
#define EBB_BENCH_OPTIONS_H

#include "command.h"
#include "study/config.h"

/* Defaults, then what was given, checked. Owned by the caller: ebb_config_clear. Fails
 * with EBB_ERR_USAGE. */
ebb_status ebb_options_config(ebb_config *out, const ebb_arguments *arguments);

/* The whole number from 1 to high that was given for an option of the command's own
 * table, else fallback. Fails with EBB_ERR_USAGE. */
ebb_status ebb_options_count(size_t *out, const ebb_arguments *arguments,
                             const char *name, size_t fallback, size_t high);

#endif
