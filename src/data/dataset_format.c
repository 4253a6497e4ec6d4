/* The stored form of a dataset: docs/formats/dataset.md. */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "data/dataset.h"

static const char magic[4] = {'W', 'S', 'D', 'S'};

enum {
    VERSION_PLAIN = 1,            /* every item weighs 1, and no weight is stored */
    VERSION_WEIGHTED = 2,         /* some item does not */
    SEGMENT_SIZE = 1 + 4 + 8 + 8, /* bytes of a segment before its items */
};

/* No dataset has more items, so that samplers can draw from it (base/sampler.h). */
#define ITEMS_MAX ((uint64_t)1 << 62)

static void write_symbols(const struct ws_segment *segment, struct ws_buffer *out)
{
    for (uint64_t i = 0; i < segment->count; i++)
        ws_buffer_u32(out, segment->payload->symbols[ws_segment_item(segment, i)]);
}

static void write_counts(const struct ws_segment *segment, struct ws_buffer *out)
{
    const struct ws_payload *payload = segment->payload;
    assert(segment->count == payload->count && !segment->pick);
    ws_buffer_u64(out, payload->counts.size);
    ws_buffer_u32s(out, payload->counts.type, payload->counts.size);
    ws_buffer_u64s(out, payload->counts.count, payload->counts.size);
}

static void write_vectors(const struct ws_segment *segment, struct ws_buffer *out)
{
    size_t dimension = segment->payload->dimension;
    for (uint64_t i = 0; i < segment->count; i++)
        ws_buffer_f64s(out, segment->payload->vectors + ws_segment_item(segment, i) * dimension,
                       dimension);
}

static void write_tokens(const struct ws_segment *segment, struct ws_buffer *out)
{
    uint64_t end = 0;
    size_t size;
    for (uint64_t i = 0; i < segment->count; i++) {
        (void)ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
        end += size;
        ws_buffer_u64(out, end);
    }
    for (uint64_t i = 0; i < segment->count; i++) {
        const uint32_t *ids =
            ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
        ws_buffer_u32s(out, ids, size);
    }
}

static void write_segment(const struct ws_segment *segment, bool weighted, struct ws_buffer *out)
{
    ws_buffer_u8(out, (uint8_t)segment->origin.source);
    ws_buffer_u32(out, segment->origin.depth);
    ws_buffer_u64(out, segment->origin.model);
    ws_buffer_u64(out, segment->count);
    if (weighted)
        ws_buffer_f64(out, segment->weight);
    switch (segment->payload->kind) {
    case WS_DATA_SYMBOLS:
        write_symbols(segment, out);
        break;
    case WS_DATA_COUNTS:
        write_counts(segment, out);
        break;
    case WS_DATA_VECTORS:
        write_vectors(segment, out);
        break;
    case WS_DATA_TOKENS:
        write_tokens(segment, out);
        break;
    case WS_DATA_UNKNOWN:
    case WS_DATA_KIND_COUNT:
        assert(0 && "a payload has a kind");
    }
}

void ws_dataset_write(const struct ws_dataset *dataset, struct ws_buffer *out)
{
    assert(dataset->kind != WS_DATA_UNKNOWN);
    bool weighted = ws_dataset_is_weighted(dataset);
    ws_buffer_append(out, magic, sizeof magic);
    ws_buffer_u32(out, weighted ? VERSION_WEIGHTED : VERSION_PLAIN);
    ws_buffer_u8(out, (uint8_t)dataset->kind);
    ws_buffer_u32(out, dataset->kind == WS_DATA_VECTORS ? dataset->dimension : dataset->types);
    ws_buffer_u64(out, dataset->segment_count);
    for (size_t s = 0; s < dataset->segment_count; s++)
        write_segment(&dataset->segments[s], weighted, out);
}

static enum ws_status corrupt(struct ws_error *err, const char *what)
{
    return ws_fail(err, WS_CORRUPT, "dataset: %s", what);
}

static enum ws_status check_ids(const uint32_t *ids, uint64_t size, uint32_t types,
                                struct ws_error *err)
{
    for (uint64_t i = 0; i < size; i++)
        if (ids[i] >= types)
            return ws_fail(err, WS_CORRUPT, "dataset: id %" PRIu32 " of %" PRIu32 " types", ids[i],
                           types);
    return WS_OK;
}

