#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lab/run_comparison.h"
#include "view/figure_parts.h"

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "a figure");
}

/* Which metrics -------------------------------------------------------------------------------- */

static bool is_measured(const struct ws_figure_request *request, const char *metric)
{
    for (size_t r = 0; r < request->run_count; r++)
        for (size_t c = 0; c < request->runs[r].results.count; c++)
            if (strcmp(request->runs[r].results.curves[c].metric, metric) == 0)
                return true;
    return false;
}

static enum ws_status refuse_metric(const struct ws_figure_request *request, const char *metric,
                                    struct ws_error *err)
{
    size_t most = 0, count = 0;
    for (size_t r = 0; r < request->run_count; r++)
        most += request->runs[r].results.count;
    const char **names = WS_ARENA_NEW(request->arena, const char *, most + 1);
    if (!names)
        return no_memory(err);
    for (size_t r = 0; r < request->run_count; r++)
        for (size_t c = 0; c < request->runs[r].results.count; c++)
            names[count++] = request->runs[r].results.curves[c].metric;
    const char *nearest = ws_nearest_name(metric, names, count);
    if (nearest)
        return ws_fail(err, WS_INVALID, "--metric: no metric '%.80s' here; did you mean '%s'?",
                       metric, nearest);
    return ws_fail(err, WS_INVALID,
                   "--metric: no metric '%.80s' here; 'compare RUN --metric all' shows them",
                   metric);
}

/* The first metric of the run that is of a whole, and no share or bin or floor. */
static const char *first_metric(const struct ws_results *results)
{
    for (size_t c = 0; c < results->count; c++)
        if (!strchr(results->curves[c].metric, '/'))
            return results->curves[c].metric;
    return NULL;
}

enum ws_status ws_metrics_asked(const struct ws_figure_request *request, struct ws_text_list *out,
                                struct ws_error *err)
{
    *out = request->settings->metrics;
    for (size_t i = 0; i < out->count; i++)
        if (!is_measured(request, out->items[i]))
            return refuse_metric(request, out->items[i], err);
    if (out->count > 0)
        return WS_OK;
    const char **one = WS_ARENA_ZNEW(request->arena, const char *, 1);
    if (!one)
        return no_memory(err);
    const struct ws_headline *h = ws_headlines(request->runs[0].description.family);
    while (h->metric && !is_measured(request, h->metric))
        h++;
    *one = h->metric ? h->metric : first_metric(&request->runs[0].results);
    if (!*one)
        return ws_fail(err, WS_NOT_FOUND, "run '%.200s' has no metrics that can be drawn",
                       request->runs[0].directory);
    *out = (struct ws_text_list){one, 1};
    return WS_OK;
}

/* Collecting ----------------------------------------------------------------------------------- */

/* Whether two curves may share an axis: numbers of one definition, sample size and kind of token,
 * at every generation that both have. */
static bool may_share(const struct ws_shown_curve *a, const struct ws_shown_curve *b)
{
    const struct ws_curve *x = a->curve, *y = b->curve;
    if (strcmp(x->metric, y->metric) != 0 || strcmp(x->definition, y->definition) != 0 ||
        strcmp(a->tokens, b->tokens) != 0)
        return false;
    size_t i = 0, j = 0;
    while (i < x->point_count && j < y->point_count) {
        const struct ws_point *p = &x->points[i], *q = &y->points[j];
        if (p->generation == q->generation && p->n != q->n)
            return false;
        i += p->generation <= q->generation;
        j += q->generation <= p->generation;
    }
    return true;
}

/* The group of the curve that is last. */
static void group_last(struct ws_shown_curves *curves)
{
    struct ws_shown_curve *last = &curves->items[curves->count - 1];
    for (size_t g = 0; g < curves->group_count; g++) {
        bool all = true;
        for (size_t i = 0; i + 1 < curves->count; i++)
            all = all && (curves->items[i].group != g || may_share(&curves->items[i], last));
        if (all) {
            last->group = g;
            return;
        }
    }
    last->group = curves->group_count++;
}

static const char *label_of(const struct ws_figure_request *request, const struct ws_shown_run *run,
                            const struct ws_run_arm *arm, bool policies)
{
    const char *name = policies ? arm->policy : arm->name;
    if (request->run_count == 1 || policies)
        return name;
    return ws_arena_format(request->arena, "%s: %s", run->name, name);
}

/* One look for each policy that comes, in the order in which they come. */
static int look_of_policy(const struct ws_shown_curves *curves, const struct ws_run_arm *arm)
{
    int next = 0;
    if (ws_arm_is_control(arm))
        return WS_LOOK_INK;
    for (size_t i = 0; i < curves->count; i++) {
        if (strcmp(curves->items[i].arm->policy, arm->policy) == 0)
            return curves->items[i].look;
        next = curves->items[i].look >= next ? curves->items[i].look + 1 : next;
    }
    return next;
}

