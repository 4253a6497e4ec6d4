/*
 * The stored form of an n-gram model: docs/formats/ngram.md. The reader trusts nothing: what it
 * accepts is a trie that counting some text could have left, as far as indices and totals go.
 */
#include <string.h>

#include "models/ngram_model.h"

static const char MAGIC[8] = "WSNGRAM1";

enum { VERSION = 1, POPULATION_VERSION = 2 };

/* What stands before the arrays. */
struct header {
    bool of_population;
    uint32_t types, order, sampling;
    uint64_t block, training_items;
    uint32_t nodes[WS_NGRAM_ORDER_LIMIT + 1]; /* of each level; [0] is unused */
};

/* A trie while it is read. */
struct draft {
    struct ws_ngram_trie trie;
    uint32_t *token, *count, *suffix, *first_child;
};

void ws_ngram_save(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_ngram_model *model = (const struct ws_ngram_model *)base;
    const struct ws_ngram_trie *trie = &model->trie;
    ws_buffer_append(out, MAGIC, sizeof MAGIC);
    ws_buffer_u32(out, model->of_population ? POPULATION_VERSION : VERSION);
    ws_buffer_u32(out, trie->types);
    ws_buffer_u32(out, trie->order);
    ws_buffer_u32(out, model->sampling);
    ws_buffer_u64(out, model->block);
    ws_buffer_u64(out, base->training_items);
    for (uint32_t k = 1; k <= trie->order; k++)
        ws_buffer_u32(out, trie->level[k + 1] - trie->level[k]);
    for (uint32_t context = 1; context < ws_ngram_contexts(trie); context++)
        ws_buffer_u32(out, trie->first_child[context + 1] - trie->first_child[context]);
    ws_buffer_u32s(out, trie->token + 1, ws_ngram_nodes(trie) - 1);
    ws_buffer_u32s(out, trie->count + 1, ws_ngram_nodes(trie) - 1);
}

static enum ws_status fail_damaged(struct ws_error *err, const char *why)
{
    return ws_fail(err, WS_CORRUPT, "damaged n-gram model: %s", why);
}

static enum ws_status read_header(struct ws_reader *in, struct header *h, struct ws_error *err)
{
    const uint8_t *magic = ws_read_bytes(in, sizeof MAGIC);
    if (!magic || memcmp(magic, MAGIC, sizeof MAGIC) != 0)
        return fail_damaged(err, "it does not begin with WSNGRAM1");
    uint32_t version = ws_read_u32(in);
    h->types = ws_read_u32(in);
    h->order = ws_read_u32(in);
    h->sampling = ws_read_u32(in);
    h->block = ws_read_u64(in);
    h->training_items = ws_read_u64(in);
    if (!ws_reader_ok(in) || (version != VERSION && version != POPULATION_VERSION))
        return fail_damaged(err, "not version 1 or 2");
    h->of_population = version == POPULATION_VERSION;
    if (h->types < 1 || h->types > 1U << 31 || h->order < 1 || h->order > WS_NGRAM_ORDER_LIMIT)
        return fail_damaged(err, "types or order out of range");
    for (uint32_t k = 1; k <= h->order; k++)
        h->nodes[k] = ws_read_u32(in);
    if (!ws_reader_ok(in) || h->nodes[1] < 2)
        return fail_damaged(err, "it has no token");
    return WS_OK;
}

static enum ws_status check_settings(const struct header *h,
                                     const struct ws_ngram_settings *settings, struct ws_error *err)
{
    if (h->order != settings->order)
        return ws_fail(err, WS_CORRUPT, "n-gram model of order %u, wanted %llu", h->order,
                       (unsigned long long)settings->order);
    if (h->sampling != settings->sampling)
        return ws_fail(err, WS_CORRUPT, "n-gram model with sampling %u, wanted %u", h->sampling,
                       settings->sampling);
    return WS_OK;
}

