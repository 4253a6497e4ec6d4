/*
 * Curves with normal noise, as scikit-learn's make_moons, make_circles and make_swiss_roll have
 * them. What is known of the truth are the moments: integrals over the curves, by hand.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "data/law.h"

static uint32_t two(const struct ws_law_settings *settings)
{
    (void)settings;
    return 2;
}

static enum ws_status open_noisy(struct ws_law *law, uint64_t seed, struct ws_arena *arena,
                                 struct ws_error *err)
{
    (void)seed;
    (void)arena;
    (void)err;
    law->deviation = law->settings->noise;
    return WS_OK;
}

/* ---- Two curves, half of the items on each ---- */

/* The first uniform says which curve, the second where on it. */
static bool is_on_first(const double *uniforms)
{
    return uniforms[0] < 0.5;
}

/* The item's number on its curve, and how many it has: the first has half of them, rounded down. */
static void spread_on_two(uint64_t rank, uint64_t count, double *uniforms, double *number,
                          double *of)
{
    uint64_t first = count / 2;
    bool on_first = rank < first;
    uniforms[0] = on_first ? 0.25 : 0.75;
    *number = (double)(on_first ? rank : rank - first);
    *of = (double)(on_first ? first : count - first);
}

static void make_moons(const struct ws_law *law, const double *uniforms, size_t count,
                       double *values)
{
    (void)law;
    for (size_t i = 0; i < count; i++) {
        const double *u = uniforms + 2 * i;
        double angle = M_PI * u[1];
        double x = cos(angle), y = sin(angle);
        values[2 * i] += is_on_first(u) ? x : 1 - x;
        values[2 * i + 1] += is_on_first(u) ? y : 0.5 - y;
    }
}

/* Both ends of a moon have an item. */
static void spread_moons(uint64_t rank, uint64_t count, const struct ws_law *law, double *uniforms)
{
    (void)law;
    double number, of;
    spread_on_two(rank, count, uniforms, &number, &of);
    uniforms[1] = of > 1 ? number / (of - 1) : 0;
}

static void moon_moments(const struct ws_law *law, double *mean, double *covariance)
{
    double variance = law->deviation * law->deviation;
    mean[0] = 0.5;
    mean[1] = 0.25;
    covariance[0] = 0.75 + variance;
    covariance[1] = covariance[2] = 0.125 - 1 / M_PI;
    covariance[3] = 0.5625 - 1 / M_PI + variance;
}

const struct ws_law_row ws_law_moons = {
    .name = "moons",
    .settings = {"noise", "layout"},
    .uniforms = 2,
    .dimension = two,
    .open = open_noisy,
    .make = make_moons,
    .spread = spread_moons,
    .moments = moon_moments,
};

static enum ws_status open_circles(struct ws_law *law, uint64_t seed, struct ws_arena *arena,
                                   struct ws_error *err)
{
    double factor = law->settings->factor, noise = law->settings->noise;
    law->isotropic_variance = (1 + factor * factor) / 4 + noise * noise;
    return open_noisy(law, seed, arena, err);
}

static void make_circles(const struct ws_law *law, const double *uniforms, size_t count,
                         double *values)
{
    for (size_t i = 0; i < count; i++) {
        const double *u = uniforms + 2 * i;
        double angle = 2 * M_PI * u[1];
        double radius = is_on_first(u) ? 1 : law->settings->factor;
        values[2 * i] += radius * cos(angle);
        values[2 * i + 1] += radius * sin(angle);
    }
}

static void spread_circles(uint64_t rank, uint64_t count, const struct ws_law *law,
                           double *uniforms)
{
    (void)law;
    double number, of;
    spread_on_two(rank, count, uniforms, &number, &of);
    uniforms[1] = number / of;
}

static void circle_moments(const struct ws_law *law, double *mean, double *covariance)
{
    mean[0] = mean[1] = 0;
    covariance[0] = covariance[3] = law->isotropic_variance;
    covariance[1] = covariance[2] = 0;
}

const struct ws_law_row ws_law_circles = {
    .name = "circles",
    .settings = {"noise", "layout", "factor"},
    .uniforms = 2,
    .dimension = two,
    .open = open_circles,
    .make = make_circles,
    .spread = spread_circles,
    .moments = circle_moments,
};

/* ---- The Swiss roll: (t cos t, height, t sin t), or without its height ---- */

#define ROLL_FIRST  (1.5 * M_PI) /* t is uniform from here ... */
#define ROLL_LAST   (4.5 * M_PI) /* ... to there */
#define ROLL_HEIGHT 21.0

static enum ws_status check_roll(const struct ws_law_settings *settings, const char **at_fault,
                                 struct ws_error *err)
{
    *at_fault = "dimension";
    if (settings->dimension == 2 || settings->dimension == 3)
        return WS_OK;
    return ws_fail(err, WS_INVALID,
                   "'dimension' is '%" PRIu64 "', wanted 3, or 2 for a roll without its height",
                   settings->dimension);
}

static uint32_t roll_dimension(const struct ws_law_settings *settings)
{
    return (uint32_t)settings->dimension;
}

static void make_roll(const struct ws_law *law, const double *uniforms, size_t count,
                      double *values)
{
    size_t d = law->dimension;
    for (size_t i = 0; i < count; i++) {
        const double *u = uniforms + 2 * i;
        double t = ROLL_FIRST + (ROLL_LAST - ROLL_FIRST) * u[0];
        double *item = values + i * d;
        item[0] += t * cos(t);
        item[d - 1] += t * sin(t);
        if (d == 3)
            item[1] += ROLL_HEIGHT * u[1];
    }
}

static void roll_moments(const struct ws_law *law, double *mean, double *covariance)
{
    const double a = ROLL_FIRST, b = ROLL_LAST;
    double variance = law->deviation * law->deviation;
    double square = (b * b * b - a * a * a) / (6 * (b - a));
    size_t d = law->dimension, z = d - 1;
    for (size_t i = 0; i < d * d; i++)
        covariance[i] = 0;
    mean[0] = 2;
    mean[z] = 2 / (3 * M_PI);
    covariance[0] = square - 0.25 - mean[0] * mean[0] + variance;
    covariance[z * d + z] = square + 0.25 - mean[z] * mean[z] + variance;
    covariance[z] = covariance[z * d] = (a + b) / 4 - mean[0] * mean[z];
    if (d == 3) {
        mean[1] = ROLL_HEIGHT / 2;
        covariance[4] = ROLL_HEIGHT * ROLL_HEIGHT / 12 + variance;
    }
}

const struct ws_law_row ws_law_swiss_roll = {
    .name = "swiss-roll",
    .settings = {"dimension", "noise"},
    .defaults = {{"dimension", "3"}},
    .uniforms = 2,
    .check = check_roll,
    .dimension = roll_dimension,
    .open = open_noisy,
    .make = make_roll,
    .moments = roll_moments,
};
