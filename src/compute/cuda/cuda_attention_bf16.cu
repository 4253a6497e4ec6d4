#include "compute/cuda/gpu_attention.h"

#include <math.h>

/* A warp has a strip of 16 queries of a tile, and one of 16 keys where it sums over queries: what
 * one matrix instruction takes. Heads are padded with zeros to SIZE columns in shared memory. Its
 * rows are PAD longer than that, so that the same columns of 8 of them lie in different banks. */
enum { WARPS = 4, THREADS = WARPS * WARP, STRIP = TILE / WARPS, PARTS = TILE / 16, PAD = 8 };

/* Numbers of a row, and of a tile of them, in shared memory. */
template <int SIZE> struct padded {
    enum { ROW = SIZE + PAD, WHOLE = TILE * ROW };
};

/* Scores of a strip: as mma_bf16 has them, by 8 keys. */
typedef float strip_scores[TILE / 8][4];

/* The rows of a strip that a lane has scores of: this one and the next 8th. */
static __device__ __forceinline__ int lane_row()
{
    return (int)threadIdx.x % WARP / 4;
}

/* The first of the two neighbouring columns of each 8 that a lane has. */
static __device__ __forceinline__ int lane_column()
{
    return (int)threadIdx.x % 4 * 2;
}

/* Starts copying a tile; `rows` are there, and `size` columns of each. */
template <int SIZE>
static __device__ __forceinline__ void copy_tile(bf16 *to, const bf16 *from, size_t width, int rows,
                                                 int size)
{
    enum { EACH = wide<bf16>::COUNT, CHUNKS = SIZE / EACH, STEP = THREADS / CHUNKS };
    int row = (int)threadIdx.x / CHUNKS, column = (int)threadIdx.x % CHUNKS * EACH;
    const bf16 *start = from;
    to += row * padded<SIZE>::ROW + column;
    from += (size_t)row * width + column;
#pragma unroll
    for (int first = 0; first < TILE; first += STEP) {
        bool there = row + first < rows && column < size;
        copy_async(to + first * padded<SIZE>::ROW, there ? from + (size_t)first * width : start,
                   there);
    }
}

/* Matrices as operands: a strip of `rows` by SIZE numbers as the left one. */
template <int SIZE>
static __device__ __forceinline__ void load_strip(uint32_t strip[SIZE / 16][4], const bf16 *rows)
{
    int lane = (int)threadIdx.x % WARP;
    const bf16 *at = rows + lane % 16 * padded<SIZE>::ROW + lane / 16 * 8;
#pragma unroll
    for (int i = 0; i < SIZE / 16; i++)
        load_matrices(strip[i], at + i * 16);
}

/* 16 columns of 16 rows of scores, as the rows of a left operand. */
static __device__ __forceinline__ void load_turned(uint32_t turned[4], const bf16 *scores)
{
    int lane = (int)threadIdx.x % WARP;
    load_matrices_transposed(turned, scores + (lane / 16 * 8 + lane % 8) * padded<TILE>::ROW +
                                         lane / 8 % 2 * 8);
}

/* out = strip rows^T, of 16 rows. */
template <int SIZE>
static __device__ __forceinline__ void
multiply_rows(float out[2][4], const uint32_t strip[SIZE / 16][4], const bf16 *rows)
{
    int lane = (int)threadIdx.x % WARP;
    const bf16 *at = rows + (lane / 16 * 8 + lane % 8) * padded<SIZE>::ROW + lane / 8 % 2 * 8;
#pragma unroll
    for (int e = 0; e < 4; e++)
        out[0][e] = out[1][e] = 0;
#pragma unroll
    for (int i = 0; i < SIZE / 16; i++) {
        uint32_t two[4];
        load_matrices(two, at + i * 16);
        mma_bf16(out[0], strip[i], two);
        mma_bf16(out[1], strip[i], two + 2);
    }
}

/* out += weights rows, of 16 rows. */
template <int SIZE>
static __device__ __forceinline__ void add_weighted(float out[SIZE / 8][4],
                                                    const uint32_t weights[4], const bf16 *rows)
{
    int lane = (int)threadIdx.x % WARP;
    const bf16 *at = rows + lane % 16 * padded<SIZE>::ROW + lane / 16 * 8;
#pragma unroll
    for (int n = 0; n < SIZE / 16; n++) {
        uint32_t two[4];
        load_matrices_transposed(two, at + n * 16);
        mma_bf16(out[2 * n], weights, two);
        mma_bf16(out[2 * n + 1], weights, two + 2);
    }
}

