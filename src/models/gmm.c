#include "models/gmm.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sampler.h"
#include "models/gmm_fit.h"

enum { MAGIC = 0x4d4d5357, VERSION = 1 }; /* "WSMM" */

static const double ROUNDING = 1e-6; /* forgiven in the sum of stored weights */

#define FIELD(field) offsetof(struct ws_gmm_settings, field)

static const struct ws_option options[] = {
    {"components", WS_OPTION_WHOLE, FIELD(components), 1, WS_GMM_COMPONENTS_LIMIT, "2", NULL, 0,
     "Gaussians in the mixture, each with a mean and full covariance"},
    {"tolerance", WS_OPTION_REAL, FIELD(tolerance), 0, 1e9, "0.001", NULL, 0,
     "a fit ends when the mean log likelihood of an item changes by less, nats"},
    {"iterations", WS_OPTION_WHOLE, FIELD(iterations), 1, 1e9, "100", NULL, 0,
     "of expectation and maximisation, at most"},
    {"starts", WS_OPTION_WHOLE, FIELD(starts), 1, 1e6, "1", NULL, 0,
     "fits from k-means starts of their own, of which the likeliest is kept"},
    {"floor", WS_OPTION_REAL, FIELD(floor), 0, 1e300, "1e-6", NULL, 0,
     "added to each variance of each component in every iteration"},
};

static const struct ws_gmm *mixture_of(const struct ws_model *base)
{
    return &((const struct ws_gmm_model *)base)->mixture;
}

static enum ws_status check(const void *settings, const struct ws_dataset *example, uint64_t items,
                            uint64_t item_size, struct ws_error *err)
{
    (void)item_size;
    const struct ws_gmm_settings *s = settings;
    if (example->kind != WS_DATA_VECTORS)
        return ws_fail(err, WS_INVALID, "family 'gmm' takes vectors, not %s",
                       ws_data_kind_name(example->kind));
    if (example->dimension < 1 || example->dimension > WS_GMM_DIMENSION_LIMIT)
        return ws_fail(err, WS_INVALID,
                       "family 'gmm' got vectors of dimension %" PRIu32 ", wanted 1 to %d",
                       example->dimension, WS_GMM_DIMENSION_LIMIT);
    if (items < s->components)
        return ws_fail(err, WS_INVALID,
                       "a mixture of %" PRIu64 " components needs at least as many items, not "
                       "%" PRIu64 "; ask for more items or fewer components",
                       s->components, items);
    return WS_OK;
}

static enum ws_status fit(const void *settings, size_t chains,
                          const struct ws_dataset *const data[], const struct ws_rng_key init[],
                          const struct ws_job *job, struct ws_arena *arena,
                          const struct ws_model *models[], struct ws_error *err)
{
    struct ws_gmm_model *fitted = WS_ARENA_NEW(arena, struct ws_gmm_model, chains);
    if (!fitted)
        return ws_fail_memory(err, "mixtures");
    for (size_t c = 0; c < chains; c++) {
        fitted[c].base = (struct ws_model){&ws_family_gmm, settings, data[c]->count};
        WS_TRY(ws_gmm_fit(settings, data[c], init[c], ws_job_threads(job), arena,
                          &fitted[c].mixture, err));
        models[c] = &fitted[c].base;
    }
    return WS_OK;
}

/* ---- samples ---- */

/* What a draw needs of a mixture. */
struct urn {
    const double *cumulative; /* (components), of the weights */
    const double *factors;    /* of each component, lower triangle row by row */
};

static enum ws_status urn_of(const struct ws_gmm *mixture, struct ws_arena *arena, struct urn *out,
                             struct ws_error *err)
{
    size_t count = mixture->components, d = mixture->dimension;
    double *cumulative = WS_ARENA_NEW(arena, double, count);
    double *factors = WS_ARENA_NEW(arena, double, count *(d * (d + 1) / 2));
    double *lower = WS_ARENA_NEW(arena, double, d *d);
    if (!cumulative || !factors || !lower)
        return ws_fail_memory(err, "a sample of a mixture");
    *out = (struct urn){cumulative, factors};
    double sum = 0;
    for (size_t k = 0; k < count; k++) {
        cumulative[k] = sum += mixture->weights[k];
        if (!ws_gmm_factorise(mixture->covariances + k * d * d, mixture->dimension, lower))
            return ws_fail(err, WS_NUMERIC, "a mixture has a singular covariance");
        for (size_t a = 0; a < d; a++)
            for (size_t b = 0; b <= a; b++)
                *factors++ = lower[b * d + a];
    }
    return WS_OK;
}

