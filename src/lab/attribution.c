#include "lab/attribution.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "lab/results.h"
#include "measure/metric.h"
#include "measure/metric_need.h"
#include "measure/summary.h"

enum {
    METRICS_MOST = 64,
    RESAMPLES = 1000,
    /* Quantities that have intervals: the total, then the shares, then the interactions. */
    SHARES = 1,
    INTERACTIONS = SHARES + WS_ERROR_SOURCES,
    QUANTITIES = INTERACTIONS + WS_INTERACTIONS,
};

/* Arithmetic ----------------------------------------------------------------------------------- */

const unsigned ws_interaction_sets[WS_INTERACTIONS] = {3, 5, 6, 7};

static int size_of(unsigned set)
{
    return __builtin_popcount(set);
}

/* What the set adds beyond all that its parts add. */
static double dividend(const double v[WS_ERROR_SETS], unsigned set)
{
    double sum = 0;
    for (unsigned part = 0; part <= set; part++)
        if ((part & set) == part)
            sum += (size_of(set) - size_of(part)) % 2 ? -v[part] : v[part];
    return sum;
}

/* Of the orders in which errors can be added one by one, the share in which error `i` comes right
 * after those of a set of `before`, out of 3. Sets that differ by nothing give exactly 0. */
static double share_of_orders(int before)
{
    return before == 1 ? 1.0 / 6 : 1.0 / 3;
}

void ws_attribution_shares(const double v[WS_ERROR_SETS], double shares[WS_ERROR_SOURCES])
{
    for (unsigned i = 0; i < WS_ERROR_SOURCES; i++) {
        shares[i] = 0;
        for (unsigned set = 0; set < WS_ERROR_SETS; set++)
            if (!(set & 1u << i))
                shares[i] += share_of_orders(size_of(set)) * (v[set | 1u << i] - v[set]);
    }
}

void ws_attribution_interactions(const double v[WS_ERROR_SETS], double out[WS_INTERACTIONS])
{
    for (size_t i = 0; i < WS_INTERACTIONS; i++)
        out[i] = dividend(v, ws_interaction_sets[i]);
}

/* e(n) - e(r n) is gone, and e(r n) is e(n) / r or e(n) / sqrt(r). */
void ws_attribution_left(double gone, double ratio, struct ws_left *out)
{
    out->low = fabs(gone) / (ratio - 1);
    out->high = fabs(gone) / (sqrt(ratio) - 1);
    const double beyond = out->noise > 0 ? out->high / out->noise : 0;
    out->wanted = beyond > 1 ? ceil((double)out->factor * beyond * beyond) : 0;
}

/* Values --------------------------------------------------------------------------------------- */

/* What runs measured: of each metric a number for each of (run, arm, generation, seed), NaN where
 * there is none. */
struct values {
    const struct ws_counterfactuals *counterfactuals;
    const struct ws_attribution_query *query;
    const struct ws_experiment *experiment; /* with all errors */
    const char *metrics[METRICS_MOST];
    const char *definitions[METRICS_MOST];
    unsigned runs_with[METRICS_MOST]; /* bit r: run r has it */
    size_t metric_count;
    size_t seeds, generations, measure_every;
    double *numbers[METRICS_MOST];
    size_t run; /* that is being read */
    struct ws_arena *arena;
};

/* Of all seeds. */
static double *numbers_of(const struct values *v, size_t run, size_t arm, size_t metric,
                          uint32_t generation)
{
    size_t g = (generation - v->query->first) / v->measure_every;
    return v->numbers[metric] +
           ((run * v->experiment->arm_count + arm) * v->generations + g) * v->seeds;
}

static enum ws_status add_metric(struct values *v, const struct ws_record *record,
                                 struct ws_error *err)
{
    const size_t m = v->metric_count;
    size_t count = v->counterfactuals->count * v->experiment->arm_count * v->generations * v->seeds;
    v->metrics[m] = ws_arena_text(v->arena, record->metric);
    v->definitions[m] = ws_arena_text(v->arena, record->definition);
    v->numbers[m] = WS_ARENA_NEW(v->arena, double, count);
    if (!v->metrics[m] || !v->definitions[m] || !v->numbers[m])
        return ws_fail_memory(err, "the attribution");
    for (size_t i = 0; i < count; i++)
        v->numbers[m][i] = NAN;
    v->metric_count++;
    return WS_OK;
}

