#include "models/kde.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sampler.h"
#include "models/density_ops.h"

enum {
    MAGIC = 0x4b4d5357, /* "WSMK" */
    VERSION = 1,
    POPULATION_VERSION = 2 /* kernels of several widths */
};

/* Squares of a bandwidth, and one over them, are numbers. */
#define BANDWIDTH_LEAST 1e-100
#define BANDWIDTH_MOST  1e100

static const struct ws_option options[] = {
    {"rule", WS_OPTION_CHOICE, offsetof(struct ws_kde_settings, rule), 0, 0, "fixed",
     "fixed|scott|silverman|none", 0,
     "the kernels' width: as bandwidth says, from the number of items at each fit, or none: "
     "samples "
     "are the items again"},
    {"bandwidth", WS_OPTION_REAL, offsetof(struct ws_kde_settings, bandwidth), BANDWIDTH_LEAST,
     BANDWIDTH_MOST, "1", NULL, 0, "deviation of a kernel in each coordinate (rule=fixed)"},
};

static const struct ws_kde_model *model_of(const struct ws_model *base)
{
    return (const struct ws_kde_model *)base;
}

static const char *ignores(const void *settings, bool validated, const char *name)
{
    (void)validated;
    const struct ws_kde_settings *s = settings;
    if (s->rule != WS_KDE_FIXED && strcmp(name, "bandwidth") == 0)
        return "under a rule that finds it or wants none; ask for rule=fixed";
    return NULL;
}

static enum ws_status check(const void *settings, const struct ws_dataset *example, uint64_t items,
                            uint64_t item_size, struct ws_error *err)
{
    (void)settings;
    (void)items;
    (void)item_size;
    if (example->kind != WS_DATA_VECTORS)
        return ws_fail(err, WS_INVALID, "family 'kde' takes vectors, not %s",
                       ws_data_kind_name(example->kind));
    if (example->dimension < 1 || example->dimension > WS_KDE_DIMENSION_LIMIT)
        return ws_fail(err, WS_INVALID,
                       "family 'kde' got vectors of dimension %" PRIu32 ", wanted 1 to %d",
                       example->dimension, WS_KDE_DIMENSION_LIMIT);
    return WS_OK;
}

static double bandwidth_of(const struct ws_kde_settings *settings, const struct ws_dataset *data)
{
    struct ws_dataset_weights weights = ws_dataset_weights(data);
    double n = weights.sum * weights.sum / weights.squares;
    double d = data->dimension;
    switch (settings->rule) {
    case WS_KDE_SCOTT:
        return pow(n, -1 / (d + 4));
    case WS_KDE_SILVERMAN:
        return pow(n * (d + 2) / 4, -1 / (d + 4));
    case WS_KDE_NONE:
        return 0;
    case WS_KDE_FIXED:
    default:
        return settings->bandwidth;
    }
}

/* The vectors one after the other. Segments stay as they are: the previous training set that some
 * policies pick items from is gone before the model is. */
static enum ws_status copy_data(const struct ws_dataset *data, struct ws_arena *arena,
                                struct ws_dataset *out, struct ws_error *err)
{
    const size_t d = data->dimension;
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    struct ws_segment *segments =
        ws_arena_copy(arena, data->segments, data->segment_count * sizeof *segments);
    double *x = WS_ARENA_NEW(arena, double, data->count *d);
    if (!payload || !segments || !x)
        return ws_fail_memory(err, "a kernel density model");
    *payload = (struct ws_payload){
        .kind = WS_DATA_VECTORS, .count = data->count, .dimension = data->dimension, .vectors = x};
    uint64_t first = 0;
    for (size_t s = 0; s < data->segment_count; first += segments[s++].count) {
        const struct ws_segment *from = &data->segments[s];
        for (uint64_t i = 0; i < from->count; i++, x += d)
            memcpy(x, from->payload->vectors + ws_segment_item(from, i) * d, d * sizeof *x);
        segments[s].payload = payload;
        segments[s].first = first;
        segments[s].pick = NULL;
    }
    *out = *data;
    out->segments = segments;
    return WS_OK;
}

