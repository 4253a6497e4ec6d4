/*
 * Draws a figure that was laid out, on any surface of cairo, in points.
 */
#ifndef WS_REPORT_CAIRO_FIGURE_DRAW_H
#define WS_REPORT_CAIRO_FIGURE_DRAW_H

#include <cairo.h>

#include "report/figure_layout.h"

/* Failures stay in `cr`, as is cairo's way. */
void ws_figure_draw(const struct ws_figure *figure, const struct ws_figure_layout *layout,
                    cairo_font_face_t *font, cairo_t *cr);

/* Its part for the marks of one panel (figure_marks.c). */
void ws_marks_draw(const struct ws_panel *panel, const struct ws_panel_layout *place, cairo_t *cr);
/* A piece of line, a patch or a sign as in a legend, from x on and around y. */
void ws_mark_sample_draw(const struct ws_series *series, double x, double y, cairo_t *cr);

enum ws_text_side { WS_TEXT_LEFT, WS_TEXT_CENTRE, WS_TEXT_RIGHT };
/* A line of text whose middle (of small letters) is at y, beginning, centred or ending at x. */
void ws_text_draw(cairo_t *cr, double size, double x, double y, enum ws_text_side side,
                  const char *text);

#endif
