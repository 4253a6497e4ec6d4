/*
 * Our own matrix products, for where there is no matrix library and for shapes that it refuses.
 *
 * A block makes one tile of C, over all of k or, where C has few tiles and k is long, over one
 * piece of it; then a second kernel adds up the pieces, in order. Operands go through shared memory
 * in stages: one is multiplied while the next are on their way. bf16 and tf32 are multiplied by
 * matrix instructions, f32 by plain ones.
 */
#include "compute/cuda/cuda_matrix.h"

enum {
    STAGES = 3,
    STAGE_BYTES = 128, /* of k, in a stage: of a row of an operand that lies along k */
    STEP_BYTES = 32,   /* of k, in a matrix instruction */
    STEPS = STAGE_BYTES / STEP_BYTES,
    GROUP = 8,      /* rows of tiles that follow each other, so that blocks share what they read */
    ADDERS = 256,   /* threads of a block that adds up pieces */
    RUN = 8,        /* numbers of a row of C that a thread stores at once */
    PIECES = 64,    /* at most */
    PIECE = 512,    /* of k, at least */
    STRETCH = 2048, /* of k, that f32 is summed over at once */
    MACHINE = 132,  /* multiprocessors to plan for: results must not depend on how many we have */
};

struct operand {
    const void *numbers;
    size_t columns;
    bool whole; /* rows begin at multiples of WIDE bytes */
};

struct result {
    void *numbers;
    size_t columns;
    bool whole;
    bool narrow; /* bf16 */
    bool add;
    const float *bias;
};

struct problem {
    size_t m, n, k;
    size_t piece; /* of k, a block */
    size_t apart; /* how far apart the results of pieces are */
    unsigned tiles_m, tiles_n;
    struct operand a, b;
    struct result c;
};

/* Operands in shared memory -------------------------------------------------------------------- */

/* One operand's stage for SIZE rows or columns of C, as it lies in memory: rows of C's rows, or of
 * k. It is kept in chunks of WIDE bytes, moved about within a row such that those which a warp
 * reads together lie in different banks. */
template <class T, bool ALONG_K, unsigned SIZE> struct panel {
    static constexpr unsigned EACH = WIDE / sizeof(T);
    static constexpr unsigned DEPTH = STAGE_BYTES / sizeof(T);
    static constexpr unsigned ROWS = ALONG_K ? SIZE : DEPTH;
    static constexpr unsigned CHUNKS = (ALONG_K ? DEPTH : SIZE) / EACH;
    static constexpr unsigned COUNT = SIZE * DEPTH;

    static __device__ __forceinline__ unsigned place(unsigned row, unsigned chunk)
    {
        unsigned by = sizeof(T) == 4 && !ALONG_K ? row % 4 * 2 : row % 8;
        return (row * CHUNKS + (chunk ^ by)) * EACH;
    }

    /* C's rows or columns from `first` on, up to `end`; k's from `k` on, up to `k_end`; zeros
     * beyond them. */
    template <unsigned THREADS, unsigned AT_ONCE>
    static __device__ __forceinline__ void load(T *to, const struct operand &from, size_t first,
                                                size_t end, size_t k, size_t k_end)
    {
        size_t rows = ALONG_K ? end : k_end, columns = ALONG_K ? k_end : end;
        static_assert(ROWS * CHUNKS % THREADS == 0, "threads load equally much");
#pragma unroll AT_ONCE
        for (unsigned i = 0; i < ROWS * CHUNKS / THREADS; i++) {
            unsigned row_here = (i * THREADS + threadIdx.x) / CHUNKS;
            unsigned chunk = (i * THREADS + threadIdx.x) % CHUNKS;
            size_t row = (ALONG_K ? first : k) + row_here;
            size_t column = (ALONG_K ? k : first) + chunk * EACH;
            size_t there = row < rows && column < columns ? columns - column : 0;
            copy(to + place(row_here, chunk), from, row * from.columns + column, there);
        }
    }

  private:
    static __device__ __forceinline__ void copy(T *to, const struct operand &from, size_t at,
                                                size_t there)
    {
        const T *numbers = static_cast<const T *>(from.numbers);
        if (from.whole && (there == 0 || there >= EACH)) {
            copy_async(to, numbers + (there > 0 ? at : 0), there > 0);
        } else {
            wide<T> chunk;
#pragma unroll
            for (unsigned i = 0; i < EACH; i++)
                chunk.at[i] = i < there ? numbers[at + i] : from_float<T>(0);
            store_wide(to, chunk);
        }
    }
};

