#include <assert.h>
#include <math.h>
#include <string.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/dropout_mask.h"
#include "compute/cpu/fast.h"

/* Queries are taken in strips of STRIP, which leaves out what the causal mask hides; the backward
 * call keeps the probabilities of a block of them, in the cache, for the gradients of the keys. */
enum { STRIP = 4, QUERY_BLOCK = 32 };

struct attention {
    struct ws_cpu *cpu;
    const struct ws_attention *a;
    const struct ws_dropout *dropout; /* NULL: none */
    float *y, *lse, *dqkv;
    const float *dy, *y_read, *lse_read, *qkv;
    float factor;  /* 1 / sqrt(size) */
    size_t stride; /* of rows of scratch: a number for each key */
    float *scratch;
    size_t each; /* floats of a worker */
};

/* A worker's scratch; the rows of each are at t->stride. */
struct room {
    float *keys, *values; /* (size, keys): transposed */
    float *p, *d;         /* rows of scores, then probabilities; of their gradients */
    float *factors;       /* a row of dropout's */
};

/* One head of one sequence; pointers to its first token. */
struct one_head {
    const float *queries, *keys, *values;
    size_t row; /* stride of the three */
    size_t first;
    size_t length;
    size_t head;
    uint64_t number; /* of its first element, for dropout */
};

static size_t whole_vectors(size_t count)
{
    return (count + 15) / 16 * 16;
}

static struct one_head head_of(const struct attention *t, size_t sequence, size_t head)
{
    const struct ws_attention *a = t->a;
    size_t row = (a->heads + 2 * a->kv_heads) * a->size;
    size_t kv_head = head / (a->heads / a->kv_heads);
    size_t first = a->starts[sequence], length = a->starts[sequence + 1] - first;
    const float *start = t->qkv + first * row;
    struct one_head h = {
        .queries = start + head * a->size,
        .keys = start + (a->heads + kv_head) * a->size,
        .values = start + (a->heads + a->kv_heads + kv_head) * a->size,
        .row = row,
        .first = first,
        .length = length,
        .head = head,
    };
    for (size_t s = 0; t->dropout && s < sequence; s++) {
        uint64_t n = a->starts[s + 1] - a->starts[s];
        h.number += a->heads * n * n;
    }
    h.number += head * length * length;
    return h;
}

/* Room is for `rows` rows of p; with them the backward call needs `values` and `d`. */
static struct room room_of(const struct attention *t, unsigned worker, size_t rows)
{
    size_t matrix = t->a->size * t->stride;
    float *start = t->scratch + worker * t->each;
    struct room m = {.factors = start, .p = start + t->stride};
    m.keys = m.p + rows * t->stride;
    m.values = m.keys + matrix;
    m.d = m.values + matrix;
    return m;
}

static void transpose(const struct attention *t, float *out, const float *in,
                      const struct one_head *h)
{
    t->cpu->vector->transpose(out, t->stride, in, h->row, h->length, t->a->size);
}

/* What a query does not see, to the end of the vector and so of the strip, weighs nothing. */
static void hide(float *scores, size_t seen)
{
    for (size_t i = seen; i < whole_vectors(seen); i++)
        scores[i] = -INFINITY;
}

/* c (rows, keys) = a (rows, size) by a transposed matrix; keys are rounded up to whole vectors. */
static void by_keys(const struct attention *t, float *c, const float *a, size_t a_row,
                    const float *transposed, size_t rows, size_t keys)
{
    const struct ws_small_product p = {.c = c,
                                       .a = a,
                                       .b = transposed,
                                       .c_stride = t->stride,
                                       .a_row = a_row,
                                       .a_step = 1,
                                       .b_stride = t->stride,
                                       .rows = rows,
                                       .columns = whole_vectors(keys),
                                       .depth = t->a->size};
    t->cpu->vector->small_product(&p);
}

/* c (rows, size) = a (rows, keys) by b (keys, size) */
static void over_keys(const struct attention *t, float *c, size_t c_stride, const float *a,
                      const float *b, size_t b_stride, size_t rows, size_t keys)
{
    const struct ws_small_product p = {.c = c,
                                       .a = a,
                                       .b = b,
                                       .c_stride = c_stride,
                                       .a_row = t->stride,
                                       .a_step = 1,
                                       .b_stride = b_stride,
                                       .rows = rows,
                                       .columns = t->a->size,
                                       .depth = keys};
    t->cpu->vector->small_product(&p);
}

/* Of the whole vectors that the row fills. */
static void drop_row(const struct attention *t, float *factors, const struct one_head *h, size_t i)
{
    ws_dropout_factors(t->cpu->vector, factors, t->dropout, h->number + i * h->length,
                       whole_vectors(i + 1));
}

