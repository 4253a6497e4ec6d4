#include "models/regression.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "data/law_regression.h"
#include "models/least_squares.h"
#include "models/product_ops.h"

enum { MAGIC = 0x524d5357, VERSION = 1 }; /* "WSMR" */

#define FIELD(name) offsetof(struct ws_regression_settings, name)

/* clang-format off */
static const struct ws_option options[] = {
    {"design", WS_OPTION_CHOICE, FIELD(design.kind), 0, 0, "fixed", "fixed|fresh", 0,
     "inputs of a model's items: those of the original items in turn, or new normals"},
    {"design_variance", WS_OPTION_REAL, FIELD(design.variance), 1e-100, 1e100, "1", NULL, 0,
     "fresh design: variance of every input"},
    {"ridge", WS_OPTION_REAL, FIELD(ridge), 0, 1e100, "0", NULL, 0,
     "penalty on the squared length of the weights, an item"},
    {"sample_noise", WS_OPTION_CHOICE, FIELD(noise), 0, 0, "known", "known|estimated", 0,
     "variance of the targets of a model's items round x w: the one given, or that of the residuals"},
    {"known_variance", WS_OPTION_REAL, FIELD(known_variance), 0, 1e100, "1", NULL, 0,
     "the variance of the noise where it is known"},
};
/* clang-format on */

static const struct ws_regression_model *model_of(const struct ws_model *base)
{
    return (const struct ws_regression_model *)base;
}

static const double *item(const struct ws_segment *segment, uint64_t i)
{
    return segment->payload->vectors + ws_segment_item(segment, i) * segment->payload->dimension;
}

static const char *ignores(const void *settings, bool validated, const char *name)
{
    const struct ws_regression_settings *s = settings;
    (void)validated;
    if (s->design.kind == WS_DESIGN_FIXED && strcmp(name, "design_variance") == 0)
        return "for a fixed design";
    if (s->noise == WS_REGRESSION_ESTIMATED && strcmp(name, "known_variance") == 0)
        return "where the noise is estimated";
    return NULL;
}

/* The fewest items that give a solution. */
static uint64_t least_items(const struct ws_regression_settings *settings, uint32_t inputs)
{
    uint64_t least = settings->ridge > 0 ? 1 : inputs;
    return settings->noise == WS_REGRESSION_ESTIMATED ? (uint64_t)inputs + 1 : least;
}

static enum ws_status check(const void *settings, const struct ws_dataset *example, uint64_t items,
                            uint64_t item_size, struct ws_error *err)
{
    const struct ws_regression_settings *s = settings;
    (void)item_size;
    WS_TRY(ws_design_check("regression", example, err));
    uint32_t inputs = example->dimension - 1;
    if (items < least_items(s, inputs))
        return ws_fail(err, WS_INVALID,
                       "family 'regression' has %" PRIu32 " inputs and needs at least %" PRIu64
                       " items%s, not %" PRIu64,
                       inputs, least_items(s, inputs),
                       s->noise == WS_REGRESSION_ESTIMATED ? " to estimate the noise"
                                                           : " without a ridge",
                       items);
    return WS_OK;
}

/* The sum of (y - x w)^2 over a segment. */
static double squared_residuals(const struct ws_segment *segment, const double *weights)
{
    size_t inputs = segment->payload->dimension - 1;
    double sum = 0;
    for (uint64_t i = 0; i < segment->count; i++) {
        const double *x = item(segment, i);
        double residual = x[inputs] - ws_dot(x, weights, inputs);
        sum += residual * residual;
    }
    return sum;
}

static double estimate_variance(const struct ws_dataset *data, const double *weights, double total)
{
    double n = (double)data->count, sum = 0;
    for (size_t s = 0; s < data->segment_count; s++)
        sum += data->segments[s].weight * squared_residuals(&data->segments[s], weights);
    return sum / total * (n / (n + 1 - (double)data->dimension));
}

/* What fits of one batch work in. */
struct work {
    double *triangle; /* (dimension, ws_products_stride(dimension)) */
    double *diagonal; /* (inputs) */
};

