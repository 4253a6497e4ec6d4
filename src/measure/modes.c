#include "measure/modes.h"

#include <math.h>

/* The items of one mode. */
struct near {
    uint64_t items;
    uint64_t good;
    double squares; /* of the distances from their mean so far, summed (Welford 1962) */
};

/* The normal quantile at which the radius in two dimensions is 3. */
static const double QUANTILE = 2.2862242;

double ws_modes_radius(uint32_t dimension)
{
    double d = dimension;
    double root = 1 - 2 / (9 * d) + QUANTILE * sqrt(2 / (9 * d));
    return sqrt(d * root * root * root);
}

static double distance_squared(const double *a, const double *b, size_t d)
{
    double sum = 0;
    for (size_t k = 0; k < d; k++)
        sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
}

/* The first of those that are nearest. */
static size_t nearest(const struct ws_law *truth, const double *item, double *squared)
{
    size_t best = 0;
    *squared = INFINITY;
    for (size_t m = 0; m < truth->mode_count; m++) {
        double here = distance_squared(item, truth->modes + m * truth->dimension, truth->dimension);
        if (here < *squared) {
            *squared = here;
            best = m;
        }
    }
    return best;
}

static void add(struct near *near, double *mean, const double *item, size_t d)
{
    near->items++;
    for (size_t k = 0; k < d; k++) {
        double step = item[k] - mean[k];
        mean[k] += step / (double)near->items;
        near->squares += step * (item[k] - mean[k]);
    }
}

enum ws_status ws_modes_measure(const struct ws_law *truth, const struct ws_dataset *sample,
                                struct ws_arena *scratch, struct ws_modes_kept *out,
                                struct ws_error *err)
{
    size_t d = truth->dimension;
    double reach = ws_modes_radius(truth->dimension) * truth->deviation;
    struct near *near = WS_ARENA_ZNEW(scratch, struct near, truth->mode_count);
    double *means = WS_ARENA_ZNEW(scratch, double, truth->mode_count *d);
    if (!near || !means)
        return ws_fail_memory(err, "the modes of a sample");
    for (size_t s = 0; s < sample->segment_count; s++) {
        const struct ws_segment *segment = &sample->segments[s];
        for (uint64_t i = 0; i < segment->count; i++) {
            const double *item = segment->payload->vectors + ws_segment_item(segment, i) * d;
            double squared;
            size_t mode = nearest(truth, item, &squared);
            near[mode].good += squared <= reach * reach;
            add(&near[mode], means + mode * d, item, d);
        }
    }
    double covered = 0, good = 0, variances = 0, varied = 0;
    double fair = (double)sample->count / (double)truth->mode_count;
    for (size_t m = 0; m < truth->mode_count; m++) {
        covered += near[m].good > 0 && 10 * (double)near[m].good >= fair;
        good += (double)near[m].good;
        if (near[m].items < 2)
            continue;
        variances += near[m].squares / (double)(near[m].items - 1);
        varied++;
    }
    double trace = (double)d * truth->deviation * truth->deviation;
    *out = (struct ws_modes_kept){covered / (double)truth->mode_count, good / (double)sample->count,
                                  variances / (varied * trace)};
    return WS_OK;
}