/* Rows from `from` on. Each sees one key more than the one before. */
static void attend_strip(const struct attention *t, const struct room *m, const struct one_head *h,
                         size_t from, size_t rows)
{
    size_t keys = from + rows, heads = t->a->heads, size = t->a->size;
    by_keys(t, m->p, h->queries + from * h->row, h->row, m->keys, rows, keys);
    for (size_t r = 0; r < rows; r++) {
        float *p = m->p + r * t->stride;
        size_t seen = from + r + 1;
        hide(p, seen);
        float lse = t->cpu->vector->softmax(p, t->factor, whole_vectors(seen));
        if (t->lse)
            t->lse[(h->first + from + r) * heads + h->head] = lse;
        if (t->dropout) {
            drop_row(t, m->factors, h, from + r);
            t->cpu->vector->multiply(p, p, m->factors, seen);
        }
    }
    over_keys(t, t->y + ((h->first + from) * heads + h->head) * size, heads * size, m->p, h->values,
              h->row, rows, keys);
}

static void attend(void *context, size_t piece, unsigned worker)
{
    const struct attention *t = context;
    struct one_head h = head_of(t, piece / t->a->heads, piece % t->a->heads);
    struct room m = room_of(t, worker, STRIP);
    transpose(t, m.keys, h.keys, &h);
    for (size_t from = 0; from < h.length; from += STRIP)
        attend_strip(t, &m, &h, from, ws_smaller(STRIP, h.length - from));
}

/* Scratch for `rows` rows of numbers for each key, `matrices` transposed ones, and the factors. */
static bool prepare(struct attention *t, size_t rows, size_t matrices)
{
    assert(t->a->heads % t->a->kv_heads == 0 && t->a->starts[0] == 0);
    size_t longest = 1;
    for (size_t s = 0; s < t->a->sequences; s++) {
        size_t length = t->a->starts[s + 1] - t->a->starts[s];
        longest = length > longest ? length : longest;
    }
    /* An odd number of cache lines, so that columns spread over the cache. */
    t->stride = (whole_vectors(longest) / 16 | 1) * 16;
    t->each = (1 + rows + matrices * t->a->size) * t->stride;
    t->factor = (float)(1 / sqrt((double)t->a->size));
    t->scratch = ws_cpu_scratch(t->cpu, t->each * t->cpu->threads * sizeof(float));
    return t->scratch;
}

void ws_fast_attention(struct ws_device *device, float *y, float *lse, const float *qkv,
                       const struct ws_attention *a, const struct ws_dropout *dropout)
{
    struct attention t = {.cpu = ws_cpu_ready(device), .a = a, .y = y, .lse = lse, .qkv = qkv};
    t.dropout = ws_dropout_is_on(dropout) ? dropout : NULL;
    if (t.cpu && prepare(&t, STRIP, 1))
        ws_cpu_run(t.cpu, a->sequences * a->heads, attend, &t);
}

/* Strips of rows: scores become probabilities, as values see them; gradients of these become
 * gradients of q . k: with factors f, d = p (f dp - y . dy) / sqrt(size) and p f. `row` is the
 * first one's place in the block. */
static void backward_strip(const struct attention *t, const struct room *m,
                           const struct one_head *h, size_t from, size_t row, size_t rows)
{
    size_t keys = from + rows, heads = t->a->heads, size = t->a->size;
    size_t first = ((h->first + from) * heads + h->head) * size;
    float *strip_p = m->p + row * t->stride, *strip_d = m->d + row * t->stride;
    by_keys(t, strip_p, h->queries + from * h->row, h->row, m->keys, rows, keys);
    by_keys(t, strip_d, t->dy + first, heads * size, m->values, rows, keys);
    for (size_t r = 0; r < rows; r++) {
        float *p = strip_p + r * t->stride, *d = strip_d + r * t->stride;
        size_t seen = from + r + 1, token = h->first + from + r, at = first + r * heads * size;
        float mean = t->cpu->vector->dot(t->y_read + at, t->dy + at, size);
        hide(p, seen);
        if (t->dropout)
            drop_row(t, m->factors, h, from + r);
        t->cpu->vector->softmax_backward(p, d, t->dropout ? m->factors : NULL, t->factor,
                                         t->lse_read[token * heads + h->head], mean,
                                         whole_vectors(seen));
    }
    over_keys(t, t->dqkv + (h->queries - t->qkv) + from * h->row, h->row, strip_d, h->keys, h->row,
              rows, keys);
}

/* c (keys, size) = the transpose of a (rows, keys) by b (rows, size), keys from `from` on apart:
 * those see only the rows from their own on. */
