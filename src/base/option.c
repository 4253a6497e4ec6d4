#include "base/option.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/number.h"

/* A field of the settings, typed by the table. */
static void *field_of(const struct ws_option *option, void *settings)
{
    return (char *)settings + option->offset;
}

static const void *value_of(const struct ws_option *option, const void *settings)
{
    return (const char *)settings + option->offset;
}

const struct ws_option *ws_option_find(const struct ws_option_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->options[i].name, name) == 0)
            return &table->options[i];
    return NULL;
}

/* What is given to every setter: the option, where its value came from, and the value. */
struct setting {
    const struct ws_option *option;
    void *field;
    const char *text;
    const char *where;
    struct ws_arena *arena;
    struct ws_error *err;
};

static enum ws_status refuse(const struct setting *set)
{
    return ws_option_refused(set->option, set->text, set->where, set->err);
}

static enum ws_status set_flag(const struct setting *set)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(set->text, words[i]) == 0) {
            *(bool *)set->field = i % 2 == 1;
            return WS_OK;
        }
    }
    return refuse(set);
}

static enum ws_status set_whole(const struct setting *set)
{
    uint64_t value;
    if (!ws_whole_parse(set->text, &value) || value < ws_whole_bound(set->option->min) ||
        value > ws_whole_bound(set->option->max))
        return refuse(set);
    *(uint64_t *)set->field = value;
    return WS_OK;
}

static enum ws_status set_real(const struct setting *set)
{
    double value;
    if (!ws_real_parse(set->text, &value) || value < set->option->min || value > set->option->max)
        return refuse(set);
    *(double *)set->field = value == 0 ? 0 : value; /* one zero: -0 would print differently */
    return WS_OK;
}

static enum ws_status set_text(const struct setting *set)
{
    if (!ws_is_one_line(set->text)) /* the canonical text has one line for each setting */
        return refuse(set);
    const char *copy = ws_arena_text(set->arena, set->text);
    if (!copy)
        return ws_fail_memory(set->err, set->option->name);
    *(const char **)set->field = copy;
    return WS_OK;
}

/* The `index`-th choice of "mle|unbiased": where it starts, and its size; NULL after the last. */
static const char *choice_at(const char *choices, uint32_t index, size_t *size)
{
    for (; index > 0; index--) {
        choices = strchr(choices, '|');
        if (!choices)
            return NULL;
        choices++;
    }
    *size = strcspn(choices, "|");
    return choices;
}

static enum ws_status set_choice(const struct setting *set)
{
    const char *choice;
    size_t size;
    for (uint32_t i = 0; (choice = choice_at(set->option->choices, i, &size)); i++) {
        if (strlen(set->text) == size && memcmp(set->text, choice, size) == 0) {
            *(uint32_t *)set->field = i;
            return WS_OK;
        }
    }
    return refuse(set);
}

/* The next item of a list, without the blanks around it; `*text` moves behind its comma, or becomes
 * NULL after the last. */
static struct ws_bytes next_item(const char **text)
{
    const char *start = *text + strspn(*text, " ");
    size_t size = strcspn(start, ",");
    *text = start[size] ? start + size + 1 : NULL;
    while (size > 0 && start[size - 1] == ' ')
        size--;
    return ws_bytes_of(start, size);
}

static size_t count_items(const char *text)
{
    if (text[strspn(text, " ")] == '\0')
        return 0;
    size_t count = 1;
    for (; *text; text++)
        count += *text == ',';
    return count;
}

static enum ws_status set_list(const struct setting *set)
{
    struct ws_text_list list = {.count = count_items(set->text)};
    if (!ws_is_one_line(set->text) || (double)list.count < set->option->min)
        return refuse(set);
    list.items = WS_ARENA_NEW(set->arena, const char *, list.count);
    if (!list.items)
        return ws_fail_memory(set->err, set->option->name);
    const char *rest = set->text;
    for (size_t i = 0; i < list.count; i++) {
        struct ws_bytes item = next_item(&rest);
        if (item.size == 0)
            return refuse(set);
        list.items[i] =
            ws_arena_format(set->arena, "%.*s", (int)item.size, (const char *)item.data);
        if (!list.items[i])
            return ws_fail_memory(set->err, set->option->name);
    }
    *(struct ws_text_list *)set->field = list;
    return WS_OK;
}

