/*
 * Any bytes as the index of a model's shards: refused with a message that names the file, or a
 * table in order whose files lie beside the index, and which reads back the same when it is
 * written.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "data/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void check_files(const struct ws_shard_index *index, struct ws_arena *arena)
{
    bool *used = WS_ARENA_ZNEW(arena, bool, index->file_count);
    require(used != NULL);
    for (size_t i = 0; i < index->count; i++) {
        require(index->entries[i].file < index->file_count);
        used[index->entries[i].file] = true;
    }
    for (size_t i = 0; i < index->file_count; i++) {
        const char *file = index->files[i];
        require(used[i] && strlen(file) > 0 && !strchr(file, '/'));
        require(strcmp(file, ".") != 0 && strcmp(file, "..") != 0);
        require(i == 0 || strcmp(index->files[i - 1], file) < 0);
    }
}

static void check_entries(const struct ws_shard_index *index)
{
    for (size_t i = 0; i < index->count; i++) {
        const struct ws_shard_entry *entry = &index->entries[i];
        require(i == 0 || strcmp(entry[-1].tensor, entry->tensor) < 0);
        require(ws_shard_index_find(index, entry->tensor) == entry);
    }
}

static void write_index(const struct ws_shard_index *index, struct ws_buffer *out)
{
    json_t *map = json_object();
    for (size_t i = 0; i < index->count; i++) {
        const struct ws_shard_entry *entry = &index->entries[i];
        require(json_object_set_new(map, entry->tensor, json_string(index->files[entry->file])) ==
                0);
    }
    json_t *json = json_pack("{s:o}", "weight_map", map);
    ws_json_append(json, out);
    json_decref(json);
}

static void write_and_read(const struct ws_shard_index *index, struct ws_arena *arena)
{
    struct ws_buffer text;
    struct ws_shard_index again;
    ws_buffer_init(&text, NULL, SIZE_MAX);
    write_index(index, &text);
    require(ws_shard_index_parse(ws_buffer_bytes(&text), "again", arena, &again, NULL) == WS_OK);
    require(again.count == index->count && again.file_count == index->file_count);
    for (size_t i = 0; i < again.count; i++) {
        require(strcmp(again.entries[i].tensor, index->entries[i].tensor) == 0);
        require(again.entries[i].file == index->entries[i].file);
    }
    for (size_t i = 0; i < again.file_count; i++)
        require(strcmp(again.files[i], index->files[i]) == 0);
    ws_buffer_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ws_arena arena;
    struct ws_shard_index index;
    struct ws_error err = {.message = ""};
    ws_arena_init(&arena, NULL);
    enum ws_status status =
        ws_shard_index_parse(ws_bytes_of(data, size), "fuzz", &arena, &index, &err);
    require(status == WS_OK || status == WS_CORRUPT);
    require(status == WS_OK || strncmp(err.message, "fuzz:", 5) == 0);
    if (status == WS_OK) {
        check_files(&index, &arena);
        check_entries(&index);
        write_and_read(&index, &arena);
    }
    ws_arena_release(&arena);
    return 0;
}
