/*
 * Writing the safetensors format: the bytes that its own implementation writes.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "data/half.h"
#include "data/safetensors.h"

enum { LENGTH_SIZE = 8, HEADER_ALIGNMENT = 8, CHUNK = 1 << 16 };

/* Where the bytes go: a buffer or a draft. */
struct sink {
    struct ws_buffer *buffer;
    struct ws_file_draft *draft;
    const char *path;
};

static enum ws_status put(const struct sink *sink, struct ws_bytes bytes, struct ws_error *err)
{
    if (sink->draft)
        return ws_file_draft_write(sink->draft, bytes, sink->path, err);
    ws_buffer_append(sink->buffer, bytes.data, bytes.size);
    return ws_buffer_check(sink->buffer, "the tensors", err);
}

/* ---- what is to be written ---- */

/* Bytes of its data. */
static enum ws_status check_source(const struct ws_tensor_source *tensor, uint64_t *size,
                                   struct ws_error *err)
{
    if (!ws_is_one_line(tensor->name))
        return ws_fail(err, WS_INVALID, "the tensor name '%.140s' is not one line of UTF-8",
                       tensor->name);
    if (tensor->dtype != WS_DTYPE_F32 && tensor->dtype != WS_DTYPE_F16 &&
        tensor->dtype != WS_DTYPE_BF16)
        return ws_fail(err, WS_INVALID,
                       "tensor '%.140s' cannot be written as %s, wanted F32, F16 or BF16",
                       tensor->name, ws_dtype_name(tensor->dtype));
    uint64_t bytes, elements = 1;
    bool fits = true;
    for (size_t i = 0; i < tensor->rank; i++)
        fits = fits && tensor->shape[i] <= INT64_MAX &&
               !__builtin_mul_overflow(elements, tensor->shape[i], &elements);
    if (!fits || __builtin_mul_overflow(elements, ws_dtype_size(tensor->dtype), &bytes) ||
        bytes > INT64_MAX)
        return ws_fail(err, WS_LIMIT, "tensor '%.140s' has more than 2^63 bytes", tensor->name);
    *size = bytes;
    return WS_OK;
}

/* All of them; the sum of their bytes. */
static enum ws_status check_sources(const struct ws_tensor_source *tensors, size_t count,
                                    uint64_t *total, struct ws_error *err)
{
    *total = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t size = 0;
        WS_TRY(check_source(&tensors[i], &size, err));
        *total += size; /* at most 2^63 before, less than 2^63 more */
        if (*total > INT64_MAX)
            return ws_fail(err, WS_LIMIT, "the tensors have more than 2^63 bytes");
    }
    return WS_OK;
}

static uint64_t count_of(const struct ws_tensor_source *tensor)
{
    uint64_t count = 1;
    for (size_t i = 0; i < tensor->rank; i++)
        count *= tensor->shape[i];
    return count;
}

static uint64_t size_of(const struct ws_tensor_source *tensor)
{
    return count_of(tensor) * ws_dtype_size(tensor->dtype);
}

static enum ws_status fail_twice(const char *name, struct ws_error *err)
{
    return ws_fail(err, WS_INVALID, "tensor '%.140s' is there twice", name);
}

/* By type, the last of the table first, then by name. */
static int compare_sources(const void *a, const void *b)
{
    const struct ws_tensor_source *x = *(const struct ws_tensor_source *const *)a;
    const struct ws_tensor_source *y = *(const struct ws_tensor_source *const *)b;
    if (x->dtype != y->dtype)
        return x->dtype > y->dtype ? -1 : 1;
    return strcmp(x->name, y->name);
}

static const struct ws_tensor_source **sort(const struct ws_tensor_source *tensors, size_t count,
                                            struct ws_arena *arena)
{
    const struct ws_tensor_source **sorted =
        WS_ARENA_NEW(arena, const struct ws_tensor_source *, count);
    for (size_t i = 0; sorted && i < count; i++)
        sorted[i] = &tensors[i];
    if (sorted && count > 0)
        qsort(sorted, count, sizeof *sorted, compare_sources);
    return sorted;
}

/* ---- the header ---- */

/* NULL when memory is out. */
static json_t *describe(const struct ws_tensor_source *tensor, uint64_t begin)
{
    uint64_t end = begin + size_of(tensor);
    json_t *shape = json_array();
    for (size_t i = 0; i < tensor->rank; i++) {
        if (json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i])) != 0) {
            json_decref(shape);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", ws_dtype_name(tensor->dtype), "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)end);
}

static enum ws_status describe_all(json_t *header, const struct ws_tensor_source *const *sorted,
                                   size_t count, struct ws_error *err)
{
    uint64_t begin = 0;
    for (size_t i = 0; i < count; i++) {
        if (json_object_get(header, sorted[i]->name))
            return fail_twice(sorted[i]->name, err);
        if (json_object_set_new(header, sorted[i]->name, describe(sorted[i], begin)) != 0)
            return ws_fail_memory(err, "a header");
        begin += size_of(sorted[i]);
    }
    return WS_OK;
}

