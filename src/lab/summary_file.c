#include "lab/summary_file.h"

#include <string.h>

#include "base/hash.h"

static const char magic[8] = {'W', 'S', 'S', 'U', 'M', 'M', 'R', 'Y'};
enum {
    VERSION = 1,
    HEADER_SIZE = 8 + 4 + 8 + 8,
    CURVE_LEAST = 3 + 1,     /* three empty texts and a count */
    POINT_LEAST = 4 + 5 * 8, /* four whole numbers and five reals */
};

static void write_text(const char *text, struct ws_buffer *out)
{
    ws_buffer_append(out, text, strlen(text) + 1);
}

static void write_point(const struct ws_point *point, struct ws_buffer *out)
{
    const struct ws_summary *s = &point->summary;
    ws_buffer_varint(out, point->generation);
    ws_buffer_varint(out, point->n);
    ws_buffer_varint(out, s->count);
    ws_buffer_varint(out, s->missing);
    ws_buffer_f64(out, s->median);
    ws_buffer_f64(out, s->low);
    ws_buffer_f64(out, s->high);
    ws_buffer_f64(out, s->mean);
    ws_buffer_f64(out, s->standard_error);
}

enum ws_status ws_summary_write(const struct ws_summary_extent *extent,
                                const struct ws_results *results, struct ws_buffer *out,
                                struct ws_error *err)
{
    struct ws_hash hash;
    ws_buffer_append(out, magic, sizeof magic);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u64(out, extent->generations);
    ws_buffer_u64(out, extent->chains);
    for (size_t i = 0; i < results->count; i++) {
        const struct ws_curve *curve = &results->curves[i];
        write_text(curve->arm, out);
        write_text(curve->metric, out);
        write_text(curve->definition, out);
        ws_buffer_varint(out, curve->point_count);
        for (size_t p = 0; p < curve->point_count; p++)
            write_point(&curve->points[p], out);
    }
    WS_TRY(ws_buffer_check(out, "the summary", err));
    WS_TRY(ws_hash_of(ws_buffer_bytes(out), &hash, err));
    ws_buffer_append(out, hash.bytes, WS_HASH_SIZE);
    return ws_buffer_check(out, "the summary", err);
}

/* Curves of one arm share its name. */
static const char *read_text(struct ws_reader *in, const char *before, struct ws_arena *arena)
{
    const char *text = ws_read_text(in);
    return before && strcmp(text, before) == 0 ? before : ws_arena_text(arena, text);
}

static void read_point(struct ws_reader *in, struct ws_point *out)
{
    struct ws_summary *s = &out->summary;
    uint64_t generation = ws_read_varint(in);
    in->failed = in->failed || generation > UINT32_MAX;
    out->generation = (uint32_t)generation;
    out->n = ws_read_varint(in);
    in->failed = in->failed || out->n > INT64_MAX;
    s->count = ws_read_varint(in);
    s->missing = ws_read_varint(in);
    s->median = ws_read_f64(in);
    s->low = ws_read_f64(in);
    s->high = ws_read_f64(in);
    s->mean = ws_read_f64(in);
    s->standard_error = ws_read_f64(in);
}

static enum ws_status read_curve(struct ws_reader *in, const char *arm, struct ws_arena *arena,
                                 struct ws_curve *out, struct ws_error *err)
{
    out->arm = read_text(in, arm, arena);
    out->metric = read_text(in, NULL, arena);
    out->definition = read_text(in, NULL, arena);
    uint64_t count = ws_read_varint(in);
    if (count == 0 || !ws_reader_holds(in, count, POINT_LEAST))
        return ws_fail(err, WS_CORRUPT, "the summary ends inside a curve");
    out->point_count = (size_t)count;
    out->points = WS_ARENA_NEW(arena, struct ws_point, out->point_count);
    if (!out->arm || !out->metric || !out->definition || !out->points)
        return ws_fail_memory(err, "the summary");
    for (size_t p = 0; p < out->point_count; p++)
        read_point(in, &out->points[p]);
    return ws_reader_ok(in) ? WS_OK : ws_fail(err, WS_CORRUPT, "the summary ends inside a curve");
}

static enum ws_status check_frame(struct ws_bytes bytes, struct ws_error *err)
{
    struct ws_hash hash;
    if (bytes.size < HEADER_SIZE + WS_HASH_SIZE || memcmp(bytes.data, magic, sizeof magic) != 0)
        return ws_fail(err, WS_CORRUPT, "not a summary");
    uint32_t version = load32_le(bytes.data + sizeof magic);
    if (version != VERSION)
        return ws_fail(err, WS_UNSUPPORTED, "summary version %u, this program reads %d", version,
                       VERSION);
    size_t covered = bytes.size - WS_HASH_SIZE;
    WS_TRY(ws_hash_of(ws_bytes_of(bytes.data, covered), &hash, err));
    if (memcmp(hash.bytes, bytes.data + covered, WS_HASH_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT, "the summary's bytes do not match its hash");
    return WS_OK;
}

enum ws_status ws_summary_read(struct ws_bytes bytes, struct ws_arena *arena,
                               struct ws_summary_extent *extent, struct ws_results *out,
                               struct ws_error *err)
{
    struct ws_reader in;
    WS_TRY(check_frame(bytes, err));
    ws_reader_init(&in, ws_bytes_of(bytes.data + sizeof magic + 4,
                                    bytes.size - sizeof magic - 4 - WS_HASH_SIZE));
    extent->generations = ws_read_u64(&in);
    extent->chains = ws_read_u64(&in);
    *out = (struct ws_results){
        .curves = WS_ARENA_ZNEW(arena, struct ws_curve, in.left / (CURVE_LEAST + POINT_LEAST))};
    if (!out->curves)
        return ws_fail_memory(err, "the summary");
    while (in.left > 0) {
        const char *arm = out->count > 0 ? out->curves[out->count - 1].arm : NULL;
        if (in.left < CURVE_LEAST + POINT_LEAST)
            return ws_fail(err, WS_CORRUPT, "the summary ends inside a curve");
        WS_TRY(read_curve(&in, arm, arena, &out->curves[out->count], err));
        out->count++;
    }
    return WS_OK;
}
