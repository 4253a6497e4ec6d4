/*
 * The keys and values of running sequences. Attention over them is bound by memory: each is read
 * once, WIDE bytes a thread, several positions ahead.
 */
#include <assert.h>
#include <math.h>

#include "compute/cuda/cuda_device.h"

static __host__ __device__ __forceinline__ unsigned smaller(unsigned x, unsigned y)
{
    return x < y ? x : y;
}

/* Of all heads of a position. */
static size_t width_of(const struct ws_cache *cache)
{
    return cache->kv_heads * cache->size;
}

/* Whether all heads begin where a thread can load WIDE bytes; arrays of their own do. */
template <class T> static bool heads_are_wide(const struct ws_cache *cache)
{
    return cache->size % wide<T>::COUNT == 0 && (uintptr_t)cache->keys % WIDE == 0 &&
           (uintptr_t)cache->values % WIDE == 0;
}

/* Storing -------------------------------------------------------------------------------------- */

enum { STORE_THREADS = 128 };

/* A warp a row. U is what a thread copies at once, and what widths are counted in. */
template <class U>
static __global__ void store_rows(U *keys, U *values, const U *qkv, size_t queries, size_t width,
                                  size_t capacity, const uint32_t *slots, const uint32_t *positions,
                                  size_t rows)
{
    size_t row = ((size_t)blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    if (row >= rows)
        return;
    const U *from = qkv + row * (queries + 2 * width) + queries;
    size_t at = (slots[row] * capacity + positions[row]) * width;
    for (size_t i = threadIdx.x % WARP; i < width; i += WARP) {
        keys[at + i] = from[i];
        values[at + i] = from[width + i];
    }
}

/* What a store hands its kernel. */
struct store_call {
    struct ws_cuda *cuda;
    const struct ws_cache *cache;
    const float *qkv;
    size_t heads;
    const uint32_t *slots, *positions;
    size_t rows;
};

/* A U is `each` numbers. */
template <class U> static void launch_store(const struct store_call &s, size_t each)
{
    ws_cuda_launch(s.cuda, "storing keys and values", store_rows<U>,
                   dim3(ws_cuda_blocks(s.rows, STORE_THREADS / WARP)), STORE_THREADS, 0,
                   activations<U>(s.cache->keys), activations<U>(s.cache->values),
                   activations<U>(s.qkv), s.heads * s.cache->size / each, width_of(s.cache) / each,
                   s.cache->capacity, s.slots, s.positions, s.rows);
}

template <class T> static void store(const struct store_call &s)
{
    if (heads_are_wide<T>(s.cache))
        launch_store<wide<T>>(s, wide<T>::COUNT);
    else
        launch_store<T>(s, 1);
}

void ws_cuda_cache_store(struct ws_device *device, const struct ws_cache *cache, const float *qkv,
                         size_t heads, const uint32_t *slots, const uint32_t *positions,
                         size_t rows)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda || rows == 0)
        return;
    struct store_call call = {cuda, cache, qkv, heads, NULL, NULL, rows};
    call.slots = (const uint32_t *)ws_cuda_send(cuda, slots, rows * sizeof *slots);
    call.positions = (const uint32_t *)ws_cuda_send(cuda, positions, rows * sizeof *positions);
    if (call.slots && call.positions)
        WS_CUDA_ACTIVATIONS(cuda, store<T>(call));
}

/* Attention ------------------------------------------------------------------------------------ */

/* A warp works on WARP_POSITIONS positions, or on more where a block has no more warps. */
enum { WARP_POSITIONS = 64, MOST_WARPS = 16 };

/* How many warps share so many positions. It depends on nothing else, so that a row's result does
 * not depend on the rows beside it. */
static __host__ __device__ __forceinline__ unsigned sharing_warps(unsigned length)
{
    return smaller((length + WARP_POSITIONS - 1) / WARP_POSITIONS, MOST_WARPS);
}

struct attend_shape {
    unsigned heads;
    unsigned kv_heads;
    unsigned size;
    size_t slot;  /* numbers of a slot */
    float factor; /* of scores, so that their softmax is one of powers of 2 */
};

/* Below every score; unlike minus infinity it can be subtracted from itself. */
#define NO_SCORE (-3e38F)

/* What was seen of some positions: the numbers of a head summed with weights 2^(score - most). */
template <int COUNT> struct seen {
    float most;
    float sum; /* of the weights */
    float numbers[COUNT];
};

