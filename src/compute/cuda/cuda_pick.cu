/*
 * Tokens from rows of scores: `pick` and `rank`, a block a row.
 *
 * Weights are exp((score - max) / temperature) in f32, summed in f32 by each thread and in double
 * from there on, always in the same order: edges of the distribution are where the reference has
 * them but for about 1e-7 of the whole. Edges of the filters are found bit by bit, by as many sums
 * over the row, which lies in shared memory where it fits.
 */
#include <math.h>

#include "compute/cuda/cuda_row.h"

/* Of a block. */
enum { FEW_THREADS = 128, SOME_THREADS = 512, MANY_THREADS = 1024 };

/* A row's weights are summed in at most so many chunks of consecutive tokens, at most one a
 * thread; a draw looks for its chunk, and then in it. */
enum { CHUNKS = FEW_THREADS };

/* The largest of a row that are ranked in shared memory. */
enum { LISTED = 1024 };

/* Edits ---------------------------------------------------------------------------------------- */

/* As struct ws_edits, on the device. Without ends there are none. */
struct edits {
    float penalty;
    const size_t *seen_ends;
    const uint32_t *seen;
    const size_t *banned_ends;
    const uint32_t *banned;
    float *before; /* of each of `seen`: the score before any is changed */
};

/* Whether tokens[i] is not among tokens[first .. i - 1]. */
static __device__ bool is_new(const uint32_t *tokens, size_t first, size_t i)
{
    while (first < i && tokens[first] != tokens[i])
        first++;
    return first == i;
}

/* A token that was seen twice is penalised once: all scores are looked at before any is changed. */
static __device__ void edit_row(float *row, const struct edits &e, size_t r)
{
    if (e.seen_ends) {
        size_t first = r > 0 ? e.seen_ends[r - 1] : 0, end = e.seen_ends[r];
        for (size_t i = first + threadIdx.x; i < end; i += blockDim.x)
            e.before[i] = row[e.seen[i]];
        __syncthreads();
        for (size_t i = first + threadIdx.x; i < end; i += blockDim.x)
            if (is_new(e.seen, first, i))
                row[e.seen[i]] =
                    e.before[i] < 0 ? e.before[i] * e.penalty : e.before[i] / e.penalty;
        __syncthreads();
    }
    if (e.banned_ends) {
        size_t first = r > 0 ? e.banned_ends[r - 1] : 0, end = e.banned_ends[r];
        for (size_t i = first + threadIdx.x; i < end; i += blockDim.x)
            if (is_new(e.banned, first, i))
                row[e.banned[i]] = -INFINITY;
        __syncthreads();
    }
}

/* Tokens whose scores change. */
static size_t count_seen(const struct ws_edits *edits, size_t rows)
{
    return edits->seen_ends && edits->penalty != 1 ? edits->seen_ends[rows - 1] : 0;
}

static struct edits send_edits(struct ws_cuda *cuda, const struct ws_edits *edits, size_t rows,
                               float *before)
{
    struct edits sent = {edits->penalty, NULL, NULL, NULL, NULL, before};
    size_t seen = count_seen(edits, rows);
    size_t banned = edits->banned_ends ? edits->banned_ends[rows - 1] : 0;
    if (seen > 0) {
        sent.seen = (const uint32_t *)ws_cuda_send(cuda, edits->seen, seen * sizeof *edits->seen);
        sent.seen_ends =
            (const size_t *)ws_cuda_send(cuda, edits->seen_ends, rows * sizeof *edits->seen_ends);
    }
    if (banned > 0) {
        sent.banned =
            (const uint32_t *)ws_cuda_send(cuda, edits->banned, banned * sizeof *edits->banned);
        sent.banned_ends = (const size_t *)ws_cuda_send(cuda, edits->banned_ends,
                                                        rows * sizeof *edits->banned_ends);
    }
    return sent;
}

/* Scores --------------------------------------------------------------------------------------- */

/* Infinity when a score is none or that, -infinity when all are that. */
static __device__ float largest_score(const float *row, unsigned count, float *shared)
{
    float largest = -INFINITY;
    each_of_row(row, count,
                [&](unsigned, float x) { largest = x < INFINITY ? fmaxf(largest, x) : INFINITY; });
    return block_max(largest, shared);
}

