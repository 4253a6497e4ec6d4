/*
 * What issuers say of a batch of documents: in-toto Statements (v1) with one of the predicates of
 * docs/formats/statement.md. A statement names its shards by their digests, never a document.
 *
 * A statement is what its issuer claims. Only the log's checkpoints say since when, and only a
 * reader's policy whether the issuer may speak for a model or an archive. What is not known is
 * absent, never 0 or empty. Contract: tests/unit/test_statement.c, tests/fuzz/fuzz_statement.c.
 */
#ifndef WS_LEDGER_STATEMENT_H
#define WS_LEDGER_STATEMENT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/hash.h"

#define WS_STATEMENT_PAYLOAD_TYPE "application/vnd.in-toto+json"

/* clang-format off */
/*    name         predicate type, with its version          says */
#define WS_STATEMENT_MAP(X)                                                                        \
    X(EMISSION,    "urn:wellspring:model-emission:v1")    /* a model made these documents */       \
    X(ARCHIVE,     "urn:wellspring:human-archive:v1")     /* an archive captured them */           \
    X(WITHDRAWAL,  "urn:wellspring:withdrawal:v1")        /* an earlier statement holds no more */ \
    X(KEY_CHANGE,  "urn:wellspring:key-change:v1")        /* the issuer signs with another key */  \
    X(INDEX,       "urn:wellspring:index:v1")             /* a mirror indexed a log's shards */
/* clang-format on */

enum ws_statement_kind {
#define X(name, type) WS_STATEMENT_##name,
    WS_STATEMENT_MAP(X)
#undef X
        WS_STATEMENT_KINDS
};
const char *ws_statement_type(enum ws_statement_kind kind);
/* Whether its subjects are documents: of emissions and archives. */
bool ws_statement_has_shards(enum ws_statement_kind kind);

enum {
    WS_STATEMENT_SUBJECT_LIMIT = 256,
    WS_STATEMENT_SOURCE_LIMIT = 256,
    WS_STATEMENT_TEXT_LIMIT = 1024, /* bytes of any of its texts */
};

/* A shard of fingerprints, by the SHA-256 of its file. */
struct ws_statement_subject {
    const char *name;
    struct ws_hash digest;
};

/* How many models stand between a document and a human: 0 is human. */
struct ws_generation_depth {
    uint64_t at_least;   /* of an emission at least 1 */
    bool has_most;       /* false: not declared */
    uint64_t at_most;    /* declared by the issuer, at least at_least */
    bool has_token_mean; /* false: not declared */
    /* 1 more than the mean depth of what the model was trained on, weighted by tokens: from 1 to
     * at_most, and mostly below at_least, which follows from the deepest. */
    double token_mean;
};

struct ws_emission {
    const char *model;           /* id, in a namespace that the policy gives to issuers */
    struct ws_hash weights;      /* SHA-256 of the weights */
    const char *started, *ended; /* RFC 3339 in UTC: "2026-11-01T00:00:00Z" */
    uint64_t documents;          /* how many, at least 1 */
    uint64_t least_bytes;        /* shorter ones are not in the shards */
    const char *source_type;     /* IPTC digitalSourceType, a URI */
    struct ws_generation_depth depth;
    uint64_t *sources; /* indices of earlier entries that the model was trained on */
    size_t source_count;
    const char *decoding;  /* as declared; NULL */
    const char *watermark; /* as declared; NULL */
};

struct ws_archive {
    const char *collection;
    const char *started, *ended; /* of capture: the archive's claim */
    uint64_t documents;
    const char *method;        /* how they were captured */
    const char *licence;       /* verbatim; NULL */
    const char *ai_preference; /* Content-Usage or the like, verbatim; NULL */
};

struct ws_withdrawal {
    uint64_t entry; /* earlier, of the same issuer */
    const char *reason;
};

struct ws_key_change {
    const char *old_key,
        *new_key;       /* as notes print keys; no new key: the old one is only revoked */
    bool is_compromise; /* else it is a rotation, of which `since` says nothing */
    uint64_t since; /* of a compromise: the old key counts no more from this entry on, or from the
                       key change itself on where that is all that its signer may say */
};

/* The subject is the head of the index (ledger/range_index.h), by the SHA-256 of its file. */
struct ws_index_statement {
    const char *log;     /* origin */
    uint64_t entries;    /* whose shards are indexed: those before this one at most */
    struct ws_hash root; /* of their Merkle tree */
};

struct ws_statement {
    enum ws_statement_kind kind;
    /* Of emissions and archives at least 1 shard. Of a withdrawal the entry, and of a key change
     * the 32 bytes of the old key; or nothing, which programs of in-toto refuse. Of an index its
     * head. */
    struct ws_statement_subject *subjects;
    size_t subject_count;
    union {
        struct ws_emission emission;
        struct ws_archive archive;
        struct ws_withdrawal withdrawal;
        struct ws_key_change key_change;
        struct ws_index_statement index;
    };
};

/* `index` is the entry's place in its log, or what it will be: what it cites is earlier. Members
 * that the format does not have are passed over. WS_CORRUPT where it is no statement;
 * WS_UNSUPPORTED for a predicate that is not known here. What is read lives in the arena. */
WS_MUST_CHECK enum ws_status ws_statement_read(struct ws_bytes text, uint64_t index,
                                               struct ws_arena *arena, struct ws_statement *out,
                                               struct ws_error *err);

/* The same statement always gives the same bytes, on one line without an end. WS_INVALID where
 * ws_statement_read would refuse it. */
WS_MUST_CHECK enum ws_status ws_statement_append(struct ws_buffer *out,
                                                 const struct ws_statement *statement,
                                                 uint64_t index, struct ws_error *err);

/* "2026-11-01T00:00:00Z", the only form of RFC 3339 that is taken. */
bool ws_statement_is_time(const char *text);

/* POSIX seconds of a time that a statement has; 0 for those before 1970. */
uint64_t ws_statement_seconds(const char *time);

#endif
