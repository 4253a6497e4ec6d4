/*
 * An axis as numbers: what it reaches from and to, where values stand on it, and its ticks.
 *
 * Contract: tests/unit/test_scale.c.
 */
#ifndef WS_REPORT_SCALE_H
#define WS_REPORT_SCALE_H

#include "report/figure.h"

struct ws_scale {
    double low, high; /* finite, low < high; both above 0 where `log` */
    bool log, percent, whole;
};

/* That of the axis which shows all finite values of the panel's series, along x or y. */
enum ws_direction { WS_ALONG_X, WS_ALONG_Y };
struct ws_scale ws_scale_of(const struct ws_panel *panel, enum ws_direction direction);

/* 0 at the low end, 1 at the high one; NaN and infinite values stay, and what a logarithmic scale
 * cannot show becomes -infinity. */
double ws_scale_place(const struct ws_scale *scale, double value);

enum { WS_TICKS_MOST = 24, WS_MINOR_TICKS_MOST = 128, WS_TICK_TEXT_SIZE = 32 };

struct ws_ticks {
    double at[WS_TICKS_MOST];
    char texts[WS_TICKS_MOST][WS_TICK_TEXT_SIZE];
    size_t count;
    double minor[WS_MINOR_TICKS_MOST]; /* without text */
    size_t minor_count;
};

/* At most about `most` (2 or more) round numbers, evenly spaced; of a logarithmic scale powers of
 * ten where it has two of them, else steps of 1, 2, 5 or finer. */
void ws_scale_ticks(const struct ws_scale *scale, int most, struct ws_ticks *out);

#endif
