/*
 * Reading the safetensors format.
 */
#include "data/safetensors.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "data/half.h"

enum { LENGTH_SIZE = 8, LARGEST_HEADER = 100000000, PLACE_SIZE = 300 };

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {[WS_DTYPE_UNKNOWN] = {"unknown", 0},
#define X(dtype, bytes) [WS_DTYPE_##dtype] = {#dtype, bytes},
              WS_DTYPE_MAP(X)
#undef X
};

/* The format's other types, which nothing here computes with. */
static const char *const foreign_dtypes[] = {"F8_E5M2", "F8_E4M3", "F8_E8M0", "F6_E2M3",
                                             "F6_E3M2", "F4",      "C64"};

const char *ws_dtype_name(enum ws_dtype dtype)
{
    assert(dtype < WS_DTYPE_COUNT);
    return dtypes[dtype].name;
}

size_t ws_dtype_size(enum ws_dtype dtype)
{
    assert(dtype < WS_DTYPE_COUNT);
    return dtypes[dtype].size;
}

/* ---- the header ---- */

static enum ws_status read_dtype(const json_t *info, const char *place, enum ws_dtype *out,
                                 struct ws_error *err)
{
    const char *name = NULL;
    WS_TRY(ws_json_read_text(info, "dtype", place, &name, err));
    for (int dtype = WS_DTYPE_UNKNOWN + 1; dtype < WS_DTYPE_COUNT; dtype++) {
        if (strcmp(name, dtypes[dtype].name) == 0) {
            *out = (enum ws_dtype)dtype;
            return WS_OK;
        }
    }
    for (size_t i = 0; i < sizeof foreign_dtypes / sizeof *foreign_dtypes; i++)
        if (strcmp(name, foreign_dtypes[i]) == 0)
            return ws_fail(err, WS_UNSUPPORTED, "%s: numbers of type '%s' cannot be read", place,
                           name);
    return ws_fail(err, WS_CORRUPT, "%s: 'dtype' is '%.40s', wanted a type such as F32 or BF16",
                   place, name);
}

static enum ws_status read_whole(const json_t *array, size_t index, const char *key,
                                 const char *place, uint64_t *out, struct ws_error *err)
{
    const json_t *item = json_array_get(array, index);
    if (!json_is_integer(item) || json_integer_value(item) < 0)
        return ws_fail(err, WS_CORRUPT, "%s: '%s' has no whole number of at least 0 at %zu", place,
                       key, index);
    *out = (uint64_t)json_integer_value(item);
    return WS_OK;
}

static enum ws_status read_shape(const json_t *info, const char *place, struct ws_arena *arena,
                                 struct ws_tensor_view *view, struct ws_error *err)
{
    json_t *sizes = NULL;
    WS_TRY(ws_json_read_array(info, "shape", place, &sizes, err));
    view->rank = json_array_size(sizes);
    uint64_t *shape = WS_ARENA_NEW(arena, uint64_t, view->rank);
    if (!shape)
        return ws_fail_memory(err, place);
    view->count = 1;
    for (size_t i = 0; i < view->rank; i++) {
        WS_TRY(read_whole(sizes, i, "shape", place, &shape[i], err));
        if (__builtin_mul_overflow(view->count, shape[i], &view->count))
            return ws_fail(err, WS_CORRUPT, "%s: 'shape' has more than 2^64 elements", place);
    }
    view->shape = shape;
    return WS_OK;
}

/* The place must lie in the data and be as large as type and shape say. */
static enum ws_status read_data(const json_t *info, const char *place, struct ws_bytes data,
                                struct ws_tensor_view *view, struct ws_error *err)
{
    json_t *offsets = NULL;
    uint64_t begin = 0, end = 0, wanted;
    WS_TRY(ws_json_read_array(info, "data_offsets", place, &offsets, err));
    if (json_array_size(offsets) != 2)
        return ws_fail(err, WS_CORRUPT, "%s: 'data_offsets' has %zu numbers, wanted 2", place,
                       json_array_size(offsets));
    WS_TRY(read_whole(offsets, 0, "data_offsets", place, &begin, err));
    WS_TRY(read_whole(offsets, 1, "data_offsets", place, &end, err));
    if (begin > end || end > data.size)
        return ws_fail(err, WS_CORRUPT,
                       "%s: its data are bytes %" PRIu64 " to %" PRIu64
                       ", wanted a range in the %zu that are there",
                       place, begin, end, data.size);
    if (__builtin_mul_overflow(view->count, ws_dtype_size(view->dtype), &wanted) ||
        end - begin != wanted)
        return ws_fail(err, WS_CORRUPT,
                       "%s: its data are %" PRIu64 " bytes, wanted %" PRIu64 " numbers of type %s",
                       place, end - begin, view->count, ws_dtype_name(view->dtype));
    view->data = data.data + begin;
    return WS_OK;
}

