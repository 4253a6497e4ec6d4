#include "lab/profile.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "lab/results.h"

enum {
    CANDIDATES_MOST = 9,
    METRICS_MOST = 40,
    SIZES_LEAST = 3,       /* of a scaling law */
    POINTS_LEAST = 3,      /* that a line is laid through */
    GENERATIONS_LEAST = 8, /* whose second quarter has so many */
};

/* What is made of a seed's values, so that it is above 0 where it is bad. */
enum look {
    LOOK_CHANGE,         /* how far the last is from the first */
    LOOK_DOUBLED,        /* how far the last is above twice the first, both beside the level */
    LOOK_LOG_TWICE,      /* of logarithms: how far beyond log 2 it rose */
    LOOK_HALF_WAY,       /* how far it went beyond half of the first's distance from the level */
    LOOK_DIVERGES,       /* how far the latest rise is beyond what a curve with an end would have */
    LOOK_LAW,            /* how far an exponent went, where the risk of the largest size rose */
    LOOK_BEYOND_CONTROL, /* how far it is from the first and from the control, the lesser of both */
    LOOK_TENTH,          /* how far below a tenth of the first the last is */
    LOOK_ROOT_TENTH,     /* the same of a root */
    LOOK_LOG_TENTH,      /* the same of a logarithm */
    LOOK_NOTHING,
};

/* A metric that tells. */
struct candidate {
    const char *metric;
    enum look look;
    int bad; /* 1: high values are bad, -1: low ones */
    const char *test;
};

#define WANTS_RISK "a risk: held-out data (test_items), or samples of a known truth"
const struct ws_definition ws_definitions[WS_DEFINITIONS] = {
    {"catastrophic increase of population risk", WANTS_RISK},
    {"any increase of population risk", WANTS_RISK},
    {"asymptotically diverging population risk", WANTS_RISK},
    {"change in scaling law", "a risk, and three sizes in one run: items=[100, 200, 400]"},
    {"collapsing variance", "samples: metric_items (of vectors 20 or more)"},
    {"disappearance of real modes", "vectors (metric_items: 100 or more), or 20 texts or more"},
    {"disappearance of real tail data",
     "metric_items and test_items (of vectors 19 or more), or a known truth"},
    {"appearance of hallucinated data",
     "vectors (metric_items: 100 or more), or texts and a control arm"},
};

static const char doubles[] = "doubles";
static const char error_doubles[] = "the error of predictions, their noise included, doubles";
static const char half_way_to_1[] = "goes half of the way to 1, where nothing is in common";

static const struct candidate catastrophes[CANDIDATES_MOST] = {
    {"test_nll", LOOK_LOG_TWICE, 1, "rises by log 2: real data are half as likely"},
    {"perplexity", LOOK_DOUBLED, 1, doubles},
    {"excess_risk", LOOK_DOUBLED, 1, error_doubles},
    {"design_risk", LOOK_DOUBLED, 1, error_doubles},
    {"w2_squared", LOOK_HALF_WAY, 1,
     "goes half of the way to the truth's variance, that of a single point"},
    {"tv_truth", LOOK_HALF_WAY, 1, half_way_to_1},
    {"tv_reference", LOOK_HALF_WAY, 1, half_way_to_1},
    {"accuracy_truth", LOOK_HALF_WAY, -1, "goes half of the way to one half, that of guesses"},
};

/* The risks, for other questions. */
#define RISKS(look, test)                                                                          \
    {                                                                                              \
        {"test_nll", look, 1, test}, {"perplexity", look, 1, test},                                \
            {"excess_risk", look, 1, test}, {"design_risk", look, 1, test},                        \
            {"w2_squared", look, 1, test}, {"tv_truth", look, 1, test},                            \
            {"tv_reference", look, 1, test}, {"accuracy_truth", look, -1, test},                   \
    }
static const struct candidate increases[CANDIDATES_MOST] =
    RISKS(LOOK_CHANGE, "is worse at the last generation than at the first");
static const struct candidate divergences[CANDIDATES_MOST] =
    RISKS(LOOK_DIVERGES, "rises in the second half of fits by over 3/4 of its rise in the "
                         "quarter before");

