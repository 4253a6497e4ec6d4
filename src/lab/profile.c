#include "lab/profile.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "lab/results.h"

enum { CANDIDATES_MOST = 6, METRICS_MOST = 32, SLOPE_POINTS = 4 };

/* What is made of a seed's values, so that it is above 0 where it is bad. */
enum look {
    LOOK_CHANGE,    /* how far the last is from the first */
    LOOK_DOUBLED,   /* how far the last is above twice the first */
    LOOK_LOG_TWICE, /* of logarithms: how far beyond log 2 it rose */
    LOOK_HALF_WAY,  /* of what is at most 1: how far beyond half the way there */
    LOOK_SLOPE,     /* the slope over the last half of the generations */
    LOOK_NOTHING,
};

/* A metric that tells, the first that a run has. */
struct candidate {
    const char *metric;
    enum look look;
    int bad; /* 1: high values are bad, -1: low ones */
};

const struct ws_definition ws_definitions[WS_DEFINITIONS] = {
    {"catastrophic increase of population risk",
     "perplexity or a squared distance doubles, log loss rises by log 2, variation goes half way "
     "to 1"},
    {"any increase of population risk", "the risk is higher at the last generation"},
    {"asymptotically diverging population risk",
     "the risk has a positive slope over the last half of the generations"},
    {"change in scaling law", "the risk falls more slowly with items: wants runs of several sizes"},
    {"collapsing variance", "variance or entropy is lower at the last generation"},
    {"disappearance of real modes", "fewer of the truth's modes are covered, or they are narrower"},
    {"disappearance of real tail data", "a smaller share of rare data is still made"},
    {"appearance of hallucinated data",
     "more of what is made lies outside the truth, or is unlikely under the first model"},
};

/* Risks, for three definitions. */
#define RISKS(change, doubled, log_twice, half_way)                                                \
    {                                                                                              \
        {"test_nll", log_twice, 1}, {"perplexity", doubled, 1}, {"excess_risk", doubled, 1},       \
            {"w2_squared", doubled, 1}, {"tv_truth", half_way, 1}, {"tv_reference", half_way, 1},  \
    }

static const struct candidate candidates[WS_DEFINITIONS][CANDIDATES_MOST] = {
    RISKS(LOOK_CHANGE, LOOK_DOUBLED, LOOK_LOG_TWICE, LOOK_HALF_WAY),
    RISKS(LOOK_CHANGE, LOOK_CHANGE, LOOK_CHANGE, LOOK_CHANGE),
    RISKS(LOOK_SLOPE, LOOK_SLOPE, LOOK_SLOPE, LOOK_SLOPE),
    {{NULL, LOOK_NOTHING, 0}},
    {{"log_variance", LOOK_CHANGE, -1},
     {"modal_variance_ratio", LOOK_CHANGE, -1},
     {"next_token_entropy", LOOK_CHANGE, -1},
     {"entropy_mm", LOOK_CHANGE, -1},
     {"heterozygosity", LOOK_CHANGE, -1}},
    {{"mode_coverage", LOOK_CHANGE, -1}, {"modal_variance_ratio", LOOK_CHANGE, -1}},
    {{"rare_kept", LOOK_CHANGE, -1},
     {"rare_trigram_kept", LOOK_CHANGE, -1},
     {"mass_lost_truth", LOOK_CHANGE, 1},
     {"support_kept", LOOK_CHANGE, -1}},
    {{"mode_quality", LOOK_CHANGE, -1}, {"own_text_perplexity", LOOK_CHANGE, 1}},
};

enum { CATASTROPHE = 0, VARIANCE = 4, TAIL = 6 };

const char *ws_verdict_name(enum ws_verdict verdict)
{
    static const char *const names[] = {"shown", "not shown", "too few", "not measured"};
    return names[verdict];
}

const char *ws_stage_name(enum ws_stage stage)
{
    static const char *const names[] = {"no collapse shown", "early collapse", "late collapse",
                                        "not known"};
    return names[stage];
}

/* Values --------------------------------------------------------------------------------------- */

/* Of each metric that some definition asks for: one number for each of (arm, generation, seed), NaN
 * where there is none. */
struct values {
    const struct ws_run_description *run;
    const char *metrics[METRICS_MOST];
    double *numbers[METRICS_MOST];
    size_t metric_count;
    size_t generations, seeds; /* generations that are measured */
    uint64_t every;
    struct ws_arena *arena;
};

static bool is_asked_for(const char *metric)
{
    for (size_t d = 0; d < WS_DEFINITIONS; d++)
        for (size_t c = 0; c < CANDIDATES_MOST && candidates[d][c].metric; c++)
            if (strcmp(candidates[d][c].metric, metric) == 0)
                return true;
    return false;
}

