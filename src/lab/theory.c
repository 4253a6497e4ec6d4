#include "lab/theory.h"

#include <math.h>
#include <string.h>

#include "measure/closed_form_name.h"

static const double ERRORS = 4;      /* standard errors that a mean may be off */
static const double ROUNDING = 1e-9; /* of what a form gives */
enum { SEEDS_OF_A_MEDIAN = 25 };     /* 4 sqrt(1/4 / 25) = 0.5 - 0.1 */

const char *ws_theory_verdict_name(enum ws_theory_verdict verdict)
{
    static const char *const names[] = {
        "agrees", "differs", "reached", "not reached", "not yet", "too few seeds", "no mean",
    };
    return names[verdict];
}

/* Judging ---------------------------------------------------------------------------------------
 */

double ws_theory_errors(double errors, size_t count)
{
    const double freedom = (double)count - 1;
    const double z = errors * (8 * freedom + 3) / (8 * freedom + 1);
    return sqrt(freedom * expm1(z * z / freedom));
}

/* Theory's variance over chains, by the mean's square. Of chains that end at 0 it is a bound, and
 * needed only where so many have ended that those left tell little of the others. */
static double spread_of(const struct ws_known_form *known, uint64_t n,
                        const struct ws_summary *summary, double expected)
{
    const bool needed = known->spread != WS_SPREAD_ENDING || summary->median <= 0;
    return needed ? ws_known_form_spread(known, n, expected / known->factor) : 0;
}

static bool is_bound(enum ws_form_kind kind)
{
    return kind == WS_FORM_AT_LEAST || kind == WS_FORM_AT_MOST;
}

/* What was measured lies between low and high. */
static enum ws_theory_verdict compare(const struct ws_theory_row *row, double low, double high,
                                      bool is_last)
{
    const bool above = low > row->expected, below = high < row->expected;
    const bool inside = row->kind == WS_FORM_AT_LEAST  ? !below
                        : row->kind == WS_FORM_AT_MOST ? !above
                                                       : !above && !below;
    if (row->kind != WS_FORM_LIMIT)
        return inside ? WS_THEORY_AGREES : WS_THEORY_DIFFERS;
    return !is_last ? WS_THEORY_NOT_YET : inside ? WS_THEORY_REACHED : WS_THEORY_NOT_REACHED;
}

static void judge_median(const struct ws_summary *summary, bool is_last, struct ws_theory_row *row)
{
    row->measured = summary->median;
    row->standard_error = NAN;
    row->allowed = NAN;
    if (summary->count < SEEDS_OF_A_MEDIAN) {
        row->verdict = WS_THEORY_TOO_FEW;
        row->seeds_wanted = SEEDS_OF_A_MEDIAN;
    } else {
        row->verdict = compare(row, summary->low, summary->high, is_last);
    }
}

static void judge_mean(const struct ws_known_form *known, uint64_t n,
                       const struct ws_summary *summary, bool is_last, struct ws_theory_row *row)
{
    const double seeds = (double)summary->count;
    row->measured = summary->mean;
    row->standard_error = summary->standard_error;
    row->allowed = NAN;
    if (!isfinite(row->measured)) {
        row->verdict = WS_THEORY_NO_MEAN;
        return;
    }
    if (summary->count < 2) {
        row->verdict = WS_THEORY_TOO_FEW;
        row->seeds_wanted = 2;
        return;
    }
    const double spread = spread_of(known, n, summary, row->expected);
    const double by_theory = fabs(row->expected) * sqrt(spread / seeds);
    row->allowed = fmax(ws_theory_errors(ERRORS, summary->count) * summary->standard_error,
                        ERRORS * by_theory) +
                   (known->left_out + ROUNDING) * fabs(row->expected);
    row->standard_error = fmax(row->standard_error, by_theory);
    if (ERRORS * ERRORS * spread > seeds && !is_bound(row->kind)) {
        row->verdict = WS_THEORY_TOO_FEW;
        row->seeds_wanted = ceil(ERRORS * ERRORS * spread);
        return;
    }
    row->verdict =
        compare(row, row->measured - row->allowed, row->measured + row->allowed, is_last);
}

void ws_theory_judge(const struct ws_known_form *known, uint64_t n, const struct ws_point *point,
                     bool is_last, struct ws_theory_row *row)
{
    row->generation = point->generation;
    row->seeds = point->summary.count;
    row->seeds_wanted = 0;
    if (row->of_median)
        judge_median(&point->summary, is_last, row);
    else
        judge_mean(known, n, &point->summary, is_last, row);
}

/* Expected numbers ------------------------------------------------------------------------------
 */

struct reader {
    const char *directory;
    struct ws_run_description run;
    struct ws_results results;
    struct ws_arena *arena;
    struct ws_arena scratch;
    size_t room; /* for rows */
    struct ws_theory *out;
    struct ws_error *err;
};

/* Adds the form's values with the counts of a deal. */
static enum ws_status add_deal(struct reader *r, const struct ws_human *human, uint64_t seed,
                               const struct ws_form_call *call, const uint64_t *n, size_t count,
                               double *sums)
{
    struct ws_arena life;
    struct ws_deal deal;
    struct ws_payload counts;
    double *values = NULL;
    ws_arena_init(&life, r->arena->allocator);
    enum ws_status status = ws_human_deal(human, seed, &life, &deal, r->err);
    if (status == WS_OK)
        status = ws_dataset_type_counts(&deal.original, &life, &counts, r->err);
    if (status == WS_OK && !(values = WS_ARENA_NEW(&life, double, count)))
        status = ws_fail_memory(r->err, "the theory");
    if (status == WS_OK) {
        const struct ws_form_setting setting = {1, counts.counts.count, counts.counts.size};
        status = ws_form_values(call, &setting, n, count, &r->scratch, values, r->err);
    }
    for (size_t i = 0; status == WS_OK && i < count; i++)
        sums[i] += values[i];
    ws_arena_release(&life);
    return status;
}

