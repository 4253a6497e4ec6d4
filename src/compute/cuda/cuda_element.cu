#include <assert.h>

#include "compute/cuda/cuda_columns.h"
#include "compute/cuda/gpu_philox.h"

/* What is done to each number by itself: each is read once and written once. A thread takes N
 * numbers that lie together. */

template <class... P, class... A>
static void launch(struct ws_cuda *cuda, const char *what, void (*kernel)(P...), size_t threads,
                   A... arguments)
{
    enum { THREADS = 256 };
    ws_cuda_launch(cuda, what, kernel, ws_cuda_blocks(threads, THREADS), THREADS, 0, arguments...);
}

/* Rows ----------------------------------------------------------------------------------------- */

template <class T, int N>
static __global__ void gather_rows(T *y, const T *x, const uint32_t *rows, size_t count,
                                   size_t width)
{
    size_t at = thread_number() * N;
    if (at < count * width)
        store_wide(y + at, load_wide<N>(x + rows[at / width] * width + at % width));
}

void ws_cuda_rows(struct ws_device *device, float *y, const float *x, const uint32_t *rows,
                  size_t count, size_t width)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda || count == 0)
        return;
    const uint32_t *sent = (const uint32_t *)ws_cuda_send(cuda, rows, count * sizeof *rows);
    WS_CUDA_ACTIVATIONS(cuda,
                        GPU_WIDE(T, width,
                                 launch(cuda, "rows", gather_rows<T, N>, count * width / N,
                                        activations<T>(y), activations<T>(x), sent, count, width)));
}

/* Activations ---------------------------------------------------------------------------------- */

/* 2 sqrt(2 / pi) and the cubic coefficient of the tanh approximation. */
#define TANH_SCALE 1.5957691216057308F
#define TANH_CUBE  0.044715F
/* 1 / sqrt(2) and 1 / sqrt(2 pi) */
#define SQRT_HALF     0.7071067811865476F
#define DENSITY_SCALE 0.3989422804014327F

static __device__ __forceinline__ float logistic(float x)
{
    return __fdividef(1, 1 + expf(-x));
}

/* tanh(v) = 2 logistic(2 v) - 1 */
static __device__ __forceinline__ float tanh_logistic(float x)
{
    return logistic(x * TANH_SCALE * (1 + TANH_CUBE * x * x));
}

static __device__ __forceinline__ float normal_cdf(float x)
{
    return 0.5F * erfcf(-x * SQRT_HALF);
}

template <enum ws_activation kind> static __device__ __forceinline__ float activation_value(float x)
{
    switch (kind) {
    case WS_ACTIVATION_RELU:
        return x > 0 ? x : 0;
    case WS_ACTIVATION_GELU:
        return x * normal_cdf(x);
    case WS_ACTIVATION_GELU_TANH:
        return x * tanh_logistic(x);
    case WS_ACTIVATION_SILU:
        return x * logistic(x);
    }
    return 0;
}

template <enum ws_activation kind> static __device__ __forceinline__ float activation_slope(float x)
{
    switch (kind) {
    case WS_ACTIVATION_RELU:
        return x > 0 ? 1 : 0;
    case WS_ACTIVATION_GELU:
        return normal_cdf(x) + x * DENSITY_SCALE * expf(-0.5F * x * x);
    case WS_ACTIVATION_GELU_TANH: {
        float s = tanh_logistic(x);
        return s + x * s * (1 - s) * TANH_SCALE * (1 + 3 * TANH_CUBE * x * x);
    }
    case WS_ACTIVATION_SILU: {
        float s = logistic(x);
        return s * (1 + x * (1 - s));
    }
    }
    return 0;
}

