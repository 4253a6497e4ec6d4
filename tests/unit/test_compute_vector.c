/*
 * Contract of compute/cpu/vector/vector_ops.h: every instruction set that the processor has gives
 * the bytes of the baseline, and the functions are as accurate as they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "compute/cpu/vector/vector_ops.h"

enum { MOST = 200, SHAPES = 40, ACTIVATIONS = 4 };

/* ---- instruction sets ---- */

/* Numbers in, and what comes out, with room behind each row that must stay as it is. */
struct arrays {
    float in[6][MOST];
    float out[48][MOST];
    size_t used;
};

static void fill(struct arrays *a, struct ws_rng *rng)
{
    memset(a, 0, sizeof *a);
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < MOST; j++)
            a->in[i][j] = (float)(8 * ws_rng_uniform(rng) - 4);
}

static float *next(struct arrays *a)
{
    assert_true(a->used < 48);
    return a->out[a->used++];
}

static float *copy_of(struct arrays *a, size_t i)
{
    float *row = next(a);
    memcpy(row, a->in[i], sizeof a->in[i]);
    return row;
}

static void keep(struct arrays *a, double value)
{
    memcpy(next(a), &value, sizeof value);
}

static void run_rows(const struct ws_vector_ops *v, struct arrays *a, size_t count)
{
    double sums[2];
    keep(a, (double)v->row_max(a->in[0], count));
    keep(a, v->row_exp(next(a), a->in[0], 3, 0.7F, count));
    v->row_sums(sums, a->in[0], 4, count);
    keep(a, sums[0]);
    keep(a, sums[1]);
    keep(a, (double)v->softmax(copy_of(a, 0), 0.3F, count));
    v->scale(copy_of(a, 0), 0.1F, count);
    float *s = copy_of(a, 0);
    v->softmax_backward(s, copy_of(a, 1), NULL, 0.5F, 3, 0.2F, count);
    s = copy_of(a, 0);
    v->softmax_backward(s, copy_of(a, 1), a->in[2], 0.5F, 3, 0.2F, count);
    keep(a, v->sum_squares(a->in[0], count));
}

static void run_elements(const struct ws_vector_ops *v, struct arrays *a, size_t count)
{
    for (int kind = 0; kind < ACTIVATIONS; kind++) {
        enum ws_activation k = (enum ws_activation)kind;
        v->activation(next(a), a->in[0], k, count);
        v->activation_backward(next(a), a->in[1], a->in[0], k, count);
        v->gate(next(a), a->in[0], a->in[1], k, count);
        float *dgate = next(a);
        v->gate_backward(dgate, next(a), a->in[2], a->in[0], a->in[1], k, count);
    }
    v->add(next(a), a->in[0], a->in[1], count);
    v->multiply(next(a), a->in[0], a->in[1], count);
    keep(a, (double)v->dot(a->in[0], a->in[1], count));
    float *x = copy_of(a, 0);
    v->rotate(x, copy_of(a, 1), a->in[2], a->in[3], true, count);
    const struct ws_dropout_draws draws = {
        {0xFFFFFFF0U, 1, 2, (uint32_t)count}, {3, 4}, 1U << 31, 2};
    v->dropout_factors(next(a), &draws);
    const struct ws_adamw_step step = {1e-3F, 0.1F, 1e-8F, 0.5F, 0.9F, 0.95F, 0.1F, 0.05F, 3, 2};
    float *w = copy_of(a, 0), *first = copy_of(a, 1), *second = next(a);
    for (size_t i = 0; i < MOST; i++)
        second[i] = a->in[2][i] * a->in[2][i];
    v->adamw(w, first, second, a->in[3], &step, count);
}

static void run_norms(const struct ws_vector_ops *v, struct arrays *a, size_t count)
{
    for (int kind = 0; kind < 2; kind++) {
        const struct ws_norm_shape shape = {kind ? WS_NORM_RMS : WS_NORM_LAYER, 1, count, 1e-5F};
        const float *bias = kind ? NULL : a->in[3];
        float *y = next(a), *sum = next(a), *stats = next(a);
        v->norm(y, sum, stats, a->in[0], a->in[1], a->in[2], bias, &shape);
        v->norm(next(a), NULL, next(a), a->in[0], NULL, a->in[2], bias, &shape);
        float *dx = copy_of(a, 4), *dweight = copy_of(a, 5);
        v->norm_backward(dx, dweight, copy_of(a, 0), a->in[1], a->in[0], stats, a->in[2], &shape,
                         kind);
    }
    /* As many positions as the arrays hold of two key heads. */
    struct ws_attend attend = {.queries = a->in[1],
                               .keys = a->in[0],
                               .values = a->in[2],
                               .kv_heads = 2,
                               .group = 2,
                               .size = count % 9 + 1,
                               .scale = 0.4F};
    attend.stride = 2 * attend.size;
    attend.positions = MOST / (4 * attend.size);
    float *y = next(a), *p = next(a);
    v->attend(y, p, &attend);
}

