/* What of a chain is stored between two steps, and read back: hostile bytes (chain.h). */
#include <assert.h>
#include <inttypes.h>

#include "lab/chain_internal.h"

/* Its size and its bytes. */
static void write_model(const struct ws_model *model, struct ws_buffer *out)
{
    size_t at = out->size;
    ws_buffer_u64(out, 0);
    model->ops->save(model, out);
    if (out->status == WS_OK)
        store64_le((uint8_t *)out->data + at, out->size - at - 8);
}

void ws_chain_write_outputs(const struct ws_chain *chain, uint32_t first_step,
                            struct ws_buffer *out)
{
    /* Step s makes the output s - 1. */
    size_t first = first_step > 0 ? first_step - 1 : 0;
    size_t count = chain->output_count > first ? chain->output_count - first : 0;
    ws_buffer_u64(out, count);
    for (size_t i = 0; i < count; i++) {
        ws_dataset_write(&chain->outputs[first + i], out);
        if (chain->makers)
            write_model(chain->makers[first + i], out);
    }
}

void ws_chain_write(const struct ws_chain *chain, uint32_t first_step, struct ws_buffer *out)
{
    assert(chain->next_step > 0);
    bool has_training = chain->arm->policy.previous > 0;
    ws_buffer_u32(out, chain->next_step);
    ws_buffer_u32(out, chain->model_depth);
    write_model(chain->model, out);
    ws_buffer_u32(out, chain->first != NULL);
    if (chain->first)
        write_model(chain->first, out);
    ws_buffer_u32(out, has_training);
    if (has_training)
        ws_dataset_write(&chain->training, out);
    ws_chain_write_outputs(chain, first_step, out);
}

/* Plans the steps that were taken once more: what can be computed is not stored. */
static enum ws_status replay_plan(struct ws_block *block, const struct ws_chain *chain,
                                  struct ws_error *err)
{
    const uint64_t generations = block->experiment->settings.generations;
    if (chain->next_step == 0 || chain->next_step > generations)
        return ws_fail(err, WS_CORRUPT,
                       "the checkpoint is of %" PRIu32 " generations, wanted 1 to %" PRIu64,
                       chain->next_step, generations);
    if (chain->model_depth >= chain->next_step)
        return ws_fail(err, WS_CORRUPT,
                       "the checkpoint's model has depth %" PRIu32 " after %" PRIu32 " generations",
                       chain->model_depth, chain->next_step);
    return ws_chain_plan_steps(block, chain->next_step - 1, err);
}

static enum ws_status read_model(const struct ws_block *block, struct ws_reader *in,
                                 struct ws_arena *arena, const struct ws_model **out,
                                 struct ws_error *err)
{
    uint64_t size = ws_read_u64(in);
    const uint8_t *data = ws_reader_holds(in, size, 1) ? ws_read_bytes(in, size) : NULL;
    if (!data)
        return ws_fail(err, WS_CORRUPT, "the checkpoint ends inside a model");
    return block->experiment->family->load(block->arm->family_settings, ws_bytes_of(data, size),
                                           arena, out, err);
}

static enum ws_status read_models(struct ws_block *block, struct ws_chain *chain,
                                  struct ws_reader *in, struct ws_error *err)
{
    struct ws_arena *step = &block->lanes[0].steps[(chain->next_step - 1) % 2];
    struct ws_arena *arena = ws_chain_keeps_makers(block) ? &block->life : step;
    WS_TRY(read_model(block, in, arena, &chain->model, err));
    uint32_t count = ws_read_u32(in);
    uint32_t expected = ws_chain_keeps_first(block);
    if (!ws_reader_ok(in) || count != expected)
        return ws_fail(err, WS_CORRUPT,
                       "the checkpoint holds %" PRIu32 " first models, wanted %" PRIu32, count,
                       expected);
    if (count == 0)
        return WS_OK;
    return read_model(block, in, &block->life, &chain->first, err);
}

static enum ws_status read_training(struct ws_block *block, struct ws_chain *chain,
                                    struct ws_reader *in, struct ws_error *err)
{
    uint32_t count = ws_read_u32(in);
    uint32_t expected = block->arm->policy.previous > 0;
    if (!ws_reader_ok(in) || count != expected)
        return ws_fail(err, WS_CORRUPT,
                       "the checkpoint holds %" PRIu32 " training sets, wanted %" PRIu32, count,
                       expected);
    if (count == 0)
        return WS_OK;
    WS_TRY(ws_dataset_read(in, &block->lanes[0].steps[(chain->next_step - 1) % 2], &chain->training,
                           err));
    if (chain->training.count != block->plan.training)
        return ws_fail(err, WS_CORRUPT,
                       "the checkpoint's training set has %" PRIu64 " items, wanted %" PRIu64,
                       chain->training.count, block->plan.training);
    return ws_chain_check_data(block->arm->data, ws_human_shape(block->human), chain->next_step,
                               &chain->training, err);
}

