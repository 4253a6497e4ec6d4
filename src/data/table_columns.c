#include "data/table_columns.h"

#include <inttypes.h>
#include <string.h>

#include "base/number.h"

static bool is_number(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0';
}

bool ws_columns_have_names(const struct ws_text_list *wanted)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (!is_number(wanted->items[i]))
            return true;
    return false;
}

static enum ws_status find_number(const char *text, uint32_t there, bool has_names, uint32_t *out,
                                  struct ws_error *err)
{
    uint64_t number;
    if (!ws_whole_parse(text, &number) || number < 1 || number > there)
        return ws_fail(err, WS_INVALID,
                       "'columns' has '%.60s', wanted numbers from 1 to %" PRIu32 "%s", text, there,
                       has_names ? ", or names" : "");
    *out = (uint32_t)(number - 1);
    return WS_OK;
}

static enum ws_status find_name(const char *text, uint32_t there, const char *const *names,
                                uint32_t *out, struct ws_error *err)
{
    if (!names)
        return ws_fail(err, WS_INVALID,
                       "'columns' has '%.60s', and the columns have no names: wanted numbers from "
                       "1 to %" PRIu32,
                       text, there);
    uint32_t found = there;
    for (uint32_t c = 0; c < there; c++) {
        if (strcmp(names[c], text) != 0)
            continue;
        if (found < there)
            return ws_fail(err, WS_INVALID,
                           "'columns' has '%.60s', the name of columns %" PRIu32 " and %" PRIu32
                           ": wanted its number",
                           text, found + 1, c + 1);
        found = c;
    }
    if (found == there) {
        const char *nearest = ws_nearest_name(text, names, there);
        return ws_fail(err, WS_INVALID, "'columns' has '%.60s', no column has this name%s%.60s%s",
                       text, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                       nearest ? "'?" : "");
    }
    *out = found;
    return WS_OK;
}

enum ws_status ws_columns_choose(const struct ws_text_list *wanted, uint32_t there,
                                 const char *const *names, struct ws_arena *arena,
                                 struct ws_columns *out, struct ws_error *err)
{
    uint32_t *slots = WS_ARENA_NEW(arena, uint32_t, there);
    if (!slots)
        return ws_fail_memory(err, "the columns of a table");
    bool all = wanted->count == 0;
    for (uint32_t c = 0; c < there; c++)
        slots[c] = all ? c : WS_COLUMN_LEFT_OUT;
    for (size_t i = 0; i < wanted->count; i++) {
        const char *text = wanted->items[i];
        uint32_t column = 0;
        if (is_number(text))
            WS_TRY(find_number(text, there, names != NULL, &column, err));
        else
            WS_TRY(find_name(text, there, names, &column, err));
        if (slots[column] != WS_COLUMN_LEFT_OUT)
            return ws_fail(err, WS_INVALID, "'columns' has column %" PRIu32 " twice", column + 1);
        slots[column] = (uint32_t)i;
    }
    *out = (struct ws_columns){slots, all ? there : (uint32_t)wanted->count};
    return WS_OK;
}
