/*
 * Which of the three errors lost how much, by generation: shares as stacked bars
 * (lab/attribution.h).
 */
#include <math.h>
#include <string.h>

#include "lab/attribution.h"
#include "view/figure_parts.h"

enum { PANELS_MOST = 24 };

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "a figure");
}

/* Bars ----------------------------------------------------------------------------------------- */

/* Shares above zero are stacked upwards, those below downwards. */
static void stack(double share, double *up, double *down, double *from, double *to)
{
    double *end = share >= 0 ? up : down;
    *from = *end;
    *end += share;
    *to = *end;
}

static enum ws_status add_bars(const struct ws_figure_request *request,
                               const struct ws_attributed *rows, size_t count, double bar,
                               const bool made[WS_ERROR_SOURCES], struct ws_panel *panel,
                               struct ws_error *err)
{
    struct ws_values values[WS_ERROR_SOURCES] = {{NULL, NULL, NULL}};
    for (unsigned e = 0; e < WS_ERROR_SOURCES; e++) {
        if (!made[e])
            continue;
        values[e] =
            ws_panel_add(panel,
                         &(struct ws_series){.mark = WS_MARK_BARS,
                                             .label = ws_error_source_name((enum ws_error_source)e),
                                             .look = (int)e,
                                             .bar = bar,
                                             .count = count},
                         request->arena);
        if (!values[e].x)
            return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        double up = 0, down = 0;
        for (unsigned e = 0; e < WS_ERROR_SOURCES; e++) {
            if (!made[e])
                continue;
            values[e].x[i] = rows[i].generation;
            stack(rows[i].shares[e].value, &up, &down, &values[e].y[i], &values[e].y2[i]);
        }
    }
    return WS_OK;
}

static enum ws_status add_totals(const struct ws_figure_request *request,
                                 const struct ws_attributed *rows, size_t count,
                                 struct ws_panel *panel, struct ws_error *err)
{
    struct ws_values errors = ws_panel_add(
        panel, &(struct ws_series){.mark = WS_MARK_ERRORS, .look = WS_LOOK_INK, .count = count},
        request->arena);
    struct ws_values points = ws_panel_add(
        panel,
        &(struct ws_series){
            .mark = WS_MARK_POINTS, .label = "together, 95 %", .look = WS_LOOK_INK, .count = count},
        request->arena);
    if (!errors.x || !points.x)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        errors.x[i] = points.x[i] = rows[i].generation;
        errors.y[i] = rows[i].total.low;
        errors.y2[i] = rows[i].total.high;
        points.y[i] = rows[i].total.value;
    }
    return WS_OK;
}

static double least_step(const struct ws_attributed *rows, size_t count)
{
    double step = INFINITY;
    for (size_t i = 1; i < count; i++)
        step = fmin(step, (double)rows[i].generation - rows[i - 1].generation);
    return isfinite(step) ? step : 1;
}

static enum ws_status add_arm(const struct ws_figure_request *request,
                              const struct ws_attributed *rows, size_t count,
                              const bool made[WS_ERROR_SOURCES], struct ws_panel *panel,
                              struct ws_error *err)
{
    WS_TRY(ws_panel_open(panel, WS_ERROR_SOURCES + 2, request->arena, err));
    panel->title = ws_arena_text(request->arena, rows->arm);
    panel->x = (struct ws_axis){.label = "generation", .whole = true};
    panel->y = (struct ws_axis){
        .label = ws_arena_format(request->arena, "%s beyond that without errors", rows->metric)};
    if (!panel->title || !panel->y.label)
        return no_memory(err);
    WS_TRY(add_bars(request, rows, count, 0.8 * least_step(rows, count), made, panel, err));
    return add_totals(request, rows, count, panel, err);
}

/* Which rows ----------------------------------------------------------------------------------- */

static const char *choose_metric(const struct ws_figure_request *request,
                                 const struct ws_attribution *attribution)
{
    const struct ws_text_list *asked = &request->settings->metrics;
    if (asked->count > 0)
        return asked->items[0];
    for (const struct ws_headline *h = ws_headlines(request->runs[0].description.family); h->metric;
         h++)
        for (size_t i = 0; i < attribution->count; i++)
            if (strcmp(attribution->rows[i].metric, h->metric) == 0)
                return h->metric;
    return attribution->count > 0 ? attribution->rows[0].metric : NULL;
}

static bool arm_is_shown(const struct ws_figure_request *request, const char *name)
{
    const struct ws_run_description *run = &request->runs[0].description;
    for (size_t a = 0; a < run->arm_count; a++)
        if (strcmp(run->arms[a].name, name) == 0)
            return ws_arm_is_shown(request, &run->arms[a]);
    return false;
}