static __device__ bool is_number(float largest)
{
    return largest > -INFINITY && largest < INFINITY;
}

/* Weights -------------------------------------------------------------------------------------- */

struct weights {
    float *at; /* (count) */
    unsigned count;
    unsigned chunk; /* tokens in a chunk but the last */
    unsigned chunks;
    double *sums;  /* of each chunk; shared */
    double *parts; /* for block_sum */
};

static __device__ struct weights cut(float *row, unsigned count, double *sums, double *parts)
{
    unsigned chunk = (count + CHUNKS - 1) / CHUNKS;
    chunk = (chunk + WARP - 1) / WARP * WARP;
    return {row, count, chunk, (count + chunk - 1) / chunk, sums, parts};
}

/* Gives the sum of all. */
static __device__ double sum_chunks(const struct weights &w)
{
    __syncthreads();
    unsigned lane = threadIdx.x % WARP;
    for (unsigned c = threadIdx.x / WARP; c < w.chunks; c += blockDim.x / WARP) {
        unsigned end = min((c + 1) * w.chunk, w.count);
        float sum = 0;
        for (unsigned v = c * w.chunk + lane; v < end; v += WARP)
            sum += w.at[v];
        double all = warp_sum((double)sum);
        if (lane == 0)
            w.sums[c] = all;
    }
    __syncthreads();
    return block_sum(threadIdx.x < w.chunks ? w.sums[threadIdx.x] : 0.0, w.parts);
}

/* Filters -------------------------------------------------------------------------------------- */

/* The number whose place among all f32, in ascending order, has these bits. */
static __device__ __forceinline__ float number_at(uint32_t place)
{
    return __uint_as_float(place >> 31 ? place ^ 1U << 31 : ~place);
}

/* The largest edge so that the numbers of the row whose key is at least that weigh `wanted`, which
 * is more than 0. No number when all do not: no key is below that. */
template <class Key, class Weight>
static __device__ float find_edge(const struct weights &w, double wanted, Key key, Weight weight)
{
    uint32_t place = 0;
    for (int bit = 31; bit >= 0; bit--) {
        float edge = number_at(place | 1U << bit);
        float sum = 0;
        each_of_row(w.at, w.count,
                    [&](unsigned, float x) { sum += key(x) >= edge ? weight(x) : 0; });
        if (block_sum((double)sum, w.parts) >= wanted)
            place |= 1U << bit;
    }
    return number_at(place);
}

template <class Key>
static __device__ double keep_from(const struct weights &w, Key key, float edge)
{
    map_row(w.at, w.at, w.count, [&](unsigned, float x) { return key(x) < edge ? 0 : x; });
    return sum_chunks(w);
}

/* One at least. */
template <class Key>
static __device__ double keep_part(const struct weights &w, double part, double total, Key key)
{
    double wanted = fmax(part * total, 1e-300);
    return keep_from(w, key, find_edge(w, wanted, key, [](float x) { return x; }));
}

/* The information of a weight w is log(total) - log(w); that is as far from the mean one as log(w)
 * is from the mean log weight. */
static __device__ double keep_typical(const struct weights &w, double part, double total)
{
    double sum = 0;
    each_of_row(w.at, w.count, [&](unsigned, float x) {
        if (x > 0)
            sum += (double)x * (double)logf(x);
    });
    float mean = (float)(block_sum(sum, w.parts) / total);
    return keep_part(w, part, total,
                     [=](float x) { return x > 0 ? -fabsf(logf(x) - mean) : -INFINITY; });
}

struct picking {
    float *scores;
    float *probabilities;   /* NULL: not wanted */
    uint32_t *tokens;       /* likewise */
    const double *uniforms; /* NULL: not needed */
    struct edits edits;
    unsigned vocabulary;
    unsigned top_k; /* the vocabulary: all */
    float temperature, top_p, min_p, typical_p;
};

