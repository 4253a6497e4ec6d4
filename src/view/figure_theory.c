/*
 * Measured curves over the closed forms that are known for them (lab/theory.h).
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "lab/theory.h"
#include "view/figure_parts.h"

enum { PANELS_MOST = 12, ACROSS = 3 /* each has labels */, ERRORS = 4, POINTS_MOST = 30 };

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "a figure");
}

static bool is_of_form(const struct ws_theory_row *row, const struct ws_theory_row *first)
{
    return strcmp(row->arm, first->arm) == 0 && strcmp(row->metric, first->metric) == 0 &&
           row->of_median == first->of_median && strcmp(row->form, first->form) == 0;
}

static bool is_of_curve(const struct ws_theory_row *row, const struct ws_theory_row *first)
{
    return strcmp(row->arm, first->arm) == 0 && strcmp(row->metric, first->metric) == 0 &&
           row->of_median == first->of_median;
}

/* How many rows from `from` on are like it. */
static size_t length_of(const struct ws_theory *theory, size_t from,
                        bool (*is_like)(const struct ws_theory_row *, const struct ws_theory_row *))
{
    size_t end = from;
    while (end < theory->count && is_like(&theory->rows[end], &theory->rows[from]))
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

/* In the order in which they are drawn: whole lines first, and then those with gaps, so that none
 * hides another that it lies on. */
static const enum ws_form_kind upwards[] = {WS_FORM_LIMIT, WS_FORM_AT_MOST, WS_FORM_AT_LEAST,
                                            WS_FORM_ABOUT, WS_FORM_EXACT};

/* How forms of a kind are called and drawn. */
static struct ws_series form_series(enum ws_form_kind kind)
{
    const struct ws_series series[] = {
        [WS_FORM_EXACT] = {.label = "closed form", .look = WS_LOOK_INK, .dashed = true},
        [WS_FORM_ABOUT] = {.label = "leading order", .look = WS_LOOK_RAMP, .shade = 1},
        [WS_FORM_AT_LEAST] = {.label = "lower bound", .look = WS_LOOK_RAMP, .shade = 0.6},
        [WS_FORM_AT_MOST] = {.label = "upper bound", .look = WS_LOOK_RAMP, .shade = 0},
        [WS_FORM_LIMIT] = {.label = "limit", .look = WS_LOOK_INK},
    };
    return series[kind];
}

/* What is being drawn. */
struct curve {
    const struct ws_figure_request *request;
    struct ws_panel *panel;
    const struct ws_theory_row *rows; /* of its first form */
    size_t count;                     /* of each form */
    int look;
    struct ws_spread spread;
};

/* Few points have error bars, many a band; a median has neither, nor has one seed. */
static enum ws_status add_measured(struct curve *c, struct ws_error *err)
{
    struct ws_arena *arena = c->request->arena;
    const bool few = c->count <= POINTS_MOST;
    const struct ws_series beside = {
        .mark = few ? WS_MARK_ERRORS : WS_MARK_BAND, .look = c->look, .count = c->count};
    const struct ws_series measured = {.mark = few ? WS_MARK_POINTS : WS_MARK_LINE,
                                       .label = c->rows->arm,
                                       .look = c->look,
                                       .count = c->count};
    const bool has_errors = !c->rows->of_median && c->rows->seeds > 1;
    struct ws_values errors = {0};
    if (has_errors)
        errors = ws_panel_add(c->panel, &beside, arena);
    struct ws_values values = ws_panel_add(c->panel, &measured, arena);
    if (!values.x || (has_errors && !errors.x))
        return no_memory(err);
    for (size_t i = 0; i < c->count; i++) {
        const struct ws_theory_row *row = &c->rows[i];
        values.x[i] = row->generation;
        values.y[i] = row->measured;
        ws_spread_add(&c->spread, row->measured);
        if (!errors.x)
            continue;
        errors.x[i] = row->generation;
        errors.y[i] = row->measured - ERRORS * row->standard_error;
        errors.y2[i] = row->measured + ERRORS * row->standard_error;
    }
    return WS_OK;
}

static enum ws_status add_form(struct curve *c, const struct ws_theory_row *rows, size_t count,
                               struct ws_error *err)
{
    struct ws_series series = form_series(rows->kind);
    series.mark = WS_MARK_LINE;
    series.count = count;
    struct ws_values expected = ws_panel_add(c->panel, &series, c->request->arena);
    if (!expected.x)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        expected.x[i] = rows[i].generation;
        expected.y[i] = rows[i].expected;
        ws_spread_add(&c->spread, rows[i].expected);
    }
    return WS_OK;
}

/* A measured curve and all forms that are known for it: the rows [from, from + length). */
static enum ws_status add_curve(const struct ws_figure_request *request,
                                const struct ws_theory *theory, size_t from, size_t length,
                                int look, struct ws_panel *panel, struct ws_error *err)
{
    const struct ws_theory_row *rows = &theory->rows[from];
    const char *family = request->runs[0].description.family;
    struct curve c = {
        .request = request,
        .panel = panel,
        .rows = rows,
        .count = length_of(theory, from, is_of_form),
        .look = look,
        .spread = {INFINITY, -INFINITY},
    };
    WS_TRY(ws_panel_open(panel, WS_KNOWN_FORMS_MOST + 2, request->arena, err));
    WS_TRY(add_measured(&c, err));
    for (size_t k = 0; k < sizeof upwards / sizeof *upwards; k++)
        for (size_t i = from, count; i < from + length; i += count) {
            count = length_of(theory, i, is_of_form);
            if (theory->rows[i].kind == upwards[k])
                WS_TRY(add_form(&c, &theory->rows[i], count, err));
        }
    const struct ws_headline *headline = ws_headline_find(family, rows->metric);
    const char *label = ws_metric_label(family, rows->metric, request->arena);
    panel->title = rows->arm;
    panel->x = (struct ws_axis){.label = "generation", .whole = true};
    panel->x.log = request->settings->x == WS_AXIS_LOG;
    panel->y = (struct ws_axis){
        .label =
            rows->of_median && label ? ws_arena_format(request->arena, "%s, median", label) : label,
        .log = ws_axis_is_log(request->settings->y, c.spread),
        .percent = headline && headline->form == WS_NUMBER_PERCENT,
    };
    return panel->y.label ? WS_OK : no_memory(err);
}

