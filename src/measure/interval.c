#include "measure/interval.h"

#include <math.h>

#include "measure/summary.h"

/* log n!; lgamma itself would write a sign that all threads share. */
static double log_factorial(double n)
{
    int sign;
    return lgamma_r(n + 1, &sign);
}

/* P(B = k) of a binomial B (n, 1/2). */
static double binomial_half(size_t n, size_t k)
{
    double count = (double)n, hits = (double)k;
    return exp(log_factorial(count) - log_factorial(hits) - log_factorial(count - hits) -
               count * log(2));
}

/* The largest i >= 1 with P(i <= B <= n - i) >= level, else 1; `covered` is that probability.
 * Begins in the middle, where no sum is small. n >= 2. */
static size_t order_of(size_t n, double level, double *covered)
{
    size_t i = n / 2;
    *covered = n % 2 == 0 ? binomial_half(n, i) : 2 * binomial_half(n, i);
    while (i > 1 && *covered < level)
        *covered += 2 * binomial_half(n, --i);
    return i;
}

struct ws_interval ws_median_interval(double *values, size_t count, double level)
{
    const struct ws_summary summary = ws_summarise(values, count);
    const size_t kept = summary.count;
    struct ws_interval interval = {kept, summary.missing, summary.median, NAN, NAN, NAN};
    if (kept < 2)
        return interval;
    size_t i = order_of(kept, level, &interval.level);
    interval.low = values[i - 1];
    interval.high = values[kept - i];
    return interval;
}

static double difference(double y, double x)
{
    return y == x ? 0 : y - x;
}

struct ws_interval ws_paired_interval(const double *x, const double *y, size_t count,
                                      double *differences)
{
    for (size_t i = 0; i < count; i++)
        differences[i] = difference(y[i], x[i]);
    return ws_median_interval(differences, count, WS_INTERVAL_LEVEL);
}

struct ws_interval ws_unpaired_interval(double *x, size_t x_count, double *y, size_t y_count)
{
    const double level = 1 - (1 - WS_INTERVAL_LEVEL) / 2;
    const struct ws_interval a = ws_median_interval(x, x_count, level);
    const struct ws_interval b = ws_median_interval(y, y_count, level);
    return (struct ws_interval){
        .count = a.count + b.count,
        .missing = a.missing + b.missing,
        .estimate = difference(b.estimate, a.estimate),
        .low = difference(b.low, a.high),
        .high = difference(b.high, a.low),
        .level = a.level + b.level - 1,
    };
}
