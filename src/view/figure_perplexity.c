/*
 * The panels of Shumailov et al. 2024 (Nature 631, figure 1): how perplexities of the sequences
 * that models write spread, by generation, under the model of generation 0; and their mean.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "measure/perplexity.h"
#include "view/figure_parts.h"

enum { GENERATIONS = 5, PANELS_MOST = 24 };

/* Which perplexities: the names of the bins' metrics and of the mean. */
struct perplexities {
    const char *bins; /* before the edge */
    const char *mean;
};

static const struct perplexities own = {"own_text_perplexity_histogram/",
                                        "own_text_perplexity_mean"};
static const struct perplexities real = {"perplexity_histogram/", "perplexity_mean"};

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "a figure");
}

static bool has_bins(const struct ws_results *results, const char *arm, const char *prefix)
{
    for (size_t c = 0; c < results->count; c++)
        if ((!arm || strcmp(results->curves[c].arm, arm) == 0) &&
            strncmp(results->curves[c].metric, prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

static enum ws_status choose(const struct ws_figure_request *request,
                             const struct perplexities **out, struct ws_error *err)
{
    const struct ws_results *results = &request->runs[0].results;
    const struct ws_text_list *metrics = &request->settings->metrics;
    *out = &own;
    if (metrics->count > 0 && strcmp(metrics->items[0], "perplexity") == 0)
        *out = &real;
    else if (metrics->count > 0 && strcmp(metrics->items[0], "own_text_perplexity") != 0)
        return ws_fail(err, WS_INVALID,
                       "--metric is '%.40s', wanted own_text_perplexity or perplexity",
                       metrics->items[0]);
    if (has_bins(results, NULL, (*out)->bins))
        return WS_OK;
    return ws_fail(err, WS_UNSUPPORTED,
                   "run '%.200s' has no perplexities of sequences: they are measured of families "
                   "of token sequences, 'ngram' and 'transformer'",
                   request->runs[0].directory);
}

/* Histograms ----------------------------------------------------------------------------------- */

/* Shares of all bins at a generation, of medians over seeds. */
static double share_at(const struct ws_results *results, const char *arm, const char *prefix,
                       unsigned bin, uint32_t generation)
{
    for (size_t c = 0; c < results->count; c++) {
        const struct ws_curve *curve = &results->curves[c];
        const size_t size = strlen(prefix);
        if (strcmp(curve->arm, arm) != 0 || strncmp(curve->metric, prefix, size) != 0 ||
            fabs(strtod(curve->metric + size, NULL) / ws_perplexity_edge(bin) - 1) > 0.01)
            continue;
        for (size_t p = 0; p < curve->point_count; p++)
            if (curve->points[p].generation == generation)
                return curve->points[p].summary.mean;
    }
    return 0;
}

/* The first and the last bin that anybody has at a generation that is shown. */
struct bins {
    unsigned first, last;
};

static bool is_shown(const struct ws_generations *generations, uint32_t generation)
{
    for (size_t i = 0; i < generations->count; i++)
        if (generations->items[i] == generation)
            return true;
    return false;
}

static bool holds_any(const struct ws_curve *curve, const struct ws_generations *generations)
{
    for (size_t p = 0; p < curve->point_count; p++)
        if (is_shown(generations, curve->points[p].generation) && curve->points[p].summary.mean > 0)
            return true;
    return false;
}

static struct bins bins_of(const struct ws_results *results, const char *prefix,
                           const struct ws_generations *generations)
{
    struct bins bins = {WS_PERPLEXITY_BINS - 1, 0};
    for (size_t c = 0; c < results->count; c++) {
        const char *metric = results->curves[c].metric;
        if (strncmp(metric, prefix, strlen(prefix)) != 0 ||
            !holds_any(&results->curves[c], generations))
            continue;
        double edge = strtod(metric + strlen(prefix), NULL);
        unsigned bin = (unsigned)lround(log10(edge) * WS_PERPLEXITY_DECADE);
        bins.first = bin < bins.first ? bin : bins.first;
        bins.last = bin > bins.last ? bin : bins.last;
    }
    return bins;
}

static enum ws_status add_histogram(const struct ws_figure_request *request, const char *arm,
                                    const char *prefix, const struct ws_generations *generations,
                                    size_t i, struct bins bins, struct ws_panel *panel,
                                    struct ws_error *err)
{
    const size_t count = bins.last - bins.first + 2; /* edges */
    const struct ws_results *results = &request->runs[0].results;
    struct ws_values values =
        ws_panel_add(panel,
                     &(struct ws_series){
                         .mark = WS_MARK_STEPS,
                         .label = ws_generation_label(request, generations->items[i]),
                         .look = WS_LOOK_RAMP,
                         .shade = ws_generation_shade(i, generations->count),
                         .count = count + 2,
                     },
                     request->arena);
    if (!values.x)
        return no_memory(err);
    /* From zero, and back to it. */
    values.x[0] = ws_perplexity_edge(bins.first);
    values.y[0] = 0;
    for (size_t b = 0; b < count; b++) {
        values.x[b + 1] = ws_perplexity_edge(bins.first + (unsigned)b);
        values.y[b + 1] = b + 1 < count ? share_at(results, arm, prefix, bins.first + (unsigned)b,
                                                   generations->items[i])
                                        : 0;
    }
    values.x[count + 1] = values.x[count];
    values.y[count + 1] = 0;
    return WS_OK;
}

/* The generations that the arm's first bin, which may lack some, and all its other ones have. */
static enum ws_status generations_of(const struct ws_figure_request *request, const char *arm,
                                     const char *mean, struct ws_generations *out,
                                     struct ws_error *err)
{
    const struct ws_curve *curve = ws_results_find(&request->runs[0].results, arm, mean);
    if (!curve)
        return ws_fail(err, WS_NOT_FOUND, "arm '%.80s' has no metric '%s'", arm, mean);
    uint32_t *measured = WS_ARENA_NEW(request->arena, uint32_t, curve->point_count);
    if (!measured)
        return no_memory(err);
    for (size_t p = 0; p < curve->point_count; p++)
        measured[p] = curve->points[p].generation;
    return ws_generations_asked(request, measured, curve->point_count, GENERATIONS, out, err);
}

static enum ws_status add_arm(const struct ws_figure_request *request,
                              const struct perplexities *which, const struct ws_run_arm *arm,
                              struct ws_panel *panel, struct ws_error *err)
{
    struct ws_generations generations;
    WS_TRY(generations_of(request, arm->name, which->mean, &generations, err));
    struct bins bins = bins_of(&request->runs[0].results, which->bins, &generations);
    if (bins.first > bins.last)
        bins = (struct bins){0, 0};
    WS_TRY(ws_panel_open(panel, generations.count, request->arena, err));
    panel->title = arm->name;
    panel->x = (struct ws_axis){
        .label = which == &own ? "perplexity of a text under generation 0"
                               : "perplexity of a human text under the model",
        .log = request->settings->x != WS_AXIS_LINEAR,
    };
    panel->y = (struct ws_axis){
        .label = "share of texts", .percent = true, .log = request->settings->y == WS_AXIS_LOG};
    for (size_t i = 0; i < generations.count; i++)
        WS_TRY(add_histogram(request, arm->name, which->bins, &generations, i, bins, panel, err));
    return WS_OK;
}

/* Arms share the height of their panels, for a glance to compare. */
static void share_height(struct ws_panel *panels, size_t count)
{
    struct ws_spread spread = {INFINITY, -INFINITY};
    for (size_t p = 0; p < count; p++)
        for (size_t s = 0; s < panels[p].series_count; s++)
            for (size_t i = 0; i < panels[p].series[s].count; i++)
                ws_spread_add(&spread, panels[p].series[s].y[i]);
    for (size_t p = 0; p < count && !panels[p].y.log; p++)
        panels[p].y.high = spread.high * 1.05;
}

/* The mean ------------------------------------------------------------------------------------- */

static enum ws_status add_mean(const struct ws_figure_request *request,
                               const struct ws_shown_curves *curves, struct ws_panel *panels,
                               size_t *count, struct ws_error *err)
{
    const struct ws_shown_curve **picked =
        WS_ARENA_NEW(request->arena, const struct ws_shown_curve *, curves->count);
    if (!picked)
        return no_memory(err);
    for (size_t g = 0; g < curves->group_count; g++) {
        size_t in_group = 0;
        for (size_t c = 0; c < curves->count; c++)
            if (curves->items[c].group == g)
                picked[in_group++] = &curves->items[c];
        WS_TRY(ws_curves_panel(request, picked, in_group, &panels[*count], err));
        panels[*count].title = "mean over texts";
        panels[(*count)++].y.label = "mean perplexity";
    }
    return WS_OK;
}

enum ws_status ws_figure_of_perplexity(const struct ws_figure_request *request,
                                       struct ws_figure *out, struct ws_error *err)
{
    const struct ws_shown_run *run = &request->runs[0];
    const struct perplexities *which;
    struct ws_shown_curves means;
    size_t count = 0;
    WS_TRY(choose(request, &which, err));
    WS_TRY(ws_curves_find(request, which->mean, false, &means, err));
    struct ws_panel *panels =
        WS_ARENA_NEW(request->arena, struct ws_panel, run->description.arm_count + means.count);
    if (!panels)
        return no_memory(err);
    for (size_t a = 0; a < run->description.arm_count; a++) {
        const struct ws_run_arm *arm = &run->description.arms[a];
        if (ws_arm_is_shown(request, arm) && has_bins(&run->results, arm->name, which->bins))
            WS_TRY(add_arm(request, which, arm, &panels[count++], err));
    }
    if (count > PANELS_MOST)
        return ws_fail(err, WS_INVALID,
                       "%zu arms in one figure, wanted %d at most: choose with "
                       "--arm",
                       count, PANELS_MOST);
    share_height(panels, count);
    WS_TRY(add_mean(request, &means, panels, &count, err));
    const char *caption = ws_curves_caption(request, &means, 1);
    *out = (struct ws_figure){
        .caption = caption ? ws_arena_format(request->arena,
                                             "Histograms: mean share over seeds, eight bins to a "
                                             "power of ten. %s",
                                             caption)
                           : NULL,
        .width = WS_FIGURE_PAGE,
        .panels = panels,
        .panel_count = count,
    };
    return out->caption ? WS_OK : no_memory(err);
}
