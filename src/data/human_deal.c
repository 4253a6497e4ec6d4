#include <assert.h>
#include <inttypes.h>

#include "base/sampler.h"
#include "data/count_law.h"
#include "data/human_internal.h"

/* Items of the data stream at generation 0. What a generator makes fresh for step g is item 0 of
 * generation g + 1. */
enum {
    DRAW_ORIGINAL = 0, /* generators; words */
    DRAW_REFERENCE = 1,
    DRAW_FRESH = 2,
    DRAW_ORDER = 3,      /* of the blocks (text) or of the fresh items (words) */
    DRAW_TEST_ORDER = 4, /* of the blocks of corpora of their own */
    DRAW_VALIDATION_ORDER = 5,
};

static struct ws_origin human_origin(enum ws_source source)
{
    return (struct ws_origin){.source = source};
}

static enum ws_status none(const struct ws_human *human, struct ws_dataset *out)
{
    *out = human->empty;
    return WS_OK;
}

/* Blocks (or rows) of a corpus by number, in any order, as picks in ascending order. */
static enum ws_status blocks_of(const struct ws_human *human, enum ws_corpus which,
                                const uint32_t *blocks, uint64_t count, enum ws_source source,
                                struct ws_arena *arena, struct ws_dataset *out,
                                struct ws_error *err)
{
    if (count == 0)
        return none(human, out);
    const struct ws_payload *corpus = &human->corpora[which];
    uint64_t words = corpus->count / 64 + 1;
    uint64_t *chosen = WS_ARENA_ZNEW(arena, uint64_t, words);
    uint32_t *pick = WS_ARENA_NEW(arena, uint32_t, count);
    struct ws_segment *segment = WS_ARENA_NEW(arena, struct ws_segment, 1);
    if (!chosen || !pick || !segment)
        return ws_fail_memory(err, "blocks of the corpus");
    for (uint64_t i = 0; i < count; i++)
        chosen[blocks[i] / 64] |= (uint64_t)1 << blocks[i] % 64;
    uint64_t next = 0;
    for (uint64_t w = 0; w < words; w++)
        for (uint64_t bits = chosen[w]; bits != 0; bits &= bits - 1)
            pick[next++] = (uint32_t)(64 * w + (uint64_t)__builtin_ctzll(bits));
    *segment = (struct ws_segment){human_origin(source), corpus, 0, count, pick, 1};
    *out = human->empty;
    out->count = count;
    out->segment_count = 1;
    out->segments = segment;
    return WS_OK;
}

static enum ws_status order_blocks(const struct ws_human *human, enum ws_corpus which,
                                   struct ws_rng_key key, uint64_t draw, struct ws_arena *arena,
                                   const uint32_t **out, struct ws_error *err)
{
    size_t count = human->corpora[which].count;
    uint32_t *order = WS_ARENA_NEW(arena, uint32_t, count);
    if (!order)
        return ws_fail_memory(err, "the order of the corpus");
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    struct ws_rng rng;
    ws_rng_init(&rng, key, draw);
    ws_sample_permutation(&rng, order, count);
    *out = order;
    return WS_OK;
}

/* Held-out items: the first of the rest of the training corpus, which then moves on, or of a
 * corpus of their own. */
static enum ws_status deal_held_out(const struct ws_human *human, enum ws_corpus which,
                                    uint64_t count, struct ws_rng_key key, uint64_t draw,
                                    const uint32_t **rest, struct ws_arena *arena,
                                    struct ws_dataset *out, struct ws_error *err)
{
    const uint32_t *order = *rest;
    if (human->corpora[which].count > 0)
        WS_TRY(order_blocks(human, which, key, draw, arena, &order, err));
    else
        which = WS_CORPUS_TRAINING;
    if (which == WS_CORPUS_TRAINING)
        *rest += count;
    return blocks_of(human, which, order, count, WS_SOURCE_ORIGINAL, arena, out, err);
}

