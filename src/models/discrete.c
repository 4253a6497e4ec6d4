#include "models/discrete.h"

#include <inttypes.h>
#include <math.h>

#include "base/bytes.h"
#include "base/sampler.h"

enum { MAGIC = 0x444d5357, VERSION = 1 }; /* "WSMD" */

static const uint64_t TOTAL_LIMIT = UINT64_C(1) << 63; /* of ws_sample_multinomial_counts */

static enum ws_status check(const void *settings, const struct ws_dataset *example, uint64_t items,
                            uint64_t item_size, struct ws_error *err)
{
    (void)item_size;
    (void)settings;
    (void)items;
    if (example->kind != WS_DATA_SYMBOLS && example->kind != WS_DATA_COUNTS)
        return ws_fail(err, WS_INVALID, "family 'discrete' takes symbols or counts, not %s",
                       ws_data_kind_name(example->kind));
    return WS_OK;
}

static enum ws_status fit_one(const void *settings, const struct ws_dataset *data,
                              struct ws_arena *arena, const struct ws_model **out,
                              struct ws_error *err)
{
    if (data->count >= TOTAL_LIMIT)
        return ws_fail(err, WS_LIMIT, "family 'discrete' got %" PRIu64 " items, at most 2^63 - 1",
                       data->count);
    struct ws_payload seen;
    WS_TRY(ws_dataset_type_counts(data, arena, &seen, err));
    struct ws_discrete_model *model = WS_ARENA_NEW(arena, struct ws_discrete_model, 1);
    if (!model)
        return ws_fail_memory(err, "a discrete model");
    *model = (struct ws_discrete_model){
        .base = {&ws_family_discrete, settings, data->count},
        .types = data->types,
        .size = seen.counts.size,
        .type = seen.counts.type,
        .count = seen.counts.count,
        .total = data->count,
    };
    *out = &model->base;
    return WS_OK;
}

static enum ws_status fit(const void *settings, size_t chains,
                          const struct ws_dataset *const data[], const struct ws_rng_key init[],
                          const struct ws_job *job, struct ws_arena *arena,
                          const struct ws_model *models[], struct ws_error *err)
{
    (void)init;
    (void)job;
    for (size_t c = 0; c < chains; c++)
        WS_TRY(fit_one(settings, data[c], arena, &models[c], err));
    return WS_OK;
}

/* What was drawn of the types from `first` on goes behind the `size` that are there; returns how
 * many there are then. */
static size_t append_drawn(const uint32_t *first, const uint64_t *drawn, size_t count,
                           uint32_t *type, uint64_t *counts, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        type[size] = first[i];
        counts[size] = drawn[i];
        size += drawn[i] > 0;
    }
    return size;
}

/* One multinomial over the support, from item 0; types that were not drawn are left out. */
static enum ws_status sample_one(const struct ws_discrete_model *model, uint64_t count,
                                 struct ws_rng_key key, struct ws_arena *arena,
                                 const struct ws_payload **out, struct ws_error *err)
{
    struct ws_payload *payload = WS_ARENA_NEW(arena, struct ws_payload, 1);
    uint32_t *type = WS_ARENA_NEW(arena, uint32_t, model->size);
    uint64_t *counts = WS_ARENA_NEW(arena, uint64_t, model->size);
    if (!payload || !type || !counts)
        return ws_fail_memory(err, "a sample of a discrete model");
    struct ws_rng rng;
    ws_rng_init(&rng, key, 0);
    struct ws_multinomial it = {&rng, model->count, model->size, count, model->total};
    uint64_t drawn[WS_TYPE_BLOCK];
    size_t size = 0, done = 0;
    for (size_t next; (next = ws_multinomial_next(&it, drawn)) > 0; done += next)
        size = append_drawn(model->type + done, drawn, next, type, counts, size);
    *payload = (struct ws_payload){
        .kind = WS_DATA_COUNTS,
        .count = count,
        .types = model->types,
        .counts = {.type = type, .count = counts, .size = size},
    };
    *out = payload;
    return WS_OK;
}

static enum ws_status sample(size_t chains, const struct ws_model *const models[],
                             const uint64_t counts[], const struct ws_rng_key keys[],
                             const struct ws_job *job, struct ws_arena *arena,
                             const struct ws_payload *out[], struct ws_error *err)
{
    (void)job;
    for (size_t c = 0; c < chains; c++)
        WS_TRY(sample_one((const struct ws_discrete_model *)models[c], counts[c], keys[c], arena,
                          &out[c], err));
    return WS_OK;
}

