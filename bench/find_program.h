/* find_program.h - where a program of somebody else's lies. */
#ifndef EBB_BENCH_FIND_PROGRAM_H
#define EBB_BENCH_FIND_PROGRAM_H

/* The path of a program in PATH, owned by the caller; NULL where there is none. Relative
 * folders are left out: they would run what lies where the user happens to be. */
char *ebb_find_program(const char *name);

#endif
