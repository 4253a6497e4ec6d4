#include "models/logistic.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "data/law_regression.h"
#include "models/least_squares.h"

enum {
    MAGIC = 0x4c4d5357, /* "WSML" */
    VERSION = 1,
    STEPS_LIMIT = 100,
    HALVINGS_LIMIT = 40,
    ITEM_LABELS = 2, /* of a sample's key; the design has those below */
};

static const double SMALL_PROMISE = 1e-12; /* of the mean loss */
static const double SMALL_MOVE = 1e-6;     /* of a margin */

#define FIELD(name) offsetof(struct ws_logistic_settings, name)

/* clang-format off */
static const struct ws_option options[] = {
    {"design", WS_OPTION_CHOICE, FIELD(design.kind), 0, 0, "fixed", "fixed|fresh", 0,
     "inputs of a model's items: those of the original items in turn, or new normals"},
    {"design_variance", WS_OPTION_REAL, FIELD(design.variance), 1e-100, 1e100, "1", NULL, 0,
     "fresh design: variance of every input round its centre"},
    {"design_separation", WS_OPTION_REAL, FIELD(design.separation), 0, 1e100, "0", NULL, 0,
     "fresh design: length of the centre; inputs lie round it or its mirror image, equally likely"},
    {"ridge", WS_OPTION_REAL, FIELD(ridge), 0, 1e100, "0", NULL, 0,
     "penalty on half the squared length of the weights, an item"},
    {"labels", WS_OPTION_CHOICE, FIELD(labels), 0, 0, "drawn", "drawn|likeliest", 0,
     "labels of a model's items: drawn by their probability, or the likelier one"},
};
/* clang-format on */

static const struct ws_logistic_model *model_of(const struct ws_model *base)
{
    return (const struct ws_logistic_model *)base;
}

static const double *item(const struct ws_segment *segment, uint64_t i)
{
    return segment->payload->vectors + ws_segment_item(segment, i) * segment->payload->dimension;
}

static const char *ignores(const void *settings, bool validated, const char *name)
{
    const struct ws_logistic_settings *s = settings;
    (void)validated;
    if (s->design.kind == WS_DESIGN_FIXED && strncmp(name, "design_", strlen("design_")) == 0)
        return "for a fixed design";
    return NULL;
}

static enum ws_status check(const void *settings, const struct ws_dataset *example, uint64_t items,
                            uint64_t item_size, struct ws_error *err)
{
    (void)settings;
    (void)items;
    (void)item_size;
    return ws_design_check("logistic", example, err);
}

static enum ws_status check_labels(const struct ws_dataset *data, struct ws_error *err)
{
    for (size_t s = 0; s < data->segment_count; s++)
        for (uint64_t i = 0; i < data->segments[s].count; i++) {
            double label = item(&data->segments[s], i)[data->dimension - 1];
            if (label != 0 && label != 1)
                return ws_fail(err, WS_INVALID,
                               "family 'logistic' got an item whose last number is %g, wanted a "
                               "label, 0 or 1",
                               label);
        }
    return WS_OK;
}

/* The item's inputs times the weights, above 0 on the label's side. */
static double margin(const double *x, const double *weights, size_t inputs)
{
    double sum = ws_dot(x, weights, inputs);
    return x[inputs] == 1 ? sum : -sum;
}

/* log(1 + exp(-margin)), without overflow. */
static double loss_of(double margin)
{
    return margin > 0 ? log1p(exp(-margin)) : log1p(exp(margin)) - margin;
}

/* 1 / (1 + exp(margin)): the probability of the other label. */
static double other_side(double margin)
{
    double small = exp(-fabs(margin));
    return margin > 0 ? small / (1 + small) : 1 / (1 + small);
}

/* One fit: what it minimises, and where it is. */
struct descent {
    const struct ws_dataset *data;
    size_t inputs;
    double total;        /* weight of all items */
    double ridge;        /* of all items */
    double *weights;     /* (inputs) */
    double *step;        /* (inputs): Newton's */
    double *trial;       /* (inputs) */
    double *downhill;    /* (inputs): the negative gradient */
    double *triangle;    /* (inputs, ws_products_stride(inputs)): second derivatives */
    double *diagonal;    /* (inputs) */
    double least_margin; /* at `weights` */
};

