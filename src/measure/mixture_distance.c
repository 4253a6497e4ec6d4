#include "measure/mixture_distance.h"

#include <lapacke.h>
#include <math.h>

/* A sum of numbers given by their logs: sum exp(most). */
struct log_sum {
    double most, sum;
};

static void add(struct log_sum *total, double log_term)
{
    if (log_term > total->most) {
        total->sum *= exp(total->most - log_term);
        total->most = log_term;
    }
    if (log_term > -INFINITY)
        total->sum += exp(log_term - total->most);
}

/* Scratch for one pair of components. */
struct room {
    double *covariance; /* (dimension, dimension) */
    double *difference; /* (dimension) */
};

/* log N(m - n; 0, S + T) of components i of f and j of g. */
static enum ws_status log_overlap(const struct ws_gmm *f, size_t i, const struct ws_gmm *g,
                                  size_t j, struct room room, double *out, struct ws_error *err)
{
    size_t d = f->dimension;
    lapack_int order = (lapack_int)d;
    for (size_t a = 0; a < d * d; a++)
        room.covariance[a] = f->covariances[i * d * d + a] + g->covariances[j * d * d + a];
    for (size_t a = 0; a < d; a++)
        room.difference[a] = f->means[i * d + a] - g->means[j * d + a];
    if (LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', order, room.covariance, order) != 0 ||
        LAPACKE_dtrtrs_work(LAPACK_COL_MAJOR, 'L', 'N', 'N', order, 1, room.covariance, order,
                            room.difference, order) != 0)
        return ws_fail(err, WS_NUMERIC, "the distance of two mixtures: a covariance is singular");
    double sum = (double)d * log(2 * acos(-1));
    for (size_t a = 0; a < d; a++)
        sum += 2 * log(room.covariance[a * (d + 1)]) + room.difference[a] * room.difference[a];
    *out = -0.5 * sum;
    return WS_OK;
}

static enum ws_status product(const struct ws_gmm *f, const struct ws_gmm *g, struct room room,
                              struct log_sum *out, struct ws_error *err)
{
    *out = (struct log_sum){-INFINITY, 0};
    for (size_t i = 0; i < f->components; i++)
        for (size_t j = 0; j < g->components; j++) {
            double overlap;
            WS_TRY(log_overlap(f, i, g, j, room, &overlap, err));
            add(out, overlap + log(f->weights[i]) + log(g->weights[j]));
        }
    return WS_OK;
}

enum ws_status ws_gmm_l2_squared(const struct ws_gmm *f, const struct ws_gmm *g,
                                 struct ws_arena *scratch, double *out, struct ws_error *err)
{
    size_t d = f->dimension;
    struct room room = {WS_ARENA_NEW(scratch, double, d *d), WS_ARENA_NEW(scratch, double, d)};
    if (!room.covariance || !room.difference)
        return ws_fail_memory(err, "the distance of two mixtures");
    struct log_sum ff, gg, fg;
    WS_TRY(product(f, f, room, &ff, err));
    WS_TRY(product(g, g, room, &gg, err));
    WS_TRY(product(f, g, room, &fg, err));
    double most = fmax(fmax(ff.most, gg.most), fg.most);
    double scaled = ff.sum * exp(ff.most - most) + gg.sum * exp(gg.most - most) -
                    2 * fg.sum * exp(fg.most - most);
    *out = scaled > 0 ? exp(most) * scaled : 0;
    return WS_OK;
}

double ws_gmm_spread(const struct ws_gmm *mixture, uint32_t k)
{
    size_t d = mixture->dimension;
    double trace = 0;
    for (size_t a = 0; a < d; a++)
        trace += mixture->covariances[k * d * d + a * (d + 1)];
    return sqrt(trace / (double)d);
}
