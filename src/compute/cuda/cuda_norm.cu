#include "compute/cuda/cuda_device.h"

/* A team of threads holds a row in its registers, so that each number crosses memory once: a warp
 * holds rows up to WARP_WIDTH, a block the wider ones. Thread t of the team has, N at a time, the
 * columns (k threads + t) N. N is as wide as loads are where that divides the width; else 1. */

enum {
    WARPS = 4, /* of a block whose warps have a row each */
    WARP_WIDTH = 1024,
    BLOCK_THREADS = 512, /* of a block that has a row, at most */
    WIDEST = 32 * BLOCK_THREADS,
};

template <bool whole_block> static __device__ __forceinline__ unsigned team_threads()
{
    return whole_block ? blockDim.x : (unsigned)WARP;
}

template <bool whole_block> static __device__ __forceinline__ unsigned team_thread()
{
    return whole_block ? threadIdx.x : threadIdx.x % WARP;
}

/* shared: room for WARP numbers. */
template <bool whole_block> static __device__ __forceinline__ float team_sum(float x, float *shared)
{
    if constexpr (whole_block)
        return block_sum(x, shared);
    else
        return warp_sum(x);
}

static bool width_fits(struct ws_cuda *cuda, const struct ws_norm_shape *shape)
{
    if (shape->width > WIDEST)
        ws_cuda_fail(cuda, WS_UNSUPPORTED, "a norm of rows wider than 16,384");
    return shape->width <= WIDEST;
}

/* Runs `body` with how many NUMBERS a thread has, N of them at a time, and whether a WHOLE_BLOCK
 * has a row. */
#define WITH_TEAM(width, ...) GPU_WIDE(T, width, WITH_NUMBERS(width, __VA_ARGS__))
#define WITH_NUMBERS(width, ...)                                                                   \
    if ((width) <= 8 * WARP) {                                                                     \
        ONE_TEAM(8, false, __VA_ARGS__)                                                            \
    } else if ((width) <= 24 * WARP) {                                                             \
        ONE_TEAM(24, false, __VA_ARGS__)                                                           \
    } else if ((width) <= WARP_WIDTH) {                                                            \
        ONE_TEAM(32, false, __VA_ARGS__)                                                           \
    } else if ((width) <= 16 * BLOCK_THREADS) {                                                    \
        ONE_TEAM(16, true, __VA_ARGS__)                                                            \
    } else {                                                                                       \
        ONE_TEAM(32, true, __VA_ARGS__)                                                            \
    }
#define ONE_TEAM(numbers, whole_block, ...)                                                        \
    enum { NUMBERS = numbers };                                                                    \
    const bool WHOLE_BLOCK = whole_block;                                                          \
    __VA_ARGS__;

static unsigned block_threads(size_t width, bool whole_block, unsigned numbers)
{
    return whole_block ? ws_cuda_blocks(width, numbers * WARP) * WARP : WARPS * WARP;
}

/* Numbers of a row, or zeros beyond its end. */
template <int N, class T>
static __device__ __forceinline__ wide<T, N> load_columns(const T *row, unsigned column,
                                                          unsigned width)
{
    wide<T, N> zeros = {};
    return column < width ? load_wide<N>(row + column) : zeros;
}

template <class T, int N, int NUMBERS, bool whole_block>
static __global__ void __launch_bounds__(whole_block ? BLOCK_THREADS : WARPS *WARP)
    norm_rows(T *y, T *sum, float *stats, const T *x, const T *addend,
              const float *__restrict__ weight, const float *__restrict__ bias,
              struct ws_norm_shape shape)
{
    enum { TIMES = NUMBERS / N };
    __shared__ float shared[WARP];
    const unsigned threads = team_threads<whole_block>(), thread = team_thread<whole_block>();
    const unsigned width = (unsigned)shape.width;
    const size_t row = whole_block ? blockIdx.x : thread_number() / WARP;
    if (row >= shape.rows)
        return;
    const size_t start = row * width;

    wide<T, N> numbers[TIMES], added[TIMES];
    for (int k = 0; k < TIMES; k++) {
        const unsigned column = (k * threads + thread) * N;
        numbers[k] = load_columns<N>(x + start, column, width);
        if (addend)
            added[k] = load_columns<N>(addend + start, column, width);
    }
    /* What is normalised is the sum as it is stored, which is what the backward call sees. */
    float total = 0;
    for (int k = 0; k < TIMES; k++) {
        const unsigned column = (k * threads + thread) * N;
        if (addend) {
            for (int i = 0; i < N; i++)
                numbers[k].at[i] =
                    from_float<T>(to_float(numbers[k].at[i]) + to_float(added[k].at[i]));
            if (column < width)
                store_wide(sum + start + column, numbers[k]);
        }
        for (int i = 0; i < N; i++)
            total += to_float(numbers[k].at[i]);
    }
    float mean =
        shape.kind == WS_NORM_LAYER ? team_sum<whole_block>(total, shared) / (float)width : 0;