static enum ws_status fit(const void *settings, size_t chains,
                          const struct ws_dataset *const data[], const struct ws_rng_key init[],
                          const struct ws_job *job, struct ws_arena *arena,
                          const struct ws_model *models[], struct ws_error *err)
{
    (void)init;
    (void)job;
    struct ws_kde_model *fitted = WS_ARENA_NEW(arena, struct ws_kde_model, chains);
    if (!fitted)
        return ws_fail_memory(err, "kernel density models");
    for (size_t c = 0; c < chains; c++) {
        fitted[c] = (struct ws_kde_model){
            .base = {&ws_family_kde, settings, data[c]->count},
            .bandwidth = bandwidth_of(settings, data[c]),
        };
        WS_TRY(copy_data(data[c], arena, &fitted[c].data, err));
        models[c] = &fitted[c].base;
    }
    return WS_OK;
}

/* ---- samples ---- */

/* Running sums of the segments' weights. */
static double *cumulative_weights(const struct ws_dataset *data, struct ws_arena *arena)
{
    double *cumulative = WS_ARENA_NEW(arena, double, data->segment_count);
    double sum = 0;
    for (size_t s = 0; cumulative && s < data->segment_count; s++)
        cumulative[s] = sum += data->segments[s].weight * (double)data->segments[s].count;
    return cumulative;
}

static void draw(const struct ws_kde_model *model, const double *cumulative, uint64_t count,
                 struct ws_rng_key key, double *x)
{
    size_t d = model->data.dimension;
    struct ws_rng normals, choices;
    ws_rng_init(&normals, key, 0);
    ws_rng_init(&choices, key, 1);
    ws_sample_normals(&normals, 0, model->variances ? 1 : model->bandwidth, x, count * d);
    for (uint64_t i = 0; i < count; i++) {
        size_t s = ws_sample_categorical(&choices, cumulative, model->data.segment_count);
        const struct ws_segment *segment = &model->data.segments[s];
        uint64_t item = ws_segment_item(segment, ws_rng_below(&choices, segment->count));
        const double *centre = segment->payload->vectors + item * d;
        const double scale = model->variances ? sqrt(model->variances[s]) : 1;
        for (size_t a = 0; a < d; a++)
            x[i * d + a] = scale * x[i * d + a] + centre[a];
    }
}

static enum ws_status sample(size_t chains, const struct ws_model *const models[],
                             const uint64_t counts[], const struct ws_rng_key keys[],
                             const struct ws_job *job, struct ws_arena *arena,
                             const struct ws_payload *out[], struct ws_error *err)
{
    (void)job;
    struct ws_payload *payloads = WS_ARENA_NEW(arena, struct ws_payload, chains);
    if (!payloads)
        return ws_fail_memory(err, "samples of kernel densities");
    for (size_t c = 0; c < chains; c++) {
        const struct ws_kde_model *model = model_of(models[c]);
        double *cumulative = cumulative_weights(&model->data, arena);
        size_t size;
        double *x = NULL;
        if (!__builtin_mul_overflow(counts[c], model->data.dimension, &size))
            x = WS_ARENA_NEW(arena, double, size);
        if (!cumulative || !x)
            return ws_fail_memory(err, "samples of kernel densities");
        draw(model, cumulative, counts[c], keys[c], x);
        payloads[c] = (struct ws_payload){
            .kind = WS_DATA_VECTORS,
            .count = counts[c],
            .dimension = model->data.dimension,
            .vectors = x,
        };
        out[c] = &payloads[c];
    }
    return WS_OK;
}

/* ---- density ---- */

/* The sum over the block's items of the log of a sum of kernels without their constant. */
static double log_kernels(const struct ws_packed *kernels, const struct ws_packed_block *at,
                          double scale, const struct ws_density_ops *ops)
{
    double least[WS_PACKED_MOST], sums[WS_PACKED_MOST];
    for (size_t i = 0; i < WS_PACKED_MOST; i++) {
        least[i] = INFINITY;
        sums[i] = 0;
    }
    for (size_t b = 0; b < kernels->block_count; b++)
        ops->kernels(&kernels->blocks[b], at, kernels->dimension, scale, least, sums);
    double total = 0;
    for (uint32_t i = 0; i < at->count; i++)
        total += log(sums[i]) - least[i];
    return total;
}

