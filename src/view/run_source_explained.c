#include <string.h>

#include "lab/attribution.h"
#include "lab/profile.h"
#include "lab/theory.h"
#include "view/run_source.h"

/* Profile -------------------------------------------------------------------------------------- */

static struct ws_report_verdict verdict_of(const struct ws_profile_row *row, size_t arm)
{
    return (struct ws_report_verdict){
        .definition = row->definition,
        .arm = arm,
        .verdict = ws_verdict_name(row->verdict),
        .metric = row->metric,
        .first = row->first,
        .last = row->last,
        .bad = row->bad.estimate,
        .low = row->bad.low,
        .high = row->bad.high,
        .seeds = row->bad.count,
        .has_since = row->has_since && row->verdict == WS_VERDICT_SHOWN,
        .since = row->since,
    };
}

/* What is asked of the metric that the first arm measured, or what would have to be measured. */
static const char *test_of(const struct ws_profile *profile, size_t definition)
{
    for (size_t a = 0; a < profile->arm_count; a++) {
        const char *test = profile->rows[a * WS_DEFINITIONS + definition].test;
        if (test)
            return test;
    }
    return ws_definitions[definition].wants;
}

static enum ws_status take_profile(const struct ws_run_source *source,
                                   const struct ws_profile *profile, struct ws_report_profile *out,
                                   struct ws_error *err)
{
    const size_t arms = profile->arm_count, count = arms * WS_DEFINITIONS;
    struct ws_report_definition *definitions =
        WS_ARENA_NEW(source->arena, struct ws_report_definition, WS_DEFINITIONS);
    struct ws_report_verdict *verdicts =
        WS_ARENA_NEW(source->arena, struct ws_report_verdict, count);
    const char **stages = WS_ARENA_NEW(source->arena, const char *, arms);
    if (!definitions || !verdicts || !stages)
        return ws_fail_memory(err, "the report");
    for (size_t d = 0; d < WS_DEFINITIONS; d++)
        definitions[d] = (struct ws_report_definition){ws_definitions[d].name, test_of(profile, d)};
    for (size_t i = 0; i < count; i++)
        verdicts[i] = verdict_of(&profile->rows[i], i / WS_DEFINITIONS);
    for (size_t a = 0; a < arms; a++)
        stages[a] = ws_stage_name(profile->stages[a]);
    *out = (struct ws_report_profile){definitions, WS_DEFINITIONS, verdicts,     count,
                                      stages,      profile->first, profile->last};
    return WS_OK;
}

static enum ws_status read_profile(const struct ws_run_source *source, struct ws_report_run *out,
                                   struct ws_error *err)
{
    struct ws_profile profile;
    enum ws_status status = ws_profile_make(source->directory, source->arena, &profile, err);
    if (status == WS_NOT_FOUND) /* one generation */
        return WS_OK;
    if (status != WS_OK)
        return ws_source_bear(source, status, out, err);
    for (size_t a = 0; a < profile.arm_count; a++)
        out->damage = profile.damage[a] ? profile.damage[a] : out->damage;
    return take_profile(source, &profile, &out->profile, err);
}

/* Theory --------------------------------------------------------------------------------------- */

static bool is_same_form(const struct ws_theory_row *a, const struct ws_theory_row *b)
{
    return strcmp(a->arm, b->arm) == 0 && strcmp(a->metric, b->metric) == 0 &&
           strcmp(a->form, b->form) == 0;
}

static enum ws_status take_form(const struct ws_run_source *source,
                                const struct ws_theory_row *rows, size_t count,
                                struct ws_report_theory *out, struct ws_error *err)
{
    double *columns = WS_ARENA_NEW(source->arena, double, 4 * count);
    if (!columns)
        return ws_fail_memory(err, "the report");
    *out = (struct ws_report_theory){
        .arm = ws_source_arm(source, rows->arm),
        .metric = rows->metric,
        .form = rows->form,
        .of_median = rows->of_median,
        .verdict = ws_theory_verdict_name(rows[count - 1].verdict),
        .count = count,
        .generations = columns,
        .measured = columns + count,
        .standard_error = columns + 2 * count,
        .expected = columns + 3 * count,
    };
    for (size_t i = 0; i < count; i++) {
        columns[i] = (double)rows[i].generation;
        columns[count + i] = rows[i].measured;
        columns[2 * count + i] = rows[i].standard_error;
        columns[3 * count + i] = rows[i].expected;
        out->agree += rows[i].verdict == WS_THEORY_AGREES;
        out->differ += rows[i].verdict == WS_THEORY_DIFFERS;
    }
    return WS_OK;
}

