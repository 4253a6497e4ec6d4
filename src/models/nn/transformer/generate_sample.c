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

enum ws_status ws_generate_sampled(struct ws_generator *g, uint64_t first, size_t count,
                                   struct ws_rng_key key, struct ws_error *err)
{
    g->rows.count = count;
    for (size_t b = 0; b < count; b++)
        ws_rng_init(&g->rngs[b], key, first + b);
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