/* Of one vector under a population's kernels, which are few. */
static double log_population(const struct ws_kde_model *model, const double *x)
{
    const size_t d = model->data.dimension;
    double least = INFINITY, sum = 0;
    for (size_t s = 0; s < model->data.segment_count; s++) {
        const struct ws_segment *segment = &model->data.segments[s];
        const double variance = model->variances[s];
        for (uint64_t i = 0; i < segment->count; i++) {
            const double *centre = segment->payload->vectors + ws_segment_item(segment, i) * d;
            double far = 0.5 * (double)d * log(2 * acos(-1) * variance) - log(segment->weight);
            for (size_t a = 0; a < d; a++)
                far += 0.5 * (x[a] - centre[a]) * (x[a] - centre[a]) / variance;
            if (isinf(far))
                continue;
            if (far < least) {
                sum *= exp(far - least);
                least = far;
            }
            sum += exp(least - far);
        }
    }
    return log(sum) - least - log(ws_dataset_weights(&model->data).sum);
}

static double sum_population(const struct ws_kde_model *model, const struct ws_dataset *data)
{
    const size_t d = data->dimension;
    double sum = 0;
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        for (uint64_t i = 0; i < segment->count; i++)
            sum +=
                log_population(model, segment->payload->vectors + ws_segment_item(segment, i) * d);
    }
    return sum;
}

static enum ws_status log_density(const struct ws_model *base, const struct ws_dataset *data,
                                  struct ws_arena *scratch, double *sum, uint64_t *terms,
                                  struct ws_error *err)
{
    const struct ws_kde_model *model = model_of(base);
    const struct ws_density_ops *ops = ws_density_pick();
    struct ws_packed kernels, items;
    *terms = data->count;
    if (model->bandwidth == 0 || model->variances) {
        *sum = model->variances ? sum_population(model, data) : -INFINITY;
        return WS_OK;
    }
    WS_TRY(ws_packed_of(&model->data, scratch, &kernels, err));
    WS_TRY(ws_packed_of(data, scratch, &items, err));
    double h = model->bandwidth, d = data->dimension;
    double constant = -d * log(h) - 0.5 * d * log(2 * acos(-1)) - log((double)kernels.count);
    *sum = (double)data->count * constant;
    for (size_t b = 0; b < items.block_count; b++)
        *sum += log_kernels(&kernels, &items.blocks[b], 0.5 / (h * h), ops);
    if (*sum < -WS_DISTANCE_MOST / 2)
        *sum = -INFINITY;
    return WS_OK;
}

/* ---- stored form ---- */

static void save(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_kde_model *model = model_of(base);
    ws_buffer_u32(out, MAGIC);
    ws_buffer_u32(out, model->variances ? POPULATION_VERSION : VERSION);
    ws_buffer_f64s(out, &model->bandwidth, 1);
    if (model->variances) {
        ws_buffer_u64(out, model->data.segment_count);
        ws_buffer_f64s(out, model->variances, model->data.segment_count);
    }
    ws_dataset_write(&model->data, out);
}

static bool is_plausible(const struct ws_kde_model *model)
{
    const struct ws_dataset *data = &model->data;
    return (model->bandwidth == 0 || model->bandwidth >= BANDWIDTH_LEAST) &&
           model->bandwidth <= BANDWIDTH_MOST && data->kind == WS_DATA_VECTORS &&
           data->dimension <= WS_KDE_DIMENSION_LIMIT && data->count > 0 &&
           isfinite(ws_dataset_weights(data).sum);
}

/* NULL where there are not as many as it says, or memory is out. */
static const double *read_variances(struct ws_reader *in, struct ws_arena *arena, size_t *count)
{
    const uint64_t size = ws_read_u64(in);
    double *variances = NULL;
    if (ws_reader_holds(in, size, sizeof *variances))
        variances = WS_ARENA_NEW(arena, double, size);
    if (!variances)
        return NULL;
    ws_read_f64s(in, variances, size);
    *count = size;
    return variances;
}

static bool are_plausible(const double *variances, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(variances[i] > 0 && isfinite(variances[i])))
            return false;
    return true;
}

