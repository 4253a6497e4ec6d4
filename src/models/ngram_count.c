/*
 * Counting k-grams, level by level, by sorting positions and never a key.
 *
 * Positions are sorted by their token once. A stable counting sort of that order by parent node
 * then brings equal k-grams together, and the nodes so found are the parents of the next level:
 * every level costs a few passes over the text, whatever the order.
 */
#include <inttypes.h>
#include <string.h>

#include "models/ngram_model.h"

enum {
    DIGIT = 11, /* bits a pass of the radix sort looks at */
    DIGITS = 1 << DIGIT,
};

/* The blocks one after the other, a start token before each. Position 0 is a start token. */
struct text {
    uint32_t *token; /* (size) */
    uint32_t size;
    uint32_t start; /* the start token */
};

/* Nodes as they are found. Arrays have room for the worst case; what is not reached is never
 * touched. */
struct builder {
    struct text text;
    uint32_t *by_token; /* (size) positions */
    uint32_t *sorted;   /* (size) positions of one level */
    uint32_t *node;     /* (size) of the k-gram that ends here, or 0 when the block is too short */
    uint32_t *longer;   /* (size) the same for k + 1 */
    uint32_t *begin;    /* (size + 2) where a parent's positions begin in `sorted` */
    uint32_t *token, *count, *suffix, *first_child;
    uint32_t nodes;
};

static enum ws_status measure(const struct ws_dataset *data, uint32_t order, uint64_t *size,
                              struct ws_error *err)
{
    uint64_t tokens = 0;
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        for (uint64_t i = 0; i < segment->count; i++) {
            size_t item;
            (void)ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &item);
            tokens += item;
        }
    }
    uint64_t limit = ws_ngram_token_limit(order);
    if (data->count > limit || tokens > limit - data->count)
        return ws_fail(err, WS_LIMIT,
                       "family 'ngram' of order %" PRIu32 " takes at most %" PRIu64
                       " tokens and blocks, the data have %" PRIu64 " tokens in %" PRIu64 " blocks",
                       order, limit, tokens, data->count);
    *size = tokens + data->count;
    return WS_OK;
}

static void copy_text(const struct ws_dataset *data, struct text *text)
{
    uint32_t at = 0;
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        for (uint64_t i = 0; i < segment->count; i++) {
            size_t size;
            const uint32_t *item =
                ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
            text->token[at++] = text->start;
            if (size > 0)
                memcpy(text->token + at, item, size * sizeof *item);
            at += (uint32_t)size;
        }
    }
}

/* Radix sort of all positions by token, lowest digit first. */
static void sort_by_token(struct builder *b)
{
    const struct text *text = &b->text;
    for (uint32_t i = 0; i < text->size; i++)
        b->by_token[i] = i;
    for (unsigned shift = 0; shift < 32 && text->start >> shift > 0; shift += DIGIT) {
        uint32_t begin[DIGITS + 1] = {0};
        for (uint32_t i = 0; i < text->size; i++)
            begin[(text->token[i] >> shift) % DIGITS + 1]++;
        for (uint32_t d = 0; d < DIGITS; d++)
            begin[d + 1] += begin[d];
        for (uint32_t i = 0; i < text->size; i++) {
            uint32_t position = b->by_token[i];
            b->sorted[begin[(text->token[position] >> shift) % DIGITS]++] = position;
        }
        uint32_t *swap = b->by_token;
        b->by_token = b->sorted;
        b->sorted = swap;
    }
}

static uint32_t add_node(struct builder *b, uint32_t token, uint32_t suffix)
{
    uint32_t node = b->nodes++;
    b->token[node] = token;
    b->count[node] = 0;
    b->suffix[node] = suffix;
    return node;
}

/* Level 1: every token that occurs. The start token is never predicted: its count stays 0. */
static void add_tokens(struct builder *b)
{
    const struct text *text = &b->text;
    uint32_t node = add_node(b, 0, 0); /* the empty context */
    b->first_child[node] = b->nodes;
    for (uint32_t i = 0; i < text->size; i++) {
        uint32_t position = b->by_token[i];
        uint32_t token = text->token[position];
        if (i == 0 || token != b->token[node])
            node = add_node(b, token, 0);
        b->count[node] += token != text->start;
        b->node[position] = node;
    }
}

/* The k-gram that position i extends, or 0: blocks are never joined. */
static uint32_t parent_of(const struct builder *b, uint32_t i)
{
    return b->text.token[i] == b->text.start ? 0 : b->node[i - 1];
}