/* Results -------------------------------------------------------------------------------------- */

static __device__ __forceinline__ void store_one(const struct result &c, size_t at, float sum)
{
    if (c.narrow) {
        bf16 *to = static_cast<bf16 *>(c.numbers) + at;
        *to = from_float<bf16>(c.add ? to_float(*to) + sum : sum);
    } else {
        float *to = static_cast<float *>(c.numbers) + at;
        *to = c.add ? *to + sum : sum;
    }
}

template <class T>
static __device__ __forceinline__ void store_whole(T *to, bool add, const float sums[RUN])
{
    constexpr unsigned EACH = wide<T>::COUNT;
#pragma unroll
    for (unsigned i = 0; i < RUN; i += EACH) {
        wide<T> out;
        if (add)
            out = load_wide(to + i);
#pragma unroll
        for (unsigned j = 0; j < EACH; j++)
            out.at[j] = from_float<T>(add ? to_float(out.at[j]) + sums[i + j] : sums[i + j]);
        store_wide(to + i, out);
    }
}

/* `count` of them, which may be none. */
static __device__ __forceinline__ void store_run(const struct result &c, size_t at,
                                                 const float sums[RUN], unsigned count)
{
    if (c.whole && count == RUN && c.narrow) {
        store_whole(static_cast<bf16 *>(c.numbers) + at, c.add, sums);
    } else if (c.whole && count == RUN) {
        store_whole(static_cast<float *>(c.numbers) + at, c.add, sums);
    } else {
#pragma unroll
        for (unsigned i = 0; i < RUN; i++)
            if (i < count)
                store_one(c, at + i, sums[i]);
    }
}

/* Tiles by matrix instructions ----------------------------------------------------------------- */

/* M x N of C by warps that make WARP_M x WARP_N each. */
template <class NUMBER, bool A_ALONG_K, bool B_ALONG_K, unsigned M_, unsigned N_, unsigned WARP_M,
          unsigned WARP_N>
struct matrix_tile {
    typedef NUMBER T;
    static constexpr unsigned M = M_, N = N_;
    static constexpr unsigned THREADS = M / WARP_M * (N / WARP_N) * WARP;
    static constexpr unsigned AT_ONCE = 16; /* chunks of a panel that a thread has in hand */
    typedef panel<T, A_ALONG_K, M> a_panel;
    typedef panel<T, B_ALONG_K, N> b_panel;
    static constexpr unsigned STAGE = a_panel::COUNT + b_panel::COUNT; /* numbers */

    float sums[WARP_M / 16][WARP_N / 8][4];

    __device__ __forceinline__ void clear()
    {
#pragma unroll
        for (unsigned i = 0; i < WARP_M / 16; i++)
#pragma unroll
            for (unsigned j = 0; j < WARP_N / 8; j++)
#pragma unroll
                for (unsigned e = 0; e < 4; e++)
                    sums[i][j][e] = 0;
    }

    /* Adds the products of a stage. What the next step needs is loaded before this one's products.
     */
    __device__ __forceinline__ void multiply(const T *a, const T *b)
    {
        uint32_t of_a[2][WARP_M / 16][4], of_b[2][WARP_N / 16][4];
        load(of_a[0], of_b[0], a, b, 0);
#pragma unroll
        for (unsigned step = 0; step < STEPS; step++) {
            if (step + 1 < STEPS)
                load(of_a[(step + 1) % 2], of_b[(step + 1) % 2], a, b, step + 1);
#pragma unroll
            for (unsigned i = 0; i < WARP_M / 16; i++)
#pragma unroll
                for (unsigned j = 0; j < WARP_N / 8; j++)
                    product(sums[i][j], of_a[step % 2][i], of_b[step % 2][j / 2] + j % 2 * 2);
        }
    }

