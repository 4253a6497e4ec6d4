/*
 * Rows of tables by token and position. Gradients are summed row of the table by row of the table,
 * each in the order of the batch: the host sorts the batch's rows, so that nothing is added
 * atomically.
 */
#include <assert.h>
#include <string.h>

#include "compute/cuda/cuda_device.h"

enum { THREADS = 128, WARPS = THREADS / WARP };

/* What a lane loads at once: 1 number, or as many as WIDE bytes of activations hold. */
template <class X, int EACH>
struct alignas(EACH * sizeof(X) < WIDE ? EACH * sizeof(X) : (size_t)WIDE) numbers {
    X at[EACH];
};

template <int EACH, class X>
static __device__ __forceinline__ struct numbers<X, EACH> load_numbers(const X *from) {
    return *reinterpret_cast<const struct numbers<X, EACH> *>(from);
}

template <int EACH, class X>
static __device__ __forceinline__ void add_numbers(float (&sum)[EACH],
                                                   const struct numbers<X, EACH> &n)
{
#pragma unroll
    for (int c = 0; c < EACH; c++)
        sum[c] += to_float(n.at[c]);
}

template <int EACH, class X>
static __device__ __forceinline__ void store_numbers(X *to, const float (&from)[EACH])
{
    struct numbers<X, EACH> n;
#pragma unroll
    for (int c = 0; c < EACH; c++)
        n.at[c] = from_float<X>(from[c]);
    *reinterpret_cast<struct numbers<X, EACH> *>(to) = n;
}

/* Whether rows of this width can be taken `count` numbers at once. */
static bool rows_are_wide(size_t width, size_t count, const float *table, const float *places)
{
    return width % count == 0 && (uintptr_t)table % WIDE == 0 && (uintptr_t)places % WIDE == 0;
}

/* Forward -------------------------------------------------------------------------------------- */

/* A warp a row. */
template <class T, int EACH>
static __global__ void embed_rows(T *y, const float *table, const float *places,
                                  const uint32_t *tokens, const uint32_t *positions, size_t rows,
                                  size_t width)
{
    size_t row = (size_t)blockIdx.x * WARPS + threadIdx.x / WARP;
    if (row >= rows)
        return;
    const float *token = table + (tokens[row] == WS_NO_TARGET ? 0 : tokens[row] * width);
    const float *place = places ? places + positions[row] * width : NULL;
    for (size_t c = threadIdx.x % WARP * EACH; c < width; c += WARP * EACH) {
        float sum[EACH] = {};
        add_numbers(sum, load_numbers<EACH>(token + c));
        if (place)
            add_numbers(sum, load_numbers<EACH>(place + c));
        store_numbers(y + row * width + c, sum);
    }
}

template <class T>
static void embed(struct ws_cuda *cuda, float *y, const float *table, const float *places,
                  const uint32_t *tokens, const uint32_t *positions, size_t rows, size_t width)
{
    enum { EACH = wide<T>::COUNT };
    bool wide_rows = rows_are_wide(width, EACH, table, places);
    ws_cuda_launch(cuda, "embedding", wide_rows ? embed_rows<T, EACH> : embed_rows<T, 1>,
                   dim3(ws_cuda_blocks(rows, WARPS)), THREADS, 0, activations<T>(y), table, places,
                   tokens, positions, rows, width);
}

void ws_cuda_embedding(struct ws_device *device, float *y, const float *table, const float *places,
                       const uint32_t *tokens, const uint32_t *positions, size_t rows, size_t width)
{
    struct ws_cuda *cuda = ws_cuda_ready(device);
    if (!cuda)
        return;
    const uint32_t *token = (const uint32_t *)ws_cuda_awaited(cuda, tokens, rows * sizeof *tokens);
    if (!token)
        token = (const uint32_t *)ws_cuda_send(cuda, tokens, rows * sizeof *tokens);
    const uint32_t *at = (const uint32_t *)ws_cuda_send(cuda, positions, rows * sizeof *positions);
    if (token && at)
        WS_CUDA_ACTIVATIONS(cuda, embed<T>(cuda, y, table, places, token, at, rows, width));
}

/* Backward ------------------------------------------------------------------------------------- */

/* A run is the rows of the batch that have one token, or one position. It is cut into pieces of
 * PIECE_ROWS, so that a frequent token keeps no warp longer than others; what pieces of one run
 * sum to is put aside, and added in a second launch. */
enum { PIECE_ROWS = 64, AHEAD = 4 };

enum run_target { INTO_TABLE, INTO_PLACES, INTO_ASIDE };

/* Sums numbers first .. end - 1 of an order of rows. */
struct run {
    uint32_t first;
    uint32_t end;
    uint32_t row; /* of the target */
    uint32_t target;
};

