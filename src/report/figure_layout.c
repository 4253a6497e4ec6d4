#include "report/figure_layout.h"

#include <math.h>
#include <string.h>

/* Points. */
#define EDGE                4.0 /* around everything */
#define GAP                 8.0 /* between panels, and between parts of a figure */
#define TICK_GAP            5.0 /* from the axis to texts along it, the tick in between */
#define LABEL_GAP           3.0
#define NAME_GAP            2.0  /* between names of categories, one above the other */
#define SLANT_SIN           0.64 /* of 40 degrees */
#define SLANT_COS           0.77
#define LEAST_SIDE          40.0 /* of a panel's area ... */
#define LEAST_BESIDE_LABELS 60.0 /* ... between labels of its own and its neighbour's */

enum { TICKS_ALONG_X = 8, TICKS_ALONG_Y = 6, MANY_PANELS_ACROSS = 8 };

struct layout {
    const struct ws_figure *figure;
    struct ws_arena *arena;
    struct ws_figure_layout *out;
    size_t columns, rows;
    bool share_x, share_y;             /* all panels have the same scale ... */
    bool share_x_label, share_y_label; /* ... and the same label */
    double left, bottom, top;          /* room beside, below and above every panel's area */
};

static double lines_height(const struct ws_lines *lines, double size)
{
    return (double)lines->count * size * WS_LEADING;
}

static enum ws_status wrap(const struct layout *l, double size, double width, const char *text,
                           struct ws_lines *out, struct ws_error *err)
{
    *out = (struct ws_lines){.count = 0};
    return text ? ws_font_wrap(size, width, text, l->arena, out, err) : WS_OK;
}

/* What panels share --------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_scale(const struct ws_axis_layout *a, const struct ws_axis_layout *b,
                       const struct ws_axis *x, const struct ws_axis *y)
{
    return a->scale.low == b->scale.low && a->scale.high == b->scale.high &&
           a->scale.log == b->scale.log && x->percent == y->percent && x->names == y->names;
}

static void find_shared(struct layout *l)
{
    const struct ws_panel *panels = l->figure->panels;
    const struct ws_panel_layout *places = l->out->panels;
    l->share_x = l->share_y = l->share_x_label = l->share_y_label = true;
    for (size_t p = 1; p < l->figure->panel_count; p++) {
        l->share_x =
            l->share_x && same_scale(&places[0].x, &places[p].x, &panels[0].x, &panels[p].x);
        l->share_y =
            l->share_y && same_scale(&places[0].y, &places[p].y, &panels[0].y, &panels[p].y);
        l->share_x_label = l->share_x_label && same_text(panels[0].x.label, panels[p].x.label);
        l->share_y_label = l->share_y_label && same_text(panels[0].y.label, panels[p].y.label);
    }
}

static bool is_leftmost(const struct layout *l, size_t p)
{
    return p % l->columns == 0;
}

static bool is_lowest(const struct layout *l, size_t p)
{
    return p + l->columns >= l->figure->panel_count;
}

/* Along axes ----------------------------------------------------------------------------------- */

static double widest(const struct ws_ticks *ticks)
{
    double width = 0;
    for (size_t i = 0; i < ticks->count; i++)
        width = fmax(width, ws_font_width(WS_SIZE_TICK, ticks->texts[i]));
    return width;
}

/* Whether texts along x have a gap between each other. */
static bool have_room(const struct ws_axis_layout *axis, double length)
{
    double end = -INFINITY;
    for (size_t i = 0; i < axis->ticks.count; i++) {
        double half = ws_font_width(WS_SIZE_TICK, axis->ticks.texts[i]) / 2;
        double at = ws_scale_place(&axis->scale, axis->ticks.at[i]) * length;
        if (at - half < end + WS_SIZE_TICK * 0.6)
            return false;
        end = at + half;
    }
    return true;
}

static void lay_ticks_x(struct ws_axis_layout *axis, double length)
{
    for (int most = TICKS_ALONG_X; most >= 2; most--) {
        ws_scale_ticks(&axis->scale, most, &axis->ticks);
        if (have_room(axis, length))
            break;
    }
    axis->texts_room = TICK_GAP + WS_SIZE_TICK;
}