/* Scores with 16 keys as a left operand. */
static __device__ __forceinline__ void weights_of(uint32_t weights[4], const float scores[2][4])
{
#pragma unroll
    for (int half = 0; half < 2; half++) {
        weights[2 * half] = two_bf16(scores[half][0], scores[half][1]);
        weights[2 * half + 1] = two_bf16(scores[half][2], scores[half][3]);
    }
}

/* A left operand to shared memory, to rows of SIZE numbers. */
template <int SIZE>
static __device__ __forceinline__ void put_operand(bf16 *to, const uint32_t operand[4])
{
    bf16 *at = to + lane_row() * padded<SIZE>::ROW + lane_column();
#pragma unroll
    for (int word = 0; word < 4; word++)
        *reinterpret_cast<uint32_t *>(at + word % 2 * 8 * padded<SIZE>::ROW + word / 2 * 8) =
            operand[word];
}

/* A strip to an array, of which `rows` and `size` columns are there, by way of `room` for a strip
 * of this warp alone. */
template <int SIZE>
static __device__ __forceinline__ void store_strip(bf16 *to, size_t width, int rows, int size,
                                                   const float strip[SIZE / 8][4], bf16 *room)
{
    enum { EACH = wide<bf16>::COUNT, CHUNKS = SIZE / EACH };
    __syncwarp();
#pragma unroll
    for (int i = 0; i < SIZE / 16; i++) {
        uint32_t operand[4];
        weights_of(operand, strip + 2 * i);
        put_operand<SIZE>(room + i * 16, operand);
    }
    __syncwarp();
#pragma unroll
    for (int i = 0; i < STRIP * CHUNKS / WARP; i++) {
        int at = i * WARP + (int)threadIdx.x % WARP;
        int row = at / CHUNKS, column = at % CHUNKS * EACH;
        if (row < rows && column < size)
            store_wide(to + (size_t)row * width + column,
                       load_wide(room + row * padded<SIZE>::ROW + column));
    }
}

/* Which of this lane's scores dropout keeps, those of row r and keys 8 n + e in bit
 * 32 r + 2 n + e. `number` is of the strip's first query and the tile's first key. */
static __device__ __forceinline__ uint64_t kept_scores(const gpu_dropout &dropout, uint64_t number,
                                                       uint32_t length)
{
    if (dropout.least == 0)
        return ~(uint64_t)0;
    number += (uint64_t)lane_row() * length + lane_column();
    uint64_t kept = 0;
#pragma unroll 2
    for (int i = 0; i < 8; i++) {
        int row = i / 4, n = i / 2 % 2, e = i % 2;
        uint32_t four = kept_of(dropout, number + (uint64_t)row * 8 * length + n * 8 + e);
        kept |= (uint64_t)(four & 0x1111) << (row * 32 + n * 2 + e);
    }
    return kept;
}

static __device__ __forceinline__ bool is_kept(uint64_t kept, int n, int e)
{
    return kept >> (e / 2 * 32 + n * 2 + e % 2) & 1;
}

/* Whether a key comes after the query, in the tile on the diagonal. */
static __device__ __forceinline__ bool is_hidden(int strip, int n, int e)
{
    return n * 8 + lane_column() + e % 2 > strip * STRIP + lane_row() + e / 2 * 8;
}

/* Forward -------------------------------------------------------------------------------------- */

/* Of the two rows of a lane: the largest score so far, and this lane's part of the sum. */
struct softmax {
    float most[2], sum[2];
};

