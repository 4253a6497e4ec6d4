/*
 * A document as it is looked up: the SHA-256 of its canonical text, and its fingerprints with the
 * characters that they are of. The text itself is not kept. Contract: tests/unit/test_lookup.c.
 */
#ifndef WS_LEDGER_QUERY_H
#define WS_LEDGER_QUERY_H

#include "base/buffer.h"
#include "base/hash.h"
#include "fingerprint/fingerprint.h"
#include "ledger/verdict.h"

struct ws_query {
    struct ws_hash digest;
    bool has_text;                       /* else the digest is all that is known */
    uint64_t characters;                 /* raw code points */
    const struct ws_verdict_mark *marks; /* their beginnings rise */
    size_t mark_count;
};

/* Bytes of marks, which are 24 each: of 1.4 GB of ordinary text with one in 33 bytes, and of less
 * that repeats itself. */
#define WS_QUERY_LIMIT ((size_t)1 << 30)

/* Reads a document that comes in pieces. */
struct ws_query_reader {
    struct ws_fingerprinter *fingerprinter;
    struct ws_buffer marks;
};
/* The caller closes it, also after a failure. */
WS_MUST_CHECK enum ws_status ws_query_open(struct ws_query_reader *reader,
                                           const struct ws_allocator *allocator,
                                           struct ws_error *err);
/* WS_LIMIT beside what a fingerprinter says. */
WS_MUST_CHECK enum ws_status ws_query_add(struct ws_query_reader *reader, struct ws_bytes raw,
                                          struct ws_error *err);
/* The marks lie in the reader, until the next document begins. */
WS_MUST_CHECK enum ws_status ws_query_end(struct ws_query_reader *reader, struct ws_query *out,
                                          struct ws_error *err);
/* A document that is there whole. The caller closes the reader, also after a failure. */
WS_MUST_CHECK enum ws_status ws_query_read(struct ws_query_reader *reader, struct ws_bytes raw,
                                           const struct ws_allocator *allocator,
                                           struct ws_query *out, struct ws_error *err);
void ws_query_close(struct ws_query_reader *reader); /* zeroed or closed before is fine */

#endif
