/*
 * Models come from anywhere: any bytes are refused, or tensors that share out the data; those that
 * can be written are read back the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static size_t size_of(const struct ws_tensor_view *view)
{
    return (size_t)view->count * ws_dtype_size(view->dtype);
}

static void check_views(const struct ws_safetensors *tensors, struct ws_bytes file)
{
    size_t length = (size_t)load64_le(file.data), total = 8 + length;
    for (size_t i = 0; i < tensors->count; i++) {
        const struct ws_tensor_view *view = &tensors->tensors[i];
        size_t begin = (size_t)(view->data - file.data);
        require(begin >= 8 + length && begin <= file.size && size_of(view) <= file.size - begin);
        require(ws_safetensors_find(tensors, view->name) == view);
        total += size_of(view);
    }
    require(total == file.size);
}

/* Reals are read as f32, integers as i32; NULL when neither can be. */
static float *read_numbers(const struct ws_tensor_view *view, struct ws_arena *arena)
{
    float *reals = WS_ARENA_NEW(arena, float, (size_t)view->count);
    int32_t *integers = WS_ARENA_NEW(arena, int32_t, (size_t)view->count);
    require(reals && integers);
    enum ws_status whole = ws_tensor_read_i32(view, integers, NULL);
    require(whole == WS_OK || whole == WS_CORRUPT || whole == WS_UNSUPPORTED);
    return ws_tensor_read_f32(view, reals, NULL) == WS_OK ? reals : NULL;
}

static void write_and_read(const struct ws_tensor_source *sources, size_t count,
                           const struct ws_safetensors *tensors, struct ws_arena *arena)
{
    struct ws_buffer out;
    struct ws_safetensors again;
    ws_buffer_init(&out, NULL, SIZE_MAX);
    enum ws_status status = ws_safetensors_append(sources, count, &out, NULL);
    require(status == WS_OK || status == WS_INVALID); /* a name may be no line of text */
    if (status == WS_OK) {
        struct ws_bytes bytes = ws_buffer_bytes(&out);
        require(ws_safetensors_parse(bytes, "again", arena, &again, NULL) == WS_OK);
        require(again.count == count);
        for (size_t i = 0; i < count; i++) {
            const struct ws_tensor_view *view = ws_safetensors_find(&again, sources[i].name);
            const struct ws_tensor_view *from = ws_safetensors_find(tensors, sources[i].name);
            require(view && view->dtype == from->dtype && view->rank == from->rank);
            require(memcmp(view->shape, from->shape, view->rank * sizeof *view->shape) == 0);
            require(memcmp(view->data, from->data, size_of(view)) == 0);
        }
    }
    ws_buffer_release(&out);
}

static void use(const struct ws_safetensors *tensors, struct ws_arena *arena)
{
    size_t count = 0;
    struct ws_tensor_source *sources = WS_ARENA_NEW(arena, struct ws_tensor_source, tensors->count);
    require(sources != NULL);
    for (size_t i = 0; i < tensors->count; i++) {
        const struct ws_tensor_view *view = &tensors->tensors[i];
        const float *numbers = read_numbers(view, arena);
        if (numbers && view->dtype != WS_DTYPE_F64)
            sources[count++] = (struct ws_tensor_source){view->name, view->dtype, view->rank,
                                                         view->shape, numbers};
    }
    write_and_read(sources, count, tensors, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_safetensors tensors;
    struct ws_error err = {.message = ""};
    struct ws_bytes file = ws_bytes_of(data, size);
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_safetensors_parse(file, "fuzz", &arena, &tensors, &err);
    require(status == WS_OK || status == WS_CORRUPT || status == WS_UNSUPPORTED);
    require(status == WS_OK || strncmp(err.message, "fuzz:", 5) == 0);
    if (status == WS_OK) {
        check_views(&tensors, file);
        use(&tensors, &arena);
    }
    ws_arena_release(&arena);
    return 0;
}
