#include "measure/grams.h"

#include <inttypes.h>
#include <string.h>

struct ws_grams_token {
    uint32_t word; /* its number among the tokens that repeat */
    uint32_t
        gram; /* 1 + the number, among those that repeat, of the n-gram there; 0: it does not */
};

/* An n-gram is its first token and the number of the (n - 1)-gram after it. */
struct ws_grams_place {
    uint32_t at;
    uint32_t item;
    uint32_t word; /* of a token itself: the token */
    uint32_t rest;
};

enum ws_status ws_grams_init(struct ws_grams *grams, const struct ws_payload *sample,
                             struct ws_arena *arena, struct ws_error *err)
{
    uint64_t tokens = sample->count > 0 ? sample->tokens.ends[sample->count - 1] : 0;
    unsigned digit = 8;
    while (UINT64_C(2) << digit <= tokens)
        digit++;
    if (tokens >= UINT32_MAX)
        return ws_fail(err, WS_LIMIT, "n-grams of a sample of %" PRIu64 " tokens, at most %" PRIu32,
                       tokens, UINT32_MAX - 1);
    *grams = (struct ws_grams){
        .tokens = tokens,
        .digit = digit,
        .item_count = sample->count,
        .items = WS_ARENA_NEW(arena, struct ws_grams_item, sample->count),
        .token = WS_ARENA_NEW(arena, struct ws_grams_token, tokens),
        .order = WS_ARENA_NEW(arena, struct ws_grams_place, tokens),
        .work = WS_ARENA_NEW(arena, struct ws_grams_place, tokens),
        .begin =
            WS_ARENA_NEW(arena, uint32_t, (tokens >> digit > 0 ? tokens : (size_t)1 << digit) + 1),
    };
    if (!grams->items || !grams->token || !grams->order || !grams->work || !grams->begin)
        return ws_fail_memory(err, "the n-grams of a sample");
    uint32_t at = 0;
    for (uint64_t i = 0; i < sample->count; i++) {
        size_t size;
        const uint32_t *ids = ws_payload_tokens(sample, i, &size);
        grams->items[i] = (struct ws_grams_item){.first = at, .places = size + 1};
        for (size_t t = 0; t < size; t++, at++)
            grams->order[at] = (struct ws_grams_place){at, (uint32_t)i, ids[t], 0};
    }
    return WS_OK;
}

/* Numbers how often each word is there, in begin[word + 1], become where its places begin. */
static void add_up(uint32_t *begin, size_t words)
{
    for (size_t w = 0; w < words; w++)
        begin[w + 1] += begin[w];
}

/* All places by token, lowest digit first. */
static void sort_by_token(struct ws_grams *grams)
{
    uint32_t *begin = grams->begin;
    size_t digits = (size_t)1 << grams->digit;
    uint32_t any = 0;
    for (uint64_t i = 0; i < grams->tokens; i++)
        any |= grams->order[i].word;
    for (unsigned shift = 0; shift < 32 && any >> shift > 0; shift += grams->digit) {
        memset(begin, 0, (digits + 1) * sizeof *begin);
        for (uint64_t i = 0; i < grams->tokens; i++)
            begin[(grams->order[i].word >> shift) % digits + 1]++;
        add_up(begin, digits);
        for (uint64_t i = 0; i < grams->tokens; i++)
            grams->work[begin[(grams->order[i].word >> shift) % digits]++] = grams->order[i];
        struct ws_grams_place *sorted = grams->work;
        grams->work = grams->order;
        grams->order = sorted;
    }
}

/* The places whose n-gram may repeat, for both its (n - 1)-grams do, by n-gram. What comes one
 * after them is in order: a stable sort by their first token does the rest. */
static uint64_t sort_by_gram(struct ws_grams *grams)
{
    uint32_t *begin = grams->begin;
    uint64_t count = 0;
    memset(begin, 0, ((size_t)grams->words + 1) * sizeof *begin);
    for (uint64_t i = 0; i < grams->repeated; i++) {
        uint32_t next = grams->order[i].at;
        uint32_t item = grams->order[i].item;
        if (next == grams->items[item].first || grams->token[next - 1].gram == 0)
            continue;
        uint32_t word = grams->token[next - 1].word;
        grams->work[count++] =
            (struct ws_grams_place){next - 1, item, word, grams->token[next].gram};
        begin[word + 1]++;
    }
    add_up(begin, grams->words);
    for (uint64_t i = 0; i < count; i++)
        grams->order[begin[grams->work[i].word]++] = grams->work[i];
    return count;
}

/* Places of the first one's item, which come first. */
static uint64_t run_of(const struct ws_grams_place *places, uint64_t count)
{
    uint64_t run = 1;
    while (run < count && places[run].item == places[0].item)
        run++;
    return run;
}

/* An n-gram that stands at `count` places. */
static void compare_items(struct ws_grams *grams, const struct ws_grams_place *places,
                          uint64_t count)
{
    uint64_t most = 0;
    uint64_t second = 0;
    uint32_t best = 0; /* the first item that has it most often */
    for (uint64_t i = 0, run; i < count; i += run) {
        run = run_of(places + i, count - i);
        if (run > most) {
            second = most;
            most = run;
            best = places[i].item;
        } else if (run > second) {
            second = run;
        }
    }
    for (uint64_t i = 0, run; i < count; i += run) {
        run = run_of(places + i, count - i);
        uint64_t elsewhere = places[i].item == best ? second : most;
        struct ws_grams_item *item = &grams->items[places[i].item];
        item->distinct -= run - 1;
        item->matched += run < elsewhere ? run : elsewhere;
    }
}

static uint64_t same_gram(const struct ws_grams_place *places, uint64_t count)
{
    uint64_t same = 1;
    while (same < count && places[same].word == places[0].word &&
           places[same].rest == places[0].rest)
        same++;
    return same;
}

/* Counts the first `count` places of `order`, all others being single, and keeps those that
 * repeat. */
static void count_grams(struct ws_grams *grams, uint64_t count)
{
    uint32_t number = 0;
    grams->distinct = grams->places - count;
    grams->repeated = 0;
    for (uint64_t i = 0; i < grams->tokens; i++)
        grams->token[i].gram = 0;
    for (uint64_t first = 0, size; first < count; first += size) {
        size = same_gram(grams->order + first, count - first);
        grams->distinct++;
        if (size == 1)
            continue;
        compare_items(grams, grams->order + first, size);
        number++;
        for (uint64_t i = first; i < first + size; i++) {
            grams->token[grams->order[i].at].gram = number;
            grams->order[grams->repeated++] = grams->order[i];
        }
    }
    if (grams->length > 1)
        return;
    grams->words = number;
    for (uint64_t i = 0; i < grams->tokens; i++)
        grams->token[i].word = grams->token[i].gram - 1;
}

void ws_grams_lengthen(struct ws_grams *grams)
{
    grams->length++;
    grams->places = 0;
    for (uint64_t i = 0; i < grams->item_count; i++) {
        struct ws_grams_item *item = &grams->items[i];
        item->places -= item->places > 0;
        item->distinct = item->places;
        item->matched = 0;
        grams->places += item->places;
    }
    if (grams->length == 1)
        sort_by_token(grams);
    count_grams(grams, grams->length == 1 ? grams->tokens : sort_by_gram(grams));
}
