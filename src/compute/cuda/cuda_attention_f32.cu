#include "compute/cuda/gpu_attention.h"

#include <math.h>

/* Threads stand in a square: where a product of tiles is made, thread (x, y) has rows 4 y .. 4 y +
 * 3 and, of scores, columns x, x + 16, x + 32 and x + 48, so that what neighbours read lies in
 * different banks and dropout's elements come from one block of Philox; of other products columns
 * 4 x .. 4 x + 3. Rows of tiles are PAD longer than a tile for the banks' sake.
 *
 * Heads are taken TILE columns at a time, so that they may be of any size: a block makes TILE
 * columns of its result, and makes the scores for it from all columns. */
enum { SIDE = 16, THREADS = SIDE * SIDE, EACH = TILE / SIDE, PAD = 4, ROW = TILE + PAD };
enum { WHOLE = TILE * ROW };

typedef float patch[EACH][EACH]; /* what a thread has of a product */

struct seat {
    int x, y;
};

static __device__ __forceinline__ seat seat_of_thread()
{
    return {(int)threadIdx.x % SIDE, (int)threadIdx.x / SIDE};
}

/* Rows of TILE columns from `from` on, as f32; zeros where there are none. The first `there`
 * columns of them exist, of heads of `size`. */
template <class T>
static __device__ __forceinline__ void load_tile(float *to, const T *from, size_t width, int rows,
                                                 int there, uint32_t size)
{
    bool whole = sizeof(T) == sizeof(float) && size % EACH == 0;
    seat s = seat_of_thread();
    int column = s.x * EACH;
    to += s.y * ROW + column;
    from += (size_t)s.y * width + column;
#pragma unroll
    for (int first = 0; first < TILE; first += SIDE) {
        const T *at = from + (size_t)first * width;
        bool row = s.y + first < rows;
        wide<float> four = {};
        if (whole) {
            if (row && column < there)
                four = load_wide(reinterpret_cast<const float *>(at));
        } else {
#pragma unroll
            for (int e = 0; e < EACH; e++)
                if (row && column + e < there)
                    four.at[e] = to_float(at[e]);
        }
        store_wide(to + first * ROW, four);
    }
}

/* The first `rows` rows of a patch of other products to TILE columns from `to` on. */
template <class T>
static __device__ __forceinline__ void store_patch(T *to, size_t width, int rows, int there,
                                                   const patch p)
{
    seat s = seat_of_thread();
#pragma unroll
    for (int i = 0; i < EACH; i++) {
#pragma unroll
        for (int e = 0; e < EACH; e++)
            if (s.y * EACH + i < rows && s.x * EACH + e < there)
                to[(size_t)(s.y * EACH + i) * width + s.x * EACH + e] = from_float<T>(p[i][e]);
    }
}

/* A patch of scores into a tile. */
static __device__ __forceinline__ void put_scores(float *tile, const patch scores)
{
    seat s = seat_of_thread();
#pragma unroll
    for (int i = 0; i < EACH; i++) {
#pragma unroll
        for (int j = 0; j < EACH; j++)
            tile[(s.y * EACH + i) * ROW + s.x + j * SIDE] = scores[i][j];
    }
}

/* scores += a b^T */
static __device__ __forceinline__ void multiply_rows(patch scores, const float *a, const float *b)
{
    seat s = seat_of_thread();
#pragma unroll 1
    for (int k = 0; k < TILE; k += EACH) {
        wide<float> left[EACH], right[EACH];
#pragma unroll
        for (int i = 0; i < EACH; i++) {
            left[i] = load_wide(a + (s.y * EACH + i) * ROW + k);
            right[i] = load_wide(b + (s.x + i * SIDE) * ROW + k);
        }
#pragma unroll
        for (int e = 0; e < EACH; e++) {
#pragma unroll
            for (int i = 0; i < EACH; i++) {
#pragma unroll
                for (int j = 0; j < EACH; j++)
                    scores[i][j] = fmaf(left[i].at[e], right[j].at[e], scores[i][j]);
            }
        }
    }
}

