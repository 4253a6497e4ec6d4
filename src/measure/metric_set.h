/*
 * The parts that ws_measure is put together from, one file for each kind of data. Each adds what it
 * can say to a set, in any order. Contract: tests/unit/test_metric.c.
 */
#ifndef WS_MEASURE_METRIC_SET_H
#define WS_MEASURE_METRIC_SET_H

#include "measure/metric.h"
#include "models/discrete.h"
#include "models/gaussian.h"
#include "models/gmm.h"
#include "models/logistic.h"
#include "models/mean_count.h"
#include "models/regression.h"

struct ws_metric_set {
    bool has[WS_METRIC_COUNT];
    uint64_t n[WS_METRIC_COUNT];
    double value[WS_METRIC_COUNT];
    const uint64_t *bins[WS_METRIC_COUNT]; /* of histograms, (WS_PERPLEXITY_BINS) */
};

static inline void ws_metric_put(struct ws_metric_set *set, enum ws_metric_id id, uint64_t n,
                                 double value)
{
    set->has[id] = true;
    set->n[id] = n;
    set->value[id] = value;
}

static inline void ws_metric_put_histogram(struct ws_metric_set *set, enum ws_metric_id id,
                                           uint64_t n, const uint64_t bins[WS_PERPLEXITY_BINS])
{
    set->has[id] = true;
    set->n[id] = n;
    set->bins[id] = bins;
}

/* Fills what is known of the rare types and of the human sample's types from the rest. */
void ws_reference_compare_human(struct ws_reference *reference);

/* Types: `counts` is what the model's sample has. `truth`: of its types, or NULL. */
void ws_measure_types(const struct ws_reference *reference, const struct ws_truth *truth,
                      const struct ws_payload *counts, struct ws_metric_set *set);
/* The tail of their counts, where there is enough of one. */
WS_MUST_CHECK enum ws_status ws_measure_tail(const struct ws_payload *counts,
                                             struct ws_arena *scratch, struct ws_metric_set *set,
                                             struct ws_error *err);
void ws_measure_heterozygosity(const struct ws_discrete_model *model, struct ws_metric_set *set);

/* Token sequences. `human` is the same-size human sample. */
WS_MUST_CHECK enum ws_status ws_reference_prepare_text(struct ws_reference *reference,
                                                       const struct ws_dataset *human,
                                                       struct ws_arena *arena,
                                                       struct ws_error *err);
/* What a sample itself has: n-grams, trigrams, compression, Vendi scores, MTLD and MAUVE. */
WS_MUST_CHECK enum ws_status ws_measure_text(const struct ws_reference *reference,
                                             const struct ws_payload *sample,
                                             const struct ws_job *job, struct ws_arena *scratch,
                                             struct ws_metric_set *set, struct ws_error *err);
/* Perplexities, of the reference under `model` and of the sample under `first`, which may be NULL.
 */
WS_MUST_CHECK enum ws_status ws_measure_scores(const struct ws_reference *reference,
                                               const struct ws_model *model,
                                               const struct ws_model *first,
                                               const struct ws_payload *sample,
                                               const struct ws_job *job, struct ws_arena *scratch,
                                               struct ws_metric_set *set, struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_measure_ngrams(const struct ws_payload *sample,
                                               struct ws_arena *scratch, struct ws_metric_set *set,
                                               struct ws_error *err);

/* Vectors. `human` is the same-size human sample; `item` of `key` gives directions. */
WS_MUST_CHECK enum ws_status ws_reference_prepare_vectors(struct ws_reference *reference,
                                                          const struct ws_dataset *human,
                                                          struct ws_arena *arena,
                                                          struct ws_error *err);
WS_MUST_CHECK enum ws_status ws_measure_vectors(const struct ws_reference *reference,
                                                const struct ws_payload *sample,
                                                const struct ws_job *job, struct ws_arena *scratch,
                                                struct ws_metric_set *set, struct ws_error *err);

/* All that a sample alone shows, of whatever kind. WS_INVALID for one of another kind, dimension or
 * set of tokens than the human data. `job` may be NULL. */
WS_MUST_CHECK enum ws_status ws_measure_sample(const struct ws_reference *reference,
                                               const struct ws_payload *sample,
                                               const struct ws_job *job, struct ws_arena *scratch,
                                               struct ws_metric_set *set, struct ws_error *err);
/* What the set has, in the order of the table; how many. */
size_t ws_metric_set_list(const struct ws_metric_set *set,
                          struct ws_measurement out[WS_MEASUREMENT_LIMIT]);

/* Against the truth N(0, variance I). */
WS_MUST_CHECK enum ws_status ws_measure_gaussian(const struct ws_gaussian_model *model,
                                                 const struct ws_law *truth,
                                                 struct ws_arena *scratch,
                                                 struct ws_metric_set *set, struct ws_error *err);

/* Against the truth, where it is of their kind, and held-out items. */
void ws_measure_regression(const struct ws_reference *reference,
                           const struct ws_regression_model *model, struct ws_metric_set *set);
void ws_measure_logistic(const struct ws_reference *reference,
                         const struct ws_logistic_model *model, struct ws_metric_set *set);
void ws_measure_mean_count(const struct ws_mean_count_model *model, struct ws_metric_set *set);
/* `first` and `truth` may be NULL. */
WS_MUST_CHECK enum ws_status ws_measure_mixture(const struct ws_gmm_model *model,
                                                const struct ws_gmm_model *first,
                                                const struct ws_law *truth,
                                                struct ws_arena *scratch, struct ws_metric_set *set,
                                                struct ws_error *err);

#endif
