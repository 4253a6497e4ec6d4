/*
 * How marks look: colours that people of any colour vision tell apart (Okabe and Ito 2008), with
 * dashes, hatches and signs that do without colour, and a ramp that gets lighter evenly (viridis,
 * without its lightest fifth).
 */
#ifndef WS_REPORT_PALETTE_H
#define WS_REPORT_PALETTE_H

#include "report/figure.h"

struct ws_colour {
    double red, green, blue; /* 0 to 1 */
};

enum ws_sign {
    WS_SIGN_CIRCLE,
    WS_SIGN_SQUARE,
    WS_SIGN_TRIANGLE,
    WS_SIGN_DIAMOND,
    WS_SIGN_TIP, /* a triangle that stands on its tip */
    WS_SIGN_PLUS,
};

enum ws_hatch { WS_HATCH_NONE, WS_HATCH_UP, WS_HATCH_DOWN };

struct ws_dashes {
    double lengths[4]; /* points: on, off, ... */
    int count;         /* 0: a whole line */
};

struct ws_colour ws_colour_of(const struct ws_series *series);
struct ws_dashes ws_dashes_of(const struct ws_series *series);
enum ws_sign ws_sign_of(const struct ws_series *series);
enum ws_hatch ws_hatch_of(const struct ws_series *series);

/* Whether signs stand on a line: where it has a look of its own and few points. */
bool ws_line_has_signs(const struct ws_series *series);

#endif