/* Whether the model of its step made it, and its model can be looked up by its origin. */
static bool is_of_step(const struct ws_chain *chain, const struct ws_dataset *output, size_t step)
{
    for (size_t s = 0; s < output->segment_count; s++)
        if (output->segments[s].origin.source != WS_SOURCE_MODEL ||
            output->segments[s].origin.model != chain->first_model + step)
            return false;
    return true;
}

static enum ws_status read_maker(struct ws_block *block, struct ws_chain *chain,
                                 struct ws_reader *in, struct ws_error *err)
{
    const size_t step = chain->output_count;
    if (!is_of_step(chain, &chain->outputs[step], step))
        return ws_fail(err, WS_CORRUPT, "the checkpoint's output %zu is not of model %zu", step,
                       step);
    return read_model(block, in, &block->life, &chain->makers[step], err);
}

/* The outputs of one piece, behind those there are. */
static enum ws_status read_outputs(struct ws_block *block, struct ws_chain *chain,
                                   struct ws_reader *in, uint64_t *items, struct ws_error *err)
{
    uint64_t count = ws_read_u64(in);
    uint64_t expected = ws_policy_keeps_outputs(&block->arm->policy) ? chain->next_step - 1 : 0;
    if (!ws_reader_ok(in) || count > expected - chain->output_count)
        return ws_fail(err, WS_CORRUPT, "the checkpoint holds %" PRIu64 " outputs, wanted %" PRIu64,
                       count, expected - chain->output_count);
    for (uint64_t i = 0; i < count; i++) {
        WS_TRY(ws_chain_reserve_output(block, &block->life, chain, err));
        struct ws_dataset *output = &chain->outputs[chain->output_count];
        WS_TRY(ws_dataset_read(in, &block->life, output, err));
        WS_TRY(ws_chain_check_data(block->arm->data, ws_human_shape(block->human), chain->next_step,
                                   output, err));
        if (chain->makers)
            WS_TRY(read_maker(block, chain, in, err));
        *items += output->count;
        if (*items > block->plan.pool_items) /* check_pool says so */
            return WS_OK;
        chain->output_count++;
    }
    if (!ws_reader_at_end(in))
        return ws_fail(err, WS_CORRUPT, "the checkpoint is longer than it says");
    return WS_OK;
}

static enum ws_status check_pool(const struct ws_block *block, const struct ws_chain *chain,
                                 uint64_t items, struct ws_error *err)
{
    uint64_t expected = ws_policy_keeps_outputs(&block->arm->policy) ? chain->next_step - 1 : 0;
    if (items <= block->plan.pool_items && chain->output_count != expected)
        return ws_fail(err, WS_CORRUPT, "the checkpoint holds %zu outputs, wanted %" PRIu64,
                       chain->output_count, expected);
    if (expected > 0 && items != block->plan.pool_items)
        return ws_fail(err, WS_CORRUPT,
                       "the checkpoint's pool has %" PRIu64 " items, wanted %" PRIu64, items,
                       block->plan.pool_items);
    return WS_OK;
}

enum ws_status ws_chain_read(struct ws_block *block, struct ws_chain *chain, struct ws_bytes state,
                             const struct ws_bytes *outputs, size_t output_count,
                             struct ws_error *err)
{
    struct ws_reader in;
    ws_reader_init(&in, state);
    chain->next_step = ws_read_u32(&in);
    chain->model_depth = ws_read_u32(&in);
    if (!ws_reader_ok(&in))
        return ws_fail(err, WS_CORRUPT, "the checkpoint ends before its model");
    WS_TRY(replay_plan(block, chain, err));
    WS_TRY(read_models(block, chain, &in, err));
    WS_TRY(read_training(block, chain, &in, err));
    uint64_t items = chain->deal.original.count;
    for (size_t i = 0; i < output_count; i++) {
        struct ws_reader part;
        ws_reader_init(&part, outputs[i]);
        WS_TRY(read_outputs(block, chain, &part, &items, err));
    }
    WS_TRY(read_outputs(block, chain, &in, &items, err));
    return check_pool(block, chain, items, err);
}
