#include "models/gaussian.h"

#include <assert.h>
#include <float.h>
#include <inttypes.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/draw.h"
#include "base/sum.h"

enum { MAGIC = 0x474d5357, VERSION = 1 }; /* "WSMG" */

static const double FAR = 64;        /* an item's squared distance from the mean, in variances */
static const double ROUNDING = 1e-6; /* forgiven when a stored covariance is checked */

static const struct ws_option options[] = {
    {"estimator", WS_OPTION_CHOICE, offsetof(struct ws_gaussian_settings, estimator), 0, 0,
     "unbiased", "unbiased|mle", 0, "divisor of the covariance: n - 1 (unbiased) or n (mle)"},
};

static const struct ws_gaussian_model *model_of(const struct ws_model *base)
{
    return (const struct ws_gaussian_model *)base;
}

static const double *item(const struct ws_segment *segment, uint64_t i)
{
    return segment->payload->vectors + ws_segment_item(segment, i) * segment->payload->dimension;
}

/* Of items that all weigh 1: n - 1 or n. */
static double divisor(const struct ws_gaussian_settings *settings,
                      struct ws_dataset_weights weights)
{
    bool unbiased = settings->estimator == WS_GAUSSIAN_UNBIASED;
    return unbiased ? weights.sum - weights.squares / weights.sum : weights.sum;
}

static enum ws_status check(const void *settings, const struct ws_dataset *example, uint64_t items,
                            uint64_t item_size, struct ws_error *err)
{
    (void)item_size;
    if (example->kind != WS_DATA_VECTORS)
        return ws_fail(err, WS_INVALID, "family 'gaussian' takes vectors, not %s",
                       ws_data_kind_name(example->kind));
    if (example->dimension < 1 || example->dimension > WS_GAUSSIAN_DIMENSION_LIMIT)
        return ws_fail(err, WS_INVALID,
                       "family 'gaussian' got vectors of dimension %" PRIu32 ", wanted 1 to %d",
                       example->dimension, WS_GAUSSIAN_DIMENSION_LIMIT);
    const struct ws_gaussian_settings *s = settings;
    if (s->estimator == WS_GAUSSIAN_UNBIASED && items < 2)
        return ws_fail(err, WS_INVALID,
                       "an unbiased covariance needs at least 2 items, not %" PRIu64
                       "; ask for more or for estimator=mle",
                       items);
    return WS_OK;
}

/*
 * Deviations are taken from the data's first item first, so that a sample whose items are all equal
 * has exactly that mean and exactly zero variance: a collapsed chain stays collapsed.
 */

/* Of all items of one dimension, by weight. */
static struct ws_moments moments(const struct ws_dataset *data, double origin)
{
    const struct ws_sum_ops *sum = ws_sum_pick();
    struct ws_moments all = {0, 0};
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        const uint64_t runs = segment->pick ? segment->count : 1;
        for (uint64_t i = 0; i < runs; i++) {
            struct ws_moments more =
                sum->moments(item(segment, i), segment->pick ? 1 : segment->count, origin);
            all.deviations += segment->weight * more.deviations;
            all.squares += segment->weight * more.squares;
        }
    }
    return all;
}

/* One pass tells both, unless the first item lies so far out that its distance hides the variance;
 * then the squares are taken from the mean. */
static void estimate_one_dimension(const struct ws_dataset *data, double weight, double divide,
                                   double *mean, double *variance)
{
    double origin = *item(&data->segments[0], 0);
    struct ws_moments about = moments(data, origin);
    double shift = about.deviations / weight;
    double squares = about.squares - about.deviations * shift;
    *mean = origin + shift;
    if (about.deviations * shift > FAR * squares)
        squares = moments(data, *mean).squares;
    *variance = squares / divide;
}

