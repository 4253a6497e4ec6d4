#include "view/comparison_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void ws_why_not_compared(const struct ws_compared *row, char *out, size_t size)
{
    const struct ws_compared *base = row->base;
    if (strcmp(row->definition, base->definition) != 0)
        (void)snprintf(out, size, "other definitions");
    else if (strcmp(row->tokens, base->tokens) != 0)
        (void)snprintf(out, size, "other tokens");
    else if (!row->uniform || !base->uniform)
        (void)snprintf(out, size, "seeds differ in n");
    else
        (void)snprintf(out, size, "n is %" PRIu64 " and %" PRIu64, row->n, base->n);
}

static json_t *interval_json(const struct ws_interval *interval)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I}", "median", ws_json_real(interval->estimate),
                     "low", ws_json_real(interval->low), "high", ws_json_real(interval->high),
                     "level", ws_json_real(interval->level), "count", (json_int_t)interval->count,
                     "missing", (json_int_t)interval->missing);
}

static json_t *difference_json(const struct ws_compared *row)
{
    char text[80];
    if (!row->base)
        return json_null();
    if (ws_compares(row)) {
        json_t *object = interval_json(&row->difference);
        if (json_object_set_new(object, "paired", json_boolean(row->paired)) == 0 &&
            json_object_set_new(object, "base_arm", json_string(row->base->arm)) == 0 &&
            json_object_set_new(object, "base_run", json_integer((json_int_t)row->base->run)) == 0)
            return object;
        json_decref(object);
        return NULL;
    }
    ws_why_not_compared(row, text, sizeof text);
    return json_pack("{s:s, s:I, s:s}", "base_arm", row->base->arm, "base_run",
                     (json_int_t)row->base->run, "not_comparable", text);
}

static json_t *row_json(const struct ws_compared *row)
{
    json_t *values = json_array();
    for (size_t i = 0; values && i < row->count; i++)
        if (json_array_append_new(values, json_pack("[I, o]", (json_int_t)row->values[i].seed,
                                                    ws_json_real(row->values[i].value))) != 0) {
            json_decref(values);
            values = NULL;
        }
    return json_pack("{s:s, s:s, s:I, s:s, s:I, s:b, s:o, s:o, s:o, s:o}", "metric", row->metric,
                     "arm", row->arm, "run", (json_int_t)row->run, "definition", row->definition,
                     "n", (json_int_t)row->n, "same_n_in_all_seeds", row->uniform, "over_seeds",
                     interval_json(&row->median), "floor", ws_json_real(row->floor), "difference",
                     difference_json(row), "values", values);
}

static json_t *run_json(const struct ws_comparison *comparison, size_t r)
{
    const struct ws_run_description *run = &comparison->runs[r];
    return json_pack("{s:o, s:s, s:s, s:s, s:I, s:I}", "directory",
                     ws_json_path(comparison->directories[r]), "name", run->name, "state",
                     run->state, "family", run->family, "generations", (json_int_t)run->generations,
                     "seeds", (json_int_t)run->seeds);
}

static json_t *setting_json(const struct ws_comparison *comparison, size_t i)
{
    const struct ws_setting_difference *setting = &comparison->settings[i];
    json_t *values = json_array();
    for (size_t r = 0; values && r < comparison->run_count; r++)
        if (json_array_append_new(values, setting->values[r] ? json_string(setting->values[r])
                                                             : json_null()) != 0) {
            json_decref(values);
            values = NULL;
        }
    return json_pack("{s:s, s:o}", "name", setting->name, "values", values);
}

/* `items` of them, each made by `make`; NULL when memory is out. */
static json_t *list_json(const struct ws_comparison *comparison, size_t items,
                         json_t *(*make)(const struct ws_comparison *comparison, size_t i))
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < items; i++)
        if (json_array_append_new(list, make(comparison, i)) != 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static json_t *rows_json(const struct ws_comparison *comparison,
                         bool (*shown)(void *user, const char *metric), void *user)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < comparison->row_count; i++)
        if (shown(user, comparison->rows[i].metric) &&
            json_array_append_new(list, row_json(&comparison->rows[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

json_t *ws_comparison_json(const struct ws_comparison *comparison,
                           bool (*shown)(void *user, const char *metric), void *user)
{
    return json_pack("{s:I, s:o, s:o, s:o}", "generation", (json_int_t)comparison->generation,
                     "runs", list_json(comparison, comparison->run_count, run_json), "settings",
                     list_json(comparison, comparison->setting_count, setting_json), "rows",
                     rows_json(comparison, shown, user));
}
