#include "measure/metric.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "measure/metric_set.h"

static const struct ws_metric metrics[WS_METRIC_COUNT] = {
#define X(id, name, definition, meaning) {name, definition, meaning},
    WS_METRIC_MAP(X)
#undef X
};

const struct ws_metric *ws_metric(enum ws_metric_id id)
{
    assert(id < WS_METRIC_COUNT);
    return &metrics[id];
}

bool ws_metric_is_histogram(enum ws_metric_id id)
{
    return id == WS_METRIC_PERPLEXITY_HISTOGRAM || id == WS_METRIC_OWN_TEXT_PERPLEXITY_HISTOGRAM;
}

/* Type counts of `data`; of nothing when it is empty. */
static enum ws_status count_types(const struct ws_dataset *data, struct ws_arena *arena,
                                  struct ws_payload *out, struct ws_error *err)
{
    *out = (struct ws_payload){.kind = WS_DATA_COUNTS, .types = data->types};
    if (data->count == 0)
        return WS_OK;
    return ws_dataset_type_counts(data, arena, out, err);
}

static enum ws_status prepare_types(struct ws_reference *reference, const struct ws_dataset *human,
                                    struct ws_arena *arena, struct ws_error *err)
{
    const struct ws_deal *deal = reference->deal;
    WS_TRY(count_types(human, arena, &reference->human_sample, err));
    WS_TRY(count_types(&deal->original, arena, &reference->original, err));
    WS_TRY(count_types(&deal->reference, arena, &reference->reference, err));
    ws_reference_compare_human(reference);
    return WS_OK;
}

enum ws_status ws_reference_prepare(const struct ws_deal *deal, uint64_t sample_items,
                                    struct ws_arena *arena, struct ws_reference *out,
                                    struct ws_error *err)
{
    struct ws_reference reference = {.deal = deal, .sample_items = sample_items};
    struct ws_dataset human;
    if (sample_items > 0) {
        struct ws_rng_key key = ws_rng_key(WS_STREAM_METRIC, deal->seed, 0, 0);
        WS_TRY(ws_deal_human(deal, sample_items, key, arena, &human, err));
        reference.human = human;
        if (human.kind == WS_DATA_VECTORS)
            WS_TRY(ws_reference_prepare_vectors(&reference, &human, arena, err));
        else
            WS_TRY(prepare_types(&reference, &human, arena, err));
        if (human.kind == WS_DATA_TOKENS)
            WS_TRY(ws_reference_prepare_text(&reference, &human, arena, err));
    }
    *out = reference;
    return WS_OK;
}

static enum ws_status measure_counts(const struct ws_reference *reference,
                                     const struct ws_payload *counts, struct ws_arena *arena,
                                     struct ws_metric_set *set, struct ws_error *err)
{
    ws_measure_types(reference, ws_human_truth(reference->deal->human), counts, set);
    return ws_measure_tail(counts, arena, set, err);
}

static enum ws_status measure_types(const struct ws_reference *reference,
                                    const struct ws_payload *sample, struct ws_arena *arena,
                                    struct ws_metric_set *set, struct ws_error *err)
{
    if (sample->kind == WS_DATA_COUNTS)
        return measure_counts(reference, sample, arena, set, err);
    struct ws_dataset items;
    struct ws_payload counts;
    WS_TRY(ws_dataset_of(sample, (struct ws_origin){0}, arena, &items, err));
    WS_TRY(ws_dataset_type_counts(&items, arena, &counts, err));
    return measure_counts(reference, &counts, arena, set, err);
}

/* Whether the sample is of the human data's kind, in the same units: a token of another vocabulary
 * may have the same number. */
static enum ws_status require_alike(const struct ws_reference *reference,
                                    const struct ws_payload *sample, struct ws_error *err)
{
    const struct ws_dataset *human = &reference->deal->original;
    bool vectors = human->kind == WS_DATA_VECTORS;
    if (vectors != (sample->kind == WS_DATA_VECTORS))
        return ws_fail(err, WS_INVALID, "a sample of %s beside human %s: they do not compare",
                       ws_data_kind_name(sample->kind), ws_data_kind_name(human->kind));
    if (vectors && sample->dimension != human->dimension)
        return ws_fail(err, WS_INVALID,
                       "a sample of vectors of %" PRIu32 " numbers beside human ones of %" PRIu32
                       ": they do not compare",
                       sample->dimension, human->dimension);
    if (!vectors && sample->types != human->types)
        return ws_fail(err, WS_INVALID,
                       "a sample of a vocabulary of %" PRIu32
                       " tokens beside human data of %" PRIu32
                       ": what is counted in other tokens does not compare",
                       sample->types, human->types);
    return WS_OK;
}

