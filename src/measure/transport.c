#include "measure/transport.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/sampler.h"

/* Sorting -------------------------------------------------------------------------------------- */

enum { DIGIT = 8, DIGITS = 64 / DIGIT, KINDS = 1 << DIGIT };

/* The bits of a real in the order of reals: all turned round where it is negative, else the sign's
 * alone; and back. */
static uint64_t ordered(uint64_t bits)
{
    return bits ^ (bits >> 63 ? UINT64_MAX : UINT64_C(1) << 63);
}

static uint64_t original(uint64_t bits)
{
    return bits ^ (bits >> 63 ? UINT64_C(1) << 63 : UINT64_MAX);
}

static unsigned digit_of(uint64_t bits, int pass)
{
    return (unsigned)(bits >> (pass * DIGIT)) % KINDS;
}

/* How many numbers have each digit becomes where those that have it begin. */
static void add_up(size_t begin[KINDS])
{
    size_t sum = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        size_t size = begin[kind];
        begin[kind] = sum;
        sum += size;
    }
}

void ws_sort_reals(const double *values, size_t count, uint64_t *work, double *out)
{
    size_t begin[DIGITS][KINDS] = {{0}};
    uint64_t *from = work, *to = work + count;
    for (size_t i = 0; i < count; i++) {
        memcpy(&from[i], &values[i], sizeof from[i]);
        from[i] = ordered(from[i]);
        for (int pass = 0; pass < DIGITS; pass++)
            begin[pass][digit_of(from[i], pass)]++;
    }
    for (int pass = 0; pass < DIGITS && count > 0; pass++) {
        size_t *place = begin[pass];
        if (place[digit_of(from[0], pass)] == count)
            continue;
        add_up(place);
        for (size_t i = 0; i < count; i++)
            to[place[digit_of(from[i], pass)]++] = from[i];
        uint64_t *sorted = to;
        to = from;
        from = sorted;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = original(from[i]);
        memcpy(&out[i], &bits, sizeof bits);
    }
}

/* One dimension -------------------------------------------------------------------------------- */

/* Steps end at multiples of 1/a_count and 1/b_count; places are in units of 1/(a_count b_count). */
double ws_w2_squared_sorted(const double *a, size_t a_count, const double *b, size_t b_count)
{
    assert(a_count > 0 && b_count > 0 && a_count <= UINT64_MAX / b_count);
    double sum = 0;
    if (a_count == b_count) {
        for (size_t i = 0; i < a_count; i++)
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum / (double)a_count;
    }
    uint64_t at = 0;
    for (size_t i = 0, j = 0; i < a_count && j < b_count;) {
        uint64_t a_end = (uint64_t)(i + 1) * b_count, b_end = (uint64_t)(j + 1) * a_count;
        uint64_t end = a_end < b_end ? a_end : b_end;
        sum += (double)(end - at) * (a[i] - b[j]) * (a[i] - b[j]);
        at = end;
        i += end == a_end;
        j += end == b_end;
    }
    return sum / ((double)a_count * (double)b_count);
}

/* Slices --------------------------------------------------------------------------------------- */

enum ws_status ws_slices_draw(uint32_t dimension, struct ws_rng_key key, uint64_t item,
                              struct ws_arena *arena, struct ws_slices *out, struct ws_error *err)
{
    size_t count = dimension == 1 ? 1 : WS_SLICES;
    double *direction = WS_ARENA_NEW(arena, double, count *dimension);
    struct ws_rng rng;
    if (!direction)
        return ws_fail_memory(err, "directions");
    ws_rng_init(&rng, key, item);
    ws_sample_normals(&rng, 0, 1, direction, count * dimension);
    for (size_t s = 0; s < count; s++) {
        double *one = direction + s * dimension, square = 0;
        for (size_t k = 0; k < dimension; k++)
            square += one[k] * one[k];
        for (size_t k = 0; k < dimension; k++)
            one[k] /= sqrt(square);
    }
    *out = (struct ws_slices){.count = count, .dimension = dimension, .direction = direction};
    return WS_OK;
}

/* Coordinate by coordinate, so that a projection is sums of whole columns. */
static enum ws_status columns_of(const struct ws_dataset *data, struct ws_arena *scratch,
                                 double **out, struct ws_error *err)
{
    size_t d = data->dimension, at = 0;
    double *columns = WS_ARENA_NEW(scratch, double, d * data->count);
    if (!columns)
        return ws_fail_memory(err, "projections");
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        for (uint64_t i = 0; i < segment->count; i++, at++) {
            const double *item = segment->payload->vectors + ws_segment_item(segment, i) * d;
            for (size_t k = 0; k < d; k++)
                columns[k * data->count + at] = item[k];
        }
    }
    *out = columns;
    return WS_OK;
}

/* Ascending. */
static void project(const double *columns, size_t count, const double *direction,
                    uint32_t dimension, double *out, uint64_t *work)
{
    for (size_t i = 0; i < count; i++)
        out[i] = direction[0] * columns[i];
    for (size_t k = 1; k < dimension; k++)
        for (size_t i = 0; i < count; i++)
            out[i] += direction[k] * columns[k * count + i];
    ws_sort_reals(out, count, work, out);
}

enum ws_status ws_slices_project(struct ws_slices *slices, const struct ws_dataset *reference,
                                 struct ws_arena *arena, struct ws_error *err)
{
    struct ws_arena scratch;
    double *columns;
    double *sorted = WS_ARENA_NEW(arena, double, slices->count * reference->count);
    ws_arena_init(&scratch, arena->allocator);
    uint64_t *work = WS_ARENA_NEW(&scratch, uint64_t, 2 * reference->count);
    enum ws_status status =
        sorted && work ? WS_OK : ws_fail_memory(err, "projections of the reference");
    if (status == WS_OK)
        status = columns_of(reference, &scratch, &columns, err);
    for (size_t s = 0; status == WS_OK && s < slices->count; s++)
        project(columns, reference->count, slices->direction + s * slices->dimension,
                slices->dimension, sorted + s * reference->count, work);
    slices->items = reference->count;
    slices->sorted = sorted;
    ws_arena_release(&scratch);
    return status;
}

enum ws_status ws_sliced_w2(const struct ws_slices *slices, const struct ws_dataset *sample,
                            struct ws_arena *scratch, double *out, struct ws_error *err)
{
    double *columns;
    double *line = WS_ARENA_NEW(scratch, double, sample->count);
    uint64_t *work = WS_ARENA_NEW(scratch, uint64_t, 2 * sample->count);
    if (!line || !work)
        return ws_fail_memory(err, "projections");
    WS_TRY(columns_of(sample, scratch, &columns, err));
    double sum = 0;
    for (size_t s = 0; s < slices->count; s++) {
        project(columns, sample->count, slices->direction + s * slices->dimension,
                slices->dimension, line, work);
        sum += ws_w2_squared_sorted(slices->sorted + s * slices->items, slices->items, line,
                                    sample->count);
    }
    *out = sqrt(sum / (double)slices->count);
    return WS_OK;
}