static void compare_sets(const struct ws_vector_ops *other,
                         void (*run)(const struct ws_vector_ops *v, struct arrays *a, size_t count))
{
    static struct arrays baseline, found;
    const struct ws_rng_key key = {{31, 32}, 33};
    struct ws_rng rng;
    ws_rng_init(&rng, key, 0);
    for (size_t count = 1; count <= SHAPES; count++) {
        fill(&baseline, &rng);
        found = baseline;
        run(&ws_vector_ops_baseline, &baseline, count);
        run(other, &found, count);
        assert_int_equal(baseline.used, found.used);
        for (size_t i = 0; i < baseline.used; i++)
            assert_memory_equal(baseline.out[i], found.out[i], sizeof baseline.out[i]);
    }
}

static void compare_with_baseline(const struct ws_vector_ops *other)
{
    compare_sets(other, run_rows);
    compare_sets(other, run_elements);
    compare_sets(other, run_norms);
}

static void instruction_sets__give_the_same_bytes(void **state)
{
    (void)state;
    compare_with_baseline(ws_vector_pick());
#ifdef WS_VECTOR_X86
    if (__builtin_cpu_supports("avx2"))
        compare_with_baseline(&ws_vector_ops_avx2);
#endif
}

static void check_transposes(const struct ws_vector_ops *v)
{
    enum { SIDE = 35, STRIDE = SIDE + 2 };
    static float in[SIDE * STRIDE], out[SIDE * STRIDE];
    for (size_t i = 0; i < SIDE * STRIDE; i++)
        in[i] = (float)i + 1;
    for (size_t rows = 1; rows <= SIDE; rows++)
        for (size_t columns = 1; columns <= SIDE; columns++) {
            memset(out, 0, sizeof out);
            v->transpose(out, STRIDE, in, STRIDE, rows, columns);
            for (size_t i = 0; i < SIDE; i++)
                for (size_t j = 0; j < STRIDE; j++) {
                    bool inside = i < columns && j < rows;
                    float wanted = inside ? in[j * STRIDE + i] : 0;
                    assert_true(out[i * STRIDE + j] == wanted);
                }
        }
}

/* All of it for every set against the plain sums, which a float adds up in the same order. */
static void check_small_products(const struct ws_vector_ops *v)
{
    enum { STRIDE = 131, ROWS = 9, DEPTH = 7 };
    static float a[ROWS * STRIDE], b[DEPTH * STRIDE], c[ROWS * STRIDE], wanted[ROWS * STRIDE];
    const struct ws_rng_key key = {{37, 38}, 39};
    struct ws_rng rng;
    ws_rng_init(&rng, key, 0);
    for (size_t i = 0; i < ROWS * STRIDE; i++)
        a[i] = (float)ws_rng_uniform(&rng) - 0.5F;
    for (size_t i = 0; i < DEPTH * STRIDE; i++)
        b[i] = (float)ws_rng_uniform(&rng) - 0.5F;
    for (size_t shape = 0; shape < 2 * 130 * 2 * ROWS; shape++) {
        bool add = shape % 2 == 1, turned = shape / 2 % 2 == 1;
        struct ws_small_product p = {.c = c,
                                     .a = a,
                                     .b = b,
                                     .c_stride = STRIDE,
                                     .a_row = turned ? 1 : STRIDE,
                                     .a_step = turned ? STRIDE : 1,
                                     .b_stride = STRIDE,
                                     .rows = shape / 4 % ROWS + 1,
                                     .columns = shape / 4 / ROWS + 1,
                                     .depth = shape % (DEPTH + 1),
                                     .add = add};
        for (size_t i = 0; i < ROWS * STRIDE; i++)
            c[i] = wanted[i] = (float)i;
        for (size_t i = 0; i < p.rows; i++)
            for (size_t j = 0; j < p.columns; j++) {
                float sum = add ? wanted[i * STRIDE + j] : 0;
                for (size_t k = 0; k < p.depth; k++)
                    sum += a[i * p.a_row + k * p.a_step] * b[k * STRIDE + j];
                wanted[i * STRIDE + j] = sum;
            }
        v->small_product(&p);
        assert_memory_equal(c, wanted, sizeof c);
    }
}

static void small_product__is_the_sum_in_order(void **state)
{
    (void)state;
    check_small_products(&ws_vector_ops_baseline);
    check_small_products(ws_vector_pick());
#ifdef WS_VECTOR_X86
    if (__builtin_cpu_supports("avx2"))
        check_small_products(&ws_vector_ops_avx2);
#endif
}

