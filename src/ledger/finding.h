/*
 * What evidence proves to a reader: the verdict on a document, whose claims it rests on, and
 * whether anything could have been left out.
 *
 * Every statement is held to the reader's policy and roles, and every tile to its shard's head and
 * that to the statement; nothing else counts. Whoever gathered the evidence can leave statements
 * out: that none is left out only an index says that as many mirrors of the roles signed as the
 * roles want. Contract: tests/unit/test_lookup.c.
 */
#ifndef WS_LEDGER_FINDING_H
#define WS_LEDGER_FINDING_H

#include "ledger/claims.h"
#include "ledger/evidence.h"
#include "ledger/shard_key.h"

/* Somebody asked the issuer to show the documents of this entry that a text shares something with,
 * at that time. */
struct ws_dispute {
    uint64_t entry;
    uint64_t since; /* POSIX seconds */
};

/* Who reads: whom he trusts, and what he knows himself. */
struct ws_finding_reader {
    const struct ws_trust *trust;
    const struct ws_roles *roles;
    struct ws_hash policy_digest, roles_digest; /* SHA-256 of their files */
    const struct ws_dispute *disputes;
    size_t dispute_count;
    uint64_t now;              /* POSIX seconds: of disputes alone */
    struct ws_shard_keys keys; /* of keyed shards */
};

/* A statement that the evidence has. */
struct ws_finding_claim {
    struct ws_claim claim;
    const char *party; /* NULL: nobody whom the roles name */
    struct ws_trusted_checkpoint trusted;
    enum ws_claim_fate fate;
    uint64_t withdrawn_in;
    /* Likewise as of the index's entries, of the claims in them. */
    enum ws_claim_fate fate_then;
    uint64_t withdrawn_then;
    bool is_disputed; /* for longer than the roles let: it counts for what was shown */
    size_t shown;     /* documents of it that were shown, of what the evidence has */
};
/* Whether it is an emission or an archive that counts, and was not taken back. */
bool ws_finding_holds(const struct ws_finding_claim *claim);

/* clang-format off */
/*    name          word           of a shard that a claim names */
#define WS_SEARCHED_MAP(X)                                                                         \
    X(WHOLE,        "searched")    /* it is proven of each fingerprint whether it is there */      \
    X(PARTLY,       "partly searched") /* of some of them it is */                                     \
    X(UNAVAILABLE,  "unavailable") /* not at hand, or its key is not, or no mirror verified it */           \
    X(DAMAGED,      "damaged")     /* what was at hand is not what the statement says */           \
    X(FOREIGN,      "foreign")     /* it has another scheme of fingerprints */                     \
    X(WITHDRAWN,    "withdrawn")   /* its statement was taken back, or that of its owner */        \
    X(REVOKED,      "revoked")     /* its statement's key was stolen */
/* clang-format on */
enum ws_searched {
#define X(name, word) WS_SEARCHED_##name,
    WS_SEARCHED_MAP(X)
#undef X
        WS_SEARCHED_STATES
};
const char *ws_searched_word(enum ws_searched state);

struct ws_finding_shard {
    size_t claim; /* of the finding */
    uint32_t subject;
    enum ws_claim_fate fate; /* by this claim (ledger/naming.h) */
    uint64_t withdrawn_in;
    enum ws_claim_fate fate_then; /* as of the index's entries, of a claim in them */
    uint64_t withdrawn_then;
    enum ws_searched state;
    uint64_t found;  /* distinct fingerprints of the text that it has */
    const char *why; /* of what is damaged, that no mirror verified it, or the key; else NULL */
};

/* clang-format off */
/*    name          text           of an index */
#define WS_COVERAGE_MAP(X)                                                                         \
    X(NO_INDEX,     "there is no index")                                                           \
    X(UNSIGNED,     "the index is not one that a mirror of the roles signed and logged")           \
    X(FEW_SIGNED,   "too few mirrors of the roles signed the index")                               \
    X(OTHER_ROLES,  "the index was made by other roles than yours, or by none")                    \
    X(DAMAGED,      "the index is not what its statement says")                                    \
    X(REFUTED,      "the index lacks fingerprints of a shard that it has as live")                  \
    X(PARTLY,       "the index is not there for all fingerprints")                                 \
    X(NOT_FOUND,    "the index has fingerprints of shards that were not searched, or not for all claims")                 \
    X(LEFT_OUT,     "the index leaves out shards that may count")                                  \
    X(CONTRADICTED, "the index and the statements that are here disagree on what was withdrawn")   \
    X(NO_MARKS,     "there are no fingerprints that could be looked up in it")                     \
    X(COMPLETE,     "the index leaves nothing out")
/* clang-format on */
enum ws_coverage {
#define X(name, text) WS_COVERAGE_##name,
    WS_COVERAGE_MAP(X)
#undef X
        WS_COVERAGE_STATES
};
const char *ws_coverage_text(enum ws_coverage coverage);

struct ws_finding {
    struct ws_trusted_checkpoint head;  /* as of when */
    bool is_same_policy, is_same_roles; /* as those of whoever gathered the evidence */
    struct ws_finding_claim *claims;    /* by entry */
    size_t claim_count;
    struct ws_finding_shard *shards; /* by claim and subject, of emissions and archives */
    size_t shard_count;
    enum ws_coverage coverage;
    size_t mirrors;         /* parties of the roles that have one */
    uint64_t index_quorum;  /* of them: so many must have signed the index */
    uint64_t index_entries; /* whose shards the index has */
    uint64_t doubted_entry; /* with LEFT_OUT and CONTRADICTED: the first that shows it */
    size_t *signers;        /* the claims that sign it, the first of each party */
    size_t signer_count;
    size_t *dissenters; /* claims of mirrors that sign another one of the same entries */
    size_t dissenter_count;
    size_t newest;  /* the claim that signs an index of the most entries, of more than this one is
                       of; WS_VERDICT_NO_CLAIM where the evidence has none */
    size_t refused; /* openings that show nothing, and pieces that are damaged */
    /* Its claims are those of the finding, and a document is (subject << 32) + number. */
    struct ws_verdict verdict;
};
static inline uint32_t ws_finding_subject(uint64_t document)
{
    return (uint32_t)(document >> 32);
}
static inline uint32_t ws_finding_number(uint64_t document)
{
    return (uint32_t)document;
}
/* The claim that names this shard, of those that hold. */
const struct ws_statement_subject *ws_finding_shard_subject(const struct ws_finding *finding,
                                                            size_t claim, uint32_t subject);

/* Bytes of hits: what a text shares with documents of shards, each of its fingerprints with each
 * document that has it. */
#define WS_FINDING_HITS_LIMIT ((size_t)1 << 28)

/* WS_INVALID where tiles of a keyed shard are there, and its key is not. WS_CORRUPT where a
 * statement or the checkpoint is not proven to be in a log of the policy, or is not there though
 * another needs it; WS_UNSUPPORTED for other rules; WS_LIMIT. All of it lives in the arena and in
 * the evidence. */
WS_MUST_CHECK enum ws_status ws_finding_make(const struct ws_evidence *evidence,
                                             const struct ws_finding_reader *reader,
                                             struct ws_arena *arena, struct ws_finding *out,
                                             struct ws_error *err);

#endif