/* Makes the scores into weights; gives their sum. */
static __device__ double weigh(const struct weights &w, const struct picking &p, float max)
{
    auto itself = [](float x) { return x; };
    if (p.temperature == 0) {
        map_row(w.at, w.at, w.count, [=](unsigned, float x) { return x == max ? 1.0F : 0.0F; });
        return sum_chunks(w);
    }
    float edge = -INFINITY;
    if (p.top_k < w.count)
        edge = find_edge(w, p.top_k, itself, [](float) { return 1.0F; });
    float factor = 1 / p.temperature;
    map_row(w.at, w.at, w.count,
            [=](unsigned, float x) { return x < edge ? 0 : expf((x - max) * factor); });
    double total = sum_chunks(w);
    if (p.top_p < 1)
        total = keep_part(w, p.top_p, total, itself);
    if (p.min_p > 0) /* the largest weight is 1 */
        total = keep_from(w, itself, p.min_p);
    if (p.typical_p < 1)
        total = keep_typical(w, p.typical_p, total);
    return total;
}

/* Drawing -------------------------------------------------------------------------------------- */

/* The first so that the weights up to it exceed `place`, or the last that has a weight; takes what
 * is before it from `place`. A warp together; each lane has a span of the weights. */
template <class Weight>
static __device__ unsigned find_place(unsigned count, double *place, Weight weight)
{
    unsigned lane = threadIdx.x % WARP, span = (count + WARP - 1) / WARP;
    unsigned first = min(lane * span, count), end = min(first + span, count);
    double sum = 0;
    for (unsigned i = first; i < end; i++)
        sum += weight(i);
    double before = sum; /* of the lanes before and this one, soon without it */
    for (unsigned by = 1; by < WARP; by *= 2) {
        double lower = __shfl_up_sync(0xffffffffU, before, by);
        before += lane >= by ? lower : 0;
    }
    unsigned weighty = __ballot_sync(0xffffffffU, sum > 0);
    unsigned beyond = __ballot_sync(0xffffffffU, sum > 0 && before > *place);
    before = __shfl_up_sync(0xffffffffU, before, 1);
    before = lane > 0 ? before : 0;
    int at = beyond ? __ffs((int)beyond) - 1 : weighty ? WARP - 1 - __clz((int)weighty) : 0;
    unsigned found = first;
    double start = before;
    for (unsigned i = first; i < end && before <= *place; i++) {
        if (weight(i) > 0) {
            found = i;
            start = before;
        }
        before += weight(i);
    }
    *place -= __shfl_sync(0xffffffffU, start, at);
    return __shfl_sync(0xffffffffU, found, at);
}

static __device__ uint32_t draw(const struct weights &w, double place)
{
    unsigned chunk = find_place(w.chunks, &place, [&](unsigned c) { return w.sums[c]; });
    unsigned first = chunk * w.chunk;
    return first + find_place(min(w.chunk, w.count - first), &place,
                              [&](unsigned i) { return (double)w.at[first + i]; });
}

static __global__ void __launch_bounds__(MANY_THREADS) pick_rows(struct picking p, bool held)
{
    GPU_SHARED(float, room);
    __shared__ double sums[CHUNKS], parts[WARP];
    __shared__ float maxima[WARP];
    __shared__ uint32_t drawn;
    size_t r = blockIdx.x;
    float *row = hold_row(p.scores + r * p.vocabulary, p.vocabulary, held ? room : (float *)NULL);
    edit_row(row, p.edits, r);
    float max = largest_score(row, p.vocabulary, maxima);
    struct weights w = cut(row, p.vocabulary, sums, parts);
    double total = is_number(max) ? weigh(w, p, max) : 0;
    if (threadIdx.x < WARP) {
        double place = p.uniforms ? p.uniforms[r] * total : 0;
        uint32_t token = total > 0 ? draw(w, place) : WS_NO_TARGET;
        if (threadIdx.x == 0)
            drawn = token;
        if (threadIdx.x == 0 && p.tokens)
            p.tokens[r] = token;
    }
    __syncthreads();
    if (!p.probabilities)
        return;
    bool all = p.temperature > 0;
    float share = total > 0 ? (float)(1 / total) : 0;
    map_row(p.probabilities + r * p.vocabulary, row, p.vocabulary, [=](unsigned v, float x) {
        return share == 0 ? 0 : all ? x * share : v == drawn ? 1.0F : 0.0F;
    });
}

static unsigned threads_of(size_t vocabulary)
{
    return vocabulary <= 4096 ? FEW_THREADS : vocabulary <= 16384 ? SOME_THREADS : MANY_THREADS;
}