static void transpose__moves_each_number_and_no_other(void **state)
{
    (void)state;
    check_transposes(&ws_vector_ops_baseline);
    check_transposes(ws_vector_pick());
#ifdef WS_VECTOR_X86
    if (__builtin_cpu_supports("avx2"))
        check_transposes(&ws_vector_ops_avx2);
#endif
}

static void rows__leave_what_is_behind_them(void **state)
{
    (void)state;
    static struct arrays a;
    const struct ws_rng_key key = {{34, 35}, 36};
    struct ws_rng rng;
    ws_rng_init(&rng, key, 0);
    fill(&a, &rng);
    const struct ws_vector_ops *v = ws_vector_pick();
    for (size_t count = 1; count < SHAPES; count++) {
        float *x = copy_of(&a, 0);
        a.used = 0;
        v->activation(x, x, WS_ACTIVATION_SILU, count);
        v->multiply(x, x, a.in[1], count);
        (void)v->softmax(x, 1, count);
        assert_memory_equal(x + count, a.in[0] + count, (MOST - count) * sizeof *x);
    }
}

/* ---- accuracy ---- */

/* Distance from `exact` in units of the last place of floats of its size. */
static double ulps(float found, double exact)
{
    int exponent;
    (void)frexp(exact, &exponent);
    return fabs((double)found - exact) / ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
}

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Every 251st float; the sum is not looked at. */
static void exp__is_within_an_ulp_on_all_floats(void **state)
{
    (void)state;
    enum { STEP = 251, ROW = 4096 };
    static float x[ROW], y[ROW];
    double worst = 0;
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += (uint64_t)STEP * ROW) {
        for (uint64_t i = 0; i < ROW; i++)
            x[i] = from_bits((uint32_t)(bits + i * STEP));
        (void)ws_row_exp(y, x, 0, 1, ROW);
        for (size_t i = 0; i < ROW; i++) {
            double exact = exp((double)x[i]);
            if (isnan(x[i]))
                assert_true(isnan(y[i]));
            else if (isinf((float)exact))
                assert_true(isinf(y[i]) && y[i] > 0);
            else
                worst = fmax(worst, ulps(y[i], exact));
        }
    }
    assert_true(worst < 1.1);
}

static double exact_value(enum ws_activation kind, double x)
{
    const double u = 0.79788456080286535588 * (x + 0.044715 * x * x * x);
    switch (kind) {
    case WS_ACTIVATION_RELU:
        return fmax(x, 0);
    case WS_ACTIVATION_GELU:
        return 0.5 * x * erfc(-x * M_SQRT1_2);
    case WS_ACTIVATION_GELU_TANH:
        return x / (1 + exp(-2 * u));
    case WS_ACTIVATION_SILU:
        return x / (1 + exp(-x));
    }
    return NAN;
}

/* Relative to the value: the tails to the left, where values vanish, included. What is lost is
 * the rounding of the exponent, which is at most about 90 there. */
static void activations__are_accurate_in_both_tails(void **state)
{
    (void)state;
    enum { COUNT = 4001 };
    static float x[COUNT], y[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        x[i] = (float)(-10 + 20.0 * (double)i / (COUNT - 1));
    for (int kind = 0; kind < ACTIVATIONS; kind++) {
        ws_vector_pick()->activation(y, x, (enum ws_activation)kind, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            double exact = exact_value((enum ws_activation)kind, (double)x[i]);
            assert_true(fabs((double)y[i] - exact) <= 2e-5 * fabs(exact) + 1e-37);
            if (x[i] > -2)
                assert_true(fabs((double)y[i] - exact) <= 1e-6 * fabs(exact));
        }
    }
}

static void row_exp__sums_what_it_wrote(void **state)
{
    (void)state;
    enum { COUNT = 50257 };
    static float x[COUNT], y[COUNT];
    const struct ws_rng_key key = {{37, 38}, 39};
    struct ws_rng rng;
    ws_rng_init(&rng, key, 0);
    for (size_t i = 0; i < COUNT; i++)
        x[i] = (float)(30 * ws_rng_uniform(&rng) - 15);
    float max = ws_row_max(x, COUNT);
    double found = ws_row_exp(y, x, max, 1.25F, COUNT), sum = 0;
    for (size_t i = 0; i < COUNT; i++) {
        sum += (double)y[i];
        assert_true(x[i] <= max && y[i] <= 1);
    }
    assert_true(fabs(found - sum) < 1e-12 * sum);
    assert_true(ws_row_max(x, 1) == x[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instruction_sets__give_the_same_bytes),
        cmocka_unit_test(small_product__is_the_sum_in_order),
        cmocka_unit_test(transpose__moves_each_number_and_no_other),
        cmocka_unit_test(rows__leave_what_is_behind_them),
        cmocka_unit_test(exp__is_within_an_ulp_on_all_floats),
        cmocka_unit_test(activations__are_accurate_in_both_tails),
        cmocka_unit_test(row_exp__sums_what_it_wrote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
