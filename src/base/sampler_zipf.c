/*
 * Zipf's distribution over any number of ranks, without a table.
 *
 * Hormann and Derflinger, "Rejection-inversion to generate variates from monotone discrete
 * distributions", ACM TOMACS 6 (1996). With h(x) = (first / (first + x))^exponent and H its
 * integral from 0: a point u of (H(1/2) - h(0), H(most + 1/2)] falls on the rank k next to H^-1(u)
 * and is kept when it is in the last h(k) of that rank's interval. h is convex, so the interval is
 * at least as long; no more than a few in a hundred points are not kept.
 */
#include <assert.h>
#include <math.h>

#include "base/sampler.h"

/* (e^x - 1) / x and log(1 + x) / x, which are 1 at 0. */
static double exp_quotient(double x)
{
    return x == 0 ? 1 : expm1(x) / x;
}

static double log_quotient(double x)
{
    return x == 0 ? 1 : log1p(x) / x;
}

static double density(const struct ws_zipf *zipf, double x)
{
    return exp(-zipf->exponent * log1p(x / zipf->first));
}

double ws_zipf_mass(const struct ws_zipf *zipf, double x)
{
    double t = log1p(x / zipf->first);
    return zipf->first * t * exp_quotient((1 - zipf->exponent) * t);
}

static double inverse_mass(const struct ws_zipf *zipf, double u)
{
    double y = u / zipf->first;
    return zipf->first * expm1(y * log_quotient((1 - zipf->exponent) * y));
}

void ws_zipf_init(struct ws_zipf *zipf, uint32_t types, double exponent, double first)
{
    assert(types > 0 && exponent >= 0 && first > 0);
    *zipf = (struct ws_zipf){.types = types, .exponent = exponent, .first = first};
    zipf->low = ws_zipf_mass(zipf, 0.5) - 1;
    zipf->high = ws_zipf_mass(zipf, types - 0.5);
    zipf->sure = 1 - inverse_mass(zipf, ws_zipf_mass(zipf, 1.5) - density(zipf, 1));
}

uint32_t ws_sample_zipf(const struct ws_zipf *zipf, struct ws_rng *rng)
{
    for (;;) {
        double u = zipf->high + ws_rng_uniform(rng) * (zipf->low - zipf->high);
        double x = inverse_mass(zipf, u);
        double k = fmin(fmax(floor(x + 0.5), 0), zipf->types - 1.0);
        if (k - x <= zipf->sure || u >= ws_zipf_mass(zipf, k + 0.5) - density(zipf, k))
            return (uint32_t)k;
    }
}