static enum ws_status add_curve(const struct ws_figure_request *request,
                                const struct ws_shown_run *run, size_t a, const char *metric,
                                bool policies, int *next_look, struct ws_shown_curves *out,
                                struct ws_error *err)
{
    const struct ws_run_arm *arm = &run->description.arms[a];
    const int look = policies                  ? look_of_policy(out, arm)
                     : request->run_count == 1 ? ws_arm_look(&run->description, a)
                                               : *next_look;
    ++*next_look; /* an arm keeps its look, shown or not */
    const struct ws_curve *curve = ws_results_find(&run->results, arm->name, metric);
    if (!curve || !ws_arm_is_shown(request, arm))
        return WS_OK;
    struct ws_shown_curve shown = {
        .curve = curve,
        .run = run,
        .arm = arm,
        .tokens = ws_compared_tokens(&run->description, metric),
        .label = label_of(request, run, arm, policies),
        .look = look,
    };
    if (!shown.label)
        return no_memory(err);
    out->items[out->count++] = shown;
    group_last(out);
    return WS_OK;
}

enum ws_status ws_curves_find(const struct ws_figure_request *request, const char *metric,
                              bool policies, struct ws_shown_curves *out, struct ws_error *err)
{
    size_t most = 0;
    int next_look = 0;
    for (size_t r = 0; r < request->run_count; r++)
        most += request->runs[r].description.arm_count;
    *out = (struct ws_shown_curves){
        .items = WS_ARENA_NEW(request->arena, struct ws_shown_curve, most + 1)};
    if (!out->items)
        return no_memory(err);
    for (size_t r = 0; r < request->run_count; r++)
        for (size_t a = 0; a < request->runs[r].description.arm_count; a++)
            WS_TRY(
                add_curve(request, &request->runs[r], a, metric, policies, &next_look, out, err));
    if (out->count == 0)
        return ws_fail(err, WS_NOT_FOUND, "no arm that is asked for has the metric '%.80s'",
                       metric);
    return WS_OK;
}

/* Panels --------------------------------------------------------------------------------------- */

const char *ws_metric_label(const char *family, const char *metric, struct ws_arena *arena)
{
    const struct ws_headline *headline = ws_headline_find(family, metric);
    if (headline)
        return ws_arena_format(arena, "%s (%s)", headline->title, headline->detail);
    return ws_arena_text(arena, metric);
}

static struct ws_spread spread_of(const struct ws_shown_curve *const *curves, size_t count)
{
    struct ws_spread spread = {INFINITY, -INFINITY};
    for (size_t c = 0; c < count; c++)
        for (size_t p = 0; p < curves[c]->curve->point_count; p++) {
            const struct ws_summary *s = &curves[c]->curve->points[p].summary;
            ws_spread_add(&spread, s->median);
            if (s->count > 1) {
                ws_spread_add(&spread, s->low);
                ws_spread_add(&spread, s->high);
            }
        }
    return spread;
}

static bool has_band(const struct ws_curve *curve)
{
    for (size_t p = 0; p < curve->point_count; p++)
        if (curve->points[p].summary.count > 1)
            return true;
    return false;
}

static enum ws_status add_band(const struct ws_shown_curve *shown, struct ws_panel *panel,
                               struct ws_arena *arena, struct ws_error *err)
{
    const struct ws_curve *curve = shown->curve;
    struct ws_values values = ws_panel_add(
        panel,
        &(struct ws_series){.mark = WS_MARK_BAND, .look = shown->look, .count = curve->point_count},
        arena);
    if (!values.x)
        return no_memory(err);
    for (size_t p = 0; p < curve->point_count; p++) {
        const struct ws_summary *s = &curve->points[p].summary;
        values.x[p] = curve->points[p].generation;
        values.y[p] = s->count > 1 ? s->low : NAN;
        values.y2[p] = s->count > 1 ? s->high : NAN;
    }
    return WS_OK;
}

static enum ws_status add_line(const struct ws_shown_curve *shown, struct ws_panel *panel,
                               struct ws_arena *arena, struct ws_error *err)
{
    const struct ws_curve *curve = shown->curve;
    struct ws_values values = ws_panel_add(panel,
                                           &(struct ws_series){.mark = WS_MARK_LINE,
                                                               .label = shown->label,
                                                               .look = shown->look,
                                                               .count = curve->point_count},
                                           arena);
    if (!values.x)
        return no_memory(err);
    for (size_t p = 0; p < curve->point_count; p++) {
        values.x[p] = curve->points[p].generation;
        values.y[p] = curve->points[p].summary.median;
    }
    return WS_OK;
}

