/*
 * What is lost, measured: one table of metrics, each with a definition id.
 *
 * Two numbers with different definition ids or sample sizes are never to be compared. Metrics of
 * samples look at a fixed-size sample of the model drawn for them alone, never at its training set;
 * metrics of parameters look at the model itself and give its training size as n. The human side
 * (reference, original, same-size human sample) is made once for each seed and shared by all arms.
 *
 * Types are symbols or tokens; N is the sample's number of them. Natural logarithms throughout.
 * Formulas and traps: docs/metrics.md. Contract: tests/unit/test_metric.c (worked examples by
 * hand).
 */
#ifndef WS_MEASURE_METRIC_H
#define WS_MEASURE_METRIC_H

#include <stdbool.h>

#include "data/human.h"
#include "measure/perplexity.h"
#include "measure/quantile_recall.h"
#include "measure/rare_trigrams.h"
#include "measure/support.h"
#include "measure/transport.h"

/* clang-format off */
/*    id              name                    definition                     meaning */
#define WS_METRIC_MAP(X)                                                                          \
    X(TYPES,          "types",                "types.sample/1",                                   \
      "distinct types in the model's sample")                                                     \
    X(SUPPORT_KEPT,   "support_kept",         "support.original/1",                               \
      "share of the original data's types that the model's sample still has")                     \
    X(RARE_RECALL,    "rare_recall",          "rare2.reference/1",                                \
      "share of the reference's rare types (seen once or twice) that the model's sample has")     \
    X(RARE_RECALL_HUMAN, "rare_recall_human", "rare2.reference.human/1",                          \
      "the same for a human sample as large as the model's")                                      \
    X(RARE_KEPT,      "rare_kept",            "rare2.reference.ratio/1",                          \
      "rare_recall over rare_recall_human: 1 is as good as human text")                           \
    X(MISSING_MASS,   "missing_mass",         "good-turing.sample/1",                             \
      "Good-Turing estimate F1/N of the mass the model has beyond its sample")                    \
    X(MISSING_MASS_LOW, "missing_mass_low",   "good-turing.esty-95-low.sample/1",                 \
      "lower end of Esty's interval of 95 % of missing_mass")                                     \
    X(MISSING_MASS_HIGH, "missing_mass_high", "good-turing.esty-95-high.sample/1",                \
      "upper end of Esty's interval of 95 % of missing_mass")                                     \
    X(CHAO1,          "chao1",                "chao1.sample/1",                                   \
      "Chao's lower bound of how many types the model has, seen or not")                          \
    X(MASS_LOST,      "mass_lost",            "mass-lost.reference/1",                            \
      "share of the reference's tokens whose type the model's sample lacks")                      \
    X(MASS_LOST_TRUTH, "mass_lost_truth",     "mass-lost.truth/1",                                \
      "true probability of the types that the model's sample lacks (known truth only)")           \
    X(TV_TRUTH,       "tv_truth",             "tv.truth/1",                                       \
      "total variation distance of the sample's shares from the truth (known truth only)")        \
    X(KL_TRUTH,       "kl_truth",             "kl.sample-from-truth/1",                           \
      "divergence D(sample|truth) of the sample's shares, nats (known truth only)")               \
    X(TV_REFERENCE,   "tv_reference",         "tv.reference/1",                                   \
      "total variation distance of the sample's shares from the reference's")                     \
    X(TV_REFERENCE_HUMAN, "tv_reference_human", "tv.reference.human/1",                           \
      "the same for a human sample as large as the model's")                                      \
    X(KL_REFERENCE,   "kl_reference",         "kl.sample-from-reference.half/1",                  \
      "divergence D(sample|reference), half an item added to every type of both, nats")           \
    X(KL_REFERENCE_HUMAN, "kl_reference_human", "kl.sample-from-reference.half.human/1",          \
      "the same for a human sample as large as the model's")                                      \
    X(ENTROPY,        "entropy",              "entropy.plug-in/1",                                \
      "plug-in entropy of the sample's types, nats")                                              \
    X(ENTROPY_MM,     "entropy_mm",           "entropy.miller-madow/1",                           \
      "entropy + (types - 1) / 2N, nats")                                                         \
    X(ZIPF_EXPONENT,  "zipf_exponent",        "zipf.mle.1000-ranks/1",                            \
      "exponent of Zipf's law over the 1,000 most frequent types, by maximum likelihood")         \
    X(TAIL_EXPONENT,  "tail_exponent",        "power-tail.exponent.sample/1",                     \
      "exponent of the power law that the counts of types follow from tail_from on")              \
    X(TAIL_FROM,      "tail_from",            "power-tail.x-min.sample/1",                        \
      "the count from which on they do, by the least Kolmogorov-Smirnov distance")                \
    X(YULE_K,         "yule_k",               "yule-k.sample/1",                                  \
      "Yule's K: 10,000 times about the probability that two tokens are of one type")             \
    X(HETEROZYGOSITY, "heterozygosity",       "heterozygosity.model/1",                           \
      "1 - sum p^2 of the model's own probabilities (discrete family)")                           \
    X(DISTINCT_1,     "distinct_1",           "distinct-1.pooled/1",                              \
      "distinct words over words, all samples pooled")                                            \
    X(DISTINCT_2,     "distinct_2",           "distinct-2.pooled/1",                              \
      "distinct 2-grams over 2-grams, all samples pooled; none spans two items")                  \
    X(DISTINCT_3,     "distinct_3",           "distinct-3.pooled/1",                              \
      "distinct 3-grams over 3-grams, all samples pooled; none spans two items")                  \
    X(DISTINCT_1_SAMPLE, "distinct_1_sample", "distinct-1.mean-per-sample/1",                     \
      "mean over items of distinct words over words")                                             \
    X(DISTINCT_2_SAMPLE, "distinct_2_sample", "distinct-2.mean-per-sample/1",                     \
      "mean over items of distinct 2-grams over 2-grams")                                         \
    X(DISTINCT_3_SAMPLE, "distinct_3_sample", "distinct-3.mean-per-sample/1",                     \
      "mean over items of distinct 3-grams over 3-grams")                                         \
    X(EAD_1,          "ead_1",                "distinct-1.expectation-adjusted/1",                \
      "distinct words over those expected of as many drawn uniformly from the vocabulary")        \
    X(EAD_2,          "ead_2",                "distinct-2.expectation-adjusted/1",                \
      "distinct 2-grams over those expected of as many drawn uniformly from all there can be")    \
    X(EAD_3,          "ead_3",                "distinct-3.expectation-adjusted/1",                \
      "distinct 3-grams over those expected of as many drawn uniformly from all there can be")    \
    X(REPEATED_4,     "repeated_4",           "repeat-4.pooled/1",                                \
      "share of 4-gram places whose 4-gram stands more than once in the pooled samples")          \
    X(SELF_BLEU,      "self_bleu",            "self-bleu-4.method-1.sample/1",                    \
      "mean BLEU-4 of a sampled item against all others: 1 is a sample of copies")                \
    X(MTLD,           "mtld",                 "mtld.0-72.both-ways.sample/1",                     \
      "tokens until the share of distinct ones falls to 0.72, on average")                        \
    X(VENDI_TEXT_HALF, "vendi_text_half",     "vendi-0.5.2-grams.sample/1",                       \
      "Vendi score of order 1/2 of the sample's items, which counts rare kinds most")             \
    X(VENDI_TEXT_1,   "vendi_text_1",         "vendi-1.2-grams.sample/1",                         \
      "Vendi score of order 1: items with nothing in common that would be as diverse")            \
    X(VENDI_TEXT_2,   "vendi_text_2",         "vendi-2.2-grams.sample/1",                         \
      "Vendi score of order 2, which counts common kinds most")                                   \
    X(COMPRESSION,    "compression_ratio",    "compression.zlib-6.32768-tokens/1",                \
      "bytes of the sample's text over those that zlib makes of it: more is more repetition")     \
    X(COMPRESSION_HUMAN, "compression_ratio_human", "compression.zlib-6.32768-tokens.human/1",    \
      "the same for a human sample as large as the model's")                                      \
    X(RARE_TRIGRAM_RECALL, "rare_trigram_recall", "rare2-trigrams.reference/1",                   \
      "share of the reference's rare trigrams (seen once or twice) that the model's sample has")  \
    X(RARE_TRIGRAM_RECALL_HUMAN, "rare_trigram_recall_human", "rare2-trigrams.reference.human/1", \
      "the same for a human sample as large as the model's")                                      \
    X(RARE_TRIGRAM_KEPT, "rare_trigram_kept", "rare2-trigrams.reference.ratio/1",                 \
      "rare_trigram_recall over rare_trigram_recall_human: 1 is as good as human text")           \
    X(MAUVE,          "mauve",                "mauve-star.2-grams.human/1",                       \
      "area under the divergence curve of the model's sample and a human one: 1 is alike")        \
    X(PERPLEXITY,     "perplexity",           "perplexity.reference.under-model/1",               \
      "of the reference under the model: exp of the mean negative log probability of a token")    \
    X(PERPLEXITY_MEAN, "perplexity_mean", "perplexity.reference.under-model.mean-per-sequence/1", \
      "mean over the reference's sequences of the perplexity of each under the model")            \
    X(PERPLEXITY_HISTOGRAM, "perplexity_histogram", "perplexity.reference.under-model.bins/1",    \
      "share of the reference's sequences by their perplexity under the model")                   \
    X(NEXT_TOKEN_ENTROPY, "next_token_entropy", "next-token-entropy.reference.under-model/1",     \
      "mean entropy of the model's next-token distribution along the reference, nats")            \
    X(OWN_TEXT_PERPLEXITY, "own_text_perplexity", "perplexity.sample.under-first/1",              \
      "of the model's sample under the model of generation 0")                                    \
    X(OWN_TEXT_PERPLEXITY_MEAN, "own_text_perplexity_mean",                                       \
      "perplexity.sample.under-first.mean-per-sequence/1",                                        \
      "mean over the sample's sequences of the perplexity of each under the model of generation 0") \
    X(OWN_TEXT_PERPLEXITY_HISTOGRAM, "own_text_perplexity_histogram",                             \
      "perplexity.sample.under-first.bins/1",                                                     \
      "share of the sample's sequences by their perplexity under the model of generation 0")      \
    X(TEST_NLL,       "test_nll",             "nll.reference/1",                                  \
      "mean negative log density of a reference vector under the model, nats")                    \
    X(W2_SAMPLE,      "w2_sample",            "w2.sample.reference/1",                            \
      "2-Wasserstein distance of the model's sample from the reference (one dimension)")          \
    X(W2_SAMPLE_HUMAN, "w2_sample_human",     "w2.sample.reference.human/1",                      \
      "the same for a human sample as large as the model's")                                      \
    X(SLICED_W2,      "sliced_w2",            "sliced-w2.64.sample.reference/1",                  \
      "the same in more dimensions: root mean square over 64 random directions")                  \
    X(SLICED_W2_HUMAN, "sliced_w2_human",     "sliced-w2.64.sample.reference.human/1",            \
      "the same for a human sample as large as the model's")                                      \
    X(QUANTILE_RECALL_LOW, "quantile_recall_low", "quantile-recall.low-5.reference/1",            \
      "share of the sample below the reference's 5 % quantile, over 5 %")                         \
    X(QUANTILE_RECALL_HIGH, "quantile_recall_high", "quantile-recall.high-5.reference/1",         \
      "share of the sample above the reference's 95 % quantile, over 5 %")                        \
    X(LOW_DENSITY_MASS, "low_density_mass",   "low-density-5.knn-5.human/2",                      \
      "share of the sample where human density is as thin as for 5 % of human items")             \
    X(PRECISION,      "precision",            "precision.knn-5.human/1",                          \
      "share of the sample that lies among human items")                                          \
    X(RECALL,         "recall",               "recall.knn-5.human/1",                             \
      "share of human items that lie among the sample's")                                         \
    X(DENSITY,        "density",              "density.knn-5.human/1",                            \
      "how many human neighbourhoods an item of the sample lies in, over 5")                      \
    X(COVERAGE,       "coverage",             "coverage.knn-5.human/1",                           \
      "share of human neighbourhoods that hold an item of the sample")                            \
    X(VENDI_HALF,     "vendi_half",           "vendi-0.5.gauss.sample/1",                         \
      "Vendi score of order 1/2 of 200 items, which counts rare kinds most")                      \
    X(VENDI_1,        "vendi_1",              "vendi-1.gauss.sample/1",                           \
      "Vendi score of order 1: items with nothing in common that would be as diverse")            \
    X(VENDI_2,        "vendi_2",              "vendi-2.gauss.sample/1",                           \
      "Vendi score of order 2, which counts common kinds most")                                   \
    X(MODE_COVERAGE,  "mode_coverage",        "modes.covered-tenth.sample/1",                     \
      "share of the truth's modes that have a tenth or more of their part of the sample")         \
    X(MODE_QUALITY,   "mode_quality",         "modes.within-98.9.sample/1",                       \
      "share of the sample as near to a mode as 98.9 % of the truth is")                          \
    X(MODAL_VARIANCE, "modal_variance_ratio", "modal-variance.nearest.sample/1",                  \
      "mean over modes of the variance of the sample's items nearest to it, over the truth's")    \
    X(W2_SQUARED,     "w2_squared",           "w2-squared.gaussian.truth/1",                      \
      "squared 2-Wasserstein distance between the model's Gaussian and the truth")                \
    X(LOG_VARIANCE,   "log_variance",         "log-variance.truth/1",                             \
      "log det(covariance) - log det(true covariance), over the dimension")                       \
    X(VARIANCE_RATIO, "variance_ratio",       "variance-ratio.truth/1",                           \
      "trace of the covariance over that of the truth")                                           \
    X(DEVIATION_RATIO, "deviation_ratio",     "deviation-ratio.truth/1",                          \
      "root of that, in one dimension the standard deviation over the truth's")                   \
    X(MEAN_ERROR,     "mean_error_squared",   "mean-error-squared.truth/1",                       \
      "squared distance of the mean from the true mean")                                          \
    X(EXCESS_RISK,    "excess_risk",          "excess-risk.truth/1",                              \
      "mean squared error of predictions beyond the noise, over new inputs (known truth only)")   \
    X(DESIGN_RISK,    "design_risk",          "excess-risk.original/1",                           \
      "the same over the inputs of the original items")                                           \
    X(WEIGHT_ERROR,   "weight_error_squared", "weight-error-squared.truth/1",                     \
      "squared distance of the weights from the true weights")                                    \
    X(ACCURACY,       "accuracy",             "accuracy.reference/1",                             \
      "share of the reference's items whose label the model finds likelier")                      \
    X(ACCURACY_TRUTH, "accuracy_truth",       "accuracy.truth/1",                                 \
      "probability that the model finds an item's true class likelier (known truth only)")        \
    X(ALIVE,          "alive",                "alive.model/1",                                    \
      "1 while the model can still give something else than 0, and 0 afterwards")                 \
    X(BOTH_ALIVE,     "both_alive",           "both-alive.model/1",                               \
      "1 while the model can still give both 0 and 1, and 0 afterwards")                          \
    X(COUNT_MEAN,     "count_mean",           "count-mean.model/1",                               \
      "the model's mean of counts; of 0 and 1, the probability of 1")                             \
    X(MIXTURE_L2_SQUARED, "mixture_l2_squared", "l2-squared.mixture.first/1",                     \
      "squared L2 distance between the mixture's density and that of generation 0's mixture")     \
    X(MIXTURE_L2_TRUTH, "mixture_l2_truth",   "l2-squared.mixture.truth/1",                       \
      "the same to the truth's density, where that is a mixture of round Gaussians")              \
    X(SPREAD_LEAST,   "spread_least",         "component-spread.least/1",                         \
      "smallest root mean variance of a coordinate in a component of the mixture")                \
    X(SPREAD_MOST,    "spread_most",          "component-spread.most/1",                          \
      "largest root mean variance of a coordinate in a component of the mixture")                 \
    X(COMPONENTS_FLOORED, "components_floored", "components-floored/1",                           \
      "components of the mixture that in some direction are no wider than the floor makes them")
