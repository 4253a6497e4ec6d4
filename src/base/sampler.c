/* Continuous distributions. */
#include "base/sampler.h"

#include <assert.h>
#include <math.h>

/* The normal density, without its factor, is covered by layers of equal area: layer i is the
 * rectangle of half-width edge[i] between height[i] and height[i + 1]. Layer 0 holds what lies
 * below height[1], tail included, and its edge is that of a rectangle of that area. */
enum { LAYERS = 256 };

static const struct {
    double edge;
    double height;
} ziggurat[LAYERS + 1] = {
#include "base/ziggurat.inc"
};

/* Beyond the last edge: Marsaglia, "Generating a variable from the tail of the normal
 * distribution", Technometrics 6 (1964). */
static double normal_tail(struct ws_rng *rng)
{
    double start = ziggurat[1].edge;
    for (;;) {
        double x = ws_sample_exponential(rng) / start;
        double y = ws_sample_exponential(rng);
        if (2 * y > x * x)
            return start + x;
    }
}

/* Whether a point of layer i >= 1 at |x| past the next edge, height uniform, is under the curve. */
static int under_curve(struct ws_rng *rng, uint32_t i, double x)
{
    double low = ziggurat[i].height;
    double y = low + ws_rng_uniform(rng) * (ziggurat[i + 1].height - low);
    return y < exp(-0.5 * x * x);
}

/* Marsaglia and Tsang, "The ziggurat method", J. Stat. Softw. 5 (2000). Eight low bits of a draw
 * choose the layer; the high 53, with sign, the place in it, independent of the layer. */
static inline double sample_normal(struct ws_rng *rng)
{
    for (;;) {
        uint64_t bits = ws_rng_u64(rng);
        uint32_t i = bits % LAYERS;
        double place = ((double)((int64_t)bits >> 11) + 0.5) * 0x1p-52; /* in (-1, 1) */
        double x = place * ziggurat[i].edge;
        if (fabs(x) < ziggurat[i + 1].edge)
            return x;
        if (i == 0)
            return copysign(normal_tail(rng), x);
        if (under_curve(rng, i, x))
            return x;
    }
}

double ws_sample_normal(struct ws_rng *rng)
{
    return sample_normal(rng);
}

void ws_sample_normals(struct ws_rng *rng, double *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = sample_normal(rng);
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
        double x = sample_normal(rng);
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
