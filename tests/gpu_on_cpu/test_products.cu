/*
 * Contract of matrix products (compute/cuda/cuda_device.h): our own kernels and the matrix library,
 * each against sums in double, for every way that operands can lie, types, bias, adding, pieces of
 * k, and rows that begin anywhere. C++ for the GPU on the CPU, where there is no library; CUDA for
 * a real GPU.
 *
 *   test_products [WORDS]     only the tests with these words, with * for any
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include <cmocka.h>
}
#include <math.h>
#include <string.h>

#include "compute/cuda/cuda_matrix.h"

extern "C" ws_cuda_module_open_fn ws_cuda_module_open;

/* Host numbers --------------------------------------------------------------------------------- */

static float bits_as_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t float_as_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static uint16_t narrow(float x)
{
    uint32_t bits = float_as_bits(x);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* An array of either type, on both sides. */
struct numbers {
    enum ws_cuda_type type;
    size_t count, size; /* size: in bytes */
    unsigned char *host;
    void *device;
};

static float number_at(const struct numbers *numbers, size_t i)
{
    if (numbers->type == WS_CUDA_F32)
        return ((const float *)numbers->host)[i];
    return bits_as_float((uint32_t)((const uint16_t *)numbers->host)[i] << 16);
}

static void set_number(struct numbers *numbers, size_t i, float x)
{
    if (numbers->type == WS_CUDA_F32)
        ((float *)numbers->host)[i] = x;
    else
        ((uint16_t *)numbers->host)[i] = narrow(x);
}

/* In [-0.9, 1.1): sums have a mean, so that they grow. */
static float draw(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (float)(*state >> 40) / (float)(1 << 23) - 0.9F;
}

/* Cases ---------------------------------------------------------------------------------------- */

struct shape {
    size_t m, n, k;
    size_t before; /* how many numbers from where they could begin arrays do */
    size_t beside; /* how many columns are others' */
};

static const struct shape SHAPES[] = {
    {1, 1, 1, 0, 0},      {5, 9, 7, 0, 0},     {64, 64, 64, 0, 0},
    {33, 48, 129, 8, 8},  {66, 130, 40, 1, 3}, {3, 200, 88, 0, 1},
    {200, 3, 88, 0, 5},   {9, 7, 3001, 4, 4}, /* in pieces of k */
    {16, 72, 1200, 0, 8},
};
/* For larger tiles than those above, and for long sums. */
static const struct {
    enum ws_precision precision;
    struct shape shape;
} LARGE_SHAPES[] = {
    {WS_PRECISION_F32, {1041, 2090, 24, 0, 6}},  {WS_PRECISION_F32, {8, 8430, 2080, 0, 2}},
    {WS_PRECISION_TF32, {1041, 2090, 24, 0, 6}}, {WS_PRECISION_BF16, {1041, 2090, 24, 0, 6}},
    {WS_PRECISION_BF16, {2800, 1530, 65, 0, 6}},
};
enum {
    SHAPES_COUNT = sizeof SHAPES / sizeof *SHAPES,
    LARGE_COUNT = sizeof LARGE_SHAPES / sizeof *LARGE_SHAPES,
};

/* What the bits of a case's number mean. */
enum { A_TRANSPOSED = 1, B_TRANSPOSED = 2, BIASED = 4, ADDED = 8, NARROW_RESULT = 16, FLAGS = 32 };

struct product_case {
    struct ws_cuda *cuda;
    struct shape shape;
    unsigned flags;
    uint64_t draws;
    struct numbers a, b, c, bias;
    struct ws_cuda_product product;
};

static void make_numbers(struct product_case *p, struct numbers *out, enum ws_cuda_type type,
                         size_t rows, size_t columns, bool others)
{
    size_t stride = columns + p->shape.beside, before = p->shape.before;
    size_t each = type == WS_CUDA_BF16 ? sizeof(uint16_t) : sizeof(float);
    out->type = type;
    out->count = before + (rows - 1) * stride + columns;
    out->size = out->count * each;
    out->host = (unsigned char *)ws_realloc(NULL, NULL, 0, out->size);
    assert_non_null(out->host);
    for (size_t i = 0; i < out->count; i++) {
        bool ours = i >= before && (i - before) % stride < columns;
        set_number(out, i, ours || others ? draw(&p->draws) : NAN);
    }
    out->device = ws_cuda_alloc(&p->cuda->device, out->size);
    ws_cuda_write(&p->cuda->device, out->device, out->host, out->size);
}

static void give_back(struct product_case *p, struct numbers *numbers)
{
    ws_cuda_release(&p->cuda->device, numbers->device, numbers->size);
    ws_free(NULL, numbers->host, numbers->size);
}

static void *begin_of(const struct product_case *p, const struct numbers *numbers)
{
    size_t each = numbers->size / numbers->count;
    return (unsigned char *)numbers->device + p->shape.before * each;
}

static void set_up(struct product_case *p, struct ws_cuda *cuda, const struct shape *shape,
                   unsigned flags)
{
    bool bf16 = cuda->precision == WS_PRECISION_BF16;
    enum ws_cuda_type operands = bf16 ? WS_CUDA_BF16 : WS_CUDA_F32;
    enum ws_cuda_type result = flags & NARROW_RESULT ? WS_CUDA_BF16 : WS_CUDA_F32;
    size_t m = shape->m, n = shape->n, k = shape->k;
    bool across = flags & A_TRANSPOSED, down = flags & B_TRANSPOSED;
    *p = {};
    p->cuda = cuda;
    p->shape = *shape;
    p->flags = flags;
    p->draws = m * 1000003 + n * 1009 + k + flags;
    make_numbers(p, &p->a, operands, across ? k : m, across ? m : k, false);
    make_numbers(p, &p->b, operands, down ? n : k, down ? k : n, false);
    make_numbers(p, &p->c, result, m, n, true);
    make_numbers(p, &p->bias, WS_CUDA_F32, 1, n, true);
    p->product.m = m;
    p->product.n = n;
    p->product.k = k;
    p->product.a = begin_of(p, &p->a);
    p->product.b = begin_of(p, &p->b);
    p->product.c = begin_of(p, &p->c);
    p->product.a_columns = (across ? m : k) + shape->beside;
    p->product.b_columns = (down ? k : n) + shape->beside;
    p->product.c_columns = n + shape->beside;
    p->product.a_transposed = across;
    p->product.b_transposed = down;
    p->product.operands = operands;
    p->product.result = result;
    p->product.bias = flags & BIASED ? (const float *)begin_of(p, &p->bias) : NULL;
    p->product.add = flags & ADDED;
}

static void tear_down(struct product_case *p)
{
    give_back(p, &p->a);
    give_back(p, &p->b);
    give_back(p, &p->c);
    give_back(p, &p->bias);
}

/* Where rows of the operands are read one after another. */
static double sum_of(const struct product_case *p, size_t row, size_t column)
{
    const struct ws_cuda_product *c = &p->product;
    size_t a = p->shape.before + row * (c->a_transposed ? 1 : c->a_columns);
    size_t b = p->shape.before + column * (c->b_transposed ? c->b_columns : 1);
    size_t a_step = c->a_transposed ? c->a_columns : 1, b_step = c->b_transposed ? 1 : c->b_columns;
    double sum = 0;
    for (size_t i = 0; i < c->k; i++)
        sum += (double)number_at(&p->a, a + i * a_step) * (double)number_at(&p->b, b + i * b_step);
    return sum;
}

typedef void multiply_fn(struct ws_cuda *cuda, const struct ws_cuda_product *product);

/* Fails where a number is too far off, or where others' were changed. Large results are looked at
 * here and there. */
static void check(struct product_case *p, multiply_fn *multiply, const char *who)
{
    enum { LOOKS = 20000, SECOND = 2 };
    const struct ws_cuda_product *c = &p->product;
    struct numbers got = p->c, again = p->c;
    got.host = (unsigned char *)ws_realloc(NULL, NULL, 0, got.size);
    again.host = (unsigned char *)ws_realloc(NULL, NULL, 0, again.size);
    multiply(p->cuda, c);
    ws_cuda_read(&p->cuda->device, got.host, got.device, got.size);
    ws_cuda_write(&p->cuda->device, p->c.device, p->c.host, p->c.size);
    multiply(p->cuda, c);
    ws_cuda_read(&p->cuda->device, again.host, again.device, again.size);
    struct ws_error err = {};
    if (p->cuda->device.ops->check(&p->cuda->device, &err) != WS_OK)
        fail_msg("%s: %s", who, err.message);
    if (memcmp(got.host, again.host, got.size) != 0)
        fail_msg("%s is not the same twice", who);

    double largest = 0, worst = 0;
    size_t worst_at = 0, skip = c->m * c->n / LOOKS + 1;
    for (size_t i = 0; i < c->m * c->n; i += skip) {
        size_t row = i / c->n, column = i % c->n;
        size_t at = p->shape.before + row * c->c_columns + column;
        double bias = c->bias ? (double)number_at(&p->bias, p->shape.before + column) : 0;
        double old = c->add ? (double)number_at(&p->c, at) : 0;
        double want = sum_of(p, row, column) + bias + old;
        /* Where the result is bf16 it is rounded, and by the library the bias, too. */
        double rounding = c->result == WS_CUDA_BF16 ? (fabs(want) + fabs(bias)) / 256 : 0;
        double error = fabs((double)number_at(&got, at) - want) - rounding;
        largest = fmax(largest, fabs(want));
        if (!(error <= worst)) {
            worst = error == error ? error : INFINITY;
            worst_at = i;
        }
    }
    double nearness = p->cuda->precision == WS_PRECISION_TF32 ? 2e-3 : 1e-5;
    if (worst > nearness * largest)
        fail_msg("%s, %zu x %zu x %zu, before %zu, beside %zu, flags %u: %g off at (%zu, %zu) "
                 "where the largest number is %g",
                 who, c->m, c->n, c->k, p->shape.before, p->shape.beside, p->flags, worst,
                 worst_at / c->n, worst_at % c->n, largest);
    for (size_t i = 0; i < got.count; i++) {
        bool ours = i >= p->shape.before && (i - p->shape.before) % c->c_columns < c->n;
        if (!ours && number_at(&got, i) != number_at(&p->c, i))
            fail_msg("%s, %zu x %zu x %zu, flags %u: number %zu was another's", who, c->m, c->n,
                     c->k, p->flags, i);
    }
    ws_free(NULL, got.host, got.size);
    ws_free(NULL, again.host, again.size);
}

static void check_shape(struct ws_cuda *cuda, const struct shape *shape, unsigned flags,
                        multiply_fn *multiply, const char *who)
{
    struct product_case p;
    set_up(&p, cuda, shape, flags);
    check(&p, multiply, who);
    tear_down(&p);
}

static void check_all(enum ws_precision precision, multiply_fn *multiply, const char *who,
                      bool by_library)
{
    const struct ws_cuda_request request = {
        .version = WS_VERSION, .number = 0, .precision = precision, .allocator = NULL};
    struct ws_device *device = NULL;
    struct ws_error err = {};
    enum ws_status status = ws_cuda_module_open(&request, &device, &err);
    if (status != WS_OK)
        fail_msg("%s", err.message);
    struct ws_cuda *cuda = (struct ws_cuda *)device;
    bool there = !by_library || cuda->matrix->blas;
    for (size_t s = 0; there && s < SHAPES_COUNT; s++)
        for (unsigned flags = 0; flags < FLAGS; flags++)
            check_shape(cuda, &SHAPES[s], flags, multiply, who);
    for (size_t s = 0; there && s < LARGE_COUNT; s++) /* one of the ways that operands can lie */
        if (LARGE_SHAPES[s].precision == precision)
            check_shape(cuda, &LARGE_SHAPES[s].shape, (unsigned)s % BIASED, multiply, who);
    device->ops->close(device);
    if (!there)
        skip();
}

static void own__multiplies_f32(void **state)
{
    (void)state;
    check_all(WS_PRECISION_F32, ws_cuda_own_product, "our own f32", false);
}

static void own__multiplies_tf32(void **state)
{
    (void)state;
    check_all(WS_PRECISION_TF32, ws_cuda_own_product, "our own tf32", false);
}

static void own__multiplies_bf16(void **state)
{
    (void)state;
    check_all(WS_PRECISION_BF16, ws_cuda_own_product, "our own bf16", false);
}

static void library__multiplies_f32(void **state)
{
    (void)state;
    check_all(WS_PRECISION_F32, ws_cuda_multiply, "the library's f32", true);
}

static void library__multiplies_tf32(void **state)
{
    (void)state;
    check_all(WS_PRECISION_TF32, ws_cuda_multiply, "the library's tf32", true);
}

static void library__multiplies_bf16(void **state)
{
    (void)state;
    check_all(WS_PRECISION_BF16, ws_cuda_multiply, "the library's bf16", true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own__multiplies_f32),      cmocka_unit_test(own__multiplies_tf32),
        cmocka_unit_test(own__multiplies_bf16),     cmocka_unit_test(library__multiplies_f32),
        cmocka_unit_test(library__multiplies_tf32), cmocka_unit_test(library__multiplies_bf16),
    };
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