/* clang-format on */

enum ws_metric_id {
#define X(id, name, definition, meaning) WS_METRIC_##id,
    WS_METRIC_MAP(X)
#undef X
        WS_METRIC_COUNT
};

struct ws_metric {
    const char *name;
    const char *definition;
    const char *meaning;
};

const struct ws_metric *ws_metric(enum ws_metric_id id);

/* A histogram has a measurement for each bin of ws_perplexity_edge that is not empty. */
bool ws_metric_is_histogram(enum ws_metric_id id);

struct ws_measurement {
    enum ws_metric_id metric;
    uint64_t n;   /* sample size: tokens, items or training items, as the definition says */
    double value; /* NaN where the definition gives none (0/0); of a bin, its share of the n */
    unsigned bin; /* of a histogram, else 0 */
};

enum { WS_MEASUREMENT_LIMIT = WS_METRIC_COUNT + 2 * WS_PERPLEXITY_BINS };

struct ws_compression {
    uint64_t tokens; /* of the text that was looked at */
    double ratio;
};

/* The human side of one seed. */
struct ws_reference {
    const struct ws_deal *deal;
    uint64_t sample_items;          /* items of every model sample; 0: there are none */
    struct ws_dataset human;        /* the human sample: as many items, where there are any */
    struct ws_payload original;     /* type counts of the original data; count 0 for vectors */
    struct ws_payload reference;    /* type counts of the reference; count 0 for vectors or none */
    struct ws_payload human_sample; /* type counts of `sample_items` human items */
    uint64_t rare_types;            /* types of the reference that it has once or twice */
    uint64_t rare_types_human;      /* those of them that the human sample has */
    double human_variation;         /* total variation of the human sample from the reference */
    double human_divergence;        /* D(human sample|reference), with halves */
    /* Token sequences only: */
    struct ws_rare_trigrams rare_trigrams; /* of the reference */
    uint64_t rare_trigrams_human;          /* those of them that the human sample has */
    const float *human_points;             /* the human sample's side of MAUVE */
    uint64_t human_point_count;
    struct ws_compression human_compression;
    /* Vectors only, where there are a sample and a reference: */
    struct ws_slices slices;    /* of the reference; count 0 where there are none */
    double human_w2;            /* the human sample's distance from it */
    struct ws_tail_edges tails; /* of the reference; dimension 0 where it has too few items */
    struct ws_support support;  /* of the human sample; human.count 0 where it has too few items */
    double vendi_width;         /* of the Gaussian kernel; 0 where there is none */
};

