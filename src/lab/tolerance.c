#include "lab/tolerance.h"

#include <math.h>
#include <string.h>

#include "base/number.h"

static const double BOUND_ERRORS = 4; /* of a bound that says nothing else */

static enum ws_status refuse(const char *text, struct ws_error *err)
{
    return ws_fail(
        err, WS_INVALID,
        "'%.80s' is no tolerance, wanted '4 se', 'relative X', 'absolute X', 'factor X', "
        "'at least', 'at most', or several joined by ' + '",
        text);
}

/* "4 se", "relative 0.05" and the like, of `size` bytes. */
static bool read_term(const char *term, size_t size, struct ws_tolerance *out)
{
    char text[64], *blank;
    double number;
    if (size >= sizeof text)
        return false;
    memcpy(text, term, size);
    text[size] = '\0';
    if (strcmp(text, "at least") == 0 || strcmp(text, "at most") == 0) {
        out->side = text[3] == 'l' ? WS_TOLERANCE_AT_LEAST : WS_TOLERANCE_AT_MOST;
        return true;
    }
    blank = strchr(text, ' ');
    if (!blank)
        return false;
    *blank = '\0';
    if (strcmp(blank + 1, "se") == 0)
        return ws_real_parse(text, &out->errors) && out->errors > 0;
    if (!ws_real_parse(blank + 1, &number) || number <= 0)
        return false;
    if (strcmp(text, "relative") == 0)
        out->relative = number;
    else if (strcmp(text, "absolute") == 0)
        out->absolute = number;
    else if (strcmp(text, "factor") == 0)
        out->factor = number;
    else
        return false;
    return out->factor >= 1;
}

enum ws_status ws_tolerance_parse(const char *text, struct ws_tolerance *out, struct ws_error *err)
{
    struct ws_tolerance read = {.factor = 1, .precision = INFINITY};
    const char *next = text;
    while (next) {
        const char *joint = strstr(next, " + ");
        size_t size = joint ? (size_t)(joint - next) : strlen(next);
        if (!read_term(next, size, &read))
            return refuse(text, err);
        next = joint ? joint + strlen(" + ") : NULL;
    }
    if (read.side != WS_TOLERANCE_BOTH && read.errors <= 0)
        read.errors = BOUND_ERRORS;
    *out = read;
    return WS_OK;
}

/* `errors` standard errors of both numbers; one that is not known adds nothing. */
static double error_width(const struct ws_tolerance *t, const struct ws_expected *expected,
                          const struct ws_estimate *measured)
{
    if (t->errors <= 0)
        return 0;
    double own = isfinite(measured->standard_error) ? measured->standard_error : 0;
    return t->errors * hypot(own, expected->standard_error);
}

/* Whether standard errors alone decide: nothing else widens, and a bound is not kept without them.
 */
static bool leans_on_errors(const struct ws_tolerance *t, const struct ws_expected *expected,
                            const struct ws_estimate *measured)
{
    bool alone = t->errors > 0 && t->relative <= 0 && t->absolute <= 0 && t->factor <= 1;
    bool kept = (t->side == WS_TOLERANCE_AT_LEAST && measured->value >= expected->value) ||
                (t->side == WS_TOLERANCE_AT_MOST && measured->value <= expected->value);
    return alone && !kept;
}

struct ws_judgement ws_tolerance_judge(const struct ws_tolerance *t,
                                       const struct ws_expected *expected,
                                       const struct ws_estimate *measured)
{
    double e = expected->value, errors = error_width(t, expected, measured);
    double width = errors + t->absolute + t->relative * fabs(e);
    struct ws_judgement result = {
        .low = fmin(e / t->factor, e * t->factor) - width,
        .high = fmax(e / t->factor, e * t->factor) + width,
        .resolves = !leans_on_errors(t, expected, measured) || errors <= t->precision * fabs(e),
    };
    if (t->side == WS_TOLERANCE_AT_LEAST)
        result.high = INFINITY;
    if (t->side == WS_TOLERANCE_AT_MOST)
        result.low = -INFINITY;
    result.holds = measured->value >= result.low && measured->value <= result.high;
    return result;
}