static enum ws_status load(const void *settings, struct ws_bytes bytes, struct ws_arena *arena,
                           const struct ws_model **out, struct ws_error *err)
{
    struct ws_reader in;
    ws_reader_init(&in, bytes);
    uint32_t magic = ws_read_u32(&in);
    uint32_t version = ws_read_u32(&in);
    if (magic != MAGIC || (version != VERSION && version != POPULATION_VERSION))
        return ws_fail(err, WS_CORRUPT, "not a kernel density model of version %d or %d", VERSION,
                       POPULATION_VERSION);
    struct ws_kde_model *model = WS_ARENA_ZNEW(arena, struct ws_kde_model, 1);
    if (!model)
        return ws_fail_memory(err, "a kernel density model");
    ws_read_f64s(&in, &model->bandwidth, 1);
    size_t widths = 0;
    if (version == POPULATION_VERSION)
        model->variances = read_variances(&in, arena, &widths);
    enum ws_status status = ws_dataset_read(&in, arena, &model->data, err);
    if (status == WS_NO_MEMORY)
        return status;
    if (status != WS_OK || !ws_reader_at_end(&in) || !is_plausible(model) ||
        (version == POPULATION_VERSION &&
         (widths != model->data.segment_count || !are_plausible(model->variances, widths))))
        return ws_fail(err, WS_CORRUPT, "a kernel density model whose bandwidth or data are none");
    model->base = (struct ws_model){&ws_family_kde, settings, model->data.count};
    *out = &model->base;
    return WS_OK;
}

static void describe(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_kde_model *model = model_of(base);
    if (model->variances)
        ws_buffer_format(out, "Gaussian kernels of %zu widths on %" PRIu64 " modes of the truth",
                         model->data.segment_count, model->data.count / model->data.segment_count);
    else
        ws_buffer_format(
            out, "Gaussian kernels of width %.4g, dimension %" PRIu32 ", on %" PRIu64 " items",
            model->bandwidth, model->data.dimension, model->data.count);
}

static void cost(const void *settings, const struct ws_dataset *example, uint64_t items,
                 double item_size, struct ws_family_cost *out)
{
    (void)settings;
    (void)example;
    double d = item_size;
    *out = (struct ws_family_cost){
        .fit_seconds = 1e-9 + 5e-10 * d,
        .sample_seconds = 2e-8 + 3e-9 * d,
        .measure_seconds = (double)items * (8e-10 + 1e-10 * d),
        .item_bytes = 8 * d,
        .work_bytes = 8 * (double)items * d,
    };
}

/* Switches ------------------------------------------------------------------------------------- */

/* Kernels of one variance on the truth's modes. */
struct widths {
    double *variances; /* (count) */
    double *shares;    /* (count) of the kernels of each */
    size_t count;
};

static void add_width(struct widths *out, double variance, double share)
{
    size_t at = 0;
    while (at < out->count && out->variances[at] != variance)
        at++;
    if (at == out->count) {
        out->variances[out->count] = variance;
        out->shares[out->count++] = 0;
    }
    out->shares[at] += share;
}

/* What the parts are made of, before kernels are put on it. A variance comes about by the same sums
 * in every part, so that equal ones are equal to the last bit. */
static void list_widths(const struct ws_population *population, struct widths *out)
{
    const struct ws_law *law = population->truth->law;
    const double of_truth =
        law->gaussian ? law->isotropic_variance : law->deviation * law->deviation;
    for (size_t p = 0; p < population->part_count; p++) {
        const struct ws_population_part *part = &population->parts[p];
        if (!part->model) {
            add_width(out, of_truth, part->share);
            continue;
        }
        const struct ws_kde_model *model = model_of(part->model);
        const double all = ws_dataset_weights(&model->data).sum;
        for (size_t s = 0; s < model->data.segment_count; s++) {
            const struct ws_segment *segment = &model->data.segments[s];
            add_width(out, model->variances[s],
                      part->share * segment->weight * (double)segment->count / all);
        }
    }
}

/* Whether all models are of populations themselves. */
static bool are_of_populations(const struct ws_population *population)
{
    for (size_t p = 0; p < population->part_count; p++)
        if (population->parts[p].model && !model_of(population->parts[p].model)->variances)
            return false;
    return true;
}