struct run_targets {
    float *table;
    float *places;
    float *aside;
};

/* A warp for WARP * EACH columns of a run. Rows are taken in the order, or as they follow each
 * other where they are not ORDERED; AHEAD are loaded before the first is added. */
template <class X, int EACH, bool ORDERED>
static __global__ void add_runs(struct run_targets targets, const X *rows, const uint32_t *order,
                                const struct run *runs, size_t count, size_t width)
{
    size_t number = (size_t)blockIdx.x * WARPS + threadIdx.x / WARP;
    size_t column = ((size_t)blockIdx.y * WARP + threadIdx.x % WARP) * EACH;
    if (number >= count || column >= width)
        return;
    struct run run = runs[number];
    float sum[EACH] = {};
    for (uint32_t i = run.first; i < run.end; i += AHEAD) {
        struct numbers<X, EACH> ahead[AHEAD];
#pragma unroll
        for (uint32_t j = 0; j < AHEAD; j++) {
            uint32_t at = i + j < run.end ? i + j : i;
            size_t row = ORDERED ? order[at] : at;
            ahead[j] = load_numbers<EACH>(rows + row * width + column);
        }
#pragma unroll
        for (uint32_t j = 0; j < AHEAD; j++)
            if (i + j < run.end)
                add_numbers(sum, ahead[j]);
    }
    float *target = run.target == INTO_TABLE    ? targets.table
                    : run.target == INTO_PLACES ? targets.places
                                                : targets.aside;
    target += run.row * width + column;
    if (run.target != INTO_ASIDE)
        add_numbers(sum, load_numbers<EACH>(target));
    store_numbers(target, sum);
}

/* Host. The rows of the batch by their keys: tokens, or positions. */
struct groups {
    const uint32_t *keys; /* (rows) */
    enum run_target target;
    size_t key_count;
    uint32_t *starts; /* (key_count + 2): rows starts[k] .. starts[k + 1] - 1 of an order have k */
};

/* Host, one block of memory, of which the first two go to the device together. */
struct plan {
    size_t rows;
    struct groups groups[2];
    size_t group_count;
    uint32_t *order;  /* (group_count * rows), of each groups */
    struct run *runs; /* those of rows first, then those of what was put aside */
    size_t piece_count;
    size_t run_count;
    size_t aside_count;
    size_t size; /* of the block, which starts with the order */
};

static void add_groups(struct plan *p, const uint32_t *keys, enum run_target target)
{
    struct groups *g = &p->groups[p->group_count++];
    g->keys = keys;
    g->target = target;
    for (size_t r = 0; r < p->rows; r++)
        g->key_count = keys[r] >= g->key_count ? keys[r] + (size_t)1 : g->key_count;
}

/* There are no more pieces than rows; only runs of more than PIECE_ROWS are put aside. */
static bool take_memory(struct ws_cuda *cuda, struct plan *p)
{
    size_t orders = p->group_count * p->rows, starts = 0;
    size_t runs = orders + orders / PIECE_ROWS;
    for (size_t i = 0; i < p->group_count; i++)
        starts += p->groups[i].key_count + 2;
    p->size = (orders + starts) * sizeof *p->order + runs * sizeof *p->runs;
    p->order = (uint32_t *)ws_realloc(cuda->allocator, NULL, 0, p->size);
    if (!p->order) {
        ws_cuda_fail(cuda, WS_NO_MEMORY, "no memory for the order of a batch's tokens");
        return false;
    }
    p->runs = (struct run *)(p->order + orders);
    uint32_t *rest = (uint32_t *)(p->runs + runs);
    for (size_t i = 0; i < p->group_count; i++) {
        p->groups[i].starts = rest;
        rest += p->groups[i].key_count + 2;
    }
    return true;
}

/* Counting: starts[k + 1] is where the next row of key k goes, in the end where k + 1 starts. */
static void sort_rows(const struct groups *g, uint32_t *order, size_t rows)
{
    memset(g->starts, 0, (g->key_count + 2) * sizeof *g->starts);
    for (size_t r = 0; r < rows; r++)
        g->starts[g->keys[r] + 2]++;
    for (size_t k = 2; k < g->key_count + 2; k++)
        g->starts[k] += g->starts[k - 1];
    for (size_t r = 0; r < rows; r++)
        order[g->starts[g->keys[r] + 1]++] = (uint32_t)r;
}

static void add_run(struct plan *p, size_t first, size_t end, size_t row, enum run_target target)
{
    struct run *run = &p->runs[p->run_count++];
    run->first = (uint32_t)first;
    run->end = (uint32_t)end;
    run->row = (uint32_t)row;
    run->target = target;
}

