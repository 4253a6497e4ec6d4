#include "measure/mauve.h"

#include <math.h>
#include <string.h>

#include "measure/k_means.h"

/* KL(p | w p + (1 - w) q), nats. */
static double divergence(const double *p, const double *q, size_t size, double w)
{
    double sum = 0;
    for (size_t i = 0; i < size; i++)
        if (p[i] > 0)
            sum += p[i] * log(p[i] / (w * p[i] + (1 - w) * q[i]));
    return fmax(0, sum); /* below 0 is rounding */
}

/* The curve falls, so that areas over one axis and over the other are the same. */
double ws_mauve_area(const double *p, const double *q, size_t size)
{
    double area = 0;
    double x = 1; /* the curve begins at (1, 0) */
    double y = 0;
    for (int i = 0; i < WS_MAUVE_WEIGHTS; i++) {
        double w = (double)i / (WS_MAUVE_WEIGHTS - 1);
        double next_x = exp(-WS_MAUVE_SCALE * divergence(q, p, size, 1 - w));
        double next_y = exp(-WS_MAUVE_SCALE * divergence(p, q, size, w));
        area += (x - next_x) * (y + next_y) / 2;
        x = next_x;
        y = next_y;
    }
    return area + x * (y + 1) / 2; /* and ends at (0, 1) */
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return value ^ value >> 32;
}

static void add_gram(uint64_t gram, float *point)
{
    uint64_t hash = mix(gram);
    point[hash % WS_MAUVE_DIMENSION] += (float)(int)(hash >> 63 << 1) - 1; /* no branch */
}

static void point_of(const uint32_t *item, size_t size, float *point)
{
    double norm = 0;
    memset(point, 0, WS_MAUVE_DIMENSION * sizeof *point);
    for (size_t t = 0; t < size; t++) {
        add_gram(item[t], point);
        if (t > 0) /* never a token alone: the upper half is not 0 */
            add_gram(((uint64_t)item[t - 1] + 1) << 32 | item[t], point);
    }
    for (size_t d = 0; d < WS_MAUVE_DIMENSION; d++)
        norm += (double)point[d] * (double)point[d];
    for (size_t d = 0; norm > 0 && d < WS_MAUVE_DIMENSION; d++)
        point[d] = (float)((double)point[d] / sqrt(norm));
}

void ws_mauve_points(const struct ws_dataset *texts, uint64_t count, float *out)
{
    for (size_t s = 0; s < texts->segment_count; s++)
        for (uint64_t i = 0; i < texts->segments[s].count && count > 0; i++, count--) {
            const struct ws_segment *segment = &texts->segments[s];
            size_t size;
            const uint32_t *item =
                ws_payload_tokens(segment->payload, ws_segment_item(segment, i), &size);
            point_of(item, size, out);
            out += WS_MAUVE_DIMENSION;
        }
}

/* A histogram of one side, half an item more in each cell. */
static void estimate(const uint32_t *cluster, uint64_t count, size_t clusters, double *out)
{
    for (size_t c = 0; c < clusters; c++)
        out[c] = 0.5;
    for (uint64_t i = 0; i < count; i++)
        out[cluster[i]]++;
    for (size_t c = 0; c < clusters; c++)
        out[c] /= (double)count + (double)clusters / 2;
}

enum ws_status ws_mauve(const float *points, uint64_t count, struct ws_rng_key key, uint64_t item,
                        unsigned threads, struct ws_arena *scratch, double *out,
                        struct ws_error *err)
{
    size_t clusters = count < 20 ? 2 : (size_t)(count / 10);
    uint32_t *cluster = WS_ARENA_NEW(scratch, uint32_t, 2 * count);
    double *p = WS_ARENA_NEW(scratch, double, clusters);
    double *q = WS_ARENA_NEW(scratch, double, clusters);
    if (!cluster || !p || !q)
        return ws_fail_memory(err, "MAUVE");
    const struct ws_points all = {points, 2 * count, WS_MAUVE_DIMENSION};
    WS_TRY(ws_k_means(&all, clusters, key, item, threads, scratch, cluster, err));
    estimate(cluster, count, clusters, p);
    estimate(cluster + count, count, clusters, q);
    *out = ws_mauve_area(p, q, clusters);
    return WS_OK;
}
