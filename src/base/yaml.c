#include "base/yaml.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/buffer.h"

enum { LARGEST_TEXT = 1 << 20, MOST_ENTRIES = 1000, MOST_PARTS = 1000, MOST_PART_ENTRIES = 100 };

/* Entries as they are read. */
struct mapping {
    struct ws_yaml_entry *entries;
    size_t count, most;
};

struct reading {
    yaml_parser_t parser;
    yaml_event_t event; /* the one being looked at; of no type before the first */
    const char *name;
    struct ws_bytes text;
    struct ws_arena *arena;
    struct ws_buffer joined; /* the list being read */
    struct mapping head;
    struct ws_yaml_part *parts; /* NULL where lists hold scalars only */
    size_t part_count;
    struct ws_error *err;
};

static size_t event_line(const struct reading *r)
{
    return r->event.start_mark.line + 1;
}

#define FAIL(r, text) ws_fail((r)->err, WS_INVALID, "%s:%zu: " text, (r)->name, event_line(r))
#define FAIL_OF(r, text, ...)                                                                      \
    ws_fail((r)->err, WS_INVALID, "%s:%zu: " text, (r)->name, event_line(r), __VA_ARGS__)

/* libyaml's reader gives an offset, its scanner and parser a mark. */
static size_t problem_line(const struct reading *r)
{
    if (r->parser.error != YAML_READER_ERROR)
        return r->parser.problem_mark.line + 1;
    size_t line = 1;
    for (size_t i = 0; i < r->text.size && i < r->parser.problem_offset; i++)
        line += r->text.data[i] == '\n';
    return line;
}

/* Every fault of the text has a problem; without one memory was out (libyaml forgets to say so when
 * it fails to copy a tag). */
static enum ws_status fail_syntax(const struct reading *r)
{
    if (!r->parser.problem)
        return ws_fail_memory(r->err, r->name);
    const char *context = r->parser.context; /* "while parsing a flow sequence" */
    return ws_fail(r->err, WS_INVALID, "%s:%zu: %s%s%s", r->name, problem_line(r),
                   context ? context : "", context ? ", " : "", r->parser.problem);
}

static enum ws_status advance(struct reading *r)
{
    yaml_event_delete(&r->event);
    return yaml_parser_parse(&r->parser, &r->event) ? WS_OK : fail_syntax(r);
}

static const char *scalar_text(const struct reading *r)
{
    return (const char *)r->event.data.scalar.value;
}

static bool is_null(const struct reading *r)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(scalar_text(r), words[i]) == 0)
            return true;
    return false;
}

/* What is under the eye must be a scalar without anchor, tag or zero byte: `what` of the file. */
static enum ws_status check_scalar(const struct reading *r, const char *what)
{
    if (r->event.type == YAML_ALIAS_EVENT)
        return FAIL_OF(r, "alias '*%.60s', wanted %s", (const char *)r->event.data.alias.anchor,
                       what);
    if (r->event.type != YAML_SCALAR_EVENT)
        return FAIL_OF(r, "%s inside, wanted %s",
                       r->event.type == YAML_MAPPING_START_EVENT ? "a mapping" : "a list", what);
    if (r->event.data.scalar.anchor)
        return FAIL_OF(r, "anchor '&%.60s', wanted %s without anchors",
                       (const char *)r->event.data.scalar.anchor, what);
    if (r->event.data.scalar.tag)
        return FAIL_OF(r, "tag '%.60s', wanted %s without tags",
                       (const char *)r->event.data.scalar.tag, what);
    if (strlen(scalar_text(r)) != r->event.data.scalar.length)
        return FAIL_OF(r, "a zero byte, wanted %s without", what);
    return WS_OK;
}

static enum ws_status read_name(struct reading *r, const struct mapping *mapping,
                                struct ws_yaml_entry *entry)
{
    WS_TRY(check_scalar(r, "the name of a setting"));
    if (is_null(r) || scalar_text(r)[0] == '\0')
        return FAIL(r, "empty name, wanted the name of a setting");
    for (size_t i = 0; i < mapping->count; i++)
        if (strcmp(mapping->entries[i].name, scalar_text(r)) == 0)
            return FAIL_OF(r, "'%.100s' is given twice, first on line %zu", scalar_text(r),
                           mapping->entries[i].line);
    entry->line = event_line(r);
    entry->name = ws_arena_text(r->arena, scalar_text(r));
    return entry->name ? WS_OK : ws_fail_memory(r->err, r->name);
}

static enum ws_status check_list(const struct reading *r, const char *name)
{
    if (r->event.data.sequence_start.anchor || r->event.data.sequence_start.tag)
        return FAIL_OF(r, "'%.100s' has an anchor or a tag, wanted a plain list", name);
    return WS_OK;
}