static void lay_ticks_y(struct ws_axis_layout *axis, double length)
{
    int most = (int)(length / (WS_SIZE_TICK * 2.2));
    ws_scale_ticks(&axis->scale,
                   most < 2               ? 2
                   : most < TICKS_ALONG_Y ? most
                                          : TICKS_ALONG_Y,
                   &axis->ticks);
    axis->texts_room = TICK_GAP + widest(&axis->ticks);
}

static enum ws_status lay_names(const struct layout *l, const struct ws_axis *axis, double width,
                                struct ws_axis_layout *out, struct ws_error *err)
{
    struct ws_lines *names = WS_ARENA_NEW(l->arena, struct ws_lines, axis->name_count);
    if (!names)
        return ws_fail_memory(err, "a figure");
    for (size_t i = 0; i < axis->name_count; i++)
        WS_TRY(wrap(l, WS_SIZE_TICK, width, axis->names[i], &names[i], err));
    out->names = names;
    out->name_count = axis->name_count;
    return WS_OK;
}

static double widest_name(const struct ws_axis_layout *axis)
{
    double width = 0;
    for (size_t i = 0; i < axis->name_count; i++)
        width = fmax(width, axis->names[i].width);
    return width;
}

static double tallest_name(const struct ws_axis_layout *axis)
{
    double height = 0;
    for (size_t i = 0; i < axis->name_count; i++)
        height = fmax(height, lines_height(&axis->names[i], WS_SIZE_TICK));
    return height;
}

/* Below the axis where each fits between its neighbours, else slanted. */
static enum ws_status lay_names_x(const struct layout *l, const struct ws_axis *axis, double length,
                                  struct ws_axis_layout *out, struct ws_error *err)
{
    const double slot = length / (double)axis->name_count - 3;
    WS_TRY(lay_names(l, axis, 1e9, out, err));
    out->slanted = widest_name(out) > slot;
    out->texts_room =
        TICK_GAP + (out->slanted ? widest_name(out) * SLANT_SIN + WS_SIZE_TICK : tallest_name(out));
    return WS_OK;
}

static enum ws_status lay_axes(const struct layout *l, size_t p, double width, double height,
                               struct ws_error *err)
{
    const struct ws_panel *panel = &l->figure->panels[p];
    struct ws_panel_layout *place = &l->out->panels[p];
    if (panel->x.names)
        WS_TRY(lay_names_x(l, &panel->x, width, &place->x, err));
    else
        lay_ticks_x(&place->x, width);
    if (panel->y.names) {
        WS_TRY(lay_names(l, &panel->y, l->out->width * 0.34, &place->y, err));
        place->y.texts_room = TICK_GAP + widest_name(&place->y);
    } else {
        lay_ticks_y(&place->y, height);
    }
    /* A label of its own stands beside numbers of its own. */
    place->x.has_texts = !l->share_x || !l->share_x_label || is_lowest(l, p);
    place->y.has_texts = !l->share_y || !l->share_y_label || is_leftmost(l, p);
    return WS_OK;
}

/* Labels and titles wrap to what is along them. */
static enum ws_status lay_labels(const struct layout *l, size_t p, double width, double height,
                                 struct ws_error *err)
{
    const struct ws_panel *panel = &l->figure->panels[p];
    struct ws_panel_layout *place = &l->out->panels[p];
    bool x_here = !l->share_x_label || is_lowest(l, p);
    bool y_here = !l->share_y_label || is_leftmost(l, p);
    WS_TRY(wrap(l, WS_SIZE_LABEL, width, x_here ? panel->x.label : NULL, &place->x.label, err));
    WS_TRY(
        wrap(l, WS_SIZE_LABEL, height * 1.1, y_here ? panel->y.label : NULL, &place->y.label, err));
    return wrap(l, WS_SIZE_LABEL, width, panel->title, &place->title, err);
}

/* The grid ------------------------------------------------------------------------------------- */

