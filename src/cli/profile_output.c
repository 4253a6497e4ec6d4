#include "cli/profile_output.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "cli/command.h"
#include "cli/preset.h"
#include "cli/terminal.h"

enum {
    NAME_LEAST = 12,
    NAME_MOST = 26,
    CELL_WIDTH = 6,
    VALUES_WIDTH = 19,
    RANGE_WIDTH = 33,
    LINE_WIDTH = 98
};

static const char *dots(void)
{
    return terminal_is_utf8() ? "…" : "..";
}

static const char *arrow(void)
{
    return terminal_is_utf8() ? "→" : "->";
}

/* Columns for the names of arms, and a blank. */
static int name_width(const struct ws_profile *profile)
{
    int width = NAME_LEAST;
    for (size_t a = 0; a < profile->arm_count; a++)
        if (width_of(profile->arms[a]) > width)
            width = width_of(profile->arms[a]);
    return (width < NAME_MOST ? width : NAME_MOST) + 1;
}

/* Behind `indent` blanks; a longer one has a line of its own. */
static void print_name(const char *name, int indent, int width)
{
    bool fits = width_of(name) < width;
    (void)printf("%*s%s", indent, "", name);
    if (!fits)
        (void)printf("\n%*s", indent, "");
    (void)printf("%*s", fits ? width - width_of(name) : width, "");
}

static void print_padded(const char *text, int width)
{
    (void)printf("%s%*s", text, width > width_of(text) ? width - width_of(text) : 0, "");
}

static const struct ws_profile_row *row_of(const struct ws_profile *profile, size_t arm, size_t d)
{
    return &profile->rows[arm * WS_DEFINITIONS + d];
}

/* The whole at a glance ------------------------------------------------------------------------ */

static void print_cell(const struct ws_profile_row *row)
{
    static const char *const words[] = {"shown", "no", "few", "-"};
    char text[32];
    (void)snprintf(text, sizeof text, "%s", words[row->verdict]);
    if (row->verdict == WS_VERDICT_SHOWN && row->has_since)
        (void)snprintf(text, sizeof text, "%" PRIu32, row->since);
    print_right(text, CELL_WIDTH);
}

static void print_glance(const struct ws_profile *profile)
{
    const int width = name_width(profile);
    (void)printf("%-*s", width, "definition");
    for (size_t d = 0; d < WS_DEFINITIONS; d++)
        (void)printf("%*zu", CELL_WIDTH, d + 1);
    (void)printf("  stage\n");
    for (size_t a = 0; a < profile->arm_count; a++) {
        print_name(profile->arms[a], 0, width);
        for (size_t d = 0; d < WS_DEFINITIONS; d++)
            print_cell(row_of(profile, a, d));
        (void)printf("  %s\n", ws_stage_name(profile->stages[a]));
    }
    (void)printf(
        "A number: shown from that generation on; no: not shown; few: too few seeds or\n"
        "generations; -: not measured. Stages: early, the tail goes (7); late, the risk is\n"
        "catastrophic (1) or the variance falls to a tenth (5); no others count.\n");
}

/* One definition ------------------------------------------------------------------------------- */

/* Arms of one scaling law are named by what they share. */
static void name_row(const struct ws_profile *profile, size_t arm, size_t d, char *out, size_t size)
{
    const struct ws_run_arm *a = &profile->run.arms[arm];
    (void)snprintf(out, size, "%s", profile->arms[arm]);
    if (d != WS_DEFINITION_SCALING || !row_of(profile, arm, d)->metric)
        return;
    (void)snprintf(out, size, "%s", a->policy);
    for (size_t i = 0; i < a->varied_count; i++) {
        size_t used = strlen(out);
        if (strcmp(a->varied[i].name, "items") != 0)
            (void)snprintf(out + used, size - used, " %s=%s", a->varied[i].name,
                           a->varied[i].value);
    }
}

static bool is_said(const struct ws_profile *profile, size_t arm, size_t d)
{
    return row_of(profile, arm, d)->group == arm;
}

