/*
 * Items of a transformer: blocks from the start token, or continuations of prompts, in batches that
 * may be stored half-way.
 */
#include <inttypes.h>
#include <string.h>

#include "base/sampler.h"
#include "models/nn/transformer/transformer_family.h"

static const char magic[4] = {'W', 'S', 'T', 'S'};
enum { VERSION = 1, HEADER_SIZE = 4 + 4 + 8 + 8 };

/* Which prompts are continued is drawn from this item; no item of a sample has its number. */
#define PROMPTS_ITEM UINT64_MAX

/* One sample while it is made. */
struct sample {
    const struct ws_transformer_model *model;
    uint64_t count;
    struct ws_rng_key key;
    const struct ws_draft *draft; /* or NULL */
    struct ws_prompts prompts;
    uint64_t longest; /* prompt */
    uint32_t *ids;    /* (count, block) */
    uint64_t done;    /* items */
};

/* Prompts ---------------------------------------------------------------------------------------
 */

static enum ws_status prompt_with_start(struct sample *s, struct ws_arena *scratch,
                                        struct ws_error *err)
{
    const struct ws_transformer_model *model = s->model;
    uint32_t token = ws_transformer_prompt(model->base.settings, &model->transformer.description);
    uint32_t *tokens = WS_ARENA_NEW(scratch, uint32_t, s->count);
    uint64_t *ends = WS_ARENA_NEW(scratch, uint64_t, s->count);
    if (!tokens || !ends)
        return ws_fail_memory(err, "prompts");
    for (uint64_t i = 0; i < s->count; i++) {
        tokens[i] = token;
        ends[i] = i + 1;
    }
    s->prompts = (struct ws_prompts){s->count, ends, tokens};
    s->longest = 1;
    return WS_OK;
}

/* Which block each item continues: all in turn, or a random choice of fewer. */
static enum ws_status choose_blocks(const struct sample *s, uint64_t blocks,
                                    struct ws_arena *scratch, const uint32_t **out,
                                    struct ws_error *err)
{
    uint32_t *order = WS_ARENA_NEW(scratch, uint32_t, blocks);
    if (!order)
        return ws_fail_memory(err, "prompts");
    for (uint64_t i = 0; i < blocks; i++)
        order[i] = (uint32_t)i;
    if (s->count < blocks) {
        struct ws_rng rng;
        ws_rng_init(&rng, s->key, PROMPTS_ITEM);
        ws_sample_permutation(&rng, order, blocks);
    }
    *out = order;
    return WS_OK;
}

static enum ws_status prompt_with_blocks(struct sample *s, const struct ws_dataset *data,
                                         struct ws_arena *scratch, struct ws_error *err)
{
    struct ws_blocks blocks;
    const uint32_t *order;
    if (!data || data->count == 0 || data->count > UINT32_MAX)
        return ws_fail(err, WS_INVALID, "there is nothing to continue: no prompts");
    WS_TRY(ws_transformer_blocks(data, scratch, &blocks, err));
    WS_TRY(choose_blocks(s, blocks.count, scratch, &order, err));
    uint64_t *ends = WS_ARENA_NEW(scratch, uint64_t, s->count);
    if (!ends)
        return ws_fail_memory(err, "prompts");
    uint64_t total = 0;
    for (uint64_t i = 0; i < s->count; i++) {
        uint64_t block = order[i % blocks.count];
        uint64_t start = block > 0 ? blocks.ends[block - 1] : 0;
        total += blocks.ends[block] - start;
        ends[i] = total;
    }
    uint32_t *tokens = WS_ARENA_NEW(scratch, uint32_t, total);
    if (!tokens)
        return ws_fail_memory(err, "prompts");
    for (uint64_t i = 0; i < s->count; i++) {
        uint64_t to = i > 0 ? ends[i - 1] : 0, block = order[i % blocks.count];
        uint64_t start = block > 0 ? blocks.ends[block - 1] : 0;
        memcpy(tokens + to, blocks.tokens + start, (ends[i] - to) * sizeof *tokens);
    }
    s->prompts = (struct ws_prompts){s->count, ends, tokens};
    s->longest = ws_dataset_lengths(data).longest;
    return WS_OK;
}

/* Drafts: the items there are --------------------------------------------------------------------
 */

/* Bytes of another sample are none. */
static void take_up(struct sample *s, uint64_t batch)
{
    struct ws_reader in;
    uint64_t block = s->model->block;
    if (!s->draft || s->draft->stored.size == 0)
        return;
    ws_reader_init(&in, s->draft->stored);
    const uint8_t *seen = ws_read_bytes(&in, sizeof magic);
    uint32_t version = ws_read_u32(&in);
    uint64_t done = ws_read_u64(&in);
    if (!ws_reader_ok(&in) || memcmp(seen, magic, sizeof magic) != 0 || version != VERSION ||
        ws_read_u64(&in) != block || done > s->count || (done % batch != 0 && done != s->count) ||
        in.left / sizeof *s->ids != done * block || in.left % sizeof *s->ids != 0)
        return;
    ws_read_u32s(&in, s->ids, done * block);
    for (uint64_t i = 0; i < done * block; i++)
        if (s->ids[i] >= s->model->transformer.description.vocabulary)
            return;
    s->done = done;
}

static uint64_t draft_size(const struct sample *s)
{
    return HEADER_SIZE + s->done * s->model->block * sizeof *s->ids;
}