static size_t number_of(const struct values *v, const char *metric)
{
    size_t m = 0;
    while (m < v->metric_count && strcmp(v->metrics[m], metric) != 0)
        m++;
    return m;
}

static enum ws_status add_metric(struct values *v, const char *metric, struct ws_error *err)
{
    size_t count = v->run->arm_count * v->generations * v->seeds, m = v->metric_count;
    v->metrics[m] = ws_arena_text(v->arena, metric);
    v->numbers[m] = WS_ARENA_NEW(v->arena, double, count);
    if (!v->metrics[m] || !v->numbers[m])
        return ws_fail_memory(err, "the profile");
    for (size_t i = 0; i < count; i++)
        v->numbers[m][i] = NAN;
    v->metric_count++;
    return WS_OK;
}

/* (generations, seeds) */
static double *of_arm(const struct values *v, size_t metric, size_t arm)
{
    return v->numbers[metric] + arm * v->generations * v->seeds;
}

static enum ws_status take(void *user, const struct ws_record *record, struct ws_error *err)
{
    struct values *v = user;
    size_t arm = 0, g = record->place.generation / v->every;
    if (!is_asked_for(record->metric))
        return WS_OK;
    if (number_of(v, record->metric) == v->metric_count)
        WS_TRY(add_metric(v, record->metric, err));
    while (arm + 1 < v->run->arm_count && strcmp(v->run->arms[arm].name, record->place.arm) != 0)
        arm++;
    if (g < v->generations && record->place.seed <= v->seeds)
        of_arm(v, number_of(v, record->metric), arm)[g * v->seeds + record->place.seed - 1] =
            record->value;
    return WS_OK;
}

/* One row -------------------------------------------------------------------------------------- */

/* The least-squares slope of a seed's values over generations first .. last; NaN of fewer than
 * SLOPE_POINTS. */
static double slope_of(const double *values, size_t seeds, size_t first, size_t last)
{
    double n = (double)(last - first + 1), mean_x = (double)(first + last) / 2, mean_y = 0;
    double xy = 0, xx = 0;
    if (last + 1 < first + SLOPE_POINTS)
        return NAN;
    for (size_t g = first; g <= last; g++)
        mean_y += values[g * seeds] / n;
    for (size_t g = first; g <= last; g++) {
        double x = (double)g - mean_x;
        xy += x * (values[g * seeds] - mean_y);
        xx += x * x;
    }
    return xy / xx;
}

/* What a seed, whose values stand `seeds` apart, shows from generation 0 to `last`. */
static double look_at(const struct candidate *candidate, const double *values, size_t seeds,
                      size_t last)
{
    double begin = values[0], end = values[last * seeds];
    switch (candidate->look) {
    case LOOK_DOUBLED:
        return end - 2 * begin;
    case LOOK_LOG_TWICE:
        return end - begin - log(2);
    case LOOK_HALF_WAY:
        return end - (begin + 1) / 2;
    case LOOK_SLOPE:
        return candidate->bad * slope_of(values, seeds, (last + 1) / 2, last);
    default:
        /* Infinite both times: as bad as it was. */
        return begin == end ? 0 : candidate->bad * (end - begin);
    }
}

static struct ws_interval interval_at(const struct values *v, const struct candidate *candidate,
                                      const double *values, size_t last, double *scratch)
{
    for (size_t s = 0; s < v->seeds; s++)
        scratch[s] = look_at(candidate, values + s, v->seeds, last);
    return ws_median_interval(scratch, v->seeds, WS_INTERVAL_LEVEL);
}

static bool is_sure(const struct ws_interval *interval)
{
    return interval->count > 1 && interval->level >= WS_INTERVAL_LEVEL;
}

static bool is_bad(const struct ws_interval *interval)
{
    return is_sure(interval) && interval->low > 0;
}

static double median_at(const struct values *v, const double *values, size_t g, double *scratch)
{
    memcpy(scratch, values + g * v->seeds, v->seeds * sizeof *scratch);
    return ws_median_interval(scratch, v->seeds, WS_INTERVAL_LEVEL).estimate;
}

/* The first generation from which on it is bad until the last. */
static void find_since(const struct values *v, const struct candidate *candidate,
                       const double *values, double *scratch, struct ws_profile_row *row)
{
    size_t g = v->generations - 1;
    row->has_since = candidate->look != LOOK_SLOPE;
    while (row->has_since && g > 1) {
        struct ws_interval before = interval_at(v, candidate, values, g - 1, scratch);
        if (!is_bad(&before))
            break;
        g--;
    }
    row->since = (uint32_t)(g * v->every);
}