/* Scores become exp(score - largest); what was summed before follows the largest. */
template <int SIZE>
static __device__ __forceinline__ void soften(strip_scores scores, float out[SIZE / 8][4],
                                              softmax *rows, float log_scale)
{
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float most = rows->most[r];
#pragma unroll
        for (int n = 0; n < TILE / 8; n++)
            most = fmaxf(most, fmaxf(scores[n][2 * r], scores[n][2 * r + 1]));
        most = fmaxf(most, __shfl_xor_sync(0xffffffffU, most, 1));
        most = fmaxf(most, __shfl_xor_sync(0xffffffffU, most, 2));
        float shrunk = exp2f((rows->most[r] - most) * log_scale);
        float sum = rows->sum[r] * shrunk;
#pragma unroll
        for (int n = 0; n < SIZE / 8; n++) {
            out[n][2 * r] *= shrunk;
            out[n][2 * r + 1] *= shrunk;
        }
#pragma unroll
        for (int n = 0; n < TILE / 8; n++) {
#pragma unroll
            for (int e = 2 * r; e < 2 * r + 2; e++) {
                scores[n][e] = exp2f(fmaf(scores[n][e], log_scale, -most * log_scale));
                sum += scores[n][e];
            }
        }
        rows->most[r] = most;
        rows->sum[r] = sum;
    }
}

/* A block has a tile of queries of one head. `stages` of keys and values fit in shared memory: 2,
 * or 1 where no sequence is longer than a tile. */
template <int SIZE>
static __global__ __launch_bounds__(THREADS, SIZE > 64 ? 1 : 4) void attend(
    bf16 *y, float *lse, const bf16 *qkv, const attention_tile *tiles, attention_shape shape,
    gpu_dropout dropout)
{
    enum { ROW = padded<SIZE>::ROW, WHOLE = padded<SIZE>::WHOLE };
    GPU_SHARED(bf16, queries);
    bf16 *stages = queries + WHOLE;
    const attention_tile tile = tiles[blockIdx.x / shape.heads];
    uint32_t head = blockIdx.x % shape.heads, kv_head = head / (shape.heads / shape.kv_heads);
    attention_columns at = columns_of(shape, head, kv_head);
    const bf16 *rows = qkv + tile.start * at.width;
    int size = (int)shape.size;

    copy_tile<SIZE>(queries, rows + tile.first * at.width + at.query, at.width,
                    tokens_of(tile, tile.first), size);
    copy_async_group();
    auto copy_keys = [&](uint32_t first) {
        bf16 *stage = stages + first / TILE % 2 * (2 * WHOLE);
        const bf16 *from = rows + first * at.width;
        int count = tokens_of(tile, first);
        copy_tile<SIZE>(stage, from + at.key, at.width, count, size);
        copy_tile<SIZE>(stage + WHOLE, from + at.value, at.width, count, size);
    };
    copy_keys(0);
    copy_async_group();

    /* The last strips have most to do on the diagonal. Were they always the same warps', the part
     * of the processor that has these would hold up the others. */
    int strip = (int)((threadIdx.x / WARP + (blockIdx.x * 2654435769U >> 30)) % WARPS);
    uint32_t query = tile.first + (uint32_t)(strip * STRIP);
    float out[SIZE / 8][4] = {};
    softmax state = {{-INFINITY, -INFINITY}, {0, 0}};
    uint32_t left[SIZE / 16][4];
    copy_async_wait<1>();
    __syncthreads();
    load_strip<SIZE>(left, queries + strip * STRIP * ROW);
    for (uint32_t first = 0; first <= tile.first; first += TILE) {
        if (first < tile.first)
            copy_keys(first + TILE);
        copy_async_group();
        uint64_t kept = kept_scores(dropout, element_of(tile, head, query, first), tile.length);
        copy_async_wait<1>();
        __syncthreads();
        const bf16 *keys = stages + first / TILE % 2 * (2 * WHOLE);
        bool diagonal = first == tile.first;
        int parts = diagonal ? strip + 1 : (int)PARTS;
        strip_scores scores;
#pragma unroll
        for (int i = 0; i < PARTS; i++) {
            if (i < parts)
                multiply_rows<SIZE>(scores + 2 * i, left, keys + i * 16 * ROW);
#pragma unroll
            for (int n = 2 * i; n < 2 * i + 2; n++) {
#pragma unroll
                for (int e = 0; e < 4; e++)
                    scores[n][e] = diagonal && is_hidden(strip, n, e) ? -INFINITY : scores[n][e];
            }
        }
        soften<SIZE>(scores, out, &state, shape.log_scale);
#pragma unroll
        for (int i = 0; i < PARTS; i++) {
            if (i < parts) {
#pragma unroll
                for (int n = 2 * i; n < 2 * i + 2; n++) {
#pragma unroll
                    for (int e = 0; e < 4; e++)
                        scores[n][e] = is_kept(kept, n, e) ? scores[n][e] : 0;
                }
                uint32_t weights[4];
                weights_of(weights, scores + 2 * i);
                add_weighted<SIZE>(out, weights, keys + WHOLE + i * 16 * ROW);
            }
        }
        __syncthreads();
    }

    int there = (int)tile.length - (int)query;
    size_t token = tile.start + query;
#pragma unroll
    for (int r = 0; r < 2; r++) {
        float sum = state.sum[r];
        sum += __shfl_xor_sync(0xffffffffU, sum, 1);
        sum += __shfl_xor_sync(0xffffffffU, sum, 2);
        float factor = dropout.kept / sum;
#pragma unroll
        for (int n = 0; n < SIZE / 8; n++) {
            out[n][2 * r] *= factor;
            out[n][2 * r + 1] *= factor;
        }
        int row = lane_row() + 8 * r;
        if (lse && lane_column() == 0 && row < there)
            lse[(token + row) * shape.heads + head] =
                fmaf(state.most[r], shape.log_scale, log2f(sum)) * ATTENTION_LN_2;
    }
    store_strip<SIZE>(y + token * shape.heads * shape.size + at.query,
                      (size_t)shape.heads * shape.size, there, size, out,
                      queries + strip * STRIP * ROW);
}

