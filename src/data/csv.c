#include "data/csv.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "data/table_columns.h"

enum { NUMBER_SIZE = 2048 /* of a cell's text; no double has as many digits */ };

/* ---- Records and fields ---- */

struct scanner {
    const uint8_t *next, *end;
    uint64_t line;   /* where the next field begins, from 1 */
    uint32_t column; /* of the next field in its record, from 0 */
    uint8_t delimiter;
    const char *name;
    struct ws_error *err;
};

struct field {
    struct ws_bytes
        text; /* of a quoted one what is between the quotes, a quote in it still doubled */
    uint64_t line;
    uint32_t column;
    bool is_last; /* of its record */
};

static enum ws_status field_fault(const struct scanner *s, uint64_t line, enum ws_status status,
                                  const char *what)
{
    return ws_fail(s->err, status, "%s:%" PRIu64 ": column %" PRIu32 " %s", s->name, line,
                   s->column + 1, what);
}

/* Steps over a line break; false when there is none. */
static bool take_break(struct scanner *s)
{
    size_t left = (size_t)(s->end - s->next);
    size_t size = 0;
    if (left >= 1 && s->next[0] == '\n')
        size = 1;
    else if (left >= 2 && s->next[0] == '\r' && s->next[1] == '\n')
        size = 2;
    s->next += size;
    s->line += size > 0;
    return size > 0;
}

/* The bytes between quotes; `next` is behind the first one and moves behind the last. */
static enum ws_status take_quoted(struct scanner *s, struct ws_bytes *out)
{
    const uint8_t *start = s->next;
    uint64_t first_line = s->line;
    for (; s->next < s->end; s->next++) {
        if (s->next - start > WS_CSV_FIELD_LIMIT)
            return field_fault(s, first_line, WS_LIMIT,
                               "is longer than 65536 bytes; is its quote closed?");
        if (*s->next == '\n')
            s->line++;
        if (*s->next != '"')
            continue;
        bool is_doubled = s->end - s->next > 1 && s->next[1] == '"';
        if (!is_doubled) {
            *out = ws_bytes_of(start, (size_t)(s->next - start));
            s->next++;
            return WS_OK;
        }
        s->next++;
    }
    return field_fault(s, first_line, WS_CORRUPT, "begins with a quote that is never closed");
}

static bool ends_field(const struct scanner *s, const uint8_t *p)
{
    return *p == s->delimiter || *p == '\n' || (*p == '\r' && s->end - p > 1 && p[1] == '\n');
}

static enum ws_status take_plain(struct scanner *s, struct ws_bytes *out)
{
    const uint8_t *p = s->next;
    for (; p < s->end && !ends_field(s, p); p++)
        if (*p == '"')
            return field_fault(s, s->line, WS_CORRUPT,
                               "has a quote inside; a field with quotes is quoted as a whole");
    if (p - s->next > WS_CSV_FIELD_LIMIT)
        return field_fault(s, s->line, WS_LIMIT, "is longer than 65536 bytes");
    *out = ws_bytes_of(s->next, (size_t)(p - s->next));
    s->next = p;
    return WS_OK;
}

static enum ws_status next_field(struct scanner *s, struct field *out)
{
    struct field field = {.line = s->line, .column = s->column};
    if (s->next < s->end && *s->next == '"') {
        s->next++;
        WS_TRY(take_quoted(s, &field.text));
    } else {
        WS_TRY(take_plain(s, &field.text));
    }
    if (s->next < s->end && *s->next == s->delimiter) {
        s->next++;
        s->column++;
        if (s->column == WS_CSV_FIELDS_LIMIT)
            return ws_fail(s->err, WS_LIMIT, "%s:%" PRIu64 ": more than %d columns", s->name,
                           s->line, WS_CSV_FIELDS_LIMIT);
    } else if (s->next == s->end || take_break(s)) {
        s->column = 0;
        field.is_last = true;
    } else {
        return field_fault(s, s->line, WS_CORRUPT, "has text behind its closing quote");
    }
    *out = field;
    return WS_OK;
}