#define WITH_KIND(kind, ...)                                                                       \
    switch (kind) {                                                                                \
        ONE_KIND(WS_ACTIVATION_RELU, __VA_ARGS__)                                                  \
        ONE_KIND(WS_ACTIVATION_GELU, __VA_ARGS__)                                                  \
        ONE_KIND(WS_ACTIVATION_GELU_TANH, __VA_ARGS__)                                             \
        ONE_KIND(WS_ACTIVATION_SILU, __VA_ARGS__)                                                  \
    }
#define ONE_KIND(known, ...)                                                                       \
    case known: {                                                                                  \
        const enum ws_activation KIND = known;                                                     \
        __VA_ARGS__;                                                                               \
        break;                                                                                     \
    }

template <class T, int N, enum ws_activation kind>
static __global__ void activate(T *y, const T *x, size_t count)
{
    size_t at = thread_number() * N;
    if (at >= count)
        return;
    wide<T, N> numbers = load_wide<N>(x + at);
    for (int i = 0; i < N; i++)
        numbers.at[i] = from_float<T>(activation_value<kind>(to_float(numbers.at[i])));
    store_wide(y + at, numbers);
}

void ws_cuda_activation(struct ws_device *device, float *y, const float *x, enum ws_activation kind,
                        size_t count)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    WS_CUDA_ACTIVATIONS(
        cuda, GPU_WIDE(T, count,
                       WITH_KIND(kind, launch(cuda, "activation", activate<T, N, KIND>, count / N,
                                              activations<T>(y), activations<T>(x), count))));
}

/* With `parts`, as struct column_place has it, for the bias that was added before the activation.
 */
template <class T, enum ws_activation kind>
static __global__ void __launch_bounds__(COLUMN_THREADS)
    activate_backward(float *parts, T *dx, const T *dy, const T *x, size_t rows, size_t width,
                      size_t each, bool whole)
{
    constexpr unsigned EACH = WIDE / sizeof(T);
    const column_place place = place_in_columns<T>(rows, width, each);
    float sums[EACH] = {};
    for (size_t row = place.row; row < place.end; row += COLUMN_DOWN) {
        size_t at = row * width + place.column;
        if (whole && place.there == EACH) {
            wide<T> numbers = load_wide(x + at), gradient = load_wide(dy + at);
#pragma unroll
            for (unsigned i = 0; i < EACH; i++) {
                gradient.at[i] = from_float<T>(to_float(gradient.at[i]) *
                                               activation_slope<kind>(to_float(numbers.at[i])));
                sums[i] += to_float(gradient.at[i]);
            }
            store_wide(dx + at, gradient);
            continue;
        }
#pragma unroll
        for (unsigned i = 0; i < EACH; i++) {
            if (i >= place.there)
                break;
            T gradient =
                from_float<T>(to_float(dy[at + i]) * activation_slope<kind>(to_float(x[at + i])));
            dx[at + i] = gradient;
            sums[i] += to_float(gradient);
        }
    }
    if (parts)
        put_column_sums<EACH>(parts, sums, width);
}

template <class T>
static void activation_backward(struct ws_cuda *cuda, T *dx, float *dbias, const T *dy, const T *x,
                                enum ws_activation kind, size_t rows, size_t width)
{
    size_t each;
    const dim3 blocks = column_blocks<T>(rows, width, &each);
    float *parts = NULL;
    if (dbias)
        parts = (float *)ws_cuda_scratch(cuda, blocks.y * width * sizeof *parts);
    if (dbias && !parts)
        return;
    bool whole =
        columns_are_wide(dx, width) && columns_are_wide(dy, width) && columns_are_wide(x, width);
    WITH_KIND(kind, ws_cuda_launch(cuda, "activation backward", activate_backward<T, KIND>, blocks,
                                   COLUMN_THREADS, 0, parts, dx, dy, x, rows, width, each, whole));
    if (dbias)
        ws_cuda_add_parts(cuda, dbias, parts, blocks.y, width);
}