void ws_cuda_pick(struct ws_device *device, uint32_t *tokens, float *probabilities, float *scores,
                  const struct ws_pick *pick)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    size_t rows = pick->rows, vocabulary = pick->vocabulary;
    if (!cuda || rows == 0)
        return;
    size_t seen = count_seen(&pick->edits, rows);
    uint32_t *scratch =
        (uint32_t *)ws_cuda_scratch(cuda, rows * sizeof *tokens + seen * sizeof(float));
    if (!scratch)
        return;
    bool all = pick->top_k == 0 || pick->top_k > vocabulary,
         drawn = tokens && pick->temperature > 0;
    struct picking p = {
        .scores = scores,
        .probabilities = probabilities,
        .tokens = tokens ? scratch : NULL,
        .uniforms = drawn
                        ? (const double *)ws_cuda_send(cuda, pick->uniforms, rows * sizeof(double))
                        : NULL,
        .edits = send_edits(cuda, &pick->edits, rows, (float *)(scratch + rows)),
        .vocabulary = (unsigned)vocabulary,
        .top_k = (unsigned)(all ? vocabulary : pick->top_k),
        .temperature = pick->temperature,
        .top_p = pick->top_p,
        .min_p = pick->min_p,
        .typical_p = pick->typical_p,
    };
    size_t room = room_for_row(cuda, vocabulary * sizeof *scores);
    ws_cuda_launch(cuda, "picking tokens", pick_rows, (unsigned)rows, threads_of(vocabulary), room,
                   p, room > 0);
    if (tokens)
        ws_cuda_receive(cuda, tokens, scratch, rows * sizeof *tokens);
}

/* Ranking -------------------------------------------------------------------------------------- */

/* Numbers in the order of those that they are made of, the zeros as one. */
static __device__ __forceinline__ uint32_t ordered(float x)
{
    uint32_t bits = __float_as_uint(x + 0.0F);
    return bits >> 31 ? ~bits : bits | 1U << 31;
}

/* Larger values have larger places, of equals the smaller token: no two are equal. */
static __device__ __forceinline__ uint64_t place_of(float x, unsigned v)
{
    return (uint64_t)ordered(x) << 32 | (UINT32_MAX - v);
}

static __device__ __forceinline__ uint32_t token_of(uint64_t place)
{
    return UINT32_MAX - (uint32_t)place;
}

/* Not beyond the place of the last of the `wanted` largest, and seldom far from it: so many threads
 * have one at least that large. */
static __device__ uint64_t guess_edge(const float *row, unsigned count, unsigned wanted,
                                      float *shared)
{
    uint32_t largest = 0, edge = 0;
    each_of_row(row, count, [&](unsigned, float x) { largest = max(largest, ordered(x)); });
    for (int bit = 31; bit >= 16; bit--) {
        uint32_t higher = edge | 1U << bit;
        if (block_sum(largest >= higher ? 1.0F : 0.0F, shared) >= (float)wanted)
            edge = higher;
    }
    return (uint64_t)edge << 32;
}

/* The place of the last of the `wanted` largest. */
static __device__ uint64_t exact_edge(const float *row, unsigned count, unsigned wanted,
                                      double *shared)
{
    uint64_t edge = 0;
    for (int bit = 63; bit >= 0; bit--) {
        uint64_t higher = edge | (uint64_t)1 << bit;
        unsigned beyond = 0;
        each_of_row(row, count, [&](unsigned v, float x) { beyond += place_of(x, v) >= higher; });
        if (block_sum((double)beyond, shared) >= wanted)
            edge = higher;
    }
    return edge;
}

/* Lists the places from `edge` on, in any order, and gives how many there are; those beyond LISTED
 * are not in the list. */
static __device__ unsigned list_from(const float *row, unsigned count, uint64_t edge,
                                     uint64_t *list, unsigned *listed)
{
    __syncthreads();
    if (threadIdx.x == 0)
        *listed = 0;
    __syncthreads();
    each_of_row(row, count, [&](unsigned v, float x) {
        uint64_t place = place_of(x, v);
        if (place < edge)
            return;
        unsigned at = atomicAdd(listed, 1U);
        if (at < LISTED)
            list[at] = place;
    });
    __syncthreads();
    return *listed;
}