static bool is_at_end(const struct scanner *s)
{
    return s->next == s->end;
}

/* Without the line breaks behind the last record. */
static size_t trimmed_size(struct ws_bytes text)
{
    size_t size = text.size;
    while (size > 0 && text.data[size - 1] == '\n')
        size -= size > 1 && text.data[size - 2] == '\r' ? 2 : 1;
    return size;
}

static struct scanner scan(struct ws_bytes text, const char *name, const struct ws_csv_form *form,
                           struct ws_error *err)
{
    static const uint8_t delimiters[] = {
        [WS_CSV_COMMA] = ',', [WS_CSV_SEMICOLON] = ';', [WS_CSV_TAB] = '\t',
        [WS_CSV_SPACE] = ' ', [WS_CSV_BAR] = '|',
    };
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf}; /* UTF-8's byte order mark */
    if (text.size >= sizeof mark && memcmp(text.data, mark, sizeof mark) == 0)
        text = ws_bytes_of(text.data + sizeof mark, text.size - sizeof mark);
    size_t size = trimmed_size(text);
    const uint8_t *end = size > 0 ? text.data + size : text.data;
    return (struct scanner){.next = text.data,
                            .end = end,
                            .line = 1,
                            .delimiter = delimiters[form->delimiter],
                            .name = name,
                            .err = err};
}

/* ---- Cells ---- */

/* The cell without blanks around it, zero-terminated; false when it is too long for a number. */
static bool copy_cell(struct ws_bytes text, char out[NUMBER_SIZE])
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = ws_bytes_of(text.data + 1, text.size - 1);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    if (text.size >= NUMBER_SIZE || (text.size > 0 && memchr(text.data, '\0', text.size)))
        return false;
    if (text.size > 0)
        memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return true;
}

static bool read_number(struct ws_bytes text, double *out)
{
    char number[NUMBER_SIZE];
    return copy_cell(text, number) && ws_real_parse(number, out);
}

/* What stands for a number in data, though none can be read from it. */
static bool names_a_number(struct ws_bytes text)
{
    static const char *const names[] = {"nan", "na", "inf", "infinity"};
    char cell[NUMBER_SIZE];
    if (!copy_cell(text, cell))
        return false;
    const char *start = cell + (cell[0] == '-' || cell[0] == '+');
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(start, names[i]) == 0)
            return true;
    return false;
}

/* ---- Tables ---- */

struct table {
    struct scanner records; /* from the first record of numbers on */
    uint32_t there;         /* columns, as many as the first record has */
    const char **names;     /* NULL: no header */
    struct ws_columns columns;
};

/* How many fields the record has; whether it can only be a header. */
static enum ws_status look_at_first(struct scanner s, struct table *table, bool *names_columns)
{
    struct field field = {0};
    bool has_number = false, is_empty = true;
    while (!field.is_last) {
        double ignored;
        WS_TRY(next_field(&s, &field));
        has_number = has_number || read_number(field.text, &ignored) || names_a_number(field.text);
        is_empty = is_empty && field.text.size == 0;
    }
    table->there = field.column + 1;
    *names_columns = !has_number && !is_empty;
    return WS_OK;
}

/* The text of a field, each doubled quote in it single. */
static const char *copy_name(struct ws_bytes text, struct ws_arena *arena)
{
    char *name = WS_ARENA_NEW(arena, char, text.size + 1);
    size_t size = 0;
    for (size_t i = 0; name && i < text.size; i++) {
        name[size++] = (char)text.data[i];
        i += text.data[i] == '"';
    }
    if (name)
        name[size] = '\0';
    return name;
}

static enum ws_status read_header(struct table *table, struct ws_arena *arena)
{
    struct field field = {0};
    table->names = WS_ARENA_NEW(arena, const char *, table->there);
    if (!table->names)
        return ws_fail_memory(table->records.err, "the header of a table");
    while (!field.is_last) {
        WS_TRY(next_field(&table->records, &field));
        const char *name = copy_name(field.text, arena);
        if (!name)
            return ws_fail_memory(table->records.err, "the header of a table");
        table->names[field.column] = name;
    }
    return WS_OK;
}