/* What another human sample scores, from the first generation to the last. */
static enum ws_status add_floor(const struct ws_shown_curve *const *curves, size_t count,
                                struct ws_panel *panel, struct ws_arena *arena,
                                struct ws_error *err)
{
    const struct ws_shown_curve *first = curves[0];
    double floor = ws_results_floor(&first->run->results, first->arm->name, first->curve->metric);
    double from = INFINITY, to = -INFINITY;
    if (isnan(floor))
        return WS_OK;
    for (size_t c = 0; c < count; c++) {
        const struct ws_curve *curve = curves[c]->curve;
        from = fmin(from, curve->points[0].generation);
        to = fmax(to, curve->points[curve->point_count - 1].generation);
    }
    struct ws_values values = ws_panel_add(panel,
                                           &(struct ws_series){.mark = WS_MARK_LINE,
                                                               .label = "another human sample",
                                                               .look = WS_LOOK_PALE,
                                                               .count = 2},
                                           arena);
    if (!values.x)
        return no_memory(err);
    values.x[0] = from;
    values.x[1] = to;
    values.y[0] = values.y[1] = floor;
    return WS_OK;
}

enum ws_status ws_curves_panel(const struct ws_figure_request *request,
                               const struct ws_shown_curve *const *curves, size_t count,
                               struct ws_panel *out, struct ws_error *err)
{
    const char *family = curves[0]->run->description.family;
    const char *metric = curves[0]->curve->metric;
    const struct ws_headline *headline = ws_headline_find(family, metric);
    WS_TRY(ws_panel_open(out, 2 * count + 1, request->arena, err));
    out->x = (struct ws_axis){.label = "generation", .whole = true};
    out->x.log = request->settings->x == WS_AXIS_LOG;
    out->y = (struct ws_axis){
        .label = ws_metric_label(family, metric, request->arena),
        .log = ws_axis_is_log(request->settings->y, spread_of(curves, count)),
        .percent = headline && headline->form == WS_NUMBER_PERCENT,
    };
    if (!out->y.label)
        return no_memory(err);
    WS_TRY(add_floor(curves, count, out, request->arena, err));
    for (size_t c = 0; c < count; c++)
        if (has_band(curves[c]->curve))
            WS_TRY(add_band(curves[c], out, request->arena, err));
    for (size_t c = 0; c < count; c++)
        WS_TRY(add_line(curves[c], out, request->arena, err));
    return WS_OK;
}

/* Captions ------------------------------------------------------------------------------------- */

enum { ABSENT_NAMED = 4 };

static bool has_run(const struct ws_shown_curves *curves, const struct ws_shown_run *run)
{
    for (size_t c = 0; c < curves->count; c++)
        if (curves->items[c].run == run)
            return true;
    return false;
}

/* ", none of a, b": runs that have no curve of the metric. */
static void print_absent(const struct ws_figure_request *request,
                         const struct ws_shown_curves *curves, struct ws_buffer *out)
{
    size_t absent = 0;
    for (size_t r = 0; r < request->run_count; r++)
        absent += !has_run(curves, &request->runs[r]);
    if (absent > ABSENT_NAMED)
        ws_buffer_format(out, ", none of %zu of the %zu runs", absent, request->run_count);
    const char *before = ", none of ";
    for (size_t r = 0; absent <= ABSENT_NAMED && r < request->run_count; r++) {
        if (has_run(curves, &request->runs[r]))
            continue;
        ws_buffer_format(out, "%s%s", before, request->runs[r].name);
        before = ", ";
    }
}

const char *ws_curves_caption(const struct ws_figure_request *request,
                              const struct ws_shown_curves *curves, size_t count)
{
    struct ws_arena *arena = request->arena;
    struct ws_extent seeds = WS_EXTENT_OF_NONE;
    struct ws_buffer text;
    ws_buffer_init(&text, arena->allocator, SIZE_MAX);
    for (size_t m = 0; m < count; m++) {
        const struct ws_curve *first = curves[m].items[0].curve;
        struct ws_extent n = WS_EXTENT_OF_NONE;
        for (size_t c = 0; c < curves[m].count; c++) {
            const struct ws_curve *curve = curves[m].items[c].curve;
            ws_extent_add_sizes(&n, curve);
            for (size_t p = 0; p < curve->point_count; p++)
                ws_extent_add(&seeds,
                              curve->points[p].summary.count + curve->points[p].summary.missing);
        }
        ws_buffer_format(&text, "%s%s (%s): n = ", m > 0 ? "; " : "", first->metric,
                         first->definition);
        ws_extent_print(&n, &text);
        print_absent(request, &curves[m], &text);
    }
    if (seeds.most > 1) {
        ws_buffer_text(&text, ". Median and 10 % to 90 % of ");
        ws_extent_print(&seeds, &text);
        ws_buffer_text(&text, " seeds.");
    } else {
        ws_buffer_text(&text, ". One seed.");
    }
    const char *made = text.status == WS_OK ? ws_arena_text(arena, ws_buffer_string(&text)) : NULL;
    ws_buffer_release(&text);
    return made;
}