/* out += weights b */
static __device__ __forceinline__ void add_weighted(patch out, const float *weights, const float *b)
{
    seat s = seat_of_thread();
#pragma unroll 1
    for (int k = 0; k < TILE; k += EACH) {
        wide<float> left[EACH];
#pragma unroll
        for (int i = 0; i < EACH; i++)
            left[i] = load_wide(weights + (s.y * EACH + i) * ROW + k);
#pragma unroll
        for (int e = 0; e < EACH; e++) {
            wide<float> right = load_wide(b + (k + e) * ROW + s.x * EACH);
#pragma unroll
            for (int i = 0; i < EACH; i++) {
#pragma unroll
                for (int j = 0; j < EACH; j++)
                    out[i][j] = fmaf(left[i].at[e], right.at[j], out[i][j]);
            }
        }
    }
}

/* out += weights^T b */
static __device__ __forceinline__ void add_turned(patch out, const float *weights, const float *b)
{
    seat s = seat_of_thread();
#pragma unroll 2
    for (int k = 0; k < TILE; k++) {
        wide<float> left = load_wide(weights + k * ROW + s.y * EACH);
        wide<float> right = load_wide(b + k * ROW + s.x * EACH);
#pragma unroll
        for (int i = 0; i < EACH; i++) {
#pragma unroll
            for (int j = 0; j < EACH; j++)
                out[i][j] = fmaf(left.at[i], right.at[j], out[i][j]);
        }
    }
}

/* A tile of rows of an array, and the tile of shared memory that its columns are put in. */
template <class T> struct operand {
    float *room;
    const T *from;
    size_t width;
    int rows;
};

/* scores = a b^T over all columns of heads. */
template <class T>
static __device__ __forceinline__ void multiply_heads(patch scores, const operand<T> &a,
                                                      const operand<T> &b, uint32_t size)
{
#pragma unroll
    for (int i = 0; i < EACH; i++) {
#pragma unroll
        for (int j = 0; j < EACH; j++)
            scores[i][j] = 0;
    }
    for (uint32_t column = 0; column < size; column += TILE) {
        int there = (int)(size - column);
        __syncthreads();
        load_tile(a.room, a.from + column, a.width, a.rows, there, size);
        load_tile(b.room, b.from + column, b.width, b.rows, there, size);
        __syncthreads();
        multiply_rows(scores, a.room, b.room);
    }
}

/* The sum, or the largest, over the threads of a row: of all columns of the square. */
static __device__ __forceinline__ float row_sum(float x)
{
    for (int distance = SIDE / 2; distance > 0; distance /= 2)
        x += __shfl_xor_sync(0xffffffffU, x, distance);
    return x;
}

static __device__ __forceinline__ float row_max(float x)
{
    for (int distance = SIDE / 2; distance > 0; distance /= 2)
        x = fmaxf(x, __shfl_xor_sync(0xffffffffU, x, distance));
    return x;
}

/* What a thread's scores of a row are multiplied by; `number` is of the tile's first key. */
static __device__ __forceinline__ void row_factors(float factors[EACH], const gpu_dropout &dropout,
                                                   uint64_t number)
{
    uint32_t kept =
        dropout.least == 0 ? 0xffffffffU : kept_of(dropout, number + seat_of_thread().x);
#pragma unroll
    for (int j = 0; j < EACH; j++)
        factors[j] = kept >> 4 * j & 1 ? dropout.kept : 0;
}

/* Forward -------------------------------------------------------------------------------------- */

