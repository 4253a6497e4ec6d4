/*
 * Asking the witnesses of a policy to cosign a checkpoint (c2sp.org/tlog-witness, add-checkpoint).
 *
 * All are asked at once, each with the proof from the size that it last cosigned: from the size
 * that it should know, and where it names another, from that. What comes back is believed no
 * further than a key of the policy has signed it. Witnesses tell more than a cosignature: one that
 * knows more entries than the log has, or another root of as many, says that the log was rolled
 * back or forked. Contract: tests/unit/test_witness_client.c.
 */
#ifndef WS_LEDGER_WITNESS_CLIENT_H
#define WS_LEDGER_WITNESS_CLIENT_H

#include "ledger/trust.h"

enum { WS_WITNESS_ANSWER_LIMIT = 1 << 16 }; /* bytes of a witness's answer that are looked at */

struct ws_witness_reply {
    unsigned status;  /* of HTTP */
    const char *type; /* Content-Type; "" where there is none */
    struct ws_bytes body;
};

/* How a witness is reached: posts `body` to the URL. Called from several threads at once, with an
 * arena for each call; it sees to limits of time and size. WS_IO where there was no answer. */
struct ws_witness_transport {
    enum ws_status (*post)(void *user, const char *url, struct ws_bytes body,
                           struct ws_arena *arena, struct ws_witness_reply *out,
                           struct ws_error *err);
    void *user;
};

/* clang-format off */
/*    name       of metrics     what */
#define WS_WITNESS_OUTCOME_MAP(X)                                                                   \
    X(COSIGNED,   "cosigned",   "cosigned")                                                         \
    X(NO_URL,     "no_url",     "the policy has no URL of it")                                      \
    X(UNREACHED,  "unreached",  "gave no answer")                                                   \
    X(REFUSED,    "refused",    "refused")                                                          \
    X(BAD_ANSWER, "bad_answer", "gave an answer that is none")                                      \
    X(AHEAD,      "ahead",      "has cosigned more entries than there are here")                    \
    X(FORKED,     "forked",     "does not find here what it has cosigned")
/* clang-format on */

enum ws_witness_result {
#define X(name, metric, what) WS_WITNESS_GAVE_##name,
    WS_WITNESS_OUTCOME_MAP(X)
#undef X
        WS_WITNESS_RESULTS
};
const char *ws_witness_result_name(enum ws_witness_result result); /* "bad_answer" */

/* What came of a witness. */
struct ws_witness_outcome {
    size_t member; /* of the policy */
    enum ws_witness_result result;
    const char *message;         /* for people: what it said, or what was wrong */
    uint64_t size;               /* AHEAD: entries that it has cosigned */
    uint64_t time;               /* COSIGNED: POSIX seconds */
    struct ws_bytes cosignature; /* COSIGNED: the line with its end */
};

struct ws_witness_outcomes {
    struct ws_witness_outcome *items; /* of each witness, in the policy's order */
    size_t count;
    struct ws_bytes note; /* the checkpoint, with the log's signatures alone */
};

/* `note` is signed by a log of the policy; other signatures are left out. `old_size`, at most the
 * checkpoint's, is what witnesses should know. `nodes` are of the checkpoint's tree; they are read
 * by one thread at a time. Fails only for what is wrong here: WS_CORRUPT, WS_INVALID, or what nodes
 * fail with. What is found lives in the arena. */
WS_MUST_CHECK enum ws_status
ws_witness_gather(const struct ws_trust *trust, struct ws_bytes note, uint64_t old_size,
                  const struct ws_merkle_nodes *nodes, const struct ws_witness_transport *transport,
                  struct ws_arena *arena, struct ws_witness_outcomes *out, struct ws_error *err);

/* Appends `note` with the cosignatures that it does not have yet of these witnesses, as far as a
 * note has room for signatures: of each the first one stays. */
WS_MUST_CHECK enum ws_status ws_witness_merge(const struct ws_trust *trust, struct ws_bytes note,
                                              const struct ws_witness_outcomes *outcomes,
                                              struct ws_arena *arena, struct ws_buffer *out,
                                              struct ws_error *err);

#endif