/* Level by level how many nodes there are, and that the input holds them. */
static enum ws_status lay_out(struct ws_reader *in, const struct header *h, struct draft *d,
                              struct ws_error *err)
{
    uint64_t nodes = 1;
    d->trie = (struct ws_ngram_trie){.types = h->types, .order = h->order};
    for (uint32_t k = 1; k <= h->order; k++) {
        d->trie.level[k] = (uint32_t)nodes;
        nodes += h->nodes[k];
        if (nodes >= UINT32_MAX)
            return fail_damaged(err, "too many n-grams");
    }
    d->trie.level[h->order + 1] = (uint32_t)nodes;
    if (!ws_reader_holds(in, 2 * (nodes - 1) + ws_ngram_contexts(&d->trie) - 1, 4))
        return fail_damaged(err, "it ends too early");
    return WS_OK;
}

static enum ws_status read_arrays(struct ws_reader *in, struct draft *d, struct ws_arena *arena,
                                  struct ws_error *err)
{
    uint32_t nodes = ws_ngram_nodes(&d->trie);
    uint32_t contexts = ws_ngram_contexts(&d->trie);
    d->first_child = WS_ARENA_NEW(arena, uint32_t, (size_t)contexts + 1);
    d->token = WS_ARENA_NEW(arena, uint32_t, nodes);
    d->count = WS_ARENA_NEW(arena, uint32_t, nodes);
    d->suffix = WS_ARENA_NEW(arena, uint32_t, nodes);
    if (!d->first_child || !d->token || !d->count || !d->suffix)
        return ws_fail_memory(err, "an n-gram model");
    d->first_child[0] = 1;
    ws_read_u32s(in, d->first_child + 1, contexts - 1); /* how many, for now */
    d->token[0] = d->count[0] = d->suffix[0] = 0;
    ws_read_u32s(in, d->token + 1, nodes - 1);
    ws_read_u32s(in, d->count + 1, nodes - 1);
    if (!ws_reader_at_end(in))
        return fail_damaged(err, "more bytes than it says");
    d->trie.token = d->token;
    d->trie.count = d->count;
    d->trie.suffix = d->suffix;
    d->trie.first_child = d->first_child;
    return WS_OK;
}

/* From how many children to where they begin; each level's must fill the next exactly. */
static enum ws_status place_children(struct draft *d, struct ws_error *err)
{
    const uint32_t *level = d->trie.level;
    uint64_t next = level[2];
    for (uint32_t k = 1; k < d->trie.order; k++) {
        for (uint32_t context = level[k]; context < level[k + 1]; context++) {
            uint32_t children = d->first_child[context];
            d->first_child[context] = (uint32_t)next;
            next += children;
            if (next > level[k + 2])
                return fail_damaged(err, "children beyond their level");
        }
        if (next != level[k + 2])
            return fail_damaged(err, "n-grams without a parent");
    }
    d->first_child[ws_ngram_contexts(&d->trie)] = ws_ngram_nodes(&d->trie);
    return WS_OK;
}

/* Level 1 ends with the start token, which is counted nowhere; all else is ascending and counted.
 */
static enum ws_status check_tokens(const struct draft *d, struct ws_error *err)
{
    uint32_t start = d->trie.level[2] - 1;
    if (d->token[start] != d->trie.types || d->count[start] != 0)
        return fail_damaged(err, "it has no start of a block");
    for (uint32_t context = 0; context < ws_ngram_contexts(&d->trie); context++) {
        uint32_t first = d->first_child[context];
        for (uint32_t node = first; node < d->first_child[context + 1]; node++) {
            if (node > first && d->token[node] <= d->token[node - 1])
                return fail_damaged(err, "tokens out of order");
            if (node != start && (d->token[node] >= d->trie.types || d->count[node] == 0))
                return fail_damaged(err, "a token or count out of range");
        }
    }
    return WS_OK;
}

static enum ws_status link_suffixes(struct draft *d, struct ws_error *err)
{
    for (uint32_t node = d->trie.level[1]; node < d->trie.level[2]; node++)
        d->suffix[node] = 0;
    for (uint32_t context = 1; context < ws_ngram_contexts(&d->trie); context++) {
        uint32_t shorter = d->suffix[context];
        for (uint32_t node = d->first_child[context]; node < d->first_child[context + 1]; node++) {
            d->suffix[node] = ws_ngram_child(&d->trie, shorter, d->token[node]);
            if (d->suffix[node] == 0)
                return fail_damaged(err, "an n-gram without its suffix");
        }
    }
    return WS_OK;
}

