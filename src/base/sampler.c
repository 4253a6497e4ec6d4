/* Continuous distributions. */
#include "base/sampler.h"

#include <assert.h>
#include <math.h>

#include "base/draw.h"

void ws_sample_normals(struct ws_rng *rng, double mean, double deviation, double *out, size_t count)
{
    const struct ws_draw_place from = {rng->key, rng->item,
                                       ws_rng_take_blocks(rng, count / 2 + count % 2)};
    ws_draw_pick()->normals(&from, mean, deviation, out, count);
}

/* Inversion. */
double ws_sample_exponential(struct ws_rng *rng)
{
    return -log(ws_rng_uniform_open(rng));
}

/* Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000);
 * `shape` >= 1. */
static double gamma_of_large_shape(struct ws_rng *rng, double shape)
{
    double d = shape - 1.0 / 3;
    double c = 1 / sqrt(9 * d);
    for (;;) {
        double x;
        ws_sample_normals(rng, 0, 1, &x, 1);
        double root = 1 + c * x;
        if (root <= 0)
            continue;
        double v = root * root * root;
        double u = ws_rng_uniform_open(rng);
        double x2 = x * x;
        if (u < 1 - 0.0331 * x2 * x2 || log(u) < 0.5 * x2 + d * (1 - v + log(v)))
            return d * v;
    }
}

/* A gamma of shape + 1 times U^(1/shape) is one of `shape`; U = exp(-E) keeps small powers exact.
 */
double ws_sample_gamma(struct ws_rng *rng, double shape)
{
    assert(shape > 0 && isfinite(shape));
    if (shape >= 1)
        return gamma_of_large_shape(rng, shape);
    double value = gamma_of_large_shape(rng, shape + 1);
    return value * exp(-ws_sample_exponential(rng) / shape);
}