/* Room that the texts of panel `p` take, and of the first column where others have none. */
static void take_room(struct layout *l, size_t p)
{
    const struct ws_panel_layout *place = &l->out->panels[p];
    double left = 0, bottom = TICK_GAP, top = 3;
    if (place->y.has_texts)
        left += place->y.texts_room;
    if (place->y.label.count > 0)
        left += LABEL_GAP + lines_height(&place->y.label, WS_SIZE_LABEL);
    if (place->x.has_texts)
        bottom = place->x.texts_room;
    if (place->x.label.count > 0)
        bottom += LABEL_GAP + lines_height(&place->x.label, WS_SIZE_LABEL);
    if (place->title.count > 0)
        top += lines_height(&place->title, WS_SIZE_LABEL);
    l->left = fmax(l->left, left);
    l->bottom = fmax(l->bottom, bottom);
    l->top = fmax(l->top, top);
}

/* Panels of a row that has fewer rows below have their own room below; all rows are as high. */
static double row_bottom(const struct layout *l, size_t row)
{
    return row + 1 < l->rows && l->share_x && l->share_x_label &&
                   l->figure->panel_count % l->columns == 0
               ? TICK_GAP
               : l->bottom;
}

/* Whether columns behind the first have no texts on their left. */
static bool columns_are_bare(const struct layout *l)
{
    return l->share_y && l->share_y_label;
}

/* Half of a tick's text may stand out, on the right and on the left. */
static void find_overhang(const struct layout *l, double *left, double *right)
{
    *left = *right = 0;
    for (size_t p = 0; p < l->figure->panel_count; p++) {
        const struct ws_axis_layout *x = &l->out->panels[p].x;
        for (size_t i = 0; !x->names && i < x->ticks.count; i++) {
            const double half = ws_font_width(WS_SIZE_TICK, x->ticks.texts[i]) / 2;
            const double place = ws_scale_place(&x->scale, x->ticks.at[i]);
            *left = fmax(*left, half - place * l->out->panels[p].width);
            *right = fmax(*right, half - (1 - place) * l->out->panels[p].width);
        }
    }
}

/* Between columns: texts that stand out there do not touch. */
static double column_gap(const struct layout *l, double left, double right)
{
    return fmax(GAP, columns_are_bare(l) ? left + right + WS_SIZE_TICK * 0.6 : right);
}

static double area_width(const struct layout *l, double right, double gap)
{
    const double columns = (double)l->columns;
    const double texts = columns_are_bare(l) ? l->left : columns * l->left;
    return (l->out->width - 2 * EDGE - right - texts - (columns - 1) * gap) / columns;
}

/* Names along y have room for all of their lines, one above the other. */
static double names_height(const struct layout *l)
{
    double height = 0;
    for (size_t p = 0; p < l->figure->panel_count; p++) {
        const struct ws_axis_layout *y = &l->out->panels[p].y;
        height = fmax(height, (double)y->name_count * (tallest_name(y) + NAME_GAP));
    }
    return height;
}

static void set_columns(struct layout *l, size_t columns)
{
    l->columns = columns;
    l->rows = (l->figure->panel_count + columns - 1) / columns;
}

/* Texts need room, and how many have room depends on what they leave: twice is enough, for the
 * second time only ticks may change. */