/* Every record has as many fields as the first. */
static enum ws_status count_records(const struct table *table, uint64_t *out)
{
    struct scanner s = table->records;
    uint64_t count = 0;
    for (; !is_at_end(&s); count++) {
        struct field field = {0};
        while (!field.is_last)
            WS_TRY(next_field(&s, &field));
        if (field.column + 1 != table->there)
            return ws_fail(s.err, WS_CORRUPT,
                           "%s:%" PRIu64 ": %" PRIu32 " column%s, wanted %" PRIu32 " as line 1 has",
                           s.name, field.line, field.column + 1, field.column > 0 ? "s" : "",
                           table->there);
    }
    *out = count;
    return WS_OK;
}

static enum ws_status refuse_cell(const struct table *table, const struct field *field)
{
    const char *name = table->names ? table->names[field->column] : NULL;
    return ws_fail(table->records.err, WS_CORRUPT,
                   "%s:%" PRIu64 ": column %" PRIu32 "%s%.60s%s is '%.*s', wanted a finite number",
                   table->records.name, field->line, field->column + 1, name ? ", '" : "",
                   name ? name : "", name ? "'," : "",
                   field->text.size < 60 ? (int)field->text.size : 60,
                   (const char *)field->text.data);
}

static enum ws_status read_records(const struct table *table, uint64_t count, double *values)
{
    struct scanner s = table->records;
    for (uint64_t row = 0; row < count; row++) {
        double *vector = values + row * table->columns.count;
        struct field field = {0};
        while (!field.is_last) {
            WS_TRY(next_field(&s, &field));
            uint32_t slot = table->columns.slots[field.column];
            if (slot != WS_COLUMN_LEFT_OUT && !read_number(field.text, &vector[slot]))
                return refuse_cell(table, &field);
        }
    }
    return WS_OK;
}

static enum ws_status read_table(struct table *table, struct ws_arena *arena,
                                 struct ws_payload *out)
{
    struct ws_error *err = table->records.err;
    uint64_t count = 0;
    WS_TRY(count_records(table, &count));
    if (count == 0)
        return ws_fail(err, WS_UNSUPPORTED, "'%s' has no row of numbers", table->records.name);
    if (count > UINT32_MAX)
        return ws_fail(err, WS_LIMIT, "'%s' has %" PRIu64 " rows; the most is 2^32 - 1",
                       table->records.name, count);
    double *values = ws_arena_alloc(arena, count, table->columns.count * sizeof *values);
    if (!values)
        return ws_fail_memory(err, "the numbers of a table");
    WS_TRY(read_records(table, count, values));
    *out = (struct ws_payload){.kind = WS_DATA_VECTORS,
                               .count = count,
                               .dimension = table->columns.count,
                               .vectors = values};
    return WS_OK;
}

enum ws_status ws_csv_read(struct ws_bytes text, const char *name, const struct ws_csv_form *form,
                           const struct ws_text_list *columns, struct ws_arena *arena,
                           struct ws_payload *out, struct ws_error *err)
{
    struct table table = {.records = scan(text, name, form, err)};
    if (is_at_end(&table.records))
        return ws_fail(err, WS_UNSUPPORTED, "'%s' is empty, wanted rows of numbers", name);
    bool names_columns = false;
    WS_TRY(look_at_first(table.records, &table, &names_columns));
    if (form->header == WS_CSV_HEADER_YES || (form->header == WS_CSV_HEADER_DETECTED &&
                                              (names_columns || ws_columns_have_names(columns))))
        WS_TRY(read_header(&table, arena));
    enum ws_status status =
        ws_columns_choose(columns, table.there, table.names, arena, &table.columns, err);
    if (status == WS_INVALID)
        ws_error_prefix(err, "%s", name);
    WS_TRY(status);
    return read_table(&table, arena, out);
}
