/*
 * Any bytes as the weights of a small model, whose architecture the first byte picks: refused with
 * a message that names the model, or parameters that are written and read back the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/nn/transformer/hugging_face.h"
#include "support/tiny_models.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static enum ws_status import(const struct ws_description *d, const struct ws_layout *layout,
                             struct ws_bytes bytes, struct ws_arena *arena, float *out,
                             struct ws_error *err)
{
    struct ws_safetensors tensors;
    WS_TRY(ws_safetensors_parse(bytes, "model", arena, &tensors, err));
    return ws_hf_import(d, layout, &tensors, "model", NULL, out, err);
}

static void write_and_read(const struct ws_description *d, const struct ws_layout *layout,
                           const float *block, struct ws_arena *arena)
{
    struct ws_tensor_source *sources;
    size_t count;
    struct ws_buffer written;
    ws_buffer_init(&written, NULL, SIZE_MAX);
    require(ws_hf_export(d, layout, block, WS_DTYPE_F32, arena, &sources, &count, NULL) == WS_OK);
    require(ws_safetensors_append(sources, count, &written, NULL) == WS_OK);
    float *again = WS_ARENA_NEW(arena, float, layout->size);
    require(again != NULL);
    require(import(d, layout, ws_buffer_bytes(&written), arena, again, NULL) == WS_OK);
    require(memcmp(again, block, layout->size * sizeof *block) == 0);
    ws_buffer_release(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct ws_description *d = &tiny_models[data[0] % TINY_MODELS];
    struct ws_layout layout;
    struct ws_arena arena;
    struct ws_error err = {.message = ""};
    ws_layout_of(d, &layout);
    ws_arena_init(&arena, NULL);
    float *block = WS_ARENA_NEW(&arena, float, layout.size);
    require(block != NULL);
    if (import(d, &layout, ws_bytes_of(data + 1, size - 1), &arena, block, &err) == WS_OK)
        write_and_read(d, &layout, block, &arena);
    else
        require(err.status != WS_INVALID && strstr(err.message, "model") == err.message);
    ws_arena_release(&arena);
    return 0;
}
