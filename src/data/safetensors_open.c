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
    const char *index; /* the index file's path */
    json_t *map;       /* tensor: file */
    struct ws_names names;
    struct ws_safetensors *parts; /* (names.count) */
};

/* A name that leads nowhere but into the directory. */
static bool is_plain(const char *name)
{
    return name[0] != '\0' && !strchr(name, '/') && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The files that the map names, each once. */
static enum ws_status list_shards(struct shards *shards, struct ws_arena *arena,
                                  struct ws_error *err)
{
    const char **names = WS_ARENA_NEW(arena, const char *, json_object_size(shards->map));
    if (!names)
        return ws_fail_memory(err, shards->index);
    size_t count = 0, kept = 0;
    const char *key;
    json_t *value;
    json_object_foreach(shards->map, key, value)
    {
        const char *name = json_string_value(value);
        if (!name || !is_plain(name))
            return ws_fail(err, WS_CORRUPT,
                           "%s: tensor '%.140s' is in '%.140s', wanted the name of a file beside "
                           "the index",
                           shards->index, key, name ? name : "");
        names[count++] = name;
    }
    if (count > 0)
        qsort(names, count, sizeof *names, compare_texts);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(names[i], names[kept - 1]) != 0)
            names[kept++] = names[i];
    shards->names = (struct ws_names){names, kept};
    return WS_OK;
}

/* That the index knows the shard's tensors, and knows them to be there. */
static enum ws_status check_shard(const struct shards *shards, size_t number, struct ws_error *err)
{
    const struct ws_safetensors *part = &shards->parts[number];
    for (size_t i = 0; i < part->count; i++) {
        const char *name = part->tensors[i].name;
        const char *said = json_string_value(json_object_get(shards->map, name));
        if (!said || strcmp(said, shards->names.items[number]) != 0)
            return ws_fail(
                err, WS_CORRUPT, "%.140s: tensor '%.100s' is in '%.60s', the index says '%.60s'",
                shards->index, name, shards->names.items[number], said ? said : "nowhere");
    }
    return WS_OK;
}

/* That every tensor of the index is in its shard. */
static enum ws_status check_index(const struct shards *shards, struct ws_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(shards->map, key, value)
    {
        const char *name = json_string_value(value);
        const char **item = bsearch(&name, shards->names.items, shards->names.count,
                                    sizeof *shards->names.items, compare_texts);
        if (!ws_safetensors_find(&shards->parts[item - shards->names.items], key))
            return ws_fail(err, WS_CORRUPT, "%.140s: tensor '%.140s' is not in '%.140s'",
                           shards->index, key, name);
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
    size_t count = json_object_size(shards->map), done = 0;
    struct ws_tensor_view *all = WS_ARENA_NEW(&weights->arena, struct ws_tensor_view, count);
    if (!all)
        return ws_fail_memory(err, shards->index);
    for (size_t i = 0; i < shards->names.count; i++) {
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
    WS_TRY(list_shards(shards, &weights->arena, err));
    WS_TRY(reserve(weights, shards->names.count, err));
    shards->parts = WS_ARENA_NEW(&weights->arena, struct ws_safetensors, shards->names.count);
    if (!shards->parts)
        return ws_fail_memory(err, shards->index);
    for (size_t i = 0; i < shards->names.count; i++) {
        const char *path =
            ws_arena_format(&weights->arena, "%s/%s", shards->directory, shards->names.items[i]);
        if (!path)
            return ws_fail_memory(err, shards->index);
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
    json_t *index = NULL;
    WS_TRY(ws_file_read(path, WS_JSON_LIMIT, &weights->arena, &text, err));
    WS_TRY(ws_json_parse(text, path, &index, err));
    struct shards shards = {.directory = directory, .index = path};
    enum ws_status status = ws_json_read_object(index, "weight_map", path, &shards.map, err);
    if (status == WS_OK)
        status = open_shards(weights, &shards, err);
    json_decref(index);
    return status;
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
