/*
 * Settings, memory and batches of generation.
 */
#include "models/nn/transformer/generate.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "models/nn/transformer/generator.h"

#define FIELD(name) offsetof(struct ws_decoding, name)

static const struct ws_option options[] = {WS_DECODING_LENGTH_OPTIONS(FIELD),
                                           WS_DECODING_OPTIONS(FIELD)};

const struct ws_option_table ws_decoding_options = {"decoding", options,
                                                    sizeof options / sizeof *options};

/* What is set of that which narrows a distribution to draw from, or NULL. */
static const char *filter_of(const struct ws_decoding *d)
{
    if (d->top_k > 0)
        return "top_k";
    if (d->top_p < 1)
        return "top_p";
    if (d->min_p > 0)
        return "min_p";
    return d->typical_p < 1 ? "typical_p" : NULL;
}

/* What would be ignored is refused: whoever sets it expects something of it. */
static enum ws_status check_effects(const struct ws_decoding *d, struct ws_error *err)
{
    const char *filter = filter_of(d);
    if (d->beams > 1 && d->temperature != 0 && d->temperature != 1)
        return ws_fail(err, WS_INVALID,
                       "'temperature' is %g with 'beams' at %" PRIu64 ": beam search draws nothing",
                       d->temperature, d->beams);
    if (d->beams > 1 && filter)
        return ws_fail(err, WS_INVALID,
                       "'%s' is for drawing tokens, beam search with 'beams' at %" PRIu64
                       " draws none",
                       filter, d->beams);
    if (d->temperature == 0 && filter)
        return ws_fail(err, WS_INVALID,
                       "'%s' is for drawing tokens, with 'temperature' at 0 none are drawn",
                       filter);
    if (d->beams == 1 && d->length_penalty != 1)
        return ws_fail(err, WS_INVALID,
                       "'length_penalty' is %g with 'beams' at 1: it compares what a beam search "
                       "found",
                       d->length_penalty);
    return WS_OK;
}

enum ws_status ws_decoding_check(const struct ws_decoding *d, struct ws_error *err)
{
    if (d->temperature > 0 && d->temperature < 1e-3)
        return ws_fail(err, WS_INVALID, "'temperature' is %g, wanted 0 or at least 0.001",
                       d->temperature);
    if (d->min_new_tokens > d->new_tokens)
        return ws_fail(err, WS_INVALID,
                       "'min_new_tokens' is %" PRIu64 ", more than 'new_tokens' %" PRIu64,
                       d->min_new_tokens, d->new_tokens);
    return check_effects(d, err);
}

/* Memory --------------------------------------------------------------------------------------- */

/* The last token is not fed back, so it needs no position. */
static uint64_t positions_of(const struct ws_decoding *d, uint64_t prompt)
{
    return prompt + d->new_tokens - 1;
}

static size_t batch_of(const struct ws_description *d, const struct ws_decoding *decoding,
                       uint64_t longest, const struct ws_batching *batching)
{
    assert(decoding->beams >= 1);
    if (decoding->batch > 0)
        return decoding->batch;
    double row = 2.0 * sizeof(float) * d->layers * d->kv_heads * d->head_size *
                 (double)positions_of(decoding, longest);
    size_t rows = batching->sampled_rows;
    while (rows > 1 && (double)rows * row > batching->cache_bytes)
        rows /= 2;
    return rows > decoding->beams ? rows / decoding->beams : 1;
}

static struct ws_decoder_size decoder_size(const struct ws_description *d,
                                           const struct ws_decoding *decoding, uint64_t longest,
                                           const struct ws_batching *batching)
{
    return (struct ws_decoder_size){
        .slots = batch_of(d, decoding, longest, batching) * decoding->beams,
        .capacity = positions_of(decoding, longest),
        .prompt = longest,
        .group = batching->prompt_tokens,
        .reorders = decoding->beams > 1,
    };
}

uint64_t ws_generator_batch_of(const struct ws_description *d, const struct ws_decoding *decoding,
                               uint64_t longest_prompt, const struct ws_batching *batching)
{
    return batch_of(d, decoding, longest_prompt, batching);
}