static enum ws_status read_ids(struct ws_reader *in, uint64_t size, uint32_t types,
                               struct ws_arena *arena, const uint32_t **out, struct ws_error *err)
{
    if (!ws_reader_holds(in, size, sizeof(uint32_t)))
        return corrupt(err, "ends before its ids");
    uint32_t *ids = WS_ARENA_NEW(arena, uint32_t, size);
    if (!ids)
        return ws_fail_memory(err, "the ids of a dataset");
    ws_read_u32s(in, ids, size);
    *out = ids;
    return check_ids(ids, size, types, err);
}

static enum ws_status read_u64s(struct ws_reader *in, uint64_t size, struct ws_arena *arena,
                                const uint64_t **out, struct ws_error *err)
{
    if (!ws_reader_holds(in, size, sizeof(uint64_t)))
        return corrupt(err, "ends before its numbers");
    uint64_t *values = WS_ARENA_NEW(arena, uint64_t, size);
    if (!values)
        return ws_fail_memory(err, "the numbers of a dataset");
    ws_read_u64s(in, values, size);
    *out = values;
    return WS_OK;
}

static enum ws_status read_counts(struct ws_reader *in, struct ws_payload *payload,
                                  struct ws_arena *arena, struct ws_error *err)
{
    uint64_t size = ws_read_u64(in);
    WS_TRY(read_ids(in, size, payload->types, arena, &payload->counts.type, err));
    WS_TRY(read_u64s(in, size, arena, &payload->counts.count, err));
    payload->counts.size = size;
    uint64_t left = payload->count;
    for (uint64_t i = 0; i < size; i++) {
        if (i > 0 && payload->counts.type[i] <= payload->counts.type[i - 1])
            return corrupt(err, "types do not ascend");
        if (payload->counts.count[i] == 0)
            return corrupt(err, "a type occurs 0 times");
        if (payload->counts.count[i] > left)
            return corrupt(err, "counts sum to more than its items");
        left -= payload->counts.count[i];
    }
    return left == 0 ? WS_OK : corrupt(err, "counts sum to less than its items");
}

static enum ws_status read_vectors(struct ws_reader *in, struct ws_payload *payload,
                                   struct ws_arena *arena, struct ws_error *err)
{
    uint64_t size;
    if (__builtin_mul_overflow(payload->count, payload->dimension, &size) ||
        !ws_reader_holds(in, size, sizeof(double)))
        return corrupt(err, "ends before its vectors");
    double *values = WS_ARENA_NEW(arena, double, size);
    if (!values)
        return ws_fail_memory(err, "the vectors of a dataset");
    ws_read_f64s(in, values, size);
    for (uint64_t i = 0; i < size; i++)
        if (!isfinite(values[i]))
            return corrupt(err, "a vector is not finite");
    payload->vectors = values;
    return WS_OK;
}

static enum ws_status read_tokens(struct ws_reader *in, struct ws_payload *payload,
                                  struct ws_arena *arena, struct ws_error *err)
{
    WS_TRY(read_u64s(in, payload->count, arena, &payload->tokens.ends, err));
    uint64_t end = 0;
    for (uint64_t i = 0; i < payload->count; i++) {
        if (payload->tokens.ends[i] <= end)
            return corrupt(err, "a token sequence is empty or ends before it begins");
        end = payload->tokens.ends[i];
    }
    return read_ids(in, end, payload->types, arena, &payload->tokens.ids, err);
}

static enum ws_status read_items(struct ws_reader *in, struct ws_payload *payload,
                                 struct ws_arena *arena, struct ws_error *err)
{
    switch (payload->kind) {
    case WS_DATA_SYMBOLS:
        return read_ids(in, payload->count, payload->types, arena, &payload->symbols, err);
    case WS_DATA_COUNTS:
        return read_counts(in, payload, arena, err);
    case WS_DATA_VECTORS:
        return read_vectors(in, payload, arena, err);
    case WS_DATA_TOKENS:
        return read_tokens(in, payload, arena, err);
    case WS_DATA_UNKNOWN:
    case WS_DATA_KIND_COUNT:
        break;
    }
    return corrupt(err, "of no known kind");
}