static enum ws_status deal_blocks(const struct ws_human *human, struct ws_rng_key key,
                                  struct ws_arena *arena, struct ws_deal *deal,
                                  struct ws_error *err)
{
    const struct ws_human_settings *settings = &human->settings;
    const uint32_t *order;
    WS_TRY(order_blocks(human, WS_CORPUS_TRAINING, key, DRAW_ORDER, arena, &order, err));
    WS_TRY(blocks_of(human, WS_CORPUS_TRAINING, order, settings->items, WS_SOURCE_ORIGINAL, arena,
                     &deal->original, err));
    const uint32_t *rest = order + settings->items;
    WS_TRY(deal_held_out(human, WS_CORPUS_TEST, settings->test_items, key, DRAW_TEST_ORDER, &rest,
                         arena, &deal->reference, err));
    deal->stream = rest;
    rest += settings->fresh_items;
    WS_TRY(blocks_of(human, WS_CORPUS_TRAINING, deal->stream, settings->fresh_items,
                     WS_SOURCE_FRESH, arena, &deal->fresh, err));
    return deal_held_out(human, WS_CORPUS_VALIDATION, settings->validation_items, key,
                         DRAW_VALIDATION_ORDER, &rest, arena, &deal->validation, err);
}

/* A dataset of counts[i] items of type[i]. */
static enum ws_status counts_of(const struct ws_human *human, const uint32_t *type,
                                const uint64_t *counts, size_t size, enum ws_source source,
                                struct ws_arena *arena, struct ws_dataset *out,
                                struct ws_error *err)
{
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    if (!payload)
        return ws_fail_memory(err, "human data");
    WS_TRY(ws_payload_of_counts(type, counts, size, human->empty.types, arena, payload, err));
    return ws_dataset_of(payload, human_origin(source), arena, out, err);
}

/* What the corpus has left while it is dealt, type by type, and room for a share of it. */
struct rest {
    uint64_t *left;
    uint64_t *share;
};

static enum ws_status deal_share(const struct ws_human *human, const struct rest *rest,
                                 uint64_t count, struct ws_rng_key key, uint64_t draw,
                                 struct ws_arena *arena, struct ws_dataset *out,
                                 struct ws_error *err)
{
    if (count == 0)
        return none(human, out);
    size_t size = human->corpora[WS_CORPUS_TRAINING].counts.size;
    struct ws_rng rng;
    ws_rng_init(&rng, key, draw);
    ws_sample_multivariate_hypergeometric(&rng, count, rest->left, size, rest->share);
    for (size_t i = 0; i < size; i++)
        rest->left[i] -= rest->share[i];
    return counts_of(human, human->corpora[WS_CORPUS_TRAINING].counts.type, rest->share, size,
                     draw == DRAW_FRESH ? WS_SOURCE_FRESH : WS_SOURCE_ORIGINAL, arena, out, err);
}

/* The items of `counts` one by one in a random order. */
static enum ws_status shuffle_counts(const struct ws_dataset *counts, struct ws_rng_key key,
                                     struct ws_arena *arena, const uint32_t **out,
                                     struct ws_error *err)
{
    uint32_t *symbols = WS_ARENA_NEW(arena, uint32_t, counts->count);
    if (!symbols)
        return ws_fail_memory(err, "the fresh stream");
    size_t size = 0;
    for (size_t s = 0; s < counts->segment_count; s++) {
        const struct ws_payload *payload = counts->segments[s].payload;
        for (size_t i = 0; i < payload->counts.size; i++)
            for (uint64_t c = 0; c < payload->counts.count[i]; c++)
                symbols[size++] = payload->counts.type[i];
    }
    struct ws_rng rng;
    ws_rng_init(&rng, key, DRAW_ORDER);
    ws_sample_permutation(&rng, symbols, size);
    *out = symbols;
    return WS_OK;
}

static enum ws_status deal_words(const struct ws_human *human, struct ws_rng_key key,
                                 struct ws_arena *arena, struct ws_deal *deal, struct ws_error *err)
{
    const struct ws_human_settings *settings = &human->settings;
    size_t size = human->corpora[WS_CORPUS_TRAINING].counts.size;
    const struct rest rest = {
        .left = ws_arena_copy(arena, human->corpora[WS_CORPUS_TRAINING].counts.count,
                              size * sizeof(uint64_t)),
        .share = WS_ARENA_NEW(arena, uint64_t, size),
    };
    if (!rest.left || !rest.share)
        return ws_fail_memory(err, "the deal of the corpus");
    WS_TRY(
        deal_share(human, &rest, settings->items, key, DRAW_ORIGINAL, arena, &deal->original, err));
    WS_TRY(deal_share(human, &rest, settings->test_items, key, DRAW_REFERENCE, arena,
                      &deal->reference, err));
    WS_TRY(
        deal_share(human, &rest, settings->fresh_items, key, DRAW_FRESH, arena, &deal->fresh, err));
    return shuffle_counts(&deal->fresh, key, arena, &deal->stream, err);
}