/* A curve that may be drawn. */
struct choice {
    size_t from, length; /* its rows */
    const struct ws_run_arm *arm;
    int look;
};

static enum ws_status list_choices(const struct ws_figure_request *request,
                                   const struct ws_theory *theory, struct choice **out,
                                   size_t *count, struct ws_error *err)
{
    *out = WS_ARENA_NEW(request->arena, struct choice, theory->count + 1);
    *count = 0;
    if (!*out)
        return no_memory(err);
    for (size_t i = 0, length; i < theory->count; i += length) {
        struct choice choice = {.from = i};
        choice.arm = arm_of(request, theory->rows[i].arm, &choice.look);
        choice.length = length = length_of(theory, i, is_of_curve);
        if (choice.arm && ws_arm_is_shown(request, choice.arm) &&
            is_listed(&request->settings->metrics, theory->rows[i].metric))
            (*out)[(*count)++] = choice;
    }
    if (*count == 0)
        return ws_fail(err, WS_NOT_FOUND, "no closed form is known for what is asked for");
    return WS_OK;
}

/* How many from the first on have room: all curves of an arm, or none. Arms that were asked for are
 * all to be there. */
static enum ws_status choose(const struct ws_figure_request *request, const struct choice *choices,
                             size_t count, size_t *out, struct ws_error *err)
{
    *out = count;
    if (count <= PANELS_MOST)
        return WS_OK;
    for (*out = PANELS_MOST; *out > 0 && choices[*out].arm == choices[*out - 1].arm;)
        --*out;
    if (*out > 0 && request->settings->arms.count == 0)
        return WS_OK;
    return ws_fail(
        err, WS_INVALID,
        "%zu curves with closed forms, wanted %d at most: name fewer arms with --arm, as "
        "'--arm %.80s', or metrics with --metric",
        count, PANELS_MOST, choices[0].arm->name);
}

/* " Not shown: control, ...": arms behind the last that has room. */
static enum ws_status say_left_out(const struct choice *choices, size_t shown, size_t count,
                                   struct ws_arena *arena, const char **out, struct ws_error *err)
{
    const struct ws_run_arm *last = NULL;
    *out = "";
    for (size_t i = shown; *out && i < count; i++) {
        if (choices[i].arm != last)
            *out = ws_arena_format(arena, "%s%s%s", *out,
                                   last ? ", " : " Not shown: ", choices[i].arm->name);
        last = choices[i].arm;
    }
    if (*out && last)
        *out = ws_arena_format(arena, "%s.", *out);
    return *out ? WS_OK : no_memory(err);
}

static const char *say_seeds(size_t seeds, struct ws_arena *arena)
{
    char count[WS_COUNT_TEXT_SIZE];
    ws_count_text(seeds, count);
    if (seeds == 1)
        return "Numbers of one seed";
    return ws_arena_format(arena,
                           "Means over %s seeds and four standard errors on each side (medians "
                           "where the axis says so)",
                           count);
}

enum ws_status ws_figure_of_theory(const struct ws_figure_request *request, struct ws_figure *out,
                                   struct ws_error *err)
{
    struct ws_theory theory;
    struct choice *choices;
    const char *left_out;
    struct ws_extent n = WS_EXTENT_OF_NONE;
    size_t count = 0, shown = 0, seeds = 0;
    struct ws_panel *panels = WS_ARENA_NEW(request->arena, struct ws_panel, PANELS_MOST);
    if (!panels)
        return no_memory(err);
    WS_TRY(ws_theory_read(request->runs[0].directory, request->arena, &theory, err));
    WS_TRY(list_choices(request, &theory, &choices, &count, err));
    WS_TRY(choose(request, choices, count, &shown, err));
    WS_TRY(say_left_out(choices, shown, count, request->arena, &left_out, err));
    for (size_t i = 0; i < shown; i++) {
        const struct ws_theory_row *row = &theory.rows[choices[i].from];
        const size_t of_row = row->seeds;
        ws_extent_add_sizes(&n, ws_results_find(&request->runs[0].results, row->arm, row->metric));
        WS_TRY(add_curve(request, &theory, choices[i].from, choices[i].length, choices[i].look,
                         &panels[i], err));
        seeds = of_row > seeds ? of_row : seeds;
    }
    const char *sizes = ws_extent_text(&n, request->arena);
    const char *of_seeds = say_seeds(seeds, request->arena);
    if (!sizes || !of_seeds)
        return no_memory(err);
    *out = (struct ws_figure){
        .caption = ws_arena_format(request->arena,
                                   "n = %s. %s, under what theory says of them. Means of "
                                   "heavy-tailed numbers are missed by few seeds.%s",
                                   sizes, of_seeds, left_out),
        .columns = shown > ACROSS ? ACROSS : 0,
        .panels = panels,
        .panel_count = shown,
    };
    return out->caption ? WS_OK : no_memory(err);
}