static enum ws_status draw(const struct ws_figure_request *request,
                           const struct ws_counterfactuals *counterfactuals,
                           const struct ws_attribution *attribution, struct ws_figure *out,
                           struct ws_error *err)
{
    const char *metric = choose_metric(request, attribution);
    struct ws_panel *panels = WS_ARENA_NEW(request->arena, struct ws_panel, PANELS_MOST);
    const struct ws_attributed *first = NULL;
    struct ws_extent n = WS_EXTENT_OF_NONE;
    size_t count = 0;
    if (!panels)
        return no_memory(err);
    for (size_t i = 0, end; i < attribution->count; i = end) {
        const struct ws_attributed *row = &attribution->rows[i];
        for (end = i + 1; end < attribution->count &&
                          strcmp(attribution->rows[end].arm, row->arm) == 0 &&
                          strcmp(attribution->rows[end].metric, row->metric) == 0;)
            end++;
        if (strcmp(row->metric, metric) != 0 || !arm_is_shown(request, row->arm) ||
            count == PANELS_MOST)
            continue;
        WS_TRY(add_arm(request, row, end - i, counterfactuals->made, &panels[count++], err));
        ws_extent_add_sizes(&n, ws_results_find(&request->runs[0].results, row->arm, metric));
        first = row;
    }
    if (!first)
        return ws_fail(err, WS_NOT_FOUND, "--metric: no shares of '%.80s' here", metric);
    ws_panels_share_y(panels, count);
    const char *sizes = ws_extent_text(&n, request->arena);
    if (!sizes)
        return no_memory(err);
    *out = (struct ws_figure){
        .caption = ws_arena_format(
            request->arena,
            "%s (%s): n = %s. Means over %zu seeds. Bars are Shapley shares of three errors; "
            "points are their sum, with the interval of 95 %% over seeds where there are %d or "
            "more.",
            first->metric, first->definition, sizes, first->seeds, WS_ATTRIBUTION_SEEDS),
        .width = count > 1 ? WS_FIGURE_PAGE : WS_FIGURE_COLUMN,
        .panels = panels,
        .panel_count = count,
    };
    return out->caption ? WS_OK : no_memory(err);
}

/* The runs ------------------------------------------------------------------------------------- */

/* Where the run of a counterfactual is: the first, with all errors, is the run itself. It must be
 * of the settings that it should be of. */
static enum ws_status find_run(const struct ws_figure_request *request,
                               const struct ws_counterfactual *one, bool first, const char **out,
                               struct ws_error *err)
{
    struct ws_run_description description;
    *out = first ? request->runs[0].directory
                 : ws_run_path(request->arena, request->settings->counterfactuals, one->name);
    if (!*out)
        return no_memory(err);
    enum ws_status status = ws_run_read(*out, request->arena, &description, err);
    if (status == WS_NOT_FOUND)
        return ws_fail(err, WS_NOT_FOUND,
                       "no run '%s' in '%.200s': 'attribute RUN --runs DIR' makes them", one->name,
                       request->settings->counterfactuals);
    WS_TRY(status);
    return ws_run_compare(&description, &one->experiment, *out, err);
}

static enum ws_status read_and_draw(const struct ws_figure_request *request,
                                    struct ws_counterfactuals *counterfactuals,
                                    struct ws_figure *out, struct ws_error *err)
{
    const struct ws_text_list *metrics = &request->settings->metrics;
    const char *directories[WS_COUNTERFACTUALS_MOST];
    struct ws_attribution attribution;
    const struct ws_attribution_query query = {
        .last = (uint32_t)(request->runs[0].description.generations - 1),
        .metric = metrics->count > 0 ? metrics->items[0] : NULL};
    for (size_t i = 0; i < counterfactuals->count; i++)
        WS_TRY(find_run(request, &counterfactuals->all[i], i == 0, &directories[i], err));
    WS_TRY(ws_attribution_read(counterfactuals, directories, &query, request->arena, &attribution,
                               err));
    return draw(request, counterfactuals, &attribution, out, err);
}

static enum ws_status make(const struct ws_figure_request *request,
                           const struct ws_experiment *experiment, struct ws_human *human,
                           struct ws_figure *out, struct ws_error *err)
{
    struct ws_counterfactuals *counterfactuals =
        WS_ARENA_ZNEW(request->arena, struct ws_counterfactuals, 1);
    if (!counterfactuals)
        return no_memory(err);
    WS_TRY(ws_counterfactuals_find(experiment, human, request->settings->factor,
                                   request->settings->counterfactuals, NULL, counterfactuals, err));
    enum ws_status status = read_and_draw(request, counterfactuals, out, err);
    ws_counterfactuals_release(counterfactuals);
    return status;
}

enum ws_status ws_figure_of_attribution(const struct ws_figure_request *request,
                                        struct ws_figure *out, struct ws_error *err)
{
    struct ws_experiment experiment;
    struct ws_human *human = NULL;
    if (!request->settings->counterfactuals)
        return ws_fail(err, WS_INVALID,
                       "shares of errors are of runs without them: 'attribute RUN --runs DIR' "
                       "makes these, 'plot RUN --kind attribution --runs DIR' draws them");
    WS_TRY(ws_run_experiment(request->runs[0].directory, NULL, 0, NULL, &experiment, err));
    enum ws_status status = ws_experiment_open_human(&experiment, NULL, &human, err);
    if (status == WS_OK)
        status = make(request, &experiment, human, out, err);
    ws_human_close(human);
    ws_experiment_release(&experiment);
    return status;
}
