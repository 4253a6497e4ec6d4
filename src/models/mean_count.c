#include "models/mean_count.h"

#include <inttypes.h>
#include <math.h>

#include "base/bytes.h"
#include "data/count_law.h"

enum {
    MAGIC_BERNOULLI = 0x424d5357, /* "WSMB" */
    MAGIC_POISSON = 0x504d5357,   /* "WSMP" */
    VERSION = 1,
};

static const struct ws_mean_count_model *model_of(const struct ws_model *base)
{
    return (const struct ws_mean_count_model *)base;
}

static enum ws_status check_kind(const char *family, const struct ws_dataset *example,
                                 struct ws_error *err)
{
    if (example->kind != WS_DATA_SYMBOLS && example->kind != WS_DATA_COUNTS)
        return ws_fail(err, WS_INVALID, "family '%s' takes symbols or counts, not %s", family,
                       ws_data_kind_name(example->kind));
    return WS_OK;
}

static enum ws_status check_bernoulli(const void *settings, const struct ws_dataset *example,
                                      uint64_t items, uint64_t item_size, struct ws_error *err)
{
    (void)settings;
    (void)items;
    (void)item_size;
    WS_TRY(check_kind("bernoulli", example, err));
    if (example->types != 2)
        return ws_fail(err, WS_INVALID, "family 'bernoulli' takes 2 types, not %" PRIu32,
                       example->types);
    return WS_OK;
}

static enum ws_status check_poisson(const void *settings, const struct ws_dataset *example,
                                    uint64_t items, uint64_t item_size, struct ws_error *err)
{
    (void)settings;
    (void)item_size;
    WS_TRY(check_kind("poisson", example, err));
    if (items > WS_POISSON_ITEMS)
        return ws_fail(err, WS_INVALID,
                       "family 'poisson' got %" PRIu64 " items, at most 2^28 are drawn", items);
    return WS_OK;
}

/* The sum of the types of a segment's items. */
static double sum_of_types(const struct ws_segment *segment)
{
    const struct ws_payload *payload = segment->payload;
    double sum = 0;
    if (payload->kind == WS_DATA_COUNTS) {
        for (size_t i = 0; i < payload->counts.size; i++)
            sum += (double)payload->counts.type[i] * (double)payload->counts.count[i];
        return sum;
    }
    for (uint64_t i = 0; i < segment->count; i++)
        sum += payload->symbols[ws_segment_item(segment, i)];
    return sum;
}

static double mean_of(const struct ws_dataset *data)
{
    double sum = 0, total = 0;
    for (size_t s = 0; s < data->segment_count; s++) {
        const struct ws_segment *segment = &data->segments[s];
        sum += segment->weight * sum_of_types(segment);
        total += segment->weight * (double)segment->count;
    }
    return sum / total;
}

static enum ws_status fit(const struct ws_family_ops *family, const void *settings, size_t chains,
                          const struct ws_dataset *const data[], struct ws_arena *arena,
                          const struct ws_model *models[], struct ws_error *err)
{
    struct ws_mean_count_model *fitted = WS_ARENA_NEW(arena, struct ws_mean_count_model, chains);
    if (!fitted)
        return ws_fail_memory(err, "means");
    for (size_t c = 0; c < chains; c++) {
        fitted[c] = (struct ws_mean_count_model){
            .base = {family, settings, data[c]->count},
            .types = data[c]->types,
            .mean = mean_of(data[c]),
        };
        models[c] = &fitted[c].base;
    }
    return WS_OK;
}

static enum ws_status fit_bernoulli(const void *settings, size_t chains,
                                    const struct ws_dataset *const data[],
                                    const struct ws_rng_key init[], const struct ws_job *job,
                                    struct ws_arena *arena, const struct ws_model *models[],
                                    struct ws_error *err)
{
    (void)init;
    (void)job;
    return fit(&ws_family_bernoulli, settings, chains, data, arena, models, err);
}

static enum ws_status fit_poisson(const void *settings, size_t chains,
                                  const struct ws_dataset *const data[],
                                  const struct ws_rng_key init[], const struct ws_job *job,
                                  struct ws_arena *arena, const struct ws_model *models[],
                                  struct ws_error *err)
{
    (void)init;
    (void)job;
    return fit(&ws_family_poisson, settings, chains, data, arena, models, err);
}

