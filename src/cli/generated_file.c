#include "cli/generated_file.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/json.h"

enum { SETTINGS_LIMIT = 1 << 16 };

/* Work that a failing machine may cost; a killed process costs none. */
static const double SYNC_SECONDS = 5;

static double now(void)
{
    return ws_system_clock.elapsed(ws_system_clock.user);
}

/* A member as it is said to people. */
static void describe(const json_t *value, char *out, size_t size)
{
    struct ws_buffer text;
    ws_buffer_fix(&text, out, size);
    if (json_is_string(value))
        ws_buffer_format(&text, "%.60s", json_string_value(value));
    else if (value)
        ws_buffer_format(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        ws_buffer_text(&text, "nothing");
}

static enum ws_status refuse_other(const char *path, const json_t *theirs, json_t *ours,
                                   struct ws_error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(ours, key, value)
    {
        char before[80], after[80];
        const json_t *other = json_object_get(theirs, key);
        if (other && json_equal(other, value))
            continue;
        describe(other, before, sizeof before);
        describe(value, after, sizeof after);
        return ws_fail(err, WS_CONFLICT,
                       "'%.200s' was begun with '%s' %s, now it is %s; give another file with -o",
                       path, key, before, after);
    }
    return WS_OK;
}

/* The settings are written before the first text, so a file with texts has them. */
static enum ws_status check_settings(struct generated_file *file, json_t *about, bool *found,
                                     struct ws_error *err)
{
    struct ws_bytes bytes;
    json_t *theirs;
    enum ws_status status = ws_file_read(file->settings, SETTINGS_LIMIT, &file->arena, &bytes, err);
    *found = status == WS_OK;
    if (status == WS_NOT_FOUND)
        return WS_OK;
    WS_TRY(status);
    WS_TRY(ws_json_parse(bytes, file->settings, &theirs, err));
    status = refuse_other(file->path, theirs, about, err);
    json_decref(theirs);
    return status;
}

static enum ws_status write_settings(const struct generated_file *file, const json_t *about,
                                     struct ws_error *err)
{
    struct ws_buffer text;
    ws_buffer_init(&text, NULL, SETTINGS_LIMIT);
    ws_json_append_pretty(about, &text);
    ws_buffer_text(&text, "\n");
    enum ws_status status = ws_buffer_check(&text, file->settings, err);
    if (status == WS_OK)
        status = ws_file_replace(file->settings, ws_buffer_bytes(&text), err);
    ws_buffer_release(&text);
    return status;
}

/* How much of the file is kept: the lines of whole batches. */
static void find_end(struct ws_bytes bytes, uint64_t total, uint64_t batch, uint64_t *size,
                     uint64_t *texts)
{
    uint64_t lines = 0;
    *size = *texts = 0;
    for (size_t at = 0; at < bytes.size && lines < total;) {
        const uint8_t *end = memchr(bytes.data + at, '\n', bytes.size - at);
        if (!end)
            return;
        at = (size_t)(end - bytes.data) + 1;
        lines++;
        if (lines % batch == 0 || lines == total) {
            *size = at;
            *texts = lines;
        }
    }
}

static enum ws_status resume(struct generated_file *file, json_t *about, uint64_t total,
                             uint64_t batch, struct ws_error *err)
{
    struct ws_mapped_file map;
    uint64_t size;
    bool found;
    WS_TRY(ws_lock_take(file->path, &file->lock, err));
    WS_TRY(check_settings(file, about, &found, err));
    WS_TRY(ws_file_map(file->path, &map, err));
    bool empty = map.bytes.size == 0;
    find_end(map.bytes, total, batch, &size, &file->texts);
    ws_file_unmap(&map);
    if (!found && !empty)
        return ws_fail(err, WS_CONFLICT,
                       "'%.200s' is there without '%.200s'; give another file with -o", file->path,
                       file->settings);
    if (!found)
        WS_TRY(write_settings(file, about, err));
    return ws_append_open(&file->file, file->path, size, err);
}

enum ws_status generated_file_open(const char *path, json_t *about, uint64_t total, uint64_t batch,
                                   struct generated_file *out, struct ws_error *err)
{
    struct generated_file file = {.path = path, .lock = -1, .file = {.descriptor = -1}};
    ws_arena_init(&file.arena, NULL);
    file.settings = ws_arena_format(&file.arena, "%s.settings", path);
    file.synced = now();
    enum ws_status status = file.settings ? resume(&file, about, total, batch, err)
                                          : ws_fail_memory(err, "the file's name");
    if (status != WS_OK)
        generated_file_close(&file);
    else
        *out = file;
    return status;
}

enum ws_status generated_file_append(struct generated_file *file, struct ws_bytes lines,
                                     uint64_t count, struct ws_error *err)
{
    WS_TRY(ws_append_write(&file->file, lines, file->path, err));
    file->texts += count;
    if (now() - file->synced < SYNC_SECONDS)
        return WS_OK;
    file->synced = now();
    return ws_append_sync(&file->file, file->path, err);
}

enum ws_status generated_file_finish(struct generated_file *file, struct ws_error *err)
{
    return ws_append_sync(&file->file, file->path, err);
}

void generated_file_close(struct generated_file *file)
{
    ws_append_close(&file->file);
    ws_lock_drop(file->lock);
    ws_arena_release(&file->arena);
}
