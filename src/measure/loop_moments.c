#include "measure/loop_moments.h"

#include <assert.h>
#include <math.h>

#include "measure/closed_form.h"

/* x / count, of which there is none where count is 0. */
static double part(double x, uint64_t count)
{
    return count > 0 ? x / (double)count : 0;
}

/* What a fit's estimator multiplies the mean squared deviation by; `alone` is the sum of squared
 * shares of single items. */
static double correction(enum ws_gaussian_estimator e, double alone)
{
    return e == WS_GAUSSIAN_UNBIASED ? 1 / (1 - alone) : 1;
}

/* With A = E[mu^2] and V = E[s^2], the next items have the mean square W + (1 - W)(A + bias V), and
 * the square of their mean is W^2 / human + (1 - W)^2 (A + bias V / model), with twice W (1 - W)
 * times the product of the human mean and mu. Fresh items have nothing to do with mu. Those of the
 * first fit have their own mean m in all models, so that E[m mu] stays E[m^2], 1 / first. */
struct ws_gaussian_moments ws_gaussian_loop_moments(const struct ws_gaussian_loop *loop, uint64_t n)
{
    const struct ws_loop *items = &loop->items;
    const double W = loop->weight, own = 1 - W;
    const double common = items->again ? 1 / (double)items->first : 0;
    const double alone = part(W * W, items->human) + part(own * own, items->model);
    assert(n >= 1 && items->first >= 2 && items->human + items->model >= 2);
    struct ws_gaussian_moments now = {
        .mean_error = 1 / (double)items->first,
        .variance = loop->estimator == WS_GAUSSIAN_UNBIASED ? 1 : 1 - 1 / (double)items->first,
    };
    for (uint64_t i = 1; i < n; i++) {
        const double drawn = loop->bias * now.variance;
        const double square = W + own * (now.mean_error + drawn);
        now.mean_error = part(W * W, items->human) + own * own * now.mean_error +
                         part(own * own * drawn, items->model) + 2 * W * own * common;
        now.variance = correction(loop->estimator, alone) * (square - now.mean_error);
    }
    return now;
}

/* A pool of i outputs, one more of variance V: its mean moves by a part in i + 1 of the output's
 * error, V / M, and its mean square is the mean of what it was and A + V. */
struct ws_gaussian_moments ws_gaussian_pool_moments(enum ws_gaussian_estimator e, uint64_t M,
                                                    uint64_t n)
{
    const double items = (double)M;
    struct ws_gaussian_moments now = {1 / items, 1 - 1 / items}; /* its divisor: all items */
    for (uint64_t i = 1; i < n; i++) {
        const double next = (double)i + 1;
        const double drawn = correction(e, 1 / ((double)i * items)) * now.variance;
        const double step = drawn / (next * next * items);
        now.variance += (drawn - now.variance) / next - step;
        now.mean_error += step;
    }
    now.variance *= correction(e, 1 / ((double)n * items));
    return now;
}

/* Pairs of two human items, of one of either, and of two of the model's. A model's mean is that of
 * what it came from, so that a human item and a model's are alike as two human ones are, or, where
 * the first fit's items come again, as two draws from these. */
double ws_loop_heterozygosity(const struct ws_loop *loop, double start, uint64_t n)
{
    const double h = (double)loop->human, m = (double)loop->model, M = (double)loop->first;
    const double truth = 1 - start, first = truth + start / M;
    const double mixed = loop->again ? first : truth;
    assert(n >= 1 && loop->human + loop->model >= 1);
    double alike = first;
    for (uint64_t i = 1; i < n; i++)
        alike = (h * (h - 1) * truth + 2 * h * m * mixed + m * (m - 1) * alike + h + m) /
                ((h + m) * (h + m));
    return 1 - alike;
}

uint64_t ws_growing_items(const struct ws_growing *growing, uint64_t g)
{
    static const double most = 0x1p50;
    const double steps = (double)g;
    const double items = (double)growing->first * (1 + growing->linear * steps) *
                         pow(steps + 1, growing->power) * pow(growing->geometric, steps);
    return (uint64_t)llround(fmin(items, most));
}

struct ws_growing_moments ws_growing_moments(enum ws_gaussian_estimator e,
                                             const struct ws_growing *growing, uint64_t n)
{
    struct ws_growing_moments now = {.variance = 1, .deviation = 1};
    for (uint64_t g = 0; g < n; g++) {
        const uint64_t M = ws_growing_items(growing, g);
        now.mean_error += now.variance / (double)M;
        now.variance *= ws_theory_gaussian_variance(e, M, 1);
        now.deviation *= ws_theory_gaussian_deviation(e, M, 1);
        now.log_variance += ws_theory_gaussian_log_variance(e, M, 1);
        now.parts += 1 / (double)M;
    }
    return now;
}

double ws_growing_regression_risk(uint64_t d, const struct ws_growing *growing, uint64_t n)
{
    double risk = 0;
    for (uint64_t g = 0; g < n; g++)
        risk += ws_theory_regression_risk(d, ws_growing_items(growing, g));
    return risk;
}

/* Fourth moments. s'^2 = s^2 c with E[c] = k and E[c^2] = k^2 (M + 1) / (M - 1), and mu' = mu + s z
 * / sqrt(M), independently. E[s]^2 is c4^2 of E[s^2], whatever the estimator. */
struct ws_gaussian_spread ws_gaussian_replace_spread(enum ws_gaussian_estimator e,
                                                     const struct ws_growing *growing, uint64_t n)
{
    double mean_error = 0, variance = 1, deviation = 1;
    double mu4 = 0, mu2s2 = 0, s4 = 1;
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t M = ws_growing_items(growing, i);
        const double items = (double)M, c4 = ws_theory_c4(M);
        const double k = ws_theory_gaussian_variance(e, M, 1);
        mean_error += variance / items;
        mu4 += 6 * mu2s2 / items + 3 * s4 / (items * items);
        mu2s2 = k * (mu2s2 + s4 / items);
        s4 *= k * k * (items + 1) / (items - 1);
        variance *= k;
        deviation /= c4 * c4;
        /* Only ratios matter, and these numbers leave the range of doubles. */
        const double scale = 1 / fmax(mean_error, variance);
        mean_error *= scale, variance *= scale;
        mu4 *= scale * scale, mu2s2 *= scale * scale, s4 *= scale * scale;
    }
    return (struct ws_gaussian_spread){
        .variance = variance > 0 ? s4 / (variance * variance) - 1 : INFINITY,
        .deviation = deviation - 1,
        .mean_error = mu4 / (mean_error * mean_error) - 1,
    };
}

double ws_regression_risk_spread(uint64_t d, uint64_t M)
{
    const double inputs = (double)d, freedom = (double)M - inputs + 1;
    if (freedom <= 4)
        return INFINITY;
    return 2 * (inputs + freedom - 2) / (inputs * (freedom - 4));
}
