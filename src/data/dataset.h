/*
 * Data whose every item says where it came from.
 *
 * A payload holds items of one kind. A segment is a run of items of one payload that share an
 * origin. A dataset is a list of segments: policies build training sets by listing segments, and
 * nothing is copied. All of it is immutable once made and lives in the arena it was made in; a
 * dataset must not outlive the payloads it points to.
 *
 * What an item is: symbols, one symbol; counts, one occurrence of one type; vectors, one vector;
 * tokens, one sequence (for text, a block of 1,000 words).
 *
 * Weights count in fits alone (struct ws_family_ops: `weighted`). Whatever counts, draws or
 * measures items takes each for one.
 *
 * Contract: tests/unit/test_dataset.c. Stored form: docs/formats/dataset.md; its reader is a pure
 * function with the fuzz target tests/fuzz/fuzz_dataset.c.
 */
#ifndef WS_DATA_DATASET_H
#define WS_DATA_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/rng.h"
#include "base/status.h"

enum ws_data_kind {
    WS_DATA_UNKNOWN = 0,
    WS_DATA_SYMBOLS,
    WS_DATA_COUNTS,
    WS_DATA_VECTORS,
    WS_DATA_TOKENS,
    WS_DATA_KIND_COUNT
};

const char *ws_data_kind_name(enum ws_data_kind kind); /* "symbols", "token sequences" */

enum ws_source {
    WS_SOURCE_UNKNOWN = 0, /* an origin of its own, never the same as human */
    WS_SOURCE_ORIGINAL,    /* the human data the first model was trained on */
    WS_SOURCE_FRESH,       /* human data that came later */
    WS_SOURCE_MODEL,       /* a model's output */
    WS_SOURCE_COUNT
};

const char *ws_source_name(enum ws_source source); /* "original", "fresh", "model", "unknown" */

struct ws_origin {
    enum ws_source source;
    uint32_t depth; /* human 0; output 1 + the depth of its model */
    uint64_t model; /* id of the model that made it; 0 for human */
};

static inline bool ws_origin_is_human(const struct ws_origin *origin)
{
    return origin->source == WS_SOURCE_ORIGINAL || origin->source == WS_SOURCE_FRESH;
}

struct ws_payload {
    enum ws_data_kind kind;
    uint64_t count;     /* items */
    uint32_t types;     /* symbols, counts, tokens: every id is below this */
    uint32_t dimension; /* vectors */
    union {
        const uint32_t *symbols; /* (count) */
        struct {
            const uint32_t *type;  /* (size), ascending */
            const uint64_t *count; /* (size), each >= 1; they sum to the payload's count */
            size_t size;
        } counts;
        const double *vectors; /* (count, dimension), row-major, finite */
        struct {
            const uint32_t *ids;  /* (ends[count - 1]) */
            const uint64_t *ends; /* (count), each above the one before: no sequence is empty;
                                     item i is ids[ends[i - 1]] .. ids[ends[i] - 1] */
        } tokens;
    };
};

struct ws_segment {
    struct ws_origin origin;
    const struct ws_payload *payload;
    uint64_t first;       /* item i of the segment is payload item first + i ... */
    uint64_t count;       /* items, >= 1 */
    const uint32_t *pick; /* ... or pick[i], never descending, when not NULL. Counts: always
                             whole */
    double weight;        /* of each item in a fit, finite and above 0; 1 unless a policy weighs */
};

struct ws_dataset {
    enum ws_data_kind kind;
    uint32_t types;
    uint32_t dimension;
    uint32_t depth; /* of its deepest item: that of a model trained on it */
    uint64_t count; /* items of all segments */
    size_t segment_count;
    const struct ws_segment *segments;
};

/* The payload's index of the segment's item i. */
static inline uint64_t ws_segment_item(const struct ws_segment *segment, uint64_t i)
{
    return segment->pick ? segment->pick[i] : segment->first + i;
}

/* The tokens of payload item i. */
static inline const uint32_t *ws_payload_tokens(const struct ws_payload *payload, uint64_t item,
                                                size_t *size)
{
    uint64_t begin = item ? payload->tokens.ends[item - 1] : 0;
    *size = (size_t)(payload->tokens.ends[item] - begin);
    return payload->tokens.ids + begin;
}

/* counts[i] items of type[i] (ascending), or of type i when `type` is NULL, for i < size: a payload
 * of kind WS_DATA_COUNTS that holds the types whose count is not 0. */
WS_MUST_CHECK enum ws_status ws_payload_of_counts(const uint32_t *type, const uint64_t *counts,
                                                  size_t size, uint32_t types,
                                                  struct ws_arena *arena, struct ws_payload *out,
                                                  struct ws_error *err);

