/* dumps.h - a folder for one test, and the .npy files that a trial leaves in it.
 *
 * Every function ends the running test when something that must work does not. */
#ifndef EBB_TESTS_STUDY_DUMPS_H
#define EBB_TESTS_STUDY_DUMPS_H

#include <stddef.h>

enum { DUMPS_PATH_BYTES = 128 };

/* A new folder, and its removal with all files in it. */
void dumps_open(char path[DUMPS_PATH_BYTES]);
void dumps_close(const char *path);

/* The n items of PATH/NAME.npy, whose header must announce n of them of the type ("<f4");
 * free with free. *n 0: as many as there are, told there. */
void *dumps_read(size_t *n, const char *path, const char *name, const char *type);

#endif