    /* 16 rows of each warp at a time go through `shared`, for long stores. */
    __device__ __forceinline__ void store(const struct problem &p, const struct result &c,
                                          size_t first_m, size_t first_n, void *shared)
    {
        constexpr unsigned PITCH = WARP_N + 8; /* rows g and g + 4 share banks, no others */
        constexpr unsigned LANES = WARP_N / RUN;
        unsigned lane = threadIdx.x % WARP;
        float *rows = static_cast<float *>(shared) + threadIdx.x / WARP * 16 * PITCH;
        unsigned run = lane % LANES * RUN;
        size_t column = first_n + warp_n() + run;
        unsigned count = column < p.n ? (unsigned)min(p.n - column, (size_t)RUN) : 0;
        float bias[RUN];
#pragma unroll
        for (unsigned i = 0; i < RUN; i++)
            bias[i] = c.bias && i < count ? c.bias[column + i] : 0;
#pragma unroll
        for (unsigned i = 0; i < WARP_M / 16; i++) {
#pragma unroll
            for (unsigned j = 0; j < WARP_N / 8; j++) {
                float *to = rows + lane / 4 * PITCH + j * 8 + lane % 4 * 2;
                *reinterpret_cast<float2 *>(to) = make_float2(sums[i][j][0], sums[i][j][1]);
                *reinterpret_cast<float2 *>(to + 8 * PITCH) =
                    make_float2(sums[i][j][2], sums[i][j][3]);
            }
            __syncwarp();
#pragma unroll
            for (unsigned r = lane / LANES; r < 16; r += WARP / LANES) {
                size_t row = first_m + warp_m() + i * 16 + r;
                float out[RUN];
#pragma unroll
                for (unsigned e = 0; e < RUN; e += 4) {
                    float4 four = *reinterpret_cast<const float4 *>(rows + r * PITCH + run + e);
                    out[e] = four.x + bias[e];
                    out[e + 1] = four.y + bias[e + 1];
                    out[e + 2] = four.z + bias[e + 2];
                    out[e + 3] = four.w + bias[e + 3];
                }
                if (row < p.m)
                    store_run(c, row * c.columns + column, out, count);
            }
            __syncwarp();
        }
    }

  private:
    /* Where the warp's part of the tile begins. */
    static __device__ __forceinline__ unsigned warp_m()
    {
        return threadIdx.x / WARP / (N / WARP_N) * WARP_M;
    }

    static __device__ __forceinline__ unsigned warp_n()
    {
        return threadIdx.x / WARP % (N / WARP_N) * WARP_N;
    }

    static __device__ __forceinline__ void product(float c[4], const uint32_t a[4],
                                                   const uint32_t b[2])
    {
        if constexpr (sizeof(T) == 2)
            mma_bf16(c, a, b);
        else
            mma_tf32(c, a, b);
    }

    static __device__ __forceinline__ void load(uint32_t of_a[][4], uint32_t of_b[][4], const T *a,
                                                const T *b, unsigned step)
    {
#pragma unroll
        for (unsigned i = 0; i < WARP_M / 16; i++)
            load_words<a_panel, A_ALONG_K, true>(of_a[i], a, warp_m() + i * 16, step);
#pragma unroll
        for (unsigned j = 0; j < WARP_N / 16; j++)
            load_words<b_panel, B_ALONG_K, false>(of_b[j], b, warp_n() + j * 16, step);
    }

    /* The words that the instruction takes, for 16 of C's rows (A) or twice 8 of its columns (B).
     * A word is of 8 rows or columns and of half the step's k: those of A have the two eights of
     * the first half first, those of B the two halves of the first eight. */
    template <class panel, bool ALONG_K, bool OF_A>
    static __device__ __forceinline__ void load_words(uint32_t out[4], const T *from,
                                                      unsigned first, unsigned step)
    {
        constexpr unsigned DEEP = STEP_BYTES / sizeof(T); /* k of a step */
        unsigned lane = threadIdx.x % WARP, word = lane / 8, row = lane % 8;
        unsigned eight = OF_A ? word % 2 : word / 2, half = OF_A ? word / 2 : word % 2;
        if constexpr (ALONG_K) {
            load_matrices(out, from + panel::place(first + eight * 8 + row, step * 2 + half));
        } else if constexpr (sizeof(T) == 2) {
            load_matrices_transposed(
                out, from + panel::place(step * DEEP + half * 8 + row, first / 8 + eight));
        } else {
#pragma unroll
            for (unsigned w = 0; w < 4; w++) {
                unsigned k = step * DEEP + (OF_A ? w / 2 : w % 2) * 4 + lane % 4;
                unsigned at = first + (OF_A ? w % 2 : w / 2) * 8 + lane / 4;
                out[w] = __float_as_uint(from[panel::place(k, at / 4) + at % 4]);
            }
        }
        if constexpr (sizeof(T) == 4) {
#pragma unroll
            for (unsigned w = 0; w < 4; w++)
                out[w] = to_tf32(__uint_as_float(out[w]));
        }
    }
};

