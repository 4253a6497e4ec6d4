/*
 * Contract of gpu_on_cpu.h: kernels give what a GPU gives, and what is wrong with a kernel shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include <cmocka.h>
}
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compute/cuda/gpu.h"

/* Memory and a stream for one test. */
struct bench {
    cudaStream_t stream;
    float *in, *out; /* of the device */
    enum { COUNT = 4096 };

    bench()
    {
        assert_int_equal(cudaStreamCreate(&stream), cudaSuccess);
        assert_int_equal(cudaMalloc(&in, COUNT * sizeof *in), cudaSuccess);
        assert_int_equal(cudaMalloc(&out, COUNT * sizeof *out), cudaSuccess);
    }
    ~bench()
    {
        assert_int_equal(cudaFree(in), cudaSuccess);
        assert_int_equal(cudaFree(out), cudaSuccess);
        assert_int_equal(cudaStreamDestroy(stream), cudaSuccess);
        assert_int_equal(gpu_on_cpu_blocks(), 0);
    }
    void send(const void *host, size_t size)
    {
        assert_int_equal(cudaMemcpyAsync(in, host, size, cudaMemcpyHostToDevice, stream),
                         cudaSuccess);
    }
    void receive(void *host, size_t size)
    {
        assert_int_equal(cudaMemcpyAsync(host, out, size, cudaMemcpyDeviceToHost, stream),
                         cudaSuccess);
        assert_int_equal(cudaStreamSynchronize(stream), cudaSuccess);
    }
    template <class... P, class... A>
    void launch(void (*kernel)(P...), unsigned blocks, unsigned threads, size_t shared, A... given)
    {
        assert_int_equal(gpu_launch(stream, kernel, dim3(blocks), threads, shared, given...),
                         cudaSuccess);
    }
};

/* Every order of threads; `body` is told it. */
template <class Body> static void in_every_order(const Body &body)
{
    for (uint64_t run = 0; run < 6; run++) {
        gpu_on_cpu_order(run == 0 ? GPU_FORWARDS : run == 1 ? GPU_BACKWARDS : GPU_SHUFFLED, run);
        body();
    }
}

/* Kernels that are right ----------------------------------------------------------------------- */

static __global__ void block_sums(float *out, const float *in, size_t count)
{
    __shared__ float shared[WARP];
    float sum = 0;
    for (size_t i = threadIdx.x; i < count; i += blockDim.x)
        sum += in[blockIdx.x * count + i];
    sum = block_sum(sum, shared);
    float most = block_max((float)threadIdx.x, shared);
    if (threadIdx.x == 0) {
        out[2 * blockIdx.x] = sum;
        out[2 * blockIdx.x + 1] = most;
    }
}

static void blocks__add_up_in_every_order(void **)
{
    in_every_order([] {
        enum { BLOCKS = 8, EACH = 500, THREADS = 96 };
        float in[BLOCKS * EACH], out[2 * BLOCKS];
        for (int i = 0; i < BLOCKS * EACH; i++)
            in[i] = (float)(i % 13);
        bench b;
        b.send(in, sizeof in);
        b.launch(block_sums, BLOCKS, THREADS, 0, b.out, b.in, EACH);
        b.receive(out, sizeof out);
        for (int i = 0; i < BLOCKS; i++) {
            float sum = 0;
            for (int k = 0; k < EACH; k++)
                sum += in[i * EACH + k];
            assert_true(out[2 * i] == sum);
            assert_true(out[2 * i + 1] == THREADS - 1);
        }
    });
}

static __global__ void warp_words(uint32_t *out)
{
    unsigned lane = threadIdx.x % WARP, half = lane < 16 ? 0xffffU : 0xffff0000U;
    uint32_t *mine = out + threadIdx.x * 8;
    mine[0] = __shfl_sync(0xffffffffU, lane, 5);
    mine[1] = __shfl_up_sync(0xffffffffU, lane, 3);
    mine[2] = __shfl_down_sync(0xffffffffU, lane, 3, 8);
    mine[3] = __ballot_sync(0xffffffffU, lane % 3 == 0);
    mine[4] = __shfl_xor_sync(half, lane, 1);
    mine[5] = __ballot_sync(half, 1);
    mine[6] = (uint32_t)__any_sync(0xffffffffU, lane == 7) +
              2 * (uint32_t)__all_sync(0xffffffffU, lane < 31);
    mine[7] = (uint32_t)__shfl_sync(0xffffffffU, (double)lane + 0.5, (int)lane + 33);
}

