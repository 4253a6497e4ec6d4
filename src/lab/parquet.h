/*
 * A table as an Apache Parquet file: what other programs read quickest.
 *
 * A small part of the format, chosen so that every reader has it: version 1, no compression, no
 * nulls. Texts (UTF8) are kept once in each row group and referred to by number, whole numbers are
 * INT64, reals DOUBLE. Rows are buffered up to a group. Sources: the format's specification,
 * parquet-format 2.9 (README, Encodings.md, parquet.thrift), and Thrift's compact protocol.
 * Contract: tests/unit/test_parquet.c, tests/cli/parquet.sh.
 */
#ifndef WS_LAB_PARQUET_H
#define WS_LAB_PARQUET_H

#include "base/buffer.h"
#include "lab/column.h"

struct ws_parquet_chunk;

struct ws_parquet {
    const struct ws_allocator *allocator;
    const struct ws_column *columns; /* (column_count), the caller's */
    size_t column_count;
    struct ws_parquet_chunk *chunks; /* of the row group at hand, one a column */
    uint64_t rows;                   /* in it */
    uint64_t written;                /* bytes of the file */
    uint64_t total_rows;             /* of whole groups */
    uint32_t group_count;
    struct ws_buffer groups; /* what the footer says of them */
};

/* Begins a file: whatever is appended to `out`, now and by the calls below, is its next bytes. The
 * caller may take them out between calls. Nothing needs a release after a failure. */
WS_MUST_CHECK enum ws_status ws_parquet_begin(struct ws_parquet *file,
                                              const struct ws_column *columns, size_t column_count,
                                              const struct ws_allocator *allocator,
                                              struct ws_buffer *out, struct ws_error *err);
/* One row, a cell a column; texts are copied. */
WS_MUST_CHECK enum ws_status ws_parquet_add(struct ws_parquet *file, const union ws_cell *cells,
                                            struct ws_buffer *out, struct ws_error *err);
/* The rows that are left, and the footer. */
WS_MUST_CHECK enum ws_status ws_parquet_end(struct ws_parquet *file, struct ws_buffer *out,
                                            struct ws_error *err);
void ws_parquet_release(struct ws_parquet *file); /* zeroed is fine */

#endif