static void print_row(const struct ws_profile_row *row, const char *name, int width)
{
    char values[64], range[96], since[32] = "";
    print_name(name, 3, width);
    if (!row->metric) {
        (void)printf("%s\n", ws_verdict_name(row->verdict));
        return;
    }
    (void)snprintf(values, sizeof values, "%.3g %s %.3g", row->first + 0.0, arrow(),
                   row->last + 0.0);
    print_padded(values, VALUES_WIDTH);
    if (row->verdict == WS_VERDICT_TOO_FEW) {
        (void)printf(" too few: %s\n", row->would_do);
        return;
    }
    (void)snprintf(range, sizeof range, "%+.3g (%.3g %s %.3g)", row->bad.estimate + 0.0,
                   row->bad.low + 0.0, dots(), row->bad.high + 0.0);
    if (row->verdict == WS_VERDICT_SHOWN && row->has_since)
        (void)snprintf(since, sizeof since, " since %" PRIu32, row->since);
    (void)printf(" ");
    print_padded(range, RANGE_WIDTH);
    (void)printf(" %s%s\n", ws_verdict_name(row->verdict), since);
}

/* Whether it is not there, which is more than that it is not shown. */
static bool is_avoided(const struct ws_profile_row *row)
{
    return row->bad.high <= 0;
}

static void print_not_shown(const struct ws_profile *profile, size_t d, bool avoided)
{
    char name[200];
    int column = 0;
    for (size_t a = 0; a < profile->arm_count; a++) {
        const struct ws_profile_row *row = row_of(profile, a, d);
        if (row->verdict != WS_VERDICT_NOT_SHOWN || is_avoided(row) != avoided ||
            !is_said(profile, a, d))
            continue;
        name_row(profile, a, d, name, sizeof name);
        if (column == 0)
            column = printf("   %s %s", avoided ? "avoided by" : "left open for", name);
        else if (column + width_of(name) + 2 > LINE_WIDTH)
            column = printf(",\n     %s", name) - 2;
        else
            column += printf(", %s", name);
    }
    if (column > 0)
        (void)printf("\n");
}

static bool is_measured(const struct ws_profile *profile, size_t d)
{
    for (size_t a = 0; a < profile->arm_count; a++)
        if (row_of(profile, a, d)->metric)
            return true;
    return false;
}

static void print_definition(const struct ws_profile *profile, size_t d)
{
    char name[200];
    const char *metric = "";
    (void)printf("\n%zu. %s\n", d + 1, ws_definitions[d].name);
    if (!is_measured(profile, d)) {
        (void)printf("   not measured; it wants %s\n", ws_definitions[d].wants);
        return;
    }
    for (size_t a = 0; a < profile->arm_count; a++) {
        const struct ws_profile_row *row = row_of(profile, a, d);
        if (!is_said(profile, a, d))
            continue;
        if (row->metric && strcmp(row->metric, metric) != 0) {
            metric = row->metric;
            (void)printf("   %s: %s\n", metric, row->test);
        }
        name_row(profile, a, d, name, sizeof name);
        print_row(row, name, name_width(profile));
    }
    print_not_shown(profile, d, true);
    print_not_shown(profile, d, false);
}

/* What comes next ------------------------------------------------------------------------------ */

static bool any_is_too_few(const struct ws_profile *profile)
{
    for (size_t i = 0; i < profile->arm_count * WS_DEFINITIONS; i++)
        if (profile->rows[i].verdict == WS_VERDICT_TOO_FEW)
            return true;
    return false;
}

/* A file's path is not in its run: it is up to the reader. */
static void begin_run(const struct ws_profile *profile)
{
    begin_command(stdout, " ");
    print_words("run");
    for (size_t i = 0; i < preset_count; i++)
        if (strcmp(presets[i].name, profile->run.name) == 0) {
            print_word(profile->run.name);
            return;
        }
    print_words("FILE");
}

/* Sizes of which the run's own is the largest, so that a corpus has as many. */
static void print_sizes_command(const struct ws_profile *profile)
{
    const char *text = ws_run_setting(&profile->run, "items");
    uint64_t items;
    if (!text || !ws_whole_parse(text, &items) || items < 8)
        items = 1000;
    begin_run(profile);
    print_words("--set 'items=[%" PRIu64 ", %" PRIu64 ", %" PRIu64 "]'", items / 4, items / 2,
                items);
    print_words("-o runs/sizes");
    end_command("definition 4");
}

static bool is_of_generator(const struct ws_run_description *run)
{
    static const char *const corpora[] = {"text", "words", "csv", "npy"};
    const char *source = ws_run_setting(run, "source");
    for (size_t i = 0; source && i < sizeof corpora / sizeof *corpora; i++)
        if (strcmp(source, corpora[i]) == 0)
            return false;
    return source != NULL;
}

