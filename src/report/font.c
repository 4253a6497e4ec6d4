#include "report/font.h"

#include <string.h>

#include <utf8proc.h>

/* The character at `text`, and how many bytes it takes. A byte that begins none counts as U+FFFD.
 */
static size_t next_character(const char *text, int32_t *out)
{
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, out);
    if (size > 0)
        return (size_t)size;
    *out = 0xFFFD;
    return 1;
}

static double width_of(int32_t character)
{
    size_t low = 0, high = ws_font_row_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (ws_font_rows[middle].first <= (uint32_t)character)
            low = middle;
        else
            high = middle;
    }
    return ws_font_rows[low].width;
}

double ws_font_width(double size, const char *text)
{
    double sum = 0;
    int32_t character;
    while (*text) {
        text += next_character(text, &character);
        sum += width_of(character);
    }
    return sum * size / ws_font_units;
}

/* Wrapping ------------------------------------------------------------------------------------- */

/* How much of `text` stands in a line, and where the next one begins. */
struct cut {
    size_t size, next;
};

static struct cut first_line(double size, double width, const char *text, char *room)
{
    struct cut cut = {0, 0};
    size_t at = 0;
    while (text[at]) {
        int32_t character;
        size_t end = at + next_character(text + at, &character);
        memcpy(room, text, end);
        room[end] = '\0';
        if (at > 0 && ws_font_width(size, room) > width)
            return cut.next > 0 ? cut : (struct cut){at, at};
        if (text[at] == ' ')
            cut = (struct cut){at, end};
        at = end;
    }
    return (struct cut){at, at};
}

enum ws_status ws_font_wrap(double size, double width, const char *text, struct ws_arena *arena,
                            struct ws_lines *out, struct ws_error *err)
{
    const size_t length = strlen(text);
    char *room = ws_arena_alloc(arena, 1, length + 1);
    *out = (struct ws_lines){.texts = WS_ARENA_NEW(arena, char *, length + 1)};
    if (!room || !out->texts)
        return ws_fail_memory(err, "a figure");
    for (size_t at = 0; at < length;) {
        struct cut cut = first_line(size, width, text + at, room);
        char *line = ws_arena_format(arena, "%.*s", (int)cut.size, text + at);
        if (!line)
            return ws_fail_memory(err, "a figure");
        double wide = ws_font_width(size, line);
        out->width = wide > out->width ? wide : out->width;
        out->texts[out->count++] = line;
        at += cut.next;
    }
    return WS_OK;
}