static void warps__shuffle_and_vote(void **)
{
    in_every_order([] {
        static uint32_t out[64 * 8];
        bench b;
        b.launch(warp_words, 1, 64, 0, (uint32_t *)b.out);
        b.receive(out, sizeof out);
        for (unsigned i = 0; i < 64; i++) {
            unsigned lane = i % 32;
            const uint32_t *mine = out + i * 8;
            assert_int_equal(mine[0], 5);
            assert_int_equal(mine[1], lane < 3 ? lane : lane - 3);
            assert_int_equal(mine[2], lane % 8 < 5 ? lane + 3 : lane);
            assert_int_equal(mine[3], 0x49249249U);
            assert_int_equal(mine[4], lane ^ 1);
            assert_int_equal(mine[5], lane < 16 ? 0xffffU : 0xffff0000U);
            assert_int_equal(mine[6], 1);
            assert_int_equal(mine[7], (lane + 1) % 32);
        }
    });
}

/* out (16, 8) = a (16, 16) b (16, 8), b row by row or column by column. */
static __global__ void product_bf16(float *out, const bf16 *in, bool by_column)
{
    GPU_SHARED(bf16, shared);
    unsigned lane = threadIdx.x, group = lane / 4, t = lane % 4;
    for (unsigned i = lane; i < (16 * 16 + 16 * 8) / 8; i += WARP)
        copy_async(shared + 8 * i, in + 8 * i, true);
    copy_async_group();
    copy_async_wait<0>();
    __syncwarp();
    uint32_t a[4], b[4];
    float c[4] = {};
    load_matrices(a, shared + (lane % 16) * 16 + lane / 16 * 8);
    const bf16 *second = shared + 16 * 16;
    if (by_column) /* (8, 16): the second half of the matrices is the first again */
        load_matrices(b, second + (lane % 8) * 16 + lane / 8 % 2 * 8);
    else
        load_matrices_transposed(b, second + (lane % 16) * 8);
    mma_bf16(c, a, b);
    for (unsigned i = 0; i < 4; i++)
        out[(group + i / 2 * 8) * 8 + 2 * t + i % 2] = c[i];
}

static __global__ void product_tf32(float *out, const float *in)
{
    unsigned lane = threadIdx.x, group = lane / 4, t = lane % 4;
    uint32_t a[4], b[2];
    float c[4] = {};
    for (unsigned half = 0; half < 2; half++) {
        for (unsigned w = 0; w < 4; w++)
            a[w] = __float_as_uint(in[(group + w % 2 * 8) * 16 + half * 8 + w / 2 * 4 + t]);
        for (unsigned w = 0; w < 2; w++)
            b[w] = __float_as_uint(in[256 + (half * 8 + w * 4 + t) * 8 + group]);
        mma_tf32(c, a, b);
    }
    for (unsigned i = 0; i < 4; i++)
        out[(group + i / 2 * 8) * 8 + 2 * t + i % 2] = c[i];
}

static void matrices__are_multiplied(void **)
{
    enum { A = 16 * 16, B = 16 * 8, C = 16 * 8 };
    float in[A + B], turned[A + B], wanted[C], out[C];
    bf16 narrow[A + B];
    for (int i = 0; i < A + B; i++)
        in[i] = (float)(i * 7 % 31 - 15); /* exact in bf16, as are their sums in f32 */
    memcpy(turned, in, sizeof in);
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < 8; k++)
            turned[A + k * 16 + i] = in[A + i * 8 + k];
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < 8; k++) {
            wanted[i * 8 + k] = 0;
            for (int j = 0; j < 16; j++)
                wanted[i * 8 + k] += in[i * 16 + j] * in[A + j * 8 + k];
        }
    in_every_order([&] {
        for (int by_column = 0; by_column < 2; by_column++) {
            for (int i = 0; i < A + B; i++)
                narrow[i] = from_float<bf16>(by_column ? turned[i] : in[i]);
            bench b;
            b.send(narrow, sizeof narrow);
            b.launch(product_bf16, 1, WARP, sizeof narrow, b.out, (bf16 *)b.in, by_column);
            b.receive(out, sizeof out);
            assert_memory_equal(out, wanted, sizeof out);
        }
        bench b;
        b.send(in, sizeof in);
        b.launch(product_tf32, 1, WARP, 0, b.out, b.in);
        b.receive(out, sizeof out);
        assert_memory_equal(out, wanted, sizeof out);
    });
}

static __global__ void drop_bits(float *out, const float *in)
{
    uint32_t a[4] = {}, b[2] = {};
    float c[4] = {};
    if (threadIdx.x == 0)
        a[0] = __float_as_uint(in[0]), b[0] = __float_as_uint(1);
    mma_tf32(c, a, b);
    if (threadIdx.x == 0)
        out[0] = c[0];
}

