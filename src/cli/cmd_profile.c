/*
 * wellspring profile: by which of eight published definitions a run collapsed.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "lab/profile.h"

enum { ARM_WIDTH = 18, METRIC_WIDTH = 22, VALUES_WIDTH = 20 };

/* Table ---------------------------------------------------------------------------------------- */

static const char *dots(void)
{
    return terminal_is_utf8() ? "…" : "..";
}

static void print_row(const struct ws_profile_row *row)
{
    char values[64], range[96], since[32] = "";
    bool fits = width_of(row->arm) < ARM_WIDTH;
    (void)printf(fits ? "%s%*s" : "%s\n%*s", row->arm,
                 fits ? ARM_WIDTH - width_of(row->arm) : ARM_WIDTH, "");
    if (!row->metric) {
        (void)printf("%s\n", ws_verdict_name(row->verdict));
        return;
    }
    (void)snprintf(values, sizeof values, "%.3g %s %.3g", row->first,
                   terminal_is_utf8() ? "→" : "->", row->last);
    (void)snprintf(range, sizeof range, "%+.3g (%.3g %s %.3g)", row->bad.estimate, row->bad.low,
                   dots(), row->bad.high);
    if (row->verdict == WS_VERDICT_SHOWN && row->has_since)
        (void)snprintf(since, sizeof since, " since %" PRIu32, row->since);
    (void)printf("%-*s", METRIC_WIDTH, row->metric);
    print_right(values, VALUES_WIDTH);
    (void)printf("  %s%s  %s\n", ws_verdict_name(row->verdict), since, range);
}

static void print_definition(const struct ws_profile *profile, size_t d)
{
    const char *before = "  avoided by ";
    (void)printf("\n%zu. %s\n   %s\n", d + 1, ws_definitions[d].name, ws_definitions[d].test);
    for (size_t a = 0; a < profile->arm_count; a++)
        print_row(&profile->rows[a * WS_DEFINITIONS + d]);
    for (size_t a = 0; a < profile->arm_count; a++)
        if (profile->rows[a * WS_DEFINITIONS + d].verdict == WS_VERDICT_NOT_SHOWN) {
            (void)printf("%s%s", before, profile->arms[a]);
            before = ", ";
        }
    if (before[0] == ',')
        (void)printf("\n");
}

static void print_profile(const struct ws_profile *profile)
{
    (void)printf("generation %" PRIu32 " %s %" PRIu32 ", eight definitions of collapse\n",
                 profile->first, terminal_is_utf8() ? "→" : "->", profile->last);
    for (size_t d = 0; d < WS_DEFINITIONS; d++)
        print_definition(profile, d);
    (void)printf("\nstage, by definitions 1, 5 and 7\n");
    for (size_t a = 0; a < profile->arm_count; a++)
        (void)printf("%s%*s%s\n", profile->arms[a],
                     width_of(profile->arms[a]) < ARM_WIDTH ? ARM_WIDTH - width_of(profile->arms[a])
                                                            : 1,
                     "", ws_stage_name(profile->stages[a]));
    (void)printf(
        "\nMedians over seeds; in brackets the interval of 95 %% of what the test looks at,\n"
        "which is shown where it lies above 0. An interval takes 6 seeds. Of so many tests\n"
        "one in forty is shown by chance where nothing changes.\n");
}

/* JSON ----------------------------------------------------------------------------------------- */

static json_t *row_json(const struct ws_profile_row *row)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s*, s:o, s:o, s:o, s:o, s:o, s:o*}", "definition",
                     (json_int_t)row->definition + 1, "name", ws_definitions[row->definition].name,
                     "arm", row->arm, "verdict", ws_verdict_name(row->verdict), "metric",
                     row->metric, "first", ws_json_real(row->metric ? row->first : NAN), "last",
                     ws_json_real(row->metric ? row->last : NAN), "bad",
                     ws_json_real(row->metric ? row->bad.estimate : NAN), "low",
                     ws_json_real(row->metric ? row->bad.low : NAN), "high",
                     ws_json_real(row->metric ? row->bad.high : NAN), "since",
                     row->has_since ? json_integer(row->since) : NULL);
}

static json_t *rows_json(const struct ws_profile *profile)
{
    json_t *rows = json_array();
    for (size_t i = 0; rows && i < profile->arm_count * WS_DEFINITIONS; i++)
        if (json_array_append_new(rows, row_json(&profile->rows[i])) != 0) {
            json_decref(rows);
            rows = NULL;
        }
    return rows;
}

static json_t *stages_json(const struct ws_profile *profile)
{
    json_t *stages = json_object();
    for (size_t a = 0; stages && a < profile->arm_count; a++)
        if (json_object_set_new(stages, profile->arms[a],
                                json_string(ws_stage_name(profile->stages[a]))) != 0) {
            json_decref(stages);
            stages = NULL;
        }
    return stages;
}

static enum ws_status print_json(const struct ws_profile *profile, struct ws_error *err)
{
    struct ws_buffer text;
    json_t *json = json_pack("{s:I, s:I, s:o, s:o}", "first", (json_int_t)profile->first, "last",
                             (json_int_t)profile->last, "rows", rows_json(profile), "stages",
                             stages_json(profile));
    ws_buffer_init(&text, NULL, SIZE_MAX);
    ws_json_append_pretty(json, &text);
    json_decref(json);
    enum ws_status status = ws_buffer_check(&text, "the profile", err);
    if (status == WS_OK)
        (void)printf("%s\n", ws_buffer_string(&text));
    ws_buffer_release(&text);
    return status;
}

/* The command ---------------------------------------------------------------------------------- */

static enum ws_status profile_run(void *context, const struct arguments *arguments,
                                  struct ws_error *err)
{
    const bool *json = context;
    struct ws_arena arena;
    struct ws_profile profile;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_profile_make(arguments->positional[0], &arena, &profile, err);
    if (status == WS_OK && *json)
        status = print_json(&profile, err);
    else if (status == WS_OK)
        print_profile(&profile);
    ws_arena_release(&arena);
    return status;
}

int cmd_profile(int argc, char **argv)
{
    bool json = false;
    const struct flag table[] = {
        {"json", 0, NULL, "every row as JSON", &json, NULL},
    };
    const struct command_line line = {
        .usage = "profile RUN [options]",
        .about = "Holds the run in directory RUN against eight published definitions of collapse,\n"
                 "each by a metric and a stated test, and tells early from late collapse.\n",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "which run? 'wellspring runs' lists them",
    };
    return command_of_one(&line, argc, argv, profile_run, &json);
}
