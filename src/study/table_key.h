/* table_key.h - which settings tell the rows of a table apart; internal to study.
 *
 * A key names an option of the configuration, or "build_id" or "machine_id". A list of
 * keys in order of importance sorts trials, cuts them into runs that agree in its first
 * keys, and says which columns a table needs. Rows of times
 * compare work: where a batch per thread is given, the batch follows from it and from the
 * threads, and tells no rows apart. What was learned is another with every batch. */
#ifndef EBB_STUDY_TABLE_KEY_H
#define EBB_STUDY_TABLE_KEY_H

#include "study/grid.h"
#include "study/trials.h"

enum { EBB_TABLE_MAX_KEYS = 66 };

typedef struct ebb_table__keys {
    char names[EBB_TABLE_MAX_KEYS][32];
    size_t n;
    bool of_work; /* a batch that follows from the threads tells nothing apart */
} ebb_table__keys;

typedef const ebb_trials_item *ebb_table__trial;

/* first, then all keys not named, then last; none of without. Lists end with NULL. */
void ebb_table__keys_make(ebb_table__keys *out, const char *const *first,
                          const char *const *without, const char *const *last);
bool ebb_table__listed(const char *const *list, const char *key);

/* <0, 0, >0 by the first n keys: numbers by size, names in the order of their registry.
 */
int ebb_table__compare(ebb_table__trial a, ebb_table__trial b,
                       const ebb_table__keys *keys, size_t n);
/* All trials of the file by all keys, equal ones in the order of the file. *out holds
 * trials->n pointers; owned by the caller. */
ebb_status ebb_table__sort(ebb_table__trial **out, const ebb_trials *trials,
                           const ebb_table__keys *keys);
/* End of the run that begins at `begin` and agrees in the first n_keys keys. */
size_t ebb_table__run_end(const ebb_table__trial *sorted, size_t begin, size_t n,
                          const ebb_table__keys *keys, size_t n_keys);

/* Does key differ among the n trials? */
bool ebb_table__varies(const ebb_table__trial *trials, size_t n, const char *key);
/* The keys a reader needs to tell the n trials apart: `always`, and of the others those
 * that vary; brief leaves out what follows from the keys before it. */
void ebb_table__shown(ebb_table__keys *out, const ebb_table__keys *keys,
                      const ebb_table__trial *trials, size_t n, const char *const *always,
                      bool brief);

/* Appends the value of a key; absent is what is written where it has none. */
void ebb_table__print(ebb_text *out, ebb_table__trial trial, const char *key,
                      const char *absent);
/* A cell for each of the keys. */
void ebb_table__key_cells(ebb_grid *grid, ebb_table__trial trial,
                          const ebb_table__keys *keys, const char *absent);

#endif
