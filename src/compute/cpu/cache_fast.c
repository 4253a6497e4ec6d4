#include <assert.h>
#include <math.h>
#include <string.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/fast.h"

enum { STORE_ROWS = 16 };

struct cache_work {
    const struct ws_cpu *cpu;
    const struct ws_cache *cache;
    const float *qkv;
    float *y;
    size_t heads;
    const uint32_t *slots, *positions;
    size_t rows;
    float *scratch; /* of each worker: the probabilities of all positions */
    size_t each;
};

static size_t at_position(const struct ws_cache *cache, size_t slot, size_t head, size_t position)
{
    assert(slot < cache->slots && position < cache->capacity);
    return ((slot * cache->kv_heads + head) * cache->capacity + position) * cache->size;
}

static void store_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct cache_work *w = context;
    size_t kv = w->cache->kv_heads, size = w->cache->size;
    for (size_t r = piece * STORE_ROWS; r < ws_smaller((piece + 1) * STORE_ROWS, w->rows); r++) {
        const float *keys = w->qkv + (r * (w->heads + 2 * kv) + w->heads) * size;
        for (size_t head = 0; head < kv; head++) {
            size_t at = at_position(w->cache, w->slots[r], head, w->positions[r]);
            memcpy(w->cache->keys + at, keys + head * size, size * sizeof *keys);
            memcpy(w->cache->values + at, keys + (kv + head) * size, size * sizeof *keys);
        }
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

/* A key head of one row, with all query heads that look at it. */
static void attend_piece(void *context, size_t piece, unsigned worker)
{
    const struct cache_work *w = context;
    const struct ws_cache *cache = w->cache;
    size_t kv = cache->kv_heads, size = cache->size, group = w->heads / kv;
    size_t row = piece / kv, kv_head = piece % kv;
    size_t at = at_position(cache, w->slots[row], kv_head, 0);
    size_t positions = (size_t)w->positions[row] + 1;
    assert(positions <= cache->capacity);
    float scale = (float)(1 / sqrt((double)size));
    for (size_t g = 0; g < group; g++) {
        size_t head = kv_head * group + g;
        w->cpu->vector->attend(w->y + (row * w->heads + head) * size, w->scratch + worker * w->each,
                               w->qkv + (row * (w->heads + 2 * kv) + head) * size, cache->keys + at,
                               cache->values + at, positions, size, scale);
    }
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
                           .each = (cache->capacity + 15) / 16 * 16};
    if (cpu)
        w.scratch = ws_cpu_scratch(cpu, w.each * cpu->threads * sizeof *w.scratch);
    if (w.scratch)
        ws_cpu_run(cpu, rows * cache->kv_heads, attend_piece, &w);
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
    float *spares; /* of each worker: one head */
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

/* One key head of all slots, of the keys or the values. */
static void move_head(void *context, size_t piece, unsigned worker)
{
    const struct moves *m = context;
    const struct ws_cache *cache = m->cache;
    float *numbers = piece % 2 ? cache->values : cache->keys;
    float *spare = m->spares + worker * cache->capacity * cache->size;
    for (size_t i = 0; i < m->count; i++) {
        const struct move *move = &m->list[i];
        size_t skipped = move->first * cache->size;
        float *to =
            move->to == SPARE ? spare : numbers + at_position(cache, move->to, piece / 2, 0);
        const float *from =
            move->from == SPARE ? spare : numbers + at_position(cache, move->from, piece / 2, 0);
        memcpy(to + skipped, from + skipped,
               (move->length - move->first) * cache->size * sizeof *to);
    }
}

void ws_fast_cache_reorder(struct ws_device *device, const struct ws_cache *cache,
                           const uint32_t *parents, const uint32_t *firsts, const uint32_t *lengths,
                           size_t slots)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    if (!cpu || slots == 0)
        return;
    size_t spares = cpu->threads * cache->capacity * cache->size;
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
    ws_cpu_run(cpu, 2 * cache->kv_heads, move_head, &m);
}
