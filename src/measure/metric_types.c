#include <assert.h>
#include <math.h>

#include "measure/divergence.h"
#include "measure/metric_set.h"
#include "measure/power_tail.h"
#include "measure/richness.h"
#include "measure/zipf_exponent.h"

/* Where the first type >= wanted stands, `from` or later: steps that double, then halves. Costs
 * the logarithm of the distance. */
static size_t seek(const uint32_t *type, size_t size, size_t from, uint32_t wanted)
{
    size_t step = 1;
    while (from + step <= size && type[from + step - 1] < wanted) {
        from += step;
        step *= 2;
    }
    size_t end = from + step < size ? from + step : size;
    while (from < end) {
        size_t middle = from + (end - from) / 2;
        if (type[middle] < wanted)
            from = middle + 1;
        else
            end = middle;
    }
    return from;
}

/* What of `other` has its type in `sample`. */
struct overlap {
    uint64_t types;
    uint64_t items;
    uint64_t rare_types;
};

static struct overlap overlap(const struct ws_payload *sample, const struct ws_payload *other)
{
    struct overlap shared = {0};
    size_t at = 0;
    for (size_t i = 0; i < sample->counts.size; i++) {
        uint32_t type = sample->counts.type[i];
        at = seek(other->counts.type, other->counts.size, at, type);
        if (at == other->counts.size)
            break;
        if (other->counts.type[at] != type)
            continue;
        shared.types++;
        shared.items += other->counts.count[at];
        shared.rare_types += other->counts.count[at] <= WS_RARE;
    }
    return shared;
}

void ws_reference_compare_human(struct ws_reference *reference)
{
    reference->rare_types = 0;
    for (size_t i = 0; i < reference->reference.counts.size; i++)
        reference->rare_types += reference->reference.counts.count[i] <= WS_RARE;
    reference->rare_types_human =
        overlap(&reference->human_sample, &reference->reference).rare_types;
    if (reference->reference.count == 0)
        return;
    reference->human_variation =
        ws_total_variation(&reference->human_sample, &reference->reference);
    reference->human_divergence = ws_kl_half(&reference->human_sample, &reference->reference);
}

/* NaN for 0/0. */
static double ratio(uint64_t part, uint64_t whole)
{
    return (double)part / (double)whole;
}

static void measure_reference(const struct ws_reference *reference, const struct ws_payload *counts,
                              struct ws_metric_set *set)
{
    uint64_t N = counts->count;
    uint64_t human = reference->human_sample.count;
    uint64_t rare = reference->rare_types;
    struct overlap shared = overlap(counts, &reference->reference);
    ws_metric_put(set, WS_METRIC_RARE_RECALL, N, ratio(shared.rare_types, rare));
    ws_metric_put(set, WS_METRIC_RARE_RECALL_HUMAN, human,
                  ratio(reference->rare_types_human, rare));
    ws_metric_put(set, WS_METRIC_RARE_KEPT, N,
                  ratio(shared.rare_types, reference->rare_types_human));
    ws_metric_put(set, WS_METRIC_MASS_LOST, N,
                  ratio(reference->reference.count - shared.items, reference->reference.count));
    ws_metric_put(set, WS_METRIC_TV_REFERENCE, N,
                  ws_total_variation(counts, &reference->reference));
    ws_metric_put(set, WS_METRIC_TV_REFERENCE_HUMAN, human, reference->human_variation);
    ws_metric_put(set, WS_METRIC_KL_REFERENCE, N, ws_kl_half(counts, &reference->reference));
    ws_metric_put(set, WS_METRIC_KL_REFERENCE_HUMAN, human, reference->human_divergence);
}

/* The true probability of the types that are not there: summed over whichever side is shorter, so
 * that a small sample of many types is cheap and a small loss is not a difference of two ones. */
static double missing_truth(const struct ws_truth *truth, const struct ws_payload *counts)
{
    size_t size = counts->counts.size;
    const uint32_t *type = counts->counts.type;
    double sum = 0;
    if (size < counts->types / 2) {
        for (size_t i = 0; i < size; i++)
            sum += ws_truth_of(truth, type[i]);
        return fmax(0, 1 - sum);
    }
    size_t at = 0;
    for (uint32_t t = 0; t < counts->types; t++) {
        if (at < size && type[at] == t)
            at++;
        else
            sum += ws_truth_of(truth, t);
    }
    return sum;
}