void ws_cuda_activation_backward(struct ws_device *device, float *dx, float *dbias, const float *dy,
                                 const float *x, enum ws_activation kind, size_t rows, size_t width)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda || rows == 0)
        return;
    WS_CUDA_ACTIVATIONS(cuda,
                        activation_backward(cuda, activations<T>(dx), dbias, activations<T>(dy),
                                            activations<T>(x), kind, rows, width));
}

/* Gates ---------------------------------------------------------------------------------------- */

/* Row r of x lies at 2 r width, so the gate of y's number `at`, of row r, is number at + r width.
 */
template <class T, int N, enum ws_activation kind>
static __global__ void gate_numbers(T *y, const T *x, size_t rows, size_t width)
{
    size_t at = thread_number() * N;
    if (at >= rows * width)
        return;
    const T *from = x + at + at / width * width;
    wide<T, N> gate = load_wide<N>(from), up = load_wide<N>(from + width);
    for (int i = 0; i < N; i++)
        gate.at[i] =
            from_float<T>(activation_value<kind>(to_float(gate.at[i])) * to_float(up.at[i]));
    store_wide(y + at, gate);
}

void ws_cuda_gate(struct ws_device *device, float *y, const float *x, enum ws_activation kind,
                  size_t rows, size_t width)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    WS_CUDA_ACTIVATIONS(
        cuda,
        GPU_WIDE(T, width,
                 WITH_KIND(kind, launch(cuda, "gate", gate_numbers<T, N, KIND>, rows * width / N,
                                        activations<T>(y), activations<T>(x), rows, width))));
}

template <class T, int N, enum ws_activation kind>
static __global__ void gate_backward(T *dx, const T *dy, const T *x, size_t rows, size_t width)
{
    size_t at = thread_number() * N;
    if (at >= rows * width)
        return;
    size_t from = at + at / width * width;
    wide<T, N> gate = load_wide<N>(x + from), up = load_wide<N>(x + from + width);
    wide<T, N> gradient = load_wide<N>(dy + at);
    for (int i = 0; i < N; i++) {
        float d = to_float(gradient.at[i]), g = to_float(gate.at[i]), u = to_float(up.at[i]);
        gate.at[i] = from_float<T>(d * u * activation_slope<kind>(g));
        up.at[i] = from_float<T>(d * activation_value<kind>(g));
    }
    store_wide(dx + from, gate);
    store_wide(dx + from + width, up);
}

void ws_cuda_gate_backward(struct ws_device *device, float *dx, const float *dy, const float *x,
                           enum ws_activation kind, size_t rows, size_t width)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    WS_CUDA_ACTIVATIONS(
        cuda,
        GPU_WIDE(T, width,
                 WITH_KIND(kind, launch(cuda, "gate backward", gate_backward<T, N, KIND>,
                                        rows * width / N, activations<T>(dx), activations<T>(dy),
                                        activations<T>(x), rows, width))));
}

/* Rotary positions ----------------------------------------------------------------------------- */

/* A thread turns N pairs of a head. r.positions is where the device sees them. */
template <class T, int N>
static __global__ void turn_pairs(T *qkv, struct ws_rotary r, bool inverse)
{
    size_t half = r.rotated / 2, turned = r.heads + r.kv_heads;
    size_t pair = thread_number() * N, i = pair % half;
    size_t row = pair / half / turned, head = pair / half % turned;
    if (row >= r.rows)
        return;
    T *a = qkv + (row * (turned + r.kv_heads) + head) * r.size + i, *b = a + half;
    wide<T, N> first = load_wide<N>(a), second = load_wide<N>(b);
    size_t angle = r.positions[row] * half + i;
    wide<float, N> cosines = load_wide<N>(r.cosines + angle);
    wide<float, N> sines = load_wide<N>(r.sines + angle);
    for (int j = 0; j < N; j++) {
        float c = cosines.at[j], s = inverse ? -sines.at[j] : sines.at[j];
        float x = to_float(first.at[j]), y = to_float(second.at[j]);
        first.at[j] = from_float<T>(x * c - y * s);
        second.at[j] = from_float<T>(y * c + x * s);
    }
    store_wide(a, first);
    store_wide(b, second);
}

