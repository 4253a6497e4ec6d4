/*
 * The collapse profile of a run as a table of tiles: definitions by arms (lab/profile.h).
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "lab/profile.h"
#include "report/figure_layout.h"
#include "view/figure_parts.h"

enum { ARMS_MOST = 12, ROWS = WS_DEFINITIONS + 1 /* and the stage */ };

#define TILES_SHARE 0.62 /* of the figure's width: the names beside them take up to 0.34 */
#define TILE_GAP    5.0  /* points from text to text */

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "a figure");
}

/* What stands in a tile. A stage has one word: the row is named. */
static const char *text_of(const struct ws_profile *profile, size_t arm, size_t d,
                           struct ws_arena *arena)
{
    static const char *const stages[] = {[WS_STAGE_NONE] = "none",
                                         [WS_STAGE_EARLY] = "early",
                                         [WS_STAGE_LATE] = "late",
                                         [WS_STAGE_UNKNOWN] = "?"};
    if (d == WS_DEFINITIONS)
        return stages[profile->stages[arm]];
    const struct ws_profile_row *row = &profile->rows[arm * WS_DEFINITIONS + d];
    switch (row->verdict) {
    case WS_VERDICT_SHOWN:
        return row->has_since ? ws_arena_format(arena, "from %" PRIu32, row->since) : "shown";
    case WS_VERDICT_NOT_SHOWN:
        return "no";
    case WS_VERDICT_TOO_FEW:
        return "?";
    case WS_VERDICT_NOT_MEASURED:
        break;
    }
    return "–";
}

/* An arm: its number in the profile, and the texts of its tiles. */
struct column {
    size_t arm;
    const char *name;
    const char *texts[ROWS];
};

struct columns {
    struct column items[ARMS_MOST];
    size_t count;
    double widest;       /* of the texts, points */
    const char *no_room; /* " Not shown: control, ...": arms behind the last that has room */
};

static enum ws_status write_column(const struct ws_figure_request *request,
                                   const struct ws_profile *profile, size_t arm, struct column *out,
                                   double *widest, struct ws_error *err)
{
    *out = (struct column){.arm = arm, .name = profile->arms[arm]};
    for (size_t d = 0; d < ROWS; d++) {
        out->texts[d] = text_of(profile, arm, d, request->arena);
        if (!out->texts[d])
            return no_memory(err);
        *widest = fmax(*widest, ws_font_width(WS_SIZE_TICK, out->texts[d]));
    }
    return WS_OK;
}

static double width_of(const struct ws_figure_request *request)
{
    return request->settings->width > 0 ? request->settings->width : WS_FIGURE_PAGE;
}

/* How many tiles with such texts have room beside the names of the definitions. */
static size_t arms_that_fit(const struct ws_figure_request *request, double widest)
{
    const double fitting = width_of(request) * 72 * TILES_SHARE / (widest + TILE_GAP);
    return fitting < 1 ? 1 : fitting < ARMS_MOST ? (size_t)fitting : ARMS_MOST;
}

/* Arms that were asked for are all to be there. */
static enum ws_status add_column(const struct ws_figure_request *request,
                                 const struct ws_profile *profile, size_t arm, struct columns *out,
                                 struct ws_error *err)
{
    struct column next;
    double widest = out->widest;
    WS_TRY(write_column(request, profile, arm, &next, &widest, err));
    const size_t most = arms_that_fit(request, widest);
    if (out->no_room[0] == '\0' && out->count < most) {
        out->items[out->count++] = next;
        out->widest = widest;
        return WS_OK;
    }
    if (request->settings->arms.count > 0)
        return ws_fail(err, WS_INVALID,
                       "%zu arms and more have no room at this width: name fewer with --arm, or "
                       "set --width",
                       out->count + 1);
    out->no_room = ws_arena_format(request->arena, "%s%s%s", out->no_room,
                                   out->no_room[0] ? ", " : " Not shown: ", next.name);
    return out->no_room ? WS_OK : no_memory(err);
}

static enum ws_status choose_columns(const struct ws_figure_request *request,
                                     const struct ws_profile *profile, struct columns *out,
                                     struct ws_error *err)
{
    const struct ws_run_description *run = &request->runs[0].description;
    *out = (struct columns){.no_room = ""};
    for (size_t i = 0; i < profile->arm_count; i++)
        for (size_t a = 0; a < run->arm_count; a++)
            if (strcmp(run->arms[a].name, profile->arms[i]) == 0 &&
                ws_arm_is_shown(request, &run->arms[a]))
                WS_TRY(add_column(request, profile, i, out, err));
    return WS_OK;
}

/* The first definition is the uppermost. */
static double height_of(size_t definition)
{
    return (double)(ROWS - 1 - definition);
}

static enum ws_status add_tiles(const struct ws_figure_request *request,
                                const struct ws_profile *profile, const struct columns *columns,
                                enum ws_verdict verdict, int look, struct ws_panel *panel,
                                struct ws_error *err)
{
    struct ws_values values =
        ws_panel_add(panel,
                     &(struct ws_series){.mark = WS_MARK_TILES,
                                         .label = ws_verdict_name(verdict),
                                         .look = look,
                                         .count = columns->count * WS_DEFINITIONS},
                     request->arena);
    size_t count = 0;
    if (!values.x)
        return no_memory(err);
    for (size_t c = 0; c < columns->count; c++)
        for (size_t d = 0; d < WS_DEFINITIONS; d++)
            if (profile->rows[columns->items[c].arm * WS_DEFINITIONS + d].verdict == verdict) {
                values.x[count] = (double)c;
                values.y[count++] = height_of(d);
            }
    ((struct ws_series *)&panel->series[panel->series_count - 1])->count = count;
    panel->series_count -= count == 0;
    return WS_OK;
}