/* The arms of all counterfactuals are among those of the first. */
static size_t number_of_arm(const struct values *v, const char *name)
{
    size_t a = 0;
    while (a + 1 < v->experiment->arm_count && strcmp(v->experiment->arms[a].name, name) != 0)
        a++;
    return a;
}

static bool has_arm(const struct ws_experiment *e, const char *name)
{
    for (size_t a = 0; a < e->arm_count; a++)
        if (strcmp(e->arms[a].name, name) == 0)
            return true;
    return false;
}

/* What is measured of human samples does not depend on models. */
static bool is_of_humans(const char *metric)
{
    static const char human[] = "_human";
    const size_t size = strlen(metric), tail = sizeof human - 1;
    return size > tail && strcmp(metric + size - tail, human) == 0;
}

/* "l2-squared.mixture.first/1", "perplexity.sample.under-first/1" */
bool ws_attribution_is_of_truth(const char *definition)
{
    return !strstr(definition, "first");
}

/* "support.original/1": against items of which there are more where more stand for a population, so
 * that it would change by their number alone. */
static bool is_of_fewer_items(const struct values *v, const char *definition)
{
    return v->counterfactuals->approximate[WS_ERROR_STATISTICAL] && strstr(definition, ".original");
}

/* Parts of a whole, "mix/human" and the like, are no losses. */
static bool is_wanted(const struct values *v, const struct ws_record *record)
{
    uint32_t generation = record->place.generation;
    return !strchr(record->metric, '/') && !is_of_humans(record->metric) &&
           ws_attribution_is_of_truth(record->definition) &&
           !is_of_fewer_items(v, record->definition) && record->place.seed <= v->seeds &&
           generation >= v->query->first && generation <= v->query->last &&
           (!v->query->metric || strcmp(record->metric, v->query->metric) == 0);
}

/* METRICS_MOST where it is none of the first run's, or has another definition. */
static size_t number_of_metric(const struct values *v, const struct ws_record *record)
{
    for (size_t m = 0; m < v->metric_count; m++)
        if (strcmp(v->metrics[m], record->metric) == 0)
            return strcmp(v->definitions[m], record->definition) == 0 ? m : METRICS_MOST;
    return METRICS_MOST;
}

static bool is_known(const struct values *v, const char *metric)
{
    for (size_t m = 0; m < v->metric_count; m++)
        if (strcmp(v->metrics[m], metric) == 0)
            return true;
    return false;
}

static enum ws_status take(void *user, const struct ws_record *record, struct ws_error *err)
{
    struct values *v = user;
    if (!is_wanted(v, record))
        return WS_OK;
    if (v->run == 0 && v->metric_count < METRICS_MOST && !is_known(v, record->metric))
        WS_TRY(add_metric(v, record, err));
    size_t m = number_of_metric(v, record);
    if (m == METRICS_MOST)
        return WS_OK;
    v->runs_with[m] |= 1u << v->run;
    size_t arm = number_of_arm(v, record->place.arm);
    numbers_of(v, v->run, arm, m, record->place.generation)[record->place.seed - 1] = record->value;
    return WS_OK;
}

static enum ws_status read_values(struct values *v, const char *const directories[],
                                  struct ws_error *err)
{
    const struct ws_counterfactuals *c = v->counterfactuals;
    for (v->run = 0; v->run < c->count; v->run++)
        WS_TRY(ws_results_visit(directories[v->run], v->arena->allocator, take, v, err));
    return WS_OK;
}

/* One row -------------------------------------------------------------------------------------- */

/* The seeds of one arm, metric and generation that have a value in every counterfactual. */
struct sample {
    double (*v)[WS_ERROR_SETS]; /* (count) */
    size_t count;
    size_t arm, metric;
    uint32_t generation;
};

