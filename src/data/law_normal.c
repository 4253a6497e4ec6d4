/* Independent normals of mean 0 and one variance. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "data/law.h"

static uint32_t dimension_of(const struct ws_law_settings *settings)
{
    assert(settings->dimension >= 1 && settings->dimension <= UINT32_MAX);
    return (uint32_t)settings->dimension;
}

static enum ws_status open(struct ws_law *law, uint64_t seed, struct ws_arena *arena,
                           struct ws_error *err)
{
    (void)seed;
    (void)arena;
    (void)err;
    assert(law->settings->variance > 0);
    law->deviation = sqrt(law->settings->variance);
    law->gaussian = true;
    law->isotropic_variance = law->settings->variance;
    return WS_OK;
}

static void moments(const struct ws_law *law, double *mean, double *covariance)
{
    size_t d = law->dimension;
    memset(mean, 0, d * sizeof *mean);
    memset(covariance, 0, d * d * sizeof *covariance);
    for (size_t i = 0; i < d; i++)
        covariance[i * d + i] = law->settings->variance;
}

static double log_density(const struct ws_law *law, const double *vector)
{
    double variance = law->settings->variance, squares = 0;
    for (size_t i = 0; i < law->dimension; i++)
        squares += vector[i] * vector[i] / variance;
    return -(squares + law->dimension * log(2 * M_PI * variance)) / 2;
}

const struct ws_law_row ws_law_normal = {
    .name = "normal",
    .settings = {"dimension", "variance"},
    .dimension = dimension_of,
    .open = open,
    .moments = moments,
    .log_density = log_density,
};
