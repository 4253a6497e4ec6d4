/*
 * Linear layers: how they become matrix products, and the sums of rows that are gradients of
 * biases.
 */
#include <stdio.h>

#include "compute/cuda/cuda_columns.h"
#include "compute/cuda/cuda_matrix.h"
#include "compute/cuda/cuda_memory.h"

/* Opening and multiplying ---------------------------------------------------------------------- */

enum ws_status ws_cuda_matrix_open(struct ws_cuda *cuda, struct ws_error *err)
{
    struct ws_cuda_matrix *matrix =
        (struct ws_cuda_matrix *)ws_realloc(cuda->allocator, NULL, 0, sizeof *matrix);
    if (!matrix)
        return ws_fail_memory(err, "the device");
    cuda->matrix = matrix;
    *matrix = {};
    int shared = 0;
    cudaError_t error =
        cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, cuda->number);
    if (ws_cuda_ok(cuda, error, "asking what it has"))
        matrix->workspace =
            ws_cuda_take(cuda, WS_CUDA_WORKSPACE, "what matrix products need beside");
    if (!matrix->workspace) {
        *err = cuda->failure;
        return err->status;
    }
    matrix->shared = (size_t)shared;
    WS_TRY(ws_cuda_blas_open(&matrix->blas, cuda->allocator, err));
    if (matrix->blas)
        (void)snprintf(cuda->device.library, sizeof cuda->device.library, "cublasLt-%zu",
                       ws_cuda_blas_version(matrix->blas));
    return WS_OK;
}

void ws_cuda_matrix_close(struct ws_cuda *cuda)
{
    struct ws_cuda_matrix *matrix = cuda->matrix;
    if (!matrix)
        return;
    ws_cuda_blas_close(matrix->blas);
    (void)cudaFree(matrix->workspace);
    ws_free(cuda->allocator, matrix, sizeof *matrix);
    cuda->matrix = NULL;
}

static bool multiply_by_library(struct ws_cuda *cuda, const struct ws_cuda_product *p)
{
    if (!cuda->times)
        return ws_cuda_blas_multiply(cuda, p);
    char name[96];
    (void)snprintf(name, sizeof name, "product %zu x %zu x %zu%s%s%s", p->m, p->n, p->k,
                   p->a_transposed ? " a'" : "", p->b_transposed ? " b'" : "",
                   p->add ? " added" : "");
    const double since = ws_cuda_times_now(cuda);
    ws_cuda_times_begin(cuda, name);
    const bool done = ws_cuda_blas_multiply(cuda, p);
    ws_cuda_times_end(cuda);
    ws_cuda_times_waited(cuda, "starting products", since);
    return done;
}

void ws_cuda_multiply(struct ws_cuda *cuda, const struct ws_cuda_product *product)
{
    if (product->m == 0 || product->n == 0)
        return;
    if (cuda->matrix->blas && multiply_by_library(cuda, product))
        return;
    ws_cuda_own_product(cuda, product);
    if (product->relu)
        ws_cuda_activation(&cuda->device, (float *)product->c, (const float *)product->c,
                           WS_ACTIVATION_RELU, product->m * product->n);
}

/* Forwards ------------------------------------------------------------------------------------- */

static enum ws_cuda_type activation_type(const struct ws_cuda *cuda)
{
    return cuda->precision == WS_PRECISION_BF16 ? WS_CUDA_BF16 : WS_CUDA_F32;
}

static void multiply(struct ws_cuda *cuda, const struct ws_cuda_product &product)
{
    ws_cuda_multiply(cuda, &product);
}

/* y (rows, out) = x weight^T + bias; x and weight (out, in) as activations are. */
static struct ws_cuda_product forwards(struct ws_cuda *cuda, void *y, enum ws_cuda_type result,
                                       const void *x, const void *weight, const float *bias,
                                       size_t rows, size_t in, size_t out)
{
    return {
        .m = rows,
        .n = out,
        .k = in,
        .a = x,
        .b = weight,
        .c = y,
        .a_columns = in,
        .b_columns = in,
        .c_columns = out,
        .a_transposed = false,
        .b_transposed = true,
        .operands = activation_type(cuda),
        .result = result,
        .bias = bias,
        .add = false,
        .relu = false,
    };
}