static uint64_t sum_counts(const struct draft *d, uint32_t first, uint32_t end)
{
    uint64_t sum = 0;
    for (uint32_t node = first; node < end; node++)
        sum += d->count[node];
    return sum;
}

/* A k-gram is followed by a token at most as often as it occurs, but for rounding in a population,
 * and has a left neighbour each time unless it begins a block. */
static enum ws_status check_counts(const struct draft *d, const struct header *h,
                                   struct ws_arena *scratch, struct ws_error *err)
{
    const struct ws_ngram_trie *trie = &d->trie;
    uint64_t tokens = sum_counts(d, trie->level[1], trie->level[2]);
    if (tokens > ws_ngram_token_limit(trie->order) || h->block < 1 || h->block > tokens)
        return fail_damaged(err, "more tokens than there can be");
    uint32_t contexts = ws_ngram_contexts(trie);
    uint32_t start = trie->level[2] - 1;
    for (uint32_t context = 1; context < contexts; context++) {
        uint64_t most = context == start ? h->training_items : d->count[context];
        if (h->of_population)
            most = tokens; /* what sampling needs: a sum that fits */
        if (sum_counts(d, d->first_child[context], d->first_child[context + 1]) > most)
            return fail_damaged(err, "more continuations than occurrences");
    }
    uint64_t *with_neighbour = WS_ARENA_ZNEW(scratch, uint64_t, contexts);
    if (!with_neighbour)
        return ws_fail_memory(err, "an n-gram model");
    for (uint32_t k = 1; k < trie->order; k++) {
        for (uint32_t node = trie->level[k + 1]; node < trie->level[k + 2]; node++)
            with_neighbour[d->suffix[node]] += d->count[node];
        for (uint32_t node = trie->level[k]; node < ws_ngram_block_starts(trie, k); node++)
            if (h->of_population ? with_neighbour[node] > d->count[node]
                                 : with_neighbour[node] != d->count[node])
                return fail_damaged(err, "occurrences without a left neighbour");
    }
    return WS_OK;
}

static enum ws_status read_model(const struct ws_ngram_settings *settings, struct ws_bytes bytes,
                                 struct ws_arena *scratch, struct ws_arena *arena,
                                 struct ws_ngram_model *model, struct ws_error *err)
{
    struct ws_reader in;
    ws_reader_init(&in, bytes);
    struct header header = {0};
    struct draft draft = {0};
    WS_TRY(read_header(&in, &header, err));
    WS_TRY(check_settings(&header, settings, err));
    WS_TRY(lay_out(&in, &header, &draft, err));
    WS_TRY(read_arrays(&in, &draft, arena, err));
    WS_TRY(place_children(&draft, err));
    WS_TRY(check_tokens(&draft, err));
    WS_TRY(link_suffixes(&draft, err));
    WS_TRY(check_counts(&draft, &header, scratch, err));
    model->base = (struct ws_model){&ws_family_ngram, settings, header.training_items};
    model->trie = draft.trie;
    model->sampling = header.sampling;
    model->of_population = header.of_population;
    model->block = header.block;
    return ws_ngram_complete(model, scratch, arena, err);
}

enum ws_status ws_ngram_load(const void *settings, struct ws_bytes bytes, struct ws_arena *arena,
                             const struct ws_model **out, struct ws_error *err)
{
    struct ws_ngram_model *model = WS_ARENA_ZNEW(arena, struct ws_ngram_model, 1);
    if (!model)
        return ws_fail_memory(err, "an n-gram model");
    struct ws_arena scratch;
    ws_arena_init(&scratch, arena->allocator);
    enum ws_status status = read_model(settings, bytes, &scratch, arena, model, err);
    ws_arena_release(&scratch);
    if (status == WS_OK)
        *out = &model->base;
    return status;
}
