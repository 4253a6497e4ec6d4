#include "report/report_data.h"

#include <math.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"

/* Columns -------------------------------------------------------------------------------------- */

static bool is_constant(const double *values, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (values[i] != values[0])
            return false;
    return count > 0 && isfinite(values[0]);
}

/* A number where all are the same, else the base64 of their bytes: exact, small, and it has NaN and
 * infinities. NULL for a column that there is none of. */
static json_t *column(const double *values, size_t count)
{
    struct ws_buffer bytes, text;
    if (!values)
        return json_null();
    if (is_constant(values, count))
        return json_real(values[0]);
    ws_buffer_init(&bytes, NULL, SIZE_MAX);
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_buffer_f64s(&bytes, values, count);
    ws_base64_append(&text, ws_buffer_bytes(&bytes));
    bool well = bytes.status == WS_OK && text.status == WS_OK;
    json_t *json = well ? json_stringn(ws_buffer_string(&text), text.size) : NULL;
    ws_buffer_release(&bytes);
    ws_buffer_release(&text);
    return json;
}

/* Arrays --------------------------------------------------------------------------------------- */

/* Appends; a NULL item, for which there was no memory, makes the array NULL. */
static json_t *grown(json_t *array, json_t *item)
{
    if (array && json_array_append_new(array, item) == 0)
        return array;
    if (!array)
        json_decref(item);
    json_decref(array);
    return NULL;
}

static json_t *settings_json(const struct ws_report_setting *settings, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        array = grown(array, json_pack("[s, s]", settings[i].name, settings[i].value));
    return array;
}

static json_t *lines_json(const char *const *lines, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        array = grown(array, json_string(lines[i]));
    return array;
}

/* Results -------------------------------------------------------------------------------------- */

static json_t *arms_json(const struct ws_report_run *run)
{
    json_t *array = json_array();
    for (size_t a = 0; a < run->arm_count; a++)
        array = grown(array, json_pack("{s:s, s:s, s:b}", "name", run->arms[a].name, "policy",
                                       run->arms[a].policy, "outgrows_control",
                                       run->arms[a].outgrows_control));
    return array;
}

static json_t *headlines_json(const struct ws_report_run *run)
{
    json_t *array = json_array();
    for (size_t h = 0; h < run->headline_count; h++) {
        const struct ws_report_headline *headline = &run->headlines[h];
        array = grown(array, json_pack("{s:s, s:s, s:s, s:s}", "metric", headline->metric, "title",
                                       headline->title, "detail", headline->detail, "form",
                                       headline->form));
    }
    return array;
}

static json_t *curve_json(const struct ws_report_curve *c, uint64_t seeds)
{
    return json_pack("{s:I, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "arm", (json_int_t)c->arm, "metric", c->metric, "definition", c->definition,
                     "count", (json_int_t)c->count, "generation", column(c->generations, c->count),
                     "n", column(c->n, c->count), "seeds", column(c->seeds, c->count), "median",
                     column(c->median, c->count), "low", column(c->low, c->count), "high",
                     column(c->high, c->count), "mean", column(c->mean, c->count), "standard_error",
                     column(c->standard_error, c->count), "floor", ws_json_real(c->floor),
                     "by_seed", column(c->by_seed, c->by_seed ? (size_t)seeds * c->count : 0));
}

static json_t *curves_json(const struct ws_report_run *run)
{
    json_t *array = json_array();
    for (size_t i = 0; i < run->curve_count; i++)
        array = grown(array, curve_json(&run->curves[i], run->seeds));
    return array;
}

static json_t *texts_json(const struct ws_report_run *run)
{
    json_t *array = json_array();
    for (size_t i = 0; i < run->text_count; i++) {
        const struct ws_report_text *text = &run->texts[i];
        array = grown(array,
                      json_pack("{s:I, s:I, s:I, s:I, s:s}", "arm", (json_int_t)text->arm, "seed",
                                (json_int_t)text->seed, "generation", (json_int_t)text->generation,
                                "item", (json_int_t)text->item, "text", text->text));
    }
    return array;
}

/* What explains them --------------------------------------------------------------------------- */

static json_t *verdict_json(const struct ws_report_verdict *v)
{
    json_t *json = json_pack("{s:I, s:I, s:s}", "definition", (json_int_t)v->definition, "arm",
                             (json_int_t)v->arm, "verdict", v->verdict);
    if (!json || !v->metric)
        return json;
    json_t *rest = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o*}", "metric", v->metric,
                             "first", ws_json_real(v->first), "last", ws_json_real(v->last), "bad",
                             ws_json_real(v->bad), "low", ws_json_real(v->low), "high",
                             ws_json_real(v->high), "seeds", (json_int_t)v->seeds, "since",
                             v->has_since ? json_integer((json_int_t)v->since) : NULL);
    bool well = rest && json_object_update(json, rest) == 0;
    json_decref(rest);
    if (!well)
        json_decref(json);
    return well ? json : NULL;
}

