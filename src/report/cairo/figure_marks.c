#include <math.h>

#include "report/cairo/figure_draw.h"
#include "report/palette.h"

/* Points. */
#define LINE        1.1
#define SIGN        2.0 /* from the middle of a sign to its edge */
#define DOT         0.65
#define HATCH       3.0 /* from one line to the next */
#define EDGE_SIGN   2.2
#define STRANGE_GAP 4.0 /* signs at an edge stand no closer */
#define BAND_ALPHA  0.22
#define PI          3.14159265358979323846

struct pen {
    const struct ws_panel_layout *place;
    const struct ws_series *series;
    cairo_t *cr;
};

static double x_of(const struct pen *pen, double value)
{
    return pen->place->left + ws_scale_place(&pen->place->x.scale, value) * pen->place->width;
}

static double y_of(const struct pen *pen, double value)
{
    return pen->place->top + (1 - ws_scale_place(&pen->place->y.scale, value)) * pen->place->height;
}

/* What is infinite is drawn just beyond the edge, where it is clipped. */
static double y_within(const struct pen *pen, double value)
{
    double y = y_of(pen, value);
    double above = pen->place->top - 5, below = pen->place->top + pen->place->height + 5;
    return y < above ? above : y > below ? below : y;
}

static bool is_inside(const struct pen *pen, double x, double y)
{
    const struct ws_panel_layout *p = pen->place;
    return x >= p->left - 0.5 && x <= p->left + p->width + 0.5 && y >= p->top - 0.5 &&
           y <= p->top + p->height + 0.5;
}

static void set_colour(cairo_t *cr, const struct ws_series *series, double alpha)
{
    struct ws_colour c = ws_colour_of(series);
    cairo_set_source_rgba(cr, c.red, c.green, c.blue, alpha);
}

static void set_line(cairo_t *cr, const struct ws_series *series)
{
    struct ws_dashes dashes = ws_dashes_of(series);
    cairo_set_line_width(cr, LINE);
    cairo_set_dash(cr, dashes.lengths, dashes.count, 0);
}

/* Signs ---------------------------------------------------------------------------------------- */

static void polygon(cairo_t *cr, const double (*corners)[2], int count, double x, double y,
                    double size)
{
    for (int i = 0; i < count; i++)
        cairo_line_to(cr, x + corners[i][0] * size, y + corners[i][1] * size);
    cairo_close_path(cr);
    cairo_fill(cr);
}

static void draw_sign(cairo_t *cr, enum ws_sign sign, double x, double y, double size)
{
    static const double square[][2] = {{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}};
    static const double triangle[][2] = {{0, -1.2}, {1.1, 0.8}, {-1.1, 0.8}};
    static const double diamond[][2] = {{0, -1.3}, {1.1, 0}, {0, 1.3}, {-1.1, 0}};
    static const double tip[][2] = {{0, 1.2}, {1.1, -0.8}, {-1.1, -0.8}};
    cairo_new_path(cr);
    switch (sign) {
    case WS_SIGN_CIRCLE:
        cairo_arc(cr, x, y, size, 0, 2 * PI);
        cairo_fill(cr);
        break;
    case WS_SIGN_SQUARE:
        polygon(cr, square, 4, x, y, size);
        break;
    case WS_SIGN_TRIANGLE:
        polygon(cr, triangle, 3, x, y, size);
        break;
    case WS_SIGN_DIAMOND:
        polygon(cr, diamond, 4, x, y, size);
        break;
    case WS_SIGN_TIP:
        polygon(cr, tip, 3, x, y, size);
        break;
    case WS_SIGN_PLUS:
        cairo_set_dash(cr, NULL, 0, 0);
        cairo_set_line_width(cr, LINE);
        cairo_move_to(cr, x - size, y);
        cairo_line_to(cr, x + size, y);
        cairo_move_to(cr, x, y - size);
        cairo_line_to(cr, x, y + size);
        cairo_stroke(cr);
        break;
    }
}

static void draw_cross(cairo_t *cr, double x, double y)
{
    cairo_set_dash(cr, NULL, 0, 0);
    cairo_set_line_width(cr, 0.8);
    cairo_move_to(cr, x - 1.7, y - 1.7);
    cairo_line_to(cr, x + 1.7, y + 1.7);
    cairo_move_to(cr, x - 1.7, y + 1.7);
    cairo_line_to(cr, x + 1.7, y - 1.7);
    cairo_stroke(cr);
}

