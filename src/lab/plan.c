#include "lab/plan.h"

#include <math.h>

#include "measure/metric.h"

/* A line of metrics.jsonl, and how many a measured generation has. */
enum { RECORD_BYTES = 150, RECORDS_MOST = WS_METRIC_COUNT };

/* Numbers or tokens in an item, and the bytes of one. */
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

static double item_bytes(const struct ws_experiment *e)
{
    return item_size(e) * (e->data.source == WS_HUMAN_NORMAL ? sizeof(double) : sizeof(uint32_t));
}

static struct ws_arm_cost arm_cost(const struct ws_experiment *e, const struct ws_arm *arm)
{
    double fit, sample, model_bytes;
    e->family->cost(e->family_settings, item_size(e), &fit, &sample, &model_bytes);
    double seeds = (double)e->settings.seeds;
    double measured = ceil((double)e->settings.generations / (double)e->settings.measure_every);
    /* Measuring handles every sampled item about as often as fitting does. */
    double metric_items =
        ws_measure_needs_sample(e->family) ? measured * (double)e->sample_items : 0;
    double largest = (double)arm->totals.largest;
    double pool = arm->policy.pool != 0 ? (double)arm->totals.sampled : 0;
    double model = largest * model_bytes; /* a stored one takes about a quarter */
    return (struct ws_arm_cost){
        .seconds = seeds * (fit * (double)arm->totals.trained +
                            sample * (double)arm->totals.sampled + (fit + sample) * metric_items),
        .chain_memory = 2 * (model + largest * item_bytes(e)) + pool * item_bytes(e) +
                        (double)e->sample_items * (item_bytes(e) + model_bytes),
        .disk =
            seeds * (measured * RECORD_BYTES * RECORDS_MOST * 2 + model / 4 + pool * item_bytes(e)),
        .largest = arm->totals.largest,
        .trained = arm->totals.trained,
        .sampled = arm->totals.sampled,
    };
}

enum ws_status ws_plan_cost(const struct ws_experiment *e, unsigned processors,
                            struct ws_arena *arena, struct ws_cost *out, struct ws_error *err)
{
    struct ws_cost cost = {.threads =
                               e->settings.threads ? (unsigned)e->settings.threads : processors};
    cost.arms = WS_ARENA_NEW(arena, struct ws_arm_cost, e->arm_count);
    if (!cost.arms)
        return ws_fail_memory(err, "the plan");
    uint64_t chains = e->settings.seeds * e->arm_count;
    double useful = chains < cost.threads ? (double)chains : cost.threads;
    if (useful > processors)
        useful = processors;
    double largest = 0;
    for (size_t a = 0; a < e->arm_count; a++) {
        cost.arms[a] = arm_cost(e, &e->arms[a]);
        cost.seconds += cost.arms[a].seconds / useful;
        cost.disk += cost.arms[a].disk;
        if (cost.arms[a].chain_memory > largest)
            largest = cost.arms[a].chain_memory;
    }
    double batch = (double)e->family->batch;
    cost.memory = largest * cost.threads * (batch < (double)chains ? batch : (double)chains);
    *out = cost;
    return WS_OK;
}
