#include "lab/record.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"

static enum ws_status append(const struct ws_record *record, struct ws_buffer *out,
                             struct ws_error *err)
{
    json_t *line = json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:o}", "arm", record->place.arm,
                             "seed", (json_int_t)record->place.seed, "generation",
                             (json_int_t)record->place.generation, "metric", record->metric,
                             "definition", record->definition, "n", (json_int_t)record->n, "value",
                             ws_json_real(record->value));
    if (!line)
        return ws_fail_memory(err, "a metric record");
    ws_json_append(line, out);
    ws_buffer_text(out, "\n");
    json_decref(line);
    return ws_buffer_check(out, "the metric records", err);
}

/* How many parts from the first on are consecutive depths of one source with equally many items. */
static size_t equal_depths(const struct ws_mix_part *parts, size_t count)
{
    size_t n = 1;
    while (n < count && parts[n].source == parts[0].source &&
           parts[n].depth == parts[n - 1].depth + 1 && parts[n].items == parts[0].items)
        n++;
    return n;
}

static uint64_t human_items(const struct ws_mix_part *parts, size_t count)
{
    uint64_t items = 0;
    for (size_t i = 0; i < count; i++)
        if (parts[i].source == WS_SOURCE_ORIGINAL || parts[i].source == WS_SOURCE_FRESH)
            items += parts[i].items;
    return items;
}

static enum ws_status append_share(const struct ws_record_place *place, const char *name,
                                   uint64_t part, uint64_t items, struct ws_buffer *out,
                                   struct ws_error *err)
{
    const struct ws_record record = {*place, name, WS_MIX_DEFINITION, items,
                                     (double)part / (double)items};
    return append(&record, out, err);
}

enum ws_status ws_record_mix(const struct ws_record_place *place, const struct ws_mix_part *parts,
                             size_t part_count, uint64_t items, bool whole_pool,
                             struct ws_buffer *out, struct ws_error *err)
{
    WS_TRY(append_share(place, "mix/human", human_items(parts, part_count), items, out, err));
    for (size_t i = 0, n; i < part_count; i += n) {
        const struct ws_mix_part *first = &parts[i];
        char name[64];
        n = whole_pool ? equal_depths(first, part_count - i) : 1;
        int size = snprintf(name, sizeof name, "mix/%s/%" PRIu32, ws_source_name(first->source),
                            first->depth);
        if (n > 1)
            (void)snprintf(name + size, sizeof name - (size_t)size, "..%" PRIu32,
                           parts[i + n - 1].depth);
        WS_TRY(append_share(place, name, n * first->items, items, out, err));
    }
    return WS_OK;
}

enum ws_status ws_record_measurements(const struct ws_record_place *place,
                                      const struct ws_measurement *measurements, size_t count,
                                      struct ws_buffer *out, struct ws_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct ws_measurement *measured = &measurements[i];
        const struct ws_metric *metric = ws_metric(measured->metric);
        struct ws_record record = {*place, metric->name, metric->definition, measured->n,
                                   measured->value};
        char bin[64];
        if (ws_metric_is_histogram(measured->metric)) {
            (void)snprintf(bin, sizeof bin, "%s/%.3f", metric->name,
                           ws_perplexity_edge(measured->bin));
            record.metric = bin;
        }
        WS_TRY(append(&record, out, err));
    }
    return WS_OK;
}

enum ws_status ws_record_curve(const struct ws_record_place *place,
                               const struct ws_loss_point *points, size_t count,
                               struct ws_buffer *out, struct ws_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct ws_loss_point *point = &points[i];
        char name[64];
        (void)snprintf(name, sizeof name, "%s_loss/%" PRIu64,
                       point->validation ? "validation" : "training", point->step);
        const struct ws_record record = {
            *place, name, point->validation ? WS_VALIDATION_DEFINITION : WS_TRAINING_DEFINITION,
            point->tokens, point->loss};
        WS_TRY(append(&record, out, err));
    }
    return WS_OK;
}

static enum ws_status read_members(const json_t *line, const char *name, struct ws_arena *arena,
                                   struct ws_record *out, struct ws_error *err)
{
    const char *arm, *metric, *definition;
    uint64_t generation;
    WS_TRY(ws_json_read_text(line, "arm", name, &arm, err));
    WS_TRY(ws_json_read_whole(line, "seed", name, &out->place.seed, err));
    WS_TRY(ws_json_read_whole(line, "generation", name, &generation, err));
    WS_TRY(ws_json_read_text(line, "metric", name, &metric, err));
    WS_TRY(ws_json_read_text(line, "definition", name, &definition, err));
    WS_TRY(ws_json_read_whole(line, "n", name, &out->n, err));
    WS_TRY(ws_json_read_real(line, "value", name, &out->value, err));
    if (generation > UINT32_MAX)
        return ws_fail(err, WS_CORRUPT, "%s: generation %" PRIu64 " is out of range", name,
                       generation);
    out->place.generation = (uint32_t)generation;
    out->place.arm = ws_arena_text(arena, arm);
    out->metric = ws_arena_text(arena, metric);
    out->definition = ws_arena_text(arena, definition);
    if (!out->place.arm || !out->metric || !out->definition)
        return ws_fail_memory(err, "a metric record");
    return WS_OK;
}

enum ws_status ws_record_parse(struct ws_bytes line, const char *name, struct ws_arena *arena,
                               struct ws_record *out, struct ws_error *err)
{
    json_t *object;
    WS_TRY(ws_json_parse(line, name, &object, err));
    struct ws_record record;
    enum ws_status status = read_members(object, name, arena, &record, err);
    json_decref(object);
    if (status == WS_OK)
        *out = record;
    return status;
}
