#include "lab/shortage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/metric_need.h"

struct search {
    const struct ws_run_description *run;
    const struct ws_results *results;
    struct ws_arena *arena;
};

/* What one arm lacks. */
struct lack {
    bool any;
    uint32_t from;
    double seen;
};

/* A whole number that the arm was given; 0 where it has no such setting. */
static uint64_t setting_of(const struct search *s, const struct ws_run_arm *arm, const char *name)
{
    const char *value = ws_run_setting(s->run, name);
    for (size_t i = 0; i < arm->varied_count; i++)
        if (strcmp(arm->varied[i].name, name) == 0)
            value = arm->varied[i].value;
    return value ? strtoull(value, NULL, 10) : 0;
}

static const struct ws_curve *curve_of(const struct search *s, const struct ws_run_arm *arm,
                                       enum ws_metric_id metric)
{
    return ws_results_find(s->results, arm->name, ws_metric(metric)->name);
}

/* Samples of symbols and tokens always have types, so what has none and is measured all the same
 * are vectors. */
static bool samples_vectors(const struct search *s, const struct ws_run_arm *arm)
{
    return setting_of(s, arm, "metric_items") > 0 && !curve_of(s, arm, WS_METRIC_TYPES);
}

static const struct ws_point *point_at(const struct ws_curve *curve, uint32_t generation)
{
    for (size_t p = 0; curve && p < curve->point_count; p++)
        if (curve->points[p].generation == generation)
            return &curve->points[p];
    return NULL;
}

static size_t values_in(const struct ws_point *point)
{
    return point ? point->summary.count + point->summary.missing : 0;
}

/* The first generation at which fewer seeds have the metric than have what is beside it. */
static struct lack lack_beside(const struct search *s, const struct ws_run_arm *arm,
                               const struct ws_metric_need *need)
{
    const struct ws_curve *beside = curve_of(s, arm, need->beside);
    const struct ws_curve *curve = curve_of(s, arm, need->metrics[0]);
    for (size_t p = 0; beside && p < beside->point_count; p++) {
        const struct ws_point *point = &beside->points[p];
        if (values_in(point_at(curve, point->generation)) < values_in(point))
            return (struct lack){true, point->generation,
                                 need->of == WS_NEED_VALUE ? point->summary.median
                                                           : (double)point->n};
    }
    return (struct lack){.any = false};
}

/* Without held-out items there is nothing to compare with, and nothing is missing. */
static struct lack lack_of_vectors(const struct search *s, const struct ws_run_arm *arm,
                                   const struct ws_metric_need *need)
{
    const uint64_t seen = setting_of(s, arm, need->what);
    const bool few = samples_vectors(s, arm) && seen > 0 && seen < need->least;
    return (struct lack){few && !curve_of(s, arm, need->metrics[0]), 0, (double)seen};
}

static struct lack lack_in(const struct search *s, const struct ws_run_arm *arm,
                           const struct ws_metric_need *need)
{
    if (need->of == WS_NEED_SIZE || need->of == WS_NEED_VALUE)
        return lack_beside(s, arm, need);
    return lack_of_vectors(s, arm, need);
}

static void add_arm(struct ws_shortage *shortage, const char *arm, struct lack lack)
{
    if (shortage->arm_count == 0 || lack.from < shortage->from) {
        shortage->from = lack.from;
        shortage->seen = lack.seen;
    }
    shortage->arms[shortage->arm_count++] = arm;
}

static enum ws_status add_need(const struct search *s, const struct ws_metric_need *need,
                               struct ws_shortage *out, struct ws_error *err)
{
    *out = (struct ws_shortage){
        .metrics = WS_ARENA_NEW(s->arena, const char *, need->metric_count),
        .metric_count = need->metric_count,
        .wanted = need->what,
        .least = need->least,
        .arms = WS_ARENA_NEW(s->arena, const char *, s->run->arm_count),
    };
    if (!out->metrics || !out->arms)
        return ws_fail_memory(err, "what was not measured");
    for (size_t m = 0; m < need->metric_count; m++)
        out->metrics[m] = ws_metric(need->metrics[m])->name;
    for (size_t a = 0; a < s->run->arm_count; a++) {
        const struct lack lack = lack_in(s, &s->run->arms[a], need);
        if (lack.any)
            add_arm(out, s->run->arms[a].name, lack);
    }
    return WS_OK;
}

static bool has_floor(const struct search *s, const char *arm)
{
    for (size_t i = 0; i < s->results->count; i++)
        if (strcmp(s->results->curves[i].arm, arm) == 0 &&
            strncmp(s->results->curves[i].metric, WS_FLOOR_NAME, strlen(WS_FLOOR_NAME)) == 0)
            return true;
    return false;
}

/* Whether the arm has any metric of a sample, which a floor could stand beside. */
static bool has_samples(const struct search *s, const struct ws_run_arm *arm)
{
    size_t count;
    const struct ws_metric_need *needs = ws_metric_needs(&count);
    for (size_t i = 0; i < count; i++)
        if (curve_of(s, arm, needs[i].metrics[0]))
            return true;
    return curve_of(s, arm, WS_METRIC_TYPES) != NULL;
}

/* Generators never end, so it is a corpus that is too small for a second human sample. */
static enum ws_status add_floor(const struct search *s, struct ws_shortage *out,
                                struct ws_error *err)
{
    *out = (struct ws_shortage){
        .wanted = "human items, in items and fresh_items together: two samples",
        .seen = NAN,
        .arms = WS_ARENA_NEW(s->arena, const char *, s->run->arm_count),
    };
    if (!out->arms)
        return ws_fail_memory(err, "what was not measured");
    for (size_t a = 0; a < s->run->arm_count; a++) {
        const struct ws_run_arm *arm = &s->run->arms[a];
        const uint64_t items = setting_of(s, arm, "items");
        const uint64_t sample = setting_of(s, arm, "metric_items");
        const uint64_t all = items > 0 ? items + setting_of(s, arm, "fresh_items") : 0;
        if (!has_samples(s, arm) || has_floor(s, arm->name))
            continue;
        if (out->arm_count == 0)
            out->least = 2 * (sample > 0 ? sample : items);
        add_arm(out, arm->name, (struct lack){true, 0, all > 0 ? (double)all : (double)NAN});
    }
    return WS_OK;
}

enum ws_status ws_shortages_of(const struct ws_run_description *run,
                               const struct ws_results *results, struct ws_arena *arena,
                               struct ws_shortage **out, size_t *count, struct ws_error *err)
{
    size_t need_count;
    const struct ws_metric_need *needs = ws_metric_needs(&need_count);
    const struct search search = {run, results, arena};
    struct ws_shortage *list = WS_ARENA_NEW(arena, struct ws_shortage, need_count + 1);
    *count = 0;
    if (!list)
        return ws_fail_memory(err, "what was not measured");
    for (size_t i = 0; i < need_count; i++) {
        WS_TRY(add_need(&search, &needs[i], &list[*count], err));
        *count += list[*count].arm_count > 0;
    }
    WS_TRY(add_floor(&search, &list[*count], err));
    *count += list[*count].arm_count > 0;
    *out = list;
    return WS_OK;
}