static void tf32__drops_the_lower_bits(void **)
{
    const float in = 1 + 0x1p-10F + 0x1p-11F;
    float out = 0;
    bench b;
    b.send(&in, sizeof in);
    b.launch(drop_bits, 1, WARP, 0, b.out, b.in);
    b.receive(&out, sizeof out);
    assert_true(out == 1 + 0x1p-10F);
}

/* Kernels that are wrong ----------------------------------------------------------------------- */

/* Turns a block's numbers round, with the barrier that it needs or without. */
template <bool barrier> static __global__ void turn_round(float *out, const float *in)
{
    GPU_SHARED(float, shared);
    shared[threadIdx.x] = in[threadIdx.x];
    if (barrier)
        __syncthreads();
    out[threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}

/* The same with a copy that goes on beside, with the wait or without. */
template <bool wait> static __global__ void copy_late(float *out, const float *in)
{
    GPU_SHARED(float, shared);
    copy_async(shared + 4 * threadIdx.x, in + 4 * threadIdx.x, true);
    copy_async_group();
    if (wait)
        copy_async_wait<0>();
    __syncthreads();
    out[threadIdx.x] = shared[4 * (blockDim.x - 1 - threadIdx.x)];
}

/* What lanes of a warp hand to each other through memory. */
template <bool barrier> static __global__ void warp_memory(float *out, const float *in)
{
    GPU_SHARED(float, shared);
    for (int i = 0; i < 3; i++) {
        shared[threadIdx.x] = in[threadIdx.x] + (float)i;
        if (barrier)
            __syncwarp();
        out[threadIdx.x] = shared[threadIdx.x ^ 1];
        if (barrier)
            __syncwarp();
    }
}

/* Whether the kernel gives these numbers in every order. */
static bool always(void (*kernel)(float *, const float *), unsigned threads, const float *in,
                   const float *wanted)
{
    bool right = true;
    in_every_order([&] {
        float out[256];
        bench b;
        b.send(in, 4 * threads * sizeof *in);
        b.launch(kernel, 1, threads, 4 * threads * sizeof *in, b.out, b.in);
        b.receive(out, threads * sizeof *out);
        right = right && memcmp(out, wanted, threads * sizeof *out) == 0;
    });
    return right;
}

static void barriers__are_missed(void **)
{
    enum { THREADS = 64 };
    float in[4 * THREADS], turned[THREADS], copied[THREADS], swapped[THREADS];
    for (int i = 0; i < 4 * THREADS; i++)
        in[i] = (float)i;
    for (int i = 0; i < THREADS; i++) {
        turned[i] = in[THREADS - 1 - i];
        copied[i] = in[4 * (THREADS - 1 - i)];
        swapped[i] = in[i ^ 1] + 2;
    }
    assert_true(always(turn_round<true>, THREADS, in, turned));
    assert_false(always(turn_round<false>, THREADS, in, turned));
    assert_true(always(copy_late<true>, THREADS, in, copied));
    assert_false(always(copy_late<false>, THREADS, in, copied));
    assert_true(always(warp_memory<true>, THREADS, in, swapped));
    assert_false(always(warp_memory<false>, THREADS, in, swapped));
}

static __global__ void leave_some_waiting()
{
    if (threadIdx.x != 3)
        __syncthreads();
}

static __global__ void shuffle_with_half()
{
    if (threadIdx.x < 16)
        (void)__shfl_sync(0xffffffffU, 1, 0);
    __syncthreads();
}

static __global__ void shuffle_and_vote()
{
    if (threadIdx.x < 16)
        (void)__shfl_sync(0xffffffffU, 1, 0);
    else
        (void)__ballot_sync(0xffffffffU, 1);
}

static __global__ void shuffle_without_itself()
{
    (void)__shfl_sync(0xffffU, 1, 0);
}

static __global__ void write_at(float *at, size_t i)
{
    at[i] = 1;
}

static __global__ void copy_from_odd_place(const float *in)
{
    GPU_SHARED(float, shared);
    copy_async(shared, in + 1, true);
}

/* What a kernel, and whatever else, says as it ends the program; empty: it does not. */
template <class Body> static const char *last_words(const Body &body)
{
    static char said[4096];
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        bench b;
        body(b);
        (void)cudaStreamSynchronize(b.stream);
        _exit(0);
    }
    (void)close(ends[1]);
    size_t count = 0;
    for (ssize_t more; (more = read(ends[0], said + count, sizeof said - 1 - count)) > 0;)
        count += (size_t)more;
    said[count] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT))
        said[0] = '\0';
    return said;
}

#define assert_says(words, body)                                                                   \
    do {                                                                                           \
        const char *said = last_words([](bench &b) { body; });                                     \
        if (!strstr(said, words))                                                                  \
            fail_msg("'%s' is not in '%s'", words, said);                                          \
    } while (0)

