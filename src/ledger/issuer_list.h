/*
 * Whose statements a log takes, and how many: lines of
 *
 *     issuer <vkey> [minute=<entries>] [day=<entries>] [bytes=<bytes a day>]
 *
 * Contract: tests/unit/test_issuer_list.c, tests/fuzz/fuzz_issuer_list.c; docs/formats/log.md.
 */
#ifndef WS_LEDGER_ISSUER_LIST_H
#define WS_LEDGER_ISSUER_LIST_H

#include "ledger/note.h"

enum {
    WS_ISSUER_LIST_LIMIT = 1 << 20, /* bytes of a list */
    WS_ISSUER_LIMIT = 4096,         /* issuers of one */
};

/* What may be added in a minute and in a day. */
struct ws_quota {
    uint64_t entries_a_minute, entries_a_day, bytes_a_day;
};
/* Of an issuer for whom nothing else is said. */
extern const struct ws_quota ws_usual_quota;

struct ws_issuer {
    struct ws_note_key key; /* of type WS_KEY_ED25519 */
    struct ws_quota quota;
};

struct ws_issuer_list {
    struct ws_issuer *items;
    size_t count;
};

/* `name` starts messages: "issuers.txt:3: ...". WS_INVALID names the line; WS_LIMIT. What is read
 * lives in the arena, but for the keys: ws_issuer_list_close. */
WS_MUST_CHECK enum ws_status ws_issuer_list_read(struct ws_bytes text, const char *name,
                                                 struct ws_arena *arena, struct ws_issuer_list *out,
                                                 struct ws_error *err);
void ws_issuer_list_close(struct ws_issuer_list *list);

/* What is left of a quota: full at first, and filled again evenly. An issuer who was silent for a
 * day may add a day's worth at once, as far as the minute lets him. */
struct ws_quota_left {
    double entries_this_minute, entries, bytes;
    double since; /* seconds of a clock that does not go back */
};
void ws_quota_begin(struct ws_quota_left *left, const struct ws_quota *quota, double now);
/* Takes an entry of `bytes` from what is left at `now`. 0 when that was enough; else nothing is
 * taken, and after so many seconds it would be: at least 1, infinite for what never fits. */
double ws_quota_take(struct ws_quota_left *left, const struct ws_quota *quota, size_t bytes,
                     double now);

#endif
