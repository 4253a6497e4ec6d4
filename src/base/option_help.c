/*
 * What people are told about a table of options: its help, and the name they probably meant.
 */
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"
#include "base/option.h"

enum {
    LONGEST_NAME = 63, /* longer names get no suggestion */
    HELP_WIDTH = 100,
    WIDEST_NAME = 30, /* in the left column; longer ones stand on their own line */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * Damerau-Levenshtein distance, optimal string alignment: insertions, deletions, substitutions and
 * swaps of neighbours, no part edited twice. Row i of the table needs only the two before it.
 */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST_NAME + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t height = strlen(a), width = strlen(b);
    if (height > LONGEST_NAME || width > LONGEST_NAME)
        return SIZE_MAX;
    for (size_t j = 0; j <= width; j++)
        above[j] = j;
    for (size_t i = 1; i <= height; i++) {
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t replaced = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(replaced, 1 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[width];
}

/* The nearest so far; the first of equals. */
struct nearest {
    const char *name;
    size_t distance;
};

static struct nearest nearest_to(const char *name)
{
    size_t third = strlen(name) / 3;
    return (struct nearest){NULL, (third > 1 ? third : 1) + 1};
}

static void consider(struct nearest *nearest, const char *name, const char *candidate)
{
    size_t d = distance(name, candidate);
    if (d < nearest->distance)
        *nearest = (struct nearest){candidate, d};
}

const char *ws_nearest_name(const char *name, const char *const *names, size_t count)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < count; i++)
        consider(&nearest, name, names[i]);
    return nearest.name;
}

enum ws_status ws_option_unknown(const struct ws_option_table *const *tables, size_t table_count,
                                 const char *name, const char *where, struct ws_error *err)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < table_count; i++)
        for (size_t j = 0; j < tables[i]->count; j++)
            consider(&nearest, name, tables[i]->options[j].name);
    if (nearest.name)
        return ws_fail(err, WS_INVALID, "%s: unknown setting '%.100s'; did you mean '%s'?", where,
                       name, nearest.name);
    return ws_fail(err, WS_INVALID, "%s: unknown setting '%.100s'", where, name);
}

static void describe_range(const struct ws_option *option, struct ws_buffer *out)
{
    char from[WS_REAL_TEXT_SIZE], to[WS_REAL_TEXT_SIZE];
    ws_real_text(option->min, from);
    ws_real_text(option->max, to);
    ws_buffer_format(out, "%s to %s", from, to);
}

static void describe_choices(const char *choices, struct ws_buffer *out)
{
    for (;;) {
        size_t size = strcspn(choices, "|");
        ws_buffer_append(out, choices, size);
        if (!choices[size])
            return;
        choices += size + 1;
        ws_buffer_text(out, strchr(choices, '|') ? ", " : " or ");
    }
}

/* "simulated generations (whole number, 1 to 1000; default 10)" */
static void describe(const struct ws_option *option, struct ws_buffer *out)
{
    ws_buffer_format(out, "%s (", option->help);
    switch (option->type) {
    case WS_OPTION_FLAG:
        ws_buffer_text(out, "true or false");
        break;
    case WS_OPTION_WHOLE:
        ws_buffer_text(out, "whole number, ");
        describe_range(option, out);
        break;
    case WS_OPTION_REAL:
        ws_buffer_text(out, "number, ");
        describe_range(option, out);
        break;
    case WS_OPTION_CHOICE:
        describe_choices(option->choices, out);
        break;
    case WS_OPTION_LIST:
        ws_buffer_text(out, "list");
        break;
    case WS_OPTION_TEXT:
    case WS_OPTION_UNKNOWN:
        ws_buffer_text(out, "text");
        break;
    }
    if (!option->initial)
        ws_buffer_text(out, "; must be given)");
    else if (option->initial[0])
        ws_buffer_format(out, "; default %s)", option->initial);
    else
        ws_buffer_text(out, "; default empty)");
}

/* Words from column `indent` on, where the line already stands; a word is never broken. */
static void wrap(const char *text, size_t indent, struct ws_buffer *out)
{
    size_t column = indent;
    while (*text) {
        size_t size = strcspn(text, " ");
        if (column > indent && column + 1 + size > HELP_WIDTH) {
            ws_buffer_format(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            ws_buffer_text(out, " ");
            column++;
        }
        ws_buffer_append(out, text, size);
        column += size;
        text += size + strspn(text + size, " ");
    }
    ws_buffer_text(out, "\n");
}

static size_t left_column(const struct ws_option_table *table)
{
    size_t widest = 0;
    for (size_t i = 0; i < table->count; i++) {
        size_t size = strlen(table->options[i].name);
        if (size > widest && size <= WIDEST_NAME)
            widest = size;
    }
    return 2 + widest + 2;
}

void ws_options_help(const struct ws_option_table *table, struct ws_buffer *out)
{
    struct ws_buffer text;
    ws_buffer_init(&text, out->allocator, out->limit);
    size_t indent = left_column(table);
    ws_buffer_format(out, "%s:\n", table->owner);
    for (size_t i = 0; i < table->count; i++) {
        const struct ws_option *option = &table->options[i];
        ws_buffer_format(out, "  %-*s", (int)indent - 2, option->name);
        if (strlen(option->name) > WIDEST_NAME)
            ws_buffer_format(out, "\n%*s", (int)indent, "");
        ws_buffer_reset(&text);
        describe(option, &text);
        if (text.status != WS_OK && out->status == WS_OK)
            out->status = text.status;
        wrap(ws_buffer_string(&text), indent, out);
    }
    ws_buffer_release(&text);
}