struct ranking {
    float *scores;
    uint32_t *tokens; /* (rows, count) */
    float *values;
    struct edits edits;
    unsigned vocabulary;
    unsigned count;
};

/* Writes down the `count` largest of a row, each where it says how many are larger. */
static __device__ void rank_row(const float *row, const struct ranking &k, uint32_t *tokens,
                                float *values, float *maxima, double *parts)
{
    __shared__ uint64_t list[LISTED];
    __shared__ unsigned listed;
    uint64_t edge = k.count <= blockDim.x ? guess_edge(row, k.vocabulary, k.count, maxima) : 0;
    unsigned found = list_from(row, k.vocabulary, edge, list, &listed);
    if (found > LISTED) {
        edge = exact_edge(row, k.vocabulary, k.count, parts);
        found = list_from(row, k.vocabulary, edge, list, &listed);
    }
    for (unsigned i = threadIdx.x; i < found && found <= LISTED; i += blockDim.x) {
        unsigned larger = 0;
        for (unsigned j = 0; j < found; j++)
            larger += list[j] > list[i];
        if (larger < k.count) {
            tokens[larger] = token_of(list[i]);
            values[larger] = row[token_of(list[i])];
        }
    }
    if (found <= LISTED)
        return;
    each_of_row(row, k.vocabulary,
                [&](unsigned v, float x) { /* count > LISTED: all from edge on */
                                           unsigned larger = 0;
                                           for (unsigned u = 0;
                                                place_of(x, v) >= edge && u < k.vocabulary; u++)
                                               larger += place_of(row[u], u) > place_of(x, v);
                                           if (place_of(x, v) >= edge) {
                                               tokens[larger] = v;
                                               values[larger] = x;
                                           }
                });
}

static __global__ void __launch_bounds__(MANY_THREADS) rank_rows(struct ranking k, bool held)
{
    GPU_SHARED(float, room);
    __shared__ double parts[WARP];
    __shared__ float maxima[WARP];
    size_t r = blockIdx.x;
    float *row = hold_row(k.scores + r * k.vocabulary, k.vocabulary, held ? room : (float *)NULL);
    uint32_t *tokens = k.tokens + r * k.count;
    float *values = k.values + r * k.count;
    float max = largest_score(row, k.vocabulary, maxima);
    if (!is_number(max)) {
        for (unsigned i = threadIdx.x; i < k.count; i += blockDim.x) {
            tokens[i] = WS_NO_TARGET;
            values[i] = NAN;
        }
        return;
    }
    float sum = 0;
    each_of_row(row, k.vocabulary, [&](unsigned, float x) { sum += expf(x - max); });
    double log_sum = log(block_sum((double)sum, parts));
    map_row(row, row, k.vocabulary,
            [=](unsigned, float x) { return (float)((double)x - (double)max - log_sum); });
    __syncthreads();
    edit_row(row, k.edits, r);
    rank_row(row, k, tokens, values, maxima, parts);
}

void ws_cuda_rank(struct ws_device *device, uint32_t *tokens, float *values, float *scores,
                  const struct ws_edits *edits, size_t rows, size_t vocabulary, size_t count)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda || rows == 0 || count == 0)
        return;
    size_t seen = count_seen(edits, rows), places = rows * count;
    uint32_t *scratch = (uint32_t *)ws_cuda_scratch(
        cuda, places * (sizeof *tokens + sizeof *values) + seen * sizeof(float));
    if (!scratch)
        return;
    struct ranking k = {
        .scores = scores,
        .tokens = scratch,
        .values = (float *)(scratch + places),
        .edits = send_edits(cuda, edits, rows, (float *)(scratch + 2 * places)),
        .vocabulary = (unsigned)vocabulary,
        .count = (unsigned)count,
    };
    size_t room = room_for_row(cuda, vocabulary * sizeof *scores);
    ws_cuda_launch(cuda, "ranking tokens", rank_rows, (unsigned)rows, threads_of(vocabulary), room,
                   k, room > 0);
    ws_cuda_receive(cuda, tokens, k.tokens, places * sizeof *tokens);
    ws_cuda_receive(cuda, values, k.values, places * sizeof *values);
}