enum ws_status ws_option_set(const struct ws_option *option, void *settings, const char *text,
                             const char *where, struct ws_arena *arena, struct ws_error *err)
{
    const struct setting set = {option, field_of(option, settings), text, where, arena, err};
    assert(option->type != WS_OPTION_UNKNOWN);
    switch (option->type) {
    case WS_OPTION_FLAG:
        return set_flag(&set);
    case WS_OPTION_WHOLE:
        return set_whole(&set);
    case WS_OPTION_REAL:
        return set_real(&set);
    case WS_OPTION_TEXT:
        return set_text(&set);
    case WS_OPTION_CHOICE:
        return set_choice(&set);
    case WS_OPTION_LIST:
        return set_list(&set);
    case WS_OPTION_UNKNOWN:
        break;
    }
    return ws_fail(err, WS_INVALID, "%s: '%s' has no type", where, option->name);
}

enum ws_status ws_options_defaults(const struct ws_option_table *table, void *settings,
                                   struct ws_arena *arena, struct ws_error *err)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct ws_option *option = &table->options[i];
        if (option->initial)
            WS_TRY(ws_option_set(option, settings, option->initial, table->owner, arena, err));
    }
    return WS_OK;
}

static void print_list(const struct ws_text_list *list, struct ws_buffer *out)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            ws_buffer_text(out, ",");
        ws_buffer_text(out, list->items[i]);
    }
}

static void print_choice(const char *choices, uint32_t index, struct ws_buffer *out)
{
    size_t size = 0;
    const char *choice = choice_at(choices, index, &size);
    assert(choice);
    if (choice)
        ws_buffer_append(out, choice, size);
}

static void print_real(double value, struct ws_buffer *out)
{
    char text[WS_REAL_TEXT_SIZE];
    ws_real_text(value, text);
    ws_buffer_text(out, text);
}

void ws_option_print(const struct ws_option *option, const void *settings, struct ws_buffer *out)
{
    const void *value = value_of(option, settings);
    switch (option->type) {
    case WS_OPTION_FLAG:
        ws_buffer_text(out, *(const bool *)value ? "true" : "false");
        break;
    case WS_OPTION_WHOLE:
        ws_buffer_format(out, "%" PRIu64, *(const uint64_t *)value);
        break;
    case WS_OPTION_REAL:
        print_real(*(const double *)value, out);
        break;
    case WS_OPTION_TEXT: {
        const char *text = *(const char *const *)value;
        ws_buffer_text(out, text ? text : "");
        break;
    }
    case WS_OPTION_CHOICE:
        print_choice(option->choices, *(const uint32_t *)value, out);
        break;
    case WS_OPTION_LIST:
        print_list(value, out);
        break;
    case WS_OPTION_UNKNOWN:
        break;
    }
}

/* Of an option that came later, whose default is in canonical form, and short. No memory is asked
 * for: there is nobody to be told that there is none. */
static bool is_at_default(const struct ws_option *option, const void *settings)
{
    char storage[64];
    struct ws_buffer value;
    ws_buffer_fix(&value, storage, sizeof storage);
    ws_option_print(option, settings, &value);
    return ws_buffer_check(&value, option->name, NULL) == WS_OK &&
           strcmp(ws_buffer_string(&value), option->initial) == 0;
}

void ws_options_canonical(const struct ws_option_table *table, const void *settings,
                          bool with_growing, struct ws_buffer *out)
{
    unsigned left_out =
        WS_OPTION_EXECUTION | WS_OPTION_INPUT | (with_growing ? 0U : (unsigned)WS_OPTION_GROWS);
    for (size_t i = 0; i < table->count; i++) {
        const struct ws_option *option = &table->options[i];
        if (option->traits & left_out)
            continue;
        if (option->traits & WS_OPTION_LATER && is_at_default(option, settings))
            continue;
        ws_buffer_format(out, "%s=", option->name);
        ws_option_print(option, settings, out);
        ws_buffer_text(out, "\n");
    }
}