static void print_next(const struct ws_profile *profile, const char *directory)
{
    const bool can_attribute = is_of_generator(&profile->run);
    (void)printf("Next:\n");
    begin_command(stdout, " ");
    print_words(can_attribute ? "attribute" : "compare");
    print_word(directory);
    end_command(can_attribute ? "which of three errors lost it" : "policies beside each other");
    if (any_is_too_few(profile) && profile->run.seeds < 6) {
        begin_run(profile);
        print_words("-o");
        print_word(directory);
        print_words("--set seeds=12");
        end_command("more seeds in this run");
    }
    if (!is_measured(profile, WS_DEFINITION_SCALING))
        print_sizes_command(profile);
}

static size_t most_missing(const struct ws_profile *profile)
{
    size_t most = 0;
    for (size_t i = 0; i < profile->arm_count * WS_DEFINITIONS; i++)
        if (profile->rows[i].metric && profile->rows[i].verdict != WS_VERDICT_TOO_FEW &&
            profile->rows[i].bad.missing > most)
            most = profile->rows[i].bad.missing;
    return most;
}

static void print_notes(const struct ws_profile *profile)
{
    (void)printf(
        "\nMedians over seeds of the first and the last generation; then what the test looks at,\n"
        "in brackets its interval of 95 %%: shown where that lies above 0, avoided where no part "
        "of\n"
        "it does. One on both sides of 0 leaves it open, and more seeds narrow it.\n"
        "Of so many tests one in forty is shown by chance where nothing changes.\n");
    if (most_missing(profile) > 0)
        (void)printf("Up to %zu seeds are left out of a row: a number of theirs is not finite.\n",
                     most_missing(profile));
}

void profile_print(const struct ws_profile *profile, const char *directory)
{
    (void)printf("%s: eight definitions of collapse, generation %" PRIu32 " %s %" PRIu32
                 ", %" PRIu64 " seed%s\n\n",
                 profile->run.name, profile->first, arrow(), profile->last, profile->run.seeds,
                 profile->run.seeds == 1 ? "" : "s");
    print_glance(profile);
    for (size_t d = 0; d < WS_DEFINITIONS; d++)
        print_definition(profile, d);
    print_notes(profile);
    print_next(profile, directory);
}

/* JSON ----------------------------------------------------------------------------------------- */

/* An interval of too few seeds is none. */
static json_t *bound_json(const struct ws_profile_row *row, double bound)
{
    bool has_one = row->verdict == WS_VERDICT_SHOWN || row->verdict == WS_VERDICT_NOT_SHOWN;
    return has_one ? ws_json_real(bound) : json_null();
}

static json_t *row_json(const struct ws_profile_row *row)
{
    return json_pack(
        "{s:I, s:s, s:s, s:s, s:s*, s:s*, s:s*, s:o, s:o, s:o, s:o, s:o, s:I, s:I, "
        "s:o*}",
        "definition", (json_int_t)row->definition + 1, "name", ws_definitions[row->definition].name,
        "arm", row->arm, "verdict", ws_verdict_name(row->verdict), "metric", row->metric, "test",
        row->test, "would_do", row->would_do, "first", ws_json_real(row->metric ? row->first : NAN),
        "last", ws_json_real(row->metric ? row->last : NAN), "bad",
        bound_json(row, row->bad.estimate), "low", bound_json(row, row->bad.low), "high",
        bound_json(row, row->bad.high), "seeds", (json_int_t)row->bad.count, "missing",
        (json_int_t)row->bad.missing, "since", row->has_since ? json_integer(row->since) : NULL);
}

static json_t *rows_json(const struct ws_profile *profile)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < profile->arm_count * WS_DEFINITIONS; i++)
        ws_json_add(&rows, row_json(&profile->rows[i]));
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

enum ws_status profile_print_json(const struct ws_profile *profile, struct ws_error *err)
{
    json_t *json =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:o}", "run", profile->run.name, "compute_class",
                  profile->run.compute_class, "seeds", (json_int_t)profile->run.seeds, "first",
                  (json_int_t)profile->first, "last", (json_int_t)profile->last, "rows",
                  rows_json(profile), "stages", stages_json(profile));
    return print_json(json, "the profile", err);
}
