/*
 * The text in the lazy-load database of an R package (`data/Rdata.rdb`), read without R.
 *
 * The file is a row of chunks, each one variable:
 *
 *     u32, big-endian   size of the chunk once inflated
 *     bytes             a zlib stream
 *
 * An inflated chunk is R's XDR serialization (R Internals, "Serialization Formats"), here always of
 * a character vector without attributes. All numbers are big-endian:
 *
 *     "X\n"
 *     u32 version       2 or 3
 *     u32 u32           the R that wrote it, the oldest R that can read it
 *     u32 size, bytes   name of the native encoding; version 3 only
 *     u32 flags         16: a character vector
 *     u32 count         of strings, each:
 *         u32 flags     low byte 9: a string
 *         u32 size      all ones when the string is missing
 *         bytes
 *
 * The bytes come from outside: every size is checked before it is used.
 * Contract: tests/tools/test_rdb_text.c.
 */
#ifndef WS_TOOLS_RDB_TEXT_H
#define WS_TOOLS_RDB_TEXT_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"

/* Appends every string of every chunk to `out`, in the order of the file, each with a newline. What
 * was appended before a failure stays. */
WS_MUST_CHECK enum ws_status ws_rdb_text(struct ws_bytes rdb, struct ws_buffer *out,
                                         struct ws_error *err);

#endif