static size_t pieces_of(const struct groups *g, size_t key)
{
    return (g->starts[key + 1] - g->starts[key] + (size_t)PIECE_ROWS - 1) / PIECE_ROWS;
}

/* `before` rows of the order belong to other groups. */
static void cut_groups(struct plan *p, const struct groups *g, size_t before)
{
    for (size_t k = 0; k < g->key_count; k++) {
        size_t pieces = pieces_of(g, k), end = before + g->starts[k + 1];
        for (size_t i = 0; i < pieces; i++) {
            size_t first = before + g->starts[k] + i * PIECE_ROWS;
            size_t last = i + 1 < pieces ? first + PIECE_ROWS : end;
            if (pieces == 1)
                add_run(p, first, last, k, g->target);
            else
                add_run(p, first, last, p->aside_count++, INTO_ASIDE);
        }
    }
}

static void collect_aside(struct plan *p, const struct groups *g, size_t *at)
{
    for (size_t k = 0; k < g->key_count; k++) {
        size_t pieces = pieces_of(g, k);
        if (pieces > 1)
            add_run(p, *at, *at + pieces, k, g->target);
        *at += pieces > 1 ? pieces : 0;
    }
}

static void make_plan(struct plan *p)
{
    for (size_t i = 0; i < p->group_count; i++) {
        sort_rows(&p->groups[i], p->order + i * p->rows, p->rows);
        cut_groups(p, &p->groups[i], i * p->rows);
    }
    p->piece_count = p->run_count;
    size_t at = 0;
    for (size_t i = 0; i < p->group_count; i++)
        collect_aside(p, &p->groups[i], &at);
}

template <class X, int EACH, bool ORDERED>
static void launch_runs(struct ws_cuda *cuda, const struct run_targets &targets, const X *rows,
                        const uint32_t *order, const struct run *runs, size_t count, size_t width)
{
    dim3 blocks(ws_cuda_blocks(count, WARPS), ws_cuda_blocks(width, (size_t)WARP * EACH));
    ws_cuda_launch(cuda, "adding gradients of embeddings", add_runs<X, EACH, ORDERED>, blocks,
                   THREADS, 0, targets, rows, order, runs, count, width);
}

/* `sent` begins with the order. */
template <class T, int EACH>
static void add_plan(struct ws_cuda *cuda, const struct run_targets &targets, const float *dy,
                     const struct plan *p, const uint32_t *sent, size_t width)
{
    const struct run *runs = (const struct run *)(sent + p->group_count * p->rows);
    launch_runs<T, EACH, true>(cuda, targets, activations<T>(dy), sent, runs, p->piece_count,
                               width);
    launch_runs<float, EACH, false>(cuda, targets, targets.aside, NULL, runs + p->piece_count,
                                    p->run_count - p->piece_count, width);
}

template <class T>
static void add_gradients(struct ws_cuda *cuda, const struct run_targets &targets, const float *dy,
                          const struct plan *p, const uint32_t *sent, size_t width)
{
    enum { EACH = wide<T>::COUNT };
    if (rows_are_wide(width, EACH, targets.table, targets.places))
        add_plan<T, EACH>(cuda, targets, dy, p, sent, width);
    else
        add_plan<T, 1>(cuda, targets, dy, p, sent, width);
}

void ws_cuda_embedding_backward(struct ws_device *device, float *dtable, float *dplaces,
                                const float *dy, const uint32_t *tokens, const uint32_t *positions,
                                size_t rows, size_t width)
{
    assert(rows <= UINT32_MAX / 2);
    struct ws_cuda *cuda = ws_cuda_ready(device);
    struct plan plan = {};
    plan.rows = rows;
    if (!cuda || rows == 0)
        return;
    /* Positions first: their runs are long, and should not be the last to begin. */
    if (dplaces)
        add_groups(&plan, positions, INTO_PLACES);
    add_groups(&plan, tokens, INTO_TABLE);
    if (!take_memory(cuda, &plan))
        return;
    make_plan(&plan);
    size_t sent_size = (size_t)((char *)(plan.runs + plan.run_count) - (char *)plan.order);
    const uint32_t *sent = (const uint32_t *)ws_cuda_send(cuda, plan.order, sent_size);
    ws_free(cuda->allocator, plan.order, plan.size);
    float *aside = (float *)ws_cuda_scratch(cuda, plan.aside_count * width * sizeof *aside);
    if (!sent || (!aside && plan.aside_count > 0))
        return;
    const struct run_targets targets = {dtable, dplaces, aside};
    WS_CUDA_ACTIVATIONS(cuda, add_gradients<T>(cuda, targets, dy, &plan, sent, width));
}