uint64_t ws_generator_memory(const struct ws_description *d, const struct ws_decoding *decoding,
                             uint64_t longest_prompt, const struct ws_batching *batching)
{
    struct ws_decoder_size size = decoder_size(d, decoding, longest_prompt, batching);
    return ws_decoder_memory(d, &size);
}

/* The largest cache whose size is still computed without overflow. */
#define CACHE_LIMIT 0x1p44

enum ws_status ws_decoding_fits(const struct ws_decoding *decoding, const struct ws_description *d,
                                uint64_t longest, const struct ws_batching *batching,
                                struct ws_error *err)
{
    if (longest < 1 || longest > d->context || positions_of(decoding, longest) > d->context)
        return ws_fail(err, WS_INVALID,
                       "a prompt of %" PRIu64 " tokens and %" PRIu64 " new ones need %" PRIu64
                       " positions, the model's context has %" PRIu32,
                       longest, decoding->new_tokens, positions_of(decoding, longest), d->context);
    if (decoding->beams > 1 && d->vocabulary < 2 * decoding->beams)
        return ws_fail(err, WS_INVALID,
                       "'beams' is %" PRIu64 ", wanted at most half of the model's %" PRIu32
                       " tokens",
                       decoding->beams, d->vocabulary);
    struct ws_decoder_size size = decoder_size(d, decoding, longest, batching);
    double cache =
        (double)size.slots * (double)size.capacity * d->layers * d->kv_heads * d->head_size;
    double logits = (double)size.slots * d->vocabulary;
    if (cache > CACHE_LIMIT || logits > CACHE_LIMIT)
        return ws_fail(err, WS_NO_MEMORY,
                       "%zu sequences of %zu tokens at a time take %.0f GiB of cache", size.slots,
                       size.capacity, cache * sizeof(float) / 0x1p29);
    return WS_OK;
}

/* Opening -------------------------------------------------------------------------------------- */

static enum ws_status take_memory(struct ws_generator *g, struct ws_error *err)
{
    struct ws_arena *arena = &g->arena;
    size_t slots = g->slots, texts = slots * g->stride;
    uint32_t *tokens = WS_ARENA_NEW(arena, uint32_t, texts);
    g->sequences = WS_ARENA_ZNEW(arena, struct ws_sequence, slots);
    g->rows.slots = WS_ARENA_NEW(arena, uint32_t, slots);
    g->rows.tokens = WS_ARENA_NEW(arena, uint32_t, slots);
    g->rows.positions = WS_ARENA_NEW(arena, uint32_t, slots);
    g->edits.seen_ends = WS_ARENA_NEW(arena, size_t, slots);
    g->edits.seen = WS_ARENA_NEW(arena, uint32_t, texts);
    g->edits.banned_ends = WS_ARENA_NEW(arena, size_t, slots);
    g->edits.banned = WS_ARENA_NEW(arena, uint32_t, texts + slots);
    g->starts = WS_ARENA_NEW(arena, uint32_t, g->batch + 1);
    g->prompts = WS_ARENA_NEW(arena, uint32_t, g->batch * g->longest);
    g->chosen = WS_ARENA_NEW(arena, uint32_t, g->batch);
    g->uniforms = WS_ARENA_NEW(arena, double, g->batch);
    g->rngs = WS_ARENA_NEW(arena, struct ws_rng, g->batch);
    bool lists = g->edits.seen_ends && g->edits.seen && g->edits.banned_ends && g->edits.banned;
    bool rows = g->rows.slots && g->rows.tokens && g->rows.positions && g->starts && g->prompts;
    if (!tokens || !g->sequences || !lists || !rows || !g->chosen || !g->uniforms || !g->rngs)
        return ws_fail_memory(err, "the texts of a batch");
    for (size_t s = 0; s < slots; s++)
        g->sequences[s].tokens = tokens + s * g->stride;
    return g->decoding.beams > 1 ? ws_beams_take_memory(g, err) : WS_OK;
}

static enum ws_status open_parts(struct ws_generator *g, const struct ws_transformer *model,
                                 struct ws_error *err)
{
    struct ws_decoder_size size =
        decoder_size(&model->description, &g->decoding, g->longest, ws_batching_of(g->device));
    WS_TRY(take_memory(g, err));
    return ws_decoder_open(g->device, model, &size, g->allocator, &g->decoder, err);
}