static void estimate_mean(const struct ws_dataset *data, double weight, double *mean)
{
    uint32_t d = data->dimension;
    const double *origin = item(&data->segments[0], 0);
    memset(mean, 0, d * sizeof *mean);
    for (size_t s = 0; s < data->segment_count; s++)
        for (uint64_t i = 0; i < data->segments[s].count; i++) {
            const double *x = item(&data->segments[s], i);
            for (uint32_t j = 0; j < d; j++)
                mean[j] += data->segments[s].weight * (x[j] - origin[j]);
        }
    for (uint32_t j = 0; j < d; j++)
        mean[j] = origin[j] + mean[j] / weight;
}

static void estimate_covariance(const struct ws_dataset *data, double divide, const double *mean,
                                double *deviation, double *covariance)
{
    size_t d = data->dimension;
    memset(covariance, 0, d * d * sizeof *covariance);
    for (size_t s = 0; s < data->segment_count; s++)
        for (uint64_t n = 0; n < data->segments[s].count; n++) {
            const double *x = item(&data->segments[s], n);
            for (size_t i = 0; i < d; i++)
                deviation[i] = x[i] - mean[i];
            for (size_t i = 0; i < d; i++) {
                double own = data->segments[s].weight * deviation[i];
                for (size_t j = 0; j <= i; j++)
                    covariance[i * d + j] += own * deviation[j];
            }
        }
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            covariance[j * d + i] = covariance[i * d + j] /= divide;
}

static bool all_finite(const double *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* mean (d), covariance (d, d) and deviation (d), which is scratch. */
static enum ws_status estimate(const struct ws_gaussian_settings *settings,
                               const struct ws_dataset *data, double *mean, double *covariance,
                               double *deviation, struct ws_error *err)
{
    size_t d = data->dimension;
    struct ws_dataset_weights weights = ws_dataset_weights(data);
    double divide = divisor(settings, weights);
    if (d == 1) {
        estimate_one_dimension(data, weights.sum, divide, mean, covariance);
    } else {
        estimate_mean(data, weights.sum, mean);
        estimate_covariance(data, divide, mean, deviation, covariance);
    }
    if (!all_finite(mean, d))
        return ws_fail(err, WS_NUMERIC,
                       "the mean of %" PRIu64 " vectors is not finite: they are too large",
                       data->count);
    if (!all_finite(covariance, d * d))
        return ws_fail(err, WS_NUMERIC,
                       "the covariance of %" PRIu64
                       " vectors is not finite: they are too few or too large",
                       data->count);
    return WS_OK;
}

static enum ws_status fit(const void *settings, size_t chains,
                          const struct ws_dataset *const data[], const struct ws_rng_key init[],
                          const struct ws_job *job, struct ws_arena *arena,
                          const struct ws_model *models[], struct ws_error *err)
{
    (void)init;
    (void)job;
    size_t d = data[0]->dimension, size = d + d * d; /* a model's numbers */
    struct ws_gaussian_model *fitted = WS_ARENA_NEW(arena, struct ws_gaussian_model, chains);
    double *numbers = WS_ARENA_NEW(arena, double, chains *size + d);
    if (!fitted || !numbers)
        return ws_fail_memory(err, "Gaussian models");
    double *deviation = numbers + chains * size;
    for (size_t c = 0; c < chains; c++) {
        double *mean = numbers + c * size;
        assert(data[c]->dimension == d);
        WS_TRY(estimate(settings, data[c], mean, mean + d, deviation, err));
        fitted[c] = (struct ws_gaussian_model){
            .base = {&ws_family_gaussian, settings, data[c]->count},
            .dimension = (uint32_t)d,
            .mean = mean,
            .covariance = mean + d,
        };
        models[c] = &fitted[c].base;
    }
    return WS_OK;
}

static double largest(const double *x, size_t count, size_t step)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(x[i * step]));
    return most;
}

/*
 * The variance, left over by the directions before it, that rounding alone can give a direction. A
 * covariance is a sum over n items: its elements err by about sqrt(n) ulps of the largest variance.
 * The items themselves are mean + L z, rounded to an ulp of the mean. Each of the d coordinates
 * adds its share. Draws leave out what is not above this floor, so that what rounding makes of such
 * a draw is below the floor of the next fit: a direction that was lost stays lost.
 */
