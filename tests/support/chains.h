/*
 * Many independent chains of fit and sample under replace, through the operations of a family, and
 * the comparison of what they give with a law.
 *
 * Generation n of a chain: a model is fitted on M items that the model before it made; the first
 * items are made by the truth. Random numbers depend on the chain and the generation alone, so the
 * numbers printed are the same for any number of threads. Chain counts are fixed beforehand: a law
 * states the squared coefficient of variation of what it is about (variance over squared mean,
 * known from theory), and there must be enough chains for 3 standard errors to be at most 2 % of
 * the expected value. Four standard errors of the sample decide.
 */
#ifndef WS_TESTS_SUPPORT_CHAINS_H
#define WS_TESTS_SUPPORT_CHAINS_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/pool.h"
#include "models/family.h"
#include "support/statistics.h"

enum { CHAINS_PIECE = 250, CHAINS_THREADS = 2 };

/* Mean and squared deviations of values that come one at a time (Welford 1962). */
struct tally {
    uint64_t count;
    double mean;
    double squares;
};

static inline void tally_add(struct tally *tally, double value)
{
    double step = value - tally->mean;
    tally->count++;
    tally->mean += step / (double)tally->count;
    tally->squares += step * (value - tally->mean);
}

/* As if all of `from` had been added (Chan, Golub and LeVeque 1979). */
static inline void tally_merge(struct tally *tally, const struct tally *from)
{
    if (from->count == 0)
        return;
    double count = (double)(tally->count + from->count);
    double step = from->mean - tally->mean;
    tally->squares +=
        from->squares + step * step * (double)tally->count * (double)from->count / count;
    tally->mean += step * (double)from->count / count;
    tally->count += from->count;
}

static inline double tally_standard_error(const struct tally *tally)
{
    double count = (double)tally->count;
    return sqrt(tally->squares / (count - 1) / count);
}

/* Chains for which 3 standard errors are 2 % of the mean: (3 / 0.02)^2 cv^2. */
static inline double chains_needed(double cv_squared)
{
    return 22500 * cv_squared;
}

static inline void law_print_header(void)
{
    (void)printf("%-42s %12s %12s %10s %6s %8s\n", "law", "expected", "measured", "se", "z",
                 "chains");
}

/* Prints the row; whether the law holds. Under sanitizers only finite numbers are asked for. */
static inline bool law_holds(const char *name, double expected, double cv_squared,
                             const struct tally *tally)
{
    double error = tally_standard_error(tally);
    double z = (tally->mean - expected) / error;
    (void)printf("%-42s %12.6g %12.6g %10.2g %6.2f %8llu\n", name, expected, tally->mean, error, z,
                 (unsigned long long)tally->count);
    if (!statistics_decide())
        return isfinite(tally->mean) && error >= 0;
    if ((double)tally->count < chains_needed(cv_squared)) {
        (void)printf("  too few chains: %.0f are needed\n", chains_needed(cv_squared));
        return false;
    }
    return fabs(z) <= 4;
}

struct chains {
    const struct ws_family_ops *family;
    const void *settings;
    const struct ws_model *truth; /* makes the first items */
    uint64_t arm;                 /* sets the random numbers of one test apart from another's */
    uint64_t M;
    uint32_t generations;
    size_t count;

    /* Model n >= 1 of a chain; whether to go on with it. Called by several threads, but for the
     * chains of a piece (chain / CHAINS_PIECE) by one, in ascending order. */
    bool (*observe)(void *context, size_t chain, uint32_t n, const struct ws_model *model);
    void *context;

    enum ws_status status; /* the first failure, if any */
};

/* The chains of a piece that go on, and what they are trained on. */
struct chains_piece {
    size_t size;
    size_t chain[CHAINS_PIECE];
    struct ws_rng_key key[CHAINS_PIECE];
    const struct ws_model *model[CHAINS_PIECE];
    const struct ws_dataset *data[CHAINS_PIECE];
    const struct ws_payload *payload[CHAINS_PIECE];
    struct ws_dataset dataset[CHAINS_PIECE];
    uint64_t M[CHAINS_PIECE];
};

static inline void chains_start_piece(const struct chains *chains, size_t first,
                                      struct chains_piece *piece)
{
    piece->size = 0;
    for (size_t chain = first; chain < chains->count && piece->size < CHAINS_PIECE; chain++) {
        size_t i = piece->size++;
        piece->chain[i] = chain;
        piece->key[i] = ws_rng_key(WS_STREAM_SAMPLING, chain + 1, chains->arm, 0);
        piece->model[i] = chains->truth;
        piece->M[i] = chains->M;
    }
}

/* Samples every model, fits a new one on each sample, and keeps the chains that go on. */
static inline enum ws_status chains_step(const struct chains *chains, uint32_t n,
                                         struct ws_arena *arena, struct chains_piece *piece)
{
    WS_TRY(chains->family->sample(piece->size, piece->model, piece->M, piece->key, NULL, arena,
                                  piece->payload, NULL));
    for (size_t i = 0; i < piece->size; i++) {
        struct ws_origin origin = {n == 1 ? WS_SOURCE_ORIGINAL : WS_SOURCE_MODEL, n - 1, n - 1};
        WS_TRY(ws_dataset_of(piece->payload[i], origin, arena, &piece->dataset[i], NULL));
        piece->data[i] = &piece->dataset[i];
    }
    WS_TRY(chains->family->fit(chains->settings, piece->size, piece->data, piece->key, NULL, arena,
                               piece->model, NULL));
    size_t kept = 0;
    for (size_t i = 0; i < piece->size; i++) {
        bool goes_on = chains->observe(chains->context, piece->chain[i], n, piece->model[i]);
        piece->chain[kept] = piece->chain[i];
        piece->key[kept] = piece->key[i];
        piece->key[kept].generation = n;
        piece->model[kept] = piece->model[i];
        kept += goes_on;
    }
    piece->size = kept;
    return WS_OK;
}

static inline void chains_run_piece(void *context, size_t index)
{
    struct chains *chains = context;
    struct ws_arena arenas[2]; /* a model is read while the next one is made */
    ws_arena_init(&arenas[0], NULL);
    ws_arena_init(&arenas[1], NULL);
    struct chains_piece *piece = malloc(sizeof *piece);
    enum ws_status status = piece ? WS_OK : WS_NO_MEMORY;
    if (piece)
        chains_start_piece(chains, index * CHAINS_PIECE, piece);
    for (uint32_t n = 1; status == WS_OK && n <= chains->generations && piece->size > 0; n++) {
        ws_arena_reset(&arenas[n % 2]);
        status = chains_step(chains, n, &arenas[n % 2], piece);
    }
    if (status != WS_OK)
        __atomic_store_n(&chains->status, status, __ATOMIC_RELAXED);
    free(piece);
    ws_arena_release(&arenas[0]);
    ws_arena_release(&arenas[1]);
}

static inline size_t chains_pieces(size_t count)
{
    return (count + CHAINS_PIECE - 1) / CHAINS_PIECE;
}

static inline enum ws_status chains_run(struct chains *chains)
{
    struct ws_pool *pool;
    WS_TRY(ws_pool_new(CHAINS_THREADS, NULL, &pool, NULL));
    chains->status = WS_OK;
    ws_pool_run(pool, chains_pieces(chains->count), chains_run_piece, chains);
    ws_pool_free(pool);
    return chains->status;
}

#endif