template <int COUNT>
static __device__ __forceinline__ void rescale(struct seen<COUNT> &s, float most)
{
    float factor = exp2f(s.most - most);
    s.most = most;
    s.sum *= factor;
    for (int c = 0; c < COUNT; c++)
        s.numbers[c] *= factor;
}

/* The other teams' as well: lane l of each team has the same columns. */
template <int COUNT>
static __device__ __forceinline__ void add_teams(struct seen<COUNT> &s, int lanes)
{
    float most = s.most;
    for (int distance = lanes; distance < WARP; distance *= 2)
        most = fmaxf(most, __shfl_xor_sync(0xffffffffU, most, distance));
    rescale(s, most);
    for (int distance = lanes; distance < WARP; distance *= 2) {
        s.sum += __shfl_xor_sync(0xffffffffU, s.sum, distance);
        for (int c = 0; c < COUNT; c++)
            s.numbers[c] += __shfl_xor_sync(0xffffffffU, s.numbers[c], distance);
    }
}

/* Output number `c` of what `warps` warps saw, a warp's `each` after that of the one before it: its
 * numbers (size), most, sum. */
static __device__ __forceinline__ float add_warps(const float *seen, unsigned warps, unsigned each,
                                                  unsigned size, unsigned c)
{
    float most = NO_SCORE, sum = 0, number = 0;
    for (unsigned w = 0; w < warps; w++)
        most = fmaxf(most, seen[w * each + size]);
    for (unsigned w = 0; w < warps; w++) {
        float factor = exp2f(seen[w * each + size] - most);
        sum += factor * seen[w * each + size + 1];
        number += factor * seen[w * each + c];
    }
    return number / sum;
}

/* A block for QUERIES query heads of one key head of a row. A warp is several teams of LANES lanes;
 * a team loads a position at once, a lane wide<T>::COUNT columns of it, and AHEAD positions before
 * it uses the first. Branches would make a load wait for the one before it: so a lane without
 * columns loads others, which meet queries of 0, and the last position stands in for those after
 * it. */
template <class T, int LANES, int QUERIES>
static __global__ void __launch_bounds__(MOST_WARPS *WARP)
    attend_wide(struct attend_shape a, T *y, const T *qkv, const T *keys, const T *values,
                const uint32_t *slots, const uint32_t *positions)
{
    enum { COUNT = wide<T>::COUNT, TEAMS = WARP / LANES, AHEAD = QUERIES > 2 ? 2 : 4 };
    GPU_SHARED(float, shared);
    unsigned group = a.heads / a.kv_heads, pieces = (group + QUERIES - 1) / QUERIES;
    unsigned piece = blockIdx.x % pieces, kv_head = blockIdx.x / pieces % a.kv_heads;
    size_t row = blockIdx.x / pieces / a.kv_heads;
    unsigned first_head = kv_head * group + piece * QUERIES;
    unsigned queries = smaller(group - piece * QUERIES, QUERIES);

    unsigned warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    unsigned team = lane / LANES, column = lane % LANES * COUNT;
    bool has_columns = column < a.size;
    unsigned length = positions[row] + 1, sharing = sharing_warps(length);
    size_t stride = (size_t)a.kv_heads * a.size;
    size_t at = slots[row] * a.slot + (size_t)kv_head * a.size + (has_columns ? column : 0);

    float query[QUERIES][COUNT];
    struct seen<COUNT> seen[QUERIES];
    const T *from = qkv + (row * (a.heads + 2 * a.kv_heads) + first_head) * a.size + column;
#pragma unroll
    for (unsigned q = 0; q < QUERIES; q++) {
        wide<T> numbers = {};
        if (q < queries && has_columns)
            numbers = load_wide(from + (size_t)q * a.size);
        seen[q].most = NO_SCORE;
        seen[q].sum = 0;
#pragma unroll
        for (int c = 0; c < COUNT; c++) {
            query[q][c] = to_float(numbers.at[c]) * a.factor;
            seen[q].numbers[c] = 0;
        }
    }

    unsigned first = warp < sharing ? warp * AHEAD * TEAMS : length;
    for (; first < length; first += sharing * AHEAD * TEAMS) {
        wide<T> key[AHEAD], value[AHEAD];
#pragma unroll
        for (unsigned i = 0; i < AHEAD; i++) {
            unsigned position = smaller(first + i * TEAMS + team, length - 1);
            key[i] = load_wide(keys + at + position * stride);
            value[i] = load_wide(values + at + position * stride);
        }
#pragma unroll
        for (unsigned q = 0; q < QUERIES; q++) {
            float score[AHEAD], most = seen[q].most;
#pragma unroll
            for (unsigned i = 0; i < AHEAD; i++) {
                score[i] = 0;
                for (int c = 0; c < COUNT; c++)
                    score[i] += query[q][c] * to_float(key[i].at[c]);
                for (int distance = LANES / 2; distance > 0; distance /= 2)
                    score[i] += __shfl_xor_sync(0xffffffffU, score[i], distance);
                if (first + i * TEAMS + team >= length)
                    score[i] = -INFINITY;
                most = fmaxf(most, score[i]);
            }
            rescale(seen[q], most);
#pragma unroll
            for (unsigned i = 0; i < AHEAD; i++) {
                float weight = exp2f(score[i] - most);
                seen[q].sum += weight;
                for (int c = 0; c < COUNT; c++)
                    seen[q].numbers[c] += weight * to_float(value[i].at[c]);
            }
        }
    }

    unsigned each = a.size + 2;
#pragma unroll
    for (unsigned q = 0; q < QUERIES; q++) {
        add_teams(seen[q], LANES);
        float *out = shared + (q * sharing + warp) * each;
        if (warp < sharing && team == 0 && has_columns) {
            for (int c = 0; c < COUNT; c++)
                out[column + c] = seen[q].numbers[c];
        }
        if (warp < sharing && lane == 0) {
            out[a.size] = seen[q].most;
            out[a.size + 1] = seen[q].sum;
        }
    }
    __syncthreads();
    T *to = y + (row * a.heads + first_head) * a.size;
    for (unsigned i = threadIdx.x; i < queries * a.size; i += blockDim.x) {
        const float *of_query = shared + i / a.size * sharing * each;
        to[i] = from_float<T>(add_warps(of_query, sharing, each, a.size, i % a.size));
    }
}

