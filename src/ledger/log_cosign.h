/*
 * Publishing a log that has witnesses (ledger/witness_client.h).
 *
 * Before the first signature of a process the witnesses are asked for the checkpoint that the log
 * signed last. One that has cosigned more entries, or others, says that the directory is an older
 * copy or was changed, and the log signs nothing: a second history under its name would prove that
 * it forked. Those who do not answer must be too few to have made a quorum among themselves, for
 * readers may hold what such a quorum cosigned.
 *
 * What is signed then is served when the quorum has cosigned it; until then readers see the
 * checkpoint before it, which their policy accepts. Contract: tests/unit/test_log_cosign.c.
 */
#ifndef WS_LEDGER_LOG_COSIGN_H
#define WS_LEDGER_LOG_COSIGN_H

#include "ledger/log_store.h"
#include "ledger/witness_client.h"

/* Who is asked, and how. */
struct ws_log_witnesses {
    const struct ws_trust *trust;
    const struct ws_witness_transport *transport;
};

/* What came of it. */
struct ws_log_cosigning {
    struct ws_witness_outcomes
        outcomes;   /* of the last round of questions; none without witnesses */
    uint64_t size;  /* of the checkpoint that was signed last */
    bool is_served; /* its quorum is complete, or the policy wants none */
    /* When the quorum was complete, POSIX seconds: what the checkpoint covers existed no later than
     * that. 0 where it is not, or the policy wants none. */
    uint64_t time;
};

/* Asks the witnesses about the checkpoint that was signed last, and serves it with what they
 * cosigned where the quorum is complete: alone, a way to have a checkpoint of today when nothing
 * was added. WS_CORRUPT when a witness knows more entries than are here, or others; WS_BUSY when
 * too few of them answered; outcomes are set then, too. What `out` holds lives in the arena. */
WS_MUST_CHECK enum ws_status ws_log_confirm(struct ws_log_store *store,
                                            const struct ws_log_witnesses *witnesses,
                                            struct ws_arena *arena, struct ws_log_cosigning *out,
                                            struct ws_error *err);

/* ws_log_confirm, once for each store that is opened; then signs a checkpoint of all entries that
 * are kept, where some are not published, and has it cosigned. That the quorum is not complete is
 * no failure: is_served says so, and the next call goes on. Without witnesses in the policy it is
 * ws_log_publish. */
WS_MUST_CHECK enum ws_status
ws_log_publish_cosigned(struct ws_log_store *store, const struct ws_note_signer *signer,
                        const struct ws_log_witnesses *witnesses, struct ws_arena *arena,
                        struct ws_log_cosigning *out, struct ws_error *err);

#endif
