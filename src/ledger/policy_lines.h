/*
 * The lines of policies (c2sp.org/tlog-policy) and of what stands beside them: items between blanks
 * and tabs, the first of which says what the line is. Each line has its end; empty ones are passed
 * over, and those that begin with '#'. Contract: tests/unit/test_trust.c, tests/unit/test_roles.c.
 */
#ifndef WS_LEDGER_POLICY_LINES_H
#define WS_LEDGER_POLICY_LINES_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"
#include "ledger/note.h"

/* What is left of a line. */
struct ws_policy_line {
    struct ws_bytes left;
    struct ws_arena *arena;
    struct ws_error *err;
};

/* How much of an item a message shows, for "%.*s". */
int ws_policy_quoted(struct ws_bytes item);

/* The next item; false at the end of the line. */
bool ws_policy_next(struct ws_policy_line *line, struct ws_bytes *out);
/* WS_INVALID, "<what> is missing", at the end of the line. */
WS_MUST_CHECK enum ws_status ws_policy_take(struct ws_policy_line *line, const char *what,
                                            struct ws_bytes *out);
/* WS_INVALID where there is more. */
WS_MUST_CHECK enum ws_status ws_policy_end(struct ws_policy_line *line);
WS_MUST_CHECK enum ws_status ws_policy_copy(struct ws_policy_line *line, struct ws_bytes item,
                                            const char **out);
/* The next item is a key of this type; `whose` ("a log's key") starts the message where it is
 * another's. The caller closes it. */
WS_MUST_CHECK enum ws_status ws_policy_take_key(struct ws_policy_line *line, enum ws_key_type type,
                                                const char *whose, struct ws_note_key *out);

struct ws_policy_kind {
    const char *keyword;
    enum ws_status (*read)(void *user, struct ws_policy_line *line);
};

/* Calls what reads each line with `user`. The first line of `text` is number `first` of the file
 * `name`, with which messages begin: "policy.txt:3: ...". `wanted` lists the keywords. */
WS_MUST_CHECK enum ws_status ws_policy_read_lines(struct ws_bytes text, const char *name,
                                                  size_t first, const struct ws_policy_kind kinds[],
                                                  size_t count, const char *wanted, void *user,
                                                  struct ws_arena *arena, struct ws_error *err);

#endif