/* x holds independent normals on entry and a draw on return. From the last coordinate on, for each
 * needs the normals before it. */
static void transform(const double *mean, const double *factor, size_t d, double *x)
{
    for (size_t a = d; a-- > 0;) {
        const double *row = factor + a * (a + 1) / 2;
        double sum = 0;
        for (size_t b = 0; b <= a; b++)
            sum += row[b] * x[b];
        x[a] = mean[a] + sum;
    }
}

static enum ws_status draw(const struct ws_gmm *mixture, uint64_t count, struct ws_rng_key key,
                           struct ws_arena *arena, double *x, struct ws_error *err)
{
    size_t d = mixture->dimension;
    struct urn urn;
    WS_TRY(urn_of(mixture, arena, &urn, err));
    struct ws_rng normals, choices;
    ws_rng_init(&normals, key, 0);
    ws_rng_init(&choices, key, 1);
    ws_sample_normals(&normals, 0, 1, x, count * d);
    for (uint64_t i = 0; i < count; i++) {
        size_t k = ws_sample_categorical(&choices, urn.cumulative, mixture->components);
        transform(mixture->means + k * d, urn.factors + k * (d * (d + 1) / 2), d, x + i * d);
    }
    return WS_OK;
}

static enum ws_status sample(size_t chains, const struct ws_model *const models[],
                             const uint64_t counts[], const struct ws_rng_key keys[],
                             const struct ws_job *job, struct ws_arena *arena,
                             const struct ws_payload *out[], struct ws_error *err)
{
    (void)job;
    struct ws_payload *payloads = WS_ARENA_NEW(arena, struct ws_payload, chains);
    if (!payloads)
        return ws_fail_memory(err, "samples of mixtures");
    for (size_t c = 0; c < chains; c++) {
        const struct ws_gmm *mixture = mixture_of(models[c]);
        size_t size;
        double *x = NULL;
        if (!__builtin_mul_overflow(counts[c], mixture->dimension, &size))
            x = WS_ARENA_NEW(arena, double, size);
        if (!x)
            return ws_fail_memory(err, "samples of mixtures");
        WS_TRY(draw(mixture, counts[c], keys[c], arena, x, err));
        payloads[c] = (struct ws_payload){
            .kind = WS_DATA_VECTORS,
            .count = counts[c],
            .dimension = mixture->dimension,
            .vectors = x,
        };
        out[c] = &payloads[c];
    }
    return WS_OK;
}

/* ---- density ---- */

static enum ws_status log_density(const struct ws_model *base, const struct ws_dataset *data,
                                  struct ws_arena *scratch, double *sum, uint64_t *terms,
                                  struct ws_error *err)
{
    const struct ws_density_ops *ops = ws_density_pick();
    struct ws_mixture mixture;
    struct ws_packed packed;
    WS_TRY(ws_gmm_prepare(mixture_of(base), scratch, &mixture, err));
    WS_TRY(ws_packed_of(data, scratch, &packed, err));
    uint32_t width = ws_packed_block_items(packed.dimension);
    double *r = WS_ARENA_NEW(scratch, double, (size_t)mixture.components *width);
    double *room = WS_ARENA_NEW(scratch, double, ws_density_room(packed.dimension, width));
    if (!r || !room)
        return ws_fail_memory(err, "a log density");
    *terms = data->count;
    *sum = 0;
    for (size_t b = 0; b < packed.block_count; b++)
        *sum += ops->responsibilities(&mixture, &packed.blocks[b], room, r);
    if (*sum < -WS_DISTANCE_MOST / 2)
        *sum = -INFINITY;
    return WS_OK;
}

/* ---- stored form ---- */

static void save(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_gmm *mixture = mixture_of(base);
    size_t count = mixture->components, d = mixture->dimension;
    ws_buffer_u32(out, MAGIC);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u32(out, mixture->components);
    ws_buffer_u32(out, mixture->dimension);
    ws_buffer_u64(out, base->training_items);
    ws_buffer_u32(out, mixture->iterations);
    ws_buffer_u32(out, mixture->converged);
    ws_buffer_f64s(out, &mixture->log_likelihood, 1);
    ws_buffer_f64s(out, mixture->weights, count);
    ws_buffer_f64s(out, mixture->means, count * d);
    for (size_t row = 0; row < count * d; row++)
        ws_buffer_f64s(out, mixture->covariances + row * d, row % d + 1);
}