/* All draws are from item 0. */
static enum ws_status sample(size_t chains, const struct ws_model *const models[],
                             const uint64_t counts[], const struct ws_rng_key keys[],
                             const struct ws_job *job, struct ws_arena *arena,
                             const struct ws_payload *out[], struct ws_error *err)
{
    (void)job;
    struct ws_payload *payloads = WS_ARENA_NEW(arena, struct ws_payload, chains);
    if (!payloads)
        return ws_fail_memory(err, "samples of counts");
    for (size_t c = 0; c < chains; c++) {
        const struct ws_mean_count_model *model = model_of(models[c]);
        struct ws_rng rng;
        ws_rng_init(&rng, keys[c], 0);
        if (models[c]->ops == &ws_family_bernoulli)
            WS_TRY(ws_draw_bernoulli(model->mean, counts[c], &rng, arena, &payloads[c], err));
        else
            WS_TRY(ws_draw_poisson(model->mean, model->types, counts[c], &rng, arena, &payloads[c],
                                   err));
        out[c] = &payloads[c];
    }
    return WS_OK;
}

/* Of one item. The limits are right: 0^0 = 1. */
static double log_bernoulli(double p, uint32_t type)
{
    return type == 1 ? log(p) : log1p(-p);
}

/* lgamma alone would set a global. */
static double log_factorial(uint32_t type)
{
    int sign;
    return lgamma_r((double)type + 1, &sign);
}

static double log_poisson(double mean, uint32_t type)
{
    if (type == 0)
        return -mean;
    return type * log(mean) - mean - log_factorial(type);
}

static enum ws_status log_density(const struct ws_model *base, const struct ws_dataset *data,
                                  struct ws_arena *scratch, double *sum, uint64_t *terms,
                                  struct ws_error *err)
{
    const struct ws_mean_count_model *model = model_of(base);
    struct ws_payload seen;
    WS_TRY(ws_dataset_type_counts(data, scratch, &seen, err));
    double total = 0;
    for (size_t i = 0; i < seen.counts.size; i++) {
        double one = base->ops == &ws_family_bernoulli
                         ? log_bernoulli(model->mean, seen.counts.type[i])
                         : log_poisson(model->mean, seen.counts.type[i]);
        total += (double)seen.counts.count[i] * one;
    }
    *sum = total;
    *terms = data->count;
    return WS_OK;
}

static uint32_t magic_of(const struct ws_family_ops *family)
{
    return family == &ws_family_bernoulli ? MAGIC_BERNOULLI : MAGIC_POISSON;
}

static void save(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_mean_count_model *model = model_of(base);
    ws_buffer_u32(out, magic_of(base->ops));
    ws_buffer_u32(out, VERSION);
    ws_buffer_u32(out, model->types);
    ws_buffer_u64(out, base->training_items);
    ws_buffer_f64s(out, &model->mean, 1);
}

static bool is_valid(const struct ws_mean_count_model *model)
{
    if (model->base.training_items == 0 || model->types == 0 || signbit(model->mean))
        return false;
    if (model->base.ops == &ws_family_bernoulli)
        return model->types == 2 && model->mean <= 1;
    return model->mean <= (double)model->types - 1;
}

static enum ws_status load(const struct ws_family_ops *family, const void *settings,
                           struct ws_bytes bytes, struct ws_arena *arena,
                           const struct ws_model **out, struct ws_error *err)
{
    struct ws_reader in;
    ws_reader_init(&in, bytes);
    uint32_t magic = ws_read_u32(&in);
    uint32_t version = ws_read_u32(&in);
    if (magic != magic_of(family) || version != VERSION)
        return ws_fail(err, WS_CORRUPT, "not a %s model of version %d", family->name, VERSION);
    struct ws_mean_count_model *model = WS_ARENA_NEW(arena, struct ws_mean_count_model, 1);
    if (!model)
        return ws_fail_memory(err, "a mean of counts");
    *model = (struct ws_mean_count_model){.base = {family, settings, 0}};
    model->types = ws_read_u32(&in);
    model->base.training_items = ws_read_u64(&in);
    model->mean = ws_read_f64(&in);
    if (!ws_reader_at_end(&in) || !is_valid(model))
        return ws_fail(err, WS_CORRUPT, "a %s model whose numbers make no sense", family->name);
    *out = &model->base;
    return WS_OK;
}

static enum ws_status load_bernoulli(const void *settings, struct ws_bytes bytes,
                                     struct ws_arena *arena, const struct ws_model **out,
                                     struct ws_error *err)
{
    return load(&ws_family_bernoulli, settings, bytes, arena, out, err);
}

static enum ws_status load_poisson(const void *settings, struct ws_bytes bytes,
                                   struct ws_arena *arena, const struct ws_model **out,
                                   struct ws_error *err)
{
    return load(&ws_family_poisson, settings, bytes, arena, out, err);
}

static bool absorbed(const struct ws_model *base)
{
    double mean = model_of(base)->mean;
    return mean == 0 || (base->ops == &ws_family_bernoulli && mean == 1);
}

static void describe(const struct ws_model *base, struct ws_buffer *out)
{
    ws_buffer_format(out, "%s, mean %g of %" PRIu64 " items", base->ops->name, model_of(base)->mean,
                     base->training_items);
}

