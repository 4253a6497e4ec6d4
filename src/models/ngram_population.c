/*
 * The fit of an n-gram model to a population: texts without end by a teacher and by models.
 *
 * Such a text is a chain. What it is followed by depends on its last tokens alone, a *history*, and
 * there are as many as can be reached. Block for block it starts before the first token; the mass
 * of each history is carried from token to token, and its visits times the shares of what follows
 * are the expected counts of a block. They are stored as counts of so many blocks that rounding
 * changes shares by less than 1e-8 of all tokens.
 *
 * A context that was seen at the end of a block alone has no continuation, and its model falls back
 * to a shorter one. So does the one that is fitted: the history is then what the model still looks
 * at. What a smoothed model would make there beyond what it has seen is left out. Contract:
 * tests/unit/test_attribution.c, tests/cli/attribute.sh.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/ngram_model.h"
#include "models/teacher.h"

enum {
    HISTORY = WS_NGRAM_ORDER_LIMIT - 1, /* tokens, at most */
    FEW = 1024,                         /* that there is room for at first */
    LIMIT = 1 << 22,                    /* of histories, and of what follows them */
};

/* Stands left of the start of a block. */
static const uint32_t NOTHING = UINT32_MAX;

/* The last tokens of a text, the newest last; those that the size leaves are NOTHING. */
struct history {
    uint32_t token[HISTORY];
    uint32_t state; /* of the model that writes */
    uint32_t first; /* what follows it, once it is expanded */
    uint32_t count; /* 0: it is not */
    double mass, next_mass, visits;
};

struct step {
    uint32_t token;
    uint32_t to; /* history */
    double probability;
};

/* How a model writes. */
struct chain {
    const struct ws_ngram_model *model;
    uint32_t size; /* tokens of a history */
    struct history *histories;
    size_t history_count, history_room;
    struct step *steps;
    size_t step_count, step_room;
    uint32_t *table; /* (a power of two, at least twice history_room) 1 + history; 0: free */
    struct ws_arena *scratch;
    struct ws_error *err;
};

/* A k-gram, its tokens at the end, and how many a block has of it. */
struct gram {
    uint32_t token[WS_NGRAM_ORDER_LIMIT];
    uint64_t count;
    double expected;
};

struct grams {
    struct gram *all;
    size_t count, room;
};

/* Histories --------------------------------------------------------------------------------------
 */

static enum ws_status fail_size(struct ws_error *err)
{
    return ws_fail(err, WS_UNSUPPORTED,
                   "a text has more than %d histories of the models that write it: too many for an "
                   "exact fit",
                   LIMIT);
}

/* More room for `count` things of `size` bytes; NULL when memory is out. */
static void *grow(struct ws_arena *scratch, const void *old, size_t count, size_t room, size_t size)
{
    void *fresh = ws_arena_alloc(scratch, room, size);
    if (fresh && count > 0)
        memcpy(fresh, old, count * size);
    return fresh;
}

