/*
 * Distributions of vectors by generation: in one dimension the density of the models over the human
 * data's histogram; in more, items over human items in the first two coordinates, with lines that
 * hold shares of the model.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/item_likelihood.h"
#include "view/contour.h"
#include "view/figure_models.h"

enum {
    LINES = 5,  /* generations in one panel */
    ACROSS = 4, /* generations in panels side by side */
    PANELS_MOST = 48,
    DENSITY_POINTS = 300,
    HISTOGRAM_BINS = 30,
    DOTS_MOST = 600, /* items of a kind in a panel */
    GRID = 160,      /* points along a side */
    SAMPLE = 5000,   /* items where metrics saw no sample */
    LEVELS = 2,
};

/* Of the model, within a line. */
static const double held[LEVELS] = {0.5, 0.95};

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "a figure");
}

struct range {
    double low, high;
};

struct vectors_figure {
    struct range x, y; /* what all panels show */
    bool has_range;
};

/* Families whose density is that of a whole item, and not of a target given the rest. */
static bool has_density(const struct ws_model *model)
{
    static const char *const families[] = {"gaussian", "gmm", "kde"};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strcmp(model->ops->name, families[i]) == 0)
            return true;
    return false;
}

/* Items ---------------------------------------------------------------------------------------- */

/* Coordinate `c` of the first items, at most `most`; returns how many. */
static size_t take_coordinate(const struct ws_dataset *data, uint32_t c, size_t most, double *out)
{
    size_t count = 0;
    for (size_t s = 0; s < data->segment_count; s++)
        for (uint64_t i = 0; i < data->segments[s].count && count < most; i++) {
            const struct ws_segment *segment = &data->segments[s];
            out[count++] =
                segment->payload->vectors[ws_segment_item(segment, i) * data->dimension + c];
        }
    return count;
}

/* What the human items reach over, and three tenths more on each side. */
static enum ws_status find_range(const struct ws_dataset *human, uint32_t c, struct ws_arena *arena,
                                 struct range *out, struct ws_error *err)
{
    double *values = WS_ARENA_NEW(arena, double, human->count);
    *out = (struct range){INFINITY, -INFINITY};
    if (!values)
        return no_memory(err);
    size_t count = take_coordinate(human, c, (size_t)human->count, values);
    for (size_t i = 0; i < count; i++) {
        out->low = fmin(out->low, values[i]);
        out->high = fmax(out->high, values[i]);
    }
    double room = out->high > out->low ? 0.3 * (out->high - out->low) : 1;
    out->low -= room;
    out->high += room;
    return WS_OK;
}

static enum ws_status add_dots(const struct ws_dataset *data, const struct ws_series *like,
                               struct ws_panel *panel, struct ws_arena *arena, struct ws_error *err)
{
    struct ws_series dots = *like;
    dots.mark = WS_MARK_DOTS;
    dots.count = data->count < DOTS_MOST ? (size_t)data->count : DOTS_MOST;
    struct ws_values values = ws_panel_add(panel, &dots, arena);
    if (!values.x)
        return no_memory(err);
    (void)take_coordinate(data, 0, dots.count, values.x);
    (void)take_coordinate(data, 1, dots.count, values.y);
    return WS_OK;
}

/* Densities ------------------------------------------------------------------------------------ */

