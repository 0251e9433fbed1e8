/* libraries.h - which shared libraries this process has loaded. */
#ifndef EBB_MACHINE_LIBRARIES_H
#define EBB_MACHINE_LIBRARIES_H

#include "base/text.h"

/* Appends the real path of each loaded library whose file name begins with one of the
 * names (NULL-ended), one a line, in the order they were loaded. */
void ebb_libraries_find(ebb_text *out, const char *const *names);

#endif
