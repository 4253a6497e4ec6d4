/*
 * Attribution: which of the three errors lost what a metric says is lost.
 *
 * Of a metric at a generation, v(S) is its mean over seeds where the errors of the set S are made
 * (lab/counterfactual.h). What is to be shared out is v(all) - v(none). An error's share is its
 * Shapley value: what it adds, averaged over the orders in which errors can be added one by one.
 * Shares sum to the total. An interaction is what a set adds beyond all that its parts add:
 *
 *     d(T) = sum over subsets U of T of (-1)^(|T| - |U|) v(U)
 *
 * and a share is the sum of d(T) / |T| over the sets T that the error is in. Intervals are of 95 %,
 * percentiles of the bootstrap over seeds (Efron 1979), the same resamples for all numbers.
 * Contract: tests/unit/test_attribution.c, tests/cli/attribute.sh.
 */
#ifndef WS_LAB_ATTRIBUTION_H
#define WS_LAB_ATTRIBUTION_H

#include "lab/counterfactual.h"

/* Fewer seeds have no interval: its ends would be those of so few values that they say little. */
enum { WS_ATTRIBUTION_SEEDS = 10 };

struct ws_shared_out {
    double value;
    double low, high; /* NaN below WS_ATTRIBUTION_SEEDS seeds */
};

/* Sets of two and three errors, in the order of the number of the set. */
enum { WS_INTERACTIONS = 4 };
extern const unsigned ws_interaction_sets[WS_INTERACTIONS];

/* What of the statistical error is left without it, in absolute value, where `factor` times as many
 * items stand for a population: as it follows from what is seen if the error falls as 1/items (low)
 * or as 1/sqrt(items), as distances do (high). All 0 where models are fitted to populations. */
struct ws_left {
    uint64_t factor;
    double low, high;
    double noise;  /* of the share, half of its interval; NaN where it has none */
    double wanted; /* the factor that would leave less than the noise; 0: this one does, or it is
                      not known */
};

struct ws_attributed {
    const char *arm;
    const char *metric;
    const char *definition;
    uint32_t generation;
    size_t seeds;                 /* with a finite value in every counterfactual */
    size_t missing;               /* the others */
    double values[WS_ERROR_SETS]; /* v */
    struct ws_shared_out total;
    struct ws_shared_out shares[WS_ERROR_SOURCES];
    struct ws_shared_out interactions[WS_INTERACTIONS];
    struct ws_left left;
};

struct ws_attribution {
    struct ws_attributed *rows; /* arm by arm, metric by metric, ascending generations */
    size_t count;
    uint64_t seeds;
};

/* The arithmetic: the Shapley values and interactions of v. */
void ws_attribution_shares(const double v[WS_ERROR_SETS], double shares[WS_ERROR_SOURCES]);
/* Of what goes away between two numbers of items, of which the larger is `ratio` times the smaller;
 * the error of the larger is left. */
void ws_attribution_left(double gone, double ratio, struct ws_left *out);
void ws_attribution_interactions(const double v[WS_ERROR_SETS], double out[WS_INTERACTIONS]);

/* Which rows are wanted. */
struct ws_attribution_query {
    uint32_t first, last; /* generations */
    const char *metric;   /* NULL: all that every counterfactual has */
};

/* What is left as two factors tell it: `before` is of the same experiment and a smaller one. The
 * law by which the error falls then matters less, since most of it is gone in both. */
void ws_attribution_compare(struct ws_attribution *attribution,
                            const struct ws_attribution *before);
/* The largest that a row wants (struct ws_left); 0: none does. */
double ws_attribution_wanted(const struct ws_attribution *attribution);

/* Whether a loss by this metric (its definition id) is of the truth. Metrics that compare a model
 * with the first of its own chain are not: that one makes the errors, too. */
bool ws_attribution_is_of_truth(const char *definition);

/* Reads the runs of the counterfactuals, whose directories are given in their order. WS_NOT_FOUND
 * when there is no metric that all of them have by one definition. Rows live in `arena`. */
WS_MUST_CHECK enum ws_status ws_attribution_read(const struct ws_counterfactuals *counterfactuals,
                                                 const char *const directories[],
                                                 const struct ws_attribution_query *query,
                                                 struct ws_arena *arena, struct ws_attribution *out,
                                                 struct ws_error *err);

#endif