/* Positions that a block of attend_any takes at once: one a thread. */
enum { TILE = 128 };

/* Heads of any size, number by number: a block for a head of a row. */
template <class T>
static __global__ void attend_any(struct attend_shape a, T *y, const T *qkv, const T *keys,
                                  const T *values, const uint32_t *slots, const uint32_t *positions)
{
    GPU_SHARED(float, result); /* (size) */
    __shared__ float weights[TILE], sums[WARP];
    unsigned head = blockIdx.x % a.heads, kv_head = head / (a.heads / a.kv_heads);
    size_t row = blockIdx.x / a.heads, stride = (size_t)a.kv_heads * a.size;
    const T *query = qkv + (row * (a.heads + 2 * a.kv_heads) + head) * a.size;
    size_t at = slots[row] * a.slot + (size_t)kv_head * a.size;
    unsigned thread = threadIdx.x, lane = thread % WARP, length = positions[row] + 1;
    for (unsigned c = thread; c < a.size; c += TILE)
        result[c] = 0;
    float most = NO_SCORE, sum = 0;
    for (unsigned first = 0; first < length; first += TILE) {
        unsigned count = smaller(length - first, TILE);
        for (unsigned i = thread / WARP; i < count; i += TILE / WARP) {
            const T *key = keys + at + (first + i) * stride;
            float score = 0;
            for (unsigned c = lane; c < a.size; c += WARP)
                score += to_float(query[c]) * to_float(key[c]);
            score = warp_sum(score);
            if (lane == 0)
                weights[i] = score * a.factor;
        }
        __syncthreads();
        float score = thread < count ? weights[thread] : -INFINITY;
        float before = most;
        most = fmaxf(most, block_max(score, sums));
        float factor = exp2f(before - most), weight = exp2f(score - most);
        sum = sum * factor + block_sum(weight, sums);
        weights[thread] = weight;
        __syncthreads();
        for (unsigned c = thread; c < a.size; c += TILE) {
            float number = result[c] * factor;
            for (unsigned i = 0; i < count; i++)
                number += weights[i] * to_float(values[at + (first + i) * stride + c]);
            result[c] = number;
        }
        __syncthreads();
    }
    for (unsigned c = thread; c < a.size; c += TILE)
        y[(row * a.heads + head) * a.size + c] = from_float<T>(result[c] / sum);
}

