/*
 * A finding while it is made, between the files that make it: ledger/finding.c reads statements,
 * shards and openings, and ledger/finding_index.c what the index says.
 */
#ifndef WS_LEDGER_FINDING_INTERNAL_H
#define WS_LEDGER_FINDING_INTERNAL_H

#include "ledger/finding.h"
#include "ledger/mark_order.h"
#include "ledger/shown.h"

/* A tile that leads to the root of its range; its count is 0 where it was not there. */
struct ws_finding_tiles {
    const struct ws_evidence_tiles *from;
    unsigned bits;
    struct ws_range_tile *read; /* as many as `from` has */
};

/* What the index has of one fingerprint. */
struct ws_index_answer {
    const struct ws_range_tile *tile; /* NULL: it is not there */
    uint32_t first, count;
};

/* No number of a live shard. */
#define WS_INDEX_NOT_LIVE SIZE_MAX

/* A shard that the index's mirror verified, by its list. */
struct ws_verified_shard {
    struct ws_hash digest;
    size_t number; /* of a live one; WS_INDEX_NOT_LIVE: it is keyed */
};

/* A shard of the evidence. */
struct ws_searched_shard {
    struct ws_hash digest;
    struct ws_finding_tiles tiles;
    const struct ws_ordered_marks *marks; /* as it is asked for them; NULL: it cannot be */
    const char *key;                      /* that is not here; NULL */
    const char *why;                      /* it is damaged; NULL */
};

struct ws_finding_making {
    const struct ws_evidence *evidence;
    const struct ws_finding_reader *reader;
    struct ws_arena *arena;
    struct ws_error *err;
    struct ws_finding *out;
    struct ws_ordered_marks marks;
    struct ws_ordered_marks *keyed; /* by key of the reader */
    struct ws_searched_shard *shards;
    struct ws_shown shown;
    struct ws_finding_tiles index;
    struct ws_index_list list;
    const struct ws_index_shard **live; /* those of the list, by number */
    size_t live_count;
    bool *is_covered;                   /* by number: all claims of it were searched */
    struct ws_verified_shard *verified; /* by digest */
    size_t verified_count;
    struct ws_index_answer *answers; /* by place in the order, at the first of equal fingerprints */
    bool is_index_refuted;           /* by a head or a tile of a shard that it has as live */
    struct ws_buffer hits;           /* struct ws_verdict_hit */
    uint64_t hit_count;              /* also of those beyond its limit */
    struct ws_buffer exacts;         /* struct ws_verdict_exact */
};

/* Marks of the same fingerprint as the i-th; at least 1. */
size_t ws_finding_equal_marks(const struct ws_ordered_marks *marks, size_t i);
/* WS_CORRUPT where one does not lead to the range's root. */
WS_MUST_CHECK enum ws_status ws_finding_check_tiles(struct ws_finding_making *in,
                                                    const struct ws_range *range,
                                                    const struct ws_evidence_tiles *from,
                                                    struct ws_finding_tiles *out,
                                                    struct ws_error *why);
/* The tile that answers for a fingerprint; NULL where the evidence has it not. */
const struct ws_range_tile *ws_finding_tile(const struct ws_finding_tiles *tiles, uint64_t value);
/* NULL where the evidence has it not. */
const struct ws_log_proof *ws_finding_entry(const struct ws_evidence *evidence, uint64_t index);
static inline const struct ws_hash *ws_finding_shard_digest(const struct ws_finding *finding,
                                                            const struct ws_finding_shard *shard)
{
    return &ws_finding_shard_subject(finding, shard->claim, shard->subject)->digest;
}

/* What the index says, and in out->coverage whether it counts: WS_COVERAGE_COMPLETE so far. */
WS_MUST_CHECK enum ws_status ws_finding_read_index(struct ws_finding_making *in);
/* The number of this shard in the index; WS_INDEX_NOT_LIVE where it is in none that counts. */
size_t ws_finding_live_number(const struct ws_finding_making *in, const struct ws_hash *shard);
/* Whether the index proves that the live shard with this number has not the fingerprint at this
 * place of the order. */
bool ws_finding_index_lacks(const struct ws_finding_making *in, size_t live, size_t place);
/* Why a shard counts for nothing though it may be at hand: the index does not say that its mirror
 * fetched and verified it. NULL where it does, and where no index counts: then the reader's own
 * word is all there is. */
const char *ws_finding_unverified(const struct ws_finding_making *in,
                                  const struct ws_finding_shard *shard);
/* After all shards were searched: out->coverage at last. */
void ws_finding_judge_coverage(struct ws_finding_making *in);

#endif
