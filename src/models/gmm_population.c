/*
 * The fit of a mixture to a population: mixtures of Gaussians, each in its share.
 *
 * A mixture that the family holds is its own best fit. Of any other population the fit is the
 * family's own, by expectation and maximisation from starts of its own, to points that stand for
 * it: as many of each Gaussian, placed evenly, and weighed by the share of that Gaussian. Half of
 * them mirror the others, and all are stretched so that the Gaussian has its own mean and
 * covariance exactly. What else the points leave of an integral falls about as 1/points, where that
 * of random ones falls as their root (tests/unit/test_attribution.c).
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "models/gmm_fit.h"

enum {
    POINTS = 8192,      /* in all, about */
    POINTS_MOST = 2048, /* of a Gaussian */
    POINTS_LEAST = 128,
    POINTS_DIMENSION = 8, /* at least so many for each coordinate */
};

/* A mixture of the truth's modes, equally likely, or of the one Gaussian that it is; components 0
 * where it is neither. */
static enum ws_status mixture_of_truth(const struct ws_law *law, struct ws_arena *arena,
                                       struct ws_gmm *out, struct ws_error *err)
{
    *out = (struct ws_gmm){.components = 0};
    if (!law || (law->mode_count == 0 && !law->gaussian))
        return WS_OK;
    const size_t d = law->dimension, count = law->mode_count > 0 ? law->mode_count : 1;
    WS_TRY(ws_gmm_new((uint32_t)count, law->dimension, arena, out, err));
    out->converged = true;
    memset(out->covariances, 0, count * d * d * sizeof *out->covariances);
    for (size_t k = 0; k < count; k++) {
        out->weights[k] = 1 / (double)count;
        for (size_t i = 0; i < d; i++)
            out->covariances[(k * d + i) * d + i] = law->deviation * law->deviation;
    }
    if (law->mode_count > 0)
        memcpy(out->means, law->modes, count * d * sizeof *out->means);
    else
        law->row->moments(law, out->means, out->covariances);
    return WS_OK;
}

static const struct ws_gmm *mixture_of_part(const struct ws_population_part *part,
                                            const struct ws_gmm *truth)
{
    return part->model ? &((const struct ws_gmm_model *)part->model)->mixture : truth;
}

static bool is_same(const struct ws_gmm *a, const struct ws_gmm *b)
{
    const size_t count = a->components, d = a->dimension;
    return a->components == b->components &&
           memcmp(a->weights, b->weights, count * (1 + d + d * d) * sizeof *a->weights) == 0;
}

/* Whether all of the population is one mixture that a fit would find. The floor is left out. */
static bool is_held(const struct ws_gmm_settings *settings, const struct ws_population *population,
                    const struct ws_gmm *truth)
{
    const struct ws_gmm *first = mixture_of_part(&population->parts[0], truth);
    bool held = first->components <= settings->components &&
                settings->tolerance <= WS_GMM_CONVERGED_TOLERANCE &&
                settings->iterations >= WS_GMM_CONVERGED_ITERATIONS;
    for (size_t p = 1; p < population->part_count && held; p++)
        held = is_same(first, mixture_of_part(&population->parts[p], truth));
    return held;
}

static enum ws_status copy_mixture(const struct ws_gmm *from, struct ws_arena *arena,
                                   struct ws_gmm *out, struct ws_error *err)
{
    const size_t d = from->dimension;
    WS_TRY(ws_gmm_new(from->components, from->dimension, arena, out, err));
    memcpy(out->weights, from->weights, from->components * (1 + d + d * d) * sizeof *out->weights);
    out->iterations = from->iterations;
    out->converged = from->converged;
    out->log_likelihood = from->log_likelihood;
    return WS_OK;
}

/* Points ----------------------------------------------------------------------------------------
 */

/* Point i of the sequence of M. Roberts (2018): multiples, less their whole part, of the powers of
 * 1 / g, g the root of g^(size + 1) = g + 1. It fills the cube evenly, whatever the number of
 * points. Two uniforms make two normals (Box and Muller 1958). */
static void place_normals(size_t count, size_t d, double *z)
{
    const size_t size = d + d % 2;
    double g = 2;
    for (int i = 0; i < 60; i++)
        g = pow(1 + g, 1 / (double)(size + 1));
    for (size_t i = 0; i < count; i++)
        for (size_t a = 0; a < size; a += 2) {
            double whole, step = (double)(i + 1);
            const double u = modf(step * pow(g, -(double)(a + 1)), &whole);
            const double v = modf(step * pow(g, -(double)(a + 2)), &whole);
            const double radius = sqrt(-2 * log1p(-u));
            z[i * d + a] = radius * cos(2 * M_PI * v);
            if (a + 1 < d)
                z[i * d + a + 1] = radius * sin(2 * M_PI * v);
        }
}

/* Of points whose mean is 0. False where they are too few. */
static bool make_covariance_one(size_t count, size_t d, double *covariance, double *lower,
                                double *z)
{
    memset(covariance, 0, d * d * sizeof *covariance);
    for (size_t i = 0; i < count; i++)
        for (size_t a = 0; a < d; a++)
            for (size_t b = 0; b < d; b++)
                covariance[a * d + b] += z[i * d + a] * z[i * d + b] / (double)count;
    if (!ws_gmm_factorise(covariance, (uint32_t)d, lower))
        return false;
    for (size_t i = 0; i < count; i++)
        for (size_t a = 0; a < d; a++) {
            for (size_t b = 0; b < a; b++)
                z[i * d + a] -= lower[b * d + a] * z[i * d + b];
            z[i * d + a] /= lower[a * d + a];
        }
    return true;
}

/* A standard normal in d dimensions as points (count, d), and room for a matrix or two. */
struct normal_points {
    double *z;
    size_t count;
    double *covariance, *lower; /* (d, d) */
};