static double rounding_floor(const struct ws_gaussian_model *model)
{
    size_t d = model->dimension;
    double items = (double)model->base.training_items;
    double of_sums = 2 * DBL_EPSILON * sqrt(items) * largest(model->covariance, d, d + 1);
    double ulps = 4 * DBL_EPSILON * largest(model->mean, d, 1);
    return (double)d * fmax(of_sums, ulps * ulps);
}

/* covariance = P L L' P': row i of L belongs to coordinate pivot[i] - 1, and only the first `rank`
 * columns are used. */
struct factor {
    uint32_t rank;
    double *lower;     /* (dimension, dimension), column by column */
    lapack_int *pivot; /* (dimension) */
};

/* Pivots that are not above `floor` end the factor; a floor below 0 stands for LAPACK's own,
 * dimension * 2^-53 * largest variance. In one dimension every variance above 0 counts. */
static enum ws_status factorise(const struct ws_gaussian_model *model, double floor,
                                struct ws_arena *arena, struct factor *out, struct ws_error *err)
{
    size_t d = model->dimension;
    double *lower = ws_arena_copy(arena, model->covariance, d * d * sizeof *lower);
    lapack_int *pivot = WS_ARENA_NEW(arena, lapack_int, d);
    double *work = WS_ARENA_NEW(arena, double, 2 * d);
    if (!lower || !pivot || !work)
        return ws_fail_memory(err, "the factor of a covariance");
    lapack_int rank = 0;
    if (d == 1) {
        rank = lower[0] > 0;
        pivot[0] = 1;
        lower[0] = sqrt(lower[0]);
    } else {
        bool is_lost = largest(lower, d, d + 1) <= floor; /* LAPACK always takes a first pivot */
        /* A positive answer says that the rank is not full. */
        lapack_int order = (lapack_int)d;
        lapack_int info = LAPACKE_dpstrf_work(LAPACK_COL_MAJOR, 'L', order, lower, order, pivot,
                                              &rank, floor, work);
        if (info < 0)
            return ws_fail(err, WS_NUMERIC, "LAPACK cannot factorise a covariance (%d)", (int)info);
        if (is_lost)
            rank = 0;
    }
    *out = (struct factor){(uint32_t)rank, lower, pivot};
    return WS_OK;
}

/* The factor of what lies above the rounding. */
static enum ws_status factorise_spread(const struct ws_gaussian_model *model,
                                       struct ws_arena *arena, struct factor *out,
                                       struct ws_error *err)
{
    return factorise(model, rounding_floor(model), arena, out, err);
}

/* x holds independent normals on entry and a draw of the model on return; y is scratch. */
static void transform(const struct ws_gaussian_model *model, const struct factor *factor, double *x,
                      double *y)
{
    size_t d = model->dimension;
    memset(y, 0, d * sizeof *y);
    for (size_t k = 0; k < factor->rank; k++)
        for (size_t i = k; i < d; i++)
            y[i] += factor->lower[k * d + i] * x[k];
    for (size_t i = 0; i < d; i++) {
        size_t coordinate = (size_t)factor->pivot[i] - 1;
        x[coordinate] = model->mean[coordinate] + y[i];
    }
}

/* The normals of a sample, from item 0 in order, `dimension` a vector whatever the rank. In one
 * dimension they are the sample. Draws are finite: a finite variance has a deviation below 1.4e154,
 * nothing to a mean that is near overflow. */
static struct ws_draw_normals normals_of(const struct ws_gaussian_model *model, uint64_t count,
                                         struct ws_rng_key key, double *x)
{
    struct ws_draw_normals normals = {{key, 0, 0}, 0, 1, x, count * model->dimension};
    if (model->dimension == 1) {
        normals.mean = model->mean[0];
        normals.deviation = sqrt(model->covariance[0]);
    }
    return normals;
}