static void measure_truth(const struct ws_truth *truth, const struct ws_payload *counts,
                          struct ws_metric_set *set)
{
    double lost = missing_truth(truth, counts);
    ws_metric_put(set, WS_METRIC_MASS_LOST_TRUTH, counts->count, lost);
    ws_metric_put(set, WS_METRIC_TV_TRUTH, counts->count,
                  ws_total_variation_truth(counts, truth, lost));
    ws_metric_put(set, WS_METRIC_KL_TRUTH, counts->count, ws_kl_truth(counts, truth));
}

static double entropy(const struct ws_payload *counts)
{
    double N = (double)counts->count;
    double sum = 0;
    for (size_t i = 0; i < counts->counts.size; i++) {
        double count = (double)counts->counts.count[i];
        sum += count / N * log(N / count);
    }
    return sum;
}

static void measure_richness(const struct ws_payload *counts, struct ws_metric_set *set)
{
    const uint64_t N = counts->count;
    const struct ws_richness r = ws_richness_of(counts->counts.count, counts->counts.size);
    const struct ws_missing_mass mass = ws_missing_mass(&r);
    ws_metric_put(set, WS_METRIC_MISSING_MASS, N, mass.estimate);
    if (N < WS_RICHNESS_LEAST)
        return;
    ws_metric_put(set, WS_METRIC_MISSING_MASS_LOW, N, mass.low);
    ws_metric_put(set, WS_METRIC_MISSING_MASS_HIGH, N, mass.high);
    ws_metric_put(set, WS_METRIC_CHAO1, N, ws_chao1(&r));
    ws_metric_put(set, WS_METRIC_YULE_K, N, ws_yule_k(&r));
}

void ws_measure_types(const struct ws_reference *reference, const struct ws_truth *truth,
                      const struct ws_payload *counts, struct ws_metric_set *set)
{
    assert(counts->kind == WS_DATA_COUNTS);
    uint64_t N = counts->count;
    uint64_t types = counts->counts.size;
    ws_metric_put(set, WS_METRIC_TYPES, N, (double)types);
    ws_metric_put(
        set, WS_METRIC_SUPPORT_KEPT, N,
        ratio(overlap(counts, &reference->original).types, reference->original.counts.size));
    if (reference->reference.count > 0)
        measure_reference(reference, counts, set);
    measure_richness(counts, set);
    if (truth)
        measure_truth(truth, counts, set);
    double nats = entropy(counts);
    ws_metric_put(set, WS_METRIC_ENTROPY, N, nats);
    ws_metric_put(set, WS_METRIC_ENTROPY_MM, N, nats + ratio(types - 1, 2 * N));
    ws_metric_put(set, WS_METRIC_ZIPF_EXPONENT, N, ws_zipf_exponent(counts->counts.count, types));
}

enum ws_status ws_measure_tail(const struct ws_payload *counts, struct ws_arena *scratch,
                               struct ws_metric_set *set, struct ws_error *err)
{
    struct ws_power_tail tail;
    if (counts->counts.size < WS_POWER_TAIL_LEAST)
        return WS_OK;
    enum ws_status status =
        ws_power_tail(counts->counts.count, counts->counts.size, scratch, &tail, err);
    if (status == WS_INVALID) /* no tail of different counts */
        return WS_OK;
    WS_TRY(status);
    ws_metric_put(set, WS_METRIC_TAIL_EXPONENT, counts->count, tail.exponent);
    ws_metric_put(set, WS_METRIC_TAIL_FROM, counts->count, (double)tail.from);
    return WS_OK;
}

void ws_measure_heterozygosity(const struct ws_discrete_model *model, struct ws_metric_set *set)
{
    double sum = 0;
    for (size_t i = 0; i < model->size; i++)
        sum += ratio(model->count[i], model->total) *
               ratio(model->total - model->count[i], model->total);
    ws_metric_put(set, WS_METRIC_HETEROZYGOSITY, model->base.training_items, sum);
}
