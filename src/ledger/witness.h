/*
 * A witness (c2sp.org/tlog-witness): it cosigns a checkpoint of a log that it knows when the log
 * only grew since the last one that it cosigned, and says when that was. Of two checkpoints that
 * contradict each other it cosigns one, whoever asks.
 *
 * A request's bytes become a status of HTTP and an answer's bytes; who listens is another's affair
 * (server/witness_site.h). The check and the new state are one transaction, and a cosignature
 * leaves only when that is on the disk. Several threads, and several processes with the same state,
 * may ask at once. Contract: tests/unit/test_witness.c.
 */
#ifndef WS_LEDGER_WITNESS_H
#define WS_LEDGER_WITNESS_H

#include <pthread.h>

#include "base/clock.h"
#include "ledger/witness_request.h"
#include "ledger/witness_store.h"

/* clang-format off */
/*    name              HTTP  of metrics           what */
#define WS_WITNESS_VERDICT_MAP(X)                                                                    \
    X(COSIGNED,         200, "cosigned",          "cosigned")                                        \
    X(MALFORMED,        400, "malformed",         "the request is none")                             \
    X(UNKNOWN_LOG,      404, "unknown_log",       "this witness does not know the log")              \
    X(NOT_SIGNED,       403, "not_signed",        "no key of the log signed the checkpoint")         \
    X(BAD_SIGNATURE,    403, "bad_signature",     "a signature of the log's key is bad")             \
    X(OLD_AHEAD,        400, "old_ahead",         "the old size is beyond the checkpoint's")         \
    X(OTHER_SIZE,       409, "other_size",        "the old size is not that which was cosigned last") \
    X(WRONG_EMPTY_ROOT, 422, "wrong_empty_root",  "the root of no entries is another")               \
    X(BAD_PROOF,        422, "bad_proof",         "the proof does not show that the log only grew")  \
    X(OTHER_ROOT,       422, "other_root",        "another root of this size was cosigned: a fork")
/* clang-format on */

enum ws_witness_verdict {
#define X(name, status, metric, what) WS_WITNESS_##name,
    WS_WITNESS_VERDICT_MAP(X)
#undef X
        WS_WITNESS_VERDICTS
};

struct ws_witness_answer {
    enum ws_witness_verdict verdict;
    unsigned status; /* of HTTP */
    const char *type;
    struct ws_bytes body; /* lives in the request's arena */
};

struct ws_witness {
    struct ws_witness_store store;
    const struct ws_note_signer *signer; /* of type WS_KEY_COSIGNATURE */
    const struct ws_clock *clock;
    pthread_mutex_t mutex; /* guards all of it */
    uint64_t answers[WS_WITNESS_VERDICTS];
    uint64_t failures;     /* requests that a disk or memory did not let it answer */
    uint64_t clock_behind; /* seconds by which the clock was behind the last cosignature, at most */
};

/* Path, signer and clock are the caller's and stay. */
WS_MUST_CHECK enum ws_status ws_witness_open(const char *path, const struct ws_note_signer *signer,
                                             const struct ws_clock *clock, struct ws_witness *out,
                                             struct ws_error *err);
void ws_witness_close(struct ws_witness *witness); /* zeroed or closed before is fine */

/* Answers add-checkpoint. Where the clock is behind the last cosignature of the log, the time of
 * that is signed again: the checkpoint existed no later than then, too. A failure is none of the
 * request's; nothing was cosigned. */
WS_MUST_CHECK enum ws_status ws_witness_add_checkpoint(struct ws_witness *witness,
                                                       struct ws_bytes request,
                                                       struct ws_arena *arena,
                                                       struct ws_witness_answer *out,
                                                       struct ws_error *err);

/* The last checkpoint that was cosigned of the log whose origin has this SHA-256, in hexadecimal
 * digits. WS_NOT_FOUND. */
WS_MUST_CHECK enum ws_status ws_witness_checkpoint(struct ws_witness *witness,
                                                   const char *origin_hash, struct ws_arena *arena,
                                                   struct ws_bytes *out, struct ws_error *err);

/* What it did since it was opened, and what it remembers. */
struct ws_witness_report {
    uint64_t answers[WS_WITNESS_VERDICTS];
    uint64_t failures, clock_behind;
    struct ws_witnessed_logs logs;
};
WS_MUST_CHECK enum ws_status ws_witness_report(struct ws_witness *witness, struct ws_arena *arena,
                                               struct ws_witness_report *out, struct ws_error *err);

#endif
