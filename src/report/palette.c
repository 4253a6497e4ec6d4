#include "report/palette.h"

#include <math.h>

enum { SIGNS_MOST = 12, RAMP_STOPS = 5 };

static struct ws_colour colour(unsigned rgb)
{
    return (struct ws_colour){(rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0,
                              (rgb & 255) / 255.0};
}

static struct ws_colour ramp(double shade)
{
    static const unsigned stops[RAMP_STOPS] = {0x440154, 0x414487, 0x2a788e, 0x22a884, 0x7ad151};
    double at = (shade > 0 ? shade < 1 ? shade : 1 : 0) * (RAMP_STOPS - 1);
    int below = at < RAMP_STOPS - 2 ? (int)at : RAMP_STOPS - 2;
    struct ws_colour a = colour(stops[below]), b = colour(stops[below + 1]);
    double t = at - below;
    return (struct ws_colour){a.red + t * (b.red - a.red), a.green + t * (b.green - a.green),
                              a.blue + t * (b.blue - a.blue)};
}

struct ws_colour ws_colour_of(const struct ws_series *series)
{
    /* Okabe and Ito's, without black, which is ink, and the yellow, which is too light for lines.
     */
    static const unsigned colours[WS_LOOKS] = {0x0072b2, 0xd55e00, 0x009e73,
                                               0xcc79a7, 0xe69f00, 0x56b4e9};
    switch (series->look) {
    case WS_LOOK_INK:
        return colour(0x000000);
    case WS_LOOK_PALE:
        return colour(0xc8c8c8);
    case WS_LOOK_RAMP:
        return ramp(series->shade);
    default:
        return colour(colours[series->look % WS_LOOKS]);
    }
}

/* From WS_LOOKS on, a colour comes again with the next one's line and sign. Up to WS_LOOKS shades
 * that lie evenly between 0 and 1 have a line of their own each. */
static int other_than_colour(const struct ws_series *series)
{
    if (series->look == WS_LOOK_RAMP)
        return (int)lround(fmin(fmax(series->shade, 0), 1) * (WS_LOOKS - 1));
    return series->look < 0 ? 0 : (series->look + series->look / WS_LOOKS) % WS_LOOKS;
}

struct ws_dashes ws_dashes_of(const struct ws_series *series)
{
    static const struct ws_dashes dashes[WS_LOOKS] = {
        {{0}, 0},      {{5, 1.6}, 2}, {{1.4, 1.4}, 2}, {{6, 1.6, 1.4, 1.6}, 4},
        {{3, 1.4}, 2}, {{8, 2}, 2},
    };
    static const struct ws_dashes second = {{2.4, 1.8}, 2};
    return series->dashed ? second : dashes[other_than_colour(series)];
}

enum ws_sign ws_sign_of(const struct ws_series *series)
{
    return (enum ws_sign)other_than_colour(series);
}

enum ws_hatch ws_hatch_of(const struct ws_series *series)
{
    return (enum ws_hatch)(other_than_colour(series) % 3);
}

bool ws_line_has_signs(const struct ws_series *series)
{
    return series->mark == WS_MARK_LINE && series->look >= 0 && !series->dashed &&
           series->count <= SIGNS_MOST;
}