/* What an attention call hands its kernels. */
struct attend_call {
    struct ws_cuda *cuda;
    struct attend_shape shape;
    const struct ws_cache *cache;
    float *y;
    const float *qkv;
    const uint32_t *slots, *positions;
    size_t rows;
    unsigned warps; /* that the longest row needs */
};

template <class T, int LANES, int QUERIES> static void launch_wide(const struct attend_call &call)
{
    const struct attend_shape *a = &call.shape;
    unsigned pieces = ws_cuda_blocks(a->heads / a->kv_heads, QUERIES);
    size_t shared = (size_t)call.warps * QUERIES * (a->size + 2) * sizeof(float);
    ws_cuda_launch(call.cuda, "attention over the cache", attend_wide<T, LANES, QUERIES>,
                   dim3((unsigned)(call.rows * a->kv_heads * pieces)), call.warps * WARP, shared,
                   *a, activations<T>(call.y), activations<T>(call.qkv),
                   activations<T>(call.cache->keys), activations<T>(call.cache->values), call.slots,
                   call.positions);
}

template <class T, int LANES> static void launch_lanes(const struct attend_call &call)
{
    unsigned group = call.shape.heads / call.shape.kv_heads;
    if (group == 1)
        launch_wide<T, LANES, 1>(call);
    else if (group == 2)
        launch_wide<T, LANES, 2>(call);
    else
        launch_wide<T, LANES, 4>(call);
}

template <class T> static void launch_attend(const struct attend_call &call)
{
    const struct attend_shape *a = &call.shape;
    unsigned lanes = ws_cuda_blocks(a->size, wide<T>::COUNT);
    if (!heads_are_wide<T>(call.cache) || lanes > WARP)
        ws_cuda_launch(call.cuda, "attention over the cache", attend_any<T>,
                       dim3((unsigned)(call.rows * a->heads)), TILE, a->size * sizeof(float), *a,
                       activations<T>(call.y), activations<T>(call.qkv),
                       activations<T>(call.cache->keys), activations<T>(call.cache->values),
                       call.slots, call.positions);
    else if (lanes <= 8)
        launch_lanes<T, 8>(call);
    else if (lanes <= 16)
        launch_lanes<T, 16>(call);
    else
        launch_lanes<T, 32>(call);
}

void ws_cuda_cache_attention(struct ws_device *device, float *y, const float *qkv,
                             const struct ws_cache *cache, size_t heads, const uint32_t *slots,
                             const uint32_t *positions, size_t rows)
{
    assert(heads % cache->kv_heads == 0);
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda || rows == 0)
        return;
    const double log2_of_e = 1.4426950408889634;
    struct attend_call call = {};
    call.cuda = cuda;
    call.shape.heads = (unsigned)heads;
    call.shape.kv_heads = (unsigned)cache->kv_heads;
    call.shape.size = (unsigned)cache->size;
    call.shape.slot = cache->capacity * width_of(cache);
    call.shape.factor = (float)(log2_of_e / sqrt((double)cache->size));
    call.cache = cache;
    call.y = y;
    call.qkv = qkv;
    call.slots = (const uint32_t *)ws_cuda_send(cuda, slots, rows * sizeof *slots);
    call.positions = (const uint32_t *)ws_cuda_send(cuda, positions, rows * sizeof *positions);
    call.rows = rows;
    for (size_t r = 0; r < rows; r++) {
        assert(slots[r] < cache->slots && positions[r] < cache->capacity);
        unsigned warps = sharing_warps(positions[r] + 1);
        call.warps = warps > call.warps ? warps : call.warps;
    }
    if (call.slots && call.positions)
        WS_CUDA_ACTIVATIONS(cuda, launch_attend<T>(call));
}

/* Moving slots --------------------------------------------------------------------------------- */

/* What is moved is put aside first and then where it goes, so that no order of moving has to be
 * found. It is cut into pieces of up to PIECE_POSITIONS, a block each for keys and for values. */
enum { PIECE_POSITIONS = 4, MOVE_THREADS = 128 };

/* Positions of all slots together, and of the memory aside. */
struct move_piece {
    uint32_t from;
    uint32_t aside;
    uint32_t to;
    uint32_t positions;
};

