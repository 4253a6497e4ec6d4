/*
 * What stands for a document in the registry: the SHA-256 of its canonical text, which proves a
 * whole copy, and the fingerprints of k-grams of it, which find a part: any WS_FINGERPRINT_RUN
 * canonical bytes that two documents share give them a fingerprint in common.
 *
 * A fingerprint is the first eight bytes of the SHA-256 of its k-gram, read big-endian, so that it
 * says no more of the text than who guesses those k bytes learns, and is spread evenly. It never
 * proves anything alone. The scheme is named `ws-winnow-1`: canonical text `ws-canon-1`, and k, w,
 * order and hash as here and in fingerprint/winnow.h; another value of any of them is another
 * scheme. One pass, in memory that does not grow with the document. A document of fewer than k
 * canonical bytes has no fingerprints, and one of fewer than WS_FINGERPRINT_RUN at least one.
 * docs/formats/fingerprint.md has the rule, examples and vectors; contract:
 * tests/unit/test_fingerprint.c.
 */
#ifndef WS_FINGERPRINT_FINGERPRINT_H
#define WS_FINGERPRINT_FINGERPRINT_H

#include "base/hash.h"
#include "fingerprint/canon.h"

#define WS_FINGERPRINT_ID "ws-winnow-1"

enum {
    WS_FINGERPRINT_GRAM = 50,   /* k, in bytes of canonical text */
    WS_FINGERPRINT_WINDOW = 64, /* w */
    WS_FINGERPRINT_RUN = WS_FINGERPRINT_WINDOW + WS_FINGERPRINT_GRAM - 1,
};

struct ws_fingerprint {
    uint64_t value;
    uint64_t begin, end; /* raw code points [begin, end) that its k-gram was made of */
};

/* Of a whole document. */
struct ws_document_print {
    struct ws_hash digest; /* SHA-256 of the canonical text */
    uint64_t fingerprints; /* how many were given */
    struct ws_canon_counts counts;
};

/* Takes fingerprints as they are found, in the order of their places; the same value may come
 * again. Another status than WS_OK ends the document with it. */
typedef enum ws_status ws_fingerprint_take(void *context, const struct ws_fingerprint *found,
                                           size_t count, struct ws_error *err);

/* Makes the fingerprints of one document after another. Not for two threads at once. */
struct ws_fingerprinter;

/* WS_UNSUPPORTED where the library of Unicode data is older than 15.0.0. */
WS_MUST_CHECK enum ws_status ws_fingerprinter_open(const struct ws_allocator *allocator,
                                                   ws_fingerprint_take *take, void *context,
                                                   struct ws_fingerprinter **out,
                                                   struct ws_error *err);
void ws_fingerprinter_close(struct ws_fingerprinter *fingerprinter); /* NULL is fine */

/* A piece of a document, of any size and cut anywhere. */
WS_MUST_CHECK enum ws_status ws_fingerprinter_add(struct ws_fingerprinter *fingerprinter,
                                                  struct ws_bytes raw, struct ws_error *err);
/* The document ends here. Then, also after a failure, the next one can begin. */
WS_MUST_CHECK enum ws_status ws_fingerprinter_end(struct ws_fingerprinter *fingerprinter,
                                                  struct ws_document_print *out,
                                                  struct ws_error *err);

/* Of a k-gram: WS_FINGERPRINT_GRAM canonical bytes. */
uint64_t ws_fingerprint_of(const uint8_t gram[WS_FINGERPRINT_GRAM]);

#endif
