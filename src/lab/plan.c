#include "lab/plan.h"

#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "lab/chain.h"

/* A metric record, and how many a measured generation has, about eight bins of a histogram among
 * them. */
enum { RECORD_BYTES = 12, RECORDS_MOST = WS_METRIC_COUNT + 2 * 8, MIX_RECORDS = 2 };

/* What a run has beside its chains: a directory, run.json with the log, and a row of the summary
 * for all seeds. They are most of a tiny run. */
enum { DIRECTORY_BYTES = 4096, RUN_FILES_BYTES = 2200, SUMMARY_BYTES = 36 };

static double item_bytes(const struct ws_arm *arm, const struct ws_dataset *shape)
{
    switch (shape->kind) {
    case WS_DATA_COUNTS:
        return sizeof(uint32_t) + sizeof(uint64_t);
    case WS_DATA_VECTORS:
        return (double)arm->data->item_size * sizeof(double);
    default:
        return (double)arm->data->item_size * sizeof(uint32_t);
    }
}

/* Of an output in a pool, beside its items: its payload, segment and dataset, what it was drawn
 * with, and its place in the training sets of two steps. */
enum { OUTPUT_BYTES = 500 };

/* What is saved is written in memory first, which doubles when it is full. */
static const double SAVE_ROOM = 1.5;

/* Of a token in a measured sample: its n-grams, sorted. */
enum { GRAM_BYTES = 48 };

static double sample_bytes(const struct ws_arm *arm, const struct ws_dataset *shape)
{
    double grams = shape->kind == WS_DATA_TOKENS ? (double)arm->data->item_size * GRAM_BYTES : 0;
    return item_bytes(arm, shape) + grams;
}

/* What a chain keeps of its reference, to compare samples of vectors with. */
static double slices_bytes(const struct ws_arm *arm, const struct ws_dataset *shape)
{
    if (shape->kind != WS_DATA_VECTORS || arm->data->sample_items == 0)
        return 0;
    double slices = arm->data->item_size == 1 ? 1 : WS_SLICES;
    return slices * (double)arm->data->settings.test_items * sizeof(double);
}

/* Seconds of one core, one seed. */
static double chain_seconds(const struct ws_experiment *e, const struct ws_dataset *shape,
                            const struct ws_arm *arm, const struct ws_family_cost *cost,
                            const struct ws_probe *probe)
{
    double steps = (double)e->settings.generations;
    double measured = ceil(steps / (double)e->settings.measure_every);
    /* Sums over steps, as if each were of the base size. */
    double scale = ws_costing_items(shape, arm->data->items) / (double)arm->data->items;
    double trained = scale * (double)arm->totals.trained;
    double sampled = scale * (double)arm->totals.sampled;
    double validated = cost->validations * (double)probe->validation_items;
    double looked_at = ws_looked_at(shape, probe->reference_items, arm->data->sample_items);
    sampled += measured * ws_costing_items(shape, arm->data->sample_items);
    /* Filters that ask how likely items are look at what the sources give. */
    if (ws_policy_filters(&arm->policy, WS_FILTER_NEEDS_DENSITY))
        looked_at += scale * (double)arm->totals.gathered / measured;
    double beside = probe->steps ? probe->steps[arm - e->arms] : 0;
    return probe->start + steps * beside +
           probe->fit.factor * (cost->fit_whole * steps + cost->fit_seconds * trained) +
           probe->sample.factor * cost->sample_seconds * sampled +
           probe->measure.factor * cost->measure_seconds *
               (measured * looked_at + steps * validated);
}

/* What a fit on `items` takes or leaves, as the probe's grew. Beyond the `base` number of items
 * they are outputs of models. */
static double grown(struct ws_probed_size size, double items, double base,
                    const struct ws_probe *probe)
{
    return size.bytes * fmax(1, fmin(items, base) / (double)probe->fit.items) +
           size.growth * fmax(0, items - base);
}

/* Bytes of a model of `items`, in memory and stored, and beside one that is fitted: as the probe's
 * were, or as the family says. */
static double model_memory(const struct ws_family_cost *cost, double items, double base,
                           const struct ws_probe *probe)
{
    if (cost->bytes_are_sure || probe->fit.items == 0)
        return cost->model_bytes + items * cost->item_bytes;
    return grown(probe->model, items, base, probe);
}

static double model_stored(const struct ws_family_cost *cost, double items, double base,
                           const struct ws_probe *probe)
{
    if (probe->fit.items == 0) /* those that grow with the data are stored in about a quarter */
        return cost->model_bytes + items * cost->item_bytes / 4;
    return cost->item_bytes > 0 ? grown(probe->stored, items, base, probe) : probe->stored.bytes;
}

