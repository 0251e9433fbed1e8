/* manual.h - man pages of the program and its commands. */
#ifndef EBB_BENCH_MANUAL_H
#define EBB_BENCH_MANUAL_H

#include "base/text.h"
#include "command.h"

/* Appends the page of a command, or of the program when command is NULL, as troff. */
void ebb_manual_page(ebb_text *out, const ebb_command *command);

#endif
