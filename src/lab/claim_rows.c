#include "lab/claim_rows.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "lab/results.h"

const char *ws_row_status_name(enum ws_row_status status)
{
    static const char *const names[] = {"skipped", "pass", "fail", "unverified"};
    return names[status];
}

/* What was seen of one chain. */
struct seen {
    double sum;
    double x, xx, xy; /* over generations: sums for a slope */
    size_t count;
};

/* A row and the chains that it is made of. */
struct row {
    const struct ws_claim *claim;
    const char *arm;
    uint32_t first, last;
    struct seen *seen; /* (seeds) */
};

struct measuring {
    const struct ws_experiment *experiment;
    struct ws_arena arena;
    struct row *rows;
    size_t row_count;
    struct ws_form_setting setting; /* of closed forms; n is set for each row */
};

/* Records ---------------------------------------------------------------------------------------
 */

static double power_of(const struct ws_claim *claim, double value)
{
    return claim->power == 1 ? value : pow(value, claim->power);
}

static bool is_of_metric(const struct ws_claim *claim, const char *metric)
{
    for (size_t m = 0; m < claim->metric.count; m++)
        if (strcmp(claim->metric.items[m], metric) == 0)
            return true;
    return false;
}

static void see(struct row *row, const struct ws_record *record)
{
    const struct ws_claim *claim = row->claim;
    struct seen *seen = &row->seen[record->place.seed - 1];
    seen->count++;
    if (claim->over == WS_OVER_AT) {
        seen->sum += record->value;
    } else if (claim->over == WS_OVER_COUNT) {
        seen->sum += power_of(claim, record->value) > claim->above;
    } else {
        double x = record->place.generation, y = power_of(claim, record->value);
        seen->sum += y;
        seen->x += x;
        seen->xx += x * x;
        seen->xy += x * y;
    }
}

static enum ws_status visit(void *user, const struct ws_record *record, struct ws_error *err)
{
    struct measuring *m = user;
    (void)err;
    uint32_t generation = record->place.generation;
    for (size_t i = 0; i < m->row_count; i++) {
        struct row *row = &m->rows[i];
        if (generation >= row->first && generation <= row->last &&
            record->place.seed <= m->experiment->settings.seeds &&
            is_of_metric(row->claim, record->metric) && strcmp(row->arm, record->place.arm) == 0)
            see(row, record);
    }
    return WS_OK;
}

/* A chain's number; NaN when something of it is missing. */
static double value_of(const struct row *row, const struct seen *seen)
{
    const struct ws_claim *claim = row->claim;
    double n = (double)seen->count, value;
    if (seen->count == 0 || (claim->over == WS_OVER_AT && seen->count != claim->metric.count))
        return NAN;
    switch ((enum ws_claim_over)claim->over) {
    case WS_OVER_AT:
        value = power_of(claim, seen->sum);
        break;
    case WS_OVER_MEAN:
        value = seen->sum / n;
        break;
    case WS_OVER_SLOPE:
        value = (n * seen->xy - seen->x * seen->sum) / (n * seen->xx - seen->x * seen->x);
        break;
    case WS_OVER_COUNT:
    default:
        value = seen->sum;
        break;
    }
    return claim->shift + claim->scale * value;
}

/* Estimates ------------------------------------------------------------------------------------ */

static double *values_of(struct measuring *m, const struct row *row)
{
    size_t seeds = (size_t)m->experiment->settings.seeds;
    double *values = WS_ARENA_NEW(&m->arena, double, seeds);
    for (size_t s = 0; values && s < seeds; s++)
        values[s] = value_of(row, &row->seen[s]);
    return values;
}

/* How many rows of records a row of the claim is made of: of a ratio first what is divided by, of a
 * minimum one for each arm. */
static size_t part_count(const struct ws_claim *claim)
{
    return claim->statistic == WS_STATISTIC_RATIO     ? 2
           : claim->statistic == WS_STATISTIC_MINIMUM ? claim->arms.count
                                                      : 1;
}