static json_t *profile_json(const struct ws_report_run *run)
{
    const struct ws_report_profile *profile = &run->profile;
    json_t *definitions = json_array(), *verdicts = json_array();
    if (!profile->stages) {
        json_decref(definitions);
        json_decref(verdicts);
        return json_null();
    }
    for (size_t d = 0; d < profile->definition_count; d++)
        definitions = grown(definitions, json_pack("[s, s]", profile->definitions[d].name,
                                                   profile->definitions[d].test));
    for (size_t i = 0; i < profile->verdict_count; i++)
        verdicts = grown(verdicts, verdict_json(&profile->verdicts[i]));
    return json_pack("{s:I, s:I, s:o, s:o, s:o}", "first", (json_int_t)profile->first, "last",
                     (json_int_t)profile->last, "definitions", definitions, "verdicts", verdicts,
                     "stages", lines_json(profile->stages, run->arm_count));
}

static json_t *theory_json(const struct ws_report_run *run)
{
    json_t *array = json_array();
    for (size_t i = 0; i < run->theory_count; i++) {
        const struct ws_report_theory *t = &run->theory[i];
        array = grown(
            array,
            json_pack("{s:I, s:s, s:s, s:b, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "arm",
                      (json_int_t)t->arm, "metric", t->metric, "form", t->form, "of_median",
                      t->of_median, "verdict", t->verdict, "count", (json_int_t)t->count, "agree",
                      (json_int_t)t->agree, "differ", (json_int_t)t->differ, "generation",
                      column(t->generations, t->count), "measured", column(t->measured, t->count),
                      "standard_error", column(t->standard_error, t->count), "expected",
                      column(t->expected, t->count)));
    }
    return array;
}

static json_t *share_json(const struct ws_report_share *share)
{
    return json_pack("[o, o, o]", ws_json_real(share->value), ws_json_real(share->low),
                     ws_json_real(share->high));
}

static json_t *attributed_json(const struct ws_report_attributed *row)
{
    json_t *shares = json_array();
    for (size_t e = 0; e < WS_REPORT_ERRORS; e++)
        shares = grown(shares, share_json(&row->shares[e]));
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:o}", "arm", row->arm, "metric", row->metric,
                     "definition", row->definition, "generation", (json_int_t)row->generation,
                     "seeds", (json_int_t)row->seeds, "total", share_json(&row->total), "shares",
                     shares);
}

static json_t *attribution_json(const struct ws_report_attribution *attribution)
{
    json_t *rows = json_array();
    if (attribution->row_count == 0) {
        json_decref(rows);
        return json_null();
    }
    for (size_t i = 0; i < attribution->row_count; i++)
        rows = grown(rows, attributed_json(&attribution->rows[i]));
    return json_pack("{s:o, s:o, s:o}", "names", lines_json(attribution->names, WS_REPORT_ERRORS),
                     "how", lines_json(attribution->how, WS_REPORT_ERRORS), "rows", rows);
}

/* Whole ---------------------------------------------------------------------------------------- */

static json_t *run_json(const struct ws_report_run *run)
{
    json_t *json =
        json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "directory",
                  ws_json_path(run->directory), "name", run->name, "title", run->title, "state",
                  run->state, "family", run->family, "started", run->started, "finished",
                  run->finished, "version", run->version, "compute_class", run->compute_class,
                  "tokens", run->tokens, "generations", (json_int_t)run->generations, "seeds",
                  (json_int_t)run->seeds, "damaged_texts", (json_int_t)run->damaged_texts);
    json_t *parts = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "arms", arms_json(run),
        "headlines", headlines_json(run), "curves", curves_json(run), "profile", profile_json(run),
        "theory", theory_json(run), "attribution", attribution_json(&run->attribution), "texts",
        texts_json(run), "settings", settings_json(run->settings, run->setting_count), "inputs",
        settings_json(run->inputs, run->input_count), "words",
        lines_json(run->words, run->word_count), "experiment", json_string(run->experiment));
    bool well = json && parts && json_object_update(json, parts) == 0;
    json_decref(parts);
    if (!well)
        json_decref(json);
    return well ? json : NULL;
}

static json_t *report_json(const struct ws_report *report)
{
    json_t *runs = json_array(), *skipped = json_array();
    for (size_t r = 0; r < report->run_count; r++)
        runs = grown(runs, run_json(&report->runs[r]));
    for (size_t i = 0; i < report->skipped_count; i++)
        skipped = grown(skipped, json_pack("[o, o]", ws_json_path(report->skipped[i].directory),
                                           ws_json_path(report->skipped[i].why)));
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "format", "wellspring-report/1", "version",
                     report->version, "title", ws_json_path(report->title), "runs", runs, "skipped",
                     skipped);
}

/* JSON has "<" in texts alone, where it can be written as a number. */
static void append_without_tags(struct ws_bytes json, struct ws_buffer *out)
{
    const char *next = (const char *)json.data, *end = next + json.size;
    while (next < end) {
        const char *tag = memchr(next, '<', (size_t)(end - next));
        ws_buffer_append(out, next, (size_t)((tag ? tag : end) - next));
        if (tag)
            ws_buffer_text(out, "\\u003c");
        next = tag ? tag + 1 : end;
    }
}

enum ws_status ws_report_data(const struct ws_report *report, struct ws_buffer *out,
                              struct ws_error *err)
{
    struct ws_buffer json;
    json_t *root = report_json(report);
    ws_buffer_init(&json, out->allocator, SIZE_MAX);
    ws_json_append(root, &json);
    json_decref(root);
    append_without_tags(ws_buffer_bytes(&json), out);
    enum ws_status status = ws_buffer_check(&json, "the report", err);
    ws_buffer_release(&json);
    return status == WS_OK ? ws_buffer_check(out, "the report", err) : status;
}
