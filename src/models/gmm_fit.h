/*
 * The parts of a mixture's fit. Private to the GMM family and its test (tests/unit/test_gmm.c).
 */
#ifndef WS_MODELS_GMM_FIT_H
#define WS_MODELS_GMM_FIT_H

#include "base/pool.h"
#include "models/density_ops.h"
#include "models/gmm.h"

WS_MUST_CHECK enum ws_status ws_gmm_new(uint32_t components, uint32_t dimension,
                                        struct ws_arena *arena, struct ws_gmm *out,
                                        struct ws_error *err);

/* The lower Cholesky factor of a covariance, column by column into `lower`
 * (dimension, dimension), of which what is above the diagonal means nothing. False when the
 * covariance is not positive definite. */
bool ws_gmm_factorise(const double *covariance, uint32_t dimension, double *lower);

/* What the loops want of a mixture. WS_NUMERIC when a covariance is singular. */
WS_MUST_CHECK enum ws_status ws_gmm_prepare(const struct ws_gmm *mixture, struct ws_arena *arena,
                                            struct ws_mixture *out, struct ws_error *err);

/* The data, and who works on them: in pieces of a few blocks, cut by the data's shape alone. */
struct ws_gmm_work {
    const struct ws_packed *data;
    const struct ws_density_ops *ops;
    struct ws_pool *pool;
    size_t pieces;
};

size_t ws_gmm_pieces(const struct ws_packed *data);
/* The blocks of a piece: `first` to `end` - 1. */
void ws_gmm_piece(const struct ws_gmm_work *work, size_t piece, size_t *first, size_t *end);

/* k-means from a k-means++ start, drawn from `item` of the key. centres (components, dimension);
 * nearest: the centre of each item (places of the data). It ends when the centres move by no more,
 * all together and squared, than 1e-4 of the mean variance of a coordinate, or after 300 rounds.
 */
WS_MUST_CHECK enum ws_status ws_gmm_start(const struct ws_gmm_work *work, uint32_t components,
                                          struct ws_rng_key key, uint64_t item,
                                          struct ws_arena *scratch, double *centres,
                                          double *nearest, struct ws_error *err);

/* A mixture from clusters: the maximisation step with each item wholly its nearest centre's. */
WS_MUST_CHECK enum ws_status ws_gmm_of_clusters(const struct ws_gmm_work *work, double floor,
                                                const double *centres, const double *nearest,
                                                struct ws_arena *scratch, struct ws_gmm *mixture,
                                                struct ws_error *err);

/* Iterates from the mixture it is given until the settings say that it is enough. */
WS_MUST_CHECK enum ws_status ws_gmm_iterate(const struct ws_gmm_work *work,
                                            const struct ws_gmm_settings *settings,
                                            struct ws_arena *scratch, struct ws_gmm *mixture,
                                            struct ws_error *err);

/* All of it: `out` lives in `arena`. */
WS_MUST_CHECK enum ws_status ws_gmm_fit(const struct ws_gmm_settings *settings,
                                        const struct ws_dataset *data, struct ws_rng_key key,
                                        unsigned threads, struct ws_arena *arena,
                                        struct ws_gmm *out, struct ws_error *err);

/* WS_CONVERGED_TOLERANCE and WS_CONVERGED_ITERATIONS as numbers. */
#define WS_GMM_CONVERGED_TOLERANCE  1e-9
#define WS_GMM_CONVERGED_ITERATIONS 10000

/* The operation of the family. */
enum ws_status ws_gmm_fit_population(const void *settings, const struct ws_population *population,
                                     struct ws_arena *arena, const struct ws_model **out,
                                     struct ws_error *err);

#endif
