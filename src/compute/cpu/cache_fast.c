#include <assert.h>
#include <math.h>
#include <string.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/fast.h"

/* Rows are stored in pieces of STORE_ROWS. Fewer rows than FEW_ROWS leave threads without work, so
 * their heads are taken one by one. */
enum { STORE_ROWS = 16, FEW_ROWS = 32 };

struct cache_work {
    const struct ws_cpu *cpu;
    const struct ws_cache *cache;
    const float *qkv;
    float *y;
    size_t heads;
    const uint32_t *slots, *positions;
    size_t rows;
    size_t pieces;  /* of a row */
    float *scratch; /* of each worker: the probabilities of all positions for a piece's heads */
    size_t each;
};

/* Of all heads of a position. */
static size_t width_of(const struct ws_cache *cache)
{
    return cache->kv_heads * cache->size;
}

static size_t at_position(const struct ws_cache *cache, size_t slot, size_t position)
{
    assert(slot < cache->slots && position < cache->capacity);
    return (slot * cache->capacity + position) * width_of(cache);
}

/* A row of qkv has queries, keys and values. */
static const float *queries_of(const struct cache_work *w, size_t row)
{
    return w->qkv + row * (w->heads * w->cache->size + 2 * width_of(w->cache));
}

static void store_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct cache_work *w = context;
    size_t width = width_of(w->cache);
    for (size_t r = piece * STORE_ROWS; r < ws_smaller((piece + 1) * STORE_ROWS, w->rows); r++) {
        const float *keys = queries_of(w, r) + w->heads * w->cache->size;
        size_t at = at_position(w->cache, w->slots[r], w->positions[r]);
        memcpy(w->cache->keys + at, keys, width * sizeof *keys);
        memcpy(w->cache->values + at, keys + width, width * sizeof *keys);
    }
}

void ws_fast_cache_store(struct ws_device *device, const struct ws_cache *cache, const float *qkv,
                         size_t heads, const uint32_t *slots, const uint32_t *positions,
                         size_t rows)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    struct cache_work w = {.cpu = cpu,
                           .cache = cache,
                           .qkv = qkv,
                           .heads = heads,
                           .slots = slots,
                           .positions = positions,
                           .rows = rows};
    if (cpu)
        ws_cpu_run(cpu, (rows + STORE_ROWS - 1) / STORE_ROWS, store_piece, &w);
}

/* Some key heads of one row, with all query heads that look at them. */
static void attend_piece(void *context, size_t piece, unsigned worker)
{
    const struct cache_work *w = context;
    const struct ws_cache *cache = w->cache;
    size_t size = cache->size, group = w->heads / cache->kv_heads;
    size_t row = piece / w->pieces, kv_heads = cache->kv_heads / w->pieces;
    size_t first = piece % w->pieces * kv_heads;
    size_t at = at_position(cache, w->slots[row], 0) + first * size;
    const struct ws_attend a = {
        .queries = queries_of(w, row) + first * group * size,
        .keys = cache->keys + at,
        .values = cache->values + at,
        .positions = (size_t)w->positions[row] + 1,
        .stride = width_of(cache),
        .kv_heads = kv_heads,
        .group = group,
        .size = size,
        .scale = (float)(1 / sqrt((double)size)),
    };
    assert(a.positions <= cache->capacity);
    w->cpu->vector->attend(w->y + (row * w->heads + first * group) * size,
                           w->scratch + worker * w->each, &a);
}

void ws_fast_cache_attention(struct ws_device *device, float *y, const float *qkv,
                             const struct ws_cache *cache, size_t heads, const uint32_t *slots,
                             const uint32_t *positions, size_t rows)
{
    assert(heads % cache->kv_heads == 0);
    struct ws_cpu *cpu = ws_cpu_ready(device);
    struct cache_work w = {.cpu = cpu,
                           .cache = cache,
                           .qkv = qkv,
                           .y = y,
                           .heads = heads,
                           .slots = slots,
                           .positions = positions,
                           .rows = rows,
                           .pieces = rows < FEW_ROWS ? cache->kv_heads : 1,
                           .each = (heads * cache->capacity + 15) / 16 * 16};
    if (cpu)
        w.scratch = ws_cpu_scratch(cpu, w.each * cpu->threads * sizeof *w.scratch);
    if (w.scratch)
        ws_cpu_run(cpu, rows * w.pieces, attend_piece, &w);
}

