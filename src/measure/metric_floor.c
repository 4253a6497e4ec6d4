/* Human data in the place of a model's sample. */
#include <string.h>

#include "base/sampler.h"
#include "measure/metric_set.h"

/* Of the second human sample: the first one's key has generation 0. */
static struct ws_rng_key key_of(const struct ws_reference *reference)
{
    return ws_rng_key(WS_STREAM_METRIC, reference->deal->seed, 0, 1);
}

enum { DRAW_ORDER = 1 }; /* item of that key; 0 draws the sample */

/* The items in random order, as a model makes them: those of a corpus lie in its order, and some
 * metrics look at the first ones alone. */
struct shuffled {
    const struct ws_segment **segment; /* (count) */
    uint64_t *item;                    /* (count) of its payload */
};

static enum ws_status shuffle(const struct ws_dataset *data, struct ws_rng *rng,
                              struct ws_arena *scratch, struct shuffled *out, struct ws_error *err)
{
    out->segment = WS_ARENA_NEW(scratch, const struct ws_segment *, data->count);
    out->item = WS_ARENA_NEW(scratch, uint64_t, data->count);
    if (!out->segment || !out->item)
        return ws_fail_memory(err, "a human sample");
    uint64_t count = 0;
    for (size_t s = 0; s < data->segment_count; s++)
        for (uint64_t i = 0; i < data->segments[s].count; i++) {
            uint64_t at = ws_rng_below(rng, ++count);
            out->segment[count - 1] = out->segment[at];
            out->item[count - 1] = out->item[at];
            out->segment[at] = &data->segments[s];
            out->item[at] = ws_segment_item(&data->segments[s], i);
        }
    return WS_OK;
}

static enum ws_status copy_vectors(const struct ws_dataset *data, const struct shuffled *order,
                                   struct ws_arena *scratch, struct ws_payload *out,
                                   struct ws_error *err)
{
    const size_t d = data->dimension;
    double *vectors = WS_ARENA_NEW(scratch, double, data->count *d);
    if (!vectors)
        return ws_fail_memory(err, "a human sample");
    for (uint64_t i = 0; i < data->count; i++)
        memcpy(vectors + i * d, order->segment[i]->payload->vectors + order->item[i] * d,
               d * sizeof *vectors);
    out->vectors = vectors;
    return WS_OK;
}

static enum ws_status copy_tokens(const struct ws_dataset *data, const struct shuffled *order,
                                  struct ws_arena *scratch, struct ws_payload *out,
                                  struct ws_error *err)
{
    uint32_t *ids = WS_ARENA_NEW(scratch, uint32_t, ws_dataset_lengths(data).total);
    uint64_t *ends = WS_ARENA_NEW(scratch, uint64_t, data->count);
    uint64_t end = 0;
    if (!ids || !ends)
        return ws_fail_memory(err, "a human sample");
    for (uint64_t i = 0; i < data->count; i++) {
        size_t size;
        const uint32_t *item = ws_payload_tokens(order->segment[i]->payload, order->item[i], &size);
        memcpy(ids + end, item, size * sizeof *ids);
        ends[i] = end += size;
    }
    out->tokens.ids = ids;
    out->tokens.ends = ends;
    return WS_OK;
}

static enum ws_status sample_of(const struct ws_dataset *data, struct ws_rng_key key,
                                struct ws_arena *scratch, struct ws_payload *out,
                                struct ws_error *err)
{
    struct shuffled order;
    struct ws_rng rng;
    if (data->kind != WS_DATA_VECTORS && data->kind != WS_DATA_TOKENS)
        return ws_dataset_type_counts(data, scratch, out, err);
    ws_rng_init(&rng, key, DRAW_ORDER);
    *out = (struct ws_payload){.kind = data->kind,
                               .count = data->count,
                               .types = data->types,
                               .dimension = data->dimension};
    WS_TRY(shuffle(data, &rng, scratch, &order, err));
    return data->kind == WS_DATA_VECTORS ? copy_vectors(data, &order, scratch, out, err)
                                         : copy_tokens(data, &order, scratch, out, err);
}

/* Metrics of the first human sample: they have no floor. */
static void drop_human(struct ws_metric_set *set)
{
    for (int i = 0; i < WS_METRIC_COUNT; i++) {
        const char *name = ws_metric((enum ws_metric_id)i)->name;
        size_t size = strlen(name), ending = strlen("_human");
        if (size > ending && strcmp(name + size - ending, "_human") == 0)
            set->has[i] = false;
    }
}

enum ws_status ws_measure_floor(const struct ws_reference *reference, const struct ws_job *job,
                                struct ws_arena *arena,
                                struct ws_measurement out[WS_MEASUREMENT_LIMIT], size_t *count,
                                struct ws_error *err)
{
    struct ws_dataset other;
    struct ws_payload sample;
    struct ws_metric_set set = {0};
    *count = 0;
    if (reference->sample_items == 0)
        return WS_OK;
    WS_TRY(ws_deal_human_other(reference->deal, &reference->human, reference->sample_items,
                               key_of(reference), arena, &other, err));
    if (other.count == 0)
        return WS_OK;
    WS_TRY(sample_of(&other, key_of(reference), arena, &sample, err));
    WS_TRY(ws_measure_sample(reference, &sample, job, arena, &set, err));
    drop_human(&set);
    *count = ws_metric_set_list(&set, out);
    return WS_OK;
}