/* p^(1 / lambda), normalised: a softmax of temperature lambda. Weights are whole numbers here, so
 * they are scaled until their sum has as many bits as it may; a type that is rarer than the most
 * frequent one by 2^61 / types is lost. */
static enum ws_status bias(const struct ws_model *base, double lambda, struct ws_arena *arena,
                           const struct ws_model **out, struct ws_error *err)
{
    const struct ws_discrete_model *model = (const struct ws_discrete_model *)base;
    struct ws_discrete_model *biased = ws_arena_copy(arena, model, sizeof *model);
    uint32_t *type = WS_ARENA_NEW(arena, uint32_t, model->size);
    uint64_t *count = WS_ARENA_NEW(arena, uint64_t, model->size);
    if (!biased || !type || !count)
        return ws_fail_memory(err, "a biased discrete model");
    uint64_t most = 0;
    for (size_t i = 0; i < model->size; i++)
        most = model->count[i] > most ? model->count[i] : most;
    const double scale = 0x1p61 / (double)model->size;
    biased->size = 0;
    biased->total = 0;
    for (size_t i = 0; i < model->size; i++) {
        double weight = pow((double)model->count[i] / (double)most, 1 / lambda);
        type[biased->size] = model->type[i];
        count[biased->size] = (uint64_t)(weight * scale);
        biased->total += count[biased->size];
        biased->size += count[biased->size] > 0;
    }
    biased->type = type;
    biased->count = count;
    *out = &biased->base;
    return WS_OK;
}

static enum ws_status log_density(const struct ws_model *base, const struct ws_dataset *data,
                                  struct ws_arena *scratch, double *sum, uint64_t *terms,
                                  struct ws_error *err)
{
    const struct ws_discrete_model *model = (const struct ws_discrete_model *)base;
    struct ws_payload seen;
    WS_TRY(ws_dataset_type_counts(data, scratch, &seen, err));
    double total = 0;
    size_t at = 0;
    for (size_t i = 0; i < seen.counts.size; i++) {
        while (at < model->size && model->type[at] < seen.counts.type[i])
            at++;
        if (at == model->size || model->type[at] != seen.counts.type[i]) {
            total = -INFINITY;
            break;
        }
        total +=
            (double)seen.counts.count[i] * log((double)model->count[at] / (double)model->total);
    }
    *sum = total;
    *terms = data->count;
    return WS_OK;
}

static void save(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_discrete_model *model = (const struct ws_discrete_model *)base;
    ws_buffer_u32(out, MAGIC);
    ws_buffer_u32(out, VERSION);
    ws_buffer_u32(out, model->types);
    ws_buffer_u64(out, model->size);
    ws_buffer_u32s(out, model->type, model->size);
    ws_buffer_u64s(out, model->count, model->size);
}

/* Whether the types ascend below `types` and the counts are positive; sums them. */
static bool is_valid(struct ws_discrete_model *model)
{
    model->total = 0;
    for (size_t i = 0; i < model->size; i++) {
        if (model->type[i] >= model->types || (i > 0 && model->type[i] <= model->type[i - 1]))
            return false;
        if (model->count[i] == 0 || model->count[i] >= TOTAL_LIMIT - model->total)
            return false;
        model->total += model->count[i];
    }
    return model->size > 0;
}

static enum ws_status load(const void *settings, struct ws_bytes bytes, struct ws_arena *arena,
                           const struct ws_model **out, struct ws_error *err)
{
    struct ws_reader in;
    ws_reader_init(&in, bytes);
    uint32_t magic = ws_read_u32(&in);
    uint32_t version = ws_read_u32(&in);
    uint32_t types = ws_read_u32(&in);
    uint64_t size = ws_read_u64(&in);
    if (magic != MAGIC || version != VERSION)
        return ws_fail(err, WS_CORRUPT, "not a discrete model of version %d", VERSION);
    if (!ws_reader_holds(&in, size, sizeof(uint32_t) + sizeof(uint64_t)))
        return ws_fail(err, WS_CORRUPT, "a discrete model of %zu bytes is cut short", bytes.size);
    struct ws_discrete_model *model = WS_ARENA_NEW(arena, struct ws_discrete_model, 1);
    uint32_t *type = WS_ARENA_NEW(arena, uint32_t, size);
    uint64_t *count = WS_ARENA_NEW(arena, uint64_t, size);
    if (!model || !type || !count)
        return ws_fail_memory(err, "a discrete model");
    ws_read_u32s(&in, type, size);
    ws_read_u64s(&in, count, size);
    *model = (struct ws_discrete_model){
        .base = {&ws_family_discrete, settings, 0},
        .types = types,
        .size = size,
        .type = type,
        .count = count,
    };
    if (!ws_reader_at_end(&in) || !is_valid(model))
        return ws_fail(err, WS_CORRUPT, "a discrete model whose types or counts make no sense");
    model->base.training_items = model->total;
    *out = &model->base;
    return WS_OK;
}