void ws_cuda_linear(struct ws_device *device, float *y, const float *x, const struct ws_linear *l)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (cuda)
        multiply(cuda, forwards(cuda, y, activation_type(cuda), x, ws_cuda_weight(cuda, l->weight),
                                l->bias, l->rows, l->in, l->out));
}

/* The library takes ReLU into the product; other activations cost a pass over memory. */
void ws_cuda_linear_activation(struct ws_device *device, float *active, float *up, const float *x,
                               const struct ws_linear *l, enum ws_activation kind)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    float *sums = up ? up : active;
    struct ws_cuda_product product =
        forwards(cuda, sums, activation_type(cuda), x, ws_cuda_weight(cuda, l->weight), l->bias,
                 l->rows, l->in, l->out);
    product.relu = !up && kind == WS_ACTIVATION_RELU;
    multiply(cuda, product);
    if (!product.relu)
        ws_cuda_activation(device, active, sums, kind, l->rows * l->out);
}

void ws_cuda_scores(struct ws_device *device, float *scores, const float *x, size_t first,
                    const struct ws_linear *l)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    const void *rows;
    WS_CUDA_ACTIVATIONS(cuda, rows = activations<T>(x) + first * l->in);
    multiply(cuda, forwards(cuda, scores, WS_CUDA_F32, rows, ws_cuda_weight(cuda, l->weight),
                            l->bias, l->rows, l->in, l->out));
}

/* Packed: as activations are, in the same layout. Products read it as fast as any other. */
struct ws_packed {
    size_t out, in;
    size_t size; /* bytes of weight */
    void *weight;
};

struct ws_packed *ws_cuda_pack(struct ws_device *device, const float *weight, size_t out, size_t in,
                               size_t rows)
{
    (void)rows;
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return NULL;
    const void *from = ws_cuda_weight(cuda, weight);
    size_t each = activation_type(cuda) == WS_CUDA_BF16 ? sizeof(bf16) : sizeof(float);
    size_t size = out * in * each;
    void *memory = ws_cuda_alloc(device, size);
    if (!ws_cuda_ready(device))
        return NULL;
    ws_cuda_copy(device, memory, from, size);
    struct ws_packed *packed =
        (struct ws_packed *)ws_realloc(cuda->allocator, NULL, 0, sizeof *packed);
    if (!packed) {
        ws_cuda_fail(cuda, WS_NO_MEMORY, "out of memory for packed weights");
        ws_cuda_release(device, memory, size);
        return NULL;
    }
    *packed = {out, in, size, memory};
    return packed;
}

void ws_cuda_unpack(struct ws_device *device, struct ws_packed *packed)
{
    if (!packed)
        return;
    ws_cuda_release(device, packed->weight, packed->size);
    ws_free(((struct ws_cuda *)device)->allocator, packed, sizeof *packed);
}

void ws_cuda_linear_packed(struct ws_device *device, float *y, const float *x,
                           const struct ws_packed *packed, const float *bias, size_t rows)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (cuda)
        multiply(cuda, forwards(cuda, y, activation_type(cuda), x, packed->weight, bias, rows,
                                packed->in, packed->out));
}

void ws_cuda_scores_packed(struct ws_device *device, float *scores, const float *x,
                           const struct ws_packed *packed, size_t rows)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (cuda)
        multiply(cuda, forwards(cuda, scores, WS_CUDA_F32, x, packed->weight, NULL, rows,
                                packed->in, packed->out));
}

/* Sums of rows --------------------------------------------------------------------------------- */

/* parts (stretches, width): the sums of `each` rows of x. `whole`: rows begin at multiples of WIDE.
 */
template <class T>
static __global__ void __launch_bounds__(COLUMN_THREADS)
    sum_rows(float *parts, const T *x, size_t rows, size_t width, size_t each, bool whole)
{
    constexpr unsigned EACH = WIDE / sizeof(T);
    const column_place place = place_in_columns<T>(rows, width, each);
    float sums[EACH] = {};
    if (whole && place.there == EACH) {
#pragma unroll 4
        for (size_t row = place.row; row < place.end; row += COLUMN_DOWN) {
            wide<T> numbers = load_wide(x + row * width + place.column);
#pragma unroll
            for (unsigned i = 0; i < EACH; i++)
                sums[i] += to_float(numbers.at[i]);
        }
    } else {
        for (size_t row = place.row; row < place.end; row += COLUMN_DOWN)
#pragma unroll
            for (unsigned i = 0; i < EACH; i++)
                if (i < place.there)
                    sums[i] += to_float(x[row * width + place.column + i]);
    }
    put_column_sums<EACH>(parts, sums, width);
}

