#include "models/design.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/sampler.h"

enum { ITEM_NORMALS, ITEM_SIDES };

/* All normals come from one sequence, which has 2^34 draws. */
static const uint64_t NUMBERS_LIMIT = UINT64_C(1) << 32;

enum ws_status ws_design_check(const char *family, const struct ws_dataset *example,
                               struct ws_error *err)
{
    if (example->kind != WS_DATA_VECTORS)
        return ws_fail(err, WS_INVALID, "family '%s' takes vectors, not %s", family,
                       ws_data_kind_name(example->kind));
    if (example->dimension < WS_DESIGN_DIMENSION_LEAST ||
        example->dimension > WS_DESIGN_DIMENSION_LIMIT)
        return ws_fail(err, WS_INVALID,
                       "family '%s' got vectors of dimension %" PRIu32
                       ", wanted %d to %d: inputs, and the target last",
                       family, example->dimension, WS_DESIGN_DIMENSION_LEAST,
                       WS_DESIGN_DIMENSION_LIMIT);
    return WS_OK;
}

/* Items of a segment, whole, from the first on. */
static void copy_items(const struct ws_segment *segment, uint64_t count, size_t d, double *out)
{
    const double *vectors = segment->payload->vectors;
    if (!segment->pick)
        memcpy(out, vectors + segment->first * d, count * d * sizeof *out);
    for (uint64_t i = 0; segment->pick && i < count; i++)
        memcpy(out + i * d, vectors + segment->pick[i] * d, d * sizeof *out);
}

/* The inputs of item i mod n of `original`, and whatever targets they had. Items lie in segments
 * one behind the other, so they are walked through, over and over. */
static void copy_inputs(const struct ws_dataset *original, uint64_t count, double *out)
{
    size_t d = original->dimension;
    while (count > 0)
        for (size_t s = 0; s < original->segment_count && count > 0; s++) {
            const struct ws_segment *segment = &original->segments[s];
            uint64_t some = segment->count < count ? segment->count : count;
            copy_items(segment, some, d, out);
            out += some * d;
            count -= some;
        }
}

static enum ws_status draw_fixed(const struct ws_dataset *original, uint64_t count,
                                 struct ws_rng *rng, struct ws_arena *arena, double *out,
                                 struct ws_error *err)
{
    if (!original || original->count == 0)
        return ws_fail(err, WS_INVALID,
                       "a fixed design takes its inputs from original data, and there are none");
    double *noise = WS_ARENA_NEW(arena, double, count);
    if (!noise)
        return ws_fail_memory(err, "a sample of a regression");
    ws_sample_normals(rng, 0, 1, noise, count);
    copy_inputs(original, count, out);
    for (uint64_t i = 0; i < count; i++)
        out[(i + 1) * original->dimension - 1] = noise[i];
    return WS_OK;
}

static void draw_fresh(const struct ws_design *design, uint64_t count, size_t d,
                       struct ws_rng_key key, struct ws_rng *rng, double *out)
{
    double deviation = sqrt(design->variance);
    double centre = design->separation / sqrt((double)(d - 1));
    struct ws_rng sides;
    ws_rng_init(&sides, key, ITEM_SIDES);
    ws_sample_normals(rng, 0, 1, out, count * d);
    if (deviation == 1 && centre == 0)
        return;
    for (uint64_t i = 0; i < count; i++) {
        double side = centre == 0 || ws_rng_u32(&sides) & 1 ? centre : -centre;
        for (size_t j = 0; j + 1 < d; j++)
            out[i * d + j] = side + deviation * out[i * d + j];
    }
}

enum ws_status ws_design_draw(const struct ws_design *design, const struct ws_dataset *original,
                              uint64_t count, uint32_t dimension, struct ws_rng_key key,
                              struct ws_arena *arena, double **out, struct ws_error *err)
{
    if (count > NUMBERS_LIMIT / dimension)
        return ws_fail(err, WS_LIMIT,
                       "%" PRIu64 " items of %" PRIu32 " numbers; the most is 2^32 numbers", count,
                       dimension);
    double *items = WS_ARENA_NEW(arena, double, count *dimension);
    if (!items)
        return ws_fail_memory(err, "a sample of a regression");
    struct ws_rng rng;
    ws_rng_init(&rng, key, ITEM_NORMALS);
    if (design->kind == WS_DESIGN_FIXED) {
        assert(!original || original->count == 0 || original->dimension == dimension);
        WS_TRY(draw_fixed(original, count, &rng, arena, items, err));
    } else {
        draw_fresh(design, count, dimension, key, &rng, items);
    }
    *out = items;
    return WS_OK;
}
