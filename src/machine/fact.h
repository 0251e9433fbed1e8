/* fact.h - single facts about the machine, the system and this build, as text.
 *
 * The environment record is made of them. To add one, write its function and its row. */
#ifndef EBB_MACHINE_FACT_H
#define EBB_MACHINE_FACT_H

#include "base/text.h"
#include "machine/topology.h"

/* What facts are taken from. */
typedef struct ebb_fact_source {
    const char *root; /* put before every path: "" for this system, a folder in tests */
    const ebb_topology *topology;
    const char *cpuinfo; /* /proc/cpuinfo; "" where it cannot be read */
    int cpu;             /* a usable one; its settings stand for all */
} ebb_fact_source;

/* A fact appends its text; nothing when the system does not tell it. */
typedef struct ebb_fact {
    const char *key;
    void (*tell)(ebb_text *out, const ebb_fact_source *from);
} ebb_fact;

/* Both end with a row of NULLs. */
extern const ebb_fact ebb_fact_hardware[]; /* processor and its settings */
extern const ebb_fact ebb_fact_software[]; /* kernel, libraries, this build */

/* Append one line of text, of a file below the root; nothing where it cannot be read. */
void ebb_fact_append_line(ebb_text *out, const char *line);
void ebb_fact_append_file(ebb_text *out, const ebb_fact_source *from, const char *path);

#endif