/* Tiles by plain instructions ------------------------------------------------------------------ */

/* M x N of C by threads that make 8 x 8 each. Which 8 depends on how an operand lies: those of an
 * operand along k are apart, so that neighbours read different banks; else they are two fours. */
template <bool A_ALONG_K, bool B_ALONG_K, unsigned M_, unsigned N_> struct plain_tile {
    typedef float T;
    static constexpr unsigned M = M_, N = N_;
    static constexpr unsigned THREADS = M / 8 * (N / 8);
    static constexpr unsigned AT_ONCE = 2; /* registers are for sums */
    typedef panel<T, A_ALONG_K, M> a_panel;
    typedef panel<T, B_ALONG_K, N> b_panel;
    static constexpr unsigned STAGE = a_panel::COUNT + b_panel::COUNT; /* numbers */

    float sums[8][8];

    __device__ __forceinline__ void clear()
    {
#pragma unroll
        for (unsigned i = 0; i < 8; i++)
#pragma unroll
            for (unsigned j = 0; j < 8; j++)
                sums[i][j] = 0;
    }

    __device__ __forceinline__ void multiply(const T *a, const T *b)
    {
#pragma unroll 1
        for (unsigned chunk = 0; chunk < STAGE_BYTES / WIDE; chunk++) {
            float of_a[2][4][4], of_b[4][4]; /* of four numbers: four of k */
            load<a_panel, A_ALONG_K, M>(of_a[0], a, thread_m(), 0, chunk);
            load<a_panel, A_ALONG_K, M>(of_a[1], a, thread_m(), 1, chunk);
#pragma unroll
            for (unsigned half = 0; half < 2; half++) {
                load<b_panel, B_ALONG_K, N>(of_b, b, thread_n(), half, chunk);
#pragma unroll
                for (unsigned k = 0; k < 4; k++)
#pragma unroll
                    for (unsigned i = 0; i < 8; i++)
#pragma unroll
                        for (unsigned j = 0; j < 4; j++)
                            sums[i][half * 4 + j] += of_a[i / 4][i % 4][k] * of_b[j][k];
            }
        }
    }

    __device__ __forceinline__ void store(const struct problem &p, const struct result &c,
                                          size_t first_m, size_t first_n, void *)
    {
#pragma unroll
        for (unsigned j = 0; j < 8; j++) {
            size_t column = first_n + place<B_ALONG_K, N>(thread_n(), j);
            float bias = c.bias && column < p.n ? c.bias[column] : 0;
#pragma unroll
            for (unsigned i = 0; i < 8; i++) {
                size_t row = first_m + place<A_ALONG_K, M>(thread_m(), i);
                if (row < p.m && column < p.n)
                    store_one(c, row * c.columns + column, sums[i][j] + bias);
            }
        }
    }

  private:
    /* A warp is four threads down and eight across. */
    static __device__ __forceinline__ unsigned thread_m()
    {
        return threadIdx.x / WARP / (N / 64) * 4 + threadIdx.x % WARP / 8;
    }

    static __device__ __forceinline__ unsigned thread_n()
    {
        return threadIdx.x / WARP % (N / 64) * 8 + threadIdx.x % 8;
    }

    /* Of the thread's number i. */
    template <bool ALONG_K, unsigned SIZE>
    static __device__ __forceinline__ unsigned place(unsigned thread, unsigned i)
    {
        return ALONG_K ? i * (SIZE / 8) + thread : i / 4 * (SIZE / 2) + thread * 4 + i % 4;
    }

    /* Of half of the thread's numbers. */
    template <class panel, bool ALONG_K, unsigned SIZE>
    static __device__ __forceinline__ void load(float out[4][4], const T *from, unsigned thread,
                                                unsigned half, unsigned chunk)
    {
#pragma unroll
        for (unsigned i = 0; i < 4; i++) {
            /* Along k: number i's four of k. Else: all four numbers, of k's number i. */
            unsigned row = ALONG_K ? place<ALONG_K, SIZE>(thread, half * 4 + i) : chunk * 4 + i;
            unsigned at = ALONG_K ? chunk : place<ALONG_K, SIZE>(thread, half * 4) / 4;
            wide<float> four = load_wide(from + panel::place(row, at));
#pragma unroll
            for (unsigned e = 0; e < 4; e++)
                (ALONG_K ? out[i][e] : out[e][i]) = four.at[e];
        }
    }
};