static enum ws_status lay_panels(struct layout *l, double *bottom, struct ws_error *err)
{
    const double aspect = l->figure->panel_height > 0 ? l->figure->panel_height : 0.62;
    double width = l->out->width / (double)l->columns * 0.8, height = width * aspect;
    double left = 0, right = 0, gap = GAP;
    for (int round = 0; round < 3; round++) {
        l->left = l->bottom = l->top = 0;
        for (size_t p = 0; p < l->figure->panel_count; p++) {
            WS_TRY(lay_axes(l, p, width, height, err));
            WS_TRY(lay_labels(l, p, width, height, err));
            take_room(l, p);
            l->out->panels[p].width = width;
        }
        find_overhang(l, &left, &right);
        gap = column_gap(l, left, right);
        width = area_width(l, fmax(3, right + 1), gap);
        if (width < (columns_are_bare(l) ? LEAST_SIDE : LEAST_BESIDE_LABELS) &&
            l->columns > 1) { /* begin anew with wider ones */
            set_columns(l, l->columns - 1);
            width = l->out->width / (double)l->columns * 0.8;
            round = -1;
        }
        width = fmax(width, LEAST_SIDE);
        height = fmax(fmax(width * aspect, LEAST_SIDE), names_height(l));
    }
    double top = *bottom;
    for (size_t p = 0; p < l->figure->panel_count; p++) {
        struct ws_panel_layout *place = &l->out->panels[p];
        const size_t row = p / l->columns, column = p % l->columns;
        if (column == 0 && row > 0)
            top += l->top + height + row_bottom(l, row - 1) + GAP;
        const double texts = columns_are_bare(l) ? l->left : l->left * (double)(column + 1);
        place->left = EDGE + texts + (double)column * (width + gap);
        place->top = top + l->top;
        place->width = width;
        place->height = height;
    }
    *bottom = top + l->top + height + l->bottom;
    return WS_OK;
}

/* The legend ----------------------------------------------------------------------------------- */

/* The text, or as much of it as fits, and "…". */
static const char *cut_to(const struct layout *l, double width, const char *text)
{
    size_t size = strlen(text);
    const char *made = text;
    while (made && size > 0 && ws_font_width(WS_SIZE_TICK, made) > width) {
        do
            size--;
        while ((text[size] & 0xC0) == 0x80);
        made = ws_arena_format(l->arena, "%.*s…", (int)size, text);
    }
    return made;
}

static bool is_in_legend(const struct ws_figure_layout *out, const char *label)
{
    for (size_t i = 0; i < out->legend_count; i++)
        if (strcmp(out->legend[i].text, label) == 0)
            return true;
    return false;
}

static bool shows_values(enum ws_mark mark)
{
    return mark == WS_MARK_LINE || mark == WS_MARK_POINTS || mark == WS_MARK_ERRORS;
}

static void find_strange(const struct ws_panel *panel, bool *missing, bool *infinite)
{
    for (size_t s = 0; s < panel->series_count; s++) {
        const struct ws_series *series = &panel->series[s];
        for (size_t i = 0; shows_values(series->mark) && i < series->count; i++) {
            *missing = *missing || isnan(series->y[i]);
            *infinite = *infinite || isinf(series->y[i]) || (panel->y.log && series->y[i] <= 0);
        }
    }
}

static void add_entry(struct ws_figure_layout *out, const struct ws_series *series,
                      const char *text)
{
    out->legend[out->legend_count++] = (struct ws_legend_entry){.series = series, .text = text};
}

/* Series that are pale stand behind the others in the legend. */
static void add_entries(struct layout *l, const struct ws_panel *panel, bool pale)
{
    for (size_t s = 0; s < panel->series_count; s++) {
        const struct ws_series *series = &panel->series[s];
        if (series->label && (series->look == WS_LOOK_PALE) == pale &&
            !is_in_legend(l->out, series->label))
            add_entry(l->out, series, series->label);
    }
}

static enum ws_status list_legend(struct layout *l, struct ws_error *err)
{
    size_t most = 2;
    bool missing = false, infinite = false;
    for (size_t p = 0; p < l->figure->panel_count; p++)
        most += l->figure->panels[p].series_count;
    l->out->legend = WS_ARENA_NEW(l->arena, struct ws_legend_entry, most);
    if (!l->out->legend)
        return ws_fail_memory(err, "a figure");
    for (int pale = 0; pale <= 1; pale++)
        for (size_t p = 0; p < l->figure->panel_count; p++)
            add_entries(l, &l->figure->panels[p], pale);
    for (size_t p = 0; p < l->figure->panel_count; p++)
        find_strange(&l->figure->panels[p], &missing, &infinite);
    if (missing)
        add_entry(l->out, NULL, "× no number");
    if (infinite)
        add_entry(l->out, NULL, "▴ ▾ infinite, or not on a log axis");
    return WS_OK;
}

