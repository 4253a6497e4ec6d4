/*
 * The stored form of a transformer in the laboratory: docs/formats/transformer.md.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/nn/transformer/hugging_face.h"
#include "models/nn/transformer/transformer_family.h"

static const char magic[4] = {'W', 'S', 'T', 'F'};
enum { VERSION = 1 };

static const struct ws_transformer_model *model_of(const struct ws_model *model)
{
    return (const struct ws_transformer_model *)model;
}

void ws_transformer_save(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_transformer *t = &model_of(base)->transformer;
    struct ws_buffer config;
    ws_buffer_init(&config, out->allocator, 1 << 20);
    enum ws_status status = ws_hf_config_write(&t->description, WS_DTYPE_F32, &config, NULL);
    if (status == WS_OK)
        status = ws_buffer_check(&config, "a config", NULL);
    ws_buffer_append(out, magic, sizeof magic);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u64(out, base->training_items);
    ws_buffer_u64(out, model_of(base)->block);
    ws_buffer_u64(out, config.size);
    ws_buffer_append(out, config.data, config.size);
    /* f32, little-endian as every machine that this is built for. */
    ws_buffer_append(out, t->parameters, t->layout.size * sizeof(float));
    ws_buffer_release(&config);
    if (status != WS_OK && out->status == WS_OK)
        out->status = status;
}

static enum ws_status corrupt(struct ws_error *err, const char *why)
{
    return ws_fail(err, WS_CORRUPT, "a transformer's stored form %s", why);
}

static enum ws_status read_config(struct ws_reader *in, struct ws_transformer *out,
                                  struct ws_error *err)
{
    uint64_t size = ws_read_u64(in);
    const uint8_t *config = ws_reader_holds(in, size, 1) ? ws_read_bytes(in, size) : NULL;
    if (!config)
        return corrupt(err, "ends inside its config");
    enum ws_status status =
        ws_hf_config_parse(ws_bytes_of(config, size), "the stored config", &out->description, err);
    if (status == WS_NO_MEMORY)
        return status;
    if (status != WS_OK)
        return corrupt(err, "has a config that is none");
    ws_layout_of(&out->description, &out->layout);
    return WS_OK;
}

static enum ws_status read_parameters(struct ws_reader *in, struct ws_arena *arena,
                                      struct ws_transformer *out, struct ws_error *err)
{
    size_t size = out->layout.size;
    if (in->left % sizeof(float) != 0 || in->left / sizeof(float) != size)
        return corrupt(err, "has other parameters than its config says");
    float *parameters = ws_arena_copy(arena, in->next, size * sizeof *parameters);
    if (!parameters)
        return ws_fail_memory(err, "a transformer");
    for (size_t i = 0; i < size; i++)
        if (!isfinite(parameters[i]))
            return corrupt(err, "has parameters that are no numbers");
    out->parameters = parameters;
    return WS_OK;
}

enum ws_status ws_transformer_load(const void *settings, struct ws_bytes bytes,
                                   struct ws_arena *arena, const struct ws_model **out,
                                   struct ws_error *err)
{
    struct ws_reader in;
    struct ws_transformer_model *model = WS_ARENA_ZNEW(arena, struct ws_transformer_model, 1);
    if (!model)
        return ws_fail_memory(err, "a transformer");
    ws_reader_init(&in, bytes);
    const uint8_t *seen = ws_read_bytes(&in, sizeof magic);
    uint32_t version = ws_read_u32(&in);
    uint64_t items = ws_read_u64(&in);
    model->block = ws_read_u64(&in);
    if (!ws_reader_ok(&in) || memcmp(seen, magic, sizeof magic) != 0)
        return corrupt(err, "is none");
    if (version != VERSION)
        return corrupt(err, "has a version that this program does not know");
    WS_TRY(read_config(&in, &model->transformer, err));
    if (items == 0 || model->block == 0 || model->block > model->transformer.description.context)
        return corrupt(err, "was fitted on nothing, or on longer items than it can see");
    WS_TRY(read_parameters(&in, arena, &model->transformer, err));
    model->base = (struct ws_model){&ws_family_transformer, settings, items};
    *out = &model->base;
    return WS_OK;
}