static size_t place_of(const struct chain *c, const uint32_t *token)
{
    const size_t mask = 2 * c->history_room - 1;
    uint64_t hash = 0;
    for (uint32_t i = 0; i < HISTORY; i++) {
        hash = (hash ^ token[i]) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    size_t at = hash & mask;
    while (c->table[at] &&
           memcmp(c->histories[c->table[at] - 1].token, token, sizeof c->histories->token) != 0)
        at = (at + 1) & mask;
    return at;
}

static enum ws_status make_room(struct chain *c)
{
    const size_t room = c->history_room > 0 ? 2 * c->history_room : FEW;
    if (room > LIMIT)
        return fail_size(c->err);
    c->histories = grow(c->scratch, c->histories, c->history_count, room, sizeof *c->histories);
    c->table = ws_arena_zalloc(c->scratch, 2 * room, sizeof *c->table);
    if (!c->histories || !c->table)
        return ws_fail_memory(c->err, "the histories of a text");
    c->history_room = room;
    for (size_t h = 0; h < c->history_count; h++)
        c->table[place_of(c, c->histories[h].token)] = (uint32_t)h + 1;
    return WS_OK;
}

/* The history of these tokens, which is new if it was not yet seen. */
static enum ws_status find(struct chain *c, const uint32_t *token, uint32_t state, uint32_t *out)
{
    if (c->history_count == c->history_room)
        WS_TRY(make_room(c));
    const size_t at = place_of(c, token);
    if (c->table[at] == 0) {
        struct history *h = &c->histories[c->history_count++];
        *h = (struct history){.state = state};
        memcpy(h->token, token, sizeof h->token);
        c->table[at] = (uint32_t)c->history_count;
    }
    *out = c->table[at] - 1;
    return WS_OK;
}

static uint32_t tokens_in_state(const struct ws_ngram_trie *trie, uint32_t state)
{
    uint32_t k = 0;
    while (state >= trie->level[k + 1])
        k++;
    return k;
}

static enum ws_status follow(struct chain *c, uint32_t from, uint32_t token, uint32_t state,
                             double probability)
{
    uint32_t tokens[HISTORY], to;
    if (!(probability > 0))
        return WS_OK;
    memcpy(tokens, c->histories[from].token, sizeof tokens);
    if (c->size > 0) {
        const uint32_t oldest = HISTORY - c->size;
        memmove(tokens + oldest, tokens + oldest + 1, (c->size - 1) * sizeof *tokens);
        tokens[HISTORY - 1] = token;
    }
    const uint32_t known = tokens_in_state(&c->model->trie, state);
    for (uint32_t i = 0; i < HISTORY - known && known + 1 < c->model->trie.order; i++)
        tokens[i] = NOTHING;
    WS_TRY(find(c, tokens, state, &to));
    if (c->step_count == c->step_room) {
        c->step_room = c->step_room > 0 ? 2 * c->step_room : FEW;
        if (c->step_room > LIMIT)
            return fail_size(c->err);
        c->steps = grow(c->scratch, c->steps, c->step_count, c->step_room, sizeof *c->steps);
        if (!c->steps)
            return ws_fail_memory(c->err, "the histories of a text");
    }
    c->steps[c->step_count++] = (struct step){token, to, probability};
    c->histories[from].count++;
    return WS_OK;
}

static double mass_of(const struct ws_ngram_model *model, uint32_t child)
{
    if (model->trie.token[child] == model->trie.types) /* the start of a block is never made */
        return 0;
    return model->sampling == WS_NGRAM_KNESER_NEY ? model->probability[child]
                                                  : model->trie.count[child];
}

static enum ws_status expand(struct chain *c, uint32_t h)
{
    const struct ws_ngram_model *model = c->model;
    const struct ws_ngram_context *context = &model->contexts[c->histories[h].state];
    const uint32_t end = context->first + context->children;
    double all = 0;
    for (uint32_t child = context->first; child < end; child++)
        all += mass_of(model, child);
    c->histories[h].first = (uint32_t)c->step_count;
    for (uint32_t child = context->first; child < end; child++)
        WS_TRY(follow(c, h, model->trie.token[child], model->outcomes[child].next,
                      mass_of(model, child) / all));
    return WS_OK;
}

/* Every history once visited carries its mass on to those that follow it. */
static enum ws_status carry(struct chain *c)
{
    const size_t count = c->history_count;
    for (uint32_t h = 0; h < count; h++) {
        if (c->histories[h].mass > 0 && c->histories[h].count == 0)
            WS_TRY(expand(c, h));
        struct history *from = &c->histories[h];
        from->visits += from->mass;
        for (uint32_t s = 0; s < from->count; s++) {
            const struct step *step = &c->steps[from->first + s];
            c->histories[step->to].next_mass += from->mass * step->probability;
        }
    }
    for (size_t h = 0; h < c->history_count; h++) {
        c->histories[h].mass = c->histories[h].next_mass;
        c->histories[h].next_mass = 0;
    }
    return WS_OK;
}

static enum ws_status write_block(struct chain *c)
{
    uint32_t tokens[HISTORY], start;
    for (uint32_t i = 0; i < HISTORY; i++)
        tokens[i] = NOTHING;
    if (c->size > 0)
        tokens[HISTORY - 1] = c->model->trie.types;
    WS_TRY(find(c, tokens, c->model->start, &start));
    c->histories[start].mass = 1;
    for (uint64_t t = 0; t < c->model->block; t++)
        WS_TRY(carry(c));
    return WS_OK;
}

/* Counts -----------------------------------------------------------------------------------------
 */

/* What ends in each step, `order` tokens of it. */
static enum ws_status add_grams(const struct chain *c, uint32_t order, double share,
                                struct grams *out)
{
    if (!out->all || out->room - out->count < c->step_count) {
        out->room = out->count + c->step_count;
        out->all = grow(c->scratch, out->all, out->count, out->room, sizeof *out->all);
        if (!out->all)
            return ws_fail_memory(c->err, "expected counts");
    }
    for (size_t h = 0; h < c->history_count; h++) {
        const struct history *from = &c->histories[h];
        for (uint32_t s = 0; s < from->count; s++) {
            const struct step *step = &c->steps[from->first + s];
            struct gram *gram = &out->all[out->count++];
            memset(gram->token, 0xff, sizeof gram->token);
            for (uint32_t i = 1; i < order; i++)
                gram->token[WS_NGRAM_ORDER_LIMIT - 1 - i] = from->token[HISTORY - i];
            gram->token[WS_NGRAM_ORDER_LIMIT - 1] = step->token;
            gram->expected = share * from->visits * step->probability;
            gram->count = 0;
        }
    }
    return WS_OK;
}

static bool are_equal(const struct gram *a, const struct gram *b)
{
    return memcmp(a->token, b->token, sizeof a->token) == 0;
}

/* A stable counting sort of `from` by one token of each into `to`. NOTHING comes last. */
static void sort_by_token(const struct gram *from, size_t count, uint32_t place, uint32_t types,
                          size_t *begin, struct gram *to)
{
    memset(begin, 0, ((size_t)types + 3) * sizeof *begin);
    for (size_t i = 0; i < count; i++) {
        const uint32_t token = from[i].token[place];
        begin[(token == NOTHING ? types + 1 : token) + 1]++;
    }
    for (size_t t = 1; t < (size_t)types + 3; t++)
        begin[t] += begin[t - 1];
    for (size_t i = 0; i < count; i++) {
        const uint32_t token = from[i].token[place];
        to[begin[token == NOTHING ? types + 1 : token]++] = from[i];
    }
}

/* Sorts k-grams by their tokens, and makes equal ones one. Shorter ones come last. */
static enum ws_status merge(struct grams *grams, uint32_t k, uint32_t types,
                            struct ws_arena *scratch, struct ws_error *err)
{
    struct gram *other = WS_ARENA_NEW(scratch, struct gram, grams->count + 1);
    size_t *begin = WS_ARENA_NEW(scratch, size_t, (size_t)types + 3);
    if (!other || !begin)
        return ws_fail_memory(err, "expected counts");
    for (uint32_t i = 1; i <= k; i++) {
        struct gram *sorted = other;
        sort_by_token(grams->all, grams->count, WS_NGRAM_ORDER_LIMIT - i, types, begin, sorted);
        other = grams->all;
        grams->all = sorted;
    }
    size_t kept = 0;
    for (size_t i = 0; i < grams->count; i++) {
        if (kept > 0 && are_equal(&grams->all[kept - 1], &grams->all[i])) {
            grams->all[kept - 1].expected += grams->all[i].expected;
            grams->all[kept - 1].count += grams->all[i].count;
        } else {
            grams->all[kept++] = grams->all[i];
        }
    }
    grams->count = kept;
    return WS_OK;
}

/* As many blocks as there is room for counts of, at least one of each gram. */
static void round_counts(struct grams *grams, uint64_t block, uint32_t order)
{
    const uint64_t blocks = ws_ngram_token_limit(order) / 2 / block;
    for (size_t i = 0; i < grams->count; i++)
        grams->all[i].count = (uint64_t)fmax(1, round(grams->all[i].expected * (double)blocks));
}

/* The trie ------------------------------------------------------------------------------------- */

/* From the longest grams down. */
struct draft {
    struct grams level[WS_NGRAM_ORDER_LIMIT + 1]; /* [k]: the k-grams, sorted */
    struct ws_ngram_trie trie;
    uint32_t *token, *count, *suffix, *first_child;
};

/* The last k tokens. */
static const uint32_t *tokens_of(const struct gram *gram, uint32_t k)
{
    return gram->token + WS_NGRAM_ORDER_LIMIT - k;
}

/* Every k-gram ends a longer one, but for those that begin a block, which stay as they are. */
static enum ws_status shorten(const struct grams *longer, uint32_t k, uint32_t types,
                              struct ws_arena *scratch, struct grams *out, struct ws_error *err)
{
    out->count = longer->count;
    out->all = grow(scratch, longer->all, longer->count, longer->count, sizeof *out->all);
    if (!out->all)
        return ws_fail_memory(err, "expected counts");
    for (size_t i = 0; i < out->count; i++)
        out->all[i].token[WS_NGRAM_ORDER_LIMIT - 1 - k] = NOTHING;
    return merge(out, k, types, scratch, err);
}

/* Those that have k tokens; shorter ones, which begin a block, come last. */
static uint32_t count_level(const struct grams *grams, uint32_t k)
{
    size_t count = grams->count;
    while (count > 0 && *tokens_of(&grams->all[count - 1], k) == NOTHING)
        count--;
    return (uint32_t)count;
}

static enum ws_status lay_out(struct draft *d, uint32_t types, uint32_t order,
                              struct ws_arena *arena, struct ws_error *err)
{
    struct ws_ngram_trie *trie = &d->trie;
    *trie = (struct ws_ngram_trie){.types = types, .order = order, .level = {0, 1}};
    for (uint32_t k = 1; k <= order; k++)
        trie->level[k + 1] = trie->level[k] + count_level(&d->level[k], k) + (k == 1);
    const size_t nodes = ws_ngram_nodes(trie);
    trie->token = d->token = WS_ARENA_ZNEW(arena, uint32_t, nodes);
    trie->count = d->count = WS_ARENA_ZNEW(arena, uint32_t, nodes);
    trie->suffix = d->suffix = WS_ARENA_ZNEW(arena, uint32_t, nodes);
    trie->first_child = d->first_child =
        WS_ARENA_ZNEW(arena, uint32_t, (size_t)ws_ngram_contexts(trie) + 1);
    return trie->token && trie->count && trie->suffix && trie->first_child
               ? WS_OK
               : ws_fail_memory(err, "an n-gram model");
}

/* The nodes of level k, which has as many less one for the start token. */
static void fill_level(struct draft *d, uint32_t k)
{
    const struct ws_ngram_trie *trie = &d->trie;
    for (uint32_t node = trie->level[k]; node < trie->level[k + 1] - (k == 1); node++) {
        const struct gram *gram = &d->level[k].all[node - trie->level[k]];
        d->token[node] = *tokens_of(gram, 1);
        d->count[node] = (uint32_t)gram->count;
    }
    if (k == 1)
        d->token[trie->level[2] - 1] = trie->types;
}

/* The tokens of a node of level k; the start token is none of the grams. */
static const uint32_t *tokens_of_node(const struct draft *d, uint32_t k, uint32_t node)
{
    if (k == 1)
        return &d->token[node];
    return tokens_of(&d->level[k].all[node - d->trie.level[k]], k);
}

/* Both levels are sorted, so children of one node follow those of the node before. */
static void link_level(struct draft *d, uint32_t k)
{
    const struct ws_ngram_trie *trie = &d->trie;
    uint32_t next = trie->level[k];
    for (uint32_t parent = trie->level[k - 1]; parent < trie->level[k]; parent++) {
        const uint32_t *tokens = tokens_of_node(d, k - 1, parent);
        d->first_child[parent] = next;
        while (next < trie->level[k + 1] &&
               memcmp(tokens_of_node(d, k, next), tokens, (k - 1) * sizeof *tokens) == 0) {
            d->suffix[next] = ws_ngram_child(trie, d->suffix[parent], d->token[next]);
            next++;
        }
    }
}

static enum ws_status make_trie(struct grams *longest, uint32_t types, uint32_t order,
                                struct ws_arena *scratch, struct ws_arena *arena,
                                struct ws_ngram_trie *out, struct ws_error *err)
{
    struct draft d = {.level = {{0}}};
    d.level[order] = *longest;
    for (uint32_t k = order; k-- > 1;)
        WS_TRY(shorten(&d.level[k + 1], k, types, scratch, &d.level[k], err));
    WS_TRY(lay_out(&d, types, order, arena, err));
    d.first_child[0] = 1;
    for (uint32_t k = 1; k <= order; k++) {
        fill_level(&d, k);
        if (k > 1)
            link_level(&d, k);
    }
    d.first_child[ws_ngram_contexts(&d.trie)] = ws_ngram_nodes(&d.trie);
    *out = d.trie;
    return WS_OK;
}

/* All of it ------------------------------------------------------------------------------------ */

static const struct ws_ngram_model *writer_of(const struct ws_population *population, size_t part)
{
    const struct ws_model *model = population->parts[part].model;
    return (const struct ws_ngram_model *)(model ? model : ws_teacher_of(population->truth));
}

static enum ws_status add_part(const struct ws_population *population, size_t part, uint32_t order,
                               struct ws_arena *scratch, struct grams *grams, struct ws_error *err)
{
    const struct ws_ngram_model *model = writer_of(population, part);
    const uint32_t longer = model->trie.order > order ? model->trie.order : order;
    struct chain chain = {.model = model, .size = longer - 1, .scratch = scratch, .err = err};
    WS_TRY(write_block(&chain));
    return add_grams(&chain, order, population->parts[part].share, grams);
}

static enum ws_status fit(const struct ws_ngram_settings *settings,
                          const struct ws_population *population, struct ws_arena *scratch,
                          struct ws_arena *arena, struct ws_ngram_model *out, struct ws_error *err)
{
    const struct ws_ngram_model *first = writer_of(population, 0);
    const uint32_t order = (uint32_t)settings->order;
    struct grams grams = {.count = 0};
    for (size_t p = 0; p < population->part_count; p++)
        WS_TRY(add_part(population, p, order, scratch, &grams, err));
    WS_TRY(merge(&grams, order, first->trie.types, scratch, err));
    round_counts(&grams, first->block, order);
    *out = (struct ws_ngram_model){
        .base = {&ws_family_ngram, settings, population->items},
        .sampling = settings->sampling,
        .of_population = true,
        .block = first->block,
    };
    WS_TRY(make_trie(&grams, first->trie.types, order, scratch, arena, &out->trie, err));
    return ws_ngram_complete(out, scratch, arena, err);
}

/* Whether models write what they have seen, but for what falls back. */
static bool are_followed(const struct ws_population *population)
{
    for (size_t p = 0; p < population->part_count; p++) {
        const struct ws_ngram_model *model = writer_of(population, p);
        if (model->sampling == WS_NGRAM_KNESER_NEY && !model->of_population)
            return false;
    }
    return true;
}

enum ws_status ws_ngram_fit_population(const void *settings, const struct ws_population *population,
                                       struct ws_arena *arena, const struct ws_model **out,
                                       struct ws_error *err)
{
    const struct ws_model *teacher = ws_teacher_of(population->truth);
    if (!teacher || teacher->ops != &ws_family_ngram)
        return ws_fail(err, WS_UNSUPPORTED,
                       "what follows what is known exactly of texts by an n-gram alone");
    if (!are_followed(population))
        return ws_fail(err, WS_UNSUPPORTED,
                       "what a smoothed model of a finite text writes may be any text");
    struct ws_ngram_model *model = WS_ARENA_NEW(arena, struct ws_ngram_model, 1);
    if (!model)
        return ws_fail_memory(err, "an n-gram model");
    struct ws_arena scratch;
    ws_arena_init(&scratch, arena->allocator);
    enum ws_status status = fit(settings, population, &scratch, arena, model, err);
    ws_arena_release(&scratch);
    *out = &model->base;
    return status;
}
