/*
 * Where everything of a figure goes, in points from its upper left corner.
 *
 * Panels stand in rows, all of one size and in line. What neighbours share is said once: the label
 * of an axis that all have, and the ticks of one that reaches over the same numbers in all. Nothing
 * overlaps: ticks are as many as have room for their texts, names of categories are slanted where
 * they have none, labels and titles wrap.
 */
#ifndef WS_REPORT_FIGURE_LAYOUT_H
#define WS_REPORT_FIGURE_LAYOUT_H

#include "report/figure.h"
#include "report/font.h"
#include "report/scale.h"

/* Sizes of type. */
#define WS_SIZE_TITLE   8.5
#define WS_SIZE_LABEL   7.5
#define WS_SIZE_TICK    6.5
#define WS_SIZE_CAPTION 6.5

/* A row of texts along an axis: of ticks, or of categories. */
struct ws_axis_layout {
    struct ws_scale scale;
    struct ws_ticks ticks;        /* of numbers */
    const struct ws_lines *names; /* (name_count), of categories; NULL: numbers */
    size_t name_count;
    bool has_texts;
    bool slanted;          /* names along x */
    struct ws_lines label; /* count 0: none here */
    double texts_room;     /* that they take beside the axis */
};

struct ws_panel_layout {
    double left, top, width, height; /* the area between the axes */
    struct ws_lines title;
    struct ws_axis_layout x, y;
};

struct ws_legend_entry {
    const struct ws_series *series; /* NULL: `text` alone */
    const char *text;
    double left, middle;
};

struct ws_figure_layout {
    double width, height;
    struct ws_lines title, caption;
    double title_top, caption_top;
    struct ws_panel_layout *panels; /* as many as the figure has */
    struct ws_legend_entry *legend;
    size_t legend_count;
};

/* Of the line or patch before a legend's text. */
enum { WS_LEGEND_SAMPLE = 18, WS_LEGEND_GAP = 4 };

WS_MUST_CHECK enum ws_status ws_figure_lay_out(const struct ws_figure *figure,
                                               struct ws_arena *arena, struct ws_figure_layout *out,
                                               struct ws_error *err);

#endif
