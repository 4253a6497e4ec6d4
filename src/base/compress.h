/*
 * Zstandard (RFC 8878), in pieces: files may be larger than memory.
 *
 * What is compressed is one frame with its size and a checksum, and the same bytes for the same
 * library. Contract: tests/unit/test_compress.c.
 */
#ifndef WS_BASE_COMPRESS_H
#define WS_BASE_COMPRESS_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/status.h"

/* Takes the next piece of what comes out. */
typedef enum ws_status ws_piece_sink(void *user, struct ws_bytes piece, struct ws_error *err);

/* Of bytes that went in or came out, uncompressed. */
struct ws_measured {
    struct ws_hash digest;
    uint64_t size;
};

/* Reads an open file to its end. `name` is for messages. */
WS_MUST_CHECK enum ws_status ws_compress(int descriptor, const char *name, ws_piece_sink *sink,
                                         void *user, struct ws_measured *out, struct ws_error *err);

/* The one frame of a file. WS_CORRUPT where it is damaged, cut short, or followed by anything;
 * WS_LIMIT once more than `limit` bytes came out. `sink` NULL: only to measure. */
WS_MUST_CHECK enum ws_status ws_decompress(const char *path, uint64_t limit, ws_piece_sink *sink,
                                           void *user, struct ws_measured *out,
                                           struct ws_error *err);

#endif
