/*
 * Drawing, or taking the most probable, one token after another.
 *
 * Rows of finished sequences stay in the batch until a quarter of it is finished: each number of
 * rows is another shape of matrix product, and fewer shapes are prepared for less waste. When rows
 * leave depends on what is made alone, so results do not change from run to run.
 */
#include "models/nn/transformer/generator.h"

/* Row r is sequence rows.slots[r]. Gives how many are still running. */
static enum ws_status choose(struct ws_generator *g, uint64_t first, size_t *running,
                             struct ws_error *err)
{
    size_t count = g->rows.count;
    ws_edits_begin(&g->edits);
    for (size_t r = 0; r < count; r++) {
        uint32_t slot = g->rows.slots[r];
        ws_edits_add(&g->edits, &g->decoding, g->eos, &g->sequences[slot]);
        if (g->decoding.temperature > 0)
            g->uniforms[r] = ws_rng_uniform(&g->rngs[slot]);
    }
    const struct ws_pick pick = ws_pick_of(g, count);
    g->ops->pick(g->device, g->chosen, NULL, ws_decoder_logits(g->decoder), &pick);
    WS_TRY(g->ops->check(g->device, err));
    *running = 0;
    for (size_t r = 0; r < count; r++) {
        uint32_t slot = g->rows.slots[r];
        struct ws_sequence *sequence = &g->sequences[slot];
        if (ws_sequence_ends(g, sequence))
            continue;
        if (g->chosen[r] == WS_NO_TARGET)
            return ws_fail_scores(err, first + slot, sequence->length - 1);
        sequence->tokens[sequence->length++] = g->chosen[r];
        *running += !ws_sequence_ends(g, sequence);
    }
    return WS_OK;
}

static void drop_finished(struct ws_generator *g)
{
    size_t kept = 0;
    for (size_t r = 0; r < g->rows.count; r++)
        if (!ws_sequence_ends(g, &g->sequences[g->rows.slots[r]]))
            g->rows.slots[kept++] = g->rows.slots[r];
    g->rows.count = kept;
}

/* Running freely ------------------------------------------------------------------------------- */

/* Nothing depends on what tokens there are but the tokens after them: no text ends before the
 * others, and no score is edited. Then a device goes on from what it picks itself, and nobody waits
 * for it before the batch is done. */
static bool runs_freely(const struct ws_generator *g)
{
    const struct ws_decoding *d = &g->decoding;
    return !(d->stop_at_end && g->eos != WS_NO_TOKEN) && d->min_new_tokens == 0 &&
           d->repetition_penalty == 1 && d->no_repeat_ngram == 0;
}

/* made (new_tokens, count): token n of row r. */
static void pick_freely(struct ws_generator *g, uint32_t *made, size_t count)
{
    struct ws_pick pick = ws_pick_of(g, count);
    pick.edits = (struct ws_edits){.penalty = 1};
    for (uint64_t n = 0; n < g->decoding.new_tokens; n++) {
        uint32_t *tokens = made + n * count;
        for (size_t r = 0; g->decoding.temperature > 0 && r < count; r++)
            g->uniforms[r] = ws_rng_uniform(&g->rngs[r]);
        g->ops->pick(g->device, tokens, NULL, ws_decoder_logits(g->decoder), &pick);
        if (n + 1 == g->decoding.new_tokens)
            return;
        for (size_t r = 0; r < count; r++)
            g->rows.positions[r] = g->sequences[r].prompt + (uint32_t)n;
        ws_decoder_step(g->decoder, count, tokens, g->rows.slots, g->rows.positions);
    }
}

static enum ws_status append_made(struct ws_generator *g, const uint32_t *made, uint64_t first,
                                  size_t count, struct ws_error *err)
{
    for (uint64_t n = 0; n < g->decoding.new_tokens; n++) {
        for (size_t r = 0; r < count; r++) {
            struct ws_sequence *sequence = &g->sequences[r];
            uint32_t token = made[n * count + r];
            if (token == WS_NO_TARGET)
                return ws_fail_scores(err, first + r, sequence->length - 1);
            sequence->tokens[sequence->length++] = token;
        }
    }
    return WS_OK;
}

static enum ws_status generate_freely(struct ws_generator *g, uint64_t first, size_t count,
                                      struct ws_error *err)
{
    size_t size = g->decoding.new_tokens * count * sizeof(uint32_t);
    uint32_t *made = ws_realloc(g->allocator, NULL, 0, size);
    if (!made)
        return ws_fail_memory(err, "the tokens of a batch");
    pick_freely(g, made, count);
    enum ws_status status = g->ops->check(g->device, err);
    if (status == WS_OK)
        status = append_made(g, made, first, count, err);
    ws_free(g->allocator, made, size);
    return status;
}

enum ws_status ws_generate_sampled(struct ws_generator *g, uint64_t first, size_t count,
                                   struct ws_rng_key key, struct ws_error *err)
{
    g->rows.count = count;
    for (size_t b = 0; b < count; b++)
        ws_rng_init(&g->rngs[b], key, first + b);
    if (runs_freely(g))
        return generate_freely(g, first, count, err);
    for (;;) {
        size_t running;
        WS_TRY(choose(g, first, &running, err));
        if (running == 0)
            return WS_OK;
        if (4 * running <= 3 * g->rows.count)
            drop_finished(g);
        ws_generator_step(g);
    }
}