static enum ws_status read_origin(struct ws_reader *in, struct ws_origin *out, struct ws_error *err)
{
    uint8_t source = ws_read_u8(in);
    if (source >= WS_SOURCE_COUNT)
        return corrupt(err, "an origin of no known source");
    out->source = (enum ws_source)source;
    out->depth = ws_read_u32(in);
    out->model = ws_read_u64(in);
    if (ws_origin_is_human(out) && (out->depth != 0 || out->model != 0))
        return corrupt(err, "human items with the depth of a model's output");
    if (source == WS_SOURCE_MODEL && out->depth == 0)
        return corrupt(err, "a model's output with the depth of human items");
    return WS_OK;
}

static enum ws_status read_weight(struct ws_reader *in, double *out, struct ws_error *err)
{
    *out = ws_read_f64(in);
    if (!ws_reader_ok(in))
        return corrupt(err, "ends before its segments");
    return isfinite(*out) && *out > 0 ? WS_OK
                                      : corrupt(err, "a weight is not finite or not above 0");
}

static enum ws_status read_segment(struct ws_reader *in, const struct ws_dataset *dataset,
                                   bool weighted, struct ws_arena *arena, struct ws_segment *out,
                                   struct ws_error *err)
{
    struct ws_origin origin;
    WS_TRY(read_origin(in, &origin, err));
    uint64_t count = ws_read_u64(in);
    if (count == 0 || count > ITEMS_MAX - dataset->count)
        return corrupt(err, ws_reader_ok(in) ? "a segment of no or too many items"
                                             : "ends before its segments");
    double weight = 1;
    if (weighted)
        WS_TRY(read_weight(in, &weight, err));
    struct ws_payload *payload = WS_ARENA_ZNEW(arena, struct ws_payload, 1);
    if (!payload)
        return ws_fail_memory(err, "a dataset");
    payload->kind = dataset->kind;
    payload->count = count;
    payload->types = dataset->types;
    payload->dimension = dataset->dimension;
    *out = (struct ws_segment){origin, payload, 0, count, NULL, weight};
    return read_items(in, payload, arena, err);
}

static enum ws_status read_header(struct ws_reader *in, struct ws_dataset *out, bool *weighted,
                                  struct ws_error *err)
{
    const uint8_t *start = ws_read_bytes(in, sizeof magic);
    if (!start || memcmp(start, magic, sizeof magic) != 0)
        return corrupt(err, "does not start with 'WSDS'");
    uint32_t version = ws_read_u32(in);
    if (ws_reader_ok(in) && version != VERSION_PLAIN && version != VERSION_WEIGHTED)
        return ws_fail(err, WS_UNSUPPORTED,
                       "dataset: version %" PRIu32 "; this program reads %d and %d", version,
                       VERSION_PLAIN, VERSION_WEIGHTED);
    *weighted = version == VERSION_WEIGHTED;
    uint8_t kind = ws_read_u8(in);
    uint32_t width = ws_read_u32(in);
    uint64_t segment_count = ws_read_u64(in);
    if (!ws_reader_holds(in, segment_count, SEGMENT_SIZE))
        return corrupt(err, "ends before its segments");
    if (kind == WS_DATA_UNKNOWN || kind >= WS_DATA_KIND_COUNT)
        return corrupt(err, "of no known kind");
    if (kind == WS_DATA_VECTORS && width == 0)
        return corrupt(err, "vectors of dimension 0");
    *out = (struct ws_dataset){.kind = (enum ws_data_kind)kind, .segment_count = segment_count};
    if (kind == WS_DATA_VECTORS)
        out->dimension = width;
    else
        out->types = width;
    return WS_OK;
}

enum ws_status ws_dataset_read(struct ws_reader *in, struct ws_arena *arena, struct ws_dataset *out,
                               struct ws_error *err)
{
    struct ws_dataset dataset;
    bool weighted;
    WS_TRY(read_header(in, &dataset, &weighted, err));
    struct ws_segment *segments = WS_ARENA_NEW(arena, struct ws_segment, dataset.segment_count);
    if (!segments)
        return ws_fail_memory(err, "the segments of a dataset");
    for (size_t s = 0; s < dataset.segment_count; s++) {
        WS_TRY(read_segment(in, &dataset, weighted, arena, &segments[s], err));
        dataset.count += segments[s].count;
        if (segments[s].origin.depth > dataset.depth)
            dataset.depth = segments[s].origin.depth;
    }
    dataset.segments = segments;
    if (weighted && !ws_dataset_is_weighted(&dataset))
        return corrupt(err, "of version 2, and every item weighs 1");
    *out = dataset;
    return WS_OK;
}