static __global__ void __launch_bounds__(COLUMN_THREADS)
    add_parts(float *y, const float *parts, size_t count, size_t width)
{
    __shared__ double shared[COLUMN_THREADS];
    unsigned across = threadIdx.x % COLUMN_ACROSS, down = threadIdx.x / COLUMN_ACROSS;
    size_t column = blockIdx.x * (size_t)COLUMN_ACROSS + across;
    double sum = 0;
    if (column < width)
#pragma unroll 8
        for (size_t part = down; part < count; part += COLUMN_DOWN)
            sum += (double)parts[part * width + column];
    shared[threadIdx.x] = sum;
    __syncthreads();
    if (down > 0 || column >= width)
        return;
    sum = (double)y[column];
    for (unsigned d = 0; d < COLUMN_DOWN; d++)
        sum += shared[d * COLUMN_ACROSS + across];
    y[column] = (float)sum;
}

void ws_cuda_add_parts(struct ws_cuda *cuda, float *y, const float *parts, size_t count,
                       size_t width)
{
    ws_cuda_launch(cuda, "summing rows", add_parts, dim3(ws_cuda_blocks(width, COLUMN_ACROSS)),
                   COLUMN_THREADS, 0, y, parts, count, width);
}

template <class T>
static void bias_gradient(struct ws_cuda *cuda, float *dbias, const T *dy, size_t rows,
                          size_t width)
{
    size_t each;
    const dim3 blocks = column_blocks<T>(rows, width, &each);
    float *parts = (float *)ws_cuda_scratch(cuda, blocks.y * width * sizeof *parts);
    if (!parts)
        return;
    ws_cuda_launch(cuda, "summing rows", sum_rows<T>, blocks, COLUMN_THREADS, 0, parts, dy, rows,
                   width, each, columns_are_wide(dy, width));
    ws_cuda_add_parts(cuda, dbias, parts, blocks.y, width);
}

/* Backwards ------------------------------------------------------------------------------------ */

/* dx (rows, in) = dy weight */
static void input_gradient(struct ws_cuda *cuda, float *dx, const float *dy,
                           const struct ws_linear *l, bool add)
{
    const struct ws_cuda_product product = {
        .m = l->rows,
        .n = l->in,
        .k = l->out,
        .a = dy,
        .b = ws_cuda_weight(cuda, l->weight),
        .c = dx,
        .a_columns = l->out,
        .b_columns = l->in,
        .c_columns = l->in,
        .a_transposed = false,
        .b_transposed = false,
        .operands = activation_type(cuda),
        .result = activation_type(cuda),
        .bias = NULL,
        .add = add,
        .relu = false,
    };
    ws_cuda_multiply(cuda, &product);
}

/* dweight (out, in) += dy^T x */
static struct ws_cuda_product weight_gradient(struct ws_cuda *cuda, float *dweight, const float *dy,
                                              const float *x, const struct ws_linear *l)
{
    return {
        .m = l->out,
        .n = l->in,
        .k = l->rows,
        .a = dy,
        .b = x,
        .c = dweight,
        .a_columns = l->out,
        .b_columns = l->in,
        .c_columns = l->in,
        .a_transposed = true,
        .b_transposed = false,
        .operands = activation_type(cuda),
        .result = WS_CUDA_F32,
        .bias = NULL,
        .add = true,
        .relu = false,
    };
}

void ws_cuda_linear_backward(struct ws_device *device, float *dx, float *dweight, float *dbias,
                             const float *dy, const float *x, const struct ws_linear *l,
                             bool add_input)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda || l->rows == 0)
        return;
    if (dx)
        input_gradient(cuda, dx, dy, l, add_input);
    if (dweight)
        multiply(cuda, weight_gradient(cuda, dweight, dy, x, l));
    if (dbias)
        WS_CUDA_ACTIVATIONS(cuda, bias_gradient(cuda, dbias, activations<T>(dy), l->rows, l->out));
}