static enum ws_status read_theory(const struct ws_run_source *source, struct ws_report_run *out,
                                  struct ws_error *err)
{
    struct ws_theory theory;
    WS_TRY(ws_theory_read(source->directory, source->arena, &theory, err));
    struct ws_report_theory *forms =
        WS_ARENA_NEW(source->arena, struct ws_report_theory, theory.count + 1);
    if (!forms)
        return ws_fail_memory(err, "the report");
    out->theory = forms;
    for (size_t i = 0, length; i < theory.count; i += length) {
        length = 1;
        while (i + length < theory.count && is_same_form(&theory.rows[i], &theory.rows[i + length]))
            length++;
        WS_TRY(take_form(source, &theory.rows[i], length, &forms[out->theory_count++], err));
    }
    return WS_OK;
}

enum ws_status ws_source_explained(const struct ws_run_source *source, struct ws_report_run *out,
                                   struct ws_error *err)
{
    WS_TRY(read_profile(source, out, err));
    return read_theory(source, out, err);
}

/* Attribution ---------------------------------------------------------------------------------- */

static struct ws_report_share share_of(const struct ws_shared_out *shared)
{
    return (struct ws_report_share){shared->value, shared->low, shared->high};
}

/* Names are copied: they are the counterfactual experiments', which end before the report does. */
static enum ws_status take_attributed(const struct ws_run_source *source,
                                      const struct ws_attributed *row,
                                      struct ws_report_attributed *out, struct ws_error *err)
{
    *out = (struct ws_report_attributed){
        .arm = ws_arena_text(source->arena, row->arm),
        .metric = ws_arena_text(source->arena, row->metric),
        .definition = ws_arena_text(source->arena, row->definition),
        .generation = row->generation,
        .seeds = row->seeds,
        .total = share_of(&row->total),
    };
    for (size_t e = 0; e < WS_REPORT_ERRORS; e++)
        out->shares[e] = share_of(&row->shares[e]);
    return out->arm && out->metric && out->definition ? WS_OK : ws_fail_memory(err, "the report");
}

static enum ws_status take_attribution(const struct ws_run_source *source,
                                       const struct ws_counterfactuals *counterfactuals,
                                       const struct ws_attribution *attribution,
                                       struct ws_report_attribution *out, struct ws_error *err)
{
    struct ws_report_attributed *rows =
        WS_ARENA_NEW(source->arena, struct ws_report_attributed, attribution->count);
    if (!rows)
        return ws_fail_memory(err, "the report");
    for (size_t e = 0; e < WS_REPORT_ERRORS; e++) {
        out->names[e] = ws_error_source_name((enum ws_error_source)e);
        out->how[e] = ws_arena_text(source->arena, counterfactuals->how[e]);
        if (!out->how[e])
            return ws_fail_memory(err, "the report");
    }
    for (size_t i = 0; i < attribution->count; i++)
        WS_TRY(take_attributed(source, &attribution->rows[i], &rows[i], err));
    out->rows = rows;
    out->row_count = attribution->count;
    return WS_OK;
}

/* The first has all errors: it is the run itself, which 'attribute RUN' makes no second time. */
static enum ws_status read_runs(const struct ws_run_source *source,
                                const struct ws_counterfactuals *counterfactuals,
                                const char *directory, struct ws_report_attribution *out,
                                struct ws_error *err)
{
    struct ws_attribution attribution;
    const char *directories[WS_COUNTERFACTUALS_MOST] = {source->directory};
    const struct ws_attribution_query query = {.last = (uint32_t)(source->run.generations - 1)};
    for (size_t i = 1; i < counterfactuals->count; i++) {
        directories[i] = ws_run_path(source->arena, directory, counterfactuals->all[i].name);
        if (!directories[i])
            return ws_fail_memory(err, "the report");
    }
    WS_TRY(ws_attribution_read(counterfactuals, directories, &query, source->arena, &attribution,
                               err));
    return take_attribution(source, counterfactuals, &attribution, out, err);
}

static enum ws_status attribute(const struct ws_run_source *source,
                                struct ws_experiment *experiment, const char *directory,
                                uint64_t factor, struct ws_report_attribution *out,
                                struct ws_error *err)
{
    struct ws_counterfactuals counterfactuals;
    struct ws_human *human;
    WS_TRY(ws_experiment_open_human(experiment, NULL, &human, err));
    enum ws_status status = ws_counterfactuals_find(
        experiment, human, factor, directory, source->arena->allocator, &counterfactuals, err);
    ws_human_close(human);
    WS_TRY(status);
    status = read_runs(source, &counterfactuals, directory, out, err);
    ws_counterfactuals_release(&counterfactuals);
    return status;
}

enum ws_status ws_source_attribution(const struct ws_run_source *source,
                                     const char *counterfactuals, uint64_t factor,
                                     struct ws_report_attribution *out, struct ws_error *err)
{
    struct ws_experiment experiment;
    WS_TRY(
        ws_run_experiment(source->directory, NULL, 0, source->arena->allocator, &experiment, err));
    enum ws_status status = attribute(source, &experiment, counterfactuals, factor, out, err);
    ws_experiment_release(&experiment);
    return status;
}