/* A block has a tile of queries of one head, and TILE columns of its values. */
template <class T>
static __global__ __launch_bounds__(THREADS, 2) void attend(T *y, float *lse, const T *qkv,
                                                            const attention_tile *tiles,
                                                            attention_shape shape,
                                                            gpu_dropout dropout)
{
    GPU_SHARED(float, room);
    float *weights = room + 2 * WHOLE;
    const attention_tile tile = tiles[blockIdx.x / shape.heads];
    uint32_t head = blockIdx.x % shape.heads, kv_head = head / (shape.heads / shape.kv_heads);
    uint32_t column = blockIdx.y * TILE;
    attention_columns at = columns_of(shape, head, kv_head);
    const T *rows = qkv + tile.start * at.width;
    int tokens = tokens_of(tile, tile.first), there = (int)(shape.size - column);
    operand<T> queries = {room, rows + tile.first * at.width + at.query, at.width, tokens};
    seat s = seat_of_thread();
    uint32_t query = tile.first + (uint32_t)(s.y * EACH);

    patch out = {};
    float most[EACH], sum[EACH];
#pragma unroll
    for (int i = 0; i < EACH; i++) {
        most[i] = -INFINITY;
        sum[i] = 0;
    }
    for (uint32_t first = 0; first <= tile.first; first += TILE) {
        operand<T> keys = {room + WHOLE, rows + first * at.width + at.key, at.width,
                           tokens_of(tile, first)};
        patch scores;
        multiply_heads(scores, queries, keys, shape.size);
#pragma unroll
        for (int i = 0; i < EACH; i++) {
            float factors[EACH], largest = most[i];
            row_factors(factors, dropout, element_of(tile, head, query + i, first));
#pragma unroll
            for (int j = 0; j < EACH; j++) {
                bool hidden = first + s.x + j * SIDE > query + i;
                scores[i][j] = hidden ? -INFINITY : scores[i][j];
                largest = fmaxf(largest, scores[i][j]);
            }
            largest = row_max(largest);
            float shrunk = exp2f((most[i] - largest) * shape.log_scale);
            most[i] = largest;
            sum[i] *= shrunk;
#pragma unroll
            for (int j = 0; j < EACH; j++) {
                float weight = exp2f((scores[i][j] - largest) * shape.log_scale);
                sum[i] += weight;
                scores[i][j] = weight * factors[j];
                out[i][j] *= shrunk;
            }
        }
        put_scores(weights, scores);
        __syncthreads();
        load_tile(keys.room, rows + first * at.width + at.value + column, at.width, keys.rows,
                  there, shape.size);
        __syncthreads();
        add_weighted(out, weights, keys.room);
    }
    size_t token = tile.start + tile.first;
#pragma unroll
    for (int i = 0; i < EACH; i++) {
        float total = row_sum(sum[i]);
        int row = s.y * EACH + i;
        if (lse && s.x == 0 && column == 0 && row < tokens)
            lse[(token + row) * shape.heads + head] = most[i] * shape.scale + logf(total);
#pragma unroll
        for (int j = 0; j < EACH; j++)
            out[i][j] *= 1 / total;
    }
    size_t width = (size_t)shape.heads * shape.size;
    store_patch(y + token * width + at.query + column, width, tokens, there, out);
}

/* Backward ------------------------------------------------------------------------------------- */

/* A tile of queries of one head. */
template <class T> struct query_tile {
    operand<T> queries, dy;
    uint32_t head;
    uint32_t first;
    float lse[EACH], products[EACH]; /* of a thread's rows; 0 where there are none */
};

/* The thread's rows of an array (tokens, heads). */
static __device__ __forceinline__ void load_rows(float out[EACH], const float *from, uint32_t heads,
                                                 int rows)
{
#pragma unroll
    for (int i = 0; i < EACH; i++) {
        int row = seat_of_thread().y * EACH + i;
        out[i] = row < rows ? from[(size_t)row * heads] : 0;
    }
}

/* p = P f, ds = dS, of a tile of queries and one of keys. */
template <class T>
static __device__ __forceinline__ void
score_gradients(patch p, patch ds, const query_tile<T> &q, const operand<T> &keys,
                const operand<T> &values, const attention_tile &tile, uint32_t first,
                const attention_shape &shape, const gpu_dropout &dropout)
{
    multiply_heads(p, q.queries, keys, shape.size);
    multiply_heads(ds, q.dy, values, shape.size);
    seat s = seat_of_thread();
#pragma unroll
    for (int i = 0; i < EACH; i++) {
        uint32_t query = q.first + (uint32_t)(s.y * EACH + i);
        float factors[EACH];
        row_factors(factors, dropout, element_of(tile, q.head, query, first));
#pragma unroll
        for (int j = 0; j < EACH; j++) {
            bool hidden = first + s.x + j * SIDE > query;
            float weight =
                hidden ? 0 : exp2f((p[i][j] * shape.scale - q.lse[i]) * ATTENTION_LOG2_E);
            ds[i][j] = weight * (factors[j] * ds[i][j] - q.products[i]) * shape.scale;
            p[i][j] = weight * factors[j];
        }
    }
}

