/*
 * What the registry can say of a document: human, model, mixed, contested or unknown, and of which
 * characters. Decides; does not look anything up.
 *
 * The rules are named `ws-verdict-5`, and docs/formats/verdict.md is their table. What a document
 * of a claim shares with the text counts from `least_hits` fingerprints that cover
 * `least_characters` on: one fingerprint never labels, and neither does one that many documents
 * have. Human text that a model repeats is human: an archive that was witnessed before an emission
 * can have started beats it, and every other overlap of the two is contested. Nothing that is not
 * in a claim has a label. Contract: tests/unit/test_verdict.c.
 */
#ifndef WS_LEDGER_VERDICT_H
#define WS_LEDGER_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

#define WS_VERDICT_ID "ws-verdict-5"

/* clang-format off */
/*    name         word          says of a text, or of a span of one */
#define WS_VERDICT_MAP(X)                                                                         \
    X(UNKNOWN,     "unknown")    /* no claim that counts covers it */                             \
    X(HUMAN,       "human")      /* as claimed by an archive */                                   \
    X(MODEL,       "model")      /* as claimed by an issuer */                                    \
    X(MIXED,       "mixed")      /* of a text alone: some of it a model's, and some not */         \
    X(CONTESTED,   "contested")  /* claims contradict each other, and no date decides */
/* clang-format on */

enum ws_verdict_label {
#define X(name, word) WS_VERDICT_##name,
    WS_VERDICT_MAP(X)
#undef X
        WS_VERDICT_LABELS
};
const char *ws_verdict_word(enum ws_verdict_label label);

struct ws_verdict_rules {
    uint64_t least_hits; /* distinct fingerprints that a claim's document shares with the text */
    uint64_t least_characters; /* of the text, that those cover; also of a label in the whole */
    uint64_t most_documents;   /* of a shard; a fingerprint that more have counts for nothing */
    double whole; /* share of characters and of fingerprints from which a label speaks of all */
};
extern const struct ws_verdict_rules ws_verdict_rules_5; /* 3, 200, 64, 0.5 */

/* A fingerprint of the text, and the characters (raw code points) that it is of. */
struct ws_verdict_mark {
    uint64_t value;
    uint64_t begin, end;
};

/* What a claim says of its documents. Times are POSIX seconds. */
struct ws_verdict_claim {
    bool is_emission;  /* else of an archive */
    uint64_t since;    /* existed no later than this, by the log's witnesses; 0: nobody knows */
    uint64_t start;    /* of an emission: the earliest time for which it is believed */
    uint64_t at_least; /* of an emission: depth */
    bool has_most;     /* else it is not declared, and caps treat it as the worst */
    uint64_t at_most;
};

/* A document of a claim's shard has a fingerprint of the text, and the claim counts for that
 * document: where it is disputed, the document was shown (ledger/shown.h). */
struct ws_verdict_hit {
    size_t claim;
    uint64_t document; /* numbered within the claim */
    size_t mark;
    uint64_t documents; /* so many of the shard have it */
};

/* The document's commitment was opened, and is the text's own digest: all of it is there. */
struct ws_verdict_exact {
    size_t claim;
    uint64_t document;
};

struct ws_verdict_input {
    uint64_t characters;                 /* of the text */
    const struct ws_verdict_mark *marks; /* in the order of their places */
    size_t mark_count;
    const struct ws_verdict_claim *claims;
    size_t claim_count;
    const struct ws_verdict_hit *hits; /* in any order, none twice */
    size_t hit_count;
    const struct ws_verdict_exact *exacts;
    size_t exact_count;
};

/* A document that matches. */
struct ws_verdict_match {
    size_t claim;
    uint64_t document;
    bool is_exact;
    uint64_t hits;       /* distinct fingerprints */
    uint64_t characters; /* that they cover */
};

/* Characters begin .. end - 1, of one label; those without one are left out. */
struct ws_verdict_span {
    uint64_t begin, end;
    enum ws_verdict_label label; /* human, model or contested */
    size_t archive;              /* the claim that was witnessed first, or WS_VERDICT_NO_CLAIM */
    size_t emission; /* of those that no archive beats the one that was witnessed first; likewise */
    /* Over all emissions that no archive beats; 0 where there is none. */
    uint64_t at_least; /* the least */
    bool has_most;     /* false: of one it is not declared */
    uint64_t at_most;  /* the most */
};
#define WS_VERDICT_NO_CLAIM SIZE_MAX

struct ws_verdict {
    enum ws_verdict_label label;
    uint64_t characters[WS_VERDICT_LABELS]; /* of the text, by label; unknown are all others */
    uint64_t distinct;                      /* fingerprints of the text */
    uint64_t found;                         /* of them: documents of claims have them */
    uint64_t common;                        /* of these: too many documents have them */
    struct ws_verdict_span *spans;
    size_t span_count;
    struct ws_verdict_match *matches; /* by claim and document */
    size_t match_count;
};

/* WS_NO_MEMORY. Indices are in range (asserted). What comes out lives in the arena. */
WS_MUST_CHECK enum ws_status ws_verdict_decide(const struct ws_verdict_rules *rules,
                                               const struct ws_verdict_input *input,
                                               struct ws_arena *arena, struct ws_verdict *out,
                                               struct ws_error *err);

#endif
