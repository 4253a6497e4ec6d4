/*
 * The font of figures, DejaVu Sans, which is a part of the program: users need none, and text is as
 * wide everywhere. A character that it lacks is a box.
 *
 * Sizes and widths are in points. Text is UTF-8.
 */
#ifndef WS_REPORT_FONT_H
#define WS_REPORT_FONT_H

#include <cairo.h>

#include "base/arena.h"
#include "base/status.h"

struct ws_font {
    cairo_font_face_t *face;
    cairo_scaled_font_t *ruler; /* what widths are measured with */
};

/* Released by ws_font_release, also when a drawing that used it is gone. */
WS_MUST_CHECK enum ws_status ws_font_open(struct ws_font *out, struct ws_error *err);
void ws_font_release(struct ws_font *font);

double ws_font_width(const struct ws_font *font, double size, const char *text);

/* Text in lines no wider than `width`, broken at blanks, and inside a word that is wider. */
struct ws_lines {
    char **texts;
    size_t count;
    double width; /* of the widest */
};
WS_MUST_CHECK enum ws_status ws_font_wrap(const struct ws_font *font, double size, double width,
                                          const char *text, struct ws_arena *arena,
                                          struct ws_lines *out, struct ws_error *err);

/* From one line to the next. */
#define WS_LEADING 1.25

#endif