static void test_arm(const struct values *v, const struct candidate *candidate, size_t metric,
                     size_t arm, double *scratch, struct ws_profile_row *row)
{
    const double *values = of_arm(v, metric, arm);
    const size_t last = v->generations - 1;
    row->metric = v->metrics[metric];
    row->first = median_at(v, values, 0, scratch);
    row->last = median_at(v, values, last, scratch);
    row->bad = interval_at(v, candidate, values, last, scratch);
    row->verdict = !is_sure(&row->bad) ? WS_VERDICT_TOO_FEW
                   : is_bad(&row->bad) ? WS_VERDICT_SHOWN
                                       : WS_VERDICT_NOT_SHOWN;
    if (row->verdict == WS_VERDICT_SHOWN)
        find_since(v, candidate, values, scratch, row);
}

static bool has_values(const struct values *v, size_t metric, size_t arm)
{
    const double *values = of_arm(v, metric, arm);
    for (size_t s = 0; s < v->seeds; s++)
        if (!isnan(values[s]))
            return true;
    return false;
}

static void make_row(const struct values *v, size_t definition, size_t arm, double *scratch,
                     struct ws_profile_row *row)
{
    *row = (struct ws_profile_row){.definition = definition,
                                   .arm = v->run->arms[arm].name,
                                   .verdict = WS_VERDICT_NOT_MEASURED};
    for (size_t c = 0; c < CANDIDATES_MOST && candidates[definition][c].metric; c++) {
        size_t m = number_of(v, candidates[definition][c].metric);
        if (m < v->metric_count && has_values(v, m, arm)) {
            test_arm(v, &candidates[definition][c], m, arm, scratch, row);
            return;
        }
    }
}

/* Stages --------------------------------------------------------------------------------------- */

/* Whether the variance that is left is a tenth or less. */
static bool has_lost_variance(const struct ws_profile_row *row)
{
    if (row->verdict != WS_VERDICT_SHOWN)
        return false;
    return strcmp(row->metric, "log_variance") == 0 ? row->last - row->first <= log(0.1)
                                                    : row->last <= 0.1 * row->first;
}

static bool is_decided(const struct ws_profile_row *row)
{
    return row->verdict == WS_VERDICT_SHOWN || row->verdict == WS_VERDICT_NOT_SHOWN;
}

static enum ws_stage stage_of(const struct ws_profile_row *rows)
{
    if (rows[CATASTROPHE].verdict == WS_VERDICT_SHOWN || has_lost_variance(&rows[VARIANCE]))
        return WS_STAGE_LATE;
    if (rows[TAIL].verdict == WS_VERDICT_SHOWN)
        return WS_STAGE_EARLY;
    return is_decided(&rows[TAIL]) ? WS_STAGE_NONE : WS_STAGE_UNKNOWN;
}

/* Whole ---------------------------------------------------------------------------------------- */

static enum ws_status make_rows(const struct values *v, struct ws_profile *out,
                                struct ws_error *err)
{
    const size_t arms = v->run->arm_count;
    double *scratch = WS_ARENA_NEW(v->arena, double, v->seeds);
    out->rows = WS_ARENA_NEW(v->arena, struct ws_profile_row, arms * WS_DEFINITIONS);
    out->stages = WS_ARENA_NEW(v->arena, enum ws_stage, arms);
    out->arms = WS_ARENA_NEW(v->arena, const char *, arms);
    if (!scratch || !out->rows || !out->stages || !out->arms)
        return ws_fail_memory(err, "the profile");
    for (size_t a = 0; a < arms; a++) {
        for (size_t d = 0; d < WS_DEFINITIONS; d++)
            make_row(v, d, a, scratch, &out->rows[a * WS_DEFINITIONS + d]);
        out->stages[a] = stage_of(&out->rows[a * WS_DEFINITIONS]);
        out->arms[a] = v->run->arms[a].name;
    }
    out->arm_count = arms;
    out->last = (uint32_t)((v->generations - 1) * v->every);
    return WS_OK;
}

enum ws_status ws_profile_make(const char *directory, struct ws_arena *arena,
                               struct ws_profile *out, struct ws_error *err)
{
    struct ws_run_description run;
    struct values v = {.run = &run, .every = 1, .arena = arena};
    *out = (struct ws_profile){.arm_count = 0};
    WS_TRY(ws_run_read(directory, arena, &run, err));
    const char *every = ws_run_setting(&run, "measure_every");
    if (every && (!ws_whole_parse(every, &v.every) || v.every == 0))
        return ws_fail(err, WS_CORRUPT, "'%s': measure_every is '%.40s'", directory, every);
    v.generations = (run.generations - 1) / v.every + 1;
    v.seeds = run.seeds;
    if (v.generations < 2)
        return ws_fail(err, WS_NOT_FOUND,
                       "the run in '%s' has one measured generation: nothing can be seen to change",
                       directory);
    WS_TRY(ws_results_visit(directory, arena->allocator, take, &v, err));
    return make_rows(&v, out, err);
}