/* Draws the same-size human sample from the seed's metric stream (arm 0, generation 0). `deal` must
 * outlive it. `sample_items` may be 0 for vectors: only their models are measured. */
WS_MUST_CHECK enum ws_status ws_reference_prepare(const struct ws_deal *deal, uint64_t sample_items,
                                                  struct ws_arena *arena, struct ws_reference *out,
                                                  struct ws_error *err);

/* Every metric that applies to the model's family and the human data, in the order of the table.
 * `sample` holds `sample_items` items of the model, or is NULL where that is 0. `first` is the
 * chain's model of generation 0, or NULL when it is not kept; `job` may be NULL. */
WS_MUST_CHECK enum ws_status ws_measure(const struct ws_reference *reference,
                                        const struct ws_model *model, const struct ws_model *first,
                                        const struct ws_payload *sample, const struct ws_job *job,
                                        struct ws_arena *arena,
                                        struct ws_measurement out[WS_MEASUREMENT_LIMIT],
                                        size_t *count, struct ws_error *err);

/* The noise floor: the metrics of samples, in the order of the table, of another human sample in
 * the place of the model's, which shares no item with the first. So it says what a perfect model
 * scores. Not of metrics whose name ends in _human, which are of the first, nor of what a model
 * scores. *count is 0 where a corpus has too few items for two samples. */
WS_MUST_CHECK enum ws_status ws_measure_floor(const struct ws_reference *reference,
                                              const struct ws_job *job, struct ws_arena *arena,
                                              struct ws_measurement out[WS_MEASUREMENT_LIMIT],
                                              size_t *count, struct ws_error *err);

#endif
