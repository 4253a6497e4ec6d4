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
                                  size_t capacity, uint32_t *holders, const uint32_t *slots,
                                  const uint32_t *positions, size_t rows)
{
    size_t row = ((size_t)blockIdx.x * blockDim.x + threadIdx.x) / WARP;
    if (row >= rows)
        return;
    const U *from = qkv + row * (queries + 2 * width) + queries;
    size_t place = slots[row] * capacity + positions[row], at = place * width;
    if (holders && threadIdx.x % WARP == 0)
        holders[place] = slots[row];
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
                   s.cache->capacity, s.cache->holders, s.slots, s.positions, s.rows);
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
    unsigned capacity;       /* positions of a slot; all slots' are less than 2^32 */
    const uint32_t *holders; /* NULL: each slot holds its own */
    float factor;            /* of scores, so that their softmax is one of powers of 2 */
};

/* Who holds a slot's positions: from[p * each]. Without a choice of kernels, which are many. */
struct held {
    const uint32_t *from;
    unsigned each; /* 0: one slot all of them */
};

static __device__ __forceinline__ struct held held_by(const struct attend_shape &a,
                                                      const uint32_t *slot)
{
    if (a.holders)
        return {a.holders + (size_t)*slot * a.capacity, 1};
    return {slot, 0};
}

/* A position among those of all slots. */
static __device__ __forceinline__ unsigned place_of(const struct held &h, unsigned position,
                                                    unsigned capacity)
{
    return h.from[position * h.each] * capacity + position;
}

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
    size_t at = (size_t)kv_head * a.size + (has_columns ? column : 0);
    struct held h = held_by(a, slots + row);

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
        unsigned places[AHEAD];
#pragma unroll
        for (unsigned i = 0; i < AHEAD; i++)
            places[i] = place_of(h, smaller(first + i * TEAMS + team, length - 1), a.capacity);
#pragma unroll
        for (unsigned i = 0; i < AHEAD; i++) {
            key[i] = load_wide(keys + at + places[i] * stride);
            value[i] = load_wide(values + at + places[i] * stride);
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
    __shared__ size_t places[TILE]; /* where the numbers of positions begin */
    unsigned head = blockIdx.x % a.heads, kv_head = head / (a.heads / a.kv_heads);
    size_t row = blockIdx.x / a.heads, stride = (size_t)a.kv_heads * a.size;
    const T *query = qkv + (row * (a.heads + 2 * a.kv_heads) + head) * a.size;
    size_t at = (size_t)kv_head * a.size;
    struct held h = held_by(a, slots + row);
    unsigned thread = threadIdx.x, lane = thread % WARP, length = positions[row] + 1;
    for (unsigned c = thread; c < a.size; c += TILE)
        result[c] = 0;
    float most = NO_SCORE, sum = 0;
    for (unsigned first = 0; first < length; first += TILE) {
        unsigned count = smaller(length - first, TILE);
        if (thread < count)
            places[thread] = at + place_of(h, first + thread, a.capacity) * stride;
        __syncthreads();
        for (unsigned i = thread / WARP; i < count; i += TILE / WARP) {
            const T *key = keys + places[i];
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
                number += weights[i] * to_float(values[places[i] + c]);
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
    assert(heads % cache->kv_heads == 0 && cache->slots * cache->capacity <= UINT32_MAX);
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda || rows == 0)
        return;
    const double log2_of_e = 1.4426950408889634;
    struct attend_call call = {};
    call.cuda = cuda;
    call.shape.heads = (unsigned)heads;
    call.shape.kv_heads = (unsigned)cache->kv_heads;
    call.shape.size = (unsigned)cache->size;
    call.shape.capacity = (unsigned)cache->capacity;
    call.shape.holders = cache->holders;
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

/* Following ------------------------------------------------------------------------------------ */

enum { FOLLOW_THREADS = 128 };

/* What changes is put aside first and then where it goes, so that no order has to be found. A block
 * a slot. */
static __global__ void follow(uint32_t *holders, uint32_t *aside, const uint32_t *parents,
                              const uint32_t *firsts, const uint32_t *lengths, size_t capacity,
                              bool back)
{
    size_t slot = blockIdx.x, parent = parents[slot];
    unsigned end = lengths[slot];
    if (parent == slot)
        return;
    const uint32_t *from = back ? aside + slot * capacity : holders + parent * capacity;
    uint32_t *to = back ? holders + slot * capacity : aside + slot * capacity;
    for (unsigned p = firsts[slot] + threadIdx.x; p < end; p += FOLLOW_THREADS)
        to[p] = from[p];
}

void ws_cuda_cache_follow(struct ws_device *device, const struct ws_cache *cache,
                          const uint32_t *parents, const uint32_t *firsts, const uint32_t *lengths,
                          size_t slots)
{
    assert(cache->holders && slots <= cache->slots);
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda || slots == 0)
        return;
    for (size_t i = 0; i < slots; i++)
        assert(parents[i] < cache->slots && lengths[i] <= cache->capacity);
    const size_t each = slots * sizeof *parents;
    uint32_t *aside = (uint32_t *)ws_cuda_scratch(cuda, slots * cache->capacity * sizeof *aside);
    const uint32_t *from = (const uint32_t *)ws_cuda_send(cuda, parents, each);
    const uint32_t *first = (const uint32_t *)ws_cuda_send(cuda, firsts, each);
    const uint32_t *end = (const uint32_t *)ws_cuda_send(cuda, lengths, each);
    for (int back = 0; aside && from && first && end && back < 2; back++)
        ws_cuda_launch(cuda, "following other slots", follow, (unsigned)slots, FOLLOW_THREADS, 0,
                       cache->holders, aside, from, first, end, cache->capacity, back != 0);
}