/* x holds `count` vectors of normals on entry and draws of the model on return. */
static enum ws_status transform_all(const struct ws_gaussian_model *model, uint64_t count,
                                    struct ws_arena *arena, double *x, struct ws_error *err)
{
    size_t d = model->dimension;
    struct factor factor;
    WS_TRY(factorise_spread(model, arena, &factor, err));
    double *y = WS_ARENA_NEW(arena, double, d);
    if (!y)
        return ws_fail_memory(err, "a sample of a Gaussian");
    for (uint64_t i = 0; i < count; i++)
        transform(model, &factor, x + i * d, y);
    return WS_OK;
}

static enum ws_status sample(size_t chains, const struct ws_model *const models[],
                             const uint64_t counts[], const struct ws_rng_key keys[],
                             const struct ws_job *job, struct ws_arena *arena,
                             const struct ws_payload *out[], struct ws_error *err)
{
    (void)job;
    size_t size = 0;
    for (size_t c = 0; c < chains; c++) {
        size_t own;
        if (__builtin_mul_overflow(counts[c], model_of(models[c])->dimension, &own) ||
            __builtin_add_overflow(size, own, &size))
            return ws_fail_memory(err, "samples of Gaussians");
    }
    struct ws_payload *payloads = WS_ARENA_NEW(arena, struct ws_payload, chains);
    struct ws_draw_normals *normals = WS_ARENA_NEW(arena, struct ws_draw_normals, chains);
    double *x = WS_ARENA_NEW(arena, double, size);
    if (!payloads || !normals || !x)
        return ws_fail_memory(err, "samples of Gaussians");
    for (size_t c = 0; c < chains; c++) {
        const struct ws_gaussian_model *model = model_of(models[c]);
        normals[c] = normals_of(model, counts[c], keys[c], x);
        payloads[c] = (struct ws_payload){
            .kind = WS_DATA_VECTORS,
            .count = counts[c],
            .dimension = model->dimension,
            .vectors = x,
        };
        out[c] = &payloads[c];
        x += normals[c].count;
    }
    ws_draw_pick()->all_normals(normals, chains);
    for (size_t c = 0; c < chains; c++) {
        const struct ws_gaussian_model *model = model_of(models[c]);
        if (model->dimension > 1)
            WS_TRY(transform_all(model, counts[c], arena, normals[c].out, err));
    }
    return WS_OK;
}

/* N(mean, lambda covariance) */
static enum ws_status bias(const struct ws_model *base, double lambda, struct ws_arena *arena,
                           const struct ws_model **out, struct ws_error *err)
{
    const struct ws_gaussian_model *model = model_of(base);
    size_t numbers = (size_t)model->dimension * model->dimension;
    struct ws_gaussian_model *biased = ws_arena_copy(arena, model, sizeof *model);
    double *covariance = WS_ARENA_NEW(arena, double, numbers);
    if (!biased || !covariance)
        return ws_fail_memory(err, "a biased Gaussian");
    for (size_t i = 0; i < numbers; i++)
        covariance[i] = lambda * model->covariance[i];
    biased->covariance = covariance;
    *out = &biased->base;
    return WS_OK;
}

static double log_determinant(const struct factor *factor, size_t d)
{
    if (factor->rank < d)
        return -INFINITY;
    double sum = 0;
    for (size_t k = 0; k < d; k++)
        sum += 2 * log(factor->lower[k * d + k]);
    return sum;
}

/* (x - mean)' covariance^-1 (x - mean), for a factor of full rank; y is scratch. */
static double distance(const struct ws_gaussian_model *model, const struct factor *factor,
                       const double *x, double *y)
{
    size_t d = model->dimension;
    for (size_t i = 0; i < d; i++) {
        size_t coordinate = (size_t)factor->pivot[i] - 1;
        y[i] = x[coordinate] - model->mean[coordinate];
    }
    double sum = 0;
    for (size_t k = 0; k < d; k++) {
        const double *column = factor->lower + k * d;
        y[k] /= column[k];
        sum += y[k] * y[k];
        for (size_t i = k + 1; i < d; i++)
            y[i] -= column[i] * y[k];
    }
    return sum;
}