static enum ws_status fit_one(const struct ws_regression_settings *settings,
                              const struct ws_dataset *data, const struct work *work,
                              double *weights, double *variance, struct ws_error *err)
{
    size_t d = data->dimension, inputs = d - 1, stride = ws_products_stride(d);
    double total = ws_dataset_weights(data).sum;
    ws_products_of(data, work->triangle);
    for (size_t i = 0; i < inputs; i++)
        work->triangle[i * stride + i] += settings->ridge * total;
    WS_TRY(ws_solve_positive(work->triangle, inputs, stride, work->triangle + inputs * stride,
                             weights, work->diagonal, err));
    *variance = settings->known_variance;
    if (settings->noise == WS_REGRESSION_ESTIMATED)
        *variance = estimate_variance(data, weights, total);
    if (!ws_all_finite(weights, inputs) || !isfinite(*variance))
        return ws_fail(err, WS_NUMERIC,
                       "the weights of a regression on %" PRIu64
                       " items are not finite: they are too few or too large",
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
    size_t d = data[0]->dimension, inputs = d - 1;
    struct ws_regression_model *fitted = WS_ARENA_NEW(arena, struct ws_regression_model, chains);
    double *weights = WS_ARENA_NEW(arena, double, chains *inputs);
    const struct work work = {WS_ARENA_NEW(arena, double, d *ws_products_stride(d)),
                              WS_ARENA_NEW(arena, double, inputs)};
    if (!fitted || !weights || !work.triangle || !work.diagonal)
        return ws_fail_memory(err, "regressions");
    for (size_t c = 0; c < chains; c++, weights += inputs) {
        assert(data[c]->dimension == d);
        if (data[c]->count < least_items(settings, (uint32_t)inputs))
            return ws_fail(err, WS_NUMERIC,
                           "a regression with %zu inputs on %" PRIu64 " items has no one solution",
                           inputs, data[c]->count);
        fitted[c] = (struct ws_regression_model){
            .base = {&ws_family_regression, settings, data[c]->count},
            .inputs = (uint32_t)inputs,
            .weights = weights,
        };
        WS_TRY(fit_one(settings, data[c], &work, weights, &fitted[c].variance, err));
        models[c] = &fitted[c].base;
    }
    return WS_OK;
}

/* Makes targets of the noise in their places. False where one is not finite. */
static bool add_targets(const struct ws_regression_model *model, double *items, uint64_t count)
{
    enum { AT_ONCE = 64 };
    const struct ws_product_ops *ops = ws_product_pick();
    size_t inputs = model->inputs, d = inputs + 1;
    double deviation = sqrt(model->variance);
    double mean[AT_ONCE], sum = 0;
    for (uint64_t first = 0; first < count; first += AT_ONCE) {
        size_t some = count - first < AT_ONCE ? (size_t)(count - first) : AT_ONCE;
        double *x = items + first * d;
        ops->weigh(x, some, d, model->weights, inputs, mean);
        for (size_t i = 0; i < some; i++) {
            double *target = x + i * d + inputs;
            *target = mean[i] + deviation * *target;
            sum += *target - *target; /* 0 for what is finite, else no number */
        }
    }
    return sum == 0;
}

static enum ws_status sample_one(const struct ws_regression_model *model,
                                 const struct ws_dataset *original, uint64_t count,
                                 struct ws_rng_key key, struct ws_arena *arena,
                                 const struct ws_payload **out, struct ws_error *err)
{
    const struct ws_regression_settings *settings = model->base.settings;
    size_t inputs = model->inputs, d = inputs + 1;
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    double *items;
    if (!payload)
        return ws_fail_memory(err, "a sample of a regression");
    WS_TRY(
        ws_design_draw(&settings->design, original, count, (uint32_t)d, key, arena, &items, err));
    if (!add_targets(model, items, count))
        return ws_fail(err, WS_NUMERIC,
                       "the targets of a regression are not finite: its weights are too large");
    *payload = (struct ws_payload){
        .kind = WS_DATA_VECTORS,
        .count = count,
        .dimension = (uint32_t)d,
        .vectors = items,
    };
    *out = payload;
    return WS_OK;
}

static enum ws_status sample(size_t chains, const struct ws_model *const models[],
                             const uint64_t counts[], const struct ws_rng_key keys[],
                             const struct ws_job *job, struct ws_arena *arena,
                             const struct ws_payload *out[], struct ws_error *err)
{
    for (size_t c = 0; c < chains; c++) {
        const struct ws_dataset *original = job && job->prompts ? job->prompts[c] : NULL;
        WS_TRY(sample_one(model_of(models[c]), original, counts[c], keys[c], arena, &out[c], err));
    }
    return WS_OK;
}

static enum ws_status log_density(const struct ws_model *base, const struct ws_dataset *data,
                                  struct ws_arena *scratch, double *sum, uint64_t *terms,
                                  struct ws_error *err)
{
    const struct ws_regression_model *model = model_of(base);
    (void)scratch;
    (void)err;
    assert(data->dimension == model->inputs + 1);
    double squares = 0;
    for (size_t s = 0; s < data->segment_count; s++)
        squares += squared_residuals(&data->segments[s], model->weights);
    *terms = data->count;
    *sum = -INFINITY;
    if (model->variance > 0 && isfinite(squares))
        *sum = -0.5 * ((double)data->count * log(2 * acos(-1) * model->variance) +
                       squares / model->variance);
    return WS_OK;
}

static void save(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_regression_model *model = model_of(base);
    ws_buffer_u32(out, MAGIC);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u32(out, model->inputs);
    ws_buffer_u64(out, base->training_items);
    ws_buffer_f64s(out, &model->variance, 1);
    ws_buffer_f64s(out, model->weights, model->inputs);
}

static enum ws_status load(const void *settings, struct ws_bytes bytes, struct ws_arena *arena,
                           const struct ws_model **out, struct ws_error *err)
{
    struct ws_reader in;
    ws_reader_init(&in, bytes);
    uint32_t magic = ws_read_u32(&in);
    uint32_t version = ws_read_u32(&in);
    uint32_t inputs = ws_read_u32(&in);
    uint64_t items = ws_read_u64(&in);
    double variance = ws_read_f64(&in);
    if (magic != MAGIC || version != VERSION)
        return ws_fail(err, WS_CORRUPT, "not a regression of version %d", VERSION);
    if (inputs < 1 || inputs >= WS_DESIGN_DIMENSION_LIMIT || items < 1)
        return ws_fail(err, WS_CORRUPT, "a regression of %" PRIu32 " inputs on %" PRIu64 " items",
                       inputs, items);
    if (!ws_reader_holds(&in, inputs, sizeof(double)))
        return ws_fail(err, WS_CORRUPT, "a regression of %zu bytes is cut short", bytes.size);
    struct ws_regression_model *model = WS_ARENA_NEW(arena, struct ws_regression_model, 1);
    double *weights = WS_ARENA_NEW(arena, double, inputs);
    if (!model || !weights)
        return ws_fail_memory(err, "a regression");
    ws_read_f64s(&in, weights, inputs);
    if (!ws_reader_at_end(&in))
        return ws_fail(err, WS_CORRUPT, "a regression with bytes after its end");
    if (!ws_all_finite(weights, inputs) || !isfinite(variance) || variance < 0 || signbit(variance))
        return ws_fail(err, WS_CORRUPT, "a regression whose numbers make no sense");
    *model = (struct ws_regression_model){
        .base = {&ws_family_regression, settings, items},
        .inputs = inputs,
        .weights = weights,
        .variance = variance,
    };
    *out = &model->base;
    return WS_OK;
}

static void describe(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_regression_model *model = model_of(base);
    ws_buffer_format(out, "regression, %" PRIu32 " inputs, noise %g, from %" PRIu64 " items",
                     model->inputs, sqrt(model->variance), base->training_items);
}

static void cost(const void *settings, const struct ws_dataset *example, uint64_t items,
                 double item_size, struct ws_family_cost *out)
{
    (void)settings;
    (void)example;
    (void)items;
    double d = item_size;
    *out = (struct ws_family_cost){
        .fit_seconds = 1e-9 * d + 2e-10 * d * d,
        .fit_whole = 1e-6 + 3e-10 * d * d * d,
        .sample_seconds = 1e-8 * d,
        .measure_seconds = 1e-9 * d,
        .model_bytes = 8 * d,
        .work_bytes = 8 * d * d,
    };
}

/* Switches ------------------------------------------------------------------------------------- */

/* The variance of the inputs of a part's items. */
static double input_variance(const struct ws_regression_settings *settings,
                             const struct ws_population_part *part,
                             const struct ws_linear_truth *truth)
{
    bool fresh = part->model && settings->design.kind == WS_DESIGN_FRESH;
    return fresh ? settings->design.variance : truth->input_variance;
}

static const double *weights_of(const struct ws_population_part *part,
                                const struct ws_linear_truth *truth)
{
    return part->model ? model_of(part->model)->weights : truth->weights;
}

/* Inputs have mean 0 and are independent of each other, so each weight is found alone. */
static void weigh_parts(const struct ws_regression_settings *settings,
                        const struct ws_population *population, const struct ws_linear_truth *truth,
                        double *weights)
{
    double variance = 0;
    memset(weights, 0, truth->inputs * sizeof *weights);
    for (size_t p = 0; p < population->part_count; p++) {
        const struct ws_population_part *part = &population->parts[p];
        double own = part->share * input_variance(settings, part, truth);
        variance += own;
        for (uint32_t j = 0; j < truth->inputs; j++)
            weights[j] += own * weights_of(part, truth)[j];
    }
    for (uint32_t j = 0; j < truth->inputs; j++)
        weights[j] /= variance + settings->ridge;
}

static double residual_variance(const struct ws_regression_settings *settings,
                                const struct ws_population *population,
                                const struct ws_linear_truth *truth, const double *weights)
{
    double sum = 0;
    for (size_t p = 0; p < population->part_count; p++) {
        const struct ws_population_part *part = &population->parts[p];
        double squares = 0;
        for (uint32_t j = 0; j < truth->inputs; j++) {
            double error = weights_of(part, truth)[j] - weights[j];
            squares += error * error;
        }
        double noise = part->model ? model_of(part->model)->variance : truth->noise_variance;
        sum += part->share * (input_variance(settings, part, truth) * squares + noise);
    }
    return sum;
}

static enum ws_status fit_population(const void *settings, const struct ws_population *population,
                                     struct ws_arena *arena, const struct ws_model **out,
                                     struct ws_error *err)
{
    const struct ws_regression_settings *s = settings;
    const struct ws_linear_truth *truth = ws_law_linear_truth(population->truth->law);
    if (!truth)
        return ws_fail(err, WS_UNSUPPORTED, "the true weights are not known");
    struct ws_regression_model *model = WS_ARENA_NEW(arena, struct ws_regression_model, 1);
    double *weights = WS_ARENA_NEW(arena, double, truth->inputs);
    if (!model || !weights)
        return ws_fail_memory(err, "a regression");
    weigh_parts(s, population, truth, weights);
    *model = (struct ws_regression_model){
        .base = {&ws_family_regression, settings, population->items},
        .inputs = truth->inputs,
        .weights = weights,
        .variance = s->noise == WS_REGRESSION_ESTIMATED
                        ? residual_variance(s, population, truth, weights)
                        : s->known_variance,
    };
    *out = &model->base;
    return WS_OK;
}

static enum ws_status add_number(const char *name, double value, struct ws_arena *arena,
                                 struct ws_switch *out, struct ws_error *err)
{
    const char *text = ws_arena_format(arena, "%.17g", value);
    if (!text)
        return ws_fail_memory(err, "a switch");
    ws_switch_change(out, name, text);
    return WS_OK;
}

static enum ws_status enlarge(const void *settings, const struct ws_deal *deal,
                              struct ws_arena *arena, struct ws_switch *out, struct ws_error *err)
{
    const struct ws_regression_settings *s = settings;
    const struct ws_linear_truth *truth = ws_law_linear_truth(deal->law);
    if (!truth) {
        *out = ws_switch_refuse("no family here holds the truth, whose targets are not linear");
        return WS_OK;
    }
    *out = ws_switch_none("the family holds the truth, whose targets are linear with normal noise");
    if (s->noise == WS_REGRESSION_KNOWN && s->known_variance != truth->noise_variance)
        WS_TRY(add_number("known_variance", truth->noise_variance, arena, out, err));
    if (s->design.kind == WS_DESIGN_FRESH && s->design.variance != truth->input_variance)
        WS_TRY(add_number("design_variance", truth->input_variance, arena, out, err));
    if (out->change_count > 0)
        out->why = "targets are linear; noise and inputs as in the truth";
    return WS_OK;
}

static enum ws_status fit_exactly(const void *settings, const struct ws_deal *truth,
                                  struct ws_arena *arena, struct ws_switch *out,
                                  struct ws_error *err)
{
    const struct ws_regression_settings *s = settings;
    (void)truth;
    (void)arena;
    (void)err;
    *out = ws_switch_none(s->ridge > 0 ? "least squares, without a ridge"
                                       : "the fit is a closed form");
    if (s->ridge > 0)
        ws_switch_change(out, "ridge", "0");
    return WS_OK;
}

const struct ws_family_ops ws_family_regression = {
    .name = "regression",
    .summary = "linear regression, least squares or ridge, of an item's last number on the others",
    .options = {"family regression", options, sizeof options / sizeof *options},
    .settings_size = sizeof(struct ws_regression_settings),
    .accepts = 1u << WS_DATA_VECTORS,
    .batch = 64,
    .weighted = true,
    .prompted = true,
    .ignores = ignores,
    .check = check,
    .fit = fit,
    .sample = sample,
    .log_density = log_density,
    .save = save,
    .load = load,
    .describe = describe,
    .cost = cost,
    .fit_population = fit_population,
    .enlarge = enlarge,
    .fit_exactly = fit_exactly,
};
