#include <string.h>

#include "api/handle.h"

/* Records ---------------------------------------------------------------------------------------*/

struct visitor {
    bool (*visit)(void *user, const struct wellspring_record *record);
    void *user;
    bool content; /* it wants no more */
};

/* A visitor that has seen enough ends the walk with a status that is nobody's failure. */
static enum ws_status pass_record(void *user, const struct ws_record *record, struct ws_error *err)
{
    struct visitor *visitor = user;
    const struct wellspring_record outside = {
        .arm = record->place.arm,
        .seed = record->place.seed,
        .generation = record->place.generation,
        .metric = record->metric,
        .definition = record->definition,
        .n = record->n,
        .value = record->value,
    };
    visitor->content = !visitor->visit(visitor->user, &outside);
    return visitor->content ? ws_fail(err, WS_INTERRUPTED, "seen enough") : WS_OK;
}

enum wellspring_status
wellspring_records_visit(const char *directory,
                         bool (*visit)(void *user, const struct wellspring_record *record),
                         void *user, struct wellspring_error *error)
{
    struct ws_error inside;
    struct visitor visitor = {.visit = visit, .user = user};
    enum ws_status status = ws_results_visit(directory, NULL, pass_record, &visitor, &inside);
    return ws_api_tell(visitor.content ? WS_OK : status, &inside, error);
}

/* Curves ----------------------------------------------------------------------------------------*/

static struct wellspring_point point_outside(const struct ws_point *point)
{
    return (struct wellspring_point){
        .generation = point->generation,
        .n = point->n,
        .seeds = point->summary.count,
        .missing = point->summary.missing,
        .median = point->summary.median,
        .low = point->summary.low,
        .high = point->summary.high,
        .mean = point->summary.mean,
        .standard_error = point->summary.standard_error,
    };
}

static enum ws_status copy_curve(const struct ws_curve *curve, struct ws_arena *arena,
                                 struct wellspring_curve *out, struct ws_error *err)
{
    struct wellspring_point *points =
        WS_ARENA_NEW(arena, struct wellspring_point, curve->point_count);
    if (!points)
        return ws_fail_memory(err, "the results");
    for (size_t i = 0; i < curve->point_count; i++)
        points[i] = point_outside(&curve->points[i]);
    *out = (struct wellspring_curve){
        .arm = ws_arena_text(arena, curve->arm),
        .metric = ws_arena_text(arena, curve->metric),
        .definition = ws_arena_text(arena, curve->definition),
        .point_count = curve->point_count,
        .points = points,
    };
    return out->arm && out->metric && out->definition ? WS_OK : ws_fail_memory(err, "the results");
}

static enum ws_status load_curves(const char *directory, struct ws_arena *scratch,
                                  struct wellspring_results *out, struct ws_error *err)
{
    struct ws_results loaded;
    WS_TRY(ws_results_load(directory, scratch, &loaded, err));
    out->curves = WS_ARENA_NEW(&out->arena, struct wellspring_curve, loaded.count);
    if (!out->curves)
        return ws_fail_memory(err, "the results");
    for (; out->count < loaded.count; out->count++)
        WS_TRY(copy_curve(&loaded.curves[out->count], &out->arena, &out->curves[out->count], err));
    return WS_OK;
}

enum wellspring_status wellspring_results_load(const char *directory,
                                               struct wellspring_results **out,
                                               struct wellspring_error *error)
{
    struct ws_error inside;
    struct ws_arena scratch;
    struct wellspring_results *results = ws_realloc(NULL, NULL, 0, sizeof *results);
    if (!results)
        return ws_api_tell(ws_fail_memory(&inside, "the results"), &inside, error);
    *results = (struct wellspring_results){.count = 0};
    ws_arena_init(&results->arena, NULL);
    ws_arena_init(&scratch, NULL);
    enum ws_status status = load_curves(directory, &scratch, results, &inside);
    ws_arena_release(&scratch);
    if (status == WS_OK)
        *out = results;
    else
        wellspring_results_free(results);
    return ws_api_tell(status, &inside, error);
}

void wellspring_results_free(struct wellspring_results *results)
{
    if (!results)
        return;
    ws_arena_release(&results->arena);
    ws_free(NULL, results, sizeof *results);
}

size_t wellspring_results_count(const struct wellspring_results *results)
{
    return results->count;
}

const struct wellspring_curve *wellspring_results_curve(const struct wellspring_results *results,
                                                        size_t index)
{
    return index < results->count ? &results->curves[index] : NULL;
}

const struct wellspring_curve *wellspring_results_find(const struct wellspring_results *results,
                                                       const char *arm, const char *metric)
{
    for (size_t i = 0; i < results->count; i++)
        if (strcmp(results->curves[i].arm, arm) == 0 &&
            strcmp(results->curves[i].metric, metric) == 0)
            return &results->curves[i];
    return NULL;
}
