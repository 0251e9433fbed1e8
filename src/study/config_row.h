/* config_row.h - the rows of the option table as config_*.c see them; internal to study.
 *
 * A row says which field of ebb_config an option fills and how its text is read. All that
 * is known about an option is in its row; all that is known about a type of value is in
 * config_value.c (from text, to text) and config_json.c (to JSON). */
#ifndef EBB_STUDY_CONFIG_ROW_H
#define EBB_STUDY_CONFIG_ROW_H

#include "study/config.h"

typedef enum ebb_config__type {
    EBB_CONFIG_CHOICE,      /* int: index of the name among the choices */
    EBB_CONFIG_FLAG,        /* bool: the second of two choices is true */
    EBB_CONFIG_FLAG_FIRST,  /* bool: the first of two choices is true */
    EBB_CONFIG_COUNT,       /* size_t in low … high */
    EBB_CONFIG_NONE_OR,     /* the same, or `none` = 0 */
    EBB_CONFIG_ALL_OR,      /* the same, or `all` = 0 */
    EBB_CONFIG_SEED,        /* uint64_t below 2^63 */
    EBB_CONFIG_REAL,        /* double in low … high */
    EBB_CONFIG_REAL_BELOW,  /* double in low … high, high itself excluded */
    EBB_CONFIG_SYNTHETIC,   /* four counts */
    EBB_CONFIG_HIDDEN,      /* counts, or `none` */
    EBB_CONFIG_CLASS_ORDER, /* class numbers */
    EBB_CONFIG_NORMALIZE,   /* a word or two reals */
    EBB_CONFIG_REQUESTS,    /* AFTER:TASK+TASK,… */
    EBB_CONFIG_PATH,        /* char *, owned */
    EBB_CONFIG_TYPE_COUNT
} ebb_config__type;

typedef struct ebb_config__row {
    ebb_config_option option;
    ebb_config__type type;
    size_t offset;         /* of the field; 0 where the type knows its fields */
    double low, high;      /* of numbers */
    ebb_choice_fn choices; /* of CHOICE and FLAG */
} ebb_config__row;

/* NULL past the end. */
const ebb_config__row *ebb_config__row_at(size_t index);

/* Reads value into the row's field; EBB_ERR_USAGE with a message that begins with where.
 */
ebb_status ebb_config__parse(ebb_config *config, const ebb_config__row *row,
                             const char *where, const char *value);
/* Appends the text that __parse would read back; nothing for a value that is not there.
 */
void ebb_config__print(ebb_text *out, const ebb_config__row *row,
                       const ebb_config *config);
/* Shortest text that reads back as value. */
void ebb_config__print_real(ebb_text *out, double value);

/* The row's field in config, as the type its row promises. */
void *ebb_config__field(ebb_config *config, const ebb_config__row *row);
const void *ebb_config__field_of(const ebb_config *config, const ebb_config__row *row);

/* Classes of the data set that config names. */
size_t ebb_config__classes(const ebb_config *config);
#endif