/* Positions that extend parents `first` .. `end - 1`, by parent, then token. */
static void sort_by_parent(struct builder *b, uint32_t first, uint32_t end)
{
    memset(b->begin, 0, ((size_t)(end - first) + 2) * sizeof *b->begin);
    for (uint32_t i = 0; i < b->text.size; i++) {
        uint32_t parent = parent_of(b, i);
        if (parent)
            b->begin[parent - first + 2]++;
    }
    for (uint32_t p = 2; p <= end - first; p++)
        b->begin[p] += b->begin[p - 1];
    /* begin[p + 1] now moves from where parent p's positions begin to where they end. */
    for (uint32_t i = 0; i < b->text.size; i++) {
        uint32_t position = b->by_token[i];
        uint32_t parent = parent_of(b, position);
        if (parent)
            b->sorted[b->begin[parent - first + 1]++] = position;
    }
}

/* The level below parents `first` .. `end - 1`. */
static void add_level(struct builder *b, uint32_t first, uint32_t end)
{
    sort_by_parent(b, first, end);
    memset(b->longer, 0, b->text.size * sizeof *b->longer);
    for (uint32_t parent = first; parent < end; parent++) {
        b->first_child[parent] = b->nodes;
        for (uint32_t i = b->begin[parent - first]; i < b->begin[parent - first + 1]; i++) {
            uint32_t position = b->sorted[i];
            uint32_t token = b->text.token[position];
            if (b->nodes == b->first_child[parent] || b->token[b->nodes - 1] != token)
                (void)add_node(b, token, b->node[position]);
            b->count[b->nodes - 1]++;
            b->longer[position] = b->nodes - 1;
        }
    }
    uint32_t *swap = b->node;
    b->node = b->longer;
    b->longer = swap;
}

static enum ws_status init_builder(struct builder *b, size_t size, uint32_t order,
                                   struct ws_arena *scratch, struct ws_error *err)
{
    size_t most = size * order + 1;
    b->text.size = (uint32_t)size;
    b->text.token = WS_ARENA_NEW(scratch, uint32_t, size);
    b->by_token = WS_ARENA_NEW(scratch, uint32_t, size);
    b->sorted = WS_ARENA_NEW(scratch, uint32_t, size);
    b->node = WS_ARENA_NEW(scratch, uint32_t, size);
    b->longer = WS_ARENA_NEW(scratch, uint32_t, size);
    b->begin = WS_ARENA_NEW(scratch, uint32_t, size + 2);
    b->token = WS_ARENA_NEW(scratch, uint32_t, most);
    b->count = WS_ARENA_NEW(scratch, uint32_t, most);
    b->suffix = WS_ARENA_NEW(scratch, uint32_t, most);
    b->first_child = WS_ARENA_NEW(scratch, uint32_t, most + 1);
    if (!b->text.token || !b->by_token || !b->sorted || !b->node || !b->longer || !b->begin ||
        !b->token || !b->count || !b->suffix || !b->first_child)
        return ws_fail_memory(err, "counting n-grams");
    return WS_OK;
}

static const uint32_t *keep(struct ws_arena *arena, const uint32_t *values, size_t count)
{
    return ws_arena_copy(arena, values, count * sizeof *values);
}

enum ws_status ws_ngram_count(const struct ws_dataset *data, uint32_t order,
                              struct ws_arena *scratch, struct ws_arena *arena,
                              struct ws_ngram_trie *out, struct ws_error *err)
{
    uint64_t size = 0;
    WS_TRY(measure(data, order, &size, err));
    struct builder b = {.text = {.start = data->types}};
    WS_TRY(init_builder(&b, size, order, scratch, err));
    copy_text(data, &b.text);
    sort_by_token(&b);

    struct ws_ngram_trie trie = {.types = data->types, .order = order, .level = {0, 1}};
    add_tokens(&b);
    for (uint32_t k = 2; k <= order; k++) {
        trie.level[k] = b.nodes;
        add_level(&b, trie.level[k - 1], trie.level[k]);
    }
    trie.level[order + 1] = b.nodes;
    b.first_child[trie.level[order]] = b.nodes;

    trie.token = keep(arena, b.token, b.nodes);
    trie.count = keep(arena, b.count, b.nodes);
    trie.suffix = keep(arena, b.suffix, b.nodes);
    trie.first_child = keep(arena, b.first_child, (size_t)trie.level[order] + 1);
    if (!trie.token || !trie.count || !trie.suffix || !trie.first_child)
        return ws_fail_memory(err, "an n-gram model");
    *out = trie;
    return WS_OK;
}