enum ws_status ws_generator_open(struct ws_device *device, const struct ws_transformer *model,
                                 const struct ws_decoding *decoding, uint64_t longest_prompt,
                                 const struct ws_allocator *allocator, struct ws_generator **out,
                                 struct ws_error *err)
{
    const struct ws_description *d = &model->description;
    WS_TRY(ws_decoding_check(decoding, err));
    const struct ws_batching *batching = ws_batching_of(device);
    WS_TRY(ws_decoding_fits(decoding, d, longest_prompt, batching, err));
    struct ws_generator *g = ws_realloc(allocator, NULL, 0, sizeof *g);
    if (!g)
        return ws_fail_memory(err, "a generator");
    size_t batch = batch_of(d, decoding, longest_prompt, batching);
    *g = (struct ws_generator){
        .device = device,
        .ops = device->ops,
        .allocator = allocator,
        .decoding = *decoding,
        .vocabulary = d->vocabulary,
        .context = d->context,
        .eos = d->eos,
        .batch = batch,
        .slots = batch * decoding->beams,
        .longest = longest_prompt,
        .stride = longest_prompt + decoding->new_tokens,
    };
    ws_arena_init(&g->arena, allocator);
    enum ws_status status = open_parts(g, model, err);
    if (status != WS_OK)
        ws_generator_close(g);
    else
        *out = g;
    return status;
}

void ws_generator_close(struct ws_generator *generator)
{
    if (!generator)
        return;
    ws_decoder_close(generator->decoder);
    ws_arena_release(&generator->arena);
    ws_free(generator->allocator, generator, sizeof *generator);
}

uint64_t ws_generator_batch(const struct ws_generator *generator)
{
    return generator->batch;
}

/* What sampling and beam search share --------------------------------------------------------- */

enum ws_status ws_fail_scores(struct ws_error *err, uint64_t prompt, uint32_t position)
{
    return ws_fail(err, WS_NUMERIC,
                   "prompt %" PRIu64 ": no token can follow position %" PRIu32
                   ": every score is banned or no number",
                   prompt + 1, position);
}

bool ws_sequence_ends(const struct ws_generator *g, const struct ws_sequence *sequence)
{
    return sequence->length - sequence->prompt == g->decoding.new_tokens ||
           (g->decoding.stop_at_end && sequence->length > sequence->prompt &&
            sequence->tokens[sequence->length - 1] == g->eos);
}

struct ws_pick ws_pick_of(const struct ws_generator *g, size_t rows)
{
    return (struct ws_pick){
        .rows = rows,
        .vocabulary = g->vocabulary,
        .edits = ws_edits_of(&g->edits, &g->decoding),
        .temperature = (float)g->decoding.temperature,
        .top_k = g->decoding.top_k,
        .top_p = (float)g->decoding.top_p,
        .min_p = (float)g->decoding.min_p,
        .typical_p = (float)g->decoding.typical_p,
        .uniforms = g->uniforms,
    };
}

void ws_generator_step(struct ws_generator *g)
{
    struct ws_rows *rows = &g->rows;
    for (size_t r = 0; r < rows->count; r++) {
        const struct ws_sequence *sequence = &g->sequences[rows->slots[r]];
        rows->tokens[r] = sequence->tokens[sequence->length - 1];
        rows->positions[r] = sequence->length - 1;
    }
    ws_decoder_step(g->decoder, rows->count, rows->tokens, rows->slots, rows->positions);
}

/* Batches -------------------------------------------------------------------------------------- */

static enum ws_status check_prompt(const struct ws_generator *g, uint64_t number,
                                   const uint32_t *tokens, uint64_t length, struct ws_error *err)
{
    if (length == 0)
        return ws_fail(err, WS_INVALID, "prompt %" PRIu64 " holds no token", number + 1);
    if (length > g->longest)
        return ws_fail(err, WS_INVALID,
                       "prompt %" PRIu64 " has %" PRIu64 " tokens, with %" PRIu64
                       " new ones at most %zu fit",
                       number + 1, length, g->decoding.new_tokens, g->longest);
    for (uint64_t t = 0; t < length; t++)
        if (tokens[t] >= g->vocabulary)
            return ws_fail(err, WS_INVALID,
                           "prompt %" PRIu64 " holds token %" PRIu32
                           ", the model's vocabulary has %" PRIu32,
                           number + 1, tokens[t], g->vocabulary);
    return WS_OK;
}

