#include "report/cairo/figure_draw.h"

#include <math.h>

/* Points. */
#define AXIS       0.6
#define GRID       0.4
#define TICK       2.6
#define MINOR_TICK 1.5
#define MIDDLE     0.36 /* of the size: half the height of a figure or a capital */

struct canvas {
    const struct ws_figure *figure;
    const struct ws_figure_layout *layout;
    cairo_t *cr;
};

static void set_grey(cairo_t *cr, double grey)
{
    cairo_set_source_rgb(cr, grey, grey, grey);
}

void ws_text_draw(cairo_t *cr, double size, double x, double y, enum ws_text_side side,
                  const char *text)
{
    cairo_set_font_size(cr, size);
    double width = side == WS_TEXT_LEFT ? 0 : ws_font_width(size, text);
    cairo_move_to(cr, x - (side == WS_TEXT_CENTRE ? width / 2 : width), y + size * MIDDLE);
    cairo_show_text(cr, text);
    cairo_new_path(cr);
}

/* Lines from `top` down. */
static void draw_lines(cairo_t *cr, const struct ws_lines *lines, double size, double x, double top,
                       enum ws_text_side side)
{
    for (size_t i = 0; i < lines->count; i++)
        ws_text_draw(cr, size, x, top + ((double)i + 0.5) * size * WS_LEADING, side,
                     lines->texts[i]);
}

/* A thin line at a whole number of half points, which is sharp on most screens. */
static void draw_stroke(cairo_t *cr, double x1, double y1, double x2, double y2, double width)
{
    cairo_set_line_width(cr, width);
    cairo_move_to(cr, x1, y1);
    cairo_line_to(cr, x2, y2);
    cairo_stroke(cr);
}

/* Axes ----------------------------------------------------------------------------------------- */

static double x_at(const struct ws_panel_layout *p, double value)
{
    return p->left + ws_scale_place(&p->x.scale, value) * p->width;
}

static double y_at(const struct ws_panel_layout *p, double value)
{
    return p->top + (1 - ws_scale_place(&p->y.scale, value)) * p->height;
}

static void draw_grid(const struct canvas *c, const struct ws_panel_layout *p)
{
    set_grey(c->cr, 0.9);
    for (size_t i = 0; !p->y.names && i < p->y.ticks.count; i++)
        draw_stroke(c->cr, p->left, y_at(p, p->y.ticks.at[i]), p->left + p->width,
                    y_at(p, p->y.ticks.at[i]), GRID);
}

static void draw_x_names(const struct canvas *c, const struct ws_panel_layout *p)
{
    const double bottom = p->top + p->height;
    for (size_t i = 0; i < p->x.name_count; i++) {
        double x = x_at(p, (double)i);
        if (!p->x.slanted) {
            draw_lines(c->cr, &p->x.names[i], WS_SIZE_TICK, x, bottom + 4, WS_TEXT_CENTRE);
            continue;
        }
        cairo_save(c->cr);
        cairo_translate(c->cr, x + 1, bottom + 4 + WS_SIZE_TICK * MIDDLE);
        cairo_rotate(c->cr, -0.6981); /* 40 degrees */
        for (size_t line = 0; line < p->x.names[i].count; line++)
            ws_text_draw(c->cr, WS_SIZE_TICK, 0, (double)line * WS_SIZE_TICK, WS_TEXT_RIGHT,
                         p->x.names[i].texts[line]);
        cairo_restore(c->cr);
    }
}

static void draw_x_axis(const struct canvas *c, const struct ws_panel_layout *p)
{
    const double bottom = p->top + p->height;
    set_grey(c->cr, 0);
    draw_stroke(c->cr, p->left, bottom, p->left + p->width, bottom, AXIS);
    if (p->x.names) {
        if (p->x.has_texts)
            draw_x_names(c, p);
    } else {
        for (size_t i = 0; i < p->x.ticks.minor_count; i++)
            draw_stroke(c->cr, x_at(p, p->x.ticks.minor[i]), bottom, x_at(p, p->x.ticks.minor[i]),
                        bottom + MINOR_TICK, GRID);
        for (size_t i = 0; i < p->x.ticks.count; i++) {
            double x = x_at(p, p->x.ticks.at[i]);
            draw_stroke(c->cr, x, bottom, x, bottom + TICK, AXIS);
            if (p->x.has_texts)
                ws_text_draw(c->cr, WS_SIZE_TICK, x, bottom + 5 + WS_SIZE_TICK * 0.4,
                             WS_TEXT_CENTRE, p->x.ticks.texts[i]);
        }
    }
    double below = bottom + (p->x.has_texts ? p->x.texts_room : 3) + 3;
    draw_lines(c->cr, &p->x.label, WS_SIZE_LABEL, p->left + p->width / 2, below, WS_TEXT_CENTRE);
}