static void over_rows(const struct attention *t, float *c, const float *a, const float *b,
                      size_t b_stride, const struct one_head *h, size_t from, size_t rows, bool add)
{
    struct ws_small_product p = {.c = c,
                                 .a = a,
                                 .b = b,
                                 .c_stride = h->row,
                                 .a_row = 1,
                                 .a_step = t->stride,
                                 .b_stride = b_stride,
                                 .rows = from,
                                 .columns = t->a->size,
                                 .depth = rows,
                                 .add = add};
    t->cpu->vector->small_product(&p);
    for (size_t r = 0; r < rows; r += STRIP) {
        p.c = c + (from + r) * h->row;
        p.a = a + r * t->stride + from + r;
        p.b = b + r * b_stride;
        p.rows = ws_smaller(STRIP, rows - r);
        p.depth = rows - r;
        t->cpu->vector->small_product(&p);
    }
}

/* `add`: to the gradients of keys and values. */
static void backward_block(const struct attention *t, const struct room *m,
                           const struct one_head *h, size_t from, size_t rows, bool add)
{
    size_t width = t->a->heads * t->a->size;
    const float *dy = t->dy + (h->first + from) * width + h->head * t->a->size;
    for (size_t r = 0; r < rows; r += STRIP)
        backward_strip(t, m, h, from + r, r, ws_smaller(STRIP, rows - r));
    over_rows(t, t->dqkv + (h->keys - t->qkv), m->d, h->queries + from * h->row, h->row, h, from,
              rows, add);
    over_rows(t, t->dqkv + (h->values - t->qkv), m->p, dy, width, h, from, rows, add);
}

/* A key head with the query heads that look at it. The last block of queries sees all keys, so it
 * comes first, and overwrites. */
static void attend_backward(void *context, size_t piece, unsigned worker)
{
    const struct attention *t = context;
    size_t sequence = piece / t->a->kv_heads, kv_head = piece % t->a->kv_heads;
    size_t group = t->a->heads / t->a->kv_heads;
    struct room m = room_of(t, worker, QUERY_BLOCK);
    for (size_t g = 0; g < group; g++) {
        struct one_head h = head_of(t, sequence, kv_head * group + g);
        if (g == 0) {
            transpose(t, m.keys, h.keys, &h);
            transpose(t, m.values, h.values, &h);
        }
        for (size_t blocks = (h.length + QUERY_BLOCK - 1) / QUERY_BLOCK, b = blocks; b-- > 0;)
            backward_block(t, &m, &h, b * QUERY_BLOCK,
                           ws_smaller(QUERY_BLOCK, h.length - b * QUERY_BLOCK),
                           g > 0 || b + 1 < blocks);
    }
}

void ws_fast_attention_backward(struct ws_device *device, float *dqkv, const float *dy,
                                const float *y, const float *lse, const float *qkv,
                                const struct ws_attention *a, const struct ws_dropout *dropout)
{
    struct attention t = {.cpu = ws_cpu_ready(device),
                          .a = a,
                          .dqkv = dqkv,
                          .dy = dy,
                          .y_read = y,
                          .lse_read = lse,
                          .qkv = qkv};
    t.dropout = ws_dropout_is_on(dropout) ? dropout : NULL;
    if (t.cpu && prepare(&t, 2 * QUERY_BLOCK, 2))
        ws_cpu_run(t.cpu, a->sequences * a->kv_heads, attend_backward, &t);
}

enum { ROTARY_ROWS = 16 };

struct rotary_work {
    const struct ws_cpu *cpu;
    float *qkv;
    const struct ws_rotary *r;
    bool inverse;
};

static void rotate_piece(void *context, size_t piece, unsigned worker)
{
    (void)worker;
    const struct rotary_work *w = context;
    const struct ws_rotary *r = w->r;
    size_t half = r->rotated / 2;
    for (size_t row = piece * ROTARY_ROWS; row < ws_smaller((piece + 1) * ROTARY_ROWS, r->rows);
         row++) {
        float *heads = w->qkv + row * (r->heads + 2 * r->kv_heads) * r->size;
        size_t at = r->positions[row] * half;
        for (size_t head = 0; head < r->heads + r->kv_heads; head++) {
            float *a = heads + head * r->size;
            w->cpu->vector->rotate(a, a + half, r->cosines + at, r->sines + at, w->inverse, half);
        }
    }
}

void ws_fast_rotary(struct ws_device *device, float *qkv, const struct ws_rotary *r, bool inverse)
{
    assert(r->rotated % 2 == 0 && r->rotated <= r->size);
    struct ws_cpu *cpu = ws_cpu_ready(device);
    struct rotary_work w = {cpu, qkv, r, inverse};
    if (cpu)
        ws_cpu_run(cpu, (r->rows + ROTARY_ROWS - 1) / ROTARY_ROWS, rotate_piece, &w);
}
