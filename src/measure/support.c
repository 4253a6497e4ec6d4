#include "measure/support.h"

#include <math.h>
#include <stdlib.h>

#include "measure/summary.h"

static const double THIN_SHARE = 0.05;

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static enum ws_status require_enough(const struct ws_cloud *cloud, const char *whose,
                                     struct ws_error *err)
{
    if (cloud->count >= WS_SUPPORT_LEAST)
        return WS_OK;
    return ws_fail(err, WS_INVALID,
                   "%zu vectors of the %s are too few to say where they lie: %d "
                   "at least",
                   cloud->count, whose, WS_SUPPORT_LEAST);
}

/* The quantile of distances, squared: interpolated between distances, not squares, but where it is
 * one of them just its square. Of those that are as far, so many count that THIN_SHARE do. */
static enum ws_status set_far(const double *radius, size_t count, struct ws_arena *scratch,
                              struct ws_support *out, struct ws_error *err)
{
    double *distances = WS_ARENA_NEW(scratch, double, count);
    if (!distances)
        return ws_fail_memory(err, "distances");
    for (size_t i = 0; i < count; i++)
        distances[i] = sqrt(radius[i]);
    qsort(distances, count, sizeof *distances, ascending);
    const double far = ws_quantile(distances, count, 1 - THIN_SHARE);
    size_t beyond = 0, at = 0;
    out->far = far * far;
    for (size_t i = 0; i < count; i++)
        if (sqrt(radius[i]) == far) {
            out->far = radius[i];
            at++;
        } else {
            beyond += sqrt(radius[i]) > far;
        }
    out->far_weight = at > 1 ? (THIN_SHARE * (double)count - (double)beyond) / (double)at : 1;
    return WS_OK;
}

enum ws_status ws_support_of(const struct ws_cloud *human, unsigned threads, struct ws_arena *arena,
                             struct ws_support *out, struct ws_error *err)
{
    WS_TRY(require_enough(human, "human side", err));
    double *radius = WS_ARENA_NEW(arena, double, human->count);
    if (!radius)
        return ws_fail_memory(err, "distances");
    WS_TRY(ws_neighbour_distances(human, WS_SUPPORT_K, threads, arena, radius, err));
    *out = (struct ws_support){.human = *human, .radius = radius};
    return set_far(radius, human->count, arena, out, err);
}

static double share(const bool *flags, size_t count)
{
    size_t set = 0;
    for (size_t i = 0; i < count; i++)
        set += flags[i];
    return (double)set / (double)count;
}

static struct ws_support_kept sum_up(const struct ws_balls *balls,
                                     const struct ws_ball_counts *counts)
{
    const size_t model = balls->model.count, human = balls->human.count;
    double inside = 0, total = 0;
    for (size_t i = 0; i < model; i++) {
        inside += counts->balls[i] > 0;
        total += counts->balls[i];
    }
    return (struct ws_support_kept){.precision = inside / (double)model,
                                    .recall = share(counts->human_found, human),
                                    .density = total / ((double)model * WS_SUPPORT_K),
                                    .coverage = share(counts->human_filled, human)};
}

/* Share of the model's vectors whose k-th nearest human one is not nearer than `far`. */
static double thin_share(const struct ws_balls *balls, const struct ws_ball_counts *counts)
{
    size_t thin = 0;
    for (size_t i = 0; i < balls->model.count; i++)
        thin += counts->near[i] < WS_SUPPORT_K;
    return (double)thin / (double)balls->model.count;
}

/* Where many human vectors are just as far, as lattices and copies are, those beyond are counted
 * apart. */
static enum ws_status low_density(const struct ws_support *support, struct ws_balls balls,
                                  unsigned threads, struct ws_arena *scratch,
                                  struct ws_ball_counts *counts, double *out, struct ws_error *err)
{
    const double at_or_beyond = thin_share(&balls, counts);
    *out = at_or_beyond;
    if (support->far_weight == 1)
        return WS_OK;
    balls.far = nextafter(support->far, INFINITY);
    WS_TRY(ws_count_balls(&balls, threads, scratch, counts, err));
    const double beyond = thin_share(&balls, counts);
    *out = beyond + support->far_weight * (at_or_beyond - beyond);
    return WS_OK;
}

enum ws_status ws_support_measure(const struct ws_support *support, const struct ws_cloud *model,
                                  unsigned threads, struct ws_arena *scratch,
                                  struct ws_support_kept *out, struct ws_error *err)
{
    WS_TRY(require_enough(model, "model", err));
    double *radius = WS_ARENA_NEW(scratch, double, model->count);
    struct ws_ball_counts counts = {
        .balls = WS_ARENA_NEW(scratch, uint32_t, model->count),
        .near = WS_ARENA_NEW(scratch, uint32_t, model->count),
        .human_filled = WS_ARENA_NEW(scratch, bool, support->human.count),
        .human_found = WS_ARENA_NEW(scratch, bool, support->human.count),
    };
    if (!radius || !counts.balls || !counts.near || !counts.human_filled || !counts.human_found)
        return ws_fail_memory(err, "distances");
    WS_TRY(ws_neighbour_distances(model, WS_SUPPORT_K, threads, scratch, radius, err));
    const struct ws_balls balls = {support->human, *model, support->radius, radius, support->far};
    WS_TRY(ws_count_balls(&balls, threads, scratch, &counts, err));
    *out = sum_up(&balls, &counts);
    return low_density(support, balls, threads, scratch, &counts, &out->low_density, err);
}