static void draw_y_texts(const struct canvas *c, const struct ws_panel_layout *p)
{
    const double right = p->left - 4.2;
    for (size_t i = 0; !p->y.names && i < p->y.ticks.count; i++)
        ws_text_draw(c->cr, WS_SIZE_TICK, right, y_at(p, p->y.ticks.at[i]), WS_TEXT_RIGHT,
                     p->y.ticks.texts[i]);
    for (size_t i = 0; i < p->y.name_count; i++) {
        double height = (double)p->y.names[i].count * WS_SIZE_TICK * WS_LEADING;
        draw_lines(c->cr, &p->y.names[i], WS_SIZE_TICK, right, y_at(p, (double)i) - height / 2,
                   WS_TEXT_RIGHT);
    }
}

static void draw_y_axis(const struct canvas *c, const struct ws_panel_layout *p)
{
    set_grey(c->cr, 0);
    draw_stroke(c->cr, p->left, p->top, p->left, p->top + p->height, AXIS);
    for (size_t i = 0; !p->y.names && i < p->y.ticks.minor_count; i++)
        draw_stroke(c->cr, p->left - MINOR_TICK, y_at(p, p->y.ticks.minor[i]), p->left,
                    y_at(p, p->y.ticks.minor[i]), GRID);
    for (size_t i = 0; !p->y.names && i < p->y.ticks.count; i++)
        draw_stroke(c->cr, p->left - TICK, y_at(p, p->y.ticks.at[i]), p->left,
                    y_at(p, p->y.ticks.at[i]), AXIS);
    if (p->y.has_texts)
        draw_y_texts(c, p);
    if (p->y.label.count == 0)
        return;
    double height = (double)p->y.label.count * WS_SIZE_LABEL * WS_LEADING;
    double right = p->left - (p->y.has_texts ? p->y.texts_room : 0) - 3;
    cairo_save(c->cr);
    cairo_translate(c->cr, right - height, p->top + p->height / 2);
    cairo_rotate(c->cr, -1.57079632679489662);
    draw_lines(c->cr, &p->y.label, WS_SIZE_LABEL, 0, 0, WS_TEXT_CENTRE);
    cairo_restore(c->cr);
}

static void draw_panel(const struct canvas *c, size_t i)
{
    const struct ws_panel_layout *p = &c->layout->panels[i];
    const double title = (double)p->title.count * WS_SIZE_LABEL * WS_LEADING;
    set_grey(c->cr, 0);
    draw_lines(c->cr, &p->title, WS_SIZE_LABEL, p->left + p->width / 2, p->top - title - 2,
               WS_TEXT_CENTRE);
    draw_grid(c, p);
    ws_marks_draw(&c->figure->panels[i], p, c->cr);
    draw_x_axis(c, p);
    draw_y_axis(c, p);
}

static void draw_legend(const struct canvas *c)
{
    for (size_t i = 0; i < c->layout->legend_count; i++) {
        const struct ws_legend_entry *entry = &c->layout->legend[i];
        double x = entry->left;
        if (entry->series) {
            ws_mark_sample_draw(entry->series, x, entry->middle, c->cr);
            x += WS_LEGEND_SAMPLE + WS_LEGEND_GAP;
        }
        set_grey(c->cr, 0);
        ws_text_draw(c->cr, WS_SIZE_TICK, x, entry->middle, WS_TEXT_LEFT, entry->text);
    }
}

void ws_figure_draw(const struct ws_figure *figure, const struct ws_figure_layout *layout,
                    cairo_font_face_t *font, cairo_t *cr)
{
    const struct canvas canvas = {figure, layout, cr};
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(cr, options);
    cairo_font_options_destroy(options);
    cairo_set_font_face(cr, font);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    set_grey(cr, 1);
    cairo_paint(cr);
    set_grey(cr, 0);
    draw_lines(cr, &layout->title, WS_SIZE_TITLE, 4, layout->title_top, WS_TEXT_LEFT);
    for (size_t i = 0; i < figure->panel_count; i++)
        draw_panel(&canvas, i);
    draw_legend(&canvas);
    set_grey(cr, 0.25);
    draw_lines(cr, &layout->caption, WS_SIZE_CAPTION, 4, layout->caption_top, WS_TEXT_LEFT);
}