static void mistakes__end_the_program_by_name(void **)
{
    gpu_on_cpu_order(GPU_FORWARDS, 0);
    assert_says("1 of 64 have ended", b.launch(leave_some_waiting, 2, 64, 0));
    assert_says("63 wait at __syncthreads", b.launch(leave_some_waiting, 2, 64, 0));
    assert_says("16 wait at a shuffle", b.launch(shuffle_with_half, 1, WARP, 0));
    assert_says("meets a shuffle", b.launch(shuffle_and_vote, 1, WARP, 0));
    assert_says("in which lane 16 is not", b.launch(shuffle_without_itself, 1, WARP, 0));
    assert_says("bytes from the start of a block",
                b.launch(write_at, 1, WARP, 0, b.in, bench::COUNT));
    assert_says("bytes from the start of a block", b.launch(write_at, 1, WARP, 0, b.in, -512));
    assert_says("the host reaches into device memory", b.in[0] = 1);
    assert_says("no multiples of 16", b.launch(copy_from_odd_place, 1, WARP, 16, b.in));
    assert_says("no whole warps", b.launch(leave_some_waiting, 1, 33, 0));
}

/* The names of kernels are looked up by a program that need not be there. */
static void writes_into_margins__are_seen(void **)
{
    assert_says("something wrote behind a block of 20 bytes", {
        float *small = NULL;
        (void)cudaMalloc(&small, 5 * sizeof *small);
        b.launch(write_at, 1, WARP, 0, small, 5);
    });
}

/* The runtime ---------------------------------------------------------------------------------- */

static void streams__do_nothing_until_waited_for(void **)
{
    bench b;
    float *pinned = NULL;
    assert_int_equal(cudaMallocHost(&pinned, 2 * sizeof *pinned), cudaSuccess);
    pinned[0] = 1;
    pinned[1] = 0;
    b.send(pinned, sizeof *pinned);
    pinned[0] = 2; /* too early: this is what arrives */
    assert_int_equal(
        cudaMemcpyAsync(pinned + 1, b.in, sizeof *pinned, cudaMemcpyDeviceToHost, b.stream),
        cudaSuccess);
    assert_true(pinned[1] == 0);
    assert_int_equal(cudaStreamSynchronize(b.stream), cudaSuccess);
    assert_true(pinned[1] == 2);
    /* Memory that is not pinned is taken at once. */
    float own = 5, back = 0;
    b.send(&own, sizeof own);
    own = 6;
    assert_int_equal(cudaMemcpy(&back, b.in, sizeof back, cudaMemcpyDeviceToHost), cudaSuccess);
    assert_true(back == 5);
    assert_int_equal(cudaFreeHost(pinned), cudaSuccess);
}

static void runtime__returns_errors(void **)
{
    bench b;
    float *more = NULL, host = 0;
    gpu_on_cpu_fail_allocations(1);
    assert_int_equal(cudaMalloc(&more, 4), cudaSuccess);
    assert_int_equal(cudaFree(more), cudaSuccess);
    assert_int_equal(cudaMalloc(&more, 4), cudaErrorMemoryAllocation);
    gpu_on_cpu_fail_allocations(-1);
    assert_int_equal(cudaMalloc(&more, (size_t)1 << 45), cudaErrorMemoryAllocation);
    assert_int_equal(gpu_launch(b.stream, leave_some_waiting, dim3(1), 2048, 0),
                     cudaErrorInvalidConfiguration);
    assert_int_equal(gpu_launch(b.stream, leave_some_waiting, dim3(1), 32, (size_t)1 << 20),
                     cudaErrorInvalidValue);
    assert_int_equal(cudaMemcpyAsync(&host, b.in, 4, cudaMemcpyHostToDevice, b.stream),
                     cudaErrorInvalidValue);
    assert_int_equal(cudaSetDevice(1), cudaErrorInvalidDevice);
    assert_string_equal(cudaGetErrorName(cudaErrorInvalidDevice), "cudaErrorInvalidDevice");
}

int main()
{
    const CMUnitTest tests[] = {
        cmocka_unit_test(blocks__add_up_in_every_order),
        cmocka_unit_test(warps__shuffle_and_vote),
        cmocka_unit_test(matrices__are_multiplied),
        cmocka_unit_test(tf32__drops_the_lower_bits),
        cmocka_unit_test(barriers__are_missed),
        cmocka_unit_test(mistakes__end_the_program_by_name),
        cmocka_unit_test(writes_into_margins__are_seen),
        cmocka_unit_test(streams__do_nothing_until_waited_for),
        cmocka_unit_test(runtime__returns_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