static enum ws_status check_item(const struct reading *r, const char *name)
{
    WS_TRY(check_scalar(r, "a plain item of a list"));
    if (is_null(r) || scalar_text(r)[0] == '\0')
        return FAIL_OF(r, "'%.100s' has an empty item", name);
    if (strchr(scalar_text(r), ','))
        return FAIL_OF(r, "'%.100s' has the item '%.100s', wanted items without ','", name,
                       scalar_text(r));
    return WS_OK;
}

/* "a=1 b=2": a blank in a name or a value would be taken for the next. */
static enum ws_status read_mapping(struct reading *r, const char *name)
{
    if (r->event.data.mapping_start.anchor || r->event.data.mapping_start.tag)
        return FAIL_OF(r, "'%.100s' has an anchor or a tag, wanted a plain mapping", name);
    WS_TRY(advance(r));
    if (r->event.type == YAML_MAPPING_END_EVENT)
        return FAIL_OF(r, "'%.100s' has an empty item", name);
    for (size_t n = 0; r->event.type != YAML_MAPPING_END_EVENT; n++) {
        WS_TRY(check_item(r, name));
        if (strpbrk(scalar_text(r), "= "))
            return FAIL_OF(r, "'%.100s' has the name '%.100s', wanted the name of a setting", name,
                           scalar_text(r));
        ws_buffer_format(&r->joined, "%s%s=", n > 0 ? " " : "", scalar_text(r));
        WS_TRY(advance(r));
        WS_TRY(check_item(r, name));
        if (strchr(scalar_text(r), ' '))
            return FAIL_OF(r, "'%.100s' has the value '%.100s', wanted one without blanks", name,
                           scalar_text(r));
        ws_buffer_text(&r->joined, scalar_text(r));
        WS_TRY(advance(r));
    }
    return WS_OK;
}

static enum ws_status read_item(struct reading *r, const char *name)
{
    if (r->event.type == YAML_MAPPING_START_EVENT)
        return read_mapping(r, name);
    WS_TRY(check_item(r, name));
    ws_buffer_text(&r->joined, scalar_text(r));
    return WS_OK;
}

/* The items of a list whose first one is under the eye. */
static enum ws_status read_items(struct reading *r, struct ws_yaml_entry *entry)
{
    entry->list = true;
    ws_buffer_reset(&r->joined);
    while (r->event.type != YAML_SEQUENCE_END_EVENT) {
        if (r->joined.size > 0)
            ws_buffer_text(&r->joined, ",");
        WS_TRY(read_item(r, entry->name));
        WS_TRY(advance(r));
    }
    WS_TRY(ws_buffer_check(&r->joined, r->name, r->err));
    entry->text = ws_arena_text(r->arena, ws_buffer_string(&r->joined));
    return entry->text ? WS_OK : ws_fail_memory(r->err, r->name);
}

static enum ws_status read_scalar(struct reading *r, struct ws_yaml_entry *entry)
{
    WS_TRY(check_scalar(r, "a value or a list of values"));
    if (is_null(r))
        return FAIL_OF(r, "'%.100s' has no value", entry->name);
    entry->text = ws_arena_text(r->arena, scalar_text(r));
    return entry->text ? WS_OK : ws_fail_memory(r->err, r->name);
}

static bool begins_list(const struct reading *r)
{
    return r->event.type == YAML_SEQUENCE_START_EVENT;
}

/* A list has begun: goes to its first item. */
static enum ws_status enter_list(struct reading *r, const char *name)
{
    WS_TRY(check_list(r, name));
    return advance(r);
}

static enum ws_status start_mapping(struct reading *r, size_t most, struct mapping *out)
{
    *out = (struct mapping){WS_ARENA_NEW(r->arena, struct ws_yaml_entry, most), 0, most};
    return out->entries ? WS_OK : ws_fail_memory(r->err, r->name);
}

/* Goes to the next name of a mapping and reads it; `more` is false at the mapping's end. */
static enum ws_status next_name(struct reading *r, struct mapping *mapping,
                                struct ws_yaml_entry *entry, bool *more)
{
    WS_TRY(advance(r));
    *more = r->event.type != YAML_MAPPING_END_EVENT;
    if (!*more)
        return WS_OK;
    if (mapping->count == mapping->most)
        return FAIL_OF(r, "more than %zu settings", mapping->most);
    *entry = (struct ws_yaml_entry){.list = false};
    WS_TRY(read_name(r, mapping, entry));
    return advance(r);
}

static enum ws_status read_part(struct reading *r, const char *list)
{
    struct mapping mapping;
    struct ws_yaml_entry entry;
    bool more;
    if (r->event.data.mapping_start.anchor || r->event.data.mapping_start.tag)
        return FAIL_OF(r, "'%.100s' has an anchor or a tag inside, wanted plain settings", list);
    if (r->part_count == MOST_PARTS)
        return FAIL_OF(r, "more than %d mappings in lists", MOST_PARTS);
    size_t line = event_line(r);
    WS_TRY(start_mapping(r, MOST_PART_ENTRIES, &mapping));
    WS_TRY(next_name(r, &mapping, &entry, &more));
    while (more) {
        if (begins_list(r)) {
            WS_TRY(enter_list(r, entry.name));
            WS_TRY(read_items(r, &entry));
        } else {
            WS_TRY(read_scalar(r, &entry));
        }
        mapping.entries[mapping.count++] = entry;
        WS_TRY(next_name(r, &mapping, &entry, &more));
    }
    r->parts[r->part_count++] = (struct ws_yaml_part){list, line, {mapping.entries, mapping.count}};
    return WS_OK;
}

