#include <assert.h>
#include <math.h>

#include "compute/cuda/cuda_device.h"

enum { THREADS = 256, SUMS = 1024 /* that the host adds up */ };

template <int N> static __global__ void add_numbers(float *sum, const float *x, size_t count)
{
    size_t at = thread_number() * N;
    if (at >= count)
        return;
    wide<float, N> numbers = load_wide<N>(sum + at), more = load_wide<N>(x + at);
    for (int i = 0; i < N; i++)
        numbers.at[i] += more.at[i];
    store_wide(sum + at, numbers);
}

void ws_cuda_accumulate(struct ws_device *device, float *sum, const float *x, size_t count)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (cuda)
        GPU_WIDE(float, count,
                 ws_cuda_launch(cuda, "accumulate", add_numbers<N>,
                                ws_cuda_blocks(count, N * THREADS), THREADS, 0, sum, x, count));
}

/* sums[b] is that of the pieces of N * THREADS numbers b, b + blocks, ... */
template <int N> static __global__ void add_squares(double *sums, const float *x, size_t count)
{
    __shared__ double shared[WARP];
    size_t step = (size_t)gridDim.x * blockDim.x * N;
    double sum = 0;
    for (size_t at = thread_number() * N; at < count; at += step) {
        wide<float, N> numbers = load_wide<N>(x + at);
        for (int i = 0; i < N; i++)
            sum += (double)numbers.at[i] * (double)numbers.at[i];
    }
    sum = block_sum(sum, shared);
    if (threadIdx.x == 0)
        sums[blockIdx.x] = sum;
}

double ws_cuda_sum_squares(struct ws_device *device, const float *x, size_t count)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    double *sums = cuda ? (double *)ws_cuda_scratch(cuda, SUMS * sizeof *sums) : NULL;
    if (!sums)
        return 0;
    double got[SUMS];
    unsigned blocks = ws_cuda_blocks(count, wide<float>::COUNT * THREADS);
    if (blocks > SUMS)
        blocks = SUMS;
    GPU_WIDE(
        float, count,
        ws_cuda_launch(cuda, "sum of squares", add_squares<N>, blocks, THREADS, 0, sums, x, count));
    ws_cuda_receive(cuda, got, sums, blocks * sizeof *sums);
    struct ws_error error;
    if (device->ops->check(device, &error) != WS_OK)
        return 0;
    double sum = 0;
    for (unsigned b = 0; b < blocks; b++)
        sum += got[b];
    return sum;
}

/* struct ws_adamw with what follows from it. */
struct adamw_step {
    float rate, decay, epsilon, scale;
    float beta1, beta2, rest1, rest2; /* rest: 1 - beta */
    float inverse1, inverse2;         /* 1 / (1 - beta^step) */
};

/* Where decay is turned off and on: struct ws_adamw. */
struct turns {
    const size_t *at; /* (count) */
    unsigned count;
};

/* How many turns there are up to `number`. */
static __device__ __forceinline__ unsigned turns_until(const turns &t, size_t number)
{
    unsigned low = 0, high = t.count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (t.at[middle] <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The law is at ws_reference_adamw. shadow may be NULL. */
template <int N>
static __global__ void update_weights(float *weight, float *first, float *second, bf16 *shadow,
                                      const float *gradient, adamw_step s, turns t, size_t count)
{
    size_t at = thread_number() * N;
    if (at >= count)
        return;
    wide<float, N> w = load_wide<N>(weight + at), m = load_wide<N>(first + at);
    wide<float, N> v = load_wide<N>(second + at), g = load_wide<N>(gradient + at);
    wide<bf16, N> narrow;
    /* All threads of a block look for the same number, so they read together. */
    unsigned turn = turns_until(t, (size_t)blockIdx.x * blockDim.x * N);
    for (int i = 0; i < N; i++) {
        while (turn < t.count && t.at[turn] <= at + i)
            turn++;
        float decay = turn % 2 == 0 ? s.decay : 0;
        float scaled = g.at[i] * s.scale;
        m.at[i] = s.beta1 * m.at[i] + s.rest1 * scaled;
        v.at[i] = s.beta2 * v.at[i] + s.rest2 * (scaled * scaled);
        float update = m.at[i] * s.inverse1 / (sqrtf(v.at[i] * s.inverse2) + s.epsilon);
        w.at[i] -= s.rate * (decay * w.at[i] + update);
        narrow.at[i] = from_float<bf16>(w.at[i]);
    }
    store_wide(weight + at, w);
    store_wide(first + at, m);
    store_wide(second + at, v);
    if (shadow)
        store_wide(shadow + at, narrow);
}

static adamw_step step_of(const struct ws_adamw *settings)
{
    double beta1 = (double)settings->beta1, beta2 = (double)settings->beta2;
    adamw_step step;
    step.rate = settings->rate;
    step.decay = settings->decay;
    step.epsilon = settings->epsilon;
    step.scale = settings->scale;
    step.beta1 = settings->beta1;
    step.beta2 = settings->beta2;
    step.rest1 = (float)(1 - beta1);
    step.rest2 = (float)(1 - beta2);
    step.inverse1 = (float)(1 / (1 - pow(beta1, (double)settings->step)));
    step.inverse2 = (float)(1 / (1 - pow(beta2, (double)settings->step)));
    return step;
}

void ws_cuda_adamw(struct ws_device *device, float *weight, float *first, float *second,
                   const float *gradient, const struct ws_adamw *settings, size_t count)
{
    assert(settings->step >= 1);
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    bf16 *shadow = ws_cuda_shadow(cuda, weight);
    const turns sent = {
        (const size_t *)ws_cuda_send(cuda, settings->turns, settings->turn_count * sizeof(size_t)),
        (unsigned)settings->turn_count};
    GPU_WIDE(float, count,
             ws_cuda_launch(cuda, "adamw", update_weights<N>, ws_cuda_blocks(count, N * THREADS),
                            THREADS, 0, weight, first, second, shadow, gradient, step_of(settings),
                            sent, count));
    if (!shadow)
        ws_cuda_changed(cuda, weight);
}