/* Backward ------------------------------------------------------------------------------------- */

/* Of the two rows of a lane: the log of the softmax's sum and D. 0 of rows that
 * are not there, whose queries and gradients are zeros: so nothing comes of them. */
struct row_sums {
    float log_sum[2], products[2];
};

/* The row sums of y dy. */
template <int SIZE>
static __device__ __forceinline__ void multiply_strips(float products[2], const bf16 *y,
                                                       const bf16 *dy)
{
    enum { EACH = wide<bf16>::COUNT };
#pragma unroll
    for (int r = 0; r < 2; r++) {
        int at = (lane_row() + 8 * r) * padded<SIZE>::ROW + lane_column() / 2 * EACH;
        float sum = 0;
#pragma unroll
        for (int column = 0; column < SIZE; column += 4 * EACH) {
            wide<bf16> a = load_wide(y + at + column), b = load_wide(dy + at + column);
#pragma unroll
            for (int e = 0; e < EACH; e++)
                sum = fmaf(to_float(a.at[e]), to_float(b.at[e]), sum);
        }
        sum += __shfl_xor_sync(0xffffffffU, sum, 1);
        products[r] = sum + __shfl_xor_sync(0xffffffffU, sum, 2);
    }
}

/* The two rows' numbers of an array (tokens, heads) from `from` on, of which `rows` are there. */
static __device__ __forceinline__ void load_row_pair(float out[2], const float *from,
                                                     uint32_t heads, int rows)
{
#pragma unroll
    for (int r = 0; r < 2; r++) {
        int row = lane_row() + 8 * r;
        out[r] = row < rows ? from[(size_t)row * heads] : 0;
    }
}

/* A strip of queries and its gradients as left operands. */
template <int SIZE> struct query_strip {
    uint32_t queries[SIZE / 16][4], dy[SIZE / 16][4];
    row_sums sums;
    int strip;
};

/* p = P f, ds = dS, as left operands, of a strip of queries and part `i` of a tile of keys. */
template <int SIZE>
static __device__ __forceinline__ void
score_gradients(uint32_t p[4], uint32_t ds[4], const query_strip<SIZE> &q, const bf16 *keys,
                const bf16 *values, int i, bool diagonal, uint64_t kept,
                const attention_shape &shape, const gpu_dropout &dropout)
{
    float weights[2][4], gradients[2][4];
    multiply_rows<SIZE>(weights, q.queries, keys + i * 16 * padded<SIZE>::ROW);
    multiply_rows<SIZE>(gradients, q.dy, values + i * 16 * padded<SIZE>::ROW);
#pragma unroll
    for (int half = 0; half < 2; half++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            int n = 2 * i + half;
            float log_weight =
                fmaf(weights[half][e], shape.log_scale, -q.sums.log_sum[e / 2] * ATTENTION_LOG2_E);
            bool hidden = diagonal && is_hidden(q.strip, n, e);
            float weight = hidden ? 0 : exp2f(log_weight);
            float factor = is_kept(kept, n, e) ? dropout.kept : 0;
            gradients[half][e] =
                weight * (factor * gradients[half][e] - q.sums.products[e / 2]) * shape.scale;
            weights[half][e] = weight * factor;
        }
    }
    weights_of(p, weights);
    weights_of(ds, gradients);
}

