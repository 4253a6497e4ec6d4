/*
 * The boundary of the module that draws figures with cairo: a shared object that is opened at run
 * time, so that no other command waits for cairo and the libraries of X11 that come with it.
 *
 * It and the program are built together: the function compares versions and refuses others. What
 * was laid out is drawn as it is. Contract: tests/unit/test_figure.c.
 */
#ifndef WS_REPORT_CAIRO_FIGURES_MODULE_H
#define WS_REPORT_CAIRO_FIGURES_MODULE_H

#include "report/figure_layout.h"

#define WS_FIGURES_MODULE_DRAW "ws_figures_module_draw"

struct ws_figures_request {
    const char *version; /* of the program */
    const struct ws_figure *figure;
    const struct ws_figure_layout *layout;
    enum ws_figure_format format; /* SVG, PDF or PNG */
    double dpi;                   /* of a PNG */
};

/* Appends the whole file. WS_UNSUPPORTED: another version; WS_INVALID: cairo cannot draw it;
 * WS_NO_MEMORY. */
typedef enum ws_status ws_figures_module_draw_fn(const struct ws_figures_request *request,
                                                 struct ws_buffer *out, struct ws_error *err);

#endif
