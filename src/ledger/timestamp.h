/*
 * Timestamps of RFC 3161 for checkpoints: what an authority says, in a token that it signed, of
 * when it saw the SHA-256 of a checkpoint's text. A grade of evidence of its own, beside what
 * witnesses cosign and in no quorum: it is one party's word, and as good as that party's clock and
 * key.
 *
 * A token proves that the checkpoint, and so every entry that it covers, existed no later than its
 * time. It counts as long as the authority's certificate is valid; who wants it to last longer has
 * it stamped again. Requests carry no nonce: an older token for the same text is better evidence,
 * not a replay. Through OpenSSL. Contract: tests/unit/test_timestamp.c,
 * tests/fuzz/fuzz_timestamp.c.
 */
#ifndef WS_LEDGER_TIMESTAMP_H
#define WS_LEDGER_TIMESTAMP_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/hash.h"

#define WS_TIMESTAMP_QUERY_TYPE "application/timestamp-query"
#define WS_TIMESTAMP_REPLY_TYPE "application/timestamp-reply"

enum { WS_TIMESTAMP_LIMIT = 1 << 16 }; /* bytes of an authority's answer */

/* What an answer says, believed or not. */
struct ws_timestamp {
    struct ws_hash digest;
    uint64_t time;     /* POSIX seconds */
    uint64_t accuracy; /* seconds by which the time may be off, rounded up; 0: not said */
};

/* A request (TimeStampReq, DER) for the text of `note`, a signed checkpoint: what is to be posted
 * to the authority. WS_CORRUPT where it is no note. It lives in the arena. */
WS_MUST_CHECK enum ws_status ws_timestamp_request(struct ws_bytes note, struct ws_arena *arena,
                                                  struct ws_bytes *out, struct ws_error *err);

/* Takes an answer (TimeStampResp, DER) apart and believes nothing in it. WS_CORRUPT where it is
 * none, or one that refuses. */
WS_MUST_CHECK enum ws_status ws_timestamp_read(struct ws_bytes answer, struct ws_timestamp *out,
                                               struct ws_error *err);

/* Whether the answer is of the text of `note` and signed by an authority whose certificate one of
 * the file `authorities` (PEM) has signed, for stamping, and is valid at `now` (POSIX seconds).
 * WS_CORRUPT where it is not; WS_INVALID, WS_NOT_FOUND for a file that has no certificates. */
WS_MUST_CHECK enum ws_status ws_timestamp_check(struct ws_bytes answer, struct ws_bytes note,
                                                const char *authorities, uint64_t now,
                                                struct ws_arena *arena, struct ws_timestamp *out,
                                                struct ws_error *err);

/* "<directory>/timestamps/x001/503": where the answer for a log's checkpoint of this size is kept.
 * NULL when memory is out. */
const char *ws_timestamp_path(struct ws_arena *arena, const char *directory, uint64_t size);

#endif