/* What has no place: a cross at the lower edge, a triangle at the one that it lies beyond. */
static void draw_strange(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    const double top = pen->place->top, bottom = top + pen->place->height;
    double last = -INFINITY;
    set_colour(pen->cr, s, 1);
    for (size_t i = 0; i < s->count; i++) {
        double place = ws_scale_place(&pen->place->y.scale, s->y[i]), x = x_of(pen, s->x[i]);
        if (isfinite(place) || !(fabs(x - last) >= STRANGE_GAP) || !is_inside(pen, x, top))
            continue;
        last = x;
        if (isnan(place))
            draw_cross(pen->cr, x, bottom - 2.5);
        else if (place > 0)
            draw_sign(pen->cr, WS_SIGN_TRIANGLE, x, top + EDGE_SIGN + 0.5, EDGE_SIGN);
        else
            draw_sign(pen->cr, WS_SIGN_TIP, x, bottom - EDGE_SIGN - 0.5, EDGE_SIGN);
    }
}

static void draw_points(const struct pen *pen, enum ws_sign sign, double size)
{
    set_colour(pen->cr, pen->series, 1);
    for (size_t i = 0; i < pen->series->count; i++) {
        double x = x_of(pen, pen->series->x[i]), y = y_of(pen, pen->series->y[i]);
        if (is_inside(pen, x, y))
            draw_sign(pen->cr, sign, x, y, size);
    }
}