static enum ws_status read_numbers(struct ws_reader *in, struct ws_gmm *mixture)
{
    size_t count = mixture->components, d = mixture->dimension;
    ws_read_f64s(in, mixture->weights, count);
    ws_read_f64s(in, mixture->means, count * d);
    for (size_t k = 0; k < count; k++) {
        double *covariance = mixture->covariances + k * d * d;
        for (size_t i = 0; i < d; i++) {
            ws_read_f64s(in, covariance + i * d, i + 1);
            for (size_t j = 0; j < i; j++)
                covariance[j * d + i] = covariance[i * d + j];
        }
    }
    return ws_reader_at_end(in) ? WS_OK : WS_CORRUPT;
}

/* Whether all is finite and the weights are shares. */
static bool is_plausible(const struct ws_gmm *mixture)
{
    size_t count = mixture->components, d = mixture->dimension;
    bool plausible = isfinite(mixture->log_likelihood);
    for (size_t i = 0; i < count * (1 + d + d * d); i++)
        plausible = plausible && isfinite(mixture->weights[i]);
    double sum = 0;
    for (size_t k = 0; k < count; k++) {
        plausible = plausible && mixture->weights[k] > 0;
        sum += mixture->weights[k];
    }
    return plausible && fabs(sum - 1) < ROUNDING;
}

static enum ws_status validate(const struct ws_gmm *mixture, struct ws_arena *arena,
                               struct ws_error *err)
{
    struct ws_mixture prepared;
    if (!is_plausible(mixture))
        return ws_fail(err, WS_CORRUPT, "a mixture whose numbers are no weights or not finite");
    enum ws_status status = ws_gmm_prepare(mixture, arena, &prepared, err);
    return status == WS_NUMERIC
               ? ws_fail(err, WS_CORRUPT, "a mixture whose covariances are not positive definite")
               : status;
}

static enum ws_status load(const void *settings, struct ws_bytes bytes, struct ws_arena *arena,
                           const struct ws_model **out, struct ws_error *err)
{
    struct ws_reader in;
    ws_reader_init(&in, bytes);
    uint32_t magic = ws_read_u32(&in);
    uint32_t version = ws_read_u32(&in);
    uint32_t count = ws_read_u32(&in);
    uint32_t d = ws_read_u32(&in);
    uint64_t items = ws_read_u64(&in);
    uint32_t iterations = ws_read_u32(&in);
    uint32_t converged = ws_read_u32(&in);
    double log_likelihood = 0;
    ws_read_f64s(&in, &log_likelihood, 1);
    if (magic != MAGIC || version != VERSION)
        return ws_fail(err, WS_CORRUPT, "not a mixture of Gaussians of version %d", VERSION);
    if (count < 1 || count > WS_GMM_COMPONENTS_LIMIT || d < 1 || d > WS_GMM_DIMENSION_LIMIT ||
        items < 1 || converged > 1)
        return ws_fail(err, WS_CORRUPT,
                       "a mixture of %" PRIu32 " Gaussians of dimension %" PRIu32
                       " fitted on %" PRIu64 " items",
                       count, d, items);
    if (!ws_reader_holds(&in, count * ws_moment_count(d), sizeof(double)))
        return ws_fail(err, WS_CORRUPT, "a mixture of %zu bytes is cut short", bytes.size);
    struct ws_gmm_model *model = WS_ARENA_NEW(arena, struct ws_gmm_model, 1);
    if (!model)
        return ws_fail_memory(err, "a mixture");
    model->base = (struct ws_model){&ws_family_gmm, settings, items};
    WS_TRY(ws_gmm_new(count, d, arena, &model->mixture, err));
    model->mixture.iterations = iterations;
    model->mixture.converged = converged;
    model->mixture.log_likelihood = log_likelihood;
    if (read_numbers(&in, &model->mixture) != WS_OK)
        return ws_fail(err, WS_CORRUPT, "a mixture with bytes after its end");
    WS_TRY(validate(&model->mixture, arena, err));
    *out = &model->base;
    return WS_OK;
}

