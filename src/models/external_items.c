/* Items as lines of JSON. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "models/external.h"

static json_t *vector_of(const struct ws_payload *payload, uint64_t item)
{
    json_t *array = json_array();
    for (uint32_t j = 0; j < payload->dimension; j++) {
        json_t *number = json_real(payload->vectors[item * payload->dimension + j]);
        if (json_array_append_new(array, number) != 0)
            break; /* no memory: shorter, and found out below */
    }
    return array;
}

static json_t *tokens_of(const struct ws_payload *payload, uint64_t item)
{
    size_t size;
    const uint32_t *ids = ws_payload_tokens(payload, item, &size);
    json_t *array = json_array();
    for (size_t t = 0; t < size; t++)
        if (json_array_append_new(array, json_integer(ids[t])) != 0)
            break;
    return array;
}

/* The line of an item whose content is `value`, which it takes. */
static void write_line(const struct ws_origin *origin, const char *name, json_t *value,
                       struct ws_buffer *out)
{
    json_t *line = json_pack("{s:o, s:s, s:I}", name, value, "source",
                             ws_source_name(origin->source), "depth", (json_int_t)origin->depth);
    ws_json_append(line, out);
    ws_buffer_text(out, "\n");
    json_decref(line);
}

static void write_counts(const struct ws_segment *segment, struct ws_buffer *out)
{
    const struct ws_payload *payload = segment->payload;
    for (size_t i = 0; i < payload->counts.size; i++)
        for (uint64_t n = 0; n < payload->counts.count[i]; n++)
            write_line(&segment->origin, "symbol", json_integer(payload->counts.type[i]), out);
}

static void write_segment(const struct ws_segment *segment, struct ws_buffer *out)
{
    const struct ws_payload *payload = segment->payload;
    if (payload->kind == WS_DATA_COUNTS) {
        write_counts(segment, out);
        return;
    }
    for (uint64_t i = 0; i < segment->count && out->status == WS_OK; i++) {
        uint64_t item = ws_segment_item(segment, i);
        if (payload->kind == WS_DATA_VECTORS)
            write_line(&segment->origin, "vector", vector_of(payload, item), out);
        else if (payload->kind == WS_DATA_TOKENS)
            write_line(&segment->origin, "tokens", tokens_of(payload, item), out);
        else
            write_line(&segment->origin, "symbol", json_integer(payload->symbols[item]), out);
    }
}

enum ws_status ws_external_write_items(const struct ws_dataset *data, struct ws_buffer *out,
                                       struct ws_error *err)
{
    for (size_t s = 0; s < data->segment_count; s++)
        write_segment(&data->segments[s], out);
    return ws_buffer_check(out, "the items of a training set", err);
}

/* Reading ------------------------------------------------------------------------------------- */

struct items {
    const struct ws_external_model *model;
    const char *name;
    uint64_t line; /* from 1 */
    struct ws_error *err;
    uint64_t count; /* read so far */
    uint64_t wanted;
    double *vectors;   /* (wanted, dimension) */
    uint32_t *symbols; /* (wanted) */
    uint64_t *ends;    /* (wanted) */
    struct ws_buffer ids;
};

static enum ws_status refuse(const struct items *items, const char *what)
{
    return ws_fail(items->err, WS_CORRUPT, "%s:%" PRIu64 ": %s", items->name, items->line, what);
}

static const char *member_name(enum ws_data_kind kind)
{
    return kind == WS_DATA_VECTORS ? "vector" : kind == WS_DATA_TOKENS ? "tokens" : "symbol";
}

static enum ws_status read_vector(struct items *items, const json_t *value)
{
    uint32_t dimension = items->model->dimension;
    if (json_array_size(value) != dimension)
        return ws_fail(items->err, WS_CORRUPT,
                       "%s:%" PRIu64 ": 'vector' has %zu numbers, wanted %" PRIu32, items->name,
                       items->line, json_array_size(value), dimension);
    for (uint32_t j = 0; j < dimension; j++) {
        const json_t *number = json_array_get(value, j);
        if (!json_is_number(number) || !isfinite(json_number_value(number)))
            return refuse(items, "'vector' has something in it that is no number");
        items->vectors[items->count * dimension + j] = json_number_value(number);
    }
    return WS_OK;
}

static enum ws_status read_id(struct items *items, const json_t *value, const char *what,
                              uint32_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) >= (json_int_t)items->model->types)
        return ws_fail(items->err, WS_CORRUPT,
                       "%s:%" PRIu64 ": %s that is no whole number from 0 to %" PRIu32, items->name,
                       items->line, what, items->model->types - 1);
    *out = (uint32_t)json_integer_value(value);
    return WS_OK;
}

static enum ws_status read_tokens(struct items *items, const json_t *value)
{
    size_t size = json_array_size(value);
    if (size == 0 || size > items->model->length)
        return ws_fail(items->err, WS_CORRUPT,
                       "%s:%" PRIu64 ": 'tokens' has %zu tokens, wanted 1 to %" PRIu64, items->name,
                       items->line, size, items->model->length);
    for (size_t t = 0; t < size; t++) {
        uint32_t id;
        WS_TRY(read_id(items, json_array_get(value, t), "'tokens' has one", &id));
        ws_buffer_append(&items->ids, &id, sizeof id);
    }
    items->ends[items->count] = items->ids.size / sizeof(uint32_t);
    return ws_buffer_check(&items->ids, "the tokens of a sample", items->err);
}

