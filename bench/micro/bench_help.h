/* bench_help.h - what ebb-bench tells about itself: `--help`, and its man page. */
#ifndef EBB_BENCH_MICRO_BENCH_HELP_H
#define EBB_BENCH_MICRO_BENCH_HELP_H

#include "base/status.h"

/* Print to stdout. Fail with EBB_ERR_ENVIRONMENT. */
ebb_status ebb_bench_help_print(void);
ebb_status ebb_bench_help_manual(void);

#endif