/* The gradients of a tile of queries of one head, TILE columns of them; and D. */
template <class T>
static __global__ __launch_bounds__(THREADS, 2) void backward_queries(
    T *dqkv, float *products, const T *dy, const T *y, const float *lse, const T *qkv,
    const attention_tile *tiles, attention_shape shape, gpu_dropout dropout)
{
    GPU_SHARED(float, room);
    float *weights = room + 2 * WHOLE;
    const attention_tile tile = tiles[blockIdx.x / shape.heads];
    uint32_t head = blockIdx.x % shape.heads, kv_head = head / (shape.heads / shape.kv_heads);
    uint32_t column = blockIdx.y * TILE;
    attention_columns at = columns_of(shape, head, kv_head);
    const T *rows = qkv + tile.start * at.width;
    size_t token = tile.start + tile.first, y_width = (size_t)shape.heads * shape.size;
    int tokens = tokens_of(tile, tile.first), there = (int)(shape.size - column);
    const T *y_rows = y + token * y_width + at.query, *dy_rows = dy + token * y_width + at.query;
    seat s = seat_of_thread();

    query_tile<T> q = {{room, rows + tile.first * at.width + at.query, at.width, tokens},
                       {room, dy_rows, y_width, tokens},
                       head,
                       tile.first,
                       {},
                       {}};
    load_rows(q.lse, lse + token * shape.heads + head, shape.heads, tokens);
#pragma unroll
    for (int i = 0; i < EACH; i++) {
        int row = s.y * EACH + i;
        float sum = 0;
        for (uint32_t c = (uint32_t)s.x; row < tokens && c < shape.size; c += SIDE)
            sum = fmaf(to_float(y_rows[row * y_width + c]), to_float(dy_rows[row * y_width + c]),
                       sum);
        q.products[i] = row_sum(sum);
        if (s.x == 0 && column == 0 && row < tokens)
            products[(token + row) * shape.heads + head] = q.products[i];
    }

    patch out = {};
    for (uint32_t first = 0; first <= tile.first; first += TILE) {
        const T *from = rows + first * at.width;
        int count = tokens_of(tile, first);
        operand<T> keys = {room + WHOLE, from + at.key, at.width, count};
        operand<T> values = {room + WHOLE, from + at.value, at.width, count};
        patch p, ds;
        score_gradients(p, ds, q, keys, values, tile, first, shape, dropout);
        put_scores(weights, ds);
        __syncthreads();
        load_tile(keys.room, keys.from + column, keys.width, count, there, shape.size);
        __syncthreads();
        add_weighted(out, weights, keys.room);
    }
    store_patch(dqkv + token * at.width + at.query + column, at.width, tokens, there, out);
}

/* The gradients of a tile of keys and values of one head of these, TILE columns of each, over the
 * queries of all heads that look at them. */