static bool absorbed(const struct ws_model *base)
{
    return ((const struct ws_discrete_model *)base)->size == 1;
}

static void describe(const struct ws_model *base, struct ws_buffer *out)
{
    const struct ws_discrete_model *model = (const struct ws_discrete_model *)base;
    ws_buffer_format(out, "discrete, %zu of %" PRIu32 " types seen in %" PRIu64 " items",
                     model->size, model->types, model->total);
}

static void cost(const void *settings, const struct ws_dataset *example, uint64_t items,
                 double item_size, struct ws_family_cost *out)
{
    (void)example;
    (void)items;
    (void)settings;
    (void)item_size;
    *out = (struct ws_family_cost){
        .fit_seconds = 2e-9,
        .sample_seconds = 5e-9,
        .measure_seconds = 2e-9,
        .item_bytes = sizeof(uint32_t) + sizeof(uint64_t),
    };
}

/* Switches ------------------------------------------------------------------------------------- */

/* Probabilities are counts here, of so many items that rounding them is of no account. */
enum { POPULATION_TYPES = 1 << 24 };
static const double POPULATION = 0x1p61;

/* Adds a part's probabilities to those of all types. */
static void add_part(const struct ws_population *population, size_t part, double *p, size_t types)
{
    const double share = population->parts[part].share;
    const struct ws_discrete_model *model =
        (const struct ws_discrete_model *)population->parts[part].model;
    const struct ws_truth *truth = ws_human_truth(population->truth->human);
    if (!model) {
        for (size_t i = 0; i < types; i++)
            p[i] += share * ws_truth_of(truth, (uint32_t)i);
        return;
    }
    for (size_t i = 0; i < model->size; i++)
        p[model->type[i]] += share * ((double)model->count[i] / (double)model->total);
}

static void count_population(const double *p, size_t types, uint32_t *type, uint64_t *count,
                             struct ws_discrete_model *model)
{
    for (size_t i = 0; i < types; i++) {
        uint64_t items = (uint64_t)(p[i] * POPULATION);
        type[model->size] = (uint32_t)i;
        count[model->size] = items;
        model->total += items;
        model->size += items > 0;
    }
}

static enum ws_status fit_population(const void *settings, const struct ws_population *population,
                                     struct ws_arena *arena, const struct ws_model **out,
                                     struct ws_error *err)
{
    const struct ws_truth *truth = ws_human_truth(population->truth->human);
    const size_t types = population->truth->original.types;
    if (!truth)
        return ws_fail(err, WS_UNSUPPORTED, "the true probabilities of types are not known");
    if (types > POPULATION_TYPES)
        return ws_fail(err, WS_UNSUPPORTED, "a population of %zu types, at most %d are held", types,
                       POPULATION_TYPES);
    struct ws_discrete_model *model = WS_ARENA_ZNEW(arena, struct ws_discrete_model, 1);
    double *p = WS_ARENA_ZNEW(arena, double, types);
    uint32_t *type = WS_ARENA_NEW(arena, uint32_t, types + 1);
    uint64_t *count = WS_ARENA_NEW(arena, uint64_t, types + 1);
    if (!model || !p || !type || !count)
        return ws_fail_memory(err, "a discrete model");
    for (size_t part = 0; part < population->part_count; part++)
        add_part(population, part, p, types);
    count_population(p, types, type, count, model);
    /* As it is when the model is loaded. */
    model->base = (struct ws_model){&ws_family_discrete, settings, model->total};
    model->types = (uint32_t)types;
    model->type = type;
    model->count = count;
    *out = &model->base;
    return WS_OK;
}

static enum ws_status enlarge(const void *settings, const struct ws_deal *truth,
                              struct ws_arena *arena, struct ws_switch *out, struct ws_error *err)
{
    (void)settings;
    (void)truth;
    (void)arena;
    (void)err;
    *out = ws_switch_none("the shares of types hold every law of symbols");
    return WS_OK;
}

const struct ws_family_ops ws_family_discrete = {
    .name = "discrete",
    .summary = "the share of each type seen (maximum likelihood); resampled it is Wright-Fisher",
    .options = {.owner = "family discrete"},
    .accepts = 1u << WS_DATA_SYMBOLS | 1u << WS_DATA_COUNTS,
    .batch = 64,
    .borrows = true,
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
