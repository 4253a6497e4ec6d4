/*
 * The loops of models/density_ops.h: on every instruction set the same bytes, and near plain
 * formulas in long double.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/sampler.h"
#include "models/density_ops.h"

enum { MOST_COMPONENTS = 9 };

/* A block and a mixture of a shape. */
struct stand {
    struct ws_arena arena;
    uint32_t dimension, components, count;
    struct ws_packed_block block;
    struct ws_mixture mixture;
    double *room, *r;
};

static double *normals(struct stand *stand, size_t count, double deviation, uint64_t item)
{
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{5, 6}, 7}, item);
    double *x = WS_ARENA_NEW(&stand->arena, double, count + 1);
    assert_non_null(x);
    ws_sample_normals(&rng, 0.25, deviation, x, count);
    return x;
}

static void stand_init(struct stand *stand, uint32_t dimension, uint32_t components, uint32_t count)
{
    *stand = (struct stand){.dimension = dimension, .components = components, .count = count};
    ws_arena_init(&stand->arena, NULL);
    uint32_t width = (count + WS_PACKED_LANES - 1) / WS_PACKED_LANES * WS_PACKED_LANES;
    size_t d = dimension, triangle = d * (d + 1) / 2;
    double *x = normals(stand, d * width, 1, 1);
    for (size_t a = 0; a < d; a++)
        for (uint32_t i = count; i < width; i++)
            x[a * width + i] = x[a * width + count - 1];
    stand->block = (struct ws_packed_block){x, count, width, 0, 1.5};
    stand->mixture =
        (struct ws_mixture){components, dimension, normals(stand, components, 2, 2),
                            normals(stand, components * d, 1, 3),
                            normals(stand, components * triangle, 1 / sqrt((double)d), 4)};
    stand->room = WS_ARENA_NEW(&stand->arena, double, ws_density_room(dimension, width));
    stand->r = WS_ARENA_NEW(&stand->arena, double, (size_t)components *width);
    assert_true(stand->room && stand->r);
}

static double x_of(const struct stand *stand, size_t a, size_t i)
{
    return stand->block.x[a * stand->block.width + i];
}