/* log density of the model at `count` points (count, dimension). */
static enum ws_status densities_at(const struct ws_model *model, const double *points, size_t count,
                                   uint32_t dimension, struct ws_arena *arena, double *out,
                                   struct ws_error *err)
{
    const struct ws_payload payload = {
        .kind = WS_DATA_VECTORS, .count = count, .dimension = dimension, .vectors = points};
    struct ws_dataset data;
    struct ws_arena scratch; /* of its own: it is reset for every point */
    WS_TRY(ws_dataset_of(&payload, (struct ws_origin){WS_SOURCE_UNKNOWN, 0, 0}, arena, &data, err));
    ws_arena_init(&scratch, NULL);
    enum ws_status status = ws_item_likelihoods(model, &data, NULL, &scratch, out, err);
    ws_arena_release(&scratch);
    return status;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The densities above which shares of the model lie, by its sample. */
static enum ws_status find_levels(const struct ws_model *model, const struct ws_payload *sample,
                                  struct ws_arena *arena, double levels[LEVELS],
                                  struct ws_error *err)
{
    const size_t count = sample->count < SAMPLE ? (size_t)sample->count : SAMPLE;
    double *densities = WS_ARENA_NEW(arena, double, count);
    if (!densities)
        return no_memory(err);
    WS_TRY(densities_at(model, sample->vectors, count, sample->dimension, arena, densities, err));
    qsort(densities, count, sizeof *densities, ascending);
    for (size_t l = 0; l < LEVELS; l++)
        levels[l] = densities[(size_t)((1 - held[l]) * (double)(count - 1))];
    return WS_OK;
}

static enum ws_status add_line_of(const struct ws_contour_grid *grid, double level, int look,
                                  const char *label, struct ws_panel *panel, struct ws_arena *arena,
                                  struct ws_error *err)
{
    struct ws_buffer xs, ys;
    ws_buffer_init(&xs, NULL, SIZE_MAX);
    ws_buffer_init(&ys, NULL, SIZE_MAX);
    ws_contour_trace(grid, level, &xs, &ys);
    enum ws_status status = ws_buffer_check(&xs, "a figure", err);
    if (status == WS_OK)
        status = ws_buffer_check(&ys, "a figure", err);
    const struct ws_series like = {
        .mark = WS_MARK_SEGMENTS, .label = label, .look = look, .count = xs.size / sizeof(double)};
    struct ws_values values = {NULL, NULL, NULL};
    if (status == WS_OK)
        values = ws_panel_add(panel, &like, arena);
    if (status == WS_OK && !values.x)
        status = no_memory(err);
    if (status == WS_OK && like.count > 0) {
        memcpy(values.x, xs.data, xs.size);
        memcpy(values.y, ys.data, ys.size);
    }
    ws_buffer_release(&xs);
    ws_buffer_release(&ys);
    return status;
}

static enum ws_status add_contours(const struct vectors_figure *v, const struct ws_model *model,
                                   const struct ws_payload *sample, struct ws_panel *panel,
                                   struct ws_arena *arena, struct ws_arena *scratch,
                                   struct ws_error *err)
{
    double *points = WS_ARENA_NEW(scratch, double, 2 * GRID * GRID);
    double *values = WS_ARENA_NEW(scratch, double, GRID *GRID);
    double levels[LEVELS];
    if (!points || !values)
        return no_memory(err);
    for (size_t i = 0; i < (size_t)GRID * GRID; i++) {
        const size_t column = i % GRID, row = i / GRID;
        points[2 * i] = v->x.low + (double)column / (GRID - 1) * (v->x.high - v->x.low);
        points[2 * i + 1] = v->y.low + (double)row / (GRID - 1) * (v->y.high - v->y.low);
    }
    WS_TRY(densities_at(model, points, (size_t)GRID * GRID, 2, scratch, values, err));
    WS_TRY(find_levels(model, sample, scratch, levels, err));
    const struct ws_contour_grid grid = {v->x.low, v->x.high, v->y.low, v->y.high,
                                         GRID,     GRID,      values};
    WS_TRY(add_line_of(&grid, levels[0], 1, "holds 50 % of the model", panel, arena, err));
    return add_line_of(&grid, levels[1], WS_LOOK_INK, "holds 95 % of the model", panel, arena, err);
}

/* Two dimensions: a panel for each arm and generation. */
static enum ws_status add_scatter(struct ws_models_figure *figure,
                                  const struct ws_replayed *replayed, struct ws_arena *scratch,
                                  struct ws_error *err)
{
    struct vectors_figure *v = figure->user;
    struct ws_arena *arena = figure->request->arena;
    const struct ws_dataset *human = &replayed->chain->deal.original;
    struct ws_dataset sample;
    if (figure->panel_count == PANELS_MOST)
        return ws_fail(err, WS_INVALID, "more than %d panels: choose with --arm and --generations",
                       PANELS_MOST);
    struct ws_panel *panel = &figure->panels[figure->panel_count++];
    if (!v->has_range) {
        WS_TRY(find_range(human, 0, scratch, &v->x, err));
        WS_TRY(find_range(human, 1, scratch, &v->y, err));
        v->has_range = true;
    }
    WS_TRY(ws_panel_open(panel, 2 + LEVELS, arena, err));
    panel->title =
        ws_arena_format(arena, "%s, generation %" PRIu32, figure->arm->name, replayed->generation);
    panel->x = (struct ws_axis){.low = v->x.low, .high = v->x.high};
    panel->y = (struct ws_axis){.low = v->y.low, .high = v->y.high};
    if (!panel->title)
        return no_memory(err);
    WS_TRY(ws_dataset_of(replayed->sample, (struct ws_origin){WS_SOURCE_MODEL, 0, 0}, scratch,
                         &sample, err));
    WS_TRY(add_dots(human, &(struct ws_series){.label = "human items", .look = WS_LOOK_PALE}, panel,
                    arena, err));
    WS_TRY(add_dots(&sample, &(struct ws_series){.label = "the model's items", .look = 0}, panel,
                    arena, err));
    ws_extent_add(&figure->n, sample.count < DOTS_MOST ? sample.count : DOTS_MOST);
    ws_extent_add(&figure->human, human->count);
    if (replayed->sample->dimension == 2 && has_density(replayed->chain->model))
        return add_contours(v, replayed->chain->model, replayed->sample, panel, arena, scratch,
                            err);
    return WS_OK;
}

/* One dimension -------------------------------------------------------------------------------- */

static enum ws_status add_histogram(const struct ws_dataset *data, struct range range,
                                    const struct ws_series *like, struct ws_panel *panel,
                                    struct ws_arena *arena, struct ws_arena *scratch,
                                    struct ws_error *err)
{
    const double width = (range.high - range.low) / HISTOGRAM_BINS;
    double *items = WS_ARENA_NEW(scratch, double, data->count);
    struct ws_series series = *like;
    series.count = like->mark == WS_MARK_BARS ? HISTOGRAM_BINS : HISTOGRAM_BINS + 1;
    series.bar = width;
    struct ws_values values = ws_panel_add(panel, &series, arena);
    if (!items || !values.x)
        return no_memory(err);
    for (size_t b = 0; b < series.count; b++) {
        values.x[b] = range.low + ((double)b + (like->mark == WS_MARK_BARS ? 0.5 : 0)) * width;
        values.y[b] = values.y2[b] = 0;
    }
    size_t count = take_coordinate(data, 0, (size_t)data->count, items);
    for (size_t i = 0; i < count; i++) {
        double bin = floor((items[i] - range.low) / width);
        if (bin >= 0 && bin < HISTOGRAM_BINS)
            values.y[(size_t)bin] += 1 / ((double)count * width);
    }
    return WS_OK;
}

static enum ws_status add_density(const struct ws_model *model, struct range range,
                                  const struct ws_series *like, struct ws_panel *panel,
                                  struct ws_arena *arena, struct ws_arena *scratch,
                                  struct ws_error *err)
{
    struct ws_series line = *like;
    line.mark = WS_MARK_LINE;
    line.count = DENSITY_POINTS;
    struct ws_values values = ws_panel_add(panel, &line, arena);
    if (!values.x)
        return no_memory(err);
    for (size_t i = 0; i < DENSITY_POINTS; i++)
        values.x[i] = range.low + (double)i / (DENSITY_POINTS - 1) * (range.high - range.low);
    WS_TRY(densities_at(model, values.x, DENSITY_POINTS, 1, scratch, values.y, err));
    for (size_t i = 0; i < DENSITY_POINTS; i++)
        values.y[i] = exp(values.y[i]);
    return WS_OK;
}

/* A panel for each arm; the human histogram under a line for each generation. */
static enum ws_status add_line(struct ws_models_figure *figure, const struct ws_replayed *replayed,
                               struct ws_arena *scratch, struct ws_error *err)
{
    struct vectors_figure *v = figure->user;
    struct ws_arena *arena = figure->request->arena;
    const struct ws_dataset *human = &replayed->chain->deal.original;
    struct ws_dataset sample;
    if (!v->has_range) {
        WS_TRY(find_range(human, 0, scratch, &v->x, err));
        v->has_range = true;
    }
    if (figure->g == 0) {
        struct ws_panel *panel = &figure->panels[figure->panel_count++];
        WS_TRY(ws_panel_open(panel, figure->generations.count + 1, arena, err));
        panel->title = figure->arm->name;
        panel->x = (struct ws_axis){.label = "value", .low = v->x.low, .high = v->x.high};
        panel->y = (struct ws_axis){.label = "density",
                                    .log = figure->request->settings->y == WS_AXIS_LOG};
        WS_TRY(add_histogram(
            human, v->x,
            &(struct ws_series){.mark = WS_MARK_BARS, .label = "human items", .look = WS_LOOK_PALE},
            panel, arena, scratch, err));
    }
    struct ws_panel *panel = &figure->panels[figure->panel_count - 1];
    const struct ws_series like = {
        .label = ws_generation_label(figure->request, replayed->generation),
        .look = WS_LOOK_RAMP,
        .shade = ws_generation_shade(figure->g, figure->generations.count),
        .mark = WS_MARK_STEPS,
    };
    ws_extent_add(&figure->human, human->count);
    if (has_density(replayed->chain->model))
        return add_density(replayed->chain->model, v->x, &like, panel, arena, scratch, err);
    WS_TRY(ws_dataset_of(replayed->sample, (struct ws_origin){WS_SOURCE_MODEL, 0, 0}, scratch,
                         &sample, err));
    ws_extent_add(&figure->n, sample.count);
    return add_histogram(&sample, v->x, &like, panel, arena, scratch, err);
}

/* Figures -------------------------------------------------------------------------------------- */

static const char *caption_of(const struct ws_models_figure *figure, uint32_t dimension)
{
    struct ws_arena *arena = figure->request->arena;
    const char *n = ws_extent_text(&figure->n, arena);
    const char *human = ws_extent_text(&figure->human, arena);
    if (!n || !human)
        return NULL;
    if (dimension == 1) {
        const char *lines = figure->n.most > 0
                                ? ws_arena_format(arena, "n = %s items of each model", n)
                                : "the models' densities";
        return ws_models_caption(figure, ws_arena_format(arena,
                                                         "Histogram: the n = %s human items that "
                                                         "model 0 was trained on. Lines: %s.",
                                                         human, lines ? lines : "the models"));
    }
    return ws_models_caption(
        figure,
        ws_arena_format(arena,
                        "n = %s items of each model, and as many or fewer of the %s human ones "
                        "that model 0 was trained on%s. What lies outside is not shown.",
                        n, human, dimension > 2 ? ", in the first two coordinates" : ""));
}

enum ws_status ws_figure_of_vectors_with(const struct ws_figure_request *request,
                                         const struct ws_replay *replay, struct ws_figure *out,
                                         struct ws_error *err)
{
    const uint32_t dimension = ws_human_shape(replay->human)->dimension;
    struct vectors_figure vectors = {.has_range = false};
    struct ws_models_figure figure = {
        .request = request,
        .replay = replay,
        .panels = WS_ARENA_NEW(request->arena, struct ws_panel,
                               PANELS_MOST + request->runs[0].description.arm_count),
        .n = WS_EXTENT_OF_NONE,
        .human = WS_EXTENT_OF_NONE,
        .user = &vectors,
        .add = dimension == 1 ? add_line : add_scatter,
    };
    if (!figure.panels)
        return no_memory(err);
    WS_TRY(
        ws_generations_of_run(request, dimension == 1 ? LINES : ACROSS, &figure.generations, err));
    WS_TRY(ws_models_visit(&figure, SAMPLE, err));
    if (dimension == 1)
        ws_panels_share_y(figure.panels, figure.panel_count);
    *out = (struct ws_figure){
        .caption = caption_of(&figure, dimension),
        .width = figure.panel_count > 1 ? WS_FIGURE_PAGE : WS_FIGURE_COLUMN,
        .panel_height = dimension == 1 ? 0.7 : 1,
        .columns = dimension == 1 ? 0 : figure.generations.count,
        .panels = figure.panels,
        .panel_count = figure.panel_count,
    };
    return out->caption ? WS_OK : no_memory(err);
}