static enum ws_status log_density(const struct ws_model *base, const struct ws_dataset *data,
                                  struct ws_arena *scratch, double *sum, uint64_t *terms,
                                  struct ws_error *err)
{
    const struct ws_gaussian_model *model = model_of(base);
    size_t d = model->dimension;
    struct factor factor;
    WS_TRY(factorise_spread(model, scratch, &factor, err));
    double *y = WS_ARENA_NEW(scratch, double, d);
    if (!y)
        return ws_fail_memory(err, "a log density");
    *terms = data->count;
    *sum = -INFINITY;
    if (factor.rank < d)
        return WS_OK;
    double distances = 0;
    for (size_t s = 0; s < data->segment_count; s++)
        for (uint64_t i = 0; i < data->segments[s].count; i++)
            distances += distance(model, &factor, item(&data->segments[s], i), y);
    if (isfinite(distances)) {
        double constant = (double)d * log(2 * acos(-1)) + log_determinant(&factor, d);
        *sum = -0.5 * ((double)data->count * constant + distances);
    }
    return WS_OK;
}

enum ws_status ws_gaussian_rank(const struct ws_gaussian_model *model, struct ws_arena *scratch,
                                uint32_t *out, struct ws_error *err)
{
    struct factor factor;
    WS_TRY(factorise_spread(model, scratch, &factor, err));
    *out = factor.rank;
    return WS_OK;
}

enum ws_status ws_gaussian_log_determinant(const struct ws_gaussian_model *model,
                                           struct ws_arena *scratch, double *out,
                                           struct ws_error *err)
{
    struct factor factor;
    WS_TRY(factorise_spread(model, scratch, &factor, err));
    *out = log_determinant(&factor, model->dimension);
    return WS_OK;
}

static void save(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_gaussian_model *model = model_of(base);
    size_t d = model->dimension;
    ws_buffer_u32(out, MAGIC);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u32(out, model->dimension);
    ws_buffer_u64(out, base->training_items);
    ws_buffer_f64s(out, model->mean, d);
    for (size_t i = 0; i < d; i++)
        ws_buffer_f64s(out, model->covariance + i * d, i + 1);
}

/* Whether all is finite, and no variance is negative or smaller than a covariance needs. */
static bool is_plausible(const struct ws_gaussian_model *model)
{
    size_t d = model->dimension;
    if (!all_finite(model->mean, d) || !all_finite(model->covariance, d * d))
        return false;
    for (size_t i = 0; i < d; i++) {
        double own = model->covariance[i * d + i];
        if (own < 0)
            return false;
        for (size_t j = 0; j < i; j++) {
            double most = sqrt(own) * sqrt(model->covariance[j * d + j]);
            if (fabs(model->covariance[i * d + j]) > most * (1 + ROUNDING) + DBL_MIN)
                return false;
        }
    }
    return true;
}

/* Whether the factor's rows are as long as the deviations, which makes the matrix positive
 * semi-definite. */
static bool is_factor_of(const struct factor *factor, const struct ws_gaussian_model *model)
{
    size_t d = model->dimension;
    for (size_t i = 0; i < d; i++) {
        size_t coordinate = (size_t)factor->pivot[i] - 1;
        double most = sqrt(model->covariance[coordinate * (d + 1)]) * (1 + ROUNDING) + DBL_MIN;
        double length = 0;
        for (size_t k = 0; k <= i && k < factor->rank; k++)
            length = hypot(length, factor->lower[k * d + i]);
        if (!(length <= most))
            return false;
    }
    return true;
}

