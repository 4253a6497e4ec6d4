#include <math.h>
#include <string.h>

#include "view/headline.h"
#include "view/run_source.h"

/* More lines than that are a cloud that the band shows better, and reading them takes long. */
enum { SEEDS_SHOWN = 32, GENERATIONS_OF_SEEDS = 10000 };

static const char *form_name(enum ws_number_form form)
{
    static const char *const names[] = {"count", "percent", "real"};
    return names[form];
}

size_t ws_source_arm(const struct ws_run_source *source, const char *name)
{
    size_t arm = 0;
    while (arm < source->run.arm_count && strcmp(source->run.arms[arm].name, name) != 0)
        arm++;
    return arm;
}

/* Shares of origins and of bins are many and say little one by one. */
static bool is_shown(const char *metric)
{
    return !strchr(metric, '/') || strcmp(metric, "mix/human") == 0 ||
           strcmp(metric, "filter/kept") == 0;
}

static bool has_metric(const struct ws_results *results, const char *metric)
{
    for (size_t i = 0; i < results->count; i++)
        if (strcmp(results->curves[i].metric, metric) == 0)
            return true;
    return false;
}

static enum ws_status take_headlines(const struct ws_run_source *source, struct ws_report_run *out,
                                     struct ws_error *err)
{
    struct ws_report_headline *taken =
        WS_ARENA_NEW(source->arena, struct ws_report_headline, WS_HEADLINES);
    if (!taken)
        return ws_fail_memory(err, "the report");
    for (const struct ws_headline *h = ws_headlines(source->run.family); h->metric; h++)
        if (has_metric(&source->results, h->metric))
            taken[out->headline_count++] =
                (struct ws_report_headline){h->metric, h->title, h->detail, form_name(h->form)};
    out->headlines = taken;
    return WS_OK;
}

/* Columns -------------------------------------------------------------------------------------- */

enum { COLUMNS = 8 };

static enum ws_status take_curve(const struct ws_run_source *source, const struct ws_curve *curve,
                                 struct ws_report_curve *out, struct ws_error *err)
{
    const size_t count = curve->point_count;
    double *all = WS_ARENA_NEW(source->arena, double, COLUMNS *count);
    double *columns[COLUMNS];
    if (!all)
        return ws_fail_memory(err, "the report");
    for (size_t c = 0; c < COLUMNS; c++)
        columns[c] = all + c * count;
    for (size_t i = 0; i < count; i++) {
        const struct ws_point *point = &curve->points[i];
        columns[0][i] = (double)point->generation;
        columns[1][i] = (double)point->n;
        columns[2][i] = (double)point->summary.count;
        columns[3][i] = point->summary.median;
        columns[4][i] = point->summary.low;
        columns[5][i] = point->summary.high;
        columns[6][i] = point->summary.mean;
        columns[7][i] = point->summary.standard_error;
    }
    *out = (struct ws_report_curve){
        .arm = ws_source_arm(source, curve->arm),
        .metric = curve->metric,
        .definition = curve->definition,
        .count = count,
        .generations = columns[0],
        .n = columns[1],
        .seeds = columns[2],
        .median = columns[3],
        .low = columns[4],
        .high = columns[5],
        .mean = columns[6],
        .standard_error = columns[7],
        .floor = ws_results_floor(&source->results, curve->arm, curve->metric),
    };
    return WS_OK;
}

/* Values of each seed -------------------------------------------------------------------------- */

/* Of one curve, to be filled. */
struct seed_values {
    const struct ws_curve *curve;
    double *values; /* (seeds, points) */
};

struct reading {
    const struct ws_run_source *source;
    struct seed_values *curves;
    size_t count;
};

static int compare_generation(const void *key, const void *point)
{
    uint32_t a = *(const uint32_t *)key, b = ((const struct ws_point *)point)->generation;
    return (a > b) - (a < b);
}

static enum ws_status take_value(void *user, const struct ws_record *record, struct ws_error *err)
{
    const struct reading *reading = user;
    (void)err;
    for (size_t i = 0; i < reading->count; i++) {
        const struct ws_curve *curve = reading->curves[i].curve;
        if (strcmp(curve->metric, record->metric) != 0 ||
            strcmp(curve->arm, record->place.arm) != 0 ||
            record->place.seed > reading->source->run.seeds)
            continue;
        const struct ws_point *point =
            bsearch(&record->place.generation, curve->points, curve->point_count,
                    sizeof *curve->points, compare_generation);
        if (point)
            reading->curves[i].values[(record->place.seed - 1) * curve->point_count +
                                      (size_t)(point - curve->points)] = record->value;
        return WS_OK;
    }
    return WS_OK;
}

static bool is_headline(const struct ws_report_run *run, const char *metric)
{
    for (size_t h = 0; h < run->headline_count; h++)
        if (strcmp(run->headlines[h].metric, metric) == 0)
            return true;
    return false;
}

static enum ws_status want_seeds(struct reading *reading, const struct ws_curve *curve,
                                 struct ws_report_curve *out, struct ws_error *err)
{
    size_t count = reading->source->run.seeds * curve->point_count;
    double *values = WS_ARENA_NEW(reading->source->arena, double, count);
    if (!values)
        return ws_fail_memory(err, "the report");
    for (size_t i = 0; i < count; i++)
        values[i] = NAN;
    reading->curves[reading->count++] = (struct seed_values){curve, values};
    out->by_seed = values;
    return WS_OK;
}

enum ws_status ws_source_bear(const struct ws_run_source *source, enum ws_status status,
                              struct ws_report_run *out, struct ws_error *err)
{
    if (status != WS_CORRUPT)
        return status;
    out->damage = ws_arena_text(source->arena, err->message);
    return out->damage ? WS_OK : ws_fail_memory(err, "the report");
}

static enum ws_status read_seeds(const struct reading *reading, struct ws_report_curve *curves,
                                 struct ws_report_run *out, struct ws_error *err)
{
    const struct ws_run_source *source = reading->source;
    enum ws_status status = ws_results_visit(source->directory, source->arena->allocator,
                                             take_value, (void *)reading, err);
    for (size_t i = 0; status == WS_CORRUPT && i < out->curve_count; i++)
        curves[i].by_seed = NULL;
    return ws_source_bear(source, status, out, err);
}

/* Whole ---------------------------------------------------------------------------------------- */

enum ws_status ws_source_curves(const struct ws_run_source *source, struct ws_report_run *out,
                                struct ws_error *err)
{
    const struct ws_results *results = &source->results;
    const bool few = source->run.seeds > 1 && source->run.seeds <= SEEDS_SHOWN &&
                     source->run.generations <= GENERATIONS_OF_SEEDS;
    struct reading reading = {
        .source = source,
        .curves = WS_ARENA_NEW(source->arena, struct seed_values, results->count + 1)};
    struct ws_report_curve *curves =
        WS_ARENA_NEW(source->arena, struct ws_report_curve, results->count + 1);
    if (!curves || !reading.curves)
        return ws_fail_memory(err, "the report");
    WS_TRY(take_headlines(source, out, err));
    for (size_t i = 0; i < results->count; i++) {
        const struct ws_curve *curve = &results->curves[i];
        if (!is_shown(curve->metric) || ws_source_arm(source, curve->arm) == source->run.arm_count)
            continue;
        struct ws_report_curve *taken = &curves[out->curve_count++];
        WS_TRY(take_curve(source, curve, taken, err));
        if (few && is_headline(out, curve->metric))
            WS_TRY(want_seeds(&reading, curve, taken, err));
    }
    out->curves = curves;
    return reading.count > 0 ? read_seeds(&reading, curves, out, err) : WS_OK;
}