static size_t count_widths(const struct ws_population *population)
{
    size_t count = 0;
    for (size_t p = 0; p < population->part_count; p++)
        count += population->parts[p].model
                     ? model_of(population->parts[p].model)->data.segment_count
                     : 1;
    return count;
}

/* The modes of the truth; the mean where it is one Gaussian. */
static enum ws_status copy_modes(const struct ws_law *law, struct ws_arena *arena,
                                 struct ws_payload *out, struct ws_error *err)
{
    const size_t d = law->dimension, count = law->gaussian ? 1 : law->mode_count;
    double *modes = law->gaussian ? WS_ARENA_ZNEW(arena, double, d + d * d)
                                  : ws_arena_copy(arena, law->modes, count * d * sizeof(double));
    if (!modes)
        return ws_fail_memory(err, "a kernel density model");
    if (law->gaussian)
        law->row->moments(law, modes, modes + d);
    *out = (struct ws_payload){
        .kind = WS_DATA_VECTORS, .count = count, .dimension = law->dimension, .vectors = modes};
    return WS_OK;
}

static bool is_isotropic(const struct ws_law *law)
{
    return law && (law->gaussian ? law->isotropic_variance > 0 && law->row->moments
                                 : law->mode_count > 0 && law->deviation > 0);
}

static enum ws_status fit_population(const void *settings, const struct ws_population *population,
                                     struct ws_arena *arena, const struct ws_model **out,
                                     struct ws_error *err)
{
    const struct ws_kde_settings *s = settings;
    const double h = s->rule == WS_KDE_FIXED ? s->bandwidth : 0;
    const struct ws_law *law = population->truth->law;
    if (!is_isotropic(law) || !are_of_populations(population))
        return ws_fail(err, WS_UNSUPPORTED,
                       "kernels on what is not made of round Gaussians have no closed form");
    const size_t most = count_widths(population);
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    struct ws_kde_model *model = WS_ARENA_NEW(arena, struct ws_kde_model, 1);
    struct ws_segment *segments = WS_ARENA_NEW(arena, struct ws_segment, most);
    struct widths widths = {.variances = WS_ARENA_NEW(arena, double, most),
                            .shares = WS_ARENA_NEW(arena, double, most)};
    if (!payload || !model || !segments || !widths.variances || !widths.shares)
        return ws_fail_memory(err, "a kernel density model");
    WS_TRY(copy_modes(law, arena, payload, err));
    list_widths(population, &widths);
    size_t count = 0;
    for (size_t w = 0; w < widths.count; w++) {
        if (!(widths.shares[w] >
              0)) /* of the first model under a policy that keeps a share for long */
            continue;
        widths.variances[count] = widths.variances[w] + h * h;
        segments[count++] = (struct ws_segment){
            {WS_SOURCE_ORIGINAL, 0, 0}, payload, 0, payload->count, NULL, widths.shares[w]};
    }
    *model = (struct ws_kde_model){
        /* As it is when the model is loaded. */
        .base = {&ws_family_kde, settings, count * payload->count},
        .bandwidth = h,
        .data = {.kind = WS_DATA_VECTORS,
                 .dimension = law->dimension,
                 .count = count * payload->count,
                 .segment_count = count,
                 .segments = segments},
        .variances = widths.variances,
    };
    *out = &model->base;
    return WS_OK;
}

/* Kernels of any width smooth what they stand on. */
static enum ws_status enlarge(const void *settings, const struct ws_deal *truth,
                              struct ws_arena *arena, struct ws_switch *out, struct ws_error *err)
{
    if (((const struct ws_kde_settings *)settings)->rule != WS_KDE_NONE)
        return ws_switch_to_holder(truth, arena, out, err);
    *out = ws_switch_none("kernels of no width hold every law, as the items tell it");
    return WS_OK;
}

const struct ws_family_ops ws_family_kde = {
    .name = "kde",
    .summary = "Gaussian kernels on the training data; a fixed width, Scott's rule or Silverman's",
    .options = {"family kde", options, sizeof options / sizeof *options},
    .settings_size = sizeof(struct ws_kde_settings),
    .accepts = 1u << WS_DATA_VECTORS,
    .batch = 16,
    .weighted = true,
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
    .fit_exactly = ws_fit_is_closed_form,
};