static void for_each_shape(void (*test)(struct stand *stand))
{
    static const uint32_t dimensions[] = {1, 2, 3, 4, 5, 6, 7, 10, 33};
    static const uint32_t counts[] = {1, 8, 31, 32, 33, 200, 256};
    for (size_t s = 0; s < sizeof dimensions / sizeof *dimensions; s++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
            for (uint32_t components = 1; components <= MOST_COMPONENTS; components += 4) {
                struct stand stand;
                stand_init(&stand, dimensions[s], components, counts[c]);
                test(&stand);
                ws_arena_release(&stand.arena);
            }
}

static void assert_near(double seen, long double wanted, long double scale)
{
    assert_true(fabsl((long double)seen - wanted) <= 1e-13L * scale);
}

/* Runs `test` with each instruction set and compares the bytes that it leaves in `out`. */
static void same_on_all(struct stand *stand, size_t size,
                        void (*test)(struct stand *stand, const struct ws_density_ops *ops,
                                     double *out))
{
    const struct ws_density_ops *all[WS_DENSITY_SETS];
    size_t count = ws_density_list(all);
    double *first = WS_ARENA_ZNEW(&stand->arena, double, size);
    double *other = WS_ARENA_ZNEW(&stand->arena, double, size);
    assert_true(first && other && count >= 1);
    test(stand, all[0], first);
    for (size_t s = 1; s < count; s++) {
        memset(other, 0, size * sizeof *other);
        test(stand, all[s], other);
        assert_memory_equal(other, first, size * sizeof *first);
    }
    assert_ptr_equal(ws_density_pick(), all[count - 1]);
}

/* ---- shares ---- */

static long double log_density_of(const struct stand *stand, size_t k, size_t i)
{
    const struct ws_mixture *m = &stand->mixture;
    size_t d = stand->dimension;
    const double *inverse = m->inverse + k * (d * (d + 1) / 2);
    long double square = 0;
    for (size_t a = 0; a < d; a++) {
        long double y = 0;
        for (size_t b = 0; b <= a; b++)
            y += (long double)*inverse++ * ((long double)x_of(stand, b, i) - m->mean[k * d + b]);
        square += y * y;
    }
    return m->constant[k] - square;
}

static void share(struct stand *stand, const struct ws_density_ops *ops, double *out)
{
    size_t width = stand->block.width, size = stand->components * width;
    double sum = ops->responsibilities(&stand->mixture, &stand->block, stand->room, out);
    out[size] = sum;
    long double expected = 0;
    for (size_t i = 0; i < stand->count; i++) {
        long double all = 0;
        for (size_t k = 0; k < stand->components; k++)
            all += expl(log_density_of(stand, k, i));
        expected += logl(all);
        for (size_t k = 0; k < stand->components; k++)
            assert_near(out[k * width + i], expl(log_density_of(stand, k, i)) / all, 100);
    }
    assert_near(sum, expected, 1000 + fabsl(expected));
    for (size_t k = 0; k < stand->components; k++)
        for (size_t i = stand->count; i < width; i++)
            assert_true(out[k * width + i] == 0);
}

static void check_shares(struct stand *stand)
{
    same_on_all(stand, (size_t)stand->components * stand->block.width + 1, share);
}

static void density_ops__share_items_among_components(void **state)
{
    (void)state;
    for_each_shape(check_shares);
}

/* ---- moments ---- */

static void take_moments(struct stand *stand, const struct ws_density_ops *ops, double *out)
{
    size_t d = stand->dimension, width = stand->block.width;
    (void)ops->responsibilities(&stand->mixture, &stand->block, stand->room, stand->r);
    out[0] = 3; /* what is there is added to */
    ops->moments(&stand->block, stand->dimension, stand->r, stand->mixture.mean, stand->room, out);
    long double total = 0;
    for (size_t i = 0; i < width; i++)
        total += stand->r[i];
    assert_near(out[0], 3 + 1.5L * total, 3 + 2 * total);
    const double *first = out + 1, *second = out + 1 + d;
    for (size_t a = 0; a < d; a++) {
        long double sum = 0, size = 1;
        for (size_t i = 0; i < width; i++) {
            long double z = (long double)x_of(stand, a, i) - stand->mixture.mean[a];
            sum += stand->r[i] * z;
            size += fabsl(z);
        }
        assert_near(first[a], 1.5L * sum, size);
        for (size_t b = 0; b <= a; b++) {
            long double squares = 0;
            for (size_t i = 0; i < width; i++)
                squares += stand->r[i] * ((long double)x_of(stand, a, i) - stand->mixture.mean[a]) *
                           ((long double)x_of(stand, b, i) - stand->mixture.mean[b]);
            assert_near(*second++, 1.5L * squares, 10 * size);
        }
    }
}

static void check_moments(struct stand *stand)
{
    same_on_all(stand, ws_moment_count(stand->dimension), take_moments);
}

static void density_ops__take_moments(void **state)
{
    (void)state;
    for_each_shape(check_moments);
}

/* ---- the nearest centre ---- */

static void cluster(struct stand *stand, const struct ws_density_ops *ops, double *out)
{
    size_t d = stand->dimension, width = stand->block.width;
    double *distance = out, *nearest = out + width, *sums = out + 2 * width;
    for (size_t i = 0; i < width; i++) {
        distance[i] = i < stand->count ? INFINITY : -1;
        nearest[i] = i < stand->count ? 0 : -1;
    }
    for (size_t k = 0; k < stand->components; k++)
        ops->approach(&stand->block, stand->dimension, stand->mixture.mean + k * d, (double)k,
                      distance, nearest);
    long double own[MOST_COMPONENTS][34] = {0};
    for (size_t i = 0; i < stand->count; i++) {
        double least = INFINITY;
        size_t best = 0;
        for (size_t k = 0; k < stand->components; k++) {
            double square = 0;
            for (size_t a = 0; a < d; a++) {
                double z = x_of(stand, a, i) - stand->mixture.mean[k * d + a];
                square += z * z;
            }
            best = square < least ? k : best;
            least = fmin(least, square);
        }
        assert_true(distance[i] == least && nearest[i] == (double)best);
        own[best][0] += 1.5L;
        for (size_t a = 0; a < d; a++)
            own[best][1 + a] += 1.5L * x_of(stand, a, i);
    }
    for (size_t k = 0; k < stand->components; k++) {
        ops->gather(&stand->block, stand->dimension, nearest, (double)k, sums + k * (1 + d));
        for (size_t a = 0; a <= d; a++)
            assert_near(sums[k * (1 + d) + a], own[k][a], 1000);
    }
}

static void check_clusters(struct stand *stand)
{
    same_on_all(stand,
                2 * (size_t)stand->block.width +
                    (size_t)stand->components * (1 + (size_t)stand->dimension),
                cluster);
}

static void density_ops__find_the_nearest_centre(void **state)
{
    (void)state;
    for_each_shape(check_clusters);
}

/* ---- kernels ---- */

static void sum_kernels(struct stand *stand, const struct ws_density_ops *ops, double *out)
{
    size_t width = stand->block.width;
    const double scale = 0.5 / (0.3 * 0.3);
    struct ws_packed_block heavier = stand->block;
    heavier.weight = 0.25;
    double *least = out, *sum = out + width;
    for (size_t i = 0; i < width; i++)
        least[i] = INFINITY;
    ops->kernels(&stand->block, &stand->block, stand->dimension, scale, least, sum);
    ops->kernels(&heavier, &stand->block, stand->dimension, scale, least, sum);
    for (size_t i = 0; i < stand->count; i++) {
        long double expected = 0;
        for (size_t j = 0; j < stand->count; j++) {
            long double square = 0;
            for (size_t a = 0; a < stand->dimension; a++) {
                long double z = (long double)x_of(stand, a, i) - x_of(stand, a, j);
                square += z * z;
            }
            expected += 1.75L * expl(-scale * square);
        }
        assert_near(sum[i] * exp(-least[i]), expected, 10 * expected);
    }
}

static void check_kernels(struct stand *stand)
{
    same_on_all(stand, 2 * (size_t)stand->block.width, sum_kernels);
}

static void density_ops__sum_kernels(void **state)
{
    (void)state;
    for_each_shape(check_kernels);
}

/* Where every kernel underflows the nearest still counts; where squares overflow nothing is no
 * number. */
static void density_ops__go_far_out(void **state)
{
    (void)state;
    static const double at[] = {0, 30, 1e5, 1e200, -1e308};
    const struct ws_density_ops *all[WS_DENSITY_SETS];
    size_t sets = ws_density_list(all);
    for (size_t s = 0; s < sets; s++) {
        struct stand stand;
        stand_init(&stand, 3, 2, 200);
        double *x = WS_ARENA_NEW(&stand.arena, double, 3 * 32);
        assert_non_null(x);
        for (size_t i = 0; i < 3 * 32; i++)
            x[i] = at[i % 32 < 5 ? i % 32 : 4];
        struct ws_packed_block far = {x, 5, 32, 0, 1};
        double least[32], sum[32] = {0};
        for (size_t i = 0; i < 32; i++)
            least[i] = INFINITY;
        all[s]->kernels(&stand.block, &far, 3, 1, least, sum);
        double r[2 * 32];
        double *room = WS_ARENA_NEW(&stand.arena, double, ws_density_room(3, 32));
        assert_non_null(room);
        double total = all[s]->responsibilities(&stand.mixture, &far, room, r);
        assert_true(total < -1e299 && isfinite(total));
        for (size_t i = 0; i < 5; i++) {
            assert_true(isfinite(least[i]) && sum[i] >= 1);
            assert_true(least[i] >= (i < 3 ? 0 : WS_DISTANCE_MOST));
            assert_true(fabs(r[i] + r[32 + i] - 1) < 1e-12);
        }
        assert_true(least[2] > 1e10 && least[2] < 1e11);
        ws_arena_release(&stand.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(density_ops__share_items_among_components),
        cmocka_unit_test(density_ops__take_moments),
        cmocka_unit_test(density_ops__find_the_nearest_centre),
        cmocka_unit_test(density_ops__sum_kernels),
        cmocka_unit_test(density_ops__go_far_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
