/*
 * How far what is measured may lie from what is expected, and whether it does.
 *
 *     4 se                        four standard errors, of the chains and of the expected number
 *     relative 0.05               5 % of the expected number
 *     absolute 0.02
 *     factor 10                   a tenth to ten times of it
 *     at least, at most           a bound, four standard errors allowed
 *     absolute 0.05 + 4 se        several: their widths add up
 *
 * Where standard errors alone decide they must resolve something: a row passes only when four of
 * them are at most `precision` times the expected number, or a bound is kept without them.
 * Contract: tests/unit/test_tolerance.c.
 */
#ifndef WS_LAB_TOLERANCE_H
#define WS_LAB_TOLERANCE_H

#include <stdbool.h>

#include "base/status.h"
#include "measure/estimate.h"

enum ws_tolerance_side { WS_TOLERANCE_BOTH, WS_TOLERANCE_AT_LEAST, WS_TOLERANCE_AT_MOST };

struct ws_tolerance {
    enum ws_tolerance_side side;
    double errors; /* standard errors */
    double relative;
    double absolute;
    double factor;    /* >= 1 */
    double precision; /* set by the caller, > 0 */
};

/* WS_INVALID says what was wanted. */
WS_MUST_CHECK enum ws_status ws_tolerance_parse(const char *text, struct ws_tolerance *out,
                                                struct ws_error *err);

struct ws_expected {
    double value;
    double standard_error; /* of the published number; 0 for what is exact */
};

struct ws_judgement {
    double low, high; /* what is measured must lie between; infinite where there is no bound */
    bool holds;
    bool resolves; /* false: there are too few chains to say */
};
struct ws_judgement ws_tolerance_judge(const struct ws_tolerance *tolerance,
                                       const struct ws_expected *expected,
                                       const struct ws_estimate *measured);

#endif
