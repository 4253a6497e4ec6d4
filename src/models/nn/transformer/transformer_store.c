/*
 * The stored form of a transformer in the laboratory: docs/formats/transformer.md.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/nn/transformer/transformer_family.h"

static const char magic[4] = {'W', 'S', 'T', 'F'};
enum { VERSION = 1 };

/* A description as it is stored: a word each, in this order. It is not its config.json, whose
 * writing may change, lest a model have two stored forms. */
#define DESCRIPTION_WHOLE(X)                                                                       \
    X(architecture)                                                                                \
    X(vocabulary)                                                                                  \
    X(context)                                                                                     \
    X(width)                                                                                       \
    X(layers)                                                                                      \
    X(heads)                                                                                       \
    X(kv_heads)                                                                                    \
    X(head_size)                                                                                   \
    X(inner)                                                                                       \
    X(norm)                                                                                        \
    X(activation)                                                                                  \
    X(position_offset)                                                                             \
    X(rotated)                                                                                     \
    X(bos)                                                                                         \
    X(eos)                                                                                         \
    X(pad)
#define DESCRIPTION_FLAGS(X)                                                                       \
    X(gated)                                                                                       \
    X(learned_positions)                                                                           \
    X(parallel_residual)                                                                           \
    X(qkv_bias)                                                                                    \
    X(out_bias)                                                                                    \
    X(feed_bias)                                                                                   \
    X(tied)
#define DESCRIPTION_REALS(X)                                                                       \
    X(norm_epsilon)                                                                                \
    X(rotary_base)                                                                                 \
    X(embedding_dropout)                                                                           \
    X(residual_dropout)                                                                            \
    X(attention_dropout)                                                                           \
    X(initial_deviation)

static void write_real(float value, struct ws_buffer *out)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    ws_buffer_u32(out, bits);
}

static void write_description(const struct ws_description *d, struct ws_buffer *out)
{
#define WHOLE(field) ws_buffer_u32(out, (uint32_t)d->field);
#define REAL(field)  write_real(d->field, out);
    DESCRIPTION_WHOLE(WHOLE)
    DESCRIPTION_FLAGS(WHOLE)
    DESCRIPTION_REALS(REAL)
#undef WHOLE
#undef REAL
}

static float read_real(struct ws_reader *in)
{
    uint32_t bits = ws_read_u32(in);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* *sound becomes false for a word that is neither 0 nor 1. */
static bool read_flag(struct ws_reader *in, bool *sound)
{
    uint32_t word = ws_read_u32(in);
    *sound = *sound && word <= 1;
    return word == 1;
}

static bool read_description(struct ws_reader *in, struct ws_description *d)
{
    bool sound = true;
#define WHOLE(field) d->field = ws_read_u32(in);
#define FLAG(field)  d->field = read_flag(in, &sound);
#define REAL(field)  d->field = read_real(in);
    DESCRIPTION_WHOLE(WHOLE)
    DESCRIPTION_FLAGS(FLAG)
    DESCRIPTION_REALS(REAL)
#undef WHOLE
#undef FLAG
#undef REAL
    return sound && ws_reader_ok(in) && (uint32_t)d->architecture <= WS_ARCHITECTURE_NEOX &&
           (uint32_t)d->norm <= WS_NORM_RMS && (uint32_t)d->activation <= WS_ACTIVATION_SILU &&
           ws_description_check(d, NULL) == WS_OK;
}

static const struct ws_transformer_model *model_of(const struct ws_model *model)
{
    return (const struct ws_transformer_model *)model;
}

void ws_transformer_save(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_transformer *t = &model_of(base)->transformer;
    ws_buffer_append(out, magic, sizeof magic);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u64(out, base->training_items);
    ws_buffer_u64(out, model_of(base)->block);
    write_description(&t->description, out);
    /* f32, little-endian as every machine that this is built for. */
    ws_buffer_append(out, t->parameters, t->layout.size * sizeof(float));
}

static enum ws_status corrupt(struct ws_error *err, const char *why)
{
    return ws_fail(err, WS_CORRUPT, "a transformer's stored form %s", why);
}

static enum ws_status read_parameters(struct ws_reader *in, struct ws_arena *arena,
                                      struct ws_transformer *out, struct ws_error *err)
{
    size_t size = out->layout.size;
    if (in->left % sizeof(float) != 0 || in->left / sizeof(float) != size)
        return corrupt(err, "has other parameters than its description says");
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
    if (!read_description(&in, &model->transformer.description))
        return corrupt(err, "has a description of nothing");
    ws_layout_of(&model->transformer.description, &model->transformer.layout);
    if (items == 0 || model->block == 0 || model->block > model->transformer.description.context)
        return corrupt(err, "was fitted on nothing, or on longer items than it can see");
    WS_TRY(read_parameters(&in, arena, &model->transformer, err));
    model->base = (struct ws_model){&ws_family_transformer, settings, items};
    *out = &model->base;
    return WS_OK;
}