    float squares = 0;
    for (int k = 0; k < TIMES; k++) {
        for (int i = 0; i < N; i++) {
            float distance = to_float(numbers[k].at[i]) - mean;
            if ((k * threads + thread) * N < width)
                squares += distance * distance;
        }
    }
    float inverse = 1 / sqrtf(team_sum<whole_block>(squares, shared) / (float)width + shape.eps);

    for (int k = 0; k < TIMES; k++) {
        const unsigned column = (k * threads + thread) * N;
        if (column >= width)
            break;
        wide<float, N> scale = load_wide<N>(weight + column);
        wide<float, N> shift = {};
        if (bias)
            shift = load_wide<N>(bias + column);
        for (int i = 0; i < N; i++)
            numbers[k].at[i] = from_float<T>(
                (to_float(numbers[k].at[i]) - mean) * inverse * scale.at[i] + shift.at[i]);
        store_wide(y + start + column, numbers[k]);
    }
    if (stats && thread == 0) {
        stats[2 * row] = mean;
        stats[2 * row + 1] = inverse;
    }
}

void ws_cuda_norm(struct ws_device *device, float *y, float *sum, float *stats, const float *x,
                  const float *addend, const float *weight, const float *bias,
                  const struct ws_norm_shape *shape)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda || !width_fits(cuda, shape))
        return;
    WS_CUDA_ACTIVATIONS(
        cuda,
        WITH_TEAM(shape->width,
                  ws_cuda_launch(cuda, "norm", norm_rows<T, N, NUMBERS, WHOLE_BLOCK>,
                                 ws_cuda_blocks(shape->rows, WHOLE_BLOCK ? 1 : WARPS),
                                 block_threads(shape->width, WHOLE_BLOCK, NUMBERS), 0,
                                 activations<T>(y), activations<T>(sum), stats, activations<T>(x),
                                 activations<T>(addend), weight, bias, *shape)));
}

/* Backward -------------------------------------------------------------------------------------
 *
 * A block takes a stretch of rows and adds up their parts of the gradients of weight and bias,
 * column by column in registers, while it makes the gradient of the input. A second kernel adds the
 * stretches' sums, in order and in double. */

enum {
    STRETCHES = 512,    /* at most: as many as are under way at once on the largest GPUs */
    STRETCH_LEAST = 16, /* rows: fewer would not be worth their sums */
};

static size_t stretch_rows(size_t rows)
{
    size_t each = (rows + STRETCHES - 1) / STRETCHES;
    return each > STRETCH_LEAST ? each : (size_t)STRETCH_LEAST;
}

/* partials (stretches, 2, width): of the weight, then of the bias. */
template <class T, int N, int NUMBERS, bool whole_block>
static __global__ void
__launch_bounds__(whole_block ? BLOCK_THREADS : WARPS *WARP,
                  whole_block ? 1 : (NUMBERS * sizeof(T) <= 24 * sizeof(bf16) ? 4 : 3))
    norm_backward_rows(T *dx, float *partials, const T *dy, const T *x,
                       const float *__restrict__ stats, const float *__restrict__ weight,
                       struct ws_norm_shape shape, size_t stretch, bool add_input)
{
    enum { TIMES = NUMBERS / N };
    __shared__ float shared[WARP];
    const unsigned threads = team_threads<whole_block>(), thread = team_thread<whole_block>();
    const unsigned width = (unsigned)shape.width;
    const size_t first = blockIdx.x * stretch;
    const size_t end = first + stretch < shape.rows ? first + stretch : shape.rows;