/* The gradients of a tile of queries of one head, in a sequence longer than a tile; and D, for
 * `backward_keys`. */
template <int SIZE>
static __global__ __launch_bounds__(THREADS, SIZE > 64 ? 1 : 4) void backward_queries(
    bf16 *dqkv, float *products, const bf16 *dy, const bf16 *y, const float *lse, const bf16 *qkv,
    const attention_tile *tiles, attention_shape shape, gpu_dropout dropout)
{
    enum { ROW = padded<SIZE>::ROW, WHOLE = padded<SIZE>::WHOLE };
    GPU_SHARED(bf16, queries);
    bf16 *gradients = queries + WHOLE, *stages = gradients + WHOLE, *y_rows = stages + 2 * WHOLE;
    const attention_tile tile = tiles[blockIdx.x / shape.heads];
    uint32_t head = blockIdx.x % shape.heads, kv_head = head / (shape.heads / shape.kv_heads);
    attention_columns at = columns_of(shape, head, kv_head);
    const bf16 *rows = qkv + tile.start * at.width;
    size_t token = tile.start + tile.first, y_width = (size_t)shape.heads * shape.size;
    int size = (int)shape.size, tokens = tokens_of(tile, tile.first);

    copy_tile<SIZE>(queries, rows + tile.first * at.width + at.query, at.width, tokens, size);
    copy_tile<SIZE>(gradients, dy + token * y_width + at.query, y_width, tokens, size);
    copy_tile<SIZE>(y_rows, y + token * y_width + at.query, y_width, tokens, size);
    copy_async_group();
    auto copy_keys = [&](uint32_t first) {
        bf16 *stage = stages + first / TILE % 2 * (2 * WHOLE);
        const bf16 *from = rows + first * at.width;
        int count = tokens_of(tile, first);
        copy_tile<SIZE>(stage, from + at.key, at.width, count, size);
        copy_tile<SIZE>(stage + WHOLE, from + at.value, at.width, count, size);
    };
    copy_keys(0);
    copy_async_group();

    int strip = (int)threadIdx.x / WARP, there = tokens - strip * STRIP;
    token += (size_t)strip * STRIP;
    query_strip<SIZE> q;
    q.strip = strip;
    load_row_pair(q.sums.log_sum, lse + token * shape.heads + head, shape.heads, there);
    copy_async_wait<1>();
    __syncthreads();
    int own = strip * STRIP * ROW;
    multiply_strips<SIZE>(q.sums.products, y_rows + own, gradients + own);
#pragma unroll
    for (int r = 0; r < 2; r++) {
        int row = lane_row() + 8 * r;
        if (lane_column() == 0 && row < there)
            products[(token + row) * shape.heads + head] = q.sums.products[r];
    }
    load_strip<SIZE>(q.queries, queries + own);
    load_strip<SIZE>(q.dy, gradients + own);
    __syncthreads(); /* y lies where the second stage will */

    float out[SIZE / 8][4] = {};
    for (uint32_t first = 0; first <= tile.first; first += TILE) {
        if (first < tile.first)
            copy_keys(first + TILE);
        copy_async_group();
        uint32_t query = tile.first + (uint32_t)(strip * STRIP);
        uint64_t kept = kept_scores(dropout, element_of(tile, head, query, first), tile.length);
        copy_async_wait<1>();
        __syncthreads();
        const bf16 *keys = stages + first / TILE % 2 * (2 * WHOLE);
        bool diagonal = first == tile.first;
#pragma unroll
        for (int i = 0; i < PARTS; i++) {
            if (!diagonal || i <= strip) {
                uint32_t p[4], ds[4];
                score_gradients<SIZE>(p, ds, q, keys, keys + WHOLE, i, diagonal, kept, shape,
                                      dropout);
                add_weighted<SIZE>(out, ds, keys + i * 16 * ROW);
            }
        }
        __syncthreads();
    }
    store_strip<SIZE>(dqkv + token * at.width + at.query, at.width, there, size, out,
                      queries + own);
}

/* The gradients of a tile of keys and values of one head of these, over the queries of all heads
 * that look at them. In a sequence no longer than a tile these are all there is, and so their
 * gradients are made too. */
