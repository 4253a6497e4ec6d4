#include "models/gmm_fit.h"

#include <float.h>
#include <inttypes.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

/* A piece has at least so many blocks, and there are at most so many pieces. */
enum { PIECE_BLOCKS = 8, PIECES = 64 };

size_t ws_gmm_pieces(const struct ws_packed *data)
{
    size_t pieces = data->block_count / PIECE_BLOCKS;
    return pieces < 1 ? 1 : pieces < PIECES ? pieces : PIECES;
}

void ws_gmm_piece(const struct ws_gmm_work *work, size_t piece, size_t *first, size_t *end)
{
    size_t count = work->data->block_count;
    *first = count * piece / work->pieces;
    *end = count * (piece + 1) / work->pieces;
}

enum ws_status ws_gmm_new(uint32_t components, uint32_t dimension, struct ws_arena *arena,
                          struct ws_gmm *out, struct ws_error *err)
{
    size_t k = components, d = dimension;
    double *numbers = WS_ARENA_NEW(arena, double, k *(1 + d + d * d));
    if (!numbers)
        return ws_fail_memory(err, "a mixture");
    *out = (struct ws_gmm){
        .components = components,
        .dimension = dimension,
        .weights = numbers,
        .means = numbers + k,
        .covariances = numbers + k + k * d,
    };
    return WS_OK;
}

/* ---- covariances and their factors ---- */

bool ws_gmm_factorise(const double *covariance, uint32_t dimension, double *lower)
{
    lapack_int d = (lapack_int)dimension;
    memcpy(lower, covariance, (size_t)dimension * dimension * sizeof *lower);
    return LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', d, lower, d) == 0;
}

/* Where the numbers of a ws_mixture lie. */
struct prepared {
    double *constant, *mean, *inverse;
    double *work; /* (dimension, dimension) */
};

static enum ws_status prepared_new(const struct ws_gmm *mixture, struct ws_arena *arena,
                                   struct prepared *out, struct ws_error *err)
{
    size_t k = mixture->components, d = mixture->dimension;
    double *numbers = WS_ARENA_NEW(arena, double, k *ws_moment_count(d) + d * d);
    if (!numbers)
        return ws_fail_memory(err, "a mixture's factors");
    *out = (struct prepared){numbers, numbers + k, numbers + k + k * d,
                             numbers + k * ws_moment_count(d)};
    return WS_OK;
}

/* The inverse of the factor of component k's covariance over sqrt(2), and half the log of the
 * inverse's determinant. False when the covariance is singular. */
static bool invert(const double *covariance, uint32_t dimension, double *work, double *inverse,
                   double *log_determinant)
{
    lapack_int order = (lapack_int)dimension;
    size_t d = dimension;
    if (!ws_gmm_factorise(covariance, dimension, work) ||
        LAPACKE_dtrtri_work(LAPACK_COL_MAJOR, 'L', 'N', order, work, order) != 0)
        return false;
    *log_determinant = 0;
    for (size_t i = 0; i < d; i++) {
        *log_determinant += log(work[i * d + i]);
        for (size_t j = 0; j <= i; j++)
            *inverse++ = work[j * d + i] * sqrt(0.5);
    }
    return isfinite(*log_determinant);
}

static enum ws_status prepare(const struct ws_gmm *mixture, struct prepared to,
                              struct ws_error *err)
{
    size_t d = mixture->dimension;
    const double scale = -0.5 * (double)d * log(2 * acos(-1));
    memcpy(to.mean, mixture->means, mixture->components * d * sizeof *to.mean);
    for (uint32_t k = 0; k < mixture->components; k++) {
        double log_determinant;
        if (!invert(mixture->covariances + k * d * d, mixture->dimension, to.work,
                    to.inverse + k * (d * (d + 1) / 2), &log_determinant))
            return ws_fail(err, WS_NUMERIC,
                           "component %" PRIu32 " of %" PRIu32 " of a mixture has a singular "
                           "covariance: its items are too few or equal; ask for a larger floor or "
                           "fewer components",
                           k + 1, mixture->components);
        to.constant[k] = scale + log(mixture->weights[k]) + log_determinant;
    }
    return WS_OK;
}

static struct ws_mixture mixture_of(const struct ws_gmm *mixture, struct prepared from)
{
    return (struct ws_mixture){mixture->components, mixture->dimension, from.constant, from.mean,
                               from.inverse};
}

enum ws_status ws_gmm_prepare(const struct ws_gmm *mixture, struct ws_arena *arena,
                              struct ws_mixture *out, struct ws_error *err)
{
    struct prepared prepared;
    WS_TRY(prepared_new(mixture, arena, &prepared, err));
    WS_TRY(prepare(mixture, prepared, err));
    *out = mixture_of(mixture, prepared);
    return WS_OK;
}

/* ---- one look at the data ---- */

/* Moments of each component about `mean`, with shares by the mixture or, where `nearest` is not
 * NULL, by the clusters. */
