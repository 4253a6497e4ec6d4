#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "measure/metric_set.h"

enum { LONGEST = 4 };

/*
 * Grams are numbered exactly, one length after the other: an n-gram is the pair of the number of
 * its first n - 1 tokens and its last token. The table is open addressing over those pairs.
 */
struct slot {
    uint64_t pair;
    uint32_t number; /* 1 + the gram's number; 0: free */
};

struct grams {
    struct slot *slots;
    unsigned shift;  /* there are 2^(64 - shift) slots */
    uint32_t *at;    /* (tokens) number of the gram that starts there */
    uint32_t *times; /* (tokens) by gram: places it stands at */
    uint32_t *seen;  /* (tokens) by gram: 1 + the last item that has it */
    uint32_t distinct;
    uint64_t places;
    double shares;  /* sum over items of distinct over places */
    uint64_t items; /* with at least one place */
};

static enum ws_status grams_init(struct grams *grams, uint64_t tokens, struct ws_arena *scratch,
                                 struct ws_error *err)
{
    if (tokens >= UINT32_MAX)
        return ws_fail(err, WS_LIMIT, "n-grams of a sample of %" PRIu64 " tokens, at most %" PRIu32,
                       tokens, UINT32_MAX - 1);
    unsigned bits = 4;
    while (UINT64_C(1) << bits < 2 * tokens)
        bits++;
    size_t slots = (size_t)1 << bits;
    *grams = (struct grams){
        .slots = WS_ARENA_NEW(scratch, struct slot, slots),
        .shift = 64 - bits,
        .at = WS_ARENA_ZNEW(scratch, uint32_t, tokens),
        .times = WS_ARENA_NEW(scratch, uint32_t, tokens),
        .seen = WS_ARENA_NEW(scratch, uint32_t, tokens),
    };
    if (!grams->slots || !grams->at || !grams->times || !grams->seen)
        return ws_fail_memory(err, "a table of n-grams");
    return WS_OK;
}

static void forget(struct grams *grams)
{
    memset(grams->slots, 0, sizeof *grams->slots << (64 - grams->shift));
    grams->distinct = 0;
    grams->places = 0;
    grams->shares = 0;
    grams->items = 0;
}

static uint32_t number_of(struct grams *grams, uint32_t prefix, uint32_t token)
{
    uint64_t pair = (uint64_t)prefix << 32 | token;
    uint64_t mixed = (pair ^ pair >> 29) * UINT64_C(0x9e3779b97f4a7c15);
    struct slot *slot = &grams->slots[mixed >> grams->shift];
    const struct slot *end = &grams->slots[UINT64_MAX >> grams->shift];
    while (slot->number != 0 && slot->pair != pair)
        slot = slot == end ? grams->slots : slot + 1;
    if (slot->number == 0) {
        grams->times[grams->distinct] = 0;
        grams->seen[grams->distinct] = 0;
        *slot = (struct slot){pair, ++grams->distinct};
    }
    return slot->number - 1;
}

/* The n-grams of one item, whose (n - 1)-grams are numbered in `at`. */
static void add_item(struct grams *grams, size_t n, uint32_t item, const uint32_t *tokens,
                     size_t size, uint32_t *at)
{
    if (size < n)
        return;
    size_t places = size - n + 1;
    size_t distinct = 0;
    for (size_t i = 0; i < places; i++) {
        uint32_t gram = number_of(grams, at[i], tokens[i + n - 1]);
        at[i] = gram;
        grams->times[gram]++;
        distinct += grams->seen[gram] != item + 1;
        grams->seen[gram] = item + 1;
    }
    grams->places += places;
    grams->shares += (double)distinct / (double)places;
    grams->items++;
}

static void add_sample(struct grams *grams, size_t n, const struct ws_payload *sample)
{
    forget(grams);
    for (uint64_t item = 0; item < sample->count; item++) {
        size_t size;
        const uint32_t *tokens = ws_payload_tokens(sample, item, &size);
        add_item(grams, n, (uint32_t)item, tokens, size, grams->at + (tokens - sample->tokens.ids));
    }
}

static uint64_t repeated_places(const struct grams *grams)
{
    uint64_t places = 0;
    for (uint32_t gram = 0; gram < grams->distinct; gram++)
        if (grams->times[gram] > 1)
            places += grams->times[gram];
    return places;
}

enum ws_status ws_measure_ngrams(const struct ws_payload *sample, struct ws_arena *scratch,
                                 struct ws_metric_set *set, struct ws_error *err)
{
    static const enum ws_metric_id pooled[] = {WS_METRIC_DISTINCT_1, WS_METRIC_DISTINCT_2,
                                               WS_METRIC_DISTINCT_3};
    static const enum ws_metric_id mean[] = {
        WS_METRIC_DISTINCT_1_SAMPLE, WS_METRIC_DISTINCT_2_SAMPLE, WS_METRIC_DISTINCT_3_SAMPLE};
    uint64_t tokens = sample->tokens.ends[sample->count - 1];
    struct grams grams = {0};
    WS_TRY(grams_init(&grams, tokens, scratch, err));
    for (size_t n = 1; n <= LONGEST; n++) {
        add_sample(&grams, n, sample);
        double places = (double)grams.places;
        if (n < LONGEST) {
            ws_metric_put(set, pooled[n - 1], tokens, (double)grams.distinct / places);
            ws_metric_put(set, mean[n - 1], sample->count, grams.shares / (double)grams.items);
        } else {
            ws_metric_put(set, WS_METRIC_REPEATED_4, tokens,
                          (double)repeated_places(&grams) / places);
        }
    }
    return WS_OK;
}