void ws_cuda_rotary(struct ws_device *device, float *qkv, const struct ws_rotary *r, bool inverse)
{
    assert(r->rotated % 2 == 0 && r->rotated <= r->size);
    struct ws_cuda *cuda = ws_cuda_ready(device);
    size_t half = r->rotated / 2, pairs = r->rows * (r->heads + r->kv_heads) * half;
    if (!cuda || pairs == 0)
        return;
    struct ws_rotary sent = *r;
    sent.positions =
        (const uint32_t *)ws_cuda_send(cuda, r->positions, r->rows * sizeof *r->positions);
    size_t together = r->size % wide<bf16>::COUNT == 0 ? half : 1;
    WS_CUDA_ACTIVATIONS(cuda, GPU_WIDE(T, together,
                                       launch(cuda, "rotary", turn_pairs<T, N>, pairs / N,
                                              activations<T>(qkv), sent, inverse)));
}

/* Sums and dropout ----------------------------------------------------------------------------- */

template <class T, int N>
static __global__ void add_numbers(T *y, const T *x, const T *addend, size_t count)
{
    size_t at = thread_number() * N;
    if (at >= count)
        return;
    wide<T, N> sum = load_wide<N>(x + at), added = load_wide<N>(addend + at);
    for (int i = 0; i < N; i++)
        sum.at[i] = from_float<T>(to_float(sum.at[i]) + to_float(added.at[i]));
    store_wide(y + at, sum);
}

void ws_cuda_add(struct ws_device *device, float *y, const float *x, const float *addend,
                 size_t count)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    WS_CUDA_ACTIVATIONS(
        cuda, GPU_WIDE(T, count,
                       launch(cuda, "add", add_numbers<T, N>, count / N, activations<T>(y),
                              activations<T>(x), activations<T>(addend), count)));
}

/* A thread takes what N blocks of Philox say: N numbers, and those 16, 32 and 48 further on. */
template <class T, int N>
static __global__ void drop_numbers(T *y, const T *x, gpu_dropout dropout, size_t count)
{
    enum { EACH = DROPOUT_BLOCKS / N };
    size_t number = thread_number();
    size_t at = number / EACH * DROPOUT_GROUP + number % EACH * N;
    wide<T, N> numbers[4];
    for (int w = 0; w < 4; w++)
        if (at + w * DROPOUT_BLOCKS < count)
            numbers[w] = load_wide<N>(x + at + w * DROPOUT_BLOCKS);
    for (int i = 0; i < N; i++) {
        float factors[4];
        gpu_dropout_factors(dropout, at + i, factors);
        for (int w = 0; w < 4; w++)
            numbers[w].at[i] = from_float<T>(to_float(numbers[w].at[i]) * factors[w]);
    }
    for (int w = 0; w < 4; w++)
        if (at + w * DROPOUT_BLOCKS < count)
            store_wide(y + at + w * DROPOUT_BLOCKS, numbers[w]);
}

void ws_cuda_dropout(struct ws_device *device, float *y, const float *x,
                     const struct ws_dropout *dropout, size_t count)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    if (!gpu_dropout_is_on(dropout)) {
        if (y != x)
            WS_CUDA_ACTIVATIONS(cuda, ws_cuda_copy(device, y, x, count * sizeof(T)));
        return;
    }
    size_t blocks = (count + DROPOUT_GROUP - 1) / DROPOUT_GROUP * DROPOUT_BLOCKS;
    WS_CUDA_ACTIVATIONS(
        cuda, GPU_WIDE(T, count,
                       launch(cuda, "dropout", drop_numbers<T, N>, blocks / N, activations<T>(y),
                              activations<T>(x), gpu_dropout_of(dropout), count)));
}
