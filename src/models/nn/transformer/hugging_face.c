#include "models/nn/transformer/hugging_face.h"

#include <inttypes.h>
#include <math.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"

enum { CONFIG_LIMIT = 1 << 24 }; /* bytes: a classifier's may name thousands of labels */

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "a model's paths");
}

/* Opening -------------------------------------------------------------------------------------- */

enum ws_status ws_hf_describe(const char *directory, struct ws_arena *arena,
                              struct ws_description *out, struct ws_error *err)
{
    struct ws_bytes json;
    const char *path = ws_arena_format(arena, "%s/config.json", directory);
    if (!path)
        return no_memory(err);
    WS_TRY(ws_file_read(path, CONFIG_LIMIT, arena, &json, err));
    return ws_hf_config_parse(json, path, out, err);
}

static enum ws_status read_weights(const char *directory, const struct ws_weights *weights,
                                   struct ws_arena *arena, struct ws_transformer *out,
                                   struct ws_error *err)
{
    uint64_t size = (uint64_t)out->layout.size * sizeof(float);
    WS_TRY(ws_memory_suffices(size, ws_memory_available(), directory, err));
    float *parameters = WS_ARENA_NEW(arena, float, out->layout.size);
    if (!parameters)
        return ws_fail(err, WS_NO_MEMORY,
                       "%s: out of memory: %zu parameters need %" PRIu64 " bytes", directory,
                       out->layout.parameters, size);
    WS_TRY(ws_hf_import(&out->description, &out->layout, &weights->all, directory, arena->allocator,
                        parameters, err));
    out->parameters = parameters;
    return WS_OK;
}

enum ws_status ws_hf_open(const char *directory, struct ws_arena *arena, struct ws_transformer *out,
                          struct ws_error *err)
{
    struct ws_transformer model;
    struct ws_weights weights;
    WS_TRY(ws_hf_describe(directory, arena, &model.description, err));
    ws_layout_of(&model.description, &model.layout);
    WS_TRY(ws_weights_open(directory, arena->allocator, &weights, err));
    enum ws_status status = read_weights(directory, &weights, arena, &model, err);
    ws_weights_close(&weights);
    if (status == WS_OK)
        *out = model;
    return status;
}

/* Saving --------------------------------------------------------------------------------------- */

/* Without this file `transformers` takes what generation needs from config.json, and says so. */
static json_t *generation_json(const struct ws_description *d)
{
    const struct {
        const char *key;
        uint32_t token;
    } tokens[] = {{"bos_token_id", d->bos}, {"eos_token_id", d->eos}, {"pad_token_id", d->pad}};
    json_t *json = json_pack("{s:b}", "_from_model_config", 1);
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        if (tokens[i].token == WS_NO_TOKEN)
            continue;
        if (json_object_set_new(json, tokens[i].key, json_integer(tokens[i].token)) != 0) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

static enum ws_status save_text(const char *directory, const char *file,
                                const struct ws_buffer *text, struct ws_arena *scratch,
                                struct ws_error *err)
{
    WS_TRY(ws_buffer_check(text, file, err));
    const char *path = ws_arena_format(scratch, "%s/%s", directory, file);
    return path ? ws_file_replace(path, ws_buffer_bytes(text), err) : no_memory(err);
}

static enum ws_status save_generation(const struct ws_description *d, const char *directory,
                                      struct ws_arena *scratch, struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, scratch->allocator, CONFIG_LIMIT);
    json_t *json = generation_json(d);
    ws_json_append_pretty(json, &text);
    json_decref(json);
    ws_buffer_text(&text, "\n");
    enum ws_status status = save_text(directory, "generation_config.json", &text, scratch, err);
    ws_buffer_release(&text);
    return status;
}

/* The least number that is rounded to an infinity. */
static float overflow_of(enum ws_dtype dtype)
{
    return dtype == WS_DTYPE_F16 ? 65520.0F : dtype == WS_DTYPE_BF16 ? 0x1.FFp127F : INFINITY;
}

/* A model with an infinity that it did not have computes nothing. */
static enum ws_status check_fits(const struct ws_tensor_source *tensor, struct ws_error *err)
{
    float overflow = overflow_of(tensor->dtype);
    size_t count = 1;
    for (size_t i = 0; i < tensor->rank; i++)
        count *= (size_t)tensor->shape[i];
    for (size_t i = 0; i < count; i++)
        if (fabsf(tensor->values[i]) >= overflow && isfinite(tensor->values[i]))
            return ws_fail(err, WS_LIMIT, "tensor '%.140s' holds %g, too large for %s",
                           tensor->name, (double)tensor->values[i], ws_dtype_name(tensor->dtype));
    return WS_OK;
}

static enum ws_status save_weights(const struct ws_transformer *model, enum ws_dtype dtype,
                                   const char *directory, struct ws_arena *scratch,
                                   struct ws_error *err)
{
    struct ws_tensor_source *tensors;
    size_t count;
    WS_TRY(ws_hf_export(&model->description, &model->layout, model->parameters, dtype, scratch,
                        &tensors, &count, err));
    for (size_t i = 0; dtype != WS_DTYPE_F32 && i < count; i++)
        WS_TRY(check_fits(&tensors[i], err));
    return ws_weights_save(directory, tensors, count, WS_WEIGHTS_SHARD_LIMIT, scratch->allocator,
                           err);
}

enum ws_status ws_hf_save(const struct ws_transformer *model, enum ws_dtype dtype,
                          const char *directory, struct ws_arena *scratch, struct ws_error *err)
{
    struct ws_buffer config;
    ws_buffer_init(&config, scratch->allocator, CONFIG_LIMIT);
    enum ws_status status = ws_hf_config_write(&model->description, dtype, &config, err);
    if (status == WS_OK)
        status = ws_directory_make(directory, err);
    if (status == WS_OK)
        status = save_weights(model, dtype, directory, scratch, err);
    if (status == WS_OK)
        status = save_generation(&model->description, directory, scratch, err);
    if (status == WS_OK)
        status = save_text(directory, "config.json", &config, scratch, err);
    ws_buffer_release(&config);
    return status;
}