    wide<float, N> of_weight[TIMES] = {}, of_bias[TIMES] = {};
    for (size_t row = first + (whole_block ? 0 : threadIdx.x / WARP); row < end;
         row += whole_block ? 1 : WARPS) {
        const size_t start = row * width;
        wide<T, N> numbers[TIMES], gradient[TIMES];
        for (int k = 0; k < TIMES; k++) {
            const unsigned column = (k * threads + thread) * N;
            numbers[k] = load_columns<N>(x + start, column, width);
            gradient[k] = load_columns<N>(dy + start, column, width);
        }
        const float mean = stats[2 * row], inverse = stats[2 * row + 1];

        float sum = 0, product = 0;
        for (int k = 0; k < TIMES; k++) {
            const unsigned column = (k * threads + thread) * N;
            wide<float, N> scale = load_columns<N>(weight, column, width);
            for (int i = 0; i < N; i++) {
                float n = (to_float(numbers[k].at[i]) - mean) * inverse;
                float d = to_float(gradient[k].at[i]), g = d * scale.at[i];
                sum += g;
                product += g * n;
                of_weight[k].at[i] += d * n;
                of_bias[k].at[i] += d;
            }
        }
        sum = team_sum<whole_block>(sum, shared) / (float)width;
        product = team_sum<whole_block>(product, shared) / (float)width;
        if (shape.kind != WS_NORM_LAYER)
            sum = 0;

        for (int k = 0; k < TIMES; k++) {
            const unsigned column = (k * threads + thread) * N;
            if (column >= width)
                break;
            wide<float, N> scale = load_wide<N>(weight + column);
            wide<T, N> out = {};
            if (add_input)
                out = load_wide<N>(dx + start + column);
            for (int i = 0; i < N; i++) {
                float n = (to_float(numbers[k].at[i]) - mean) * inverse;
                float g = to_float(gradient[k].at[i]) * scale.at[i];
                out.at[i] = from_float<T>(to_float(out.at[i]) + inverse * (g - sum - n * product));
            }
            store_wide(dx + start + column, out);
        }
    }

    float *partial = partials + (size_t)blockIdx.x * 2 * width;
    if constexpr (whole_block) {
        for (int k = 0; k < TIMES; k++) {
            const unsigned column = (k * threads + thread) * N;
            if (column >= width)
                break;
            store_wide(partial + column, of_weight[k]);
            store_wide(partial + width + column, of_bias[k]);
        }
    } else { /* the warps' sums, one warp after the other */
        __shared__ float sums[2][NUMBERS * WARP];
        for (unsigned warp = 0; warp < WARPS; warp++) {
            for (int k = 0; k < TIMES && warp == threadIdx.x / WARP; k++) {
                for (int i = 0; i < N; i++) {
                    unsigned column = (k * WARP + thread) * N + i;
                    sums[0][column] = of_weight[k].at[i] + (warp == 0 ? 0 : sums[0][column]);
                    sums[1][column] = of_bias[k].at[i] + (warp == 0 ? 0 : sums[1][column]);
                }
            }
            __syncthreads();
        }
        for (unsigned column = threadIdx.x; column < width; column += blockDim.x) {
            partial[column] = sums[0][column];
            partial[width + column] = sums[1][column];
        }
    }
}

enum { SUM_WARPS = 16 };

/* dweight += the sums of the stretches, dbias likewise. A lane has a column, a warp every
 * SUM_WARPS-th stretch. Either may be NULL. */
static __global__ void add_stretches(float *dweight, float *dbias, const float *partials,
                                     size_t stretches, size_t width)
{
    __shared__ double shared[SUM_WARPS][WARP];
    const unsigned warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    const size_t column = (size_t)blockIdx.x * WARP + lane;
    double sum = 0;
    if (column < 2 * width)
        for (size_t s = warp; s < stretches; s += SUM_WARPS)
            sum += (double)partials[s * 2 * width + column];
    shared[warp][lane] = sum;
    __syncthreads();
    if (warp > 0 || column >= 2 * width)
        return;
    for (int w = 1; w < SUM_WARPS; w++)
        sum += shared[w][lane];
    float *out = column < width ? dweight : dbias;
    if (out) {
        out += column < width ? column : column - width;
        *out = (float)((double)*out + sum);
    }
}

void ws_cuda_norm_backward(struct ws_device *device, float *dx, float *dweight, float *dbias,
                           const float *dy, const float *x, const float *stats, const float *weight,
                           const struct ws_norm_shape *shape, bool add_input)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda || shape->rows == 0 || !width_fits(cuda, shape))
        return;
    const size_t stretch = stretch_rows(shape->rows);
    const unsigned stretches = ws_cuda_blocks(shape->rows, stretch);
    float *partials =
        (float *)ws_cuda_scratch(cuda, stretches * 2 * shape->width * sizeof *partials);
    if (!partials)
        return;
    WS_CUDA_ACTIVATIONS(
        cuda, WITH_TEAM(shape->width,
                        ws_cuda_launch(
                            cuda, "norm backward", norm_backward_rows<T, N, NUMBERS, WHOLE_BLOCK>,
                            stretches, block_threads(shape->width, WHOLE_BLOCK, NUMBERS), 0,
                            activations<T>(dx), partials, activations<T>(dy), activations<T>(x),
                            stats, weight, *shape, stretch, add_input)));
    ws_cuda_launch(cuda, "norm backward", add_stretches, ws_cuda_blocks(2 * shape->width, WARP),
                   SUM_WARPS * WARP, 0, dweight, dbias, partials, stretches, shape->width);
}