/* Kernels -------------------------------------------------------------------------------------- */

template <class tile>
static __device__ __forceinline__ void load_stage(typename tile::T *shared, const struct problem &p,
                                                  size_t first_m, size_t first_n, size_t k,
                                                  size_t k_end)
{
    tile::a_panel::template load<tile::THREADS, tile::AT_ONCE>(shared, p.a, first_m, p.m, k, k_end);
    tile::b_panel::template load<tile::THREADS, tile::AT_ONCE>(shared + tile::a_panel::COUNT, p.b,
                                                               first_n, p.n, k, k_end);
}

template <class tile>
static __global__ void __launch_bounds__(tile::THREADS) make_tiles(const struct problem p)
{
    typedef typename tile::T T;
    constexpr unsigned DEPTH = tile::a_panel::DEPTH;
    GPU_SHARED(T, shared);

    /* Down a group of GROUP rows of tiles, then to the next column. */
    unsigned group = blockIdx.x / (GROUP * p.tiles_n), in_group = blockIdx.x % (GROUP * p.tiles_n);
    unsigned rows = min(p.tiles_m - group * GROUP, (unsigned)GROUP);
    size_t first_m = (size_t)(group * GROUP + in_group % rows) * tile::M;
    size_t first_n = (size_t)(in_group / rows) * tile::N;
    size_t k = blockIdx.y * p.piece, k_end = min(k + p.piece, p.k);
    unsigned stages = (unsigned)((k_end - k + DEPTH - 1) / DEPTH);

    struct result c = p.c;
    if (blockIdx.y > 0)
        c.numbers = static_cast<float *>(c.numbers) + blockIdx.y * p.apart;

    tile sums;
    sums.clear();
    for (unsigned s = 0; s < STAGES - 1; s++) {
        if (s < stages)
            load_stage<tile>(shared + s * tile::STAGE, p, first_m, first_n, k + s * DEPTH, k_end);
        copy_async_group();
    }
    for (unsigned s = 0; s < stages; s++) {
        copy_async_wait<STAGES - 2>();
        __syncthreads(); /* stage s is there, and nobody reads s - 1, whose place is loaded now */
        unsigned next = s + STAGES - 1;
        if (next < stages)
            load_stage<tile>(shared + next % STAGES * tile::STAGE, p, first_m, first_n,
                             k + next * (size_t)DEPTH, k_end);
        copy_async_group();
        const T *a = shared + s % STAGES * tile::STAGE;
        sums.multiply(a, a + tile::a_panel::COUNT);
    }
    __syncthreads();
    sums.store(p, c, first_m, first_n, shared);
}

/* C from the sums over each piece of k, which lie m * n apart. */
static __global__ void __launch_bounds__(ADDERS)
    add_pieces(struct result c, const float *parts, unsigned pieces, unsigned m, unsigned n)
{
    unsigned i = blockIdx.x * ADDERS + threadIdx.x, count = m * n;
    if (i >= count)
        return;
    float sum = c.bias ? c.bias[i % n] : 0;
    for (unsigned piece = 0; piece < pieces; piece++)
        sum += parts[(size_t)piece * count + i];
    store_one(c, i / n * c.columns + i % n, sum);
}

/* Plans ---------------------------------------------------------------------------------------- */

enum tile_size { LARGE, MIDDLE, SMALL, TILE_SIZES };