enum ws_status ws_measure_sample(const struct ws_reference *reference,
                                 const struct ws_payload *sample, const struct ws_job *job,
                                 struct ws_arena *scratch, struct ws_metric_set *set,
                                 struct ws_error *err)
{
    WS_TRY(require_alike(reference, sample, err));
    if (sample->kind == WS_DATA_VECTORS)
        return ws_measure_vectors(reference, sample, job, scratch, set, err);
    WS_TRY(measure_types(reference, sample, scratch, set, err));
    if (sample->kind == WS_DATA_TOKENS)
        return ws_measure_text(reference, sample, job, scratch, set, err);
    return WS_OK;
}

/* Sets of symbols have no such number: it is infinite as soon as one type is lost. */
static enum ws_status measure_density(const struct ws_reference *reference,
                                      const struct ws_model *model, struct ws_arena *arena,
                                      struct ws_metric_set *set, struct ws_error *err)
{
    const struct ws_dataset *data = &reference->deal->reference;
    if (data->count == 0 || data->kind != WS_DATA_VECTORS || !model->ops->log_density)
        return WS_OK;
    double sum;
    uint64_t terms;
    WS_TRY(model->ops->log_density(model, data, arena, &sum, &terms, err));
    ws_metric_put(set, WS_METRIC_TEST_NLL, terms, -sum / (double)terms);
    return WS_OK;
}

static void measure_parameters(const struct ws_reference *reference, const struct ws_model *model,
                               struct ws_metric_set *set)
{
    if (model->ops == &ws_family_regression)
        ws_measure_regression(reference, (const struct ws_regression_model *)model, set);
    else if (model->ops == &ws_family_logistic)
        ws_measure_logistic(reference, (const struct ws_logistic_model *)model, set);
    else if (model->ops == &ws_family_bernoulli || model->ops == &ws_family_poisson)
        ws_measure_mean_count((const struct ws_mean_count_model *)model, set);
}

static size_t put_bins(const struct ws_metric_set *set, enum ws_metric_id id,
                       struct ws_measurement *out)
{
    size_t count = 0;
    for (unsigned b = 0; b < WS_PERPLEXITY_BINS; b++)
        if (set->bins[id][b] > 0)
            out[count++] = (struct ws_measurement){
                id, set->n[id], (double)set->bins[id][b] / (double)set->n[id], b};
    return count;
}

size_t ws_metric_set_list(const struct ws_metric_set *set,
                          struct ws_measurement out[WS_MEASUREMENT_LIMIT])
{
    size_t count = 0;
    for (int i = 0; i < WS_METRIC_COUNT; i++) {
        enum ws_metric_id id = (enum ws_metric_id)i;
        if (set->has[id] && ws_metric_is_histogram(id))
            count += put_bins(set, id, out + count);
        else if (set->has[id])
            out[count++] = (struct ws_measurement){id, set->n[id], set->value[id], 0};
    }
    return count;
}

enum ws_status ws_measure(const struct ws_reference *reference, const struct ws_model *model,
                          const struct ws_model *first, const struct ws_payload *sample,
                          const struct ws_job *job, struct ws_arena *arena,
                          struct ws_measurement out[WS_MEASUREMENT_LIMIT], size_t *count,
                          struct ws_error *err)
{
    struct ws_metric_set set = {0};
    if (sample)
        WS_TRY(ws_measure_sample(reference, sample, job, arena, &set, err));
    if (sample && sample->kind == WS_DATA_TOKENS)
        WS_TRY(ws_measure_scores(reference, model, first, sample, job, arena, &set, err));
    if (model->ops == &ws_family_discrete)
        ws_measure_heterozygosity((const struct ws_discrete_model *)model, &set);
    WS_TRY(measure_density(reference, model, arena, &set, err));
    const struct ws_law *law = reference->deal->law;
    if (model->ops == &ws_family_gaussian && law && law->row->moments)
        WS_TRY(ws_measure_gaussian((const struct ws_gaussian_model *)model, law, arena, &set, err));
    measure_parameters(reference, model, &set);
    if (model->ops == &ws_family_gmm)
        WS_TRY(ws_measure_mixture((const struct ws_gmm_model *)model,
                                  (const struct ws_gmm_model *)first, law, arena, &set, err));
    *count = ws_metric_set_list(&set, out);
    return WS_OK;
}