static enum ws_status estimate(struct measuring *m, const struct row *parts,
                               struct ws_estimate *out, struct ws_error *err)
{
    const struct ws_claim *claim = parts->claim;
    size_t count = (size_t)m->experiment->settings.seeds, part_total = part_count(claim);
    double **part_values = WS_ARENA_NEW(&m->arena, double *, part_total);
    double *means = WS_ARENA_NEW(&m->arena, double, part_total);
    if (!part_values || !means)
        return ws_fail_memory(err, "the rows");
    for (size_t i = 0; i < part_total; i++) {
        part_values[i] = values_of(m, &parts[i]);
        if (!part_values[i])
            return ws_fail_memory(err, "the rows");
    }
    double *values = part_values[part_total - 1];
    switch ((enum ws_claim_statistic)claim->statistic) {
    case WS_STATISTIC_MEAN:
        *out = ws_estimate_mean(values, count);
        break;
    case WS_STATISTIC_MEDIAN:
        *out = ws_estimate_quantile(values, count, 0.5);
        break;
    case WS_STATISTIC_DEVIATION:
        *out = ws_estimate_deviation(values, count);
        break;
    case WS_STATISTIC_QUANTILE:
        *out = ws_estimate_quantile(values, count, claim->level);
        break;
    case WS_STATISTIC_SHARE:
        *out = ws_estimate_share(values, count, claim->above);
        break;
    case WS_STATISTIC_RATIO:
        *out = ws_estimate_ratio(values, part_values[0], count);
        break;
    case WS_STATISTIC_MINIMUM:
        *out = ws_estimate_minimum(claim->place_values, part_values, part_total, count, means);
        break;
    case WS_STATISTIC_CHI_SQUARED:
    default:
        *out = ws_estimate_chi_squared(values, count, claim->cell_values, claim->cell_shares,
                                       claim->cells.count, 1e-9);
        break;
    }
    return WS_OK;
}

static enum ws_status expect(struct measuring *m, const struct ws_claim *claim,
                             const struct ws_claim_row *row, struct ws_expected *out,
                             struct ws_error *err)
{
    *out = row->expected;
    if (!row->is_form)
        return WS_OK;
    struct ws_form_setting setting = m->setting;
    setting.n = row->last + claim->ahead;
    return ws_form_value(&row->form, &setting, &m->arena, &out->value, err);
}

static enum ws_row_status judge(const struct ws_claim *claim, const struct ws_judgement *judgement)
{
    if (claim->basis == WS_BASIS_MEMORY)
        return WS_ROW_UNVERIFIED;
    return judgement->holds && judgement->resolves ? WS_ROW_PASS : WS_ROW_FAIL;
}

static enum ws_status measure_row(struct measuring *m, const struct row *parts,
                                  const struct ws_claim_row *wanted, struct ws_row_result *out,
                                  struct ws_error *err)
{
    const struct ws_claim *claim = parts->claim;
    struct ws_row_result result;
    WS_TRY(estimate(m, parts, &result.measured, err));
    WS_TRY(expect(m, claim, wanted, &result.expected, err));
    result.judgement = ws_tolerance_judge(&claim->tolerance, &result.expected, &result.measured);
    /* Estimates leave out chains without a number: what is left says nothing of all of them. */
    if (result.measured.count < m->experiment->settings.seeds)
        result.judgement.holds = false;
    result.status = judge(claim, &result.judgement);
    *out = result;
    return WS_OK;
}

/* Rows of an experiment -------------------------------------------------------------------------
 */

/* Which rows are to be measured. */
struct selection {
    size_t experiment;
    enum ws_tier tier;
};

static bool is_selected(const struct selection *selection, const struct ws_claim_row *row)
{
    return row->experiment == selection->experiment && row->tier <= selection->tier;
}

static enum ws_status add_row(struct measuring *m, struct row row, struct ws_error *err)
{
    size_t seeds = (size_t)m->experiment->settings.seeds;
    row.seen = WS_ARENA_ZNEW(&m->arena, struct seen, seeds);
    if (!row.seen)
        return ws_fail_memory(err, "the rows");
    m->rows[m->row_count++] = row;
    return WS_OK;
}

