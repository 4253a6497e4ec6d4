#include "compute/cpu/sgemm.h"

#include <dnnl.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

void ws_sgemm(struct ws_cpu *cpu, float *c, size_t stride, struct ws_view a, struct ws_view b,
              struct ws_product_shape shape, float alpha, float beta)
{
    dnnl_status_t status =
        dnnl_sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', (dnnl_dim_t)shape.m,
                   (dnnl_dim_t)shape.n, (dnnl_dim_t)shape.k, alpha, a.numbers, (dnnl_dim_t)a.stride,
                   b.numbers, (dnnl_dim_t)b.stride, beta, c, (dnnl_dim_t)stride);
    if (status != dnnl_success)
        atomic_store(&cpu->library_failed, true);
}

struct product {
    struct ws_cpu *cpu;
    float *c;
    size_t stride;
    struct ws_view a, b;
    const float *bias;
    struct ws_product_shape shape;
    struct ws_product_shape tile;
    size_t across; /* tiles in a row of tiles */
    float beta;
};

size_t ws_stride_of(size_t width)
{
    size_t stride = (width + 15) / 16 * 16;
    return stride % 256 == 0 ? stride + 32 : stride;
}

static size_t pieces_of(size_t count, size_t tile)
{
    return (count + tile - 1) / tile;
}

/* What a product costs in multiplications; thin ones wait for memory. */
static double cost_of(struct ws_product_shape s)
{
    enum { THIN = 16 };
    return (double)(s.m + THIN) * (double)(s.n + THIN) * (double)s.k;
}

/* One of `parts` equal ones, rounded up to the library's register tiles. */
static size_t part(size_t side, size_t parts, size_t unit)
{
    return (pieces_of(side, parts) + unit - 1) / unit * unit;
}

/* Doubles the parts of the longer side until a product has about PIECES pieces, none so small that
 * handing it to a thread costs more, or so large that threads wait for the last. Sides stop where
 * the library, which copies both operands for each call, begins to lose: earliest with a transposed
 * second operand. */
static struct ws_product_shape cut(struct ws_product_shape shape, bool slow_copy)
{
    enum { PIECES = 8, LEAST = 1 << 22, MOST = 1 << 26, UNIT_M = 8, UNIT_N = 16, LEAST_N = 128 };
    const size_t least_m = slow_copy ? 256 : 64;
    double wanted = fmin(fmax(cost_of(shape) / PIECES, LEAST), MOST);
    struct ws_product_shape tile = shape;
    for (size_t down = 2, across = 2; cost_of(tile) > wanted;) {
        size_t m = part(shape.m, down, UNIT_M), n = part(shape.n, across, UNIT_N);
        if (m >= least_m && (n < LEAST_N || tile.m > tile.n)) {
            tile.m = m;
            down *= 2;
        } else if (n >= LEAST_N) {
            tile.n = n;
            across *= 2;
        } else {
            break;
        }
    }
    return tile;
}

static const float *at(struct ws_view view, size_t i, size_t j)
{
    return view.numbers + (view.transposed ? j * view.stride + i : i * view.stride + j);
}

static void multiply_tile(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct product *p = context;
    size_t i = piece / p->across * p->tile.m, j = piece % p->across * p->tile.n;
    struct ws_product_shape shape = {ws_smaller(p->tile.m, p->shape.m - i),
                                     ws_smaller(p->tile.n, p->shape.n - j), p->shape.k};
    struct ws_view a = p->a, b = p->b;
    a.numbers = at(a, i, 0);
    b.numbers = at(b, 0, j);
    float *c = p->c + i * p->stride + j;
    for (size_t r = 0; p->bias && r < shape.m; r++)
        memcpy(c + r * p->stride, p->bias + j, shape.n * sizeof *c);
    ws_sgemm(p->cpu, c, p->stride, a, b, shape, 1, p->bias ? 1 : p->beta);
}

void ws_product(struct ws_cpu *cpu, float *c, size_t stride, struct ws_view a, struct ws_view b,
                const float *bias, struct ws_product_shape shape, float beta)
{
    if (shape.m == 0 || shape.n == 0)
        return;
    struct product p = {
        cpu, c, stride, a, b, bias, shape, cut(shape, b.transposed && !a.transposed), 0, beta};
    p.across = pieces_of(shape.n, p.tile.n);
    ws_cpu_run(cpu, pieces_of(shape.m, p.tile.m) * p.across, multiply_tile, &p);
}

struct transposition {
    const struct ws_cpu *cpu;
    float *out;
    size_t stride;
    const float *in;
    size_t rows, columns;
};

enum { TRANSPOSED_ROWS = 64 };

static void transpose_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct transposition *t = context;
    size_t first = piece * TRANSPOSED_ROWS;
    t->cpu->vector->transpose(t->out + first, t->stride, t->in + first * t->columns, t->columns,
                              ws_smaller(TRANSPOSED_ROWS, t->rows - first), t->columns);
}

void ws_transpose_all(struct ws_cpu *cpu, float *out, size_t stride, const float *in, size_t rows,
                      size_t columns)
{
    struct transposition t = {cpu, out, stride, in, rows, columns};
    ws_cpu_run(cpu, pieces_of(rows, TRANSPOSED_ROWS), transpose_piece, &t);
}