/* Laws c of risk ~ items^-c; of a log loss, which has a least value that is not known, the part of
 * the likelihood. Risks of which 0 is the least come first. */
static const char exponent[] =
    "c of risk ~ items^-c is another, and the risk at the largest size higher";
static const char plateau[] =
    "c of perplexity ~ items^-c is another, and that of the largest size higher";
static const struct candidate laws[CANDIDATES_MOST] = {
    {"excess_risk", LOOK_LAW, -1, exponent}, {"design_risk", LOOK_LAW, -1, exponent},
    {"w2_squared", LOOK_LAW, -1, exponent},  {"mass_lost_truth", LOOK_LAW, -1, exponent},
    {"tv_truth", LOOK_LAW, -1, exponent},    {"perplexity", LOOK_LAW, -1, plateau},
    {"test_nll", LOOK_LAW, -1, plateau},
};

static const char lower[] = "is lower at the last generation than at the first";
static const struct candidate variances[CANDIDATES_MOST] = {
    {"log_variance", LOOK_CHANGE, -1, lower},
    {"entropy_mm", LOOK_CHANGE, -1, lower},
    {"heterozygosity", LOOK_CHANGE, -1, lower},
    {"vendi_1", LOOK_CHANGE, -1, lower},
    {"modal_variance_ratio", LOOK_CHANGE, -1, lower},
    {"spread_most", LOOK_CHANGE, -1, "the widest part is narrower at the last generation"},
    {"both_alive", LOOK_CHANGE, -1, "all that is made is 0, or 1, at the last generation"},
    {"alive", LOOK_CHANGE, -1, "all that is made is 0 at the last generation"},
};

/* Row by row the same metrics, and whether a tenth is left. */
static const struct candidate lost_variances[CANDIDATES_MOST] = {
    {"log_variance", LOOK_LOG_TENTH, -1, ""},
    {"entropy_mm", LOOK_LOG_TENTH, -1, ""}, /* of how many types there are, in effect */
    {"heterozygosity", LOOK_TENTH, -1, ""},
    {"vendi_1", LOOK_TENTH, -1, ""},
    {"modal_variance_ratio", LOOK_TENTH, -1, ""},
    {"spread_most", LOOK_ROOT_TENTH, -1, ""},
    {"both_alive", LOOK_TENTH, -1, ""},
    {"alive", LOOK_TENTH, -1, ""},
};

static const struct candidate modes[CANDIDATES_MOST] = {
    {"mode_coverage", LOOK_CHANGE, -1, "fewer of the truth's modes are covered"},
    {"recall", LOOK_CHANGE, -1, "fewer human items lie in the reach of what is made"},
    {"mauve", LOOK_CHANGE, -1, "clusters of texts are shared less with human texts"},
};

static const struct candidate tails[CANDIDATES_MOST] = {
    {"rare_kept", LOOK_CHANGE, -1, "fewer of the reference's rare types are made"},
    {"rare_trigram_kept", LOOK_CHANGE, -1, "fewer of the reference's rare trigrams are made"},
    {"quantile_recall", LOOK_CHANGE, -1,
     "less lies beyond the reference's 5 % quantiles, at the end that has less"},
    {"mass_lost_truth", LOOK_CHANGE, 1, "more of the truth is not made"},
    {"support_kept", LOOK_CHANGE, -1, "fewer of the original's types are made"},
};

static const struct candidate hallucinations[CANDIDATES_MOST] = {
    {"mode_quality", LOOK_CHANGE, -1, "less of what is made lies within the truth's modes"},
    {"precision", LOOK_CHANGE, -1, "less of what is made lies in the reach of human items"},
    {"own_text_perplexity", LOOK_BEYOND_CONTROL, 1,
     "text is less likely to the first model than before, and than the control's"},
};

static const struct candidate *const candidates[WS_DEFINITIONS] = {
    catastrophes, increases, divergences, laws, variances, modes, tails, hallucinations};

enum { CATASTROPHE = 0, DIVERGENCE = 2, TAIL = 6 };

const char *ws_verdict_name(enum ws_verdict verdict)
{
    static const char *const names[] = {"shown", "not shown", "too few", "not measured"};
    return names[verdict];
}

