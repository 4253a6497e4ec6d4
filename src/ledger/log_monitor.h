/*
 * Watching somebody's log: each look reads what came since the last one, every byte, and holds the
 * log to what it signed before.
 *
 *     <state>/checkpoint     the last one that was read to the end, as it was signed
 *     <state>/read           how far a look came that has not ended: a checkpoint's text, unsigned
 *     <state>/fork-seen      two checkpoints that cannot both be true, as they were signed: the
 *     <state>/fork-shown     one before, or one that the log keeps, and the one that came; nothing
 *                            is looked at while they lie there
 *
 * A log that goes on from what was seen before is known by the root of its entries. Where that
 * fails, the whole log is read anew: when its entries lead to the root that it signs now and not to
 * the one that it signed then, it has forked; when they lead to neither, what was served is
 * damaged. Fewer entries than before make a fork where those before are proved to begin otherwise;
 * an old copy, which proves nothing of what came later, makes none. What the log's key alone signed
 * is never what was seen, and makes a fork all the same. Contract:
 * tests/unit/test_log_monitor.c; docs/formats/log.md.
 */
#ifndef WS_LEDGER_LOG_MONITOR_H
#define WS_LEDGER_LOG_MONITOR_H

#include "ledger/log_source.h"
#include "ledger/trust.h"

/* Who is shown the entries of a log in order, over one look or several. What a call returns other
 * than WS_OK ends the look. */
struct ws_monitor_listener {
    /* Before the entries of a look, which are of the tree `shown`; `seen` is the size of the look
     * before. `*had` is how many entries the listener had: those behind them are shown, so that the
     * log is read from its first entry where it had fewer than the state. NULL: a listener to which
     * what is new is enough. */
    enum ws_status (*begin)(void *user, const struct ws_trusted_checkpoint *shown, uint64_t seen,
                            uint64_t *had, struct ws_error *err);
    /* Number 0 is where the listener begins anew: what was shown before it was not what is signed.
     * A look that was killed shows some again. It existed no later than `time`, POSIX seconds, by
     * the first checkpoint that says so (ledger/log_dates.h); 0 where nobody knows. */
    enum ws_status (*entry)(void *user, uint64_t index, uint64_t time, struct ws_bytes entry,
                            struct ws_error *err);
    void *user;
};

struct ws_monitor {
    const struct ws_log_source *source;
    const struct ws_trust *trust;
    const char *state; /* a directory, which is made; NULL: nothing is remembered */
    const struct ws_monitor_listener *listener; /* NULL: nobody */
};

/* clang-format off */
#define WS_MONITOR_MAP(X)                                                                          \
    X(FIRST,  "read from the beginning")                                                           \
    X(SAME,   "did not grow")                                                                      \
    X(GROWN,  "grew, and all that was there before still is")                                      \
    X(STALE,  "shows an older checkpoint than before, of the same log")                            \
    X(FORKED, "FORKED: it signed two checkpoints that cannot both be true")
/* clang-format on */

enum ws_monitor_verdict {
#define X(name, text) WS_MONITOR_##name,
    WS_MONITOR_MAP(X)
#undef X
        WS_MONITOR_VERDICTS
};
const char *ws_monitor_text(enum ws_monitor_verdict verdict);

struct ws_monitor_look {
    enum ws_monitor_verdict verdict;
    struct ws_bytes note; /* that was shown */
    struct ws_trusted_checkpoint shown;
    uint64_t old_size;        /* of the checkpoint before; 0 for the first look */
    struct ws_bytes notes[2]; /* of a fork: what was seen before, or is kept, and what was shown */
};

/* Texts live in the arena. WS_CORRUPT for what the policy does not accept, for files that do not
 * lead to the root that was signed, and for fewer entries than before without a proof; WS_CONFLICT
 * for a state of another log. */
WS_MUST_CHECK enum ws_status ws_monitor_look(const struct ws_monitor *monitor,
                                             struct ws_arena *arena, struct ws_monitor_look *out,
                                             struct ws_error *err);

#endif