static void cost_bernoulli(const void *settings, const struct ws_dataset *example, uint64_t items,
                           double item_size, struct ws_family_cost *out)
{
    (void)settings;
    (void)example;
    (void)items;
    (void)item_size;
    *out = (struct ws_family_cost){
        .fit_seconds = 2e-9,
        .sample_seconds = 1e-9,
        .measure_seconds = 2e-9,
        .model_bytes = sizeof(struct ws_mean_count_model),
    };
}

static void cost_poisson(const void *settings, const struct ws_dataset *example, uint64_t items,
                         double item_size, struct ws_family_cost *out)
{
    cost_bernoulli(settings, example, items, item_size, out);
    out->sample_seconds = 5e-8;
}

/* Switches ------------------------------------------------------------------------------------- */

static enum ws_status fit_population(const struct ws_family_ops *family, const void *settings,
                                     const struct ws_population *population, struct ws_arena *arena,
                                     const struct ws_model **out, struct ws_error *err)
{
    const double truth = ws_truth_mean_count(population->truth);
    if (isnan(truth))
        return ws_fail(err, WS_UNSUPPORTED, "the true mean of counts is not known");
    struct ws_mean_count_model *model = WS_ARENA_NEW(arena, struct ws_mean_count_model, 1);
    if (!model)
        return ws_fail_memory(err, "a mean of counts");
    *model = (struct ws_mean_count_model){
        .base = {family, settings, population->items},
        .types = population->truth->original.types,
    };
    for (size_t p = 0; p < population->part_count; p++) {
        const struct ws_population_part *part = &population->parts[p];
        model->mean += part->share * (part->model ? model_of(part->model)->mean : truth);
    }
    *out = &model->base;
    return WS_OK;
}

static enum ws_status fit_bernoulli_population(const void *settings,
                                               const struct ws_population *population,
                                               struct ws_arena *arena, const struct ws_model **out,
                                               struct ws_error *err)
{
    return fit_population(&ws_family_bernoulli, settings, population, arena, out, err);
}

static enum ws_status fit_poisson_population(const void *settings,
                                             const struct ws_population *population,
                                             struct ws_arena *arena, const struct ws_model **out,
                                             struct ws_error *err)
{
    return fit_population(&ws_family_poisson, settings, population, arena, out, err);
}

static enum ws_status enlarge_bernoulli(const void *settings, const struct ws_deal *truth,
                                        struct ws_arena *arena, struct ws_switch *out,
                                        struct ws_error *err)
{
    (void)settings;
    (void)truth;
    (void)arena;
    (void)err;
    *out = ws_switch_none("the family holds every law of two symbols");
    return WS_OK;
}

static enum ws_status enlarge_poisson(const void *settings, const struct ws_deal *truth,
                                      struct ws_arena *arena, struct ws_switch *out,
                                      struct ws_error *err)
{
    (void)settings;
    (void)arena;
    (void)err;
    if (!ws_human_truth(truth->human) && truth->original.types > 2) {
        *out = ws_switch_none("the family holds the truth, which is Poisson's law");
        return WS_OK;
    }
    *out = ws_switch_none("the shares of types hold every law of symbols");
    ws_switch_change(out, "family", "discrete");
    return WS_OK;
}

const struct ws_family_ops ws_family_bernoulli = {
    .name = "bernoulli",
    .summary = "the probability of 1 among symbols 0 and 1 (maximum likelihood)",
    .options = {.owner = "family bernoulli"},
    .accepts = 1u << WS_DATA_SYMBOLS | 1u << WS_DATA_COUNTS,
    .batch = 64,
    .weighted = true,
    .check = check_bernoulli,
    .fit = fit_bernoulli,
    .sample = sample,
    .log_density = log_density,
    .save = save,
    .load = load_bernoulli,
    .describe = describe,
    .absorbed = absorbed,
    .cost = cost_bernoulli,
    .fit_population = fit_bernoulli_population,
    .enlarge = enlarge_bernoulli,
    .fit_exactly = ws_fit_is_closed_form,
};

const struct ws_family_ops ws_family_poisson = {
    .name = "poisson",
    .summary = "the mean of counts, drawn from Poisson's law (maximum likelihood)",
    .options = {.owner = "family poisson"},
    .accepts = 1u << WS_DATA_SYMBOLS | 1u << WS_DATA_COUNTS,
    .batch = 64,
    .weighted = true,
    .check = check_poisson,
    .fit = fit_poisson,
    .sample = sample,
    .log_density = log_density,
    .save = save,
    .load = load_poisson,
    .describe = describe,
    .absorbed = absorbed,
    .cost = cost_poisson,
    .fit_population = fit_poisson_population,
    .enlarge = enlarge_poisson,
    .fit_exactly = ws_fit_is_closed_form,
};