/* At any weights; the least margin, too. */
static double objective(const struct descent *at, const double *weights, double *least)
{
    double sum = 0;
    *least = INFINITY;
    for (size_t s = 0; s < at->data->segment_count; s++) {
        const struct ws_segment *segment = &at->data->segments[s];
        for (uint64_t i = 0; i < segment->count; i++) {
            double m = margin(item(segment, i), weights, at->inputs);
            sum += segment->weight * loss_of(m);
            *least = fmin(*least, m);
        }
    }
    return sum + at->ridge * ws_dot(weights, weights, at->inputs) / 2;
}

/* `downhill` and `triangle` at the weights. Products are of the items without their labels. */
static void derive(struct descent *at)
{
    size_t n = at->inputs;
    size_t stride = ws_products_stride(n);
    struct ws_products products;
    ws_products_begin(&products, n, at->triangle);
    for (size_t j = 0; j < n; j++)
        at->downhill[j] = -at->ridge * at->weights[j];
    for (size_t s = 0; s < at->data->segment_count; s++) {
        const struct ws_segment *segment = &at->data->segments[s];
        for (uint64_t i = 0; i < segment->count; i++) {
            const double *x = item(segment, i);
            double other = other_side(margin(x, at->weights, n));
            double pull = segment->weight * (x[n] == 1 ? other : -other);
            for (size_t j = 0; j < n; j++)
                at->downhill[j] += pull * x[j];
            ws_products_add(&products, x, segment->weight * other * (1 - other));
        }
    }
    ws_products_end(&products);
    for (size_t j = 0; j < n; j++)
        at->triangle[j * stride + j] += at->ridge;
}

/* Moves along the step, or a part of it, to where the objective is lower; true when it did. */
static bool move(struct descent *at, double *value)
{
    double part = 1;
    for (int halvings = 0; halvings < HALVINGS_LIMIT; halvings++, part /= 2) {
        double least;
        for (size_t j = 0; j < at->inputs; j++)
            at->trial[j] = at->weights[j] + part * at->step[j];
        double there = objective(at, at->trial, &least);
        if (!(there < *value))
            continue;
        memcpy(at->weights, at->trial, at->inputs * sizeof *at->weights);
        at->least_margin = least;
        *value = there;
        return true;
    }
    return false;
}

/* All on their sides: every multiple of these weights is better than they are. */
static enum ws_status separable(const struct descent *at, struct ws_error *err)
{
    return ws_fail(err, WS_NUMERIC,
                   "a plane separates the labels of all %" PRIu64
                   " items, so no weights are the likeliest (a ridge above 0 has some)",
                   at->data->count);
}

/* So near the minimum the whole step needs no check, which rounding would spoil. Returns by how
 * much it moves a margin at most. */
static double take_whole_step(struct descent *at)
{
    double most = 0;
    for (size_t j = 0; j < at->inputs; j++)
        at->weights[j] += at->step[j];
    for (size_t s = 0; s < at->data->segment_count; s++)
        for (uint64_t i = 0; i < at->data->segments[s].count; i++)
            most = fmax(most, fabs(margin(item(&at->data->segments[s], i), at->step, at->inputs)));
    return most;
}

/* Where a plane separates all labels but for items that lie on it, steps promise ever less and yet
 * move the others' margins by 1 for ever: a small promise is not enough. */
static enum ws_status descend(struct descent *at, struct ws_error *err)
{
    memset(at->weights, 0, at->inputs * sizeof *at->weights);
    double value = objective(at, at->weights, &at->least_margin);
    for (int steps = 0; steps < STEPS_LIMIT; steps++) {
        derive(at);
        WS_TRY(ws_solve_positive(at->triangle, at->inputs, ws_products_stride(at->inputs),
                                 at->downhill, at->step, at->diagonal, err));
        double promise = ws_dot(at->step, at->downhill, at->inputs) / 2;
        if (promise > SMALL_PROMISE * at->total && move(at, &value)) {
            if (at->ridge == 0 && at->least_margin > 0)
                return separable(at, err);
        } else if (!(take_whole_step(at) > SMALL_MOVE)) {
            return WS_OK;
        }
    }
    return ws_fail(err, WS_NUMERIC,
                   "the likeliest weights were not found in %d steps: a plane all but separates "
                   "the labels (a ridge above 0 helps)",
                   STEPS_LIMIT);
}