static const struct {
    unsigned m, n;
    double effort; /* of a product, relative to a large tile's */
} TILE[TILE_SIZES] = {{256, 128, 1}, {128, 128, 1.15}, {64, 64, 2}};

struct plan {
    enum tile_size size;
    unsigned pieces;
    size_t piece;
};

static size_t pieces_of(size_t whole, size_t each)
{
    return (whole + each - 1) / each;
}

/* How long it takes, in products that a multiprocessor makes: those of the blocks that one of them
 * makes in turn, their starting, and the adding up. */
static double effort(const struct ws_cuda_product *p, const struct plan *plan)
{
    const double START = 1e6, SECOND_KERNEL = 4e6, NUMBER = 5;
    size_t m = TILE[plan->size].m, n = TILE[plan->size].n;
    size_t blocks = pieces_of(p->m, m) * pieces_of(p->n, n) * plan->pieces;
    double products = (double)(m * n) * (double)plan->piece * TILE[plan->size].effort;
    double adding = SECOND_KERNEL + NUMBER * (double)plan->pieces * (double)p->m * (double)p->n;
    return (double)pieces_of(blocks, MACHINE) * (products + START) +
           (plan->pieces > 1 ? adding : 0);
}

static struct plan cheapest(const struct ws_cuda_product *p, enum tile_size largest)
{
    size_t depth = STAGE_BYTES / (p->operands == WS_CUDA_BF16 ? sizeof(bf16) : sizeof(float));
    struct plan best = {SMALL, 1, p->k};
    double least = effort(p, &best);
    for (int size = largest; size < TILE_SIZES; size++) {
        for (size_t wanted = 1; wanted <= PIECES; wanted++) {
            size_t piece = pieces_of(pieces_of(p->k, wanted), depth) * depth;
            struct plan plan = {(enum tile_size)size, (unsigned)pieces_of(p->k, piece), piece};
            if (wanted > 1 &&
                (piece < PIECE || plan.pieces * p->m * p->n > WS_CUDA_WORKSPACE / sizeof(float)))
                break;
            double now = effort(p, &plan);
            if (now < least) {
                least = now;
                best = plan;
            }
        }
    }
    return best;
}

static bool is_whole(const void *numbers, size_t columns, enum ws_cuda_type type)
{
    size_t size = type == WS_CUDA_BF16 ? sizeof(bf16) : sizeof(float);
    return (uintptr_t)numbers % WIDE == 0 && columns * size % WIDE == 0;
}

/* Launches ------------------------------------------------------------------------------------- */

template <class tile>
static void launch(struct ws_cuda *cuda, struct problem *problem, unsigned pieces)
{
    problem->tiles_m = (unsigned)pieces_of(problem->m, tile::M);
    problem->tiles_n = (unsigned)pieces_of(problem->n, tile::N);
    ws_cuda_launch(cuda, "a matrix product", make_tiles<tile>,
                   dim3(problem->tiles_m * problem->tiles_n, pieces), tile::THREADS,
                   STAGES * tile::STAGE * sizeof(typename tile::T), *problem);
}

template <template <bool, bool> class tile>
static void launch_transposed(struct ws_cuda *cuda, const struct ws_cuda_product *p,
                              struct problem *problem, unsigned pieces)
{
    if (!p->a_transposed && p->b_transposed)
        launch<tile<true, true>>(cuda, problem, pieces);
    else if (!p->a_transposed)
        launch<tile<true, false>>(cuda, problem, pieces);
    else if (p->b_transposed)
        launch<tile<false, true>>(cuda, problem, pieces);
    else
        launch<tile<false, false>>(cuda, problem, pieces);
}

template <bool A, bool B> using bf16_large = matrix_tile<bf16, A, B, 256, 128, 64, 64>;
template <bool A, bool B> using bf16_middle = matrix_tile<bf16, A, B, 128, 128, 64, 64>;
template <bool A, bool B> using bf16_small = matrix_tile<bf16, A, B, 64, 64, 32, 32>;
template <bool A, bool B> using tf32_middle = matrix_tile<float, A, B, 128, 128, 64, 64>;
template <bool A, bool B> using tf32_small = matrix_tile<float, A, B, 64, 64, 32, 32>;
template <bool A, bool B> using f32_middle = plain_tile<A, B, 128, 128>;
template <bool A, bool B> using f32_small = plain_tile<A, B, 64, 64>;