/* The whole payload (count >= 1) as a dataset of one segment. */
WS_MUST_CHECK enum ws_status ws_dataset_of(const struct ws_payload *payload,
                                           struct ws_origin origin, struct ws_arena *arena,
                                           struct ws_dataset *out, struct ws_error *err);

/* The same where the caller has the segment's place, which the dataset then points to: for batches.
 */
static inline struct ws_dataset
ws_dataset_in(struct ws_segment *place, const struct ws_payload *payload, struct ws_origin origin)
{
    *place = (struct ws_segment){origin, payload, 0, payload->count, NULL, 1};
    return (struct ws_dataset){
        .kind = payload->kind,
        .types = payload->types,
        .dimension = payload->dimension,
        .depth = origin.depth,
        .count = payload->count,
        .segment_count = 1,
        .segments = place,
    };
}

/* One after the other, at least one; all of one kind, types and dimension (asserted). Empty ones
 * are skipped, whatever their kind. */
WS_MUST_CHECK enum ws_status ws_dataset_concat(const struct ws_dataset *parts, size_t part_count,
                                               struct ws_arena *arena, struct ws_dataset *out,
                                               struct ws_error *err);

/* `count` items, uniformly without replacement; they keep their order and origin. Counts are drawn
 * by the multivariate hypergeometric law into new payloads. WS_INVALID when count is larger than
 * the dataset; WS_LIMIT when an item's number does not fit a pick (counts have no such limit). */
WS_MUST_CHECK enum ws_status ws_dataset_subset(const struct ws_dataset *dataset, uint64_t count,
                                               struct ws_rng *rng, struct ws_arena *arena,
                                               struct ws_dataset *out, struct ws_error *err);

/* Item i times[i] times, in order, for all items of the dataset; maybe none of any. Of counts,
 * items are occurrences, segment by segment and in it type by type. WS_LIMIT when an item's number
 * does not fit a pick. */
WS_MUST_CHECK enum ws_status ws_dataset_take(const struct ws_dataset *dataset, const uint8_t *times,
                                             struct ws_arena *arena, struct ws_dataset *out,
                                             struct ws_error *err);

/* Items `first` .. `first + count - 1` in order; not for counts (asserted). */
WS_MUST_CHECK enum ws_status ws_dataset_slice(const struct ws_dataset *dataset, uint64_t first,
                                              uint64_t count, struct ws_arena *arena,
                                              struct ws_dataset *out, struct ws_error *err);

/* The same items, each `weight` (finite, above 0) times as heavy. */
WS_MUST_CHECK enum ws_status ws_dataset_weigh(const struct ws_dataset *dataset, double weight,
                                              struct ws_arena *arena, struct ws_dataset *out,
                                              struct ws_error *err);

/* Whether an item weighs something else than 1. */
bool ws_dataset_is_weighted(const struct ws_dataset *dataset);

/* Sums over all items: their weights, and the squares of these. */
struct ws_dataset_weights {
    double sum;
    double squares;
};
struct ws_dataset_weights ws_dataset_weights(const struct ws_dataset *dataset);

/* The realised mix: items by (source, depth), ascending, found by walking the segments. */
struct ws_mix_part {
    enum ws_source source;
    uint32_t depth;
    uint64_t items;
};
WS_MUST_CHECK enum ws_status ws_dataset_mix(const struct ws_dataset *dataset,
                                            struct ws_arena *arena, struct ws_mix_part **parts,
                                            size_t *part_count, struct ws_error *err);

/* How often each type occurs (symbols, counts, tokens), as a payload of kind WS_DATA_COUNTS. For
 * tokens the payload counts tokens, not items. */
WS_MUST_CHECK enum ws_status ws_dataset_type_counts(const struct ws_dataset *dataset,
                                                    struct ws_arena *arena, struct ws_payload *out,
                                                    struct ws_error *err);

/* Token sequences: tokens of all items, and of the longest one. */
struct ws_dataset_lengths {
    uint64_t total;
    uint64_t longest;
};
struct ws_dataset_lengths ws_dataset_lengths(const struct ws_dataset *dataset);

/* Stored form; the reader checks everything that is said above and copies into the arena. What is
 * written holds the picked items only, so what is read has no picks. One dataset has one stored
 * form: reading and writing again gives the same bytes. WS_CORRUPT; WS_UNSUPPORTED for a version
 * that is not known. */
void ws_dataset_write(const struct ws_dataset *dataset, struct ws_buffer *out);
WS_MUST_CHECK enum ws_status ws_dataset_read(struct ws_reader *in, struct ws_arena *arena,
                                             struct ws_dataset *out, struct ws_error *err);

#endif
