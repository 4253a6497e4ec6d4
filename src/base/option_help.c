/*
 * What people are told about a table of options: its help, and the name they probably meant.
 */
#include <float.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
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

/* The nearest so far, the first of equals: at most a third of the name's length away. */
struct nearest {
    const char *name;
    size_t distance;
};

static struct nearest nearest_to(const char *name)
{
    size_t third = strlen(name) / 3;
    return (struct nearest){NULL, (third > 1 ? third : 1) + 1};
}

static bool consider(struct nearest *nearest, const char *name, const char *candidate)
{
    size_t d = distance(name, candidate);
    if (d >= nearest->distance)
        return false;
    *nearest = (struct nearest){candidate, d};
    return true;
}

const char *ws_nearest_name(const char *name, const char *const *names, size_t count)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < count; i++)
        (void)consider(&nearest, name, names[i]);
    return nearest.name;
}

enum ws_status ws_option_unknown(const struct ws_option_table *const *tables, size_t table_count,
                                 const char *name, const char *where, struct ws_error *err)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < table_count; i++)
        for (size_t j = 0; j < tables[i]->count; j++)
            (void)consider(&nearest, name, tables[i]->options[j].name);
    if (nearest.name)
        return ws_fail(err, WS_INVALID, "%s: unknown setting '%.100s'; did you mean '%s'?", where,
                       name, nearest.name);
    return ws_fail(err, WS_INVALID, "%s: unknown setting '%.100s'", where, name);
}

/* "from 0 to 1", "of at least 0", or nothing for a range without end. */
static void append_range(const struct ws_option *option, struct ws_buffer *out)
{
    char from[WS_REAL_TEXT_SIZE], to[WS_REAL_TEXT_SIZE];
    ws_real_text(option->min, from);
    ws_real_text(option->max, to);
    if (option->max < DBL_MAX)
        ws_buffer_format(out, " from %s to %s", from, to);
    else if (option->min > -DBL_MAX)
        ws_buffer_format(out, " of at least %s", from);
}

/* "mle|unbiased" as "mle, unbiased" */
static void append_choices(const char *choices, struct ws_buffer *out)
{
    for (;;) {
        size_t size = strcspn(choices, "|");
        ws_buffer_append(out, choices, size);
        if (!choices[size])
            return;
        choices += size + 1;
        ws_buffer_text(out, ", ");
    }
}

/* What an option takes: for messages and help alike. */
static void append_wanted(const struct ws_option *option, struct ws_buffer *out)
{
    switch (option->type) {
    case WS_OPTION_FLAG:
        ws_buffer_text(out, "true or false");
        break;
    case WS_OPTION_WHOLE:
        ws_buffer_format(out, "a whole number from %" PRIu64 " to %" PRIu64,
                         ws_whole_bound(option->min), ws_whole_bound(option->max));
        break;
    case WS_OPTION_REAL:
        ws_buffer_text(out, "a number");
        append_range(option, out);
        break;
    case WS_OPTION_CHOICE:
        ws_buffer_text(out, "one of ");
        append_choices(option->choices, out);
        break;
    case WS_OPTION_LIST:
        ws_buffer_text(out, "a list without empty items");
        if (option->min > 0)
            ws_buffer_format(out, ", at least %.0f", option->min);
        break;
    case WS_OPTION_TEXT:
    case WS_OPTION_UNKNOWN:
        ws_buffer_text(out, "one line of UTF-8 text");
        break;
    }
}

/* Which of "mle|unbiased" was probably meant, in `out`, or "". */
static void nearest_choice(const char *choices, const char *text, char out[LONGEST_NAME + 1])
{
    struct nearest nearest = nearest_to(text);
    out[0] = '\0';
    for (size_t size; *choices; choices += size + (choices[size] == '|')) {
        char name[LONGEST_NAME + 1];
        size = strcspn(choices, "|");
        (void)snprintf(name, sizeof name, "%.*s", (int)size, choices);
        if (consider(&nearest, text, name))
            memcpy(out, name, sizeof name);
    }
}

enum ws_status ws_option_refused(const struct ws_option *option, const char *text,
                                 const char *where, struct ws_error *err)
{
    char storage[256], nearest[LONGEST_NAME + 1] = "";
    struct ws_buffer wanted;
    ws_buffer_fix(&wanted, storage, sizeof storage);
    append_wanted(option, &wanted);
    if (option->type == WS_OPTION_CHOICE)
        nearest_choice(option->choices, text, nearest);
    /* A long value is cut, so that what was wanted still fits. */
    return ws_fail(err, WS_INVALID, "%s: '%s' is '%.100s', wanted %s%s%s%s", where, option->name,
                   text, ws_buffer_string(&wanted), nearest[0] ? "; did you mean '" : "", nearest,
                   nearest[0] ? "'?" : "");
}

void ws_option_help(const struct ws_option *option, struct ws_buffer *out)
{
    ws_buffer_format(out, "%s (", option->help);
    append_wanted(option, out);
    if (!option->initial)
        ws_buffer_text(out, "; must be given)");
    else
        ws_buffer_format(out, "; default %s)", option->initial[0] ? option->initial : "empty");
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
        ws_option_help(option, &text);
        if (text.status != WS_OK && out->status == WS_OK)
            out->status = text.status;
        wrap(ws_buffer_string(&text), indent, out);
    }
    ws_buffer_release(&text);
}