static void make(struct ws_cuda *cuda, const struct ws_cuda_product *p, struct problem *problem,
                 const struct plan *plan)
{
    bool small = plan->size == SMALL;
    if (p->operands == WS_CUDA_BF16 && plan->size == LARGE)
        launch_transposed<bf16_large>(cuda, p, problem, plan->pieces);
    else if (p->operands == WS_CUDA_BF16 && !small)
        launch_transposed<bf16_middle>(cuda, p, problem, plan->pieces);
    else if (p->operands == WS_CUDA_BF16)
        launch_transposed<bf16_small>(cuda, p, problem, plan->pieces);
    else if (cuda->precision == WS_PRECISION_TF32 && !small)
        launch_transposed<tf32_middle>(cuda, p, problem, plan->pieces);
    else if (cuda->precision == WS_PRECISION_TF32)
        launch_transposed<tf32_small>(cuda, p, problem, plan->pieces);
    else if (!small)
        launch_transposed<f32_middle>(cuda, p, problem, plan->pieces);
    else
        launch_transposed<f32_small>(cuda, p, problem, plan->pieces);
}

static void multiply(struct ws_cuda *cuda, const struct ws_cuda_product *p, const struct plan *plan)
{
    struct problem problem = {
        p->m, p->n, p->k, plan->piece, p->m * p->n, 0, 0, {}, {}, {},
    };
    problem.a = {p->a, p->a_columns, is_whole(p->a, p->a_columns, p->operands)};
    problem.b = {p->b, p->b_columns, is_whole(p->b, p->b_columns, p->operands)};
    const struct result c = {
        p->c,   p->c_columns, is_whole(p->c, p->c_columns, p->result), p->result == WS_CUDA_BF16,
        p->add, p->bias};
    if (plan->pieces == 1) {
        problem.c = c;
        make(cuda, p, &problem, plan);
        return;
    }
    float *parts = static_cast<float *>(cuda->matrix->workspace);
    problem.c = {parts, p->n, is_whole(parts, p->n, WS_CUDA_F32), false, false, NULL};
    make(cuda, p, &problem, plan);
    ws_cuda_launch(cuda, "adding up a matrix product", add_pieces,
                   dim3(ws_cuda_blocks(p->m * p->n, ADDERS)), ADDERS, 0, c, parts, plan->pieces,
                   (unsigned)p->m, (unsigned)p->n);
}

static struct plan plan_for(const struct ws_cuda *cuda, const struct ws_cuda_product *p)
{
    size_t of_large = STAGES * bf16_large<true, true>::STAGE * sizeof(bf16);
    bool large = p->operands == WS_CUDA_BF16 && cuda->matrix->shared >= of_large;
    return cheapest(p, large ? LARGE : MIDDLE);
}

/* Stretch after stretch of k: f32 would lose digits in longer sums. */
static void multiply_stretches(struct ws_cuda *cuda, const struct ws_cuda_product *p)
{
    struct ws_cuda_product part = *p;
    for (size_t k = 0; k < p->k; k += STRETCH) {
        size_t left = p->k - k;
        part.k = left < STRETCH ? left : (size_t)STRETCH;
        part.a = static_cast<const float *>(p->a) + k * (p->a_transposed ? p->a_columns : 1);
        part.b = static_cast<const float *>(p->b) + k * (p->b_transposed ? 1 : p->b_columns);
        const struct plan plan = plan_for(cuda, &part);
        multiply(cuda, &part, &plan);
        part.bias = NULL;
        part.add = true;
    }
}

void ws_cuda_own_product(struct ws_cuda *cuda, const struct ws_cuda_product *product)
{
    if (product->m == 0 || product->n == 0)
        return;
    const struct plan plan = plan_for(cuda, product);
    if (product->operands == WS_CUDA_F32 && product->result == WS_CUDA_F32 &&
        cuda->precision != WS_PRECISION_TF32 && plan.piece > STRETCH)
        multiply_stretches(cuda, product);
    else
        multiply(cuda, product, &plan);
}
