/* k-means. measure/k_means.c has one for floats that are cut to its shape; this one begins fits. */
#include <math.h>
#include <string.h>

#include "models/gmm_fit.h"

enum { ROUNDS = 300 };

static const double TOLERANCE = 1e-4; /* of the mean variance: scikit-learn's */

/* Item i of a block, drawn with probability proportional to its weight times `share` (places), or
 * to its weight alone where all shares vanish or `share` is NULL. */
struct chosen {
    const struct ws_packed_block *block;
    uint32_t i;
};

static double block_share(const struct ws_packed_block *block, const double *share)
{
    if (!share)
        return block->weight * block->count;
    double sum = 0;
    for (uint32_t i = 0; i < block->count; i++)
        sum += share[block->place + i];
    return block->weight * sum;
}

static struct chosen choose(const struct ws_packed *data, const double *share, struct ws_rng *rng)
{
    double total = 0;
    for (size_t b = 0; b < data->block_count; b++)
        total += block_share(&data->blocks[b], share);
    if (total == 0)
        return choose(data, NULL, rng);
    double place = ws_rng_uniform(rng) * total;
    size_t b = 0;
    for (; b + 1 < data->block_count; b++) {
        double own = block_share(&data->blocks[b], share);
        if (place < own)
            break;
        place -= own;
    }
    const struct ws_packed_block *block = &data->blocks[b];
    uint32_t i = 0;
    for (; i + 1 < block->count; i++) {
        place -= block->weight * (share ? share[block->place + i] : 1);
        if (place < 0)
            break;
    }
    return (struct chosen){block, i};
}

/* k-means++ (Arthur and Vassilvitskii 2007): each centre is an item, drawn in proportion to its
 * squared distance from the centres before it. distance and nearest have the data's places. */
static void draw_centres(const struct ws_gmm_work *work, uint32_t components, struct ws_rng *rng,
                         double *centres, double *distance, double *nearest)
{
    const struct ws_packed *data = work->data;
    size_t d = data->dimension;
    for (size_t i = 0; i < data->places; i++)
        distance[i] = INFINITY;
    for (uint32_t k = 0; k < components; k++) {
        struct chosen chosen = choose(data, k > 0 ? distance : NULL, rng);
        ws_packed_item(data, chosen.block, chosen.i, centres + k * d);
        for (size_t b = 0; b < data->block_count; b++) {
            const struct ws_packed_block *block = &data->blocks[b];
            work->ops->approach(block, data->dimension, centres + k * d, k, distance + block->place,
                                nearest + block->place);
        }
    }
}

/* One round of Lloyd's: where items belong, and sums over those of each centre by piece. */
struct round {
    const struct ws_gmm_work *work;
    uint32_t components;
    const double *centres;
    double *distance, *nearest;
    double *sums; /* (pieces, components, 1 + dimension): weight, and weight times item */
};

static size_t sum_count(const struct round *round)
{
    return round->components * (1 + (size_t)round->work->data->dimension);
}

static void assign(const struct round *round, const struct ws_packed_block *block, double *sums)
{
    const struct ws_density_ops *ops = round->work->ops;
    const uint32_t d = round->work->data->dimension;
    double *distance = round->distance + block->place;
    double *nearest = round->nearest + block->place;
    for (uint32_t i = 0; i < block->width; i++) {
        distance[i] = i < block->count ? INFINITY : -1; /* the padding is nobody's */
        nearest[i] = i < block->count ? 0 : -1;
    }
    for (uint32_t k = 0; k < round->components; k++)
        ops->approach(block, d, round->centres + (size_t)k * d, k, distance, nearest);
    for (uint32_t k = 0; k < round->components; k++)
        ops->gather(block, d, nearest, k, sums + (size_t)k * (1 + d));
}

static void assign_piece(void *context, size_t piece)
{
    const struct round *round = context;
    double *sums = round->sums + piece * sum_count(round);
    memset(sums, 0, sum_count(round) * sizeof *sums);
    size_t first, end;
    ws_gmm_piece(round->work, piece, &first, &end);
    for (size_t b = first; b < end; b++)
        assign(round, &round->work->data->blocks[b], sums);
}

/* The centres become the means of their items; those without any stay. How far they moved. */
static double move_centres(const struct round *round, double *centres)
{
    size_t d = round->work->data->dimension, count = sum_count(round);
    double moved = 0;
    for (size_t piece = 1; piece < round->work->pieces; piece++)
        for (size_t i = 0; i < count; i++)
            round->sums[i] += round->sums[piece * count + i];
    for (uint32_t k = 0; k < round->components; k++) {
        const double *sums = round->sums + k * (1 + d);
        for (size_t a = 0; a < d && sums[0] > 0; a++) {
            double centre = sums[1 + a] / sums[0];
            double step = centre - centres[k * d + a];
            moved += step * step;
            centres[k * d + a] = centre;
        }
    }
    return moved;
}

static double mean_of(const struct ws_packed *data, size_t a)
{
    double sum = 0;
    for (size_t b = 0; b < data->block_count; b++) {
        const struct ws_packed_block *block = &data->blocks[b];
        for (uint32_t i = 0; i < block->count; i++)
            sum += block->weight * block->x[a * block->width + i];
    }
    return sum / (double)data->count;
}

static double variance_of(const struct ws_packed *data, size_t a)
{
    double mean = mean_of(data, a), sum = 0;
    for (size_t b = 0; b < data->block_count; b++) {
        const struct ws_packed_block *block = &data->blocks[b];
        for (uint32_t i = 0; i < block->count; i++) {
            double deviation = block->x[a * block->width + i] - mean;
            sum += block->weight * deviation * deviation;
        }
    }
    return sum / (double)data->count;
}

static double mean_variance(const struct ws_packed *data)
{
    double sum = 0;
    for (size_t a = 0; a < data->dimension; a++)
        sum += variance_of(data, a);
    return sum / data->dimension;
}

enum ws_status ws_gmm_start(const struct ws_gmm_work *work, uint32_t components,
                            struct ws_rng_key key, uint64_t item, struct ws_arena *scratch,
                            double *centres, double *nearest, struct ws_error *err)
{
    struct round round = {work, components, centres, NULL, nearest, NULL};
    round.distance = WS_ARENA_NEW(scratch, double, work->data->places);
    round.sums = WS_ARENA_NEW(scratch, double, work->pieces *sum_count(&round));
    if (!round.distance || !round.sums)
        return ws_fail_memory(err, "the start of a mixture");
    struct ws_rng rng;
    ws_rng_init(&rng, key, item);
    draw_centres(work, components, &rng, centres, round.distance, nearest);
    double enough = TOLERANCE * mean_variance(work->data);
    double moved = INFINITY;
    for (int i = 0; i < ROUNDS && moved > enough; i++) {
        ws_pool_run(work->pool, work->pieces, assign_piece, &round);
        moved = move_centres(&round, centres);
    }
    ws_pool_run(work->pool, work->pieces, assign_piece, &round);
    return WS_OK;
}
