/*
 * A registry as somebody has it at hand: a log, a folder of shards, perhaps a mirror's index. It is
 * opened once, which reads every byte of the log, and then gathers evidence (ledger/evidence.h) on
 * one document after another.
 *
 * The date of an entry is that of the first checkpoint that the log keeps of it and that the
 * policy accepts (ledger/log_dates.h). Shards are not verified here: a tile that is not the shard's
 * is found when the evidence is judged. Contract: tests/unit/test_lookup.c.
 */
#ifndef WS_LEDGER_LOOKUP_H
#define WS_LEDGER_LOOKUP_H

#include "ledger/finding.h"
#include "ledger/index_build.h"
#include "ledger/log_dates.h"
#include "ledger/naming.h"
#include "ledger/shown.h"

struct ws_lookup_request {
    const char *log; /* directory or URL */
    const char *policy, *roles;
    const char *shards;   /* a directory; NULL: none */
    const char *index;    /* NULL: none */
    const char *openings; /* a directory; NULL: none */
    const char *keys;     /* a file of keys of shards; NULL: none */
    const char *state;    /* what the log showed before (ledger/pin.h); NULL: nothing */
    uint64_t now;         /* POSIX seconds: for max-age of the roles */
};

struct ws_lookup {
    struct ws_arena arena;
    struct ws_trust trust;
    struct ws_roles roles;
    struct ws_hash policy_digest, roles_digest;
    struct ws_shard_keys keys;
    struct ws_log_source source;
    struct ws_log_source_tree tree; /* of the checkpoint that the log shows */
    struct ws_bytes note;
    struct ws_trusted_checkpoint head;
    struct ws_claims claims;
    struct ws_arena scratch; /* of one entry */
    struct ws_log_dates search;
    struct ws_buffer dates;   /* struct ws_lookup_date, by rising size */
    struct ws_buffer entries; /* struct ws_lookup_entry, by rising index */
    struct ws_naming *namings;
    size_t naming_count;
    struct ws_shard_shelf shelf;
    struct ws_shard_opening *openings;
    size_t opening_count;
    struct ws_shown shown; /* those with a text */
    struct ws_index index;
    bool has_index;
    bool is_index_believed; /* as many mirrors signed it as the roles want: it proves absence */
};

/* Policy and roles at these paths, with their digests. The caller closes both, also after a
 * failure. */
WS_MUST_CHECK enum ws_status ws_lookup_read_trust(const char *policy, const char *roles,
                                                  struct ws_arena *arena, struct ws_trust *trust,
                                                  struct ws_roles *out_roles,
                                                  struct ws_hash *policy_digest,
                                                  struct ws_hash *roles_digest,
                                                  struct ws_error *err);

/* The caller closes it, also after a failure. WS_CORRUPT and WS_CONFLICT for a log that is refused;
 * WS_INVALID for an index that no mirror of the roles logged, WS_CORRUPT for one of another
 * history. */
WS_MUST_CHECK enum ws_status ws_lookup_open(struct ws_lookup *lookup,
                                            const struct ws_lookup_request *request,
                                            struct ws_error *err);
void ws_lookup_close(struct ws_lookup *lookup);

/* What is at hand about a document. It lives in the arena, in the query and in the lookup. */
WS_MUST_CHECK enum ws_status ws_lookup_gather(struct ws_lookup *lookup,
                                              const struct ws_query *query, struct ws_arena *arena,
                                              struct ws_evidence *out, struct ws_error *err);

/* clang-format off */
/*    name          word           of a claim of the evidence */
#define WS_LATER_MAP(X)                                                                            \
    X(WITHDRAWN,    "withdrawn")   /* in a later entry */                                          \
    X(REVOKED,      "revoked")     /* its key turned out to be stolen */                           \
    X(SHARD,        "shard")       /* it stands, and a shard of it was withdrawn by its owner */   \
    X(VOID,         "void")        /* with all that the log has it never counted */                \
    X(HOLDS,        "holds")       /* a shard of it does after all, which was taken back */
/* clang-format on */
enum ws_later_fate {
#define X(name, word) WS_LATER_##name,
    WS_LATER_MAP(X)
#undef X
        WS_LATER_FATES
};
const char *ws_later_word(enum ws_later_fate fate);

/* What is otherwise now of a claim that names a shard, or signs the index. */
struct ws_lookup_later {
    size_t claim; /* of the finding */
    enum ws_later_fate fate;
    uint64_t at;      /* of WITHDRAWN and SHARD: the entry that withdraws it */
    uint32_t subject; /* of SHARD and HOLDS */
};
/* All of them, by what the log shows now. They live in the arena. WS_CORRUPT where it does not go
 * on from the checkpoint of the evidence. */
WS_MUST_CHECK enum ws_status ws_lookup_follow(const struct ws_lookup *lookup,
                                              const struct ws_finding *finding,
                                              struct ws_arena *arena, struct ws_lookup_later **out,
                                              size_t *count, struct ws_error *err);

/* How many distinct fingerprints each matching document has, by scanning its shard: sizes[i] is
 * that of match i; 0 where no copy of the shard is whole. Lives in the arena. */
WS_MUST_CHECK enum ws_status ws_lookup_measure(const struct ws_lookup *lookup,
                                               const struct ws_finding *finding,
                                               struct ws_arena *arena, uint64_t **sizes,
                                               struct ws_error *err);

#endif
