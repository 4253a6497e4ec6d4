/*
 * Whom a reader trusts (c2sp.org/tlog-policy): logs, witnesses, and how many of these must have
 * cosigned a checkpoint before it counts. Names mean something in this file alone. What the format
 * cannot say is in a second file, ledger/roles.h.
 *
 *     log <vkey> [<url>]
 *     witness <name> <vkey> [<url>]
 *     group <name> all|any|<k> <member>...
 *     quorum <name>|none
 *
 * Contract: tests/unit/test_trust.c, tests/fuzz/fuzz_trust.c.
 */
#ifndef WS_LEDGER_TRUST_H
#define WS_LEDGER_TRUST_H

#include "ledger/log_checkpoint.h"
#include "ledger/note.h"

enum {
    WS_TRUST_LIMIT = 1 << 20,    /* bytes of a policy */
    WS_TRUST_PARTY_LIMIT = 1024, /* logs, witnesses and groups, of each */
    WS_TRUST_SKEW = 300,         /* seconds that clocks of honest parties may differ */
};

struct ws_trusted_log {
    struct ws_note_key key; /* its name is the log's origin */
    const char *url;        /* NULL where none is given */
};

/* A witness, or a group of those before it. */
struct ws_trust_member {
    const char *name;
    struct ws_note_key key; /* of a witness; its name is NULL for a group */
    const char *url;        /* of a witness, or NULL */
    /* Members with the same one count once in a group: a witness of those of one operator, by
     * ledger/roles.h; else the member's own index. */
    size_t run_by;
    const size_t *members; /* of a group: indices below its own */
    size_t member_count;
    size_t needed; /* so many of them */
};

struct ws_trust {
    struct ws_trusted_log *logs;
    size_t log_count;
    struct ws_trust_member *members;
    size_t member_count;
    size_t quorum; /* index of a member; WS_TRUST_NO_QUORUM */
};
#define WS_TRUST_NO_QUORUM SIZE_MAX

/* `name` starts messages: "policy.txt:3: ...". WS_INVALID names the line; WS_LIMIT. What is read
 * lives in the arena, but for the keys: ws_trust_close. */
WS_MUST_CHECK enum ws_status ws_trust_read(struct ws_bytes text, const char *name,
                                           struct ws_arena *arena, struct ws_trust *out,
                                           struct ws_error *err);
void ws_trust_close(struct ws_trust *trust);

size_t ws_trust_witnesses(const struct ws_trust *trust); /* how many it names */

/* A checkpoint that the policy accepts. */
struct ws_trusted_checkpoint {
    struct ws_checkpoint checkpoint;
    size_t log;       /* index of the log that signed */
    size_t witnesses; /* that cosigned, of those of the policy */
    size_t operators; /* that these are of */
    bool has_quorum;  /* or the policy wants none */
    /* When the quorum was complete, POSIX seconds: what the checkpoint covers existed no later than
     * that. 0 where it is not, or the policy wants none. */
    uint64_t time;
};

/* WS_CORRUPT where the note is no checkpoint, a known key's signature is bad, no log of the policy
 * signed, or too few witnesses did. */
WS_MUST_CHECK enum ws_status ws_trust_check(const struct ws_trust *trust, struct ws_bytes note,
                                            struct ws_arena *arena,
                                            struct ws_trusted_checkpoint *out,
                                            struct ws_error *err);

/* The same for what was accepted before, perhaps under a policy that wanted fewer witnesses: that
 * there is no quorum is no fault. */
WS_MUST_CHECK enum ws_status ws_trust_check_log(const struct ws_trust *trust, struct ws_bytes note,
                                                struct ws_arena *arena,
                                                struct ws_trusted_checkpoint *out,
                                                struct ws_error *err);

#endif