/* With its length before it and blanks behind it. */
static enum ws_status write_header(const struct ws_tensor_source *const *sorted, size_t count,
                                   struct ws_buffer *out, struct ws_error *err)
{
    json_t *header = json_pack("{s:{s:s}}", "__metadata__", "format", "pt");
    if (!header)
        return ws_fail_memory(err, "a header");
    ws_buffer_u64(out, 0);
    enum ws_status status = describe_all(header, sorted, count, err);
    if (status == WS_OK)
        ws_json_append(header, out);
    json_decref(header);
    WS_TRY(status);
    while (out->size % HEADER_ALIGNMENT != 0 && out->status == WS_OK)
        ws_buffer_u8(out, ' ');
    WS_TRY(ws_buffer_check(out, "the header of the tensors", err));
    store64_le((uint8_t *)out->data, out->size - LENGTH_SIZE);
    return WS_OK;
}

/* ---- the data ---- */

static void store(enum ws_dtype dtype, const float *values, uint8_t *out, size_t count)
{
    if (dtype == WS_DTYPE_F16) {
        ws_f16_store(values, out, count);
        return;
    }
    if (dtype == WS_DTYPE_BF16) {
        ws_bf16_store(values, out, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        store32_le(out + 4 * i, bits);
    }
}

static enum ws_status put_values(const struct sink *sink, const struct ws_tensor_source *tensor,
                                 struct ws_error *err)
{
    uint8_t chunk[CHUNK];
    size_t size = ws_dtype_size(tensor->dtype), count = (size_t)count_of(tensor);
    for (size_t done = 0; done < count;) {
        size_t some = count - done < CHUNK / size ? count - done : CHUNK / size;
        store(tensor->dtype, tensor->values + done, chunk, some);
        WS_TRY(put(sink, ws_bytes_of(chunk, some * size), err));
        done += some;
    }
    return WS_OK;
}

static enum ws_status put_all(const struct sink *sink, struct ws_bytes header,
                              const struct ws_tensor_source *const *sorted, size_t count,
                              struct ws_error *err)
{
    WS_TRY(put(sink, header, err));
    for (size_t i = 0; i < count; i++)
        WS_TRY(put_values(sink, sorted[i], err));
    return WS_OK;
}

/* ---- one file ---- */

/* A file that is to be written: everything but its data. */
struct plan {
    struct ws_arena arena;
    struct ws_buffer header;
    const struct ws_tensor_source **sorted;
    size_t count;
};

static enum ws_status plan_fill(struct plan *plan, const struct ws_tensor_source *tensors,
                                struct ws_error *err)
{
    uint64_t total;
    WS_TRY(check_sources(tensors, plan->count, &total, err));
    plan->sorted = sort(tensors, plan->count, &plan->arena);
    if (!plan->sorted)
        return ws_fail_memory(err, "a list of tensors");
    return write_header(plan->sorted, plan->count, &plan->header, err);
}

static void plan_init(struct plan *plan, size_t count, const struct ws_allocator *allocator)
{
    *plan = (struct plan){.count = count};
    ws_arena_init(&plan->arena, allocator);
    ws_buffer_init(&plan->header, allocator, WS_JSON_LIMIT);
}

static void plan_release(struct plan *plan)
{
    ws_buffer_release(&plan->header);
    ws_arena_release(&plan->arena);
}

static enum ws_status plan_put(const struct plan *plan, const struct sink *sink,
                               struct ws_error *err)
{
    return put_all(sink, ws_buffer_bytes(&plan->header), plan->sorted, plan->count, err);
}

static enum ws_status plan_save(const struct plan *plan, const char *path, struct ws_error *err)
{
    struct ws_file_draft draft;
    const struct sink sink = {.draft = &draft, .path = path};
    WS_TRY(ws_file_draft_open(&draft, path, err));
    enum ws_status status = plan_put(plan, &sink, err);
    if (status == WS_OK)
        return ws_file_draft_keep(&draft, path, err);
    ws_file_draft_drop(&draft);
    return status;
}

enum ws_status ws_safetensors_append(const struct ws_tensor_source *tensors, size_t count,
                                     struct ws_buffer *out, struct ws_error *err)
{
    struct plan plan;
    const struct sink sink = {.buffer = out};
    plan_init(&plan, count, out->allocator);
    enum ws_status status = plan_fill(&plan, tensors, err);
    if (status == WS_OK)
        status = plan_put(&plan, &sink, err);
    plan_release(&plan);
    return status;
}

enum ws_status ws_safetensors_save(const char *path, const struct ws_tensor_source *tensors,
                                   size_t count, const struct ws_allocator *allocator,
                                   struct ws_error *err)
{
    struct plan plan;
    plan_init(&plan, count, allocator);
    enum ws_status status = plan_fill(&plan, tensors, err);
    if (status == WS_OK)
        status = plan_save(&plan, path, err);
    plan_release(&plan);
    return status;
}

/* ---- a model's directory ---- */

/* A model that is to be written. */
struct model {
    const char *directory;
    const struct ws_tensor_source *tensors;
    size_t count;
    uint64_t size; /* bytes of data */
    uint64_t shard_limit;
    size_t shard_count;
    struct ws_arena arena; /* paths */
    const char *single;
    const char *index;
};

/* The tensor after the last of the shard that begins with `first`. */
static size_t end_of_shard(const struct model *model, size_t first)
{
    uint64_t size = size_of(&model->tensors[first]);
    size_t end = first + 1;
    for (; end < model->count && size <= model->shard_limit; end++) {
        uint64_t more = size_of(&model->tensors[end]);
        if (more > model->shard_limit - size)
            break;
        size += more;
    }
    return end;
}

static const char *shard_name(struct model *model, size_t number)
{
    return ws_arena_format(&model->arena, "model-%05zu-of-%05zu.safetensors", number + 1,
                           model->shard_count);
}

static enum ws_status map_shards(struct model *model, json_t *map, struct ws_error *err)
{
    size_t number = 0;
    for (size_t first = 0; first < model->count; number++) {
        const char *file = shard_name(model, number);
        if (!file)
            return ws_fail_memory(err, "an index");
        size_t end = end_of_shard(model, first);
        for (; first < end; first++) {
            const char *name = model->tensors[first].name;
            if (json_object_get(map, name))
                return fail_twice(name, err);
            if (json_object_set_new(map, name, json_string(file)) != 0)
                return ws_fail_memory(err, "an index");
        }
    }
    return WS_OK;
}

static enum ws_status write_index(struct model *model, struct ws_buffer *out, struct ws_error *err)
{
    json_t *map = json_object();
    json_t *index = json_pack("{s:{s:I}, s:o}", "metadata", "total_size", (json_int_t)model->size,
                              "weight_map", map);
    if (!index)
        return ws_fail_memory(err, "an index");
    enum ws_status status = map_shards(model, map, err);
    if (status == WS_OK)
        ws_json_append_pretty(index, out);
    json_decref(index);
    WS_TRY(status);
    ws_buffer_text(out, "\n");
    return ws_buffer_check(out, "the index of the shards", err);
}

static enum ws_status save_shards(struct model *model, struct ws_error *err)
{
    size_t number = 0;
    for (size_t first = 0, end; first < model->count; first = end, number++) {
        end = end_of_shard(model, first);
        const char *name = shard_name(model, number);
        const char *path =
            name ? ws_arena_format(&model->arena, "%s/%s", model->directory, name) : NULL;
        if (!path)
            return ws_fail_memory(err, "the path of a shard");
        WS_TRY(ws_safetensors_save(path, model->tensors + first, end - first,
                                   model->arena.allocator, err));
    }
    return WS_OK;
}

static enum ws_status save_sharded(struct model *model, struct ws_buffer *index,
                                   struct ws_error *err)
{
    for (size_t first = 0; first < model->count; first = end_of_shard(model, first))
        model->shard_count++;
    WS_TRY(write_index(model, index, err));
    WS_TRY(ws_file_remove(model->index, err));
    WS_TRY(save_shards(model, err));
    WS_TRY(ws_file_replace(model->index, ws_buffer_bytes(index), err));
    return ws_file_remove(model->single, err);
}

static enum ws_status save_model(struct model *model, struct ws_error *err)
{
    WS_TRY(check_sources(model->tensors, model->count, &model->size, err));
    model->single = ws_arena_format(&model->arena, "%s/model.safetensors", model->directory);
    model->index =
        ws_arena_format(&model->arena, "%s/model.safetensors.index.json", model->directory);
    if (!model->single || !model->index)
        return ws_fail_memory(err, model->directory);
    if (model->size <= model->shard_limit) {
        WS_TRY(ws_safetensors_save(model->single, model->tensors, model->count,
                                   model->arena.allocator, err));
        return ws_file_remove(model->index, err);
    }
    struct ws_buffer index;
    ws_buffer_init(&index, model->arena.allocator, WS_JSON_LIMIT);
    enum ws_status status = save_sharded(model, &index, err);
    ws_buffer_release(&index);
    return status;
}

enum ws_status ws_weights_save(const char *directory, const struct ws_tensor_source *tensors,
                               size_t count, uint64_t shard_limit,
                               const struct ws_allocator *allocator, struct ws_error *err)
{
    struct model model = {
        .directory = directory, .tensors = tensors, .count = count, .shard_limit = shard_limit};
    ws_arena_init(&model.arena, allocator);
    enum ws_status status = save_model(&model, err);
    ws_arena_release(&model.arena);
    return status;
}
