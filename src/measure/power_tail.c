#include "measure/power_tail.h"

#include <math.h>
#include <stdlib.h>

/* From this far above the exponent on the series below is good to the last digits. */
static const double FAR = 12;

static const double LARGEST_EXPONENT = 60;

double ws_hurwitz_zeta(double s, double q, double *log_sum)
{
    double sum = 0, logs = 0;
    for (; q < FAR + s; q++) {
        double term = pow(q, -s);
        sum += term;
        if (log_sum)
            logs += log(q) * term;
    }
    /* The integral, half the first term, and derivatives of f(x) = x^-s at q: each is a number
     * c(s) times q^(1 - s - j), whose derivative by s is what log_sum wants with its sign
     * changed. */
    static const double bernoulli[] = {1.0 / 12,       -1.0 / 720,       1.0 / 30240,
                                       -1.0 / 1209600, 1.0 / 47900160.0, -691.0 / 1307674368000.0};
    double far = pow(q, -s), log_q = log_sum ? log(q) : 0;
    double integral = q * far / (s - 1);
    sum += integral + far / 2;
    logs += integral * (log_q + 1 / (s - 1)) + log_q * far / 2;
    double rising = s, slope = 1 / s; /* s (s + 1) .. (s + 2 j), and its logarithm's slope */
    double power = far / q;
    for (size_t j = 0; j < sizeof bernoulli / sizeof *bernoulli; j++) {
        double term = bernoulli[j] * rising * power;
        sum += term;
        logs += term * (log_q - slope);
        double next = s + 2 * (double)j + 1;
        rising *= next * (next + 1);
        slope += 1 / next + 1 / (next + 1);
        power /= q * q;
    }
    if (log_sum)
        *log_sum = logs;
    return sum;
}

static double mean_log_of(double exponent, double from)
{
    double logs;
    double zeta = ws_hurwitz_zeta(exponent, from, &logs);
    return logs / zeta;
}

/* Where the mean of log c under the law, which falls with the exponent, is `mean_log`: by chords
 * between bounds that close in, from the exponent of a continuous law, which is near. */
static double exponent_of(double mean_log, double from)
{
    double low = 1, high = LARGEST_EXPONENT, before = 0, before_error = INFINITY;
    double at = fmin(1 + 1 / (mean_log - log(from - 0.5)), LARGEST_EXPONENT / 2);
    for (int round = 0; round < 200 && high - low > 1e-13 * high; round++) {
        double error = mean_log_of(at, from) - mean_log;
        if (error > 0)
            low = at;
        else
            high = at;
        double next =
            isinf(before_error) ? at + 1e-3 : at - error * (at - before) / (error - before_error);
        before = at;
        before_error = error;
        if (error == 0 || fabs(next - at) <= 1e-14 * at)
            return at;
        at = next > low && next < high ? next : low + (high - low) / 2;
    }
    return at;
}

double ws_power_tail_exponent(const uint64_t *counts, size_t size, uint64_t from)
{
    double logs = 0, tail = 0;
    for (size_t i = 0; i < size; i++)
        if (counts[i] >= from) {
            logs += log((double)counts[i]);
            tail++;
        }
    return exponent_of(logs / tail, (double)from);
}

/* A count, and how many types have it. */
struct level {
    uint64_t value;
    uint64_t types;
    double logs;    /* of this one and all above: sum over types of log count */
    uint64_t above; /* types of this one and all above */
};

static int ascending(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Most counts are small, and there may be millions of types: these are counted, the rest sorted. */
enum { SMALL = 1024 };

static size_t put_level(struct level *levels, size_t count, uint64_t value, uint64_t types)
{
    if (count > 0 && levels[count - 1].value == value)
        levels[--count].types += types;
    else
        levels[count] = (struct level){.value = value, .types = types};
    return count + 1;
}

static enum ws_status levels_of(const uint64_t *counts, size_t size, struct ws_arena *scratch,
                                struct level **out, size_t *out_count, struct ws_error *err)
{
    uint64_t small[SMALL] = {0};
    size_t large_count = 0, count = 0;
    for (size_t i = 0; i < size; i++)
        large_count += counts[i] >= SMALL;
    uint64_t *large = WS_ARENA_NEW(scratch, uint64_t, large_count + 1);
    struct level *levels = WS_ARENA_NEW(scratch, struct level, SMALL + large_count);
    if (!large || !levels)
        return ws_fail_memory(err, "the tail of a sample");
    large_count = 0;
    for (size_t i = 0; i < size; i++)
        if (counts[i] < SMALL)
            small[counts[i]]++;
        else
            large[large_count++] = counts[i];
    qsort(large, large_count, sizeof *large, ascending);
    for (size_t c = 1; c < SMALL; c++)
        if (small[c] > 0)
            count = put_level(levels, count, c, small[c]);
    for (size_t i = 0; i < large_count; i++)
        count = put_level(levels, count, large[i], 1);
    double logs = 0;
    uint64_t above = 0;
    for (size_t l = count; l-- > 0;) {
        logs += (double)levels[l].types * log((double)levels[l].value);
        above += levels[l].types;
        levels[l].logs = logs;
        levels[l].above = above;
    }
    *out = levels;
    *out_count = count;
    return WS_OK;
}

/* The largest distance of the shares at or below a count, or one that is not under `enough`.
 * Between two counts of the sample its own share stands still and the law's grows, so both ends of
 * each step are looked at. */
static double distance_of(const struct level *levels, size_t count, double exponent, double enough)
{
    double tail = (double)levels[0].above;
    double whole = ws_hurwitz_zeta(exponent, (double)levels[0].value, NULL);
    double beyond = whole, most = 0; /* the law's, at the value and above */
    for (size_t l = 0; l < count && most < enough; l++) {
        double value = (double)levels[l].value;
        if (l > 0 && levels[l - 1].value + 1 != levels[l].value)
            beyond = ws_hurwitz_zeta(exponent, value, NULL);
        double before = (double)levels[l].above / tail - beyond / whole;
        beyond -= pow(value, -exponent);
        double here = (double)(levels[l].above - levels[l].types) / tail - beyond / whole;
        most = fmax(most, fmax(fabs(before), fabs(here)));
    }
    return most;
}

enum ws_status ws_power_tail(const uint64_t *counts, size_t size, struct ws_arena *scratch,
                             struct ws_power_tail *out, struct ws_error *err)
{
    struct level *levels;
    size_t count;
    *out = (struct ws_power_tail){.distance = INFINITY};
    WS_TRY(levels_of(counts, size, scratch, &levels, &count, err));
    for (size_t l = 0; l + 1 < count && levels[l].above >= WS_POWER_TAIL_LEAST; l++) {
        double exponent =
            exponent_of(levels[l].logs / (double)levels[l].above, (double)levels[l].value);
        double distance = distance_of(levels + l, count - l, exponent, out->distance);
        if (distance < out->distance)
            *out = (struct ws_power_tail){exponent, levels[l].value, levels[l].above, distance};
    }
    if (isinf(out->distance))
        return ws_fail(err, WS_INVALID,
                       "%zu types with %zu different counts have no tail to fit: %d types with two "
                       "different counts at least",
                       size, count, WS_POWER_TAIL_LEAST);
    return WS_OK;
}