static void describe(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_gmm *mixture = mixture_of(base);
    ws_buffer_format(out,
                     "mixture of %" PRIu32 " Gaussians, dimension %" PRIu32 ", %" PRIu32
                     " iterations%s, from %" PRIu64 " items",
                     mixture->components, mixture->dimension, mixture->iterations,
                     mixture->converged ? "" : " (stopped by their limit)", base->training_items);
}

/* As measured for 2, 10 and 50 dimensions. How many iterations a fit takes is anyone's guess: about
 * 50 until it gains no more than 1e-3; until 1e-9 as many on modes far apart, 8 times as many on
 * modes that overlap and 37 times with a component too many, of which this is the middle. */
static void cost(const void *settings, const struct ws_dataset *example, uint64_t items,
                 double item_size, struct ws_family_cost *out)
{
    (void)example;
    const struct ws_gmm_settings *s = settings;
    double d = item_size, components = (double)s->components;
    double density = components * (1.2e-9 + 2e-10 * d + 2e-11 * d * d);
    double until = 50 * fmax(1, pow(1e-3 / s->tolerance, 1.0 / 8));
    double iterations = fmin((double)s->iterations, until) * (double)s->starts;
    double width = ws_packed_block_items((uint32_t)d);
    double piece = components * width + 2 * d * width + components * (1 + d + d * d / 2);
    *out = (struct ws_family_cost){
        .fit_seconds = 2 * iterations * density,
        .sample_seconds = 2e-8 + 1e-8 * d + 5e-10 * d * d,
        .measure_seconds = density,
        .model_bytes = 8 * components * (1 + d + d * d),
        .work_bytes = 8 * (double)items * (d + 2) + 8 * 64 * piece,
        .uses_threads = items >= 16 * (uint64_t)WS_PACKED_MOST,
    };
}

/* Switches ------------------------------------------------------------------------------------- */

static enum ws_status enlarge(const void *settings, const struct ws_deal *truth,
                              struct ws_arena *arena, struct ws_switch *out, struct ws_error *err)
{
    const struct ws_gmm_settings *s = settings;
    const struct ws_law *law = truth->law;
    if (law && (law->gaussian || (law->mode_count > 0 && law->mode_count <= s->components))) {
        *out =
            ws_switch_none("the family holds the truth, which has no more modes than components");
        return WS_OK;
    }
    if (!law || law->mode_count == 0)
        return ws_switch_to_holder(truth, arena, out, err);
    const char *components = ws_arena_format(arena, "%zu", law->mode_count);
    if (!components)
        return ws_fail_memory(err, "a switch");
    *out = ws_switch_none("as many components as the truth has modes");
    ws_switch_change(out, "components", components);
    return WS_OK;
}

static enum ws_status fit_exactly(const void *settings, const struct ws_deal *truth,
                                  struct ws_arena *arena, struct ws_switch *out,
                                  struct ws_error *err)
{
    const struct ws_gmm_settings *s = settings;
    (void)truth;
    (void)arena;
    (void)err;
    *out =
        ws_switch_none("the fit is iterated until it converges, from the same starts: what better "
                       "ones would find counts as the others'");
    if (s->tolerance > WS_GMM_CONVERGED_TOLERANCE)
        ws_switch_change(out, "tolerance", WS_CONVERGED_TOLERANCE);
    if (s->iterations < WS_GMM_CONVERGED_ITERATIONS)
        ws_switch_change(out, "iterations", WS_CONVERGED_ITERATIONS);
    return WS_OK;
}

const struct ws_family_ops ws_family_gmm = {
    .name = "gmm",
    .summary = "mixture of Gaussians with full covariances, by expectation and maximisation",
    .options = {"family gmm", options, sizeof options / sizeof *options},
    .settings_size = sizeof(struct ws_gmm_settings),
    .accepts = 1u << WS_DATA_VECTORS,
    .batch = 4,
    .weighted = true,
    .keeps_first = true,
    .check = check,
    .fit = fit,
    .sample = sample,
    .log_density = log_density,
    .save = save,
    .load = load,
    .describe = describe,
    .cost = cost,
    .fit_population = ws_gmm_fit_population,
    .enlarge = enlarge,
    .fit_exactly = fit_exactly,
};
