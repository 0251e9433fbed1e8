#include "study/dump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

ebb_status ebb_dump_open(const char *directory)
{
    if (directory == NULL) {
        return EBB_OK;
    }
    struct stat info;
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s (a folder that can be made)",
                        directory, strerror(errno));
    }
    if (stat(directory, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: is no folder (a folder)", directory);
    }
    return EBB_OK;
}

/* Magic, version 1.0, then a header padded so that the data start at a multiple of 64. */
static size_t make_header(char header[128], const char *type, size_t n)
{
    char text[118];
    const int length =
        snprintf(text, sizeof text,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }", type, n);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = 118;
    header[9] = 0;
    memset(header + 10, ' ', 118);
    memcpy(header + 10, text, (size_t)length);
    header[127] = '\n';
    return 128;
}

static ebb_status write_file(const char *path, const char *type, const void *data,
                             size_t n, size_t item_bytes)
{
    char header[128];
    const size_t header_bytes = make_header(header, type, n);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s", path, strerror(errno));
    }
    const bool written = fwrite(header, 1, header_bytes, file) == header_bytes &&
                         fwrite(data, item_bytes, n, file) == n;
    const int reason = errno;
    if (fclose(file) != 0 || !written) {
        remove(path);
        return ebb_fail(EBB_ERR_ENVIRONMENT, "%s: %s", path,
                        strerror(written ? errno : reason));
    }
    return EBB_OK;
}

ebb_status ebb_dump_write(const char *directory, const char *name, ebb_dump_array *array,
                          const char *type)
{
    if (directory == NULL) {
        return EBB_OK;
    }
    ebb_text path = {0};
    ebb_text_append(&path, "%s/%s.npy", directory, name);
    ebb_status status = ebb_text_check(&path);
    if (status == EBB_OK) {
        status = write_file(path.data, type, array->n == 0 ? "" : array->data, array->n,
                            array->item_bytes);
    }
    ebb_text_clear(&path);
    ebb_dump_clear(array);
    return status;
}

ebb_status ebb_dump_append(ebb_dump_array *array, const void *items, size_t n,
                           size_t item_bytes)
{
    array->item_bytes = item_bytes;
    if (n == 0) {
        return EBB_OK; /* data may be NULL yet */
    }
    if (array->n + n > array->capacity) {
        const size_t capacity = 2 * (array->n + n);
        char *data = realloc(array->data, capacity * item_bytes);
        if (data == NULL) {
            return ebb_fail_memory(capacity * item_bytes);
        }
        array->data = data;
        array->capacity = capacity;
    }
    memcpy(array->data + array->n * item_bytes, items, n * item_bytes);
    array->n += n;
    return EBB_OK;
}

void ebb_dump_clear(ebb_dump_array *array)
{
    free(array->data);
    *array = (ebb_dump_array){.item_bytes = array->item_bytes};
}

static ebb_status append_layer(ebb_dump_array *array, const float *values,
                               const ebb_layer *layer)
{
    for (size_t k = 0; k < (layer->in + 1) * layer->out; k++) {
        const size_t row = ebb_layer_row(layer, k / layer->out);
        EBB_TRY(ebb_dump_append(array, values + ebb_layer_at(layer, row, k % layer->out),
                                1, sizeof *values));
    }
    return EBB_OK;
}

static ebb_status append_parameters(ebb_dump_array *array,
                                    const ebb_parameters *parameters)
{
    const ebb_shape *shape = parameters->shape;
    for (size_t l = 0; l < shape->n_backbone; l++) {
        EBB_TRY(append_layer(array, parameters->values, &shape->backbone[l]));
    }
    for (size_t h = 0; h < shape->n_heads; h++) {
        EBB_TRY(append_layer(array, parameters->values, &shape->heads[h]));
    }
    return EBB_OK;
}

ebb_status ebb_dump_parameters(const char *directory, const char *name,
                               const ebb_parameters *parameters)
{
    if (directory == NULL) {
        return EBB_OK;
    }
    ebb_dump_array array = {0};
    ebb_status status = append_parameters(&array, parameters);
    if (status == EBB_OK) {
        status = ebb_dump_write(directory, name, &array, "<f4");
    }
    ebb_dump_clear(&array);
    return status;
}