const char *ws_stage_name(enum ws_stage stage)
{
    static const char *const names[] = {"neither shown", "early collapse", "late collapse",
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
    const char **damage; /* (arms), as of struct ws_profile */
    struct ws_arena *arena;
};

/* Both ends of a tail are one metric here, the lesser of them: a shift fills one end and empties
 * the other. */
static const char *name_here(const char *metric)
{
    bool end =
        strcmp(metric, "quantile_recall_low") == 0 || strcmp(metric, "quantile_recall_high") == 0;
    return end ? "quantile_recall" : metric;
}

static bool is_asked_for(const char *metric)
{
    for (size_t d = 0; d < WS_DEFINITIONS; d++)
        for (size_t c = 0; candidates[d][c].metric; c++)
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

/* `count` numbers, none of which is there yet; NULL when memory is out. */
static double *new_numbers(const struct values *v, size_t count)
{
    double *numbers = WS_ARENA_NEW(v->arena, double, count);
    for (size_t i = 0; numbers && i < count; i++)
        numbers[i] = NAN;
    return numbers;
}

static enum ws_status add_metric(struct values *v, const char *metric, struct ws_error *err)
{
    size_t m = v->metric_count;
    v->metrics[m] = ws_arena_text(v->arena, metric);
    v->numbers[m] = new_numbers(v, v->run->arm_count * v->generations * v->seeds);
    if (!v->metrics[m] || !v->numbers[m])
        return ws_fail_memory(err, "the profile");
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
    const char *metric = name_here(record->metric);
    size_t arm = 0, g = record->place.generation / v->every;
    /* A sample of one item, which experiments that want none take, tells of no distribution. */
    if (!is_asked_for(metric) || record->n < 2)
        return WS_OK;
    if (number_of(v, metric) == v->metric_count)
        WS_TRY(add_metric(v, metric, err));
    while (arm + 1 < v->run->arm_count && strcmp(v->run->arms[arm].name, record->place.arm) != 0)
        arm++;
    if (g >= v->generations || record->place.seed > v->seeds)
        return WS_OK;
    double *value = of_arm(v, number_of(v, metric), arm) + g * v->seeds + (record->place.seed - 1);
    if (isnan(*value) || record->value < *value)
        *value = record->value;
    return WS_OK;
}

static enum ws_status lose(void *user, const struct ws_lost_chains *lost, struct ws_error *err)
{
    struct values *v = user;
    for (size_t a = 0; a < v->run->arm_count; a++) {
        if (strcmp(v->run->arms[a].name, lost->arm) != 0 || v->damage[a])
            continue;
        v->damage[a] = ws_arena_text(v->arena, lost->why);
        if (!v->damage[a])
            return ws_fail_memory(err, "the profile");
    }
    return WS_OK;
}

static bool has_values(const struct values *v, const double *values)
{
    for (size_t s = 0; s < v->seeds; s++)
        if (!isnan(values[s]))
            return true;
    return false;
}

/* Settings of arms ----------------------------------------------------------------------------- */

static const char *setting_of(const struct values *v, size_t arm, const char *name)
{
    const struct ws_run_arm *a = &v->run->arms[arm];
    for (size_t i = 0; i < a->varied_count; i++)
        if (strcmp(a->varied[i].name, name) == 0)
            return a->varied[i].value;
    return ws_run_setting(v->run, name);
}

static double number_of_setting(const struct values *v, size_t arm, const char *name)
{
    const char *text = setting_of(v, arm, name);
    double number;
    return text && ws_real_parse(text, &number) ? number : NAN;
}

/* What the metric is where nothing is known (half-way tests), or what stands beside it in the whole
 * (doubling). NaN where the run does not say. */
static double level_of(const struct values *v, const char *metric, size_t arm)
{
    if (strcmp(metric, "w2_squared") == 0)
        return number_of_setting(v, arm, "variance") * number_of_setting(v, arm, "dimension");
    if (strcmp(metric, "excess_risk") == 0 || strcmp(metric, "design_risk") == 0)
        return number_of_setting(v, arm, "noise_variance");
    if (strcmp(metric, "accuracy_truth") == 0)
        return 0.5;
    return strncmp(metric, "tv_", 3) == 0 ? 1 : 0;
}

/* The number of the control with the settings of `arm`; that of all arms where there is none. */
static size_t control_of(const struct ws_run_description *run, size_t arm)
{
    size_t a = 0;
    while (a < run->arm_count && (strcmp(run->arms[a].policy, "control") != 0 ||
                                  strcmp(run->arms[a].variation, run->arms[arm].variation) != 0))
        a++;
    return a;
}

/* Lines ---------------------------------------------------------------------------------------- */

/* The least-squares slope of y against x; NaN where they are no numbers. */
static double slope_of(const double *x, const double *y, size_t count)
{
    double mean_x = 0, mean_y = 0, xy = 0, xx = 0;
    for (size_t i = 0; i < count; i++) {
        mean_x += x[i] / (double)count;
        mean_y += y[i] / (double)count;
    }
    for (size_t i = 0; i < count; i++) {
        xy += (x[i] - mean_x) * (y[i] - mean_y);
        xx += (x[i] - mean_x) * (x[i] - mean_x);
    }
    return xy / xx;
}

/* What a seed's values are tested with. */
struct question {
    const struct values *v;
    const struct candidate *candidate;
    const double *values;  /* (generations, seeds) */
    const double *control; /* likewise, of the control or, of laws, the largest size; or NULL */
    double level;
    double *scratch; /* (seeds) */
    double *x, *y;   /* (generations), for lines */
};

/* The rise along a line through the generations whose number of fits, from 1 on, lies from `from`
 * to `to` times that of generation `last`; NaN of fewer than POINTS_LEAST. */
static double rise(const struct question *q, size_t seed, size_t last, double from, double to)
{
    double fits = (double)(last * q->v->every + 1);
    size_t count = 0;
    for (size_t g = 0; g <= last; g++) {
        double fit = (double)(g * q->v->every + 1);
        if (fit < from * fits || fit > to * fits)
            continue;
        q->x[count] = fit;
        q->y[count++] = q->values[g * q->v->seeds + seed];
    }
    return count < POINTS_LEAST ? NAN : slope_of(q->x, q->y, count) * (to - from) * fits;
}

/* A curve that goes on as the logarithm of fits rises as much in each doubling of them, one that
 * comes to its end as 1 - 1/fits half as much as in the doubling before. */
static double divergence(const struct question *q, size_t seed, size_t last)
{
    const int bad = q->candidate->bad;
    double end = bad * q->values[last * q->v->seeds + seed];
    if (end == INFINITY)
        return INFINITY;
    double late = bad * rise(q, seed, last, 0.5, 1), before = bad * rise(q, seed, last, 0.25, 0.5);
    return isnan(before) ? NAN : fmin(late, late - 0.75 * before);
}

/* Infinite both times: as bad as it was. */
static double change(double begin, double end)
{
    return begin == end ? 0 : end - begin;
}

static bool rose(const struct question *q, size_t seed, size_t last)
{
    return q->control[last * q->v->seeds + seed] > q->control[seed];
}

/* What the seed shows from generation 0 to `last`. */
static double look_at(const struct question *q, size_t seed, size_t last)
{
    const struct candidate *candidate = q->candidate;
    const double begin = q->values[seed], end = q->values[last * q->v->seeds + seed];
    const int bad = candidate->bad;
    switch (candidate->look) {
    case LOOK_DOUBLED:
        return end - 2 * begin - q->level;
    case LOOK_LOG_TWICE:
        return end - begin - log(2);
    case LOOK_HALF_WAY:
        return bad * (end - begin) - fabs(q->level - begin) / 2;
    case LOOK_DIVERGES:
        return divergence(q, seed, last);
    case LOOK_LAW:
        return rose(q, seed, last) ? bad * (end - begin) : fmin(bad * (end - begin), 0);
    case LOOK_BEYOND_CONTROL:
        return fmin(bad * change(begin, end),
                    bad * change(q->control[last * q->v->seeds + seed], end));
    case LOOK_TENTH:
        return begin / 10 - end;
    case LOOK_ROOT_TENTH:
        return begin / sqrt(10) - end;
    case LOOK_LOG_TENTH:
        return change(end, begin) - log(10);
    default:
        return bad * change(begin, end);
    }
}

/* Intervals ------------------------------------------------------------------------------------ */

static struct ws_interval interval_at(const struct question *q, size_t last)
{
    for (size_t s = 0; s < q->v->seeds; s++)
        q->scratch[s] = look_at(q, s, last);
    return ws_median_interval(q->scratch, q->v->seeds, WS_INTERVAL_LEVEL);
}

static bool is_sure(const struct ws_interval *interval)
{
    return interval->count > 1 && interval->level >= WS_INTERVAL_LEVEL;
}

static bool is_bad(const struct ws_interval *interval)
{
    return is_sure(interval) && interval->low > 0;
}

static double median_at(const struct question *q, size_t g)
{
    memcpy(q->scratch, q->values + g * q->v->seeds, q->v->seeds * sizeof *q->scratch);
    return ws_median_interval(q->scratch, q->v->seeds, WS_INTERVAL_LEVEL).estimate;
}

/* The first generation from which on it is bad until the last. */
static void find_since(const struct question *q, struct ws_profile_row *row)
{
    size_t g = q->v->generations - 1;
    row->has_since = q->candidate->look != LOOK_DIVERGES;
    while (row->has_since && g > 1) {
        struct ws_interval before = interval_at(q, g - 1);
        if (!is_bad(&before))
            break;
        g--;
    }
    row->since = (uint32_t)(g * q->v->every);
}

static const char *what_would_do(const struct question *q)
{
    if (q->candidate->look == LOOK_DIVERGES && q->v->generations < GENERATIONS_LEAST)
        return "8 measured generations would do";
    return q->v->seeds < 6 ? "6 seeds would do" : "6 seeds with finite numbers would do";
}

static void answer(const struct question *q, struct ws_profile_row *row)
{
    const size_t last = q->v->generations - 1;
    row->metric = q->candidate->metric;
    row->test = q->candidate->test;
    row->first = median_at(q, 0);
    row->last = median_at(q, last);
    row->bad = interval_at(q, last);
    row->verdict = !is_sure(&row->bad) ? WS_VERDICT_TOO_FEW
                   : is_bad(&row->bad) ? WS_VERDICT_SHOWN
                                       : WS_VERDICT_NOT_SHOWN;
    if (row->verdict == WS_VERDICT_TOO_FEW)
        row->would_do = what_would_do(q);
    else if (row->verdict == WS_VERDICT_SHOWN)
        find_since(q, row);
}

/* Scaling laws --------------------------------------------------------------------------------- */

/* Whether two arms differ in `items` alone. */
static bool differ_in_items(const struct ws_run_arm *a, const struct ws_run_arm *b)
{
    if (strcmp(a->policy, b->policy) != 0 || a->varied_count != b->varied_count)
        return false;
    for (size_t i = 0; i < a->varied_count; i++)
        if (strcmp(a->varied[i].name, "items") != 0 &&
            strcmp(a->varied[i].value, b->varied[i].value) != 0)
            return false;
    return true;
}

/* Arms of several sizes, and what their exponents are computed in. */
struct sizes {
    size_t *arms; /* (count) */
    double *x, *y;
    size_t count;
};

static bool is_new_size(const struct sizes *sizes, double x)
{
    for (size_t i = 0; i < sizes->count; i++)
        if (sizes->x[i] == x)
            return false;
    return x > 0;
}

static enum ws_status find_sizes(const struct values *v, size_t arm, struct sizes *out,
                                 struct ws_error *err)
{
    const size_t most = v->run->arm_count;
    *out = (struct sizes){.arms = WS_ARENA_NEW(v->arena, size_t, most),
                          .x = WS_ARENA_NEW(v->arena, double, most),
                          .y = WS_ARENA_NEW(v->arena, double, most)};
    if (!out->arms || !out->x || !out->y)
        return ws_fail_memory(err, "the profile");
    for (size_t a = 0; a < most; a++) {
        double x = log(number_of_setting(v, a, "items"));
        if (v->damage[a] || !differ_in_items(&v->run->arms[a], &v->run->arms[arm]) ||
            !is_new_size(out, x))
            continue;
        out->arms[out->count] = a;
        out->x[out->count++] = x;
    }
    return WS_OK;
}

static size_t largest_of(const struct sizes *sizes)
{
    size_t largest = 0;
    for (size_t i = 1; i < sizes->count; i++)
        if (sizes->x[i] > sizes->x[largest])
            largest = i;
    return sizes->arms[largest];
}

/* The exponents of each generation and seed. A log loss is a logarithm already. */
static void fit_exponents(const struct values *v, size_t metric, const struct sizes *sizes,
                          double *out)
{
    bool is_log = strcmp(v->metrics[metric], "test_nll") == 0;
    for (size_t at = 0; at < v->generations * v->seeds; at++) {
        for (size_t i = 0; i < sizes->count; i++) {
            double risk = of_arm(v, metric, sizes->arms[i])[at];
            sizes->y[i] = is_log ? risk : log(risk);
        }
        double slope = slope_of(sizes->x, sizes->y, sizes->count);
        out[at] = isfinite(slope) ? -slope : NAN;
    }
}

/* A law that gets flatter is another one, and so is one that gets steeper: small sizes lost more.
 */
static void answer_either_way(struct question *q, struct ws_profile_row *row)
{
    answer(q, row);
    if (row->verdict != WS_VERDICT_NOT_SHOWN)
        return;
    const struct candidate *flatter = q->candidate;
    struct candidate steeper = *flatter;
    struct ws_profile_row other = *row;
    steeper.bad = -flatter->bad;
    q->candidate = &steeper;
    answer(q, &other);
    q->candidate = flatter;
    if (other.verdict == WS_VERDICT_SHOWN)
        *row = other;
}

/* The same for all arms of one law; the first of them computes it. */
static enum ws_status make_scaling_row(const struct values *v, size_t arm, struct question *q,
                                       struct ws_profile *out, struct ws_error *err)
{
    struct ws_profile_row *row = &out->rows[arm * WS_DEFINITIONS + WS_DEFINITION_SCALING];
    struct sizes sizes;
    WS_TRY(find_sizes(v, arm, &sizes, err));
    if (sizes.count < SIZES_LEAST)
        return WS_OK;
    if (sizes.arms[0] < arm) {
        const struct ws_profile_row *first =
            &out->rows[sizes.arms[0] * WS_DEFINITIONS + WS_DEFINITION_SCALING];
        const char *name = row->arm;
        *row = *first;
        row->arm = name;
        return WS_OK;
    }
    for (size_t c = 0; laws[c].metric; c++) {
        size_t m = number_of(v, laws[c].metric);
        if (m == v->metric_count || !has_values(v, of_arm(v, m, arm)))
            continue;
        double *exponents = new_numbers(v, v->generations * v->seeds);
        if (!exponents)
            return ws_fail_memory(err, "the profile");
        fit_exponents(v, m, &sizes, exponents);
        q->candidate = &laws[c];
        q->values = exponents;
        q->control = of_arm(v, m, largest_of(&sizes));
        answer_either_way(q, row);
        return WS_OK;
    }
    return WS_OK;
}

/* Rows ----------------------------------------------------------------------------------------- */

/* Whether the candidate can be asked of the arm. */
static bool ask(const struct values *v, const struct candidate *candidate, size_t arm,
                struct question *q)
{
    size_t m = number_of(v, candidate->metric), control = control_of(v->run, arm);
    q->candidate = candidate;
    q->level = level_of(v, candidate->metric, arm);
    q->control = NULL;
    if (m == v->metric_count || !has_values(v, of_arm(v, m, arm)))
        return false;
    q->values = of_arm(v, m, arm);
    if (control < v->run->arm_count && !v->damage[control])
        q->control = of_arm(v, m, control);
    return candidate->look == LOOK_BEYOND_CONTROL
               ? q->control != NULL
               : !isnan(q->level) ||
                     (candidate->look != LOOK_DOUBLED && candidate->look != LOOK_HALF_WAY);
}

static void make_row(const struct values *v, size_t arm, const struct candidate *list,
                     struct question *q, struct ws_profile_row *row)
{
    for (size_t c = 0; list[c].metric; c++)
        if (ask(v, &list[c], arm, q)) {
            answer(q, row);
            return;
        }
}

static bool is_decided(const struct ws_profile_row *row)
{
    return row->verdict == WS_VERDICT_SHOWN || row->verdict == WS_VERDICT_NOT_SHOWN;
}

static enum ws_stage stage_of(const struct ws_profile_row *rows, bool has_lost_variance)
{
    if (rows[CATASTROPHE].verdict == WS_VERDICT_SHOWN || has_lost_variance)
        return WS_STAGE_LATE;
    if (rows[TAIL].verdict == WS_VERDICT_SHOWN)
        return WS_STAGE_EARLY;
    return is_decided(&rows[TAIL]) ? WS_STAGE_NONE : WS_STAGE_UNKNOWN;
}

static enum ws_status make_arm(const struct values *v, size_t arm, struct question *q,
                               struct ws_profile *out, struct ws_error *err)
{
    struct ws_profile_row *rows = &out->rows[arm * WS_DEFINITIONS], lost = {.metric = NULL};
    for (size_t d = 0; d < WS_DEFINITIONS; d++) {
        rows[d] = (struct ws_profile_row){.definition = d,
                                          .arm = v->run->arms[arm].name,
                                          .verdict = WS_VERDICT_NOT_MEASURED,
                                          .group = arm};
        if (v->damage[arm])
            continue;
        if (d == WS_DEFINITION_SCALING)
            WS_TRY(make_scaling_row(v, arm, q, out, err));
        else
            make_row(v, arm, candidates[d], q, &rows[d]);
    }
    if (!v->damage[arm])
        make_row(v, arm, lost_variances, q, &lost);
    out->stages[arm] = stage_of(rows, lost.metric && lost.verdict == WS_VERDICT_SHOWN);
    out->arms[arm] = v->run->arms[arm].name;
    return WS_OK;
}

static enum ws_status make_rows(const struct values *v, struct ws_profile *out,
                                struct ws_error *err)
{
    const size_t arms = v->run->arm_count;
    struct question q = {.v = v,
                         .scratch = WS_ARENA_NEW(v->arena, double, v->seeds),
                         .x = WS_ARENA_NEW(v->arena, double, v->generations),
                         .y = WS_ARENA_NEW(v->arena, double, v->generations)};
    out->rows = WS_ARENA_NEW(v->arena, struct ws_profile_row, arms * WS_DEFINITIONS);
    out->stages = WS_ARENA_NEW(v->arena, enum ws_stage, arms);
    out->arms = WS_ARENA_NEW(v->arena, const char *, arms);
    if (!q.scratch || !q.x || !q.y || !out->rows || !out->stages || !out->arms)
        return ws_fail_memory(err, "the profile");
    for (size_t a = 0; a < arms; a++)
        WS_TRY(make_arm(v, a, &q, out, err));
    out->arm_count = arms;
    out->last = (uint32_t)((v->generations - 1) * v->every);
    return WS_OK;
}

enum ws_status ws_profile_make(const char *directory, struct ws_arena *arena,
                               struct ws_profile *out, struct ws_error *err)
{
    struct values v = {.run = &out->run, .every = 1, .arena = arena};
    *out = (struct ws_profile){.arm_count = 0};
    WS_TRY(ws_run_read(directory, arena, &out->run, err));
    const char *every = ws_run_setting(&out->run, "measure_every");
    if (every && (!ws_whole_parse(every, &v.every) || v.every == 0))
        return ws_fail(err, WS_CORRUPT, "'%s': measure_every is '%.40s'", directory, every);
    v.generations = (out->run.generations - 1) / v.every + 1;
    v.seeds = out->run.seeds;
    if (v.generations < 2)
        return ws_fail(err, WS_NOT_FOUND,
                       "the run in '%s' has one measured generation: nothing can be seen to change",
                       directory);
    v.damage = out->damage = WS_ARENA_ZNEW(arena, const char *, out->run.arm_count);
    if (!v.damage)
        return ws_fail_memory(err, "the profile");
    const struct ws_results_visitor visitor = {take, lose, &v};
    WS_TRY(ws_results_visit_whole(directory, arena->allocator, &visitor, err));
    return make_rows(&v, out, err);
}
