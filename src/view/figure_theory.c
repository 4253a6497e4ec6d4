/*
 * Measured curves over the closed forms that are known for them (lab/theory.h).
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "lab/theory.h"
#include "view/figure_parts.h"

enum { PANELS_MOST = 12, ERRORS = 4, POINTS_MOST = 30 };

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "a figure");
}

static size_t length_of_curve(const struct ws_theory *theory, size_t from)
{
    size_t end = from;
    while (end < theory->count && strcmp(theory->rows[end].arm, theory->rows[from].arm) == 0 &&
           strcmp(theory->rows[end].metric, theory->rows[from].metric) == 0)
        end++;
    return end - from;
}

static bool is_listed(const struct ws_text_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name) == 0)
            return true;
    return list->count == 0;
}

static const struct ws_run_arm *arm_of(const struct ws_figure_request *request, const char *name,
                                       int *look)
{
    const struct ws_run_description *run = &request->runs[0].description;
    for (size_t a = 0; a < run->arm_count; a++)
        if (strcmp(run->arms[a].name, name) == 0) {
            *look = ws_arm_look(run, a);
            return &run->arms[a];
        }
    return NULL;
}

/* Few points have error bars, many a band. */
static enum ws_status add_curve(const struct ws_figure_request *request,
                                const struct ws_theory_row *rows, size_t count, int look,
                                struct ws_panel *panel, struct ws_error *err)
{
    const bool few = count <= POINTS_MOST;
    WS_TRY(ws_panel_open(panel, 3, request->arena, err));
    struct ws_values errors =
        ws_panel_add(panel,
                     &(struct ws_series){
                         .mark = few ? WS_MARK_ERRORS : WS_MARK_BAND, .look = look, .count = count},
                     request->arena);
    struct ws_values expected = ws_panel_add(panel,
                                             &(struct ws_series){.mark = WS_MARK_LINE,
                                                                 .label = "closed form",
                                                                 .look = WS_LOOK_INK,
                                                                 .dashed = true,
                                                                 .count = count},
                                             request->arena);
    struct ws_values mean =
        ws_panel_add(panel,
                     &(struct ws_series){.mark = few ? WS_MARK_POINTS : WS_MARK_LINE,
                                         .label = rows->arm,
                                         .look = look,
                                         .count = count},
                     request->arena);
    if (!errors.x || !expected.x || !mean.x)
        return no_memory(err);
    const struct ws_headline *headline =
        ws_headline_find(request->runs[0].description.family, rows->metric);
    struct ws_spread spread = {INFINITY, -INFINITY};
    for (size_t i = 0; i < count; i++) {
        const struct ws_theory_row *row = &rows[i];
        errors.x[i] = expected.x[i] = mean.x[i] = row->generation;
        expected.y[i] = row->expected;
        mean.y[i] = row->mean;
        errors.y[i] = row->mean - ERRORS * row->standard_error;
        errors.y2[i] = row->mean + ERRORS * row->standard_error;
        ws_spread_add(&spread, row->mean);
        ws_spread_add(&spread, row->expected);
    }
    panel->title = ws_arena_format(request->arena, "%s: %s", rows->arm, rows->form);
    panel->x = (struct ws_axis){.label = "generation", .whole = true};
    panel->x.log = request->settings->x == WS_AXIS_LOG;
    panel->y = (struct ws_axis){
        .label = ws_metric_label(request->runs[0].description.family, rows->metric, request->arena),
        .log = ws_axis_is_log(request->settings->y, spread),
        .percent = headline && headline->form == WS_NUMBER_PERCENT,
    };
    return panel->title && panel->y.label ? WS_OK : no_memory(err);
}

enum ws_status ws_figure_of_theory(const struct ws_figure_request *request, struct ws_figure *out,
                                   struct ws_error *err)
{
    struct ws_theory theory;
    size_t count = 0, seeds = 0;
    struct ws_panel *panels = WS_ARENA_NEW(request->arena, struct ws_panel, PANELS_MOST);
    if (!panels)
        return no_memory(err);
    WS_TRY(ws_theory_read(request->runs[0].directory, request->arena, &theory, err));
    for (size_t i = 0, length; i < theory.count; i += length) {
        const struct ws_theory_row *rows = &theory.rows[i];
        int look = 0;
        const struct ws_run_arm *arm = arm_of(request, rows->arm, &look);
        length = length_of_curve(&theory, i);
        if (!arm || !ws_arm_is_shown(request, arm) ||
            !is_listed(&request->settings->metrics, rows->metric))
            continue;
        if (count == PANELS_MOST)
            return ws_fail(err, WS_INVALID, "more than %d curves: choose with --arm and --metric",
                           PANELS_MOST);
        WS_TRY(add_curve(request, rows, length, look, &panels[count++], err));
        seeds = rows->seeds > seeds ? rows->seeds : seeds;
    }
    if (count == 0)
        return ws_fail(err, WS_NOT_FOUND, "no closed form is known for what is asked for");
    *out = (struct ws_figure){
        .caption = ws_arena_format(request->arena,
                                   "Means over %zu seeds and four standard errors on each side, "
                                   "over the closed form. Means of heavy-tailed numbers are missed "
                                   "by few seeds.",
                                   seeds),
        .panels = panels,
        .panel_count = count,
    };
    return out->caption ? WS_OK : no_memory(err);
}
