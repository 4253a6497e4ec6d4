#include "cli/document_source.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "data/text.h"

static bool ends_with(const char *path, const char *ending)
{
    const size_t size = strlen(path), end = strlen(ending);
    return size >= end && strcmp(path + size - end, ending) == 0;
}

static bool is_json_lines(const char *path)
{
    return ends_with(path, ".jsonl") || ends_with(path, ".jsonl.gz") ||
           ends_with(path, ".jsonl.zst");
}

/* Lines of one file. */
struct lines {
    const char *path, *field;
    const struct document_sink *sink;
    uint64_t number; /* of the line that is being read, from 1 */
    struct ws_buffer line;
};

static enum ws_status end_line(struct lines *lines, struct ws_error *err)
{
    json_t *json;
    const char *text;
    char name[300];
    lines->number++;
    if (lines->line.size == 0)
        return WS_OK;
    (void)snprintf(name, sizeof name, "%.200s, line %" PRIu64, lines->path, lines->number);
    WS_TRY(ws_buffer_check(&lines->line, name, err));
    WS_TRY(ws_json_parse(ws_buffer_bytes(&lines->line), name, &json, err));
    enum ws_status status = ws_json_read_text(json, lines->field, name, &text, err);
    if (status == WS_OK)
        status = lines->sink->piece(lines->sink->user, ws_bytes_of_text(text), err);
    if (status == WS_OK)
        status = lines->sink->end(lines->sink->user, err);
    json_decref(json);
    ws_buffer_reset(&lines->line);
    return status;
}

static enum ws_status take_lines(void *user, struct ws_bytes piece, struct ws_error *err)
{
    struct lines *lines = user;
    struct ws_bytes line;
    while (ws_bytes_split(piece, '\n', &line, &piece)) {
        ws_buffer_append(&lines->line, line.data, line.size);
        WS_TRY(end_line(lines, err));
    }
    ws_buffer_append(&lines->line, piece.data, piece.size);
    return WS_OK;
}

static enum ws_status read_lines(const char *path, const char *field,
                                 const struct document_sink *sink, struct ws_error *err)
{
    struct lines lines = {.path = path, .field = field, .sink = sink};
    const struct ws_text_sink into = {take_lines, &lines};
    ws_buffer_init(&lines.line, NULL, WS_JSON_LIMIT);
    enum ws_status status = ws_text_stream(path, SIZE_MAX / 2, NULL, &into, err);
    if (status == WS_OK)
        status = end_line(&lines, err);
    ws_buffer_release(&lines.line);
    return status;
}

static enum ws_status read_whole(const char *path, const struct document_sink *sink,
                                 struct ws_error *err)
{
    const struct ws_text_sink into = {sink->piece, sink->user};
    WS_TRY(ws_text_stream(path, SIZE_MAX / 2, NULL, &into, err));
    return sink->end(sink->user, err);
}

/* What lies in a folder is a file or a folder: a pipe there would be waited for, for ever. */
static enum ws_status read_below(const char *path, const char *field,
                                 const struct document_sink *sink, struct ws_error *err)
{
    struct stat about;
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
        return ws_fail(err, WS_INVALID, "'%.300s' is neither a file nor a folder", path);
    return documents_read(path, field, sink, err);
}

static enum ws_status read_directory(const char *path, const char *field,
                                     const struct document_sink *sink, struct ws_error *err)
{
    struct ws_names names;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_directory_list(path, &arena, &names, err);
    for (size_t i = 0; status == WS_OK && i < names.count; i++) {
        const char *below = ws_arena_format(&arena, "%s/%s", path, names.items[i]);
        if (names.items[i][0] == '.')
            continue;
        status = below ? read_below(below, field, sink, err)
                       : ws_fail_memory(err, "the names of documents");
    }
    ws_arena_release(&arena);
    return status;
}

enum ws_status documents_read(const char *path, const char *field, const struct document_sink *sink,
                              struct ws_error *err)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return ws_fail_system(err, "open", path);
    if (S_ISDIR(about.st_mode))
        return read_directory(path, field, sink, err);
    if (S_ISREG(about.st_mode) && about.st_size == 0)
        return WS_OK; /* a file of nothing is no document */
    return is_json_lines(path) ? read_lines(path, field, sink, err) : read_whole(path, sink, err);
}