struct look {
    const struct ws_gmm_work *work;
    struct ws_mixture mixture; /* of clusters: all but the means is nothing */
    const double *nearest;     /* (places), or NULL */
    size_t room_count;         /* numbers of room for a piece */
    double *room;              /* (pieces, room_count) */
    double *moments;           /* (pieces, components, ws_moment_count) */
    double *log_density;       /* (pieces), weighted sums over items */
};

static enum ws_status look_new(const struct ws_gmm_work *work, uint32_t components,
                               struct ws_arena *arena, struct look *out, struct ws_error *err)
{
    uint32_t d = work->data->dimension, width = ws_packed_block_items(d);
    *out = (struct look){.work = work};
    out->room_count = (size_t)components * width + ws_density_room(d, width);
    out->room = WS_ARENA_NEW(arena, double, work->pieces * out->room_count);
    out->moments = WS_ARENA_NEW(arena, double, work->pieces *components *ws_moment_count(d));
    out->log_density = WS_ARENA_NEW(arena, double, work->pieces);
    if (!out->room || !out->moments || !out->log_density)
        return ws_fail_memory(err, "the fit of a mixture");
    return WS_OK;
}

static void share_by_clusters(const struct ws_packed_block *block, const double *nearest,
                              uint32_t components, double *r)
{
    memset(r, 0, (size_t)components * block->width * sizeof *r);
    for (uint32_t i = 0; i < block->count; i++)
        r[(size_t)nearest[block->place + i] * block->width + i] = 1;
}

static void look_at_block(const struct look *look, const struct ws_packed_block *block, double *r,
                          double *moments, double *log_density)
{
    const struct ws_density_ops *ops = look->work->ops;
    uint32_t components = look->mixture.components, d = look->mixture.dimension;
    double *room = r + (size_t)components * block->width;
    if (look->nearest)
        share_by_clusters(block, look->nearest, components, r);
    else
        *log_density += block->weight * ops->responsibilities(&look->mixture, block, room, r);
    for (size_t k = 0; k < components; k++)
        ops->moments(block, d, r + k * block->width, look->mixture.mean + k * d, room,
                     moments + k * ws_moment_count(d));
}

static void look_at_piece(void *context, size_t piece)
{
    const struct look *look = context;
    size_t count = look->mixture.components * ws_moment_count(look->mixture.dimension);
    double *moments = look->moments + piece * count;
    memset(moments, 0, count * sizeof *moments);
    look->log_density[piece] = 0;
    size_t first, end;
    ws_gmm_piece(look->work, piece, &first, &end);
    for (size_t b = first; b < end; b++)
        look_at_block(look, &look->work->data->blocks[b], look->room + piece * look->room_count,
                      moments, &look->log_density[piece]);
}

/* Leaves the sums over all items in the first piece's places. */
static void look_at_data(struct look *look)
{
    size_t count = look->mixture.components * ws_moment_count(look->mixture.dimension);
    ws_pool_run(look->work->pool, look->work->pieces, look_at_piece, look);
    for (size_t piece = 1; piece < look->work->pieces; piece++) {
        look->log_density[0] += look->log_density[piece];
        for (size_t i = 0; i < count; i++)
            look->moments[i] += look->moments[piece * count + i];
    }
}

/* ---- new estimates ---- */

/* As scikit-learn: so that no component divides by 0. */
static const double LEAST_SHARE = 10 * DBL_EPSILON;

/* The moments are about the mean before, `about`. It is near the new one, so that taking the square
 * of its step off the second moment loses little. */
static void estimate_component(const double *moments, const double *about, double floor, size_t d,
                               double *mean, double *covariance)
{
    double share = moments[0] + LEAST_SHARE;
    const double *first = moments + 1, *second = moments + 1 + d;
    for (size_t i = 0; i < d; i++) {
        double step = first[i] / share;
        for (size_t j = 0; j <= i; j++)
            covariance[i * d + j] = covariance[j * d + i] =
                *second++ / share - step * (first[j] / share);
        covariance[i * d + i] += floor;
        mean[i] = about[i] + step;
    }
}

static enum ws_status check_finite(const struct ws_gmm *mixture, struct ws_error *err)
{
    size_t k = mixture->components, d = mixture->dimension;
    bool finite = true;
    for (size_t i = 0; i < k * (1 + d + d * d); i++)
        finite = finite && isfinite(mixture->weights[i]);
    if (!finite)
        return ws_fail(err, WS_NUMERIC,
                       "the moments of a mixture are not finite: the vectors are too large");
    return WS_OK;
}

static enum ws_status maximise(const struct look *look, double floor, struct ws_gmm *mixture,
                               struct ws_error *err)
{
    size_t d = mixture->dimension;
    double total = 0;
    for (uint32_t k = 0; k < mixture->components; k++)
        total += look->moments[k * ws_moment_count(d)] + LEAST_SHARE;
    for (uint32_t k = 0; k < mixture->components; k++) {
        const double *moments = look->moments + k * ws_moment_count(d);
        mixture->weights[k] = (moments[0] + LEAST_SHARE) / total;
        estimate_component(moments, look->mixture.mean + k * d, floor, d, mixture->means + k * d,
                           mixture->covariances + k * d * d);
    }
    return check_finite(mixture, err);
}

