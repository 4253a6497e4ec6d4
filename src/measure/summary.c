#include "measure/summary.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Moves NaN values out; the number of values left. */
static size_t drop_missing(double *values, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    return kept;
}

static double standard_error(const double *values, size_t count, double mean)
{
    if (count < 2)
        return NAN;
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return sqrt(squares / (double)(count - 1) / (double)count);
}

struct ws_summary ws_summarise(double *values, size_t count)
{
    size_t kept = drop_missing(values, count);
    if (kept == 0)
        return (struct ws_summary){0, count, NAN, NAN, NAN, NAN, NAN};
    qsort(values, kept, sizeof *values, compare);
    double sum = 0;
    for (size_t i = 0; i < kept; i++)
        sum += values[i];
    double mean = sum / (double)kept;
    return (struct ws_summary){
        .count = kept,
        .missing = count - kept,
        .median = ws_quantile(values, kept, 0.5),
        .low = ws_quantile(values, kept, 0.1),
        .high = ws_quantile(values, kept, 0.9),
        .mean = mean,
        .standard_error = standard_error(values, kept, mean),
    };
}

double ws_quantile(const double *sorted, size_t count, double q)
{
    double place = q * (double)(count - 1);
    size_t below = (size_t)place;
    double part = place - (double)below;
    /* Equal values and exact places: no arithmetic that could round, or make infinity a NaN. */
    if (part <= 0 || sorted[below] == sorted[below + 1])
        return sorted[below];
    return (1 - part) * sorted[below] + part * sorted[below + 1];
}
