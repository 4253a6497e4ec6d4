/*
 * The index of a model's shards.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "data/safetensors.h"

/* A tensor and its file, before files have numbers. */
struct place {
    const char *tensor;
    const char *file;
};

/* A name that leads nowhere but into the directory. */
static bool is_plain(const char *name)
{
    return name[0] != '\0' && !strchr(name, '/') && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static int compare_files(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return strcmp(x->file, y->file);
}

static int compare_entries(const void *a, const void *b)
{
    const struct ws_shard_entry *x = a, *y = b;
    return strcmp(x->tensor, y->tensor);
}

static enum ws_status read_places(json_t *map, const char *name, struct place *places,
                                  struct ws_error *err)
{
    size_t count = 0;
    const char *key;
    json_t *value;
    json_object_foreach(map, key, value)
    {
        const char *file = json_string_value(value);
        if (!file || !is_plain(file))
            return ws_fail(err, WS_CORRUPT,
                           "%s: tensor '%.140s' is in '%.140s', wanted the name of a file beside "
                           "the index",
                           name, key, file ? file : "");
        places[count++] = (struct place){key, file};
    }
    return WS_OK;
}

/* By file first, which gives every file its number. */
static enum ws_status number_files(struct place *places, size_t count, struct ws_arena *arena,
                                   struct ws_shard_index *out, const char *name,
                                   struct ws_error *err)
{
    struct ws_shard_entry *entries = WS_ARENA_NEW(arena, struct ws_shard_entry, count);
    const char **files = WS_ARENA_NEW(arena, const char *, count);
    size_t file_count = 0;
    if (!entries || !files)
        return ws_fail_memory(err, name);
    if (count > 0)
        qsort(places, count, sizeof *places, compare_files);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(places[i].file, places[i - 1].file) != 0)
            files[file_count++] = ws_arena_text(arena, places[i].file);
        entries[i] =
            (struct ws_shard_entry){ws_arena_text(arena, places[i].tensor), file_count - 1};
        if (!files[file_count - 1] || !entries[i].tensor)
            return ws_fail_memory(err, name);
    }
    if (count > 0)
        qsort(entries, count, sizeof *entries, compare_entries);
    *out = (struct ws_shard_index){entries, count, files, file_count};
    return WS_OK;
}

static enum ws_status read_map(json_t *map, const char *name, struct ws_arena *arena,
                               struct ws_shard_index *out, struct ws_error *err)
{
    size_t count = json_object_size(map);
    struct place *places = WS_ARENA_NEW(arena, struct place, count);
    if (!places)
        return ws_fail_memory(err, name);
    WS_TRY(read_places(map, name, places, err));
    return number_files(places, count, arena, out, name, err);
}

enum ws_status ws_shard_index_parse(struct ws_bytes json, const char *name, struct ws_arena *arena,
                                    struct ws_shard_index *out, struct ws_error *err)
{
    json_t *index = NULL, *map = NULL;
    WS_TRY(ws_json_parse(json, name, &index, err));
    enum ws_status status = ws_json_read_object(index, "weight_map", name, &map, err);
    if (status == WS_OK)
        status = read_map(map, name, arena, out, err);
    json_decref(index);
    return status;
}

const struct ws_shard_entry *ws_shard_index_find(const struct ws_shard_index *index,
                                                 const char *tensor)
{
    const struct ws_shard_entry key = {.tensor = tensor};
    if (index->count == 0)
        return NULL;
    return bsearch(&key, index->entries, index->count, sizeof key, compare_entries);
}
