/*
 * Human text from files: reading, and cutting into words. Both go piece by piece, so that a text
 * may be larger than memory.
 *
 * Words follow the rule of the n-gram literature (Suresh et al. 2024): lower-case the text, make
 * every run of non-word characters one space, split. A word character is a letter or number of any
 * script, or '_' (Unicode categories L* and N*, as Python's \w). Text must be valid UTF-8 without
 * zero bytes; what is not is called binary and refused with the offset.
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
#include "base/text_set.h"

/* What takes a text as it is read. A piece is any number of bytes, cut anywhere. */
struct ws_text_sink {
    enum ws_status (*take)(void *user, struct ws_bytes piece, struct ws_error *err);
    void *user;
};

/* All bytes of a file, or of every file below a directory in order of their paths, a newline
 * between two. Hidden files are left out; links are followed to files, not to directories. Names
 * ending in .gz and .zst are inflated, all members or frames. `limit` bounds the inflated bytes.
 * WS_NOT_FOUND, WS_UNSUPPORTED (empty), WS_CORRUPT (damaged compression), WS_LIMIT, and what the
 * sink fails with; then it was given what was read so far. */
WS_MUST_CHECK enum ws_status ws_text_stream(const char *path, size_t limit,
                                            const struct ws_allocator *allocator,
                                            const struct ws_text_sink *sink, struct ws_error *err);

/* The same into a buffer. */
WS_MUST_CHECK enum ws_status ws_text_read(const char *path, size_t limit, struct ws_buffer *out,
                                          struct ws_error *err);

/* Words that texts have in common, numbered in order of first appearance. */
struct ws_words {
    struct ws_text_set set;
    struct ws_buffer word; /* the one being read */
    uint8_t fold[128];     /* ASCII: the lower-case word character, or 0 */
};
void ws_words_init(struct ws_words *words, const struct ws_allocator *allocator);
void ws_words_release(struct ws_words *words);

/* A text, or what begins `offset` bytes behind its front. `name` and `offset` are for messages. */
struct ws_text {
    struct ws_bytes bytes;
    const char *name;
    size_t offset;
};

/* Where a text that goes on may be cut: the largest p > 0 such that the words of text[0, p) and
 * those of everything from p on are the words of the whole. 0 when there is no white space. */
size_t ws_words_cut(struct ws_bytes text);

/* Appends the numbers of the text's words to `ids`, as uint32_t. WS_UNSUPPORTED: binary. */
WS_MUST_CHECK enum ws_status ws_words_encode(struct ws_words *words, const struct ws_text *text,
                                             struct ws_buffer *ids, struct ws_error *err);

/* Distinct tokens by their numbers. */
struct ws_vocabulary {
    uint32_t count;
    const char *const *words; /* (count), zero-terminated; for bytes NULL: id = byte, count 256 */
};
WS_MUST_CHECK enum ws_status ws_words_vocabulary(const struct ws_words *words,
                                                 struct ws_arena *arena, struct ws_vocabulary *out,
                                                 struct ws_error *err);

#endif
