/*
 * Which k-grams of a text stand for it: robust winnowing (Schleimer, Wilkerson and Aiken, SIGMOD
 * 2003). Of each window of w consecutive k-grams the least is kept, so two texts that share any
 * w + k - 1 bytes share a k-gram that is kept, wherever it stands: in all texts, for the order is
 * total on k-grams. About 2 / (w + 1) of the positions are kept.
 *
 * The order: by the cyclic polynomial of the k bytes over words of 64 bits (the word of a byte is
 * what the first eight bytes of its SHA-256 are, big-endian), and where two are equal by the bytes.
 * Of equal k-grams in a window the one that was kept before stays, else the last is kept. A text of
 * k to w + k - 2 bytes is one window, a shorter one has none. Memory does not grow.
 * Contract: tests/unit/test_winnow.c, which also holds the plain reference.
 */
#ifndef WS_FINGERPRINT_WINNOW_H
#define WS_FINGERPRINT_WINNOW_H

#include "base/allocator.h"
#include "base/bytes.h"
#include "base/status.h"

struct ws_winnow;

/* A k-gram that is kept. */
struct ws_gram {
    uint64_t at;         /* its first byte's place in the text */
    const uint8_t *text; /* its k bytes; valid until the next call */
};

enum { WS_GRAM_MOST = 63, WS_WINDOW_MOST = 1024 };

/* 1 <= k <= WS_GRAM_MOST, 1 <= w <= WS_WINDOW_MOST. */
WS_MUST_CHECK enum ws_status ws_winnow_open(unsigned k, unsigned w,
                                            const struct ws_allocator *allocator,
                                            struct ws_winnow **out, struct ws_error *err);
void ws_winnow_close(struct ws_winnow *winnow); /* NULL is fine */

/* Takes bytes off the front of `text`, a few thousand at most. The k-grams that are kept are at
 * *out, in the order of their places; how many. */
size_t ws_winnow_read(struct ws_winnow *winnow, struct ws_bytes *text, const struct ws_gram **out);
/* The text ends here: what a short one still gives. Then the next text can begin. */
size_t ws_winnow_end(struct ws_winnow *winnow, const struct ws_gram **out);

#endif