static enum ws_status validate(const struct ws_gaussian_model *model, struct ws_arena *arena,
                               struct ws_error *err)
{
    struct factor factor;
    if (!is_plausible(model))
        return ws_fail(err, WS_CORRUPT, "a Gaussian model whose numbers are no covariance");
    WS_TRY(factorise(model, -1, arena, &factor, err));
    if (!is_factor_of(&factor, model))
        return ws_fail(err, WS_CORRUPT, "a Gaussian model whose covariance is not positive");
    return WS_OK;
}

static enum ws_status load(const void *settings, struct ws_bytes bytes, struct ws_arena *arena,
                           const struct ws_model **out, struct ws_error *err)
{
    struct ws_reader in;
    ws_reader_init(&in, bytes);
    uint32_t magic = ws_read_u32(&in);
    uint32_t version = ws_read_u32(&in);
    size_t d = ws_read_u32(&in);
    uint64_t items = ws_read_u64(&in);
    if (magic != MAGIC || version != VERSION)
        return ws_fail(err, WS_CORRUPT, "not a Gaussian model of version %d", VERSION);
    if (d < 1 || d > WS_GAUSSIAN_DIMENSION_LIMIT || items < 1)
        return ws_fail(err, WS_CORRUPT,
                       "a Gaussian model of dimension %zu fitted on %" PRIu64 " items", d, items);
    if (!ws_reader_holds(&in, d + d * (d + 1) / 2, sizeof(double)))
        return ws_fail(err, WS_CORRUPT, "a Gaussian model of %zu bytes is cut short", bytes.size);
    struct ws_gaussian_model *model = WS_ARENA_NEW(arena, struct ws_gaussian_model, 1);
    double *mean = WS_ARENA_NEW(arena, double, d);
    double *covariance = WS_ARENA_NEW(arena, double, d *d);
    if (!model || !mean || !covariance)
        return ws_fail_memory(err, "a Gaussian model");
    ws_read_f64s(&in, mean, d);
    for (size_t i = 0; i < d; i++) {
        ws_read_f64s(&in, covariance + i * d, i + 1);
        for (size_t j = 0; j < i; j++)
            covariance[j * d + i] = covariance[i * d + j];
    }
    *model = (struct ws_gaussian_model){
        .base = {&ws_family_gaussian, settings, items},
        .dimension = (uint32_t)d,
        .mean = mean,
        .covariance = covariance,
    };
    if (!ws_reader_at_end(&in))
        return ws_fail(err, WS_CORRUPT, "a Gaussian model with bytes after its end");
    WS_TRY(validate(model, arena, err));
    *out = &model->base;
    return WS_OK;
}

/* No variance, not even rounding's; and a mean that stays what it is when 0 is added, as -0 does
 * not.
 */
static bool absorbed(const struct ws_model *base)
{
    const struct ws_gaussian_model *model = (const struct ws_gaussian_model *)base;
    const size_t d = model->dimension;
    for (size_t i = 0; i < d * d; i++)
        if (model->covariance[i] != 0)
            return false;
    for (size_t i = 0; i < d; i++)
        if (model->mean[i] == 0 && signbit(model->mean[i]))
            return false;
    return true;
}

static void describe(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_gaussian_model *model = model_of(base);
    const struct ws_gaussian_settings *settings = base->settings;
    ws_buffer_format(
        out, "Gaussian, dimension %" PRIu32 ", %s, from %" PRIu64 " items", model->dimension,
        settings->estimator == WS_GAUSSIAN_UNBIASED ? "unbiased" : "mle", base->training_items);
}

static void cost(const void *settings, const struct ws_dataset *example, uint64_t items,
                 double item_size, struct ws_family_cost *out)
{
    (void)example;
    (void)items;
    (void)settings;
    double d = item_size;
    *out = (struct ws_family_cost){
        .fit_whole = 1e-6,
        .fit_seconds = 1e-9 * d + 3e-10 * d * d,
        .sample_seconds = 1e-8 * d + 3e-10 * d * d,
        .measure_seconds = 1e-9 * d + 3e-10 * d * d,
        .model_bytes = 16 * d * d,
    };
}