/* ---- moving slots ---- */

/* One move: slot `to` takes its positions from slot `from`; SPARE stands for memory outside. */
struct move {
    uint32_t to, from;
    uint32_t first, length; /* positions first .. length - 1 */
};

#define SPARE UINT32_MAX

struct moves {
    const struct ws_cache *cache;
    struct move *list;
    size_t count;
    float *spares; /* a slot of keys, a slot of values */
};

/* Puts the moves in an order in which no slot is overwritten before all have read it: first the
 * slots that nobody reads, and whoever becomes one by that; what remains are circles, each opened
 * by putting one of its slots aside. `readers` and `ready` have room for all slots. */
static void plan_moves(struct moves *m, const uint32_t *parents, const uint32_t *firsts,
                       const uint32_t *lengths, uint32_t *readers, uint32_t *ready, uint32_t slots)
{
    memset(readers, 0, slots * sizeof *readers);
    for (uint32_t i = 0; i < slots; i++)
        if (parents[i] != i)
            readers[parents[i]]++;
    size_t waiting = 0;
    for (uint32_t i = 0; i < slots; i++)
        if (readers[i] == 0 && parents[i] != i)
            ready[waiting++] = i;
    while (waiting > 0) {
        uint32_t i = ready[--waiting], from = parents[i];
        m->list[m->count++] = (struct move){i, from, firsts[i], lengths[i]};
        readers[i] = SPARE;
        if (--readers[from] == 0 && parents[from] != from)
            ready[waiting++] = from;
    }
    for (uint32_t start = 0; start < slots; start++) {
        if (readers[start] != 1 || parents[start] == start)
            continue;
        uint32_t i = start;
        size_t aside = m->count++;
        while (parents[i] != start) {
            m->list[m->count++] = (struct move){i, parents[i], firsts[i], lengths[i]};
            readers[i] = SPARE;
            i = parents[i];
        }
        readers[i] = SPARE;
        m->list[aside] = (struct move){SPARE, start, firsts[i], lengths[i]};
        m->list[m->count++] = (struct move){i, SPARE, firsts[i], lengths[i]};
    }
}

/* The keys or the values of all slots. */
static void move_part(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct moves *m = context;
    const struct ws_cache *cache = m->cache;
    float *numbers = piece % 2 ? cache->values : cache->keys;
    float *spare = m->spares + piece % 2 * cache->capacity * width_of(cache);
    for (size_t i = 0; i < m->count; i++) {
        const struct move *move = &m->list[i];
        float *to = move->to == SPARE ? spare : numbers + at_position(cache, move->to, 0);
        const float *from =
            move->from == SPARE ? spare : numbers + at_position(cache, move->from, 0);
        size_t skipped = move->first * width_of(cache);
        memcpy(to + skipped, from + skipped,
               (move->length - move->first) * width_of(cache) * sizeof *to);
    }
}

void ws_fast_cache_move(struct ws_device *device, const struct ws_cache *cache,
                        const uint32_t *parents, const uint32_t *firsts, const uint32_t *lengths,
                        size_t slots)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    if (!cpu || slots == 0)
        return;
    size_t spares = 2 * cache->capacity * width_of(cache);
    struct moves m = {.cache = cache};
    /* A circle is two slots at least and takes one move more than it has slots. */
    size_t moves = slots + slots / 2;
    m.spares = ws_cpu_scratch(cpu, spares * sizeof *m.spares + moves * sizeof *m.list +
                                       2 * slots * sizeof(uint32_t));
    if (!m.spares)
        return;
    m.list = (struct move *)(m.spares + spares);
    uint32_t *readers = (uint32_t *)(m.list + moves);
    plan_moves(&m, parents, firsts, lengths, readers, readers + slots, (uint32_t)slots);
    ws_cpu_run(cpu, 2, move_part, &m);
}