static enum ws_status make_points(size_t gaussians, size_t d, struct ws_arena *arena,
                                  struct normal_points *out, struct ws_error *err)
{
    size_t count = gaussians <= POINTS / POINTS_MOST ? POINTS_MOST : POINTS / gaussians;
    count = count < POINTS_LEAST ? POINTS_LEAST : count + count % 2;
    count = count < POINTS_DIMENSION * d ? POINTS_DIMENSION * d : count;
    *out = (struct normal_points){.z = WS_ARENA_NEW(arena, double, count *d),
                                  .count = count,
                                  .covariance = WS_ARENA_NEW(arena, double, d *d),
                                  .lower = WS_ARENA_NEW(arena, double, d *d)};
    if (!out->z || !out->covariance || !out->lower)
        return ws_fail_memory(err, "a population");
    place_normals(count / 2, d, out->z);
    for (size_t i = 0; i < count / 2 * d; i++)
        out->z[count / 2 * d + i] = -out->z[i];
    return make_covariance_one(count, d, out->covariance, out->lower, out->z)
               ? WS_OK
               : ws_fail(err, WS_NUMERIC, "%zu points do not fill %zu dimensions", count, d);
}

static enum ws_status place_gaussian(const struct ws_gmm *mixture, size_t k,
                                     const struct normal_points *points, struct ws_arena *arena,
                                     struct ws_payload *out, struct ws_error *err)
{
    const size_t d = mixture->dimension;
    double *x = WS_ARENA_NEW(arena, double, points->count *d);
    if (!x)
        return ws_fail_memory(err, "a population");
    if (!ws_gmm_factorise(mixture->covariances + k * d * d, mixture->dimension, points->lower))
        return ws_fail(err, WS_NUMERIC, "a mixture has a singular covariance");
    for (size_t i = 0; i < points->count; i++)
        for (size_t a = 0; a < d; a++) {
            double sum = mixture->means[k * d + a];
            for (size_t b = 0; b <= a; b++)
                sum += points->lower[b * d + a] * points->z[i * d + b];
            x[i * d + a] = sum;
        }
    *out = (struct ws_payload){.kind = WS_DATA_VECTORS,
                               .count = points->count,
                               .dimension = mixture->dimension,
                               .vectors = x};
    return WS_OK;
}

static size_t count_gaussians(const struct ws_population *population, const struct ws_gmm *truth)
{
    size_t count = 0;
    for (size_t p = 0; p < population->part_count; p++)
        count += mixture_of_part(&population->parts[p], truth)->components;
    return count;
}

/* A segment for each Gaussian. */
static enum ws_status place_population(const struct ws_population *population,
                                       const struct ws_gmm *truth, struct ws_arena *arena,
                                       struct ws_dataset *out, struct ws_error *err)
{
    const size_t most = count_gaussians(population, truth);
    struct normal_points points;
    WS_TRY(make_points(most, truth->dimension, arena, &points, err));
    struct ws_payload *payloads = WS_ARENA_NEW(arena, struct ws_payload, most);
    struct ws_segment *segments = WS_ARENA_NEW(arena, struct ws_segment, most);
    if (!payloads || !segments)
        return ws_fail_memory(err, "a population");
    size_t count = 0;
    for (size_t p = 0; p < population->part_count; p++) {
        const struct ws_gmm *mixture = mixture_of_part(&population->parts[p], truth);
        for (size_t k = 0; k < mixture->components; k++) {
            const double share = population->parts[p].share * mixture->weights[k];
            if (!(share > 0)) /* too small to be told from 0 */
                continue;
            WS_TRY(place_gaussian(mixture, k, &points, arena, &payloads[count], err));
            segments[count] = (struct ws_segment){
                {WS_SOURCE_ORIGINAL, 0, 0}, &payloads[count], 0, points.count, NULL, share};
            count++;
        }
    }
    *out = (struct ws_dataset){.kind = WS_DATA_VECTORS,
                               .dimension = truth->dimension,
                               .count = count * points.count,
                               .segment_count = count,
                               .segments = segments};
    return WS_OK;
}

static enum ws_status fit_points(const struct ws_gmm_settings *settings,
                                 const struct ws_population *population, const struct ws_gmm *truth,
                                 struct ws_arena *arena, struct ws_gmm *out, struct ws_error *err)
{
    struct ws_arena scratch;
    struct ws_dataset points;
    ws_arena_init(&scratch, arena->allocator);
    enum ws_status status = place_population(population, truth, &scratch, &points, err);
    if (status == WS_OK)
        status = ws_gmm_fit(settings, &points, population->init, 1, arena, out, err);
    ws_arena_release(&scratch);
    return status;
}

enum ws_status ws_gmm_fit_population(const void *settings, const struct ws_population *population,
                                     struct ws_arena *arena, const struct ws_model **out,
                                     struct ws_error *err)
{
    struct ws_gmm truth;
    WS_TRY(mixture_of_truth(population->truth->law, arena, &truth, err));
    if (truth.components == 0)
        return ws_fail(err, WS_UNSUPPORTED,
                       "the best fit of a mixture to what is none has no closed form");
    struct ws_gmm_model *model = WS_ARENA_NEW(arena, struct ws_gmm_model, 1);
    if (!model)
        return ws_fail_memory(err, "a mixture");
    model->base = (struct ws_model){&ws_family_gmm, settings, population->items};
    if (is_held(settings, population, &truth))
        WS_TRY(copy_mixture(mixture_of_part(&population->parts[0], &truth), arena, &model->mixture,
                            err));
    else
        WS_TRY(fit_points(settings, population, &truth, arena, &model->mixture, err));
    *out = &model->base;
    return WS_OK;
}