/* A list of mappings whose first one is under the eye. */
static enum ws_status read_parts(struct reading *r, const char *name)
{
    while (r->event.type != YAML_SEQUENCE_END_EVENT) {
        if (r->event.type != YAML_MAPPING_START_EVENT)
            return FAIL_OF(r, "'%.100s' has an item that is no mapping among mappings", name);
        WS_TRY(read_part(r, name));
        WS_TRY(advance(r));
    }
    return WS_OK;
}

/* Keeps the entry, or the parts of its list. */
static enum ws_status read_value(struct reading *r, struct ws_yaml_entry *entry)
{
    if (!begins_list(r)) {
        WS_TRY(read_scalar(r, entry));
    } else {
        WS_TRY(enter_list(r, entry->name));
        if (r->parts && r->event.type == YAML_MAPPING_START_EVENT)
            return read_parts(r, entry->name);
        WS_TRY(read_items(r, entry));
    }
    r->head.entries[r->head.count++] = *entry;
    return WS_OK;
}

static enum ws_status read_entries(struct reading *r)
{
    struct ws_yaml_entry entry;
    bool more;
    WS_TRY(next_name(r, &r->head, &entry, &more));
    while (more) {
        WS_TRY(read_value(r, &entry));
        WS_TRY(next_name(r, &r->head, &entry, &more));
    }
    return WS_OK;
}

static bool is_empty_document(const struct reading *r)
{
    return r->event.type == YAML_STREAM_END_EVENT ||
           (r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length == 0 &&
            r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
}

static enum ws_status read_document(struct reading *r)
{
    WS_TRY(advance(r)); /* start of the stream */
    WS_TRY(advance(r)); /* start of the document, or the end of everything */
    if (!is_empty_document(r))
        WS_TRY(advance(r));
    if (is_empty_document(r))
        return ws_fail(r->err, WS_INVALID, "%s: is empty, wanted lines of 'name: value'", r->name);
    if (r->event.type != YAML_MAPPING_START_EVENT || r->event.data.mapping_start.anchor ||
        r->event.data.mapping_start.tag)
        return FAIL(r, "wanted lines of 'name: value' from the first on");
    WS_TRY(read_entries(r));
    WS_TRY(advance(r)); /* end of the document */
    WS_TRY(advance(r));
    if (r->event.type != YAML_STREAM_END_EVENT)
        return FAIL(r, "a second document, wanted one");
    return WS_OK;
}

static enum ws_status parse(struct reading *r)
{
    if (r->text.size > LARGEST_TEXT)
        return ws_fail(r->err, WS_INVALID, "%s: is %zu bytes long, wanted at most %d", r->name,
                       r->text.size, LARGEST_TEXT);
    WS_TRY(start_mapping(r, MOST_ENTRIES, &r->head));
    if (!yaml_parser_initialize(&r->parser))
        return ws_fail_memory(r->err, r->name);
    ws_buffer_init(&r->joined, r->arena->allocator, LARGEST_TEXT);
    yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
    const uint8_t *data = r->text.size > 0 ? r->text.data : (const uint8_t *)""; /* not NULL */
    yaml_parser_set_input_string(&r->parser, data, r->text.size);
    enum ws_status status = read_document(r);
    yaml_event_delete(&r->event);
    yaml_parser_delete(&r->parser);
    ws_buffer_release(&r->joined);
    return status;
}

enum ws_status ws_yaml_parse(struct ws_bytes text, const char *name, struct ws_arena *arena,
                             struct ws_yaml *out, struct ws_error *err)
{
    struct reading r = {.name = name, .text = text, .arena = arena, .err = err};
    WS_TRY(parse(&r));
    *out = (struct ws_yaml){r.head.entries, r.head.count};
    return WS_OK;
}

enum ws_status ws_yaml_parse_parts(struct ws_bytes text, const char *name, struct ws_arena *arena,
                                   struct ws_yaml_parts *out, struct ws_error *err)
{
    struct reading r = {.name = name, .text = text, .arena = arena, .err = err};
    r.parts = WS_ARENA_NEW(arena, struct ws_yaml_part, MOST_PARTS);
    if (!r.parts)
        return ws_fail_memory(err, name);
    WS_TRY(parse(&r));
    *out = (struct ws_yaml_parts){{r.head.entries, r.head.count}, r.parts, r.part_count};
    return WS_OK;
}