static enum ws_status fit_one(const struct ws_logistic_settings *settings,
                              const struct ws_dataset *data, struct ws_arena *arena,
                              double *weights, struct ws_error *err)
{
    size_t inputs = data->dimension - 1;
    double total = ws_dataset_weights(data).sum;
    struct descent descent = {
        .data = data,
        .inputs = inputs,
        .total = total,
        .ridge = settings->ridge * total,
        .weights = weights,
        .step = WS_ARENA_NEW(arena, double, inputs),
        .trial = WS_ARENA_NEW(arena, double, inputs),
        .downhill = WS_ARENA_NEW(arena, double, inputs),
        .triangle = WS_ARENA_NEW(arena, double, inputs *ws_products_stride(inputs)),
        .diagonal = WS_ARENA_NEW(arena, double, inputs),
    };
    if (!descent.step || !descent.trial || !descent.downhill || !descent.triangle ||
        !descent.diagonal)
        return ws_fail_memory(err, "a logistic regression");
    WS_TRY(check_labels(data, err));
    WS_TRY(descend(&descent, err));
    if (!ws_all_finite(weights, inputs))
        return ws_fail(err, WS_NUMERIC, "the weights of a logistic regression are not finite");
    return WS_OK;
}

static enum ws_status fit(const void *settings, size_t chains,
                          const struct ws_dataset *const data[], const struct ws_rng_key init[],
                          const struct ws_job *job, struct ws_arena *arena,
                          const struct ws_model *models[], struct ws_error *err)
{
    (void)init;
    (void)job;
    for (size_t c = 0; c < chains; c++) {
        uint32_t inputs = data[c]->dimension - 1;
        struct ws_logistic_model *model = WS_ARENA_NEW(arena, struct ws_logistic_model, 1);
        double *weights = WS_ARENA_NEW(arena, double, inputs);
        if (!model || !weights)
            return ws_fail_memory(err, "a logistic regression");
        *model = (struct ws_logistic_model){
            .base = {&ws_family_logistic, settings, data[c]->count},
            .inputs = inputs,
            .weights = weights,
        };
        WS_TRY(fit_one(settings, data[c], arena, weights, err));
        models[c] = &model->base;
    }
    return WS_OK;
}

static enum ws_status sample_one(const struct ws_logistic_model *model,
                                 const struct ws_dataset *original, uint64_t count,
                                 struct ws_rng_key key, struct ws_arena *arena,
                                 const struct ws_payload **out, struct ws_error *err)
{
    const struct ws_logistic_settings *settings = model->base.settings;
    size_t inputs = model->inputs, d = inputs + 1;
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    double *items;
    if (!payload)
        return ws_fail_memory(err, "a sample of a logistic regression");
    WS_TRY(
        ws_design_draw(&settings->design, original, count, (uint32_t)d, key, arena, &items, err));
    struct ws_rng rng;
    ws_rng_init(&rng, key, ITEM_LABELS);
    for (uint64_t i = 0; i < count; i++) {
        double score = ws_dot(items + i * d, model->weights, inputs);
        bool label = settings->labels == WS_LOGISTIC_DRAWN
                         ? ws_rng_uniform(&rng) < other_side(-score)
                         : score >= 0;
        items[i * d + inputs] = label;
    }
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
    const struct ws_logistic_model *model = model_of(base);
    (void)scratch;
    assert(data->dimension == model->inputs + 1);
    WS_TRY(check_labels(data, err));
    double total = 0;
    for (size_t s = 0; s < data->segment_count; s++)
        for (uint64_t i = 0; i < data->segments[s].count; i++)
            total -= loss_of(margin(item(&data->segments[s], i), model->weights, model->inputs));
    *sum = isnan(total) ? -INFINITY : total;
    *terms = data->count;
    return WS_OK;
}

static void save(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_logistic_model *model = model_of(base);
    ws_buffer_u32(out, MAGIC);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u32(out, model->inputs);
    ws_buffer_u64(out, base->training_items);
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
    if (magic != MAGIC || version != VERSION)
        return ws_fail(err, WS_CORRUPT, "not a logistic regression of version %d", VERSION);
    if (inputs < 1 || inputs >= WS_DESIGN_DIMENSION_LIMIT || items < 1)
        return ws_fail(err, WS_CORRUPT,
                       "a logistic regression of %" PRIu32 " inputs on %" PRIu64 " items", inputs,
                       items);
    if (!ws_reader_holds(&in, inputs, sizeof(double)))
        return ws_fail(err, WS_CORRUPT, "a logistic regression of %zu bytes is cut short",
                       bytes.size);
    struct ws_logistic_model *model = WS_ARENA_NEW(arena, struct ws_logistic_model, 1);
    double *weights = WS_ARENA_NEW(arena, double, inputs);
    if (!model || !weights)
        return ws_fail_memory(err, "a logistic regression");
    ws_read_f64s(&in, weights, inputs);
    if (!ws_reader_at_end(&in))
        return ws_fail(err, WS_CORRUPT, "a logistic regression with bytes after its end");
    if (!ws_all_finite(weights, inputs))
        return ws_fail(err, WS_CORRUPT, "a logistic regression whose numbers make no sense");
    *model = (struct ws_logistic_model){
        .base = {&ws_family_logistic, settings, items},
        .inputs = inputs,
        .weights = weights,
    };
    *out = &model->base;
    return WS_OK;
}