static enum ws_status add_parts(struct measuring *m, const struct ws_claim *claim,
                                const struct ws_claim_row *row, struct ws_error *err)
{
    uint32_t base = (uint32_t)claim->base;
    if (claim->statistic == WS_STATISTIC_MINIMUM) {
        for (size_t a = 0; a < claim->arms.count; a++)
            WS_TRY(add_row(
                m, (struct row){claim, claim->arms.items[a], row->first, row->last, NULL}, err));
        return WS_OK;
    }
    if (claim->statistic == WS_STATISTIC_RATIO)
        WS_TRY(add_row(m, (struct row){claim, row->arm, base, base, NULL}, err));
    return add_row(m, (struct row){claim, row->arm, row->first, row->last, NULL}, err);
}

static enum ws_status plan_rows(struct measuring *m, const struct ws_reproduction *r,
                                const struct selection *selection, struct ws_error *err)
{
    size_t most = 0;
    for (size_t c = 0; c < r->claim_count; c++)
        most += r->claims[c].row_count * part_count(&r->claims[c]);
    m->rows = WS_ARENA_NEW(&m->arena, struct row, most);
    if (!m->rows)
        return ws_fail_memory(err, "the rows");
    for (size_t c = 0; c < r->claim_count; c++)
        for (size_t i = 0; i < r->claims[c].row_count; i++)
            if (is_selected(selection, &r->claims[c].rows[i]))
                WS_TRY(add_parts(m, &r->claims[c], &r->claims[c].rows[i], err));
    return WS_OK;
}

/* The original data of the first seed, type by type, when there are types. */
static enum ws_status count_types(struct measuring *m, const struct ws_human *human,
                                  struct ws_error *err)
{
    struct ws_deal deal;
    struct ws_payload *counts = WS_ARENA_NEW(&m->arena, struct ws_payload, 1);
    if (!counts)
        return ws_fail_memory(err, "the rows");
    if (ws_human_shape(human)->kind == WS_DATA_VECTORS)
        return WS_OK;
    WS_TRY(ws_human_deal(human, 1, &m->arena, &deal, err));
    WS_TRY(ws_dataset_type_counts(&deal.original, &m->arena, counts, err));
    m->setting.counts = counts->counts.count;
    m->setting.types = counts->counts.size;
    return WS_OK;
}

static enum ws_status measure_rows(struct measuring *m, const struct ws_reproduction *r,
                                   const struct selection *selection, struct ws_row_result *results,
                                   struct ws_error *err)
{
    const struct row *row = m->rows;
    for (size_t c = 0; c < r->claim_count; c++) {
        const struct ws_claim *claim = &r->claims[c];
        for (size_t i = 0; i < claim->row_count; i++) {
            if (!is_selected(selection, &claim->rows[i]))
                continue;
            enum ws_status status =
                measure_row(m, row, &claim->rows[i], &results[claim->first_row + i], err);
            row += part_count(claim);
            if (status != WS_OK)
                ws_error_prefix(err, "'%.100s'", claim->title);
            WS_TRY(status);
        }
    }
    return WS_OK;
}

static enum ws_status measure(struct measuring *m, const struct ws_reproduction *r,
                              const struct selection *selection, const char *directory,
                              const struct ws_human *human, struct ws_row_result *results,
                              struct ws_error *err)
{
    WS_TRY(plan_rows(m, r, selection, err));
    if (m->row_count == 0)
        return WS_OK;
    WS_TRY(count_types(m, human, err));
    WS_TRY(ws_results_visit(directory, m->arena.allocator, visit, m, err));
    return measure_rows(m, r, selection, results, err);
}

enum ws_status ws_claim_rows_measure(const struct ws_reproduction *reproduction, size_t experiment,
                                     enum ws_tier tier, const char *directory,
                                     const struct ws_human *human,
                                     const struct ws_allocator *allocator,
                                     struct ws_row_result *results, struct ws_error *err)
{
    struct measuring m = {.experiment = &reproduction->experiments[experiment].experiment};
    const struct selection selection = {experiment, tier};
    assert(experiment < reproduction->experiment_count);
    ws_arena_init(&m.arena, allocator);
    enum ws_status status = measure(&m, reproduction, &selection, directory, human, results, err);
    ws_arena_release(&m.arena);
    return status;
}
