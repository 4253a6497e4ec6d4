/*
 * A figure as data: panels with axes and marks, a legend, a caption. One renderer draws it with
 * cairo, as SVG, PDF or PNG; another writes it for pgfplots. Neither changes a number. The first is
 * a module that is opened when it draws (report/cairo/figures_module.h).
 *
 * Coordinates are those of the data. A value that is no number leaves a gap in its line and a cross
 * at the edge of the panel, an infinite one a triangle at the edge where it would be; a value that
 * a logarithmic axis cannot show counts as minus infinity. Lines, labels and ticks are laid out
 * here, so that the caller says what is shown and never where.
 *
 * The font, DejaVu Sans, is a part of the module: a figure has the same letters and the same bytes
 * on any machine. Contract: tests/unit/test_figure.c, tests/cli/plot.sh.
 */
#ifndef WS_REPORT_FIGURE_H
#define WS_REPORT_FIGURE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/status.h"

struct ws_axis {
    const char *label; /* with its unit; NULL: none */
    bool log;
    bool percent;             /* ticks of linear axes are 100 times the number, with a % sign */
    bool whole;               /* ticks stand at whole numbers only */
    double low, high;         /* what is shown; equal: all that the marks have */
    const char *const *names; /* (name_count): of categories 0, 1, ...; NULL: numbers */
    size_t name_count;
};

enum ws_mark {
    WS_MARK_LINE,  /* y over x */
    WS_MARK_STEPS, /* the same where y[i] holds from x[i] to x[i + 1]: `count` edges, the last y is
                      not read. A histogram */
    WS_MARK_SEGMENTS, /* lines from point 2 i to point 2 i + 1. Contours */
    WS_MARK_BAND,     /* from y to y2 over x */
    WS_MARK_POINTS,   /* a sign at each x, y */
    WS_MARK_DOTS,     /* the smallest sign: for many */
    WS_MARK_BARS,     /* from y to y2, `bar` wide, around x */
    WS_MARK_ERRORS,   /* a line from y to y2 at x, with ends */
    WS_MARK_TEXT,     /* texts[i], centred at x, y */
    WS_MARK_TILES,    /* a rectangle 0.9 x 0.9 around x, y */
};

/* How a mark looks. From 0 on a number stands for colour, line, hatch and sign together; from
 * WS_LOOKS on they combine anew. Ink is black, pale a light grey; a ramp goes by `shade` from dark
 * to light, for what has an order, and from line to line. */
enum { WS_LOOKS = 6, WS_LOOK_INK = -1, WS_LOOK_PALE = -2, WS_LOOK_RAMP = -3 };

struct ws_series {
    enum ws_mark mark;
    const char *label; /* in the legend; NULL: not there. Equal labels are shown once */
    int look;
    double shade; /* of a ramp: 0 to 1 */
    bool dashed;  /* lines: whatever the look has */
    double bar;   /* bars: their width in units of x */
    size_t count;
    const double *x, *y;
    const double *y2;         /* bands, bars and errors; else NULL */
    const char *const *texts; /* of WS_MARK_TEXT; else NULL */
};

struct ws_panel {
    const char *title; /* NULL: none */
    struct ws_axis x, y;
    const struct ws_series *series; /* drawn in this order */
    size_t series_count;
};

struct ws_figure {
    const char *title;   /* NULL: none; also what the file is called inside */
    const char *caption; /* below, as many lines as it takes; NULL: none */
    double width;        /* inches */
    double panel_height; /* of the area between the axes over its width; 0: 0.62 */
    size_t columns;      /* panels side by side, at most; 0: as fit */
    const struct ws_panel *panels;
    size_t panel_count; /* >= 1 */
};

/* Those of journals. */
#define WS_FIGURE_COLUMN 3.3
#define WS_FIGURE_PAGE   7.0

enum ws_figure_format { WS_FIGURE_SVG, WS_FIGURE_PDF, WS_FIGURE_PNG, WS_FIGURE_TEX };

/* "svg", "pdf", "png" or "tex"; false for anything else. */
bool ws_figure_format_find(const char *name, enum ws_figure_format *out);

#define WS_FIGURES_MODULE_FILE "wellspring-figures.so"

struct ws_figure_output {
    enum ws_figure_format format;
    double dpi;         /* dots an inch of a PNG; 0: 300 */
    const char *module; /* where the module is; NULL: there is none, and TeX alone is written */
};

/* The whole file. WS_LIMIT for a picture of too many dots; WS_UNSUPPORTED: the module is missing,
 * cannot be loaded or is of another version. */
WS_MUST_CHECK enum ws_status ws_figure_write(const struct ws_figure *figure,
                                             const struct ws_figure_output *output,
                                             struct ws_buffer *out, struct ws_error *err);

#endif
