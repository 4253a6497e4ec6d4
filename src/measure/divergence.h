/*
 * How far two distributions of types are from each other: total variation, and the Kullback-Leibler
 * divergence D(p|q) = sum p log(p / q), in nats.
 *
 * Against a known truth, which gives every type some probability, D(sample|truth) is finite
 * whatever the sample lacks. Between two samples it would be infinite as soon as the first has a
 * type that the second lacks, so half an item is added to every type of both (Krichevsky and
 * Trofimov 1981), seen or not: it is finite, and 0 for equal samples. Contract:
 * tests/conformance/test_metric_numbers.c.
 */
#ifndef WS_MEASURE_DIVERGENCE_H
#define WS_MEASURE_DIVERGENCE_H

#include "data/truth.h"

/* Of type counts over the same types, neither of them empty. */
double ws_total_variation(const struct ws_payload *a, const struct ws_payload *b);
double ws_kl_half(const struct ws_payload *p, const struct ws_payload *q);

/* `lost` is the true probability of the types that the sample lacks. */
double ws_total_variation_truth(const struct ws_payload *sample, const struct ws_truth *truth,
                                double lost);
double ws_kl_truth(const struct ws_payload *sample, const struct ws_truth *truth);

#endif