static bool all_finite(const double v[WS_ERROR_SETS])
{
    for (unsigned set = 0; set < WS_ERROR_SETS; set++)
        if (!isfinite(v[set]))
            return false;
    return true;
}

static size_t run_of(const struct values *v, unsigned set, size_t arm)
{
    const struct ws_counterfactuals *c = v->counterfactuals;
    size_t r = 0;
    while (r + 1 < c->count && !((c->all[r].sets & 1u << set) &&
                                 has_arm(&c->all[r].experiment, v->experiment->arms[arm].name)))
        r++;
    return r;
}

static void gather(const struct values *v, const size_t runs[WS_ERROR_SETS], struct sample *sample)
{
    sample->count = 0;
    for (size_t s = 0; s < v->seeds; s++) {
        double *own = sample->v[sample->count];
        for (unsigned set = 0; set < WS_ERROR_SETS; set++)
            own[set] = numbers_of(v, runs[set], sample->arm, sample->metric, sample->generation)[s];
        sample->count += all_finite(own);
    }
}

static void share_out(const double v[WS_ERROR_SETS], double out[QUANTITIES])
{
    out[0] = v[WS_ALL_ERRORS] - v[0];
    ws_attribution_shares(v, out + SHARES);
    ws_attribution_interactions(v, out + INTERACTIONS);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static const double BEYOND = 0.025; /* on either side of an interval of 95 % */

/* What is shared out is linear in v: a seed's own shares average to those of the mean. */
static void find_intervals(const struct sample *sample, const uint32_t *picks,
                           double (*own)[QUANTITIES], double *resampled,
                           struct ws_shared_out out[QUANTITIES])
{
    const size_t n = sample->count;
    for (size_t s = 0; s < n; s++)
        share_out(sample->v[s], own[s]);
    for (size_t q = 0; q < QUANTITIES; q++) {
        for (size_t b = 0; b < RESAMPLES; b++) {
            double sum = 0;
            for (size_t s = 0; s < n; s++)
                sum += own[picks[b * n + s]][q];
            resampled[b] = sum / (double)n;
        }
        qsort(resampled, RESAMPLES, sizeof *resampled, compare);
        out[q].low = ws_quantile(resampled, RESAMPLES, BEYOND);
        out[q].high = ws_quantile(resampled, RESAMPLES, 1 - BEYOND);
    }
}

/* Which seeds resamples are of; made anew where the number of seeds differs from the one before. */
struct picks {
    uint32_t *seeds; /* (RESAMPLES, count) */
    size_t count;
};

static void pick_seeds(struct picks *picks, size_t count)
{
    struct ws_rng rng;
    if (picks->count == count)
        return;
    ws_rng_init(&rng, ws_rng_key(WS_STREAM_METRIC, 0, 0, 0), 0);
    for (size_t i = 0; i < RESAMPLES * count; i++)
        picks->seeds[i] = (uint32_t)ws_rng_below(&rng, count);
    picks->count = count;
}

struct room {
    struct sample sample;
    struct picks picks;
    double (*own)[QUANTITIES];
    double *resampled;
};

static enum ws_status make_room(const struct values *v, struct room *out, struct ws_error *err)
{
    out->sample.v = ws_arena_alloc(v->arena, v->seeds + 1, sizeof *out->sample.v);
    out->picks.seeds = WS_ARENA_NEW(v->arena, uint32_t, RESAMPLES * v->seeds);
    out->picks.count = 0;
    out->own = ws_arena_alloc(v->arena, v->seeds, sizeof *out->own);
    out->resampled = WS_ARENA_NEW(v->arena, double, RESAMPLES);
    return out->sample.v && out->picks.seeds && out->own && out->resampled
               ? WS_OK
               : ws_fail_memory(err, "the attribution");
}

static void tell_left(const struct values *v, size_t arm, struct ws_attributed *row)
{
    const struct ws_policy *policy = &v->experiment->arms[arm].policy;
    const struct ws_shared_out *share = &row->shares[WS_ERROR_STATISTICAL];
    row->left.factor = ws_counterfactuals_factor(v->counterfactuals, policy);
    row->left.noise = (share->high - share->low) / 2;
    if (row->left.factor > 0)
        ws_attribution_left(share->value, (double)row->left.factor, &row->left);
}

static void attribute(const struct values *v, struct room *room, struct ws_attributed *out)
{
    const struct sample *sample = &room->sample;
    struct ws_shared_out parts[QUANTITIES];
    double means[WS_ERROR_SETS] = {0}, shared[QUANTITIES];
    for (size_t s = 0; s < sample->count; s++)
        for (unsigned set = 0; set < WS_ERROR_SETS; set++)
            means[set] += sample->v[s][set];
    for (unsigned set = 0; set < WS_ERROR_SETS; set++)
        means[set] /= (double)sample->count;
    share_out(means, shared);
    for (size_t q = 0; q < QUANTITIES; q++)
        parts[q] = (struct ws_shared_out){shared[q], NAN, NAN};
    if (sample->count >= WS_ATTRIBUTION_SEEDS) {
        pick_seeds(&room->picks, sample->count);
        find_intervals(sample, room->picks.seeds, room->own, room->resampled, parts);
    }
    *out = (struct ws_attributed){
        .arm = v->experiment->arms[sample->arm].name,
        .metric = v->metrics[sample->metric],
        .definition = v->definitions[sample->metric],
        .generation = sample->generation,
        .seeds = sample->count,
        .missing = v->seeds - sample->count,
        .total = parts[0],
    };
    memcpy(out->values, means, sizeof means);
    memcpy(out->shares, parts + SHARES, sizeof out->shares);
    memcpy(out->interactions, parts + INTERACTIONS, sizeof out->interactions);
    tell_left(v, sample->arm, out);
}

/* All rows ------------------------------------------------------------------------------------- */

static bool is_of_all(const struct values *v, size_t metric)
{
    return v->runs_with[metric] == (1u << v->counterfactuals->count) - 1;
}

/* A metric that no seed has at any generation, of an arm that has no such number, has no row. */
static void attribute_arm(const struct values *v, struct room *room, size_t arm,
                          struct ws_attribution *out)
{
    size_t runs[WS_ERROR_SETS];
    for (unsigned set = 0; set < WS_ERROR_SETS; set++)
        runs[set] = run_of(v, set, arm);
    room->sample.arm = arm;
    for (size_t m = 0; m < v->metric_count; m++)
        for (size_t g = 0; g < v->generations && is_of_all(v, m); g++) {
            room->sample.metric = m;
            room->sample.generation = v->query->first + (uint32_t)(g * v->measure_every);
            gather(v, runs, &room->sample);
            if (room->sample.count > 0)
                attribute(v, room, &out->rows[out->count++]);
        }
}

/* Whether what is asked for was measured and yet is not looked at. */
static bool is_left_out(const struct values *v)
{
    for (int m = 0; m < WS_METRIC_COUNT; m++) {
        const struct ws_metric *metric = ws_metric((enum ws_metric_id)m);
        if (strcmp(metric->name, v->query->metric) == 0)
            return is_of_fewer_items(v, metric->definition);
    }
    return false;
}

/* With the least that it takes, where it takes more than there may have been. */
static enum ws_status refuse_missing(const char *metric, struct ws_error *err)
{
    size_t count;
    const struct ws_metric_need *needs = ws_metric_needs(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t m = 0; m < needs[i].metric_count; m++)
            if (strcmp(ws_metric(needs[i].metrics[m])->name, metric) == 0)
                return ws_fail(err, WS_NOT_FOUND,
                               "the run has no metric '%.80s' at these generations; it wants "
                               "%" PRIu64 " or more %s",
                               metric, needs[i].least, needs[i].what);
    return ws_fail(err, WS_NOT_FOUND, "the run has no metric '%.80s' at these generations", metric);
}

static enum ws_status refuse(const struct values *v, struct ws_error *err)
{
    if (v->query->metric && is_left_out(v))
        return ws_fail(err, WS_NOT_FOUND,
                       "'%.80s' compares with the original items, and %" PRIu64
                       " times as many of them stand for a population here: it would tell their "
                       "number; wanted one of the truth or the reference",
                       v->query->metric, v->counterfactuals->factor);
    if (v->query->metric && v->metric_count == 0)
        return refuse_missing(v->query->metric, err);
    for (size_t m = 0; m < v->metric_count; m++)
        if (is_of_all(v, m))
            return ws_fail(err, WS_NOT_FOUND,
                           "no seed has a finite '%.80s' with and without each error, nor any "
                           "other metric that is looked at; earlier generations may have, and so "
                           "may metrics of samples: give metric_items",
                           v->metrics[m]);
    return ws_fail(err, WS_NOT_FOUND,
                   "no metric is measured alike with and without each error: other families have "
                   "other parameters. Metrics of samples are: give metric_items and test_items");
}

static enum ws_status attribute_all(struct values *v, struct ws_attribution *out,
                                    struct ws_error *err)
{
    struct room room;
    const size_t arms = v->experiment->arm_count;
    out->rows =
        WS_ARENA_NEW(v->arena, struct ws_attributed, arms * v->metric_count * v->generations);
    if (!out->rows && v->metric_count > 0)
        return ws_fail_memory(err, "the attribution");
    WS_TRY(make_room(v, &room, err));
    for (size_t a = 0; a < arms; a++)
        attribute_arm(v, &room, a, out);
    return out->count > 0 ? WS_OK : refuse(v, err);
}

enum ws_status ws_attribution_read(const struct ws_counterfactuals *counterfactuals,
                                   const char *const directories[],
                                   const struct ws_attribution_query *query, struct ws_arena *arena,
                                   struct ws_attribution *out, struct ws_error *err)
{
    const struct ws_experiment *experiment = &counterfactuals->all[0].experiment;
    /* The first generation from `first` on that is measured. */
    const uint64_t every = experiment->settings.measure_every;
    struct ws_attribution_query measured = *query;
    measured.first = (uint32_t)((query->first + every - 1) / every * every);
    if (measured.first > measured.last)
        return ws_fail(err, WS_INVALID, "generation %u is not measured: measure_every is %u",
                       query->first, (unsigned)every);
    struct values values = {
        .counterfactuals = counterfactuals,
        .query = &measured,
        .experiment = experiment,
        .seeds = experiment->settings.seeds,
        .generations = (measured.last - measured.first) / every + 1,
        .measure_every = every,
        .arena = arena,
    };
    *out = (struct ws_attribution){.seeds = experiment->settings.seeds};
    WS_TRY(read_values(&values, directories, err));
    return attribute_all(&values, out, err);
}

/* Two factors ---------------------------------------------------------------------------------- */

static bool is_same_row(const struct ws_attributed *a, const struct ws_attributed *b)
{
    return a->generation == b->generation && strcmp(a->metric, b->metric) == 0 &&
           strcmp(a->arm, b->arm) == 0;
}

/* Both are in the same order, but either may lack rows. */
void ws_attribution_compare(struct ws_attribution *attribution, const struct ws_attribution *before)
{
    size_t next = 0;
    for (size_t i = 0; i < attribution->count; i++) {
        struct ws_attributed *row = &attribution->rows[i];
        size_t at = next;
        while (at < before->count && !is_same_row(row, &before->rows[at]))
            at++;
        if (at == before->count || before->rows[at].left.factor >= row->left.factor)
            continue;
        const struct ws_attributed *smaller = &before->rows[at];
        ws_attribution_left(row->shares[WS_ERROR_STATISTICAL].value -
                                smaller->shares[WS_ERROR_STATISTICAL].value,
                            (double)row->left.factor / (double)smaller->left.factor, &row->left);
        next = at + 1;
    }
}

double ws_attribution_wanted(const struct ws_attribution *attribution)
{
    double most = 0;
    for (size_t i = 0; i < attribution->count; i++)
        most = fmax(most, attribution->rows[i].left.wanted);
    return most;
}
