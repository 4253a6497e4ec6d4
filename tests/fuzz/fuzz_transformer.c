/*
 * Any bytes as a stored transformer: they are refused, or are a model that is written back as it
 * was read and whose samples can be made; and any bytes as the draft of a sample, which change
 * nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/nn/transformer/transformer_family.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 1 << 26, SMALL = 40, ITEMS = 3 };

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Refuses what a damaged size would ask for. */
static void *limited_realloc(void *user, void *block, size_t old_size, size_t new_size)
{
    size_t *live = user;
    if (new_size > old_size && new_size - old_size > MEMORY - *live)
        return NULL;
    *live += new_size - old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    void *moved = realloc(block, new_size);
    require(moved != NULL);
    return moved;
}

static bool never_due(void *user, double done, uint64_t size)
{
    (void)size;
    (void)user;
    require(done > 0 && done <= 1);
    return false;
}

/* A sample of `model`, or what came of trying; `draft` is what was stored of it. */
static enum ws_status sample(const struct ws_model *model, struct ws_bytes draft,
                             struct ws_arena *arena, const struct ws_payload **out)
{
    const struct ws_rng_key key = {{1, 2}, 3};
    const uint64_t count = ITEMS;
    const struct ws_draft stored = {.stored = draft, .due = never_due};
    const struct ws_job job = {.threads = 1, .draft = &stored};
    return ws_family_transformer.sample(1, &model, &count, &key, &job, arena, out, NULL);
}

static void use(const struct ws_model *model, struct ws_bytes bytes, struct ws_arena *arena)
{
    struct ws_buffer out;
    ws_buffer_init(&out, NULL, MEMORY);
    ws_family_transformer.save(model, &out);
    require(out.status == WS_OK && out.size == bytes.size);
    require(memcmp(out.data, bytes.data, bytes.size) == 0);
    ws_family_transformer.describe(model, &out);
    ws_buffer_release(&out);
    const struct ws_transformer_model *transformer = (const struct ws_transformer_model *)model;
    if (transformer->block > SMALL)
        return;
    const struct ws_payload *payload;
    enum ws_status status = sample(model, bytes, arena, &payload);
    require(status == WS_OK || status == WS_NUMERIC || status == WS_NO_MEMORY ||
            status == WS_INVALID);
}

/* A model whose samples drafts are tried on. */
static struct ws_bytes known_model(void)
{
    static struct ws_buffer saved;
    static struct ws_transformer_settings settings;
    if (saved.size > 0)
        return ws_buffer_bytes(&saved);
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    ws_buffer_init(&saved, NULL, MEMORY);
    require(ws_options_defaults(&ws_family_transformer.options, &settings, &arena, NULL) == WS_OK);
    settings.form.layers = 1;
    settings.form.width = settings.form.inner = 4;
    settings.form.heads = 1;
    settings.form.context = 2;
    static const uint32_t ids[] = {0, 1, 2, 0};
    static const uint64_t ends[] = {2, 4};
    const struct ws_payload payload = {
        .kind = WS_DATA_TOKENS, .count = 2, .types = 3, .tokens = {ids, ends}};
    struct ws_dataset set;
    require(ws_dataset_of(&payload, (struct ws_origin){0}, &arena, &set, NULL) == WS_OK);
    const struct ws_dataset *data = &set;
    const struct ws_rng_key key = {{1, 2}, 3};
    const struct ws_model *model;
    require(ws_family_transformer.fit(&settings, 1, &data, &key, NULL, &arena, &model, NULL) ==
            WS_OK);
    ws_family_transformer.save(model, &saved);
    ws_arena_release(&arena);
    return ws_buffer_bytes(&saved);
}

static const struct ws_transformer_settings *defaults(void)
{
    static struct ws_transformer_settings settings;
    static struct ws_arena arena;
    if (!settings.base) {
        ws_arena_init(&arena, NULL);
        require(ws_options_defaults(&ws_family_transformer.options, &settings, &arena, NULL) ==
                WS_OK);
    }
    return &settings;
}

/* Whatever a draft holds, the items are there, and are tokens. */
static void try_draft(struct ws_bytes bytes, struct ws_arena *arena)
{
    const struct ws_model *model;
    const struct ws_payload *payload;
    require(ws_family_transformer.load(defaults(), known_model(), arena, &model, NULL) == WS_OK);
    require(sample(model, bytes, arena, &payload) == WS_OK);
    require(payload->count == ITEMS);
    for (uint64_t i = 0; i < payload->tokens.ends[ITEMS - 1]; i++)
        require(payload->tokens.ids[i] < payload->types);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t live = 0;
    const struct ws_allocator allocator = {limited_realloc, &live};
    struct ws_arena arena;
    const struct ws_model *model;
    ws_arena_init(&arena, &allocator);
    if (ws_family_transformer.load(defaults(), ws_bytes_of(data, size), &arena, &model, NULL) ==
        WS_OK)
        use(model, ws_bytes_of(data, size), &arena);
    ws_arena_reset(&arena);
    try_draft(ws_bytes_of(data, size), &arena);
    ws_arena_release(&arena);
    require(live == 0);
    return 0;
}