static enum ws_status read_tensor(const char *key, const json_t *info, const char *name,
                                  struct ws_bytes data, struct ws_arena *arena,
                                  struct ws_tensor_view *view, struct ws_error *err)
{
    char storage[PLACE_SIZE];
    struct ws_buffer place;
    ws_buffer_fix(&place, storage, sizeof storage);
    ws_buffer_format(&place, "%.140s: tensor '%.140s'", name, key);
    if (!json_is_object(info))
        return ws_fail(err, WS_CORRUPT, "%s is not an object", storage);
    view->name = ws_arena_text(arena, key);
    if (!view->name)
        return ws_fail_memory(err, storage);
    WS_TRY(read_dtype(info, storage, &view->dtype, err));
    WS_TRY(read_shape(info, storage, arena, view, err));
    return read_data(info, storage, data, view, err);
}

static enum ws_status check_metadata(json_t *metadata, const char *name, struct ws_error *err)
{
    if (!json_is_object(metadata))
        return ws_fail(err, WS_CORRUPT, "%s: '__metadata__' is not an object", name);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)metadata, key, value) if (
        !json_is_string(value)) return ws_fail(err, WS_CORRUPT,
                                               "%s: '%.100s' of '__metadata__' is not a text", name,
                                               key);
    return WS_OK;
}

static enum ws_status read_tensors(json_t *header, const char *name, struct ws_bytes data,
                                   struct ws_arena *arena, struct ws_tensor_view *views,
                                   size_t *count, struct ws_error *err)
{
    const char *key;
    json_t *value;
    *count = 0;
    json_object_foreach(header, key, value)
    {
        if (strcmp(key, "__metadata__") == 0)
            WS_TRY(check_metadata(value, name, err));
        else
            WS_TRY(read_tensor(key, value, name, data, arena, &views[(*count)++], err));
    }
    return WS_OK;
}

/* ---- the whole file ---- */

static size_t size_of(const struct ws_tensor_view *view)
{
    return (size_t)view->count * ws_dtype_size(view->dtype);
}

static int compare_places(const void *a, const void *b)
{
    const struct ws_tensor_view *x = a, *y = b;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    return (size_of(x) > size_of(y)) - (size_of(x) < size_of(y));
}