/* Puts pieces aside, or from there `back`. */
template <class U>
static __global__ void move_pieces(U *keys, U *values, U *aside, size_t aside_positions,
                                   const struct move_piece *pieces, size_t width, bool back)
{
    struct move_piece piece = pieces[blockIdx.x];
    U *cache = blockIdx.y == 0 ? keys : values;
    U *aside_piece = aside + (blockIdx.y * aside_positions + piece.aside) * width;
    const U *from = back ? aside_piece : cache + piece.from * width;
    U *to = back ? cache + piece.to * width : aside_piece;
    size_t count = piece.positions * width;
    for (size_t i = threadIdx.x; i < count; i += MOVE_THREADS)
        to[i] = from[i];
}

/* Host. */
struct moves {
    struct move_piece *pieces;
    size_t count;
    size_t positions;
};

static bool needs_move(const uint32_t *parents, const uint32_t *firsts, const uint32_t *lengths,
                       size_t slot)
{
    return parents[slot] != slot && firsts[slot] < lengths[slot];
}

static void plan_moves(struct moves *m, const struct ws_cache *cache, const uint32_t *parents,
                       const uint32_t *firsts, const uint32_t *lengths, size_t slots)
{
    for (size_t i = 0; i < slots; i++) {
        if (!needs_move(parents, firsts, lengths, i))
            continue;
        assert(parents[i] < cache->slots && lengths[i] <= cache->capacity);
        for (uint32_t at = firsts[i]; at < lengths[i]; at += PIECE_POSITIONS) {
            struct move_piece *piece = &m->pieces[m->count++];
            piece->from = (uint32_t)(parents[i] * cache->capacity + at);
            piece->aside = (uint32_t)m->positions;
            piece->to = (uint32_t)(i * cache->capacity + at);
            piece->positions = smaller(lengths[i] - at, PIECE_POSITIONS);
            m->positions += piece->positions;
        }
    }
}

/* A U is `each` numbers. */
template <class U>
static void launch_moves(struct ws_cuda *cuda, const struct ws_cache *cache, const struct moves *m,
                         const struct move_piece *pieces, size_t each)
{
    size_t width = width_of(cache) / each;
    U *aside = (U *)ws_cuda_scratch(cuda, 2 * m->positions * width * sizeof *aside);
    for (int back = 0; aside && back < 2; back++)
        ws_cuda_launch(cuda, "moving keys and values", move_pieces<U>, dim3((unsigned)m->count, 2),
                       MOVE_THREADS, 0, activations<U>(cache->keys), activations<U>(cache->values),
                       aside, m->positions, pieces, width, back != 0);
}

template <class T>
static void move(struct ws_cuda *cuda, const struct ws_cache *cache, const struct moves *m,
                 const struct move_piece *pieces)
{
    if (heads_are_wide<T>(cache))
        launch_moves<wide<T>>(cuda, cache, m, pieces, wide<T>::COUNT);
    else
        launch_moves<T>(cuda, cache, m, pieces, 1);
}

void ws_cuda_cache_reorder(struct ws_device *device, const struct ws_cache *cache,
                           const uint32_t *parents, const uint32_t *firsts, const uint32_t *lengths,
                           size_t slots)
{
    assert(cache->slots * cache->capacity <= UINT32_MAX);
    struct ws_cuda *cuda = ws_cuda_ready(device);
    size_t room = 0;
    for (size_t i = 0; cuda && i < slots; i++)
        if (needs_move(parents, firsts, lengths, i))
            room += ws_cuda_blocks(lengths[i] - firsts[i], PIECE_POSITIONS);
    if (room == 0)
        return;
    struct moves m = {};
    size_t size = room * sizeof *m.pieces;
    m.pieces = (struct move_piece *)ws_realloc(cuda->allocator, NULL, 0, size);
    if (!m.pieces) {
        ws_cuda_fail(cuda, WS_NO_MEMORY, "no memory for moving keys and values");
        return;
    }
    plan_moves(&m, cache, parents, firsts, lengths, slots);
    const struct move_piece *sent = (const struct move_piece *)ws_cuda_send(cuda, m.pieces, size);
    ws_free(cuda->allocator, m.pieces, size);
    if (sent)
        WS_CUDA_ACTIVATIONS(cuda, move<T>(cuda, cache, &m, sent));
}