/* Makes the sequences of prompts first .. first + count - 1 and runs them through the model. */
static enum ws_status begin(struct ws_generator *g, const struct ws_prompts *prompts,
                            uint64_t first, size_t count, struct ws_error *err)
{
    g->starts[0] = 0;
    for (size_t b = 0; b < count; b++) {
        uint64_t start = first + b > 0 ? prompts->ends[first + b - 1] : 0;
        uint64_t length = prompts->ends[first + b] - start;
        const uint32_t *tokens = prompts->tokens + start;
        WS_TRY(check_prompt(g, first + b, tokens, length, err));
        struct ws_sequence *sequence = &g->sequences[b * g->decoding.beams];
        sequence->prompt = sequence->length = (uint32_t)length;
        memcpy(sequence->tokens, tokens, length * sizeof *tokens);
        memcpy(g->prompts + g->starts[b], tokens, length * sizeof *tokens);
        g->starts[b + 1] = g->starts[b] + (uint32_t)length;
        g->rows.slots[b] = (uint32_t)(b * g->decoding.beams);
    }
    ws_decoder_begin(g->decoder, count, g->starts, g->prompts, g->rows.slots);
    return WS_OK;
}

static enum ws_status collect(const struct ws_generator *g, size_t count, struct ws_arena *arena,
                              struct ws_continuations *out, struct ws_error *err)
{
    uint64_t total = 0;
    struct ws_continuations made = {.count = count, .ends = WS_ARENA_NEW(arena, uint64_t, count)};
    for (size_t b = 0; made.ends && b < count; b++) {
        const struct ws_sequence *sequence = &g->sequences[b * g->decoding.beams];
        total += sequence->length - sequence->prompt;
        made.ends[b] = total;
    }
    made.tokens = WS_ARENA_NEW(arena, uint32_t, total);
    if (!made.ends || !made.tokens)
        return ws_fail_memory(err, "continuations");
    for (size_t b = 0; b < count; b++) {
        const struct ws_sequence *sequence = &g->sequences[b * g->decoding.beams];
        uint32_t length = sequence->length - sequence->prompt;
        memcpy(made.tokens + made.ends[b] - length, sequence->tokens + sequence->prompt,
               length * sizeof *made.tokens);
    }
    *out = made;
    return WS_OK;
}

enum ws_status ws_generate_batch(struct ws_generator *generator, const struct ws_prompts *prompts,
                                 uint64_t first, struct ws_rng_key key, struct ws_arena *arena,
                                 struct ws_continuations *out, struct ws_error *err)
{
    struct ws_generator *g = generator;
    uint64_t left = prompts->count - first;
    size_t count = left < g->batch ? left : g->batch;
    WS_TRY(begin(g, prompts, first, count, err));
    WS_TRY(g->decoding.beams > 1 ? ws_generate_beams(g, first, count, err)
                                 : ws_generate_sampled(g, first, count, key, err));
    WS_TRY(g->ops->check(g->device, err));
    return collect(g, count, arena, out, err);
}

enum ws_status ws_generate_probabilities(struct ws_generator *generator,
                                         const struct ws_prompts *prompts, struct ws_arena *arena,
                                         float **out, struct ws_error *err)
{
    struct ws_generator *g = generator;
    size_t count = prompts->count < g->batch ? prompts->count : g->batch;
    WS_TRY(begin(g, prompts, 0, count, err));
    ws_edits_begin(&g->edits);
    for (size_t b = 0; b < count; b++)
        ws_edits_add(&g->edits, &g->decoding, g->eos, &g->sequences[b * g->decoding.beams]);
    const struct ws_pick pick = ws_pick_of(g, count);
    float *logits = ws_decoder_logits(g->decoder);
    float *probabilities = WS_ARENA_NEW(arena, float, count * g->vocabulary);
    if (!probabilities)
        return ws_fail_memory(err, "next-token probabilities");
    g->ops->pick(g->device, NULL, logits, logits, &pick);
    g->ops->read(g->device, probabilities, logits, count * g->vocabulary * sizeof *probabilities);
    WS_TRY(g->ops->check(g->device, err));
    *out = probabilities;
    return WS_OK;
}
