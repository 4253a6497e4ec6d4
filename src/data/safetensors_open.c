/*
 * Weights in files: one, or a model's shards.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "data/safetensors.h"

static enum ws_status add_file(struct ws_weights *weights, const char *path,
                               struct ws_safetensors *out, struct ws_error *err)
{
    struct ws_mapped_file *file = &weights->files[weights->file_count];
    WS_TRY(ws_file_map(path, file, err));
    weights->file_count++;
    return ws_safetensors_parse(file->bytes, path, &weights->arena, out, err);
}

static enum ws_status reserve(struct ws_weights *weights, size_t file_count, struct ws_error *err)
{
    weights->files = WS_ARENA_NEW(&weights->arena, struct ws_mapped_file, file_count);
    return weights->files ? WS_OK : ws_fail_memory(err, "a list of files");
}

static enum ws_status open_single(struct ws_weights *weights, const char *path,
                                  struct ws_error *err)
{
    WS_TRY(reserve(weights, 1, err));
    return add_file(weights, path, &weights->all, err);
}

/* ---- shards ---- */

struct shards {
    const char *directory;
    const char *path; /* the index file's */
    struct ws_shard_index index;
    struct ws_safetensors *parts; /* (index.file_count) */
};

/* That the index knows the shard's tensors, and knows them to be there. */
static enum ws_status check_shard(const struct shards *shards, size_t number, struct ws_error *err)
{
    const struct ws_safetensors *part = &shards->parts[number];
    const char *const *files = shards->index.files;
    for (size_t i = 0; i < part->count; i++) {
        const char *name = part->tensors[i].name;
        const struct ws_shard_entry *said = ws_shard_index_find(&shards->index, name);
        if (!said)
            return ws_fail(err, WS_CORRUPT,
                           "%.140s: tensor '%.100s' is in '%.60s', the index does not name it",
                           shards->path, name, files[number]);
        if (said->file != number)
            return ws_fail(err, WS_CORRUPT,
                           "%.140s: tensor '%.100s' is in '%.60s', the index says '%.60s'",
                           shards->path, name, files[number], files[said->file]);
    }
    return WS_OK;
}

/* That every tensor of the index is in its shard. */
static enum ws_status check_index(const struct shards *shards, struct ws_error *err)
{
    for (size_t i = 0; i < shards->index.count; i++) {
        const struct ws_shard_entry *entry = &shards->index.entries[i];
        if (!ws_safetensors_find(&shards->parts[entry->file], entry->tensor))
            return ws_fail(err, WS_CORRUPT, "%.140s: tensor '%.140s' is not in '%.140s'",
                           shards->path, entry->tensor, shards->index.files[entry->file]);
    }
    return WS_OK;
}

static int compare_views(const void *a, const void *b)
{
    const struct ws_tensor_view *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Every tensor is in one shard by now, the one that the index says. */
static enum ws_status join(const struct shards *shards, struct ws_weights *weights,
                           struct ws_error *err)
{
    size_t count = shards->index.count, done = 0;
    struct ws_tensor_view *all = WS_ARENA_NEW(&weights->arena, struct ws_tensor_view, count);
    if (!all)
        return ws_fail_memory(err, shards->path);
    for (size_t i = 0; i < shards->index.file_count; i++) {
        const struct ws_safetensors *part = &shards->parts[i];
        for (size_t j = 0; j < part->count; j++)
            all[done++] = part->tensors[j];
    }
    qsort(all, done, sizeof *all, compare_views);
    weights->all = (struct ws_safetensors){all, done};
    return WS_OK;
}

static enum ws_status open_shards(struct ws_weights *weights, struct shards *shards,
                                  struct ws_error *err)
{
    WS_TRY(reserve(weights, shards->index.file_count, err));
    shards->parts = WS_ARENA_NEW(&weights->arena, struct ws_safetensors, shards->index.file_count);
    if (!shards->parts)
        return ws_fail_memory(err, shards->path);
    for (size_t i = 0; i < shards->index.file_count; i++) {
        const char *path =
            ws_arena_format(&weights->arena, "%s/%s", shards->directory, shards->index.files[i]);
        if (!path)
            return ws_fail_memory(err, shards->path);
        WS_TRY(add_file(weights, path, &shards->parts[i], err));
        WS_TRY(check_shard(shards, i, err));
    }
    WS_TRY(check_index(shards, err));
    return join(shards, weights, err);
}

static enum ws_status open_index(struct ws_weights *weights, const char *directory,
                                 const char *path, struct ws_error *err)
{
    struct ws_bytes text;
    struct shards shards = {.directory = directory, .path = path};
    WS_TRY(ws_file_read(path, WS_JSON_LIMIT, &weights->arena, &text, err));
    WS_TRY(ws_shard_index_parse(text, path, &weights->arena, &shards.index, err));
    return open_shards(weights, &shards, err);
}

/* ---- what is opened and closed ---- */

enum ws_status ws_safetensors_open(const char *path, const struct ws_allocator *allocator,
                                   struct ws_weights *out, struct ws_error *err)
{
    struct ws_weights weights = {.file_count = 0};
    ws_arena_init(&weights.arena, allocator);
    enum ws_status status = open_single(&weights, path, err);
    if (status == WS_OK)
        *out = weights;
    else
        ws_weights_close(&weights);
    return status;
}

static enum ws_status open_directory(struct ws_weights *weights, const char *directory,
                                     struct ws_error *err)
{
    const char *single = ws_arena_format(&weights->arena, "%s/model.safetensors", directory);
    const char *index =
        ws_arena_format(&weights->arena, "%s/model.safetensors.index.json", directory);
    if (!single || !index)
        return ws_fail_memory(err, directory);
    if (ws_file_exists(single))
        return open_single(weights, single, err);
    if (ws_file_exists(index))
        return open_index(weights, directory, index, err);
    return ws_fail(err, WS_NOT_FOUND,
                   "'%.300s' has no 'model.safetensors' and no 'model.safetensors.index.json'",
                   directory);
}

enum ws_status ws_weights_open(const char *directory, const struct ws_allocator *allocator,
                               struct ws_weights *out, struct ws_error *err)
{
    struct ws_weights weights = {.file_count = 0};
    ws_arena_init(&weights.arena, allocator);
    enum ws_status status = open_directory(&weights, directory, err);
    if (status == WS_OK)
        *out = weights;
    else
        ws_weights_close(&weights);
    return status;
}

const struct ws_tensor_view *ws_weights_find(const struct ws_weights *weights, const char *name)
{
    return ws_safetensors_find(&weights->all, name);
}

void ws_weights_close(struct ws_weights *weights)
{
    for (size_t i = 0; i < weights->file_count; i++)
        ws_file_unmap(&weights->files[i]);
    ws_arena_release(&weights->arena);
    *weights = (struct ws_weights){.file_count = 0};
}