template <class T>
static __global__ __launch_bounds__(THREADS, 2) void backward_keys(
    T *dqkv, const float *products, const T *dy, const float *lse, const T *qkv,
    const attention_tile *tiles, attention_shape shape, gpu_dropout dropout)
{
    GPU_SHARED(float, room);
    float *scores = room + 2 * WHOLE, *score_grads = scores + WHOLE;
    const attention_tile tile = tiles[blockIdx.x / shape.kv_heads];
    uint32_t kv_head = blockIdx.x % shape.kv_heads, group = shape.heads / shape.kv_heads;
    uint32_t column = blockIdx.y * TILE;
    /* Here the first tile takes longest. */
    uint32_t key = (tile.length - 1) / TILE * TILE - tile.first;
    attention_columns at = columns_of(shape, 0, kv_head);
    const T *rows = qkv + tile.start * at.width, *from = rows + key * at.width;
    size_t y_width = (size_t)shape.heads * shape.size;
    int tokens = tokens_of(tile, key), there = (int)(shape.size - column);
    operand<T> keys = {room + WHOLE, from + at.key, at.width, tokens};
    operand<T> values = {room + WHOLE, from + at.value, at.width, tokens};

    patch dkeys = {}, dvalues = {};
    for (uint32_t head = kv_head * group; head < (kv_head + 1) * group; head++) {
        for (uint32_t first = key; first < tile.length; first += TILE) {
            size_t token = tile.start + first, at_head = (size_t)head * shape.size;
            int count = tokens_of(tile, first);
            query_tile<T> q = {{room, rows + first * at.width + at_head, at.width, count},
                               {room, dy + token * y_width + at_head, y_width, count},
                               head,
                               first,
                               {},
                               {}};
            load_rows(q.lse, lse + token * shape.heads + head, shape.heads, count);
            load_rows(q.products, products + token * shape.heads + head, shape.heads, count);
            patch p, ds;
            score_gradients(p, ds, q, keys, values, tile, key, shape, dropout);
            put_scores(scores, p);
            put_scores(score_grads, ds);
            __syncthreads();
            load_tile(room, q.dy.from + column, y_width, count, there, shape.size);
            load_tile(room + WHOLE, q.queries.from + column, at.width, count, there, shape.size);
            __syncthreads();
            add_turned(dvalues, scores, room);
            add_turned(dkeys, score_grads, room + WHOLE);
        }
    }
    T *to = dqkv + (tile.start + key) * at.width + column;
    store_patch(to + at.key, at.width, tokens, there, dkeys);
    store_patch(to + at.value, at.width, tokens, there, dvalues);
}

/* Launching ------------------------------------------------------------------------------------ */

static dim3 grid(const attention_call *call, size_t heads)
{
    return dim3((unsigned)(call->tile_count * heads), ws_cuda_blocks(call->shape.size, TILE));
}

template <class T>
void ws_cuda_attention_f32(const attention_call *call, T *y, float *lse, const T *qkv)
{
    ws_cuda_launch(call->cuda, "attending", attend<T>, grid(call, call->shape.heads), THREADS,
                   3 * WHOLE * sizeof(float), y, lse, qkv, call->tiles, call->shape, call->dropout);
}

template <class T>
void ws_cuda_attention_f32_backward(const attention_call *call, T *dqkv, const T *dy, const T *y,
                                    const float *lse, const T *qkv)
{
    float *products =
        (float *)ws_cuda_scratch(call->cuda, call->tokens * call->shape.heads * sizeof *products);
    ws_cuda_launch(call->cuda, "finding attention's gradient", backward_queries<T>,
                   grid(call, call->shape.heads), THREADS, 3 * WHOLE * sizeof(float), dqkv,
                   products, dy, y, lse, qkv, call->tiles, call->shape, call->dropout);
    ws_cuda_launch(call->cuda, "finding attention's gradient", backward_keys<T>,
                   grid(call, call->shape.kv_heads), THREADS, 4 * WHOLE * sizeof(float), dqkv,
                   products, dy, lse, qkv, call->tiles, call->shape, call->dropout);
}

template void ws_cuda_attention_f32(const attention_call *call, float *y, float *lse,
                                    const float *qkv);
template void ws_cuda_attention_f32(const attention_call *call, bf16 *y, float *lse,
                                    const bf16 *qkv);
template void ws_cuda_attention_f32_backward(const attention_call *call, float *dqkv,
                                             const float *dy, const float *y, const float *lse,
                                             const float *qkv);
template void ws_cuda_attention_f32_backward(const attention_call *call, bf16 *dqkv, const bf16 *dy,
                                             const bf16 *y, const float *lse, const bf16 *qkv);
