#include <stdio.h>

#include "cli/command.h"
#include "cli/study.h"

/* Memory that is out shows when the whole is written: a member that is missing makes `json` NULL.
 */
static json_t *with(json_t *json, const char *name, json_t *value)
{
    if (json && value && json_object_set_new(json, name, value) == 0)
        return json;
    if (!json)
        json_decref(value);
    json_decref(json);
    return NULL;
}

static json_t *metrics_json(const struct ws_claim *claim)
{
    json_t *metrics = json_array();
    for (size_t m = 0; metrics && m < claim->metric.count; m++)
        if (json_array_append_new(metrics, json_string(claim->metric.items[m])) != 0) {
            json_decref(metrics);
            return NULL;
        }
    return metrics;
}

/* What the row is about. */
static json_t *subject_json(const struct ws_reproduction *r, const struct ws_claim *claim,
                            const struct ws_claim_row *row)
{
    json_t *json = with(json_object(), "preset", json_string(r->name));
    json = with(json, "claim", json_string(claim->title));
    json = with(json, "row", json_string(row->label));
    json = with(json, "experiment", json_string(r->experiments[row->experiment].experiment.name));
    json = with(json, "arm", json_string(row->arm));
    json = with(json, "metric", metrics_json(claim));
    json = with(json, "generation", json_integer((json_int_t)row->first));
    json = with(json, "last_generation", json_integer((json_int_t)row->last));
    json = with(json, "over", json_string(ws_over_name(claim->over)));
    json = with(json, "statistic", json_string(ws_statistic_name(claim->statistic)));
    json = with(json, "tolerance", json_string(claim->tolerance_text));
    json = with(json, "source", json_string(claim->source));
    return with(json, "basis", json_string(ws_basis_name(claim->basis)));
}

static json_t *with_numbers(json_t *json, const struct ws_row_result *result)
{
    json = with(json, "measured", ws_json_real(result->measured.value));
    json = with(json, "standard_error", ws_json_real(result->measured.standard_error));
    json = with(json, "chains", json_integer((json_int_t)result->measured.count));
    json = with(json, "expected", ws_json_real(result->expected.value));
    json = with(json, "expected_error", ws_json_real(result->expected.standard_error));
    json = with(json, "low", ws_json_real(result->judgement.low));
    json = with(json, "high", ws_json_real(result->judgement.high));
    return with(json, "resolves", json_boolean(result->judgement.resolves));
}

static json_t *row_json(const struct study *study, const struct ws_claim *claim, size_t i)
{
    const struct ws_claim_row *row = &claim->rows[i];
    const struct ws_row_result *result = &study->results[claim->first_row + i];
    const char *why = study->skipped[row->experiment];
    json_t *json = subject_json(&study->reproduction, claim, row);
    if (why)
        json = with(json, "why", json_string(why));
    else
        json = with_numbers(json, result);
    return with(json, "status", json_string(ws_row_status_name(result->status)));
}

static void append_rows(json_t **rows, const struct study *study, enum ws_tier tier)
{
    for (size_t c = 0; c < study->reproduction.claim_count; c++) {
        const struct ws_claim *claim = &study->reproduction.claims[c];
        for (size_t r = 0; r < claim->row_count; r++)
            if (claim->rows[r].tier <= tier)
                ws_json_add(rows, row_json(study, claim, r));
    }
}

enum ws_status studies_print_json(const struct study *studies, size_t count, enum ws_tier tier,
                                  const struct study_tally *tally, struct ws_error *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++)
        append_rows(&rows, &studies[i], tier);
    json_t *all = with(json_object(), "rows", rows);
    for (unsigned s = 0; s <= WS_ROW_UNVERIFIED; s++)
        all = with(all, ws_row_status_name((enum ws_row_status)s),
                   json_integer((json_int_t)tally->of[s]));
    return print_json(all, "the results", err);
}
