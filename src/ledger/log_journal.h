/*
 * The journal of a log: entries that are kept and wait for the next checkpoint. Each has the hash
 * of its leaf before it, so a write that was cut short is known and ends the journal. The first of
 * those that were written at once says so: all before it was on the disk by then, and when it is
 * not whole it was damaged since.
 *
 * Contract: tests/unit/test_log_store.c, tests/fuzz/fuzz_log_journal.c.
 */
#ifndef WS_LEDGER_LOG_JOURNAL_H
#define WS_LEDGER_LOG_JOURNAL_H

#include "base/buffer.h"
#include "ledger/merkle.h"
#include "ledger/tile.h"

enum { WS_JOURNAL_HEAD = 16 }; /* bytes before the first entry */

/* The beginning of a journal whose first entry is number `first` of the log, and an entry more,
 * which begins those that are written at once or follows in them. */
void ws_journal_head(struct ws_buffer *out, uint64_t first);
void ws_journal_append(struct ws_buffer *out, struct ws_bytes entry, bool begins);

struct ws_journal {
    struct ws_bytes left;
    uint64_t next;   /* index of the next entry */
    uint64_t offset; /* where it begins in the file */
    bool begins;     /* the entry that was read last began those that were written at once */
};
/* WS_CORRUPT where it is none. */
WS_MUST_CHECK enum ws_status ws_journal_open(struct ws_bytes bytes, struct ws_journal *out,
                                             struct ws_error *err);
/* The next entry, which lies in the journal, and its leaf; false where there is none, or no whole
 * one. */
WS_MUST_CHECK bool ws_journal_next(struct ws_journal *journal, struct ws_bytes *entry,
                                   struct ws_hash *leaf);
/* Once there is no next: WS_CORRUPT where entries follow that were written when what ends the
 * journal had been synced. It was not cut short, then, and was acknowledged. */
WS_MUST_CHECK enum ws_status ws_journal_check_end(const struct ws_journal *journal,
                                                  struct ws_error *err);

#endif