/* Switches ------------------------------------------------------------------------------------- */

/* The mean (d) and covariance (d, d) of a part. */
static void moments_of_part(const struct ws_population *population, size_t part, size_t d,
                            double *mean, double *covariance)
{
    const struct ws_model *model = population->parts[part].model;
    const struct ws_law *law = population->truth->law;
    if (!model) {
        law->row->moments(law, mean, covariance);
        return;
    }
    memcpy(mean, model_of(model)->mean, d * sizeof *mean);
    memcpy(covariance, model_of(model)->covariance, d * d * sizeof *covariance);
}

/* Of all parts together: the covariance within them and that of their means. `own` (d + d * d) is
 * scratch. One part alone gives its own moments, to the last bit. */
static void mix_moments(const struct ws_population *population, size_t d, double *mean,
                        double *covariance, double *own)
{
    double *own_covariance = own + d;
    if (population->part_count == 1) {
        moments_of_part(population, 0, d, mean, covariance);
        return;
    }
    memset(mean, 0, d * sizeof *mean);
    memset(covariance, 0, d * d * sizeof *covariance);
    for (size_t p = 0; p < population->part_count; p++) {
        moments_of_part(population, p, d, own, own_covariance);
        for (size_t i = 0; i < d; i++)
            mean[i] += population->parts[p].share * own[i];
    }
    for (size_t p = 0; p < population->part_count; p++) {
        moments_of_part(population, p, d, own, own_covariance);
        for (size_t i = 0; i < d; i++)
            for (size_t j = 0; j < d; j++)
                covariance[i * d + j] +=
                    population->parts[p].share *
                    (own_covariance[i * d + j] + (own[i] - mean[i]) * (own[j] - mean[j]));
    }
}

static enum ws_status fit_population(const void *settings, const struct ws_population *population,
                                     struct ws_arena *arena, const struct ws_model **out,
                                     struct ws_error *err)
{
    const struct ws_law *law = population->truth->law;
    if (!law || !law->row->moments)
        return ws_fail(err, WS_UNSUPPORTED, "the mean and covariance of the truth are not known");
    size_t d = law->dimension, size = d + d * d;
    struct ws_gaussian_model *model = WS_ARENA_NEW(arena, struct ws_gaussian_model, 1);
    double *numbers = WS_ARENA_NEW(arena, double, 2 * size);
    if (!model || !numbers)
        return ws_fail_memory(err, "a Gaussian model");
    mix_moments(population, d, numbers, numbers + d, numbers + size);
    *model = (struct ws_gaussian_model){
        .base = {&ws_family_gaussian, settings, population->items},
        .dimension = (uint32_t)d,
        .mean = numbers,
        .covariance = numbers + d,
    };
    *out = &model->base;
    return WS_OK;
}

static enum ws_status enlarge(const void *settings, const struct ws_deal *truth,
                              struct ws_arena *arena, struct ws_switch *out, struct ws_error *err)
{
    (void)settings;
    if (!truth->law || !truth->law->gaussian)
        return ws_switch_to_holder(truth, arena, out, err);
    *out = ws_switch_none("the family holds the truth, which is a Gaussian");
    return WS_OK;
}

const struct ws_family_ops ws_family_gaussian = {
    .name = "gaussian",
    .summary = "mean and full covariance in any dimension; the estimator is named",
    .options = {"family gaussian", options, sizeof options / sizeof *options},
    .settings_size = sizeof(struct ws_gaussian_settings),
    .accepts = 1u << WS_DATA_VECTORS,
    .batch = 64,
    .weighted = true,
    .check = check,
    .fit = fit,
    .sample = sample,
    .log_density = log_density,
    .bias = bias,
    .save = save,
    .load = load,
    .describe = describe,
    .absorbed = absorbed,
    .cost = cost,
    .fit_population = fit_population,
    .enlarge = enlarge,
    .fit_exactly = ws_fit_is_closed_form,
};
