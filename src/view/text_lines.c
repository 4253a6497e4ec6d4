#include "view/text_lines.h"

#include "base/json.h"

/* The line as JSON; false when it is damaged. */
static bool take_members(const json_t *object, struct ws_text_line *line)
{
    uint64_t generation;
    if (ws_json_read_whole(object, "generation", "a text", &generation, NULL) != WS_OK ||
        ws_json_read_whole(object, "item", "a text", &line->item, NULL) != WS_OK ||
        ws_json_read_text(object, "text", "a text", &line->text, NULL) != WS_OK ||
        generation > UINT32_MAX)
        return false;
    line->generation = (uint32_t)generation;
    return true;
}

static bool is_wanted(const struct ws_text_line *line, const struct ws_text_lines_query *query)
{
    for (size_t i = 0; i < query->generation_count && line->item < query->items; i++)
        if (query->generations[i] == line->generation)
            return true;
    return false;
}

static enum ws_status take_object(const json_t *object, const struct ws_text_lines_query *query,
                                  struct ws_arena *arena, struct ws_text_lines *out,
                                  struct ws_error *err)
{
    struct ws_text_line line;
    if (!take_members(object, &line)) {
        out->damaged++;
        return WS_OK;
    }
    if (!is_wanted(&line, query))
        return WS_OK;
    line.text = ws_arena_text(arena, line.text);
    if (!line.text)
        return ws_fail_memory(err, "the texts");
    out->lines[out->count++] = line;
    return WS_OK;
}

static enum ws_status take_line(struct ws_bytes bytes, const struct ws_text_lines_query *query,
                                struct ws_arena *arena, struct ws_text_lines *out,
                                struct ws_error *err)
{
    json_t *object;
    enum ws_status status = ws_json_parse(bytes, "a text", &object, err);
    if (status == WS_NO_MEMORY)
        return status;
    if (status != WS_OK) {
        out->damaged++;
        return WS_OK;
    }
    status = take_object(object, query, arena, out, err);
    json_decref(object);
    return status;
}

static size_t count_lines(struct ws_bytes bytes)
{
    size_t count = bytes.size > 0;
    for (size_t i = 0; i < bytes.size; i++)
        count += bytes.data[i] == '\n';
    return count;
}

enum ws_status ws_text_lines_read(struct ws_bytes bytes, const struct ws_text_lines_query *query,
                                  struct ws_arena *arena, struct ws_text_lines *out,
                                  struct ws_error *err)
{
    const uint8_t *next = bytes.data, *end = next + bytes.size;
    size_t lines = count_lines(bytes);
    *out = (struct ws_text_lines){.lines = WS_ARENA_NEW(arena, struct ws_text_line, lines + 1)};
    if (!out->lines)
        return ws_fail_memory(err, "the texts");
    while (next < end) {
        const uint8_t *stop = memchr(next, '\n', (size_t)(end - next));
        size_t size = (size_t)((stop ? stop : end) - next);
        WS_TRY(take_line(ws_bytes_of(next, size), query, arena, out, err));
        next += size + (stop ? 1 : 0);
    }
    return WS_OK;
}