static enum ws_status read_item(struct items *items, const json_t *item)
{
    const char *name = member_name(items->model->kind);
    const json_t *value = json_object_get(item, name);
    bool wants_array =
        items->model->kind == WS_DATA_VECTORS || items->model->kind == WS_DATA_TOKENS;
    if (!value || (wants_array && !json_is_array(value)))
        return ws_fail(items->err, WS_CORRUPT, "%s:%" PRIu64 ": wanted {\"%s\": %s}", items->name,
                       items->line, name, wants_array ? "[...]" : "number");
    if (items->model->kind == WS_DATA_VECTORS)
        WS_TRY(read_vector(items, value));
    else if (items->model->kind == WS_DATA_TOKENS)
        WS_TRY(read_tokens(items, value));
    else
        WS_TRY(read_id(items, value, "a 'symbol'", &items->symbols[items->count]));
    items->count++;
    return WS_OK;
}

static enum ws_status read_line(struct items *items, struct ws_bytes line)
{
    char name[160];
    json_t *item;
    (void)snprintf(name, sizeof name, "%.120s:%" PRIu64, items->name, items->line);
    if (items->count == items->wanted)
        return ws_fail(items->err, WS_CORRUPT,
                       "%s: has more than the %" PRIu64 " items that were asked for", name,
                       items->wanted);
    WS_TRY(ws_json_parse(line, name, &item, items->err));
    enum ws_status status =
        json_is_object(item) ? read_item(items, item) : refuse(items, "wanted an object, {...}");
    json_decref(item);
    return status;
}

static enum ws_status read_lines(struct items *items, struct ws_bytes text)
{
    const char *at = (const char *)text.data;
    const char *const end = text.size > 0 ? at + text.size : at;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        items->line++;
        if (stop > at)
            WS_TRY(read_line(items, ws_bytes_of(at, (size_t)(stop - at))));
        at = stop < end ? stop + 1 : end;
    }
    if (items->count < items->wanted)
        return ws_fail(items->err, WS_CORRUPT,
                       "%s: has %" PRIu64 " items, wanted the %" PRIu64 " that were asked for",
                       items->name, items->count, items->wanted);
    return WS_OK;
}

/* Room for what the items are made of. */
static enum ws_status make_room(struct items *items, struct ws_arena *arena)
{
    const struct ws_external_model *model = items->model;
    size_t numbers;
    bool fits = !__builtin_mul_overflow(items->wanted, (uint64_t)model->dimension, &numbers);
    if (fits && model->kind == WS_DATA_VECTORS)
        items->vectors = WS_ARENA_NEW(arena, double, numbers);
    else if (fits && model->kind == WS_DATA_TOKENS)
        items->ends = WS_ARENA_NEW(arena, uint64_t, items->wanted);
    else if (fits)
        items->symbols = WS_ARENA_NEW(arena, uint32_t, items->wanted);
    if (!items->vectors && !items->ends && !items->symbols)
        return ws_fail_memory(items->err, "a sample of an external model");
    return WS_OK;
}

static enum ws_status count_symbols(const struct ws_payload *symbols, struct ws_arena *arena,
                                    struct ws_payload *out, struct ws_error *err)
{
    static const struct ws_origin unknown = {.source = WS_SOURCE_UNKNOWN};
    struct ws_segment place;
    struct ws_dataset data = ws_dataset_in(&place, symbols, unknown);
    return ws_dataset_type_counts(&data, arena, out, err);
}

static enum ws_status finish(const struct items *items, struct ws_arena *arena,
                             struct ws_payload *out)
{
    const struct ws_external_model *model = items->model;
    struct ws_payload payload = {
        .kind = model->kind == WS_DATA_COUNTS ? WS_DATA_SYMBOLS : model->kind,
        .count = items->count,
        .types = model->types,
        .dimension = model->dimension,
    };
    if (model->kind == WS_DATA_VECTORS) {
        payload.vectors = items->vectors;
    } else if (model->kind == WS_DATA_TOKENS) {
        payload.tokens.ends = items->ends;
        payload.tokens.ids = ws_arena_copy(arena, items->ids.data, items->ids.size);
        if (!payload.tokens.ids)
            return ws_fail_memory(items->err, "a sample of an external model");
    } else {
        payload.symbols = items->symbols;
    }
    if (model->kind == WS_DATA_COUNTS)
        return count_symbols(&payload, arena, out, items->err);
    *out = payload;
    return WS_OK;
}

enum ws_status ws_external_read_items(struct ws_bytes text, const char *name,
                                      const struct ws_external_model *model, uint64_t count,
                                      struct ws_arena *arena, struct ws_payload *out,
                                      struct ws_error *err)
{
    assert(count >= 1);
    struct items items = {.model = model, .name = name, .err = err, .wanted = count};
    /* An item has a byte at least, so that a count can be checked before room is made for it. */
    if (count > text.size)
        return ws_fail(err, WS_CORRUPT, "%s: has %zu bytes, too few for %" PRIu64 " items", name,
                       text.size, count);
    ws_buffer_init(&items.ids, arena->allocator, SIZE_MAX);
    enum ws_status status = make_room(&items, arena);
    if (status == WS_OK)
        status = read_lines(&items, text);
    if (status == WS_OK)
        status = finish(&items, arena, out);
    ws_buffer_release(&items.ids);
    return status;
}