static enum ws_status draw_symbols(const struct ws_human *human, uint64_t count, struct ws_rng *rng,
                                   enum ws_source source, struct ws_arena *arena,
                                   struct ws_dataset *out, struct ws_error *err)
{
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    if (!payload)
        return ws_fail_memory(err, "human data");
    const struct ws_human_settings *settings = &human->settings;
    if (settings->source == WS_HUMAN_BERNOULLI)
        WS_TRY(ws_draw_bernoulli(settings->probability, count, rng, arena, payload, err));
    else if (settings->source == WS_HUMAN_POISSON)
        WS_TRY(
            ws_draw_poisson(settings->rate, human->empty.types, count, rng, arena, payload, err));
    else
        WS_TRY(ws_truth_draw(&human->truth, count, rng, arena, payload, err));
    return ws_dataset_of(payload, human_origin(source), arena, out, err);
}

static enum ws_status draw_vectors(const struct ws_deal *deal, uint64_t count,
                                   struct ws_rng_key key, uint64_t item, enum ws_source source,
                                   struct ws_arena *arena, struct ws_dataset *out,
                                   struct ws_error *err)
{
    const struct ws_human *human = deal->human;
    if (count > WS_LAW_NUMBERS / human->empty.dimension)
        return ws_fail(err, WS_LIMIT,
                       "%" PRIu64 " vectors of dimension %" PRIu32 "; the most is 2^32 numbers",
                       count, human->empty.dimension);
    uint64_t size = count * human->empty.dimension;
    double *values = WS_ARENA_NEW(arena, double, size);
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    if (!values || !payload)
        return ws_fail_memory(err, "human data");
    if (source == WS_SOURCE_ORIGINAL)
        WS_TRY(ws_law_draw_set(deal->law, key, item, count, arena->allocator, values, err));
    else /* a stream, of which nobody knows how long it is */
        ws_law_draw(deal->law, key, item, count, values);
    *payload = (struct ws_payload){
        .kind = WS_DATA_VECTORS,
        .count = count,
        .dimension = human->empty.dimension,
        .vectors = values,
    };
    return ws_dataset_of(payload, human_origin(source), arena, out, err);
}

/* Blocks of the teacher, whose items draw from all sequences of the key. */
static enum ws_status draw_blocks(const struct ws_human *human, uint64_t count,
                                  struct ws_rng_key key, enum ws_source source,
                                  struct ws_arena *arena, struct ws_dataset *out,
                                  struct ws_error *err)
{
    const struct ws_payload *made;
    if (count == 0)
        return none(human, out);
    WS_TRY(human->settings.teachers->draw(human->teacher, count, key, arena, &made, err));
    return ws_dataset_of(made, human_origin(source), arena, out, err);
}

/* `count` items that a generator makes from (key, item). */
static enum ws_status draw(const struct ws_deal *deal, uint64_t count, struct ws_rng_key key,
                           uint64_t item, enum ws_source source, struct ws_arena *arena,
                           struct ws_dataset *out, struct ws_error *err)
{
    if (count == 0)
        return none(deal->human, out);
    if (deal->human->teacher)
        return draw_blocks(deal->human, count, key, source, arena, out, err);
    if (deal->law)
        return draw_vectors(deal, count, key, item, source, arena, out, err);
    struct ws_rng rng;
    ws_rng_init(&rng, key, item);
    return draw_symbols(deal->human, count, &rng, source, arena, out, err);
}

static enum ws_status open_law(const struct ws_human *human, struct ws_arena *arena,
                               struct ws_deal *deal, struct ws_error *err)
{
    const struct ws_law_row *row = ws_human_law(&human->settings);
    if (!row)
        return WS_OK;
    struct ws_law *law = WS_ARENA_NEW(arena, struct ws_law, 1);
    if (!law)
        return ws_fail_memory(err, "human data");
    WS_TRY(ws_law_open(row, &human->settings.law, deal->seed, arena, law, err));
    deal->law = law;
    return WS_OK;
}

static enum ws_status deal_generated(const struct ws_human *human, struct ws_rng_key key,
                                     struct ws_arena *arena, struct ws_deal *deal,
                                     struct ws_error *err)
{
    const struct ws_human_settings *settings = &human->settings;
    WS_TRY(open_law(human, arena, deal, err));
    WS_TRY(draw(deal, settings->items, key, DRAW_ORIGINAL, WS_SOURCE_ORIGINAL, arena,
                &deal->original, err));
    return draw(deal, settings->test_items, key, DRAW_REFERENCE, WS_SOURCE_ORIGINAL, arena,
                &deal->reference, err);
}

