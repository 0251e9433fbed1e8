/* shipped.h - the suites that come with ebb: beside the installed program, or in the
 * source tree it was built from. */
#ifndef EBB_BENCH_SHIPPED_H
#define EBB_BENCH_SHIPPED_H

#include <stddef.h>

#include "base/status.h"

typedef struct ebb_shipped {
    char **names; /* sorted, without ".yaml"; owned */
    size_t n;
    char *folder; /* owned */
} ebb_shipped;

/* No folder at all is no failure: n is 0. */
ebb_status ebb_shipped_find(ebb_shipped *out);
void ebb_shipped_clear(ebb_shipped *shipped);

/* Path of the suite that SUITE on a command line means: a shipped one when it is a bare
 * name, else the file itself. Owned by the caller. A bare name that is not shipped is
 * EBB_ERR_USAGE and names the nearest. */
ebb_status ebb_shipped_resolve(char **out, const char *suite);

#endif
