/* The passes over all parameters that unlearning needs: a snapshot before a task, the
 * record of what a task changed, the deletion of one and of three records.
 *
 * Values are small whole numbers, so that sums and differences are exact however often
 * they are taken, and every result is known beforehand. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "expect.h"
#include "net/backbone.h"
#include "net/parameters.h"

enum { FEATURES = 784, CLASSES = 10, MAX_RECORDS = 3, EXACT_DELETIONS = 4000000 };

typedef enum pass { SNAPSHOT, RECORD, DELETE } pass;

typedef struct ledger {
    const char *name;
    pass pass;
    size_t n_records;
    ebb_shape shape;
    ebb_parameters *parameters;
    float *out;                  /* snapshot or record */
    float *records[MAX_RECORDS]; /* to delete */
    int64_t n_done;              /* since begin */
} ledger;

/* Whole numbers: the value at i, and what record r holds there. */
static float value_at(size_t i)
{
    return (float)(i % 251) - 125.0f;
}

static float record_at(size_t i, size_t r)
{
    return (float)((i + r) % 3) - 1.0f;
}

static void begin(void *fixture)
{
    ledger *self = fixture;
    const size_t n = self->shape.n_floats;
    self->n_done = 0;
    for (size_t i = 0; self->pass == DELETE && i < n; i++) {
        self->parameters->values[i] = value_at(i);
    }
    for (size_t i = 0; self->pass == RECORD && i < n; i++) {
        self->out[i] = record_at(i, 0);
    }
    if (self->pass == SNAPSHOT) {
        ebb_expect_poison(self->out, n);
    }
}

/* Whole numbers are exact in a float up to 2^24. */
static ebb_status rewind_values(void *fixture)
{
    const ledger *self = fixture;
    if (self->n_done > EXACT_DELETIONS) {
        begin(fixture);
    }
    return EBB_OK;
}

static ebb_status run(void *fixture, int64_t n)
{
    ledger *self = fixture;
    const float *const records[] = {self->records[0], self->records[1], self->records[2]};
    for (int64_t i = 0; i < n; i++) {
        switch (self->pass) {
        case SNAPSHOT: ebb_parameters_copy(self->out, self->parameters); break;
        case RECORD: ebb_parameters_difference(self->out, self->parameters); break;
        case DELETE:
            ebb_parameters_subtract(self->parameters, records, self->n_records);
            break;
        }
    }
    self->n_done += n;
    return EBB_OK;
}

/* What must stand at i now. A record taken twice is what it was. */
static float expected_at(const ledger *self, size_t i)
{
    if (self->pass == SNAPSHOT) {
        return value_at(i);
    }
    if (self->pass == RECORD) {
        const float record = record_at(i, 0);
        return self->n_done % 2 == 0 ? record : value_at(i) - record;
    }
    float sum = 0.0f;
    for (size_t r = 0; r < self->n_records; r++) {
        sum += record_at(i, r);
    }
    return value_at(i) - sum * (float)self->n_done;
}

static ebb_status check(void *fixture)
{
    const ledger *self = fixture;
    const float *found = self->pass == DELETE ? self->parameters->values : self->out;
    for (size_t i = 0; i < self->shape.n_floats; i++) {
        if (found[i] != expected_at(self, i)) {
            return ebb_fail(EBB_ERR_WRONG, "%s: parameter %zu: %.9g (%.9g)", self->name,
                            i, (double)found[i], (double)expected_at(self, i));
        }
    }
    return EBB_OK;
}

static void close_fixture(void *fixture)
{
    ledger *self = fixture;
    for (size_t r = 0; r < MAX_RECORDS; r++) {
        ebb_buffer_free(self->records[r]);
    }
    ebb_buffer_free(self->out);
    ebb_parameters_destroy(self->parameters);
    free(self);
}

static ebb_status build(ledger *self, ebb_team *team, size_t width)
{
    const size_t hidden[] = {width, width};
    EBB_TRY(ebb_backbone_mlp.describe(&self->shape, FEATURES, hidden, 2));
    EBB_TRY(ebb_shape_add_head(&self->shape, CLASSES));
    EBB_TRY(ebb_parameters_create(&self->parameters, &self->shape, team));
    for (size_t i = 0; i < self->shape.n_floats; i++) {
        self->parameters->values[i] = value_at(i);
    }
    if (self->pass != DELETE) {
        EBB_TRY(ebb_parameters_arena(&self->out, self->parameters));
    }
    for (size_t r = 0; self->pass == DELETE && r < self->n_records; r++) {
        EBB_TRY(ebb_parameters_arena(&self->records[r], self->parameters));
        for (size_t i = 0; i < self->shape.n_floats; i++) {
            self->records[r][i] = record_at(i, r);
        }
    }
    begin(self);
    EBB_TRY(run(self, 1));
    return check(self);
}

static ebb_status open_fixture(void **fixture, ebb_micro_work *work,
                               const ebb_micro_call *call)
{
    ledger *self = calloc(1, sizeof *self);
    *fixture = NULL;
    if (self == NULL) {
        return ebb_fail_memory(sizeof *self);
    }
    self->name = call->name;
    self->pass = (pass)call->variant[0];
    self->n_records = call->variant[1];
    const ebb_status status = build(self, call->team, (size_t)call->args[0]);
    if (status != EBB_OK) {
        close_fixture(self);
        return status;
    }
    /* Arrays read and written: 1 and 1, 2 and 1, 1 + records and 1. */
    const double arrays = self->pass == SNAPSHOT ? 2.0
                          : self->pass == RECORD ? 3.0
                                                 : 2.0 + (double)self->n_records;
    const double bytes = sizeof(float) * (double)self->shape.n_floats;
    *work = (ebb_micro_work){
        .roof = EBB_MICRO_STREAM,
        .amount = bytes * arrays,
        .footprint_bytes = bytes * (self->pass == DELETE ? arrays - 1.0 : 2.0),
        .items = (double)self->shape.n_parameters,
    };
    *fixture = self;
    return EBB_OK;
}

static const ebb_micro_kind kind = {
    .arg_names = {"width", "threads", NULL},
    .uses_team = true,
    .open = open_fixture,
    .begin = begin,
    .rewind = rewind_values,
    .run = run,
    .check = check,
    .close = close_fixture,
};

static const int64_t widths[] = {256, 1024, 4096};

static ebb_status add(ebb_micro_list *list)
{
    static const struct {
        const char *name;
        size_t variant[2];
    } passes[] = {
        {"ledger_snapshot", {SNAPSHOT, 0}},
        {"ledger_record", {RECORD, 0}},
        {"ledger_delete_1", {DELETE, 1}},
        {"ledger_delete_3", {DELETE, 3}},
    };
    const ebb_micro_axis axis = {widths, sizeof widths / sizeof *widths};
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        EBB_TRY(ebb_micro_add(list, &kind, passes[i].name, passes[i].variant, &axis));
    }
    return EBB_OK;
}

const ebb_micro_topic ebb_micro_ledger = {
    .name = "ledger",
    .summary = "snapshot, record and deletion over all parameters",
    .add = add,
};
