#include "measure/k_means.h"

#include <math.h>
#include <string.h>

#include "base/pool.h"

struct means {
    const struct ws_points *points;
    size_t clusters;
    float *centre;    /* (clusters, dimension) */
    float *half_norm; /* (clusters) half the squared length of a centre */
    double *sum;      /* (clusters, dimension) */
    size_t *size;     /* (clusters) */
    double *distance; /* (points) squared, to the nearest centre so far */
    uint32_t *cluster;
    struct ws_pool *pool; /* or NULL */
    bool changed;         /* atomic: whether a point changed its cluster */
};

enum { PIECE_POINTS = 64, DIVIDED = 1 << 17 /* distances that are worth a pool */ };

/* Points are for themselves, so pieces of them may be for any thread. */
static void each_piece(struct means *m, void (*work)(void *context, size_t piece))
{
    size_t pieces = (m->points->count + PIECE_POINTS - 1) / PIECE_POINTS;
    if (m->pool)
        ws_pool_run(m->pool, pieces, work, m);
    else
        for (size_t piece = 0; piece < pieces; piece++)
            work(m, piece);
}

static size_t end_of(const struct means *m, size_t piece)
{
    size_t end = (piece + 1) * PIECE_POINTS;
    return end < m->points->count ? end : m->points->count;
}

/* Lanes that do not wait for each other, added in a fixed order. */
static float add_lanes(float lane[WS_K_MEANS_LANES])
{
    for (size_t half = WS_K_MEANS_LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

static float dot(const float *a, const float *b, size_t dimension)
{
    float lane[WS_K_MEANS_LANES] = {0};
    for (size_t d = 0; d < dimension; d += WS_K_MEANS_LANES)
        for (size_t l = 0; l < WS_K_MEANS_LANES; l++)
            lane[l] += a[d + l] * b[d + l];
    return add_lanes(lane);
}

static float squared_distance(const float *a, const float *b, size_t dimension)
{
    float lane[WS_K_MEANS_LANES] = {0};
    for (size_t d = 0; d < dimension; d += WS_K_MEANS_LANES)
        for (size_t l = 0; l < WS_K_MEANS_LANES; l++)
            lane[l] += (a[d + l] - b[d + l]) * (a[d + l] - b[d + l]);
    return add_lanes(lane);
}

static const float *point(const struct means *m, size_t i)
{
    return m->points->values + i * m->points->dimension;
}

static void place_centre(struct means *m, size_t c, size_t at)
{
    size_t dimension = m->points->dimension;
    memcpy(m->centre + c * dimension, point(m, at), dimension * sizeof(float));
}

/* A point, with probability proportional to its squared distance from the centres there are. */
static size_t draw_far_point(const struct means *m, struct ws_rng *rng)
{
    size_t count = m->points->count;
    double total = 0;
    for (size_t i = 0; i < count; i++)
        total += m->distance[i];
    double target = ws_rng_uniform(rng) * total;
    for (size_t i = 0; i < count; i++) {
        if (target < m->distance[i])
            return i;
        target -= m->distance[i];
    }
    return (size_t)ws_rng_below(rng, count); /* every point is a centre, or rounding */
}

static void start(struct means *m, struct ws_rng *rng)
{
    size_t dimension = m->points->dimension;
    for (size_t i = 0; i < m->points->count; i++)
        m->distance[i] = INFINITY;
    for (size_t c = 0; c < m->clusters; c++) {
        place_centre(m, c,
                     c == 0 ? (size_t)ws_rng_below(rng, m->points->count) : draw_far_point(m, rng));
        for (size_t i = 0; i < m->points->count; i++)
            m->distance[i] =
                fmin(m->distance[i],
                     (double)squared_distance(point(m, i), m->centre + c * dimension, dimension));
    }
}

static void assign_piece(void *context, size_t piece)
{
    struct means *m = context;
    size_t dimension = m->points->dimension;
    bool changed = false;
    for (size_t i = piece * PIECE_POINTS; i < end_of(m, piece); i++) {
        uint32_t nearest = 0;
        float best = INFINITY;
        for (size_t c = 0; c < m->clusters; c++) {
            float distance =
                m->half_norm[c] - dot(point(m, i), m->centre + c * dimension, dimension);
            if (distance < best) {
                best = distance;
                nearest = (uint32_t)c;
            }
        }
        changed |= m->cluster[i] != nearest;
        m->cluster[i] = nearest;
    }
    if (changed)
        __atomic_store_n(&m->changed, true, __ATOMIC_RELAXED);
}

/* Whether a point changed its cluster. */
static bool assign(struct means *m)
{
    size_t dimension = m->points->dimension;
    for (size_t c = 0; c < m->clusters; c++) {
        const float *centre = m->centre + c * dimension;
        m->half_norm[c] = dot(centre, centre, dimension) / 2;
    }
    m->changed = false;
    each_piece(m, assign_piece);
    return m->changed;
}

/* Centres become means; one without points stays. */
static void move_centres(struct means *m)
{
    size_t dimension = m->points->dimension;
    memset(m->sum, 0, m->clusters * dimension * sizeof *m->sum);
    memset(m->size, 0, m->clusters * sizeof *m->size);
    for (size_t i = 0; i < m->points->count; i++) {
        double *sum = m->sum + m->cluster[i] * dimension;
        m->size[m->cluster[i]]++;
        for (size_t d = 0; d < dimension; d++)
            sum[d] += (double)point(m, i)[d];
    }
    for (size_t c = 0; c < m->clusters; c++)
        for (size_t d = 0; m->size[c] > 0 && d < dimension; d++)
            m->centre[c * dimension + d] = (float)(m->sum[c * dimension + d] / (double)m->size[c]);
}

enum ws_status ws_k_means(const struct ws_points *points, size_t clusters, struct ws_rng_key key,
                          uint64_t item, unsigned threads, struct ws_arena *scratch,
                          uint32_t *cluster, struct ws_error *err)
{
    size_t size = clusters * points->dimension;
    struct means m = {
        .points = points,
        .clusters = clusters,
        .centre = WS_ARENA_NEW(scratch, float, size),
        .half_norm = WS_ARENA_NEW(scratch, float, clusters),
        .sum = WS_ARENA_NEW(scratch, double, size),
        .size = WS_ARENA_NEW(scratch, size_t, clusters),
        .distance = WS_ARENA_NEW(scratch, double, points->count),
        .cluster = cluster,
    };
    if (!m.centre || !m.half_norm || !m.sum || !m.size || !m.distance)
        return ws_fail_memory(err, "k-means");
    if (threads > 1 && points->count * clusters >= DIVIDED)
        WS_TRY(ws_pool_new(threads, scratch->allocator, &m.pool, err));
    struct ws_rng rng;
    ws_rng_init(&rng, key, item);
    start(&m, &rng);
    memset(cluster, 0xff, points->count * sizeof *cluster);
    for (int round = 0; assign(&m) && round < WS_K_MEANS_ROUNDS; round++)
        move_centres(&m);
    ws_pool_free(m.pool);
    return WS_OK;
}
