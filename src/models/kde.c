#include "models/kde.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sampler.h"
#include "models/density_ops.h"

enum { MAGIC = 0x4b4d5357, VERSION = 1 }; /* "WSMK" */

/* Squares of a bandwidth, and one over them, are numbers. */
#define BANDWIDTH_LEAST 1e-100
#define BANDWIDTH_MOST  1e100

static const struct ws_option options[] = {
    {"rule", WS_OPTION_CHOICE, offsetof(struct ws_kde_settings, rule), 0, 0, "fixed",
     "fixed|scott|silverman", 0,
     "the kernels' width: as bandwidth says, or from the number of items at each fit"},
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
        return "under a rule that finds it; ask for rule=fixed";
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
    ws_sample_normals(&normals, 0, model->bandwidth, x, count * d);
    for (uint64_t i = 0; i < count; i++) {
        size_t s = ws_sample_categorical(&choices, cumulative, model->data.segment_count);
        const struct ws_segment *segment = &model->data.segments[s];
        uint64_t item = ws_segment_item(segment, ws_rng_below(&choices, segment->count));
        const double *centre = segment->payload->vectors + item * d;
        for (size_t a = 0; a < d; a++)
            x[i * d + a] += centre[a];
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

static enum ws_status log_density(const struct ws_model *base, const struct ws_dataset *data,
                                  struct ws_arena *scratch, double *sum, uint64_t *terms,
                                  struct ws_error *err)
{
    const struct ws_kde_model *model = model_of(base);
    const struct ws_density_ops *ops = ws_density_pick();
    struct ws_packed kernels, items;
    WS_TRY(ws_packed_of(&model->data, scratch, &kernels, err));
    WS_TRY(ws_packed_of(data, scratch, &items, err));
    double h = model->bandwidth, d = data->dimension;
    double constant = -d * log(h) - 0.5 * d * log(2 * acos(-1)) - log((double)kernels.count);
    *terms = data->count;
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
    ws_buffer_u32(out, VERSION);
    ws_buffer_f64s(out, &model->bandwidth, 1);
    ws_dataset_write(&model->data, out);
}

static bool is_plausible(const struct ws_kde_model *model)
{
    const struct ws_dataset *data = &model->data;
    return model->bandwidth >= BANDWIDTH_LEAST && model->bandwidth <= BANDWIDTH_MOST &&
           data->kind == WS_DATA_VECTORS && data->dimension <= WS_KDE_DIMENSION_LIMIT &&
           data->count > 0 && isfinite(ws_dataset_weights(data).sum);
}

static enum ws_status load(const void *settings, struct ws_bytes bytes, struct ws_arena *arena,
                           const struct ws_model **out, struct ws_error *err)
{
    struct ws_reader in;
    ws_reader_init(&in, bytes);
    uint32_t magic = ws_read_u32(&in);
    uint32_t version = ws_read_u32(&in);
    if (magic != MAGIC || version != VERSION)
        return ws_fail(err, WS_CORRUPT, "not a kernel density model of version %d", VERSION);
    struct ws_kde_model *model = WS_ARENA_ZNEW(arena, struct ws_kde_model, 1);
    if (!model)
        return ws_fail_memory(err, "a kernel density model");
    ws_read_f64s(&in, &model->bandwidth, 1);
    enum ws_status status = ws_dataset_read(&in, arena, &model->data, err);
    if (status == WS_NO_MEMORY)
        return status;
    if (status != WS_OK || !ws_reader_at_end(&in) || !is_plausible(model))
        return ws_fail(err, WS_CORRUPT, "a kernel density model whose bandwidth or data are none");
    model->base = (struct ws_model){&ws_family_kde, settings, model->data.count};
    *out = &model->base;
    return WS_OK;
}

static void describe(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_kde_model *model = model_of(base);
    ws_buffer_format(out,
                     "Gaussian kernels of width %.4g, dimension %" PRIu32 ", on %" PRIu64 " items",
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

/* Kernels of any width smooth what they stand on. */
static enum ws_status enlarge(const void *settings, const struct ws_deal *truth,
                              struct ws_arena *arena, struct ws_switch *out, struct ws_error *err)
{
    (void)settings;
    return ws_switch_to_holder(truth, arena, out, err);
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
    .enlarge = enlarge,
    .fit_exactly = ws_fit_is_closed_form,
};
