#include "lab/plan.h"

#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "lab/chain.h"

/* A metric record, and how many a measured generation has, about eight bins of a histogram among
 * them. */
enum { RECORD_BYTES = 12, RECORDS_MOST = WS_METRIC_COUNT + 2 * 8 };

/* Numbers or tokens in an item. */
static double item_size(const struct ws_experiment *e)
{
    switch (e->data.source) {
    case WS_HUMAN_TEXT:
        return (double)e->data.block;
    case WS_HUMAN_NORMAL:
        return (double)e->data.dimension;
    default:
        return 1;
    }
}

/* What a set of `items` costs, in items; counts cost by the types that there are. */
static double costing(const struct ws_dataset *shape, uint64_t items)
{
    return shape->kind == WS_DATA_COUNTS && items > shape->types ? shape->types : (double)items;
}

static double item_bytes(const struct ws_experiment *e, const struct ws_dataset *shape)
{
    switch (shape->kind) {
    case WS_DATA_COUNTS:
        return sizeof(uint32_t) + sizeof(uint64_t);
    case WS_DATA_VECTORS:
        return item_size(e) * sizeof(double);
    default:
        return item_size(e) * sizeof(uint32_t);
    }
}

/* Of a token in a measured sample: its n-grams, sorted. */
enum { GRAM_BYTES = 48 };

static double sample_bytes(const struct ws_experiment *e, const struct ws_dataset *shape)
{
    double grams = shape->kind == WS_DATA_TOKENS ? item_size(e) * GRAM_BYTES : 0;
    return item_bytes(e, shape) + grams;
}

static struct ws_arm_cost arm_cost(const struct ws_experiment *e, const struct ws_dataset *shape,
                                   const struct ws_arm *arm)
{
    struct ws_family_cost cost;
    e->family->cost(arm->family_settings, shape, arm->totals.largest, item_size(e), &cost);
    double bytes = item_bytes(e, shape);
    double seeds = (double)e->settings.seeds;
    double measured = ceil((double)e->settings.generations / (double)e->settings.measure_every);
    double metric_items = ws_measure_needs_sample(e->family) ? costing(shape, e->sample_items) : 0;
    double largest = costing(shape, arm->totals.largest);
    /* Sums over steps, as if each were of the base size. */
    double scale = costing(shape, e->items) / (double)e->items;
    double trained = scale * (double)arm->totals.trained;
    double sampled = scale * (double)arm->totals.sampled;
    double pool = arm->policy.pool != 0 ? sampled : 0;
    double model = cost.model_bytes + largest * cost.item_bytes;
    /* That of the step, the one before, and the first. */
    double models = fmin((double)e->settings.generations, e->family->keeps_first ? 3 : 2);
    /* Those that grow with the data are stored in about a quarter. */
    double stored = cost.model_bytes + largest * cost.item_bytes / 4;
    if (e->family->keeps_first)
        stored *= 2;
    return (struct ws_arm_cost){
        .seconds = seeds * (cost.fit_whole * (double)e->settings.generations +
                            cost.fit_seconds * trained + cost.sample_seconds * sampled +
                            (cost.measure_seconds + cost.sample_seconds) * measured * metric_items),
        .chain_memory = models * model + 2 * largest * bytes + pool * bytes +
                        metric_items * (sample_bytes(e, shape) + cost.item_bytes) + cost.work_bytes,
        .disk = seeds * (measured * RECORD_BYTES * RECORDS_MOST + stored + pool * bytes),
        .largest = arm->totals.largest,
        .trained = arm->totals.trained,
        .sampled = arm->totals.sampled,
    };
}

enum ws_status ws_plan_cost(const struct ws_experiment *e, const struct ws_human *human,
                            unsigned processors, struct ws_arena *arena, struct ws_cost *out,
                            struct ws_error *err)
{
    struct ws_cost cost = {.threads =
                               e->settings.threads ? (unsigned)e->settings.threads : processors};
    cost.arms = WS_ARENA_NEW(arena, struct ws_arm_cost, e->arm_count);
    if (!cost.arms)
        return ws_fail_memory(err, "the plan");
    uint64_t block = ws_block_size(e);
    if (block > e->settings.seeds)
        block = e->settings.seeds;
    uint64_t blocks = e->arm_count * ((e->settings.seeds + block - 1) / block);
    struct ws_family_cost family;
    e->family->cost(e->family_settings, ws_human_shape(human), e->items, item_size(e), &family);
    double useful = blocks < cost.threads && !family.uses_threads ? (double)blocks : cost.threads;
    if (useful > processors)
        useful = processors;
    double largest = 0;
    for (size_t a = 0; a < e->arm_count; a++) {
        cost.arms[a] = arm_cost(e, ws_human_shape(human), &e->arms[a]);
        cost.seconds += cost.arms[a].seconds / useful;
        cost.disk += cost.arms[a].disk;
        if (cost.arms[a].chain_memory > largest)
            largest = cost.arms[a].chain_memory;
    }
    cost.running = blocks < cost.threads ? (unsigned)blocks : cost.threads;
    cost.memory = largest * cost.running * (double)block;
    cost.memory_is_sure = family.bytes_are_sure;
    *out = cost;
    return WS_OK;
}

enum ws_status ws_plan_check_memory(const struct ws_cost *cost, uint64_t available,
                                    struct ws_error *err)
{
    char what[80] = "this experiment";
    if (!cost->memory_is_sure)
        return WS_OK;
    if (cost->running > 1)
        (void)snprintf(what, sizeof what, "this experiment, %u chains on %u 'threads' at a time,",
                       cost->running, cost->threads);
    uint64_t needed = cost->memory < 0x1p63 ? (uint64_t)cost->memory : UINT64_MAX;
    return ws_memory_suffices(needed, available, what, err);
}