static enum ws_status add_deals(struct reader *r, struct ws_experiment *experiment,
                                const struct ws_form_call *call, const uint64_t *n, size_t count,
                                double *values)
{
    struct ws_human *human = NULL;
    WS_TRY(ws_experiment_open_human(experiment, r->arena->allocator, &human, r->err));
    enum ws_status status = ws_run_compare(&r->run, experiment, r->directory, r->err);
    memset(values, 0, count * sizeof *values);
    for (uint64_t seed = 1; status == WS_OK && seed <= r->run.seeds; seed++)
        status = add_deal(r, human, seed, call, n, count, values);
    for (size_t i = 0; i < count; i++)
        values[i] /= (double)r->run.seeds;
    ws_human_close(human);
    return status;
}

/* The mean over seeds, each of which deals its own original data. Without the corpus there is
 * none: WS_NOT_FOUND, and it is noted. */
static enum ws_status values_of_originals(struct reader *r, const struct ws_form_call *call,
                                          const uint64_t *n, size_t count, double *values)
{
    struct ws_experiment experiment;
    enum ws_status status =
        ws_run_experiment(r->directory, NULL, 0, r->arena->allocator, &experiment, r->err);
    if (status == WS_OK) {
        status = add_deals(r, &experiment, call, n, count, values);
        ws_experiment_release(&experiment);
    }
    if (status == WS_OK || status == WS_NO_MEMORY)
        return status;
    const char *why = status == WS_CONFLICT ? "it is another than the run was of"
                      : r->err              ? r->err->message
                                            : "it cannot be read";
    r->out->left_out = ws_arena_format(r->arena, "bounds of a vocabulary want its corpus: %s", why);
    return r->out->left_out ? WS_NOT_FOUND : ws_fail_memory(r->err, "the theory");
}

static enum ws_status make_room(struct reader *r, size_t more)
{
    if (r->out->count + more <= r->room)
        return WS_OK;
    const size_t room = 2 * (r->out->count + more);
    struct ws_theory_row *rows = WS_ARENA_NEW(r->arena, struct ws_theory_row, room);
    if (!rows)
        return ws_fail_memory(r->err, "the theory");
    if (r->out->count > 0)
        memcpy(rows, r->out->rows, r->out->count * sizeof *rows);
    r->out->rows = rows;
    r->room = room;
    return WS_OK;
}

static enum ws_status add_form(struct reader *r, const struct ws_curve *curve,
                               const struct ws_known_form *known)
{
    const size_t count = curve->point_count;
    uint64_t *n = WS_ARENA_NEW(r->arena, uint64_t, count);
    double *values = WS_ARENA_NEW(r->arena, double, count);
    const struct ws_form_setting setting = {.n = 1};
    struct ws_form_call call;
    if (!n || !values)
        return ws_fail_memory(r->err, "the theory");
    WS_TRY(ws_form_parse(known->form, &call, r->err));
    for (size_t i = 0; i < count; i++)
        n[i] = (known->stands ? 0 : (uint64_t)curve->points[i].generation) + known->ahead;
    enum ws_status status =
        known->of_original ? values_of_originals(r, &call, n, count, values)
                           : ws_form_values(&call, &setting, n, count, &r->scratch, values, r->err);
    if (status == WS_LIMIT || status == WS_NOT_FOUND) /* cannot be computed */
        return WS_OK;
    WS_TRY(status);
    WS_TRY(make_room(r, count));
    for (size_t i = 0; i < count; i++) {
        struct ws_theory_row *row = &r->out->rows[r->out->count++];
        *row = (struct ws_theory_row){
            .arm = curve->arm,
            .metric = curve->metric,
            .form = known->form,
            .source = known->source,
            .kind = known->kind,
            .of_median = known->of_median,
            .expected = known->factor * values[i],
        };
        ws_theory_judge(known, n[i], &curve->points[i], i + 1 == count, row);
    }
    return WS_OK;
}

static const struct ws_run_arm *find_arm(const struct ws_run_description *run, const char *name)
{
    for (size_t i = 0; i < run->arm_count; i++)
        if (strcmp(run->arms[i].name, name) == 0)
            return &run->arms[i];
    return NULL;
}

static enum ws_status add_curves(struct reader *r)
{
    for (size_t i = 0; i < r->results.count; i++) {
        const struct ws_curve *curve = &r->results.curves[i];
        const struct ws_run_arm *arm = find_arm(&r->run, curve->arm);
        struct ws_known_form known[WS_KNOWN_FORMS_MOST];
        size_t count = 0;
        if (!arm)
            continue;
        WS_TRY(ws_known_forms(&r->run, arm, curve->metric, r->arena, known, &count, r->err));
        for (size_t k = 0; k < count; k++)
            WS_TRY(add_form(r, curve, &known[k]));
    }
    return WS_OK;
}

enum ws_status ws_theory_read(const char *directory, struct ws_arena *arena, struct ws_theory *out,
                              struct ws_error *err)
{
    struct reader reader = {.directory = directory, .arena = arena, .out = out, .err = err};
    *out = (struct ws_theory){.count = 0};
    WS_TRY(ws_run_read(directory, arena, &reader.run, err));
    WS_TRY(ws_results_load(directory, arena, &reader.results, err));
    ws_arena_init(&reader.scratch, arena->allocator);
    enum ws_status status = add_curves(&reader);
    ws_arena_release(&reader.scratch);
    return status;
}