template <int SIZE>
static __global__ __launch_bounds__(THREADS, SIZE > 64 ? 1 : 3) void backward_keys(
    bf16 *dqkv, const float *products, const bf16 *dy, const bf16 *y, const float *lse,
    const bf16 *qkv, const attention_tile *tiles, attention_shape shape, gpu_dropout dropout)
{
    enum { ROW = padded<SIZE>::ROW, WHOLE = padded<SIZE>::WHOLE };
    enum { SCORES_ROW = padded<TILE>::ROW, SCORES = padded<TILE>::WHOLE };
    GPU_SHARED(bf16, keys);
    bf16 *values = keys + WHOLE, *scores = values + WHOLE, *score_grads = scores + SCORES;
    bf16 *stages = score_grads + SCORES;
    const attention_tile tile = tiles[blockIdx.x / shape.kv_heads];
    uint32_t kv_head = blockIdx.x % shape.kv_heads, group = shape.heads / shape.kv_heads;
    /* Here the first tile takes longest. */
    uint32_t key = (tile.length - 1) / TILE * TILE - tile.first;
    bool whole = tile.length <= TILE;
    uint32_t tiles_on = (tile.length - key + TILE - 1) / TILE, count = tiles_on * group;
    attention_columns at = columns_of(shape, 0, kv_head);
    size_t y_width = (size_t)shape.heads * shape.size;
    int size = (int)shape.size, tokens = tokens_of(tile, key);

    const bf16 *from = qkv + (tile.start + key) * at.width;
    copy_tile<SIZE>(keys, from + at.key, at.width, tokens, size);
    copy_tile<SIZE>(values, from + at.value, at.width, tokens, size);
    auto copy_queries = [&](uint32_t i) {
        bf16 *stage = stages + i % 2 * (2 * WHOLE);
        uint32_t head = kv_head * group + i / tiles_on, first = key + i % tiles_on * TILE;
        size_t token = tile.start + first, column = (size_t)head * shape.size;
        int rows = tokens_of(tile, first);
        copy_tile<SIZE>(stage, qkv + token * at.width + column, at.width, rows, size);
        copy_tile<SIZE>(stage + WHOLE, dy + token * y_width + column, y_width, rows, size);
    };
    copy_queries(0);
    copy_async_group();

    int strip = (int)threadIdx.x / WARP;
    bf16 *room = scores + strip * (2 * SCORES / WARPS);
    float dkeys[SIZE / 8][4] = {}, dvalues[SIZE / 8][4] = {};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t head = kv_head * group + i / tiles_on;
        uint32_t query = key + i % tiles_on * TILE + (uint32_t)(strip * STRIP);
        size_t token = tile.start + query, column = (size_t)head * shape.size;
        if (whole) /* y lies where scores will */
            copy_tile<SIZE>(scores, y + tile.start * y_width + column, y_width, tokens, size);
        copy_async_group();
        if (i + 1 < count)
            copy_queries(i + 1);
        copy_async_group();
        int there = (int)tile.length - (int)query;
        query_strip<SIZE> q;
        q.strip = strip;
        load_row_pair(q.sums.log_sum, lse + token * shape.heads + head, shape.heads, there);
        if (!whole)
            load_row_pair(q.sums.products, products + token * shape.heads + head, shape.heads,
                          there);
        uint64_t kept = kept_scores(dropout, element_of(tile, head, query, key), tile.length);
        copy_async_wait<1>();
        __syncthreads();
        const bf16 *queries = stages + i % 2 * (2 * WHOLE), *gradients = queries + WHOLE;
        int own = strip * STRIP * ROW;
        if (whole) {
            multiply_strips<SIZE>(q.sums.products, scores + own, gradients + own);
            __syncthreads();
        }
        load_strip<SIZE>(q.queries, queries + own);
        load_strip<SIZE>(q.dy, gradients + own);
        bool diagonal = i % tiles_on == 0;
        /* Of the parts that the diagonal hides nothing is read. */
#pragma unroll
        for (int part = 0; part < PARTS; part++) {
            if (!diagonal || part <= strip) {
                uint32_t p[4], ds[4];
                score_gradients<SIZE>(p, ds, q, keys, values, part, diagonal, kept, shape, dropout);
                put_operand<TILE>(scores + strip * STRIP * SCORES_ROW + part * 16, p);
                put_operand<TILE>(score_grads + strip * STRIP * SCORES_ROW + part * 16, ds);
            }
        }
        __syncthreads();

#pragma unroll
        for (int part = 0; part < PARTS; part++) {
            if (!diagonal || part >= strip) {
                uint32_t weights[4];
                int turned = part * 16 * SCORES_ROW + strip * STRIP;
                load_turned(weights, scores + turned);
                add_weighted<SIZE>(dvalues, weights, gradients + part * 16 * ROW);
                load_turned(weights, score_grads + turned);
                add_weighted<SIZE>(dkeys, weights, queries + part * 16 * ROW);
            }
        }
        if (whole) {
            float out[SIZE / 8][4] = {};
            uint32_t weights[PARTS][4];
            load_strip<TILE>(weights, score_grads + strip * STRIP * SCORES_ROW);
#pragma unroll
            for (int part = 0; part < PARTS; part++) {
                if (part <= strip)
                    add_weighted<SIZE>(out, weights[part], keys + part * 16 * ROW);
            }
            __syncthreads();
            store_strip<SIZE>(dqkv + token * at.width + column, at.width, there, size, out, room);
        }
        __syncthreads();
    }
    bf16 *to = dqkv + (tile.start + key + (size_t)strip * STRIP) * at.width;
    int there = tokens - strip * STRIP;
    store_strip<SIZE>(to + at.key, at.width, there, size, dkeys, room);
    store_strip<SIZE>(to + at.value, at.width, there, size, dvalues, room);
}