/* A teacher's items are all sequences of their key, so sets that are held out take those of
 * generations that are later than any step. */
static struct ws_rng_key key_of_held_out(const struct ws_deal *deal, uint32_t set)
{
    return ws_rng_key(WS_STREAM_DATA, deal->seed, 0, UINT32_MAX - set);
}

static enum ws_status deal_taught(const struct ws_human *human, struct ws_rng_key key,
                                  struct ws_arena *arena, struct ws_deal *deal,
                                  struct ws_error *err)
{
    const struct ws_human_settings *settings = &human->settings;
    WS_TRY(
        draw_blocks(human, settings->items, key, WS_SOURCE_ORIGINAL, arena, &deal->original, err));
    WS_TRY(draw_blocks(human, settings->test_items, key_of_held_out(deal, DRAW_REFERENCE),
                       WS_SOURCE_ORIGINAL, arena, &deal->reference, err));
    return draw_blocks(human, settings->validation_items,
                       key_of_held_out(deal, DRAW_VALIDATION_ORDER), WS_SOURCE_ORIGINAL, arena,
                       &deal->validation, err);
}

enum ws_status ws_human_deal(const struct ws_human *human, uint64_t seed, struct ws_arena *arena,
                             struct ws_deal *out, struct ws_error *err)
{
    const struct ws_human_settings *settings = &human->settings;
    struct ws_rng_key key = ws_rng_key(WS_STREAM_DATA, seed, 0, 0);
    struct ws_deal deal = {
        .human = human, .seed = seed, .validation = human->empty, .fresh = human->empty};
    if (ws_human_has_items(human)) {
        WS_TRY(deal_blocks(human, key, arena, &deal, err));
    } else if (settings->source == WS_HUMAN_WORDS) {
        WS_TRY(deal_words(human, key, arena, &deal, err));
    } else if (human->teacher) {
        WS_TRY(deal_taught(human, key, arena, &deal, err));
    } else {
        WS_TRY(deal_generated(human, key, arena, &deal, err));
    }
    *out = deal;
    return WS_OK;
}

/* `count` >= 1 words of the stream, counted. */
static enum ws_status words_of(const struct ws_human *human, const uint32_t *words, uint64_t count,
                               struct ws_arena *arena, struct ws_dataset *out, struct ws_error *err)
{
    const struct ws_payload symbols = {
        .kind = WS_DATA_SYMBOLS,
        .count = count,
        .types = human->empty.types,
        .symbols = words,
    };
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    if (!payload)
        return ws_fail_memory(err, "human data");
    struct ws_dataset all;
    WS_TRY(ws_dataset_of(&symbols, human_origin(WS_SOURCE_FRESH), arena, &all, err));
    WS_TRY(ws_dataset_type_counts(&all, arena, payload, err));
    return ws_dataset_of(payload, human_origin(WS_SOURCE_FRESH), arena, out, err);
}

enum ws_status ws_deal_fresh(const struct ws_deal *deal, uint32_t step, uint64_t used,
                             uint64_t count, struct ws_arena *arena, struct ws_dataset *out,
                             struct ws_error *err)
{
    const struct ws_human *human = deal->human;
    assert(step < UINT32_MAX);
    if (!ws_human_has_corpus(human))
        return draw(deal, count, ws_rng_key(WS_STREAM_DATA, deal->seed, 0, step + 1), DRAW_ORIGINAL,
                    WS_SOURCE_FRESH, arena, out, err);
    assert(used <= deal->fresh.count);
    if (count > deal->fresh.count - used)
        return ws_fail(err, WS_INVALID,
                       "the fresh stream is exhausted: step %" PRIu32 " needs %" PRIu64
                       " items, %" PRIu64 " of fresh_items=%" PRIu64 " are left",
                       step, count, deal->fresh.count - used, deal->fresh.count);
    if (count == 0)
        return none(human, out);
    if (ws_human_has_items(human))
        return blocks_of(human, WS_CORPUS_TRAINING, deal->stream + used, count, WS_SOURCE_FRESH,
                         arena, out, err);
    return words_of(human, deal->stream + used, count, arena, out, err);
}