static int compare_names(const void *a, const void *b)
{
    const struct ws_tensor_view *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* That the tensors, which come by place, cover the data: no byte belongs to two or to none. */
static enum ws_status check_cover(const struct ws_tensor_view *views, size_t count,
                                  const char *name, struct ws_bytes data, struct ws_error *err)
{
    size_t covered = 0;
    for (size_t i = 0; i < count; i++) {
        size_t begin = (size_t)(views[i].data - data.data);
        if (begin != covered)
            return ws_fail(err, WS_CORRUPT,
                           "%s: tensor '%.140s' begins at byte %zu of the data, wanted %zu, where "
                           "the one before it ends",
                           name, views[i].name, begin, covered);
        covered += size_of(&views[i]);
    }
    if (covered != data.size)
        return ws_fail(err, WS_CORRUPT, "%s: has %zu bytes of data, its tensors end at %zu", name,
                       data.size, covered);
    return WS_OK;
}

static enum ws_status read_header(json_t *header, const char *name, struct ws_bytes data,
                                  struct ws_arena *arena, struct ws_safetensors *out,
                                  struct ws_error *err)
{
    size_t count = 0;
    struct ws_tensor_view *views =
        WS_ARENA_NEW(arena, struct ws_tensor_view, json_object_size(header));
    if (!views)
        return ws_fail_memory(err, name);
    WS_TRY(read_tensors(header, name, data, arena, views, &count, err));
    qsort(views, count, sizeof *views, compare_places);
    WS_TRY(check_cover(views, count, name, data, err));
    qsort(views, count, sizeof *views, compare_names);
    *out = (struct ws_safetensors){views, count};
    return WS_OK;
}

enum ws_status ws_safetensors_parse(struct ws_bytes file, const char *name, struct ws_arena *arena,
                                    struct ws_safetensors *out, struct ws_error *err)
{
    if (file.size < LENGTH_SIZE)
        return ws_fail(err, WS_CORRUPT, "%s: is %zu bytes long, wanted the %d of a header's length",
                       name, file.size, LENGTH_SIZE);
    uint64_t length = load64_le(file.data);
    struct ws_bytes rest = ws_bytes_of(file.data + LENGTH_SIZE, file.size - LENGTH_SIZE);
    if (length > LARGEST_HEADER || length > rest.size)
        return ws_fail(err, WS_CORRUPT,
                       "%s: its header claims %" PRIu64 " bytes, wanted at most %d and the %zu "
                       "that are there",
                       name, length, LARGEST_HEADER, rest.size);
    if (length == 0 || rest.data[0] != '{')
        return ws_fail(err, WS_CORRUPT, "%s: its header does not begin with '{'", name);
    json_t *header = NULL;
    WS_TRY(ws_json_parse(ws_bytes_of(rest.data, (size_t)length), name, &header, err));
    struct ws_bytes data = ws_bytes_of(rest.data + length, rest.size - (size_t)length);
    enum ws_status status = read_header(header, name, data, arena, out, err);
    json_decref(header);
    return status;
}

const struct ws_tensor_view *ws_safetensors_find(const struct ws_safetensors *file,
                                                 const char *name)
{
    const struct ws_tensor_view wanted = {.name = name};
    if (file->count == 0)
        return NULL;
    return bsearch(&wanted, file->tensors, file->count, sizeof wanted, compare_names);
}

/* ---- numbers ---- */

static void load_f32(const uint8_t *bytes, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = load32_le(bytes + 4 * i);
        memcpy(&out[i], &bits, sizeof bits);
    }
}

static void load_f64(const uint8_t *bytes, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = load64_le(bytes + 8 * i);
        double value;
        memcpy(&value, &bits, sizeof bits);
        out[i] = (float)value;
    }
}

enum ws_status ws_tensor_read_f32(const struct ws_tensor_view *view, float *out,
                                  struct ws_error *err)
{
    switch ((int)view->dtype) {
    case WS_DTYPE_F32:
        load_f32(view->data, out, (size_t)view->count);
        return WS_OK;
    case WS_DTYPE_F16:
        ws_f16_load(view->data, out, (size_t)view->count);
        return WS_OK;
    case WS_DTYPE_BF16:
        ws_bf16_load(view->data, out, (size_t)view->count);
        return WS_OK;
    case WS_DTYPE_F64:
        load_f64(view->data, out, (size_t)view->count);
        return WS_OK;
    default:
        return ws_fail(err, WS_UNSUPPORTED, "tensor '%.140s' is %s, wanted F32, F16, BF16 or F64",
                       view->name, ws_dtype_name(view->dtype));
    }
}

enum ws_status ws_tensor_read_i32(const struct ws_tensor_view *view, int32_t *out,
                                  struct ws_error *err)
{
    size_t size = ws_dtype_size(view->dtype);
    if (view->dtype != WS_DTYPE_I32 && view->dtype != WS_DTYPE_I64)
        return ws_fail(err, WS_UNSUPPORTED, "tensor '%.140s' is %s, wanted I32 or I64", view->name,
                       ws_dtype_name(view->dtype));
    for (size_t i = 0; i < view->count; i++) {
        const uint8_t *bytes = view->data + size * i;
        int64_t value = size == 4 ? (int32_t)load32_le(bytes) : (int64_t)load64_le(bytes);
        if (value < INT32_MIN || value > INT32_MAX)
            return ws_fail(err, WS_CORRUPT,
                           "tensor '%.140s' has %" PRId64 " at %zu, wanted numbers of 32 bits",
                           view->name, value, i);
        out[i] = (int32_t)value;
    }
    return WS_OK;
}
