/*
 * Since when the entries of a log exist, for who reads them in order: the first of the checkpoints
 * that the log keeps which covers an entry and which the policy accepts says it. They are found
 * from one to the next, by files that any server can have (docs/formats/log.md); where a log has
 * none, or says no more, the date is that of the checkpoint that is shown, which is later.
 *
 * What is kept is held to the entries, too: one whose root is not theirs contradicts the checkpoint
 * that is shown, if that is theirs. Contract: tests/unit/test_log_monitor.c.
 */
#ifndef WS_LEDGER_LOG_DATES_H
#define WS_LEDGER_LOG_DATES_H

#include "ledger/log_source.h"
#include "ledger/trust.h"

struct ws_log_dates {
    const struct ws_log_source *source;
    const struct ws_trust *trust;
    struct ws_trusted_checkpoint shown;
    struct ws_frontier before; /* the entries that were read */
    uint64_t kept;             /* size of the kept checkpoint to which the search came */
    bool has_ended;
    struct ws_trusted_checkpoint first; /* of the entry that comes next */
    struct ws_arena arena;              /* of the search, and of: */
    struct ws_bytes note;               /* the one that `first` is of; none where it is `shown` */
};

/* The entries come next that stand behind `before`; `kept` is the size of a checkpoint that the log
 * keeps, at most theirs: 0 is always one. */
void ws_log_dates_begin(struct ws_log_dates *dates, const struct ws_log_source *source,
                        const struct ws_trust *trust, const struct ws_trusted_checkpoint *shown,
                        const struct ws_frontier *before, uint64_t kept);
void ws_log_dates_close(struct ws_log_dates *dates); /* zeroed is fine */

/* Takes the next entry: when it existed at the latest, POSIX seconds; 0 where nobody knows.
 * `*contradicts` where the entries up to it are not those that dates->note is signed of. */
WS_MUST_CHECK enum ws_status ws_log_dates_next(struct ws_log_dates *dates, struct ws_bytes entry,
                                               uint64_t *time, bool *contradicts,
                                               struct ws_error *err);

#endif