static enum ws_status add_texts(const struct ws_figure_request *request,
                                const struct columns *columns, struct ws_panel *panel,
                                struct ws_error *err)
{
    const size_t most = columns->count * ROWS;
    const char **texts = WS_ARENA_NEW(request->arena, const char *, most);
    struct ws_values values =
        ws_panel_add(panel,
                     &(struct ws_series){
                         .mark = WS_MARK_TEXT, .look = WS_LOOK_INK, .count = most, .texts = texts},
                     request->arena);
    if (!texts || !values.x)
        return no_memory(err);
    for (size_t c = 0, i = 0; c < columns->count; c++)
        for (size_t d = 0; d < ROWS; d++, i++) {
            texts[i] = columns->items[c].texts[d];
            values.x[i] = (double)c;
            values.y[i] = height_of(d);
        }
    return WS_OK;
}

static enum ws_status name_axes(const struct ws_figure_request *request,
                                const struct columns *columns, struct ws_panel *panel,
                                struct ws_error *err)
{
    const char **rows = WS_ARENA_NEW(request->arena, const char *, ROWS);
    const char **arms = WS_ARENA_NEW(request->arena, const char *, columns->count);
    if (!rows || !arms)
        return no_memory(err);
    for (size_t d = 0; d < WS_DEFINITIONS; d++)
        rows[ROWS - 1 - d] =
            ws_arena_format(request->arena, "%zu. %s", d + 1, ws_definitions[d].name);
    rows[0] = "stage";
    for (size_t d = 0; d < ROWS; d++)
        if (!rows[d])
            return no_memory(err);
    for (size_t c = 0; c < columns->count; c++)
        arms[c] = columns->items[c].name;
    panel->x = (struct ws_axis){.names = arms, .name_count = columns->count};
    panel->y = (struct ws_axis){.names = rows, .name_count = ROWS};
    return WS_OK;
}

/* Sample sizes of the metrics that tell. Of a tail's two ends, which are one metric in a profile,
 * those of the lower. */
static const char *sizes_of(const struct ws_figure_request *request,
                            const struct ws_profile *profile, const struct columns *columns)
{
    const struct ws_results *results = &request->runs[0].results;
    struct ws_extent n = WS_EXTENT_OF_NONE;
    for (size_t c = 0; c < columns->count; c++)
        for (size_t d = 0; d < WS_DEFINITIONS; d++) {
            const struct ws_profile_row *row =
                &profile->rows[columns->items[c].arm * WS_DEFINITIONS + d];
            if (!row->metric)
                continue;
            const bool both_ends = strcmp(row->metric, "quantile_recall") == 0;
            ws_extent_add_sizes(&n,
                                ws_results_find(results, row->arm,
                                                both_ends ? "quantile_recall_low" : row->metric));
        }
    return ws_extent_text(&n, request->arena);
}

/* " Left out: replace, whose records are damaged." */
static enum ws_status say_damage(const struct ws_figure_request *request,
                                 const struct ws_profile *profile, const struct columns *columns,
                                 const char **out, struct ws_error *err)
{
    const char *names = NULL;
    *out = "";
    for (size_t c = 0; c < columns->count; c++) {
        const size_t arm = columns->items[c].arm;
        if (!profile->damage[arm])
            continue;
        if (request->settings->warn)
            request->settings->warn(profile->arms[arm], profile->damage[arm]);
        names = ws_arena_format(request->arena, "%s%s%s", names ? names : "", names ? ", " : "",
                                profile->arms[arm]);
        *out = names ? ws_arena_format(request->arena, " Left out: %s, whose records are damaged.",
                                       names)
                     : NULL;
        if (!*out)
            return no_memory(err);
    }
    return WS_OK;
}

enum ws_status ws_figure_of_profile(const struct ws_figure_request *request, struct ws_figure *out,
                                    struct ws_error *err)
{
    struct ws_profile profile;
    struct columns columns;
    struct ws_panel *panel = WS_ARENA_NEW(request->arena, struct ws_panel, 1);
    if (!panel)
        return no_memory(err);
    WS_TRY(ws_profile_make(request->runs[0].directory, request->arena, &profile, err));
    WS_TRY(choose_columns(request, &profile, &columns, err));
    WS_TRY(ws_panel_open(panel, 4, request->arena, err));
    WS_TRY(name_axes(request, &columns, panel, err));
    WS_TRY(add_tiles(request, &profile, &columns, WS_VERDICT_SHOWN, 1, panel, err));
    WS_TRY(add_tiles(request, &profile, &columns, WS_VERDICT_NOT_SHOWN, 5, panel, err));
    WS_TRY(add_tiles(request, &profile, &columns, WS_VERDICT_TOO_FEW, WS_LOOK_PALE, panel, err));
    WS_TRY(add_texts(request, &columns, panel, err));
    const char *left_out, *sizes = sizes_of(request, &profile, &columns);
    if (!sizes)
        return no_memory(err);
    WS_TRY(say_damage(request, &profile, &columns, &left_out, err));
    *out = (struct ws_figure){
        .caption = ws_arena_format(
            request->arena,
            "Generation %" PRIu32 " to %" PRIu32 ", n = %s, %" PRIu64
            " seeds: shown where the interval of 95 %% of the median over seeds lies "
            "on the bad side, with the generation from which on it does; – is not measured. "
            "The stage is by definitions 1, 5 and 7.%s%s%s",
            profile.first, profile.last, sizes, request->runs[0].description.seeds, left_out,
            columns.no_room, columns.no_room[0] ? "." : ""),
        .width = WS_FIGURE_PAGE,
        .panel_height = 0.55,
        .panels = panel,
        .panel_count = 1,
    };
    return out->caption ? WS_OK : no_memory(err);
}
