#include <assert.h>
#include <math.h>
#include <string.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/reference.h"

static size_t at_position(const struct ws_cache *cache, size_t slot, size_t position)
{
    assert(slot < cache->slots && position < cache->capacity);
    return (slot * cache->capacity + position) * cache->kv_heads * cache->size;
}

void ws_reference_cache_store(struct ws_device *device, const struct ws_cache *cache,
                              const float *qkv, size_t heads, const uint32_t *slots,
                              const uint32_t *positions, size_t rows)
{
    size_t queries = heads * cache->size, width = cache->kv_heads * cache->size;
    for (size_t r = 0; ws_cpu_ready(device) && r < rows; r++) {
        const float *keys = qkv + r * (queries + 2 * width) + queries;
        size_t at = at_position(cache, slots[r], positions[r]);
        memcpy(cache->keys + at, keys, width * sizeof *keys);
        memcpy(cache->values + at, keys + width, width * sizeof *keys);
    }
}

/* y = sum over j of softmax(q . k_j / sqrt(size)) v_j; a position is `stride` behind the one before
 * it. */
static void attend(float *y, const float *query, const float *keys, const float *values,
                   size_t positions, size_t stride, size_t size, double *p)
{
    double max = -INFINITY, sum = 0;
    for (size_t j = 0; j < positions; j++) {
        p[j] = 0;
        for (size_t c = 0; c < size; c++)
            p[j] += (double)query[c] * (double)keys[j * stride + c];
        p[j] /= sqrt((double)size);
        max = fmax(max, p[j]);
    }
    for (size_t j = 0; j < positions; j++) {
        p[j] = exp(p[j] - max);
        sum += p[j];
    }
    for (size_t c = 0; c < size; c++) {
        double value = 0;
        for (size_t j = 0; j < positions; j++)
            value += p[j] / sum * (double)values[j * stride + c];
        y[c] = (float)value;
    }
}

void ws_reference_cache_attention(struct ws_device *device, float *y, const float *qkv,
                                  const struct ws_cache *cache, size_t heads, const uint32_t *slots,
                                  const uint32_t *positions, size_t rows)
{
    assert(heads % cache->kv_heads == 0);
    struct ws_cpu *cpu = ws_cpu_ready(device);
    double *p = cpu ? ws_cpu_scratch(cpu, cache->capacity * sizeof *p) : NULL;
    size_t kv = cache->kv_heads, size = cache->size;
    for (size_t r = 0; p && r < rows; r++) {
        for (size_t head = 0; head < heads; head++) {
            const float *query = qkv + (r * (heads + 2 * kv) + head) * size;
            size_t at = at_position(cache, slots[r], 0) + head / (heads / kv) * size;
            attend(y + (r * heads + head) * size, query, cache->keys + at, cache->values + at,
                   (size_t)positions[r] + 1, kv * size, size, p);
        }
    }
}

/* Slots are put into a copy first, so that no order of moving them has to be found. */
static void reorder(float *numbers, float *copy, const struct ws_cache *cache,
                    const uint32_t *parents, const uint32_t *firsts, const uint32_t *lengths,
                    size_t slots)
{
    size_t width = cache->kv_heads * cache->size, each = cache->capacity * width;
    for (size_t i = 0; i < slots; i++)
        memcpy(copy + i * each, numbers + parents[i] * each, each * sizeof *copy);
    for (size_t i = 0; i < slots; i++) {
        size_t from = i * each + firsts[i] * width;
        memcpy(numbers + from, copy + from, (lengths[i] - firsts[i]) * width * sizeof *copy);
    }
}

void ws_reference_cache_move(struct ws_device *device, const struct ws_cache *cache,
                             const uint32_t *parents, const uint32_t *firsts,
                             const uint32_t *lengths, size_t slots)
{
    struct ws_cpu *cpu = ws_cpu_ready(device);
    size_t count = slots * cache->kv_heads * cache->capacity * cache->size;
    float *copy = cpu ? ws_cpu_scratch(cpu, count * sizeof *copy) : NULL;
    if (!copy)
        return;
    reorder(cache->keys, copy, cache, parents, firsts, lengths, slots);
    reorder(cache->values, copy, cache, parents, firsts, lengths, slots);
}