static void describe(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_logistic_model *model = model_of(base);
    ws_buffer_format(out, "logistic regression, %" PRIu32 " inputs, from %" PRIu64 " items",
                     model->inputs, base->training_items);
}

static void cost(const void *settings, const struct ws_dataset *example, uint64_t items,
                 double item_size, struct ws_family_cost *out)
{
    (void)settings;
    (void)example;
    (void)items;
    const double steps = 8;
    double d = item_size;
    *out = (struct ws_family_cost){
        .fit_seconds = steps * (5e-8 + 3e-9 * d + 2e-10 * d * d),
        .fit_whole = steps * (1e-6 + 3e-10 * d * d * d),
        .sample_seconds = 3e-8 + 1e-8 * d,
        .measure_seconds = 3e-8 + 1e-9 * d,
        .model_bytes = 8 * d,
        .work_bytes = 8 * d * d,
    };
}

/* Switches ------------------------------------------------------------------------------------- */

/* For a design of the model's own: inputs as in the truth. */
static enum ws_status draw_as_truth(const struct ws_logistic_settings *settings,
                                    const struct ws_two_class_truth *truth, struct ws_arena *arena,
                                    struct ws_switch *out, struct ws_error *err)
{
    const double separation = fabs(truth->centre) * sqrt(truth->inputs);
    if (settings->design.kind != WS_DESIGN_FRESH)
        return WS_OK;
    const char *variance = ws_arena_format(arena, "%.17g", truth->input_variance);
    const char *length = ws_arena_format(arena, "%.17g", separation);
    if (!variance || !length)
        return ws_fail_memory(err, "a switch");
    if (settings->design.variance != truth->input_variance)
        ws_switch_change(out, "design_variance", variance);
    if (fabs(settings->design.separation - separation) > 1e-12 * separation)
        ws_switch_change(out, "design_separation", length);
    return WS_OK;
}

/* Two Gaussian classes of one covariance round mirrored centres have linear log odds. */
static enum ws_status enlarge(const void *settings, const struct ws_deal *deal,
                              struct ws_arena *arena, struct ws_switch *out, struct ws_error *err)
{
    const struct ws_logistic_settings *s = settings;
    const struct ws_two_class_truth *truth = ws_law_two_class_truth(deal->law);
    if (!truth || truth->label_noise > 0) {
        *out = ws_switch_refuse(truth ? "no family here holds labels of which some are made wrong"
                                      : "no family here holds the truth, which is not two classes");
        return WS_OK;
    }
    *out = ws_switch_none("log odds are linear, as those of the truth are");
    if (s->labels != WS_LOGISTIC_DRAWN)
        ws_switch_change(out, "labels", "drawn");
    return draw_as_truth(s, truth, arena, out, err);
}

static enum ws_status fit_exactly(const void *settings, const struct ws_deal *truth,
                                  struct ws_arena *arena, struct ws_switch *out,
                                  struct ws_error *err)
{
    const struct ws_logistic_settings *s = settings;
    (void)truth;
    (void)arena;
    (void)err;
    *out = ws_switch_none(s->ridge > 0 ? "maximum likelihood, without a ridge"
                                       : "the fit is iterated until it converges");
    if (s->ridge > 0)
        ws_switch_change(out, "ridge", "0");
    return WS_OK;
}

const struct ws_family_ops ws_family_logistic = {
    .name = "logistic",
    .summary = "logistic regression of an item's last number, 0 or 1, on the others",
    .options = {"family logistic", options, sizeof options / sizeof *options},
    .settings_size = sizeof(struct ws_logistic_settings),
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
    .enlarge = enlarge,
    .fit_exactly = fit_exactly,
};
