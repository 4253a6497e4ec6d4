/*
 * How wide text is in the font of figures, DejaVu Sans. Its widths are a part of the program, so
 * that a figure is laid out without the module that has its letters. A character that it lacks is
 * a box.
 *
 * Sizes and widths are in points. Text is UTF-8.
 */
#ifndef WS_REPORT_FONT_H
#define WS_REPORT_FONT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

double ws_font_width(double size, const char *text);

/* Text in lines no wider than `width`, broken at blanks, and inside a word that is wider. */
struct ws_lines {
    char **texts;
    size_t count;
    double width; /* of the widest */
};
WS_MUST_CHECK enum ws_status ws_font_wrap(double size, double width, const char *text,
                                          struct ws_arena *arena, struct ws_lines *out,
                                          struct ws_error *err);

/* From one line to the next. */
#define WS_LEADING 1.25

/* Characters from `first` on, up to the next row's, are this wide. Made from the font's file by
 * tools/make_font_widths.c; the first row is of U+0000. */
struct ws_font_row {
    uint32_t first;
    uint16_t width; /* in units of the font */
};
extern const struct ws_font_row ws_font_rows[];
extern const size_t ws_font_row_count;
extern const double ws_font_units; /* of its size */

#endif