/* Many: one line of no length each, with round ends. */
static void draw_dots(const struct pen *pen)
{
    set_colour(pen->cr, pen->series, 1);
    cairo_set_line_cap(pen->cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_width(pen->cr, 2 * DOT);
    for (size_t i = 0; i < pen->series->count; i++) {
        double x = x_of(pen, pen->series->x[i]), y = y_of(pen, pen->series->y[i]);
        if (!is_inside(pen, x, y))
            continue;
        cairo_move_to(pen->cr, x, y);
        cairo_line_to(pen->cr, x, y);
    }
    cairo_stroke(pen->cr);
}

/* Lines and areas ------------------------------------------------------------------------------ */

static bool has_place(const struct pen *pen, size_t i)
{
    return i < pen->series->count && isfinite(x_of(pen, pen->series->x[i])) &&
           isfinite(y_of(pen, pen->series->y[i]));
}

/* Gaps where there is no number; a dot for one that stands alone. */
static void draw_line(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    set_colour(pen->cr, s, 1);
    set_line(pen->cr, s);
    for (size_t i = 0; i < s->count; i++) {
        if (!has_place(pen, i))
            continue;
        bool begins = i == 0 || !has_place(pen, i - 1);
        if (begins && !has_place(pen, i + 1)) {
            draw_sign(pen->cr, WS_SIGN_CIRCLE, x_of(pen, s->x[i]), y_of(pen, s->y[i]), LINE);
            continue;
        }
        (begins ? cairo_move_to : cairo_line_to)(pen->cr, x_of(pen, s->x[i]), y_of(pen, s->y[i]));
    }
    cairo_stroke(pen->cr);
}

static void draw_steps(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    set_colour(pen->cr, s, 1);
    set_line(pen->cr, s);
    cairo_set_line_width(pen->cr, LINE * 0.85);
    for (size_t i = 0; i + 1 < s->count; i++) {
        double y = y_within(pen, s->y[i]);
        if (isnan(y)) {
            cairo_new_sub_path(pen->cr);
            continue;
        }
        cairo_line_to(pen->cr, x_of(pen, s->x[i]), y);
        cairo_line_to(pen->cr, x_of(pen, s->x[i + 1]), y);
    }
    cairo_stroke(pen->cr);
}

static void draw_segments(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    set_colour(pen->cr, s, 1);
    cairo_set_line_width(pen->cr, LINE * 0.75); /* whole: pieces are shorter than dashes */
    for (size_t i = 0; i + 1 < s->count; i += 2) {
        cairo_move_to(pen->cr, x_of(pen, s->x[i]), y_of(pen, s->y[i]));
        cairo_line_to(pen->cr, x_of(pen, s->x[i + 1]), y_of(pen, s->y[i + 1]));
    }
    cairo_stroke(pen->cr);
}

static bool band_has_place(const struct pen *pen, size_t i)
{
    const struct ws_series *s = pen->series;
    return i < s->count && isfinite(x_of(pen, s->x[i])) && !isnan(y_of(pen, s->y[i])) &&
           !isnan(y_of(pen, s->y2[i]));
}

static void draw_band(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    set_colour(pen->cr, s, BAND_ALPHA);
    for (size_t from = 0, to; from < s->count; from = to + 1) {
        for (to = from; band_has_place(pen, to);)
            to++;
        for (size_t i = from; i < to; i++)
            cairo_line_to(pen->cr, x_of(pen, s->x[i]), y_within(pen, s->y[i]));
        for (size_t i = to; i-- > from;)
            cairo_line_to(pen->cr, x_of(pen, s->x[i]), y_within(pen, s->y2[i]));
        cairo_fill(pen->cr);
    }
}

static void hatch(cairo_t *cr, enum ws_hatch hatch, double x, double y, double width, double height)
{
    if (hatch == WS_HATCH_NONE)
        return;
    cairo_save(cr);
    cairo_rectangle(cr, x, y, width, height);
    cairo_clip(cr);
    cairo_set_source_rgba(cr, 1, 1, 1, 0.75);
    cairo_set_line_width(cr, 0.6);
    cairo_set_dash(cr, NULL, 0, 0);
    /* From the corner of the page, so that neighbours' lines meet. */
    const double rise = hatch == WS_HATCH_UP ? -1 : 1;
    const double reach = width + height;
    double start = floor((rise < 0 ? x + y : x - y - height) / HATCH) * HATCH;
    for (double c = start; c <= start + reach + HATCH; c += HATCH) {
        cairo_move_to(cr, rise < 0 ? c - y : c + y, y);
        cairo_line_to(cr, rise < 0 ? c - y - height : c + y + height, y + height);
    }
    cairo_stroke(cr);
    cairo_restore(cr);
}

static void draw_box(cairo_t *cr, const struct ws_series *series, double x, double y, double width,
                     double height)
{
    set_colour(cr, series, 1);
    cairo_rectangle(cr, x, y, width, height);
    cairo_fill(cr);
    hatch(cr, ws_hatch_of(series), x, y, width, height);
}

static void draw_bars(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    for (size_t i = 0; i < s->count; i++) {
        double left = x_of(pen, s->x[i] - s->bar / 2), right = x_of(pen, s->x[i] + s->bar / 2);
        double y = y_within(pen, s->y[i]), y2 = y_within(pen, s->y2[i]);
        if (isfinite(y) && isfinite(y2))
            draw_box(pen->cr, s, left, fmin(y, y2), right - left, fabs(y2 - y));
    }
}

static void draw_tiles(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    set_colour(pen->cr, s, s->look == WS_LOOK_PALE ? 0.5 : 0.55);
    for (size_t i = 0; i < s->count; i++) {
        double left = x_of(pen, s->x[i] - 0.46), right = x_of(pen, s->x[i] + 0.46);
        double top = y_of(pen, s->y[i] + 0.43), bottom = y_of(pen, s->y[i] - 0.43);
        cairo_rectangle(pen->cr, left, top, right - left, bottom - top);
    }
    cairo_fill(pen->cr);
}

static void draw_errors(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    set_colour(pen->cr, s, 1);
    cairo_set_line_width(pen->cr, 0.8);
    cairo_set_dash(pen->cr, NULL, 0, 0);
    for (size_t i = 0; i < s->count; i++) {
        double x = x_of(pen, s->x[i]), y = y_within(pen, s->y[i]), y2 = y_within(pen, s->y2[i]);
        if (!isfinite(x) || isnan(y) || isnan(y2))
            continue;
        cairo_move_to(pen->cr, x, y);
        cairo_line_to(pen->cr, x, y2);
        cairo_move_to(pen->cr, x - 1.5, y);
        cairo_line_to(pen->cr, x + 1.5, y);
        cairo_move_to(pen->cr, x - 1.5, y2);
        cairo_line_to(pen->cr, x + 1.5, y2);
    }
    cairo_stroke(pen->cr);
}

static void draw_texts(const struct pen *pen)
{
    const struct ws_series *s = pen->series;
    set_colour(pen->cr, s, 1);
    for (size_t i = 0; i < s->count; i++)
        ws_text_draw(pen->cr, WS_SIZE_TICK, x_of(pen, s->x[i]), y_of(pen, s->y[i]), WS_TEXT_CENTRE,
                     s->texts[i]);
}

/* Everything ----------------------------------------------------------------------------------- */

static void draw_clipped(const struct pen *pen)
{
    switch (pen->series->mark) {
    case WS_MARK_LINE:
        draw_line(pen);
        break;
    case WS_MARK_STEPS:
        draw_steps(pen);
        break;
    case WS_MARK_SEGMENTS:
        draw_segments(pen);
        break;
    case WS_MARK_BAND:
        draw_band(pen);
        break;
    case WS_MARK_BARS:
        draw_bars(pen);
        break;
    case WS_MARK_ERRORS:
        draw_errors(pen);
        break;
    case WS_MARK_TILES:
        draw_tiles(pen);
        break;
    case WS_MARK_TEXT:
        draw_texts(pen);
        break;
    case WS_MARK_POINTS:
    case WS_MARK_DOTS:
        break;
    }
}

static void draw_over_edges(const struct pen *pen)
{
    if (pen->series->mark == WS_MARK_POINTS || ws_line_has_signs(pen->series))
        draw_points(pen, ws_sign_of(pen->series),
                    pen->series->mark == WS_MARK_POINTS ? SIGN : SIGN * 0.85);
    if (pen->series->mark == WS_MARK_DOTS)
        draw_dots(pen);
    if (pen->series->mark == WS_MARK_LINE || pen->series->mark == WS_MARK_POINTS)
        draw_strange(pen);
}

void ws_marks_draw(const struct ws_panel *panel, const struct ws_panel_layout *place, cairo_t *cr)
{
    for (size_t s = 0; s < panel->series_count; s++) {
        const struct pen pen = {place, &panel->series[s], cr};
        cairo_save(cr);
        cairo_rectangle(cr, place->left, place->top - 0.5, place->width, place->height + 1);
        cairo_clip(cr);
        draw_clipped(&pen);
        cairo_restore(cr);
        cairo_save(cr);
        draw_over_edges(&pen);
        cairo_restore(cr);
    }
}

void ws_mark_sample_draw(const struct ws_series *series, double x, double y, cairo_t *cr)
{
    const double end = x + WS_LEGEND_SAMPLE, middle = (x + end) / 2;
    cairo_save(cr);
    cairo_new_path(cr);
    switch (series->mark) {
    case WS_MARK_LINE:
    case WS_MARK_STEPS:
    case WS_MARK_SEGMENTS:
    case WS_MARK_ERRORS:
        set_colour(cr, series, 1);
        set_line(cr, series);
        if (series->mark == WS_MARK_SEGMENTS)
            cairo_set_dash(cr, NULL, 0, 0);
        cairo_move_to(cr, x, y);
        cairo_line_to(cr, end, y);
        cairo_stroke(cr);
        if (ws_line_has_signs(series))
            draw_sign(cr, ws_sign_of(series), middle, y, SIGN * 0.85);
        break;
    case WS_MARK_POINTS:
    case WS_MARK_DOTS:
        set_colour(cr, series, 1);
        draw_sign(cr, ws_sign_of(series), middle, y, SIGN);
        break;
    case WS_MARK_BARS:
        draw_box(cr, series, x + 3, y - 2.8, WS_LEGEND_SAMPLE - 6, 5.6);
        break;
    case WS_MARK_BAND:
    case WS_MARK_TILES:
        set_colour(cr, series, series->mark == WS_MARK_BAND ? BAND_ALPHA : 0.55);
        cairo_rectangle(cr, x + 3, y - 2.8, WS_LEGEND_SAMPLE - 6, 5.6);
        cairo_fill(cr);
        break;
    case WS_MARK_TEXT:
        break;
    }
    cairo_restore(cr);
}
