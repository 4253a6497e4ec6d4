/*
 * The polynomials of base/draw.h. Both are minimax in relative error (Remez). Private to
 * base/draw.c and base/vector/.
 */
#ifndef WS_BASE_DRAW_TERMS_H
#define WS_BASE_DRAW_TERMS_H

/* -2 log((1 + s) / (1 - s)) = -4 s + s^3 P(s^2) for 1 + s over 1 - s from sqrt(1/2) to sqrt(2),
 * within 2^-59. */
static const double ws_log_terms[7] = {
    -0x1.5555555555592p+0, -0x1.999999997fd77p-1, -0x1.24924941f4fe6p-1, -0x1.c71c5206067bap-2,
    -0x1.74663fa24885ep-2, -0x1.39a1a6f78cd38p-2, -0x1.2f063462157c4p-2,
};

/* sin(pi / 4 x) = x P(x^2) for x from 0 to 1, within 2^-58. */
static const double ws_sine_terms[7] = {
    0x1.921fb54442d18p-1,  -0x1.4abbce625be41p-4,  0x1.466bc67758700p-9,  -0x1.32d2cce2d5364p-15,
    0x1.50782fca38ef1p-22, -0x1.e30063a054e90p-30, 0x1.e3eed5da55f92p-38,
};

#define WS_MINUS_TWO_LOG_TWO (-0x1.62e42fefa39efp+0)

/* Words of 64 bits that are doubles: 2^52 + n and 2^84 + 2^32 n for n < 2^32, 1 + n / 2^52 for
 * n < 2^52; and the root of one half, from which the logarithm counts powers of two. */
#define WS_BITS_2_52      UINT64_C(0x4330000000000000)
#define WS_BITS_2_84      UINT64_C(0x4530000000000000)
#define WS_BITS_ONE       UINT64_C(0x3ff0000000000000)
#define WS_BITS_ROOT_HALF UINT64_C(0x3fe6a09e00000000)
#define WS_BITS_FRACTION  UINT64_C(0x000fffffffffffff)

#endif