static enum ws_status store(const struct sample *s, const struct ws_allocator *allocator,
                            struct ws_error *err)
{
    struct ws_buffer bytes;
    ws_buffer_init(&bytes, allocator, SIZE_MAX);
    ws_buffer_append(&bytes, magic, sizeof magic);
    ws_buffer_u32(&bytes, VERSION);
    ws_buffer_u64(&bytes, s->done);
    ws_buffer_u64(&bytes, s->model->block);
    ws_buffer_u32s(&bytes, s->ids, s->done * s->model->block);
    enum ws_status status = ws_buffer_check(&bytes, "a draft", err);
    if (status == WS_OK)
        status = s->draft->store(s->draft->user, ws_buffer_bytes(&bytes), err);
    ws_buffer_release(&bytes);
    return status;
}

/* Batches ----------------------------------------------------------------------------------------
 */

static enum ws_status make_batch(struct sample *s, struct ws_generator *generator,
                                 struct ws_arena *arena, struct ws_error *err)
{
    struct ws_continuations made;
    uint64_t block = s->model->block;
    WS_TRY(ws_generate_batch(generator, &s->prompts, s->done, s->key, arena, &made, err));
    for (uint64_t i = 0; i < made.count; i++) {
        uint64_t start = i > 0 ? made.ends[i - 1] : 0;
        if (made.ends[i] - start != block)
            return ws_fail(err, WS_NUMERIC,
                           "item %" PRIu64 " has %" PRIu64 " tokens, wanted %" PRIu64, s->done + i,
                           made.ends[i] - start, block);
        memcpy(s->ids + (s->done + i) * block, made.tokens + start, block * sizeof *s->ids);
    }
    s->done += made.count;
    return WS_OK;
}

static enum ws_status make_all(struct sample *s, struct ws_generator *generator,
                               const struct ws_allocator *allocator, struct ws_error *err)
{
    struct ws_arena arena;
    ws_arena_init(&arena, allocator);
    enum ws_status status = WS_OK;
    take_up(s, ws_generator_batch(generator));
    while (s->done < s->count && status == WS_OK) {
        ws_arena_reset(&arena);
        status = make_batch(s, generator, &arena, err);
        if (status == WS_OK && s->draft &&
            s->draft->due(s->draft->user, (double)s->done / (double)s->count, draft_size(s)))
            status = store(s, allocator, err);
    }
    ws_arena_release(&arena);
    return status;
}

static enum ws_status sample_one(struct sample *s, const struct ws_dataset *blocks,
                                 struct ws_device *device, struct ws_arena *scratch,
                                 struct ws_error *err)
{
    const struct ws_transformer_model *model = s->model;
    const struct ws_transformer_settings *settings = model->base.settings;
    const struct ws_decoding decoding = ws_transformer_decoding(settings, model->block);
    struct ws_generator *generator;
    if (settings->continues)
        WS_TRY(prompt_with_blocks(s, blocks, scratch, err));
    else
        WS_TRY(prompt_with_start(s, scratch, err));
    WS_TRY(ws_generator_open(device, &model->transformer, &decoding, s->longest, scratch->allocator,
                             &generator, err));
    enum ws_status status = make_all(s, generator, scratch->allocator, err);
    ws_generator_close(generator);
    return status;
}

/* The sample's numbers, which live in `arena`. */
static enum ws_status take_room(struct sample *s, struct ws_arena *arena,
                                const struct ws_payload **out, struct ws_error *err)
{
    uint64_t tokens;
    if (__builtin_mul_overflow(s->count, s->model->block, &tokens))
        return ws_fail_memory(err, "a sample");
    struct ws_payload *payload = WS_ARENA_ZNEW(arena, struct ws_payload, 1);
    uint64_t *ends = WS_ARENA_NEW(arena, uint64_t, s->count);
    s->ids = WS_ARENA_NEW(arena, uint32_t, tokens);
    if (!payload || !ends || !s->ids)
        return ws_fail_memory(err, "a sample");
    for (uint64_t i = 0; i < s->count; i++)
        ends[i] = (i + 1) * s->model->block;
    payload->kind = WS_DATA_TOKENS;
    payload->count = s->count;
    payload->types = s->model->transformer.description.vocabulary;
    payload->tokens.ids = s->ids;
    payload->tokens.ends = ends;
    *out = payload;
    return WS_OK;
}

enum ws_status ws_transformer_sample(size_t chains, const struct ws_model *const models[],
                                     const uint64_t counts[], const struct ws_rng_key keys[],
                                     const struct ws_job *job, struct ws_arena *arena,
                                     const struct ws_payload *out[], struct ws_error *err)
{
    struct ws_device *device;
    WS_TRY(ws_job_open_device(job, arena->allocator, &device, err));
    enum ws_status status = WS_OK;
    for (size_t c = 0; c < chains && status == WS_OK; c++) {
        struct ws_arena scratch;
        ws_arena_init(&scratch, arena->allocator);
        struct sample sample = {
            .model = (const struct ws_transformer_model *)models[c],
            .count = counts[c],
            .key = keys[c],
            .draft = job ? job->draft : NULL,
        };
        status = take_room(&sample, arena, &out[c], err);
        if (status == WS_OK)
            status = sample_one(&sample, job && job->prompts ? job->prompts[c] : NULL, device,
                                &scratch, err);
        ws_arena_release(&scratch);
    }
    device->ops->close(device);
    return status;
}