enum ws_status ws_deal_human(const struct ws_deal *deal, uint64_t count, struct ws_rng_key key,
                             struct ws_arena *arena, struct ws_dataset *out, struct ws_error *err)
{
    if (!ws_human_has_corpus(deal->human))
        return draw(deal, count, key, 0, WS_SOURCE_FRESH, arena, out, err);
    const struct ws_dataset parts[] = {deal->original, deal->fresh};
    struct ws_dataset all;
    WS_TRY(ws_dataset_concat(parts, 2, arena, &all, err));
    if (count > all.count)
        return ws_fail(err, WS_INVALID,
                       "%" PRIu64 " human items are needed, items=%" PRIu64
                       " + fresh_items=%" PRIu64 " are there",
                       count, deal->original.count, deal->fresh.count);
    struct ws_rng rng;
    ws_rng_init(&rng, key, 0);
    return ws_dataset_subset(&all, count, &rng, arena, out, err);
}

/* Types of `all` without those of `taken`, which has no more of any. */
static enum ws_status other_counts(const struct ws_dataset *all, const struct ws_dataset *taken,
                                   struct ws_arena *arena, struct ws_dataset *out,
                                   struct ws_error *err)
{
    struct ws_payload whole, part;
    struct ws_payload *rest = WS_ARENA_NEW(arena, struct ws_payload, 1);
    WS_TRY(ws_dataset_type_counts(all, arena, &whole, err));
    WS_TRY(ws_dataset_type_counts(taken, arena, &part, err));
    uint64_t *left = WS_ARENA_NEW(arena, uint64_t, whole.counts.size);
    if (!rest || !left)
        return ws_fail_memory(err, "human data");
    for (size_t i = 0, at = 0; i < whole.counts.size; i++) {
        left[i] = whole.counts.count[i];
        if (at < part.counts.size && part.counts.type[at] == whole.counts.type[i])
            left[i] -= part.counts.count[at++];
    }
    WS_TRY(ws_payload_of_counts(whole.counts.type, left, whole.counts.size, whole.types, arena,
                                rest, err));
    return ws_dataset_of(rest, human_origin(WS_SOURCE_FRESH), arena, out, err);
}

/* Where one is in the items of a dataset. */
struct place {
    const struct ws_dataset *dataset;
    size_t segment;
    uint64_t item;
};

static bool is_here(const struct place *place, const struct ws_payload *payload, uint64_t item)
{
    if (place->segment == place->dataset->segment_count)
        return false;
    const struct ws_segment *segment = &place->dataset->segments[place->segment];
    return segment->payload == payload && ws_segment_item(segment, place->item) == item;
}

static void advance(struct place *place)
{
    if (++place->item < place->dataset->segments[place->segment].count)
        return;
    place->segment++;
    place->item = 0;
}

/* Items of `all` without those of `taken`, which has them in the same order. */
static enum ws_status other_items(const struct ws_dataset *all, const struct ws_dataset *taken,
                                  struct ws_arena *arena, struct ws_dataset *out,
                                  struct ws_error *err)
{
    uint8_t *times = WS_ARENA_NEW(arena, uint8_t, all->count);
    struct place next = {taken, 0, 0};
    size_t at = 0;
    if (!times)
        return ws_fail_memory(err, "human data");
    for (size_t s = 0; s < all->segment_count; s++)
        for (uint64_t i = 0; i < all->segments[s].count; i++) {
            const struct ws_segment *segment = &all->segments[s];
            bool is_taken = is_here(&next, segment->payload, ws_segment_item(segment, i));
            if (is_taken)
                advance(&next);
            times[at++] = !is_taken;
        }
    assert(next.segment == taken->segment_count);
    return ws_dataset_take(all, times, arena, out, err);
}

enum ws_status ws_deal_human_other(const struct ws_deal *deal, const struct ws_dataset *taken,
                                   uint64_t count, struct ws_rng_key key, struct ws_arena *arena,
                                   struct ws_dataset *out, struct ws_error *err)
{
    if (!ws_human_has_corpus(deal->human))
        return draw(deal, count, key, 0, WS_SOURCE_FRESH, arena, out, err);
    const struct ws_dataset parts[] = {deal->original, deal->fresh};
    struct ws_dataset all, rest;
    WS_TRY(ws_dataset_concat(parts, 2, arena, &all, err));
    if (count > all.count - taken->count)
        return none(deal->human, out);
    if (all.kind == WS_DATA_COUNTS)
        WS_TRY(other_counts(&all, taken, arena, &rest, err));
    else
        WS_TRY(other_items(&all, taken, arena, &rest, err));
    struct ws_rng rng;
    ws_rng_init(&rng, key, 0);
    return ws_dataset_subset(&rest, count, &rng, arena, out, err);
}
