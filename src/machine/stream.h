/* stream.h - loops that pass over arrays again and again, for measuring bandwidth.
 *
 * Which vectors they use is decided at run time, as in machine/peak.h. */
#ifndef EBB_MACHINE_STREAM_H
#define EBB_MACHINE_STREAM_H

#include <stddef.h>
#include <stdint.h>

typedef struct ebb_stream ebb_stream;

/* Adds up an array; fills one; a = b + s·c over three. */
extern const ebb_stream ebb_stream_read, ebb_stream_write, ebb_stream_triad;

enum {
    EBB_STREAM_GRAIN = 3 * 512,    /* array_bytes is a multiple of it */
    EBB_STREAM_SPARE_BYTES = 8192, /* needed behind array_bytes, to set arrays apart */
};

/* Passes n times over array_bytes at memory (aligned to 64), all arrays of the stream
 * together; each byte is read or written once a pass. Returns a number that depends on
 * what was read; 0 for streams that write. */
float ebb_stream_run(const ebb_stream *stream, float *memory, size_t array_bytes,
                     uint64_t n);

#endif