enum ws_status ws_gmm_of_clusters(const struct ws_gmm_work *work, double floor,
                                  const double *centres, const double *nearest,
                                  struct ws_arena *scratch, struct ws_gmm *mixture,
                                  struct ws_error *err)
{
    struct look look;
    WS_TRY(look_new(work, mixture->components, scratch, &look, err));
    look.mixture = (struct ws_mixture){
        .components = mixture->components, .dimension = mixture->dimension, .mean = centres};
    look.nearest = nearest;
    look_at_data(&look);
    return maximise(&look, floor, mixture, err);
}

enum ws_status ws_gmm_iterate(const struct ws_gmm_work *work,
                              const struct ws_gmm_settings *settings, struct ws_arena *scratch,
                              struct ws_gmm *mixture, struct ws_error *err)
{
    struct look look;
    struct prepared prepared;
    WS_TRY(look_new(work, mixture->components, scratch, &look, err));
    WS_TRY(prepared_new(mixture, scratch, &prepared, err));
    look.mixture = mixture_of(mixture, prepared);
    double before = -INFINITY;
    mixture->converged = false;
    for (uint32_t i = 1; i <= settings->iterations && !mixture->converged; i++) {
        WS_TRY(prepare(mixture, prepared, err));
        look_at_data(&look);
        WS_TRY(maximise(&look, settings->floor, mixture, err));
        mixture->iterations = i;
        mixture->log_likelihood = look.log_density[0] / (double)work->data->count;
        mixture->converged = fabs(mixture->log_likelihood - before) < settings->tolerance;
        before = mixture->log_likelihood;
    }
    /* Whoever uses it must find that it can be factorised. */
    return prepare(mixture, prepared, err);
}

/* ---- all of it ---- */

static enum ws_status fit_from(const struct ws_gmm_work *work,
                               const struct ws_gmm_settings *settings, struct ws_rng_key key,
                               uint64_t start, struct ws_arena *scratch, struct ws_gmm *mixture,
                               struct ws_error *err)
{
    double *centres =
        WS_ARENA_NEW(scratch, double, mixture->components *(size_t)mixture->dimension);
    double *nearest = WS_ARENA_NEW(scratch, double, work->data->places);
    if (!centres || !nearest)
        return ws_fail_memory(err, "the start of a mixture");
    WS_TRY(ws_gmm_start(work, mixture->components, key, start, scratch, centres, nearest, err));
    WS_TRY(ws_gmm_of_clusters(work, settings->floor, centres, nearest, scratch, mixture, err));
    return ws_gmm_iterate(work, settings, scratch, mixture, err);
}

static enum ws_status fit_all(const struct ws_gmm_work *work,
                              const struct ws_gmm_settings *settings, struct ws_rng_key key,
                              struct ws_arena *scratch, struct ws_gmm *out, struct ws_error *err)
{
    const size_t d = out->dimension, numbers = out->components * (1 + d + d * d);
    struct ws_gmm other;
    WS_TRY(ws_gmm_new(out->components, out->dimension, scratch, &other, err));
    struct ws_arena attempt;
    ws_arena_init(&attempt, scratch->allocator);
    enum ws_status status = WS_OK;
    for (uint64_t start = 0; start < settings->starts && status == WS_OK; start++) {
        ws_arena_reset(&attempt);
        status = fit_from(work, settings, key, start, &attempt, &other, err);
        if (status == WS_OK && (start == 0 || other.log_likelihood > out->log_likelihood)) {
            memcpy(out->weights, other.weights, numbers * sizeof *out->weights);
            out->iterations = other.iterations;
            out->converged = other.converged;
            out->log_likelihood = other.log_likelihood;
        }
    }
    ws_arena_release(&attempt);
    return status;
}

static enum ws_status fit_with(const struct ws_gmm_settings *settings,
                               const struct ws_dataset *data, struct ws_rng_key key,
                               unsigned threads, struct ws_arena *scratch, struct ws_gmm *out,
                               struct ws_error *err)
{
    struct ws_packed packed;
    WS_TRY(ws_packed_of(data, scratch, &packed, err));
    struct ws_gmm_work work = {&packed, ws_density_pick(), NULL, ws_gmm_pieces(&packed)};
    unsigned useful = threads < work.pieces ? threads : (unsigned)work.pieces;
    WS_TRY(ws_pool_new(useful, scratch->allocator, &work.pool, err));
    enum ws_status status = fit_all(&work, settings, key, scratch, out, err);
    ws_pool_free(work.pool);
    return status;
}

enum ws_status ws_gmm_fit(const struct ws_gmm_settings *settings, const struct ws_dataset *data,
                          struct ws_rng_key key, unsigned threads, struct ws_arena *arena,
                          struct ws_gmm *out, struct ws_error *err)
{
    WS_TRY(ws_gmm_new((uint32_t)settings->components, data->dimension, arena, out, err));
    struct ws_arena scratch;
    ws_arena_init(&scratch, arena->allocator);
    enum ws_status status = fit_with(settings, data, key, threads, &scratch, out, err);
    ws_arena_release(&scratch);
    return status;
}
