/*
 * Human text from files: reading, and cutting into words or bytes.
 *
 * Words follow the rule of the n-gram literature (Suresh et al. 2024): lower-case the text, make
 * every run of non-word characters one space, split. A word character is a letter or number of any
 * script, or '_' (Unicode categories L* and N*, as Python's \w). Text must be valid UTF-8 without
 * zero bytes; what is not is called binary and refused with the offset. Bytes take any input.
 *
 * Contract: tests/unit/test_text.c. Fuzz target: tests/fuzz/fuzz_text.c.
 */
#ifndef WS_DATA_TEXT_H
#define WS_DATA_TEXT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/status.h"

enum ws_text_unit {
    WS_TEXT_WORDS,
    WS_TEXT_BYTES,
};

/* All bytes of a file, or of every file below a directory in order of their paths, a newline
 * between two. Hidden files are left out; links are followed to files, not to directories. Names
 * ending in .gz and .zst are inflated, all members or frames. `limit` bounds the inflated bytes.
 * WS_NOT_FOUND, WS_UNSUPPORTED (empty), WS_CORRUPT (damaged compression), WS_LIMIT; then `out`
 * holds what was read so far. */
WS_MUST_CHECK enum ws_status ws_text_read(const char *path, size_t limit, struct ws_buffer *out,
                                          struct ws_error *err);

/* Distinct tokens, numbered in order of first appearance. */
struct ws_vocabulary {
    uint32_t count;
    const char *const *words; /* (count), zero-terminated; for bytes NULL: id = byte, count 256 */
};

struct ws_tokens {
    const uint32_t *ids;
    size_t count;
    struct ws_vocabulary vocabulary;
};

/* `name` is the text's, for messages. */
struct ws_text {
    struct ws_bytes bytes;
    const char *name;
};

/* The tokens of each of `count` texts; all share one vocabulary. A pure function of bytes.
 * WS_UNSUPPORTED: binary, or no word in one of them. */
WS_MUST_CHECK enum ws_status ws_text_tokens(const struct ws_text *texts, size_t count,
                                            enum ws_text_unit unit, struct ws_arena *arena,
                                            struct ws_tokens *out, struct ws_error *err);

#endif