static double work_memory(const struct ws_family_cost *cost, double items, double base,
                          const struct ws_probe *probe)
{
    if (cost->bytes_are_sure || probe->fit.items == 0)
        return cost->work_bytes;
    return fmax(cost->work_bytes, grown(probe->work, items, base, probe));
}

static struct ws_arm_cost arm_cost(const struct ws_experiment *e, const struct ws_dataset *shape,
                                   const struct ws_arm *arm, const struct ws_probe *probe)
{
    struct ws_family_cost cost;
    e->family->cost(arm->family_settings, shape, arm->totals.largest, (double)arm->data->item_size,
                    &cost);
    double bytes = item_bytes(arm, shape);
    double seeds = (double)e->settings.seeds;
    double measured = ceil((double)e->settings.generations / (double)e->settings.measure_every);
    double metric_items = ws_costing_items(shape, arm->data->sample_items);
    double base = ws_costing_items(shape, arm->data->items);
    double largest = ws_costing_items(shape, arm->totals.largest);
    double widest = fmax(largest, ws_costing_items(shape, arm->totals.widest));
    /* A sum over steps, as if each were of the base size. */
    double sampled = base / (double)arm->data->items * (double)arm->totals.sampled;
    double pool = ws_policy_keeps_outputs(&arm->policy) ? sampled : 0;
    /* The outputs of two steps; a pool has all there are, and training sets only list them. */
    double sets = pool > 0 ? (base + pool * probe->drawn_each) * bytes +
                                 (double)e->settings.generations * OUTPUT_BYTES
                           : 2 * widest * bytes;
    bool has_first =
        e->family->keeps_first || ws_policy_filters(&arm->policy, WS_FILTER_NEEDS_FIRST);
    bool keeps_first = has_first && e->settings.generations > 2;
    /* Those of the step and of the one before, and the first. */
    double models =
        fmin((double)e->settings.generations, 2) * model_memory(&cost, largest, base, probe);
    double stored = model_stored(&cost, largest, base, probe);
    if (keeps_first)
        models += model_memory(&cost, base, base, probe);
    if (has_first)
        stored += model_stored(&cost, base, base, probe);
    double records =
        probe->measurements > 0 ? (double)probe->measurements + MIX_RECORDS : RECORDS_MOST;
    return (struct ws_arm_cost){
        .seconds = seeds * chain_seconds(e, shape, arm, &cost, probe),
        .chain_memory = models + sets +
                        metric_items * (sample_bytes(arm, shape) + cost.item_bytes) +
                        slices_bytes(arm, shape) +
                        fmax(work_memory(&cost, largest, base, probe),
                             SAVE_ROOM * (stored + pool * probe->drawn_each * bytes)),
        .disk =
            DIRECTORY_BYTES + measured * SUMMARY_BYTES * records +
            seeds * (measured * RECORD_BYTES * records + stored + pool * probe->drawn_each * bytes),
        .largest = arm->totals.largest,
        .trained = arm->totals.trained,
        .sampled = arm->totals.sampled,
    };
}

enum ws_status ws_plan_cost(const struct ws_experiment *e, const struct ws_human *human,
                            const struct ws_device_choice *device, const struct ws_probe *probe,
                            unsigned processors, struct ws_arena *arena, struct ws_cost *out,
                            struct ws_error *err)
{
    const struct ws_probe unknown = {
        .fit.factor = 1,
        .sample.factor = 1,
        .measure.factor = 1,
        .drawn_each = 1,
        .reference_items = e->data.test_items,
        .validation_items = e->data.validation_items,
    };
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
    const struct ws_arm *arm = &e->arms[0];
    e->family->cost(arm->family_settings, ws_human_shape(human), arm->data->items,
                    (double)arm->data->item_size, &family);
    const bool on_gpus = device && device->count > 0;
    cost.running = on_gpus ? device->count : cost.threads; /* a block a GPU */
    if (blocks < cost.running)
        cost.running = (unsigned)blocks;
    double useful = on_gpus || !family.uses_threads ? cost.running : cost.threads;
    if (useful > processors)
        useful = processors;
    double largest = 0;
    cost.disk = 2 * DIRECTORY_BYTES + RUN_FILES_BYTES;
    for (size_t a = 0; a < e->arm_count; a++) {
        const struct ws_human *data = ws_human_variant(human, e->arms[a].variant);
        cost.arms[a] = arm_cost(e, ws_human_shape(data), &e->arms[a], probe ? probe : &unknown);
        cost.seconds += cost.arms[a].seconds / useful;
        cost.disk += cost.arms[a].disk;
        if (cost.arms[a].chain_memory > largest)
            largest = cost.arms[a].chain_memory;
    }
    cost.memory = largest * cost.running * (double)block;
    cost.memory_is_sure = family.bytes_are_sure && !on_gpus; /* most of it is theirs */
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
