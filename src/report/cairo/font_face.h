/*
 * The letters of figures: the file of DejaVu Sans is a part of this module, so that users need
 * none.
 */
#ifndef WS_REPORT_CAIRO_FONT_FACE_H
#define WS_REPORT_CAIRO_FONT_FACE_H

#include <cairo.h>

#include "base/status.h"

/* The caller destroys it, perhaps before a drawing that uses it. */
WS_MUST_CHECK enum ws_status ws_font_face_open(cairo_font_face_t **out, struct ws_error *err);

#endif