/* Entries one after the other, in columns as wide as the widest where they take several rows. */
static enum ws_status lay_legend(struct layout *l, double *bottom, struct ws_error *err)
{
    WS_TRY(list_legend(l, err));
    const size_t count = l->out->legend_count;
    const double room = l->out->width - 2 * EDGE, row = WS_SIZE_TICK * 1.5;
    double sum = 0, most = 0;
    for (size_t i = 0; i < count; i++) {
        struct ws_legend_entry *entry = &l->out->legend[i];
        entry->text = cut_to(l, room - WS_LEGEND_SAMPLE - WS_LEGEND_GAP - 10, entry->text);
        if (!entry->text)
            return ws_fail_memory(err, "a figure");
        double width = ws_font_width(WS_SIZE_TICK, entry->text) + 10 +
                       (entry->series ? WS_LEGEND_SAMPLE + WS_LEGEND_GAP : 0);
        sum += width;
        most = fmax(most, width);
    }
    if (count == 0)
        return WS_OK;
    *bottom += GAP * 0.75;
    size_t columns = most > 0 && most < room ? (size_t)(room / most) : 1;
    double left = EDGE;
    for (size_t i = 0; i < count; i++) {
        struct ws_legend_entry *entry = &l->out->legend[i];
        size_t line = sum <= room ? 0 : i / columns;
        entry->left = sum <= room ? left : EDGE + (double)(i % columns) * (room / (double)columns);
        entry->middle = *bottom + ((double)line + 0.5) * row;
        left += ws_font_width(WS_SIZE_TICK, entry->text) + 10 +
                (entry->series ? WS_LEGEND_SAMPLE + WS_LEGEND_GAP : 0);
    }
    const size_t lines = sum <= room ? 1 : (count + columns - 1) / columns;
    *bottom += (double)lines * row;
    return WS_OK;
}

/* All of it ------------------------------------------------------------------------------------ */

static size_t choose_columns(const struct ws_figure *figure)
{
    size_t fitting = (size_t)(figure->width / (figure->panel_count > MANY_PANELS_ACROSS ? 1.2 : 2));
    size_t most = figure->columns > 0 ? figure->columns : fitting > 0 ? fitting : 1;
    if (most >= figure->panel_count)
        return figure->panel_count;
    size_t rows = (figure->panel_count + most - 1) / most;
    return figure->columns > 0 ? most : (figure->panel_count + rows - 1) / rows;
}

enum ws_status ws_figure_lay_out(const struct ws_figure *figure, struct ws_arena *arena,
                                 struct ws_figure_layout *out, struct ws_error *err)
{
    struct layout l = {.figure = figure, .arena = arena, .out = out};
    *out = (struct ws_figure_layout){.width = figure->width * 72};
    set_columns(&l, choose_columns(figure));
    out->panels = WS_ARENA_ZNEW(arena, struct ws_panel_layout, figure->panel_count);
    if (!out->panels)
        return ws_fail_memory(err, "a figure");
    for (size_t p = 0; p < figure->panel_count; p++) {
        out->panels[p].x.scale = ws_scale_of(&figure->panels[p], WS_ALONG_X);
        out->panels[p].y.scale = ws_scale_of(&figure->panels[p], WS_ALONG_Y);
    }
    find_shared(&l);
    double bottom = EDGE;
    out->title_top = bottom;
    WS_TRY(wrap(&l, WS_SIZE_TITLE, out->width - 2 * EDGE, figure->title, &out->title, err));
    bottom += lines_height(&out->title, WS_SIZE_TITLE);
    WS_TRY(lay_panels(&l, &bottom, err));
    WS_TRY(lay_legend(&l, &bottom, err));
    WS_TRY(wrap(&l, WS_SIZE_CAPTION, out->width - 2 * EDGE, figure->caption, &out->caption, err));
    if (out->caption.count > 0)
        bottom += GAP * 0.5;
    out->caption_top = bottom;
    out->height = ceil(bottom + lines_height(&out->caption, WS_SIZE_CAPTION) + EDGE);
    return WS_OK;
}