/* Launching ------------------------------------------------------------------------------------ */

template <int SIZE>
static void launch(const attention_call *call, bf16 *y, float *lse, const bf16 *qkv)
{
    size_t stages = call->long_count > 0 ? 2 : 1;
    ws_cuda_launch(call->cuda, "attending", attend<SIZE>,
                   dim3((unsigned)(call->tile_count * call->shape.heads)), THREADS,
                   (1 + 2 * stages) * padded<SIZE>::WHOLE * sizeof(bf16), y, lse, qkv, call->tiles,
                   call->shape, call->dropout);
}

template <int SIZE>
static void launch_backward(const attention_call *call, bf16 *dqkv, const bf16 *dy, const bf16 *y,
                            const float *lse, const bf16 *qkv)
{
    enum { WHOLE = padded<SIZE>::WHOLE, SCORES = padded<TILE>::WHOLE };
    float *products = NULL;
    if (call->long_count > 0) {
        products = (float *)ws_cuda_scratch(call->cuda,
                                            call->tokens * call->shape.heads * sizeof *products);
        ws_cuda_launch(call->cuda, "finding attention's gradient", backward_queries<SIZE>,
                       dim3((unsigned)(call->long_count * call->shape.heads)), THREADS,
                       6 * WHOLE * sizeof(bf16), dqkv, products, dy, y, lse, qkv, call->tiles,
                       call->shape, call->dropout);
    }
    bool single = call->long_count == 0 && call->shape.heads == call->shape.kv_heads;
    size_t stages = single ? 1 : 2;
    ws_cuda_launch(call->cuda, "finding attention's gradient", backward_keys<SIZE>,
                   dim3((unsigned)(call->tile_count * call->shape.kv_heads)), THREADS,
                   ((2 + 2 * stages) * WHOLE + 2 * SCORES) * sizeof(bf16), dqkv, products, dy, y,
                   lse, qkv, call->tiles, call->shape, call->dropout);
}

void ws_cuda_attention_bf16(const attention_call *call, bf16 *y, float *lse, const bf16 *qkv)
{
    if (call->shape.size <= 32)
        launch<32>(call, y, lse, qkv);
    else if (call->shape.size <= 64)
        launch<64>(call, y, lse, qkv);
    else
        launch<128>(call, y, lse, qkv);
}

void ws_cuda_attention_bf16_backward(const attention_call *call, bf16 *dqkv, const bf16 *dy,
                                     const bf16 *y, const float *lse, const bf16 *qkv)
{
    if (call->shape.size <= 32)
        launch_backward<32>(call, dqkv, dy, y, lse, qkv);
    else if (call->shape.size <= 64)
        launch_backward<64>(call, dqkv, dy, y, lse, qkv);
    else
        launch_backward<128>(call, dqkv, dy, y, lse, qkv);
}
