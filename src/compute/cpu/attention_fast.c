#include <assert.h>
#include <math.h>
#include <string.h>

#include "compute/cpu/dropout_mask.h"
#include "compute/cpu/fast.h"
#include "compute/cpu/sgemm.h"

/* Queries are taken in blocks of this many: small enough to leave out most of what the causal mask
 * hides and to stay in the cache with all their keys, large enough for the matrix library. */
enum { QUERY_BLOCK = 64 };

struct attention {
    struct ws_cpu *cpu;
    const struct ws_attention *a;
    const struct ws_dropout *dropout; /* NULL: none */
    float *y, *lse, *dqkv;
    const float *dy, *y_read, *lse_read, *qkv;
    float factor;   /* 1 / sqrt(size) */
    float *scratch; /* a worker's: scores, their gradients, dropout factors */
    size_t each;    /* floats of a worker */
    size_t longest;
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

/* scores (rows, keys) = queries from `from` on by all keys up to the last of them */
static void score_block(const struct attention *t, float *scores, const struct one_head *h,
                        size_t from, size_t rows)
{
    ws_sgemm(t->cpu, scores, from + rows,
             (struct ws_view){h->queries + from * h->row, h->row, false},
             (struct ws_view){h->keys, h->row, true},
             (struct ws_product_shape){rows, from + rows, t->a->size}, 1, 0);
}

static void drop_row(const struct attention *t, float *factors, const struct one_head *h, size_t i)
{
    ws_dropout_factors(t->cpu->vector, factors, t->dropout, h->number + i * h->length, i + 1);
}

static void attend_block(const struct attention *t, float *scores, const struct one_head *h,
                         size_t from, size_t rows)
{
    size_t keys = from + rows, heads = t->a->heads, size = t->a->size;
    float *factors = scores + QUERY_BLOCK * t->longest;
    score_block(t, scores, h, from, rows);
    for (size_t r = 0; r < rows; r++) {
        float *p = scores + r * keys;
        size_t seen = from + r + 1;
        float lse = t->cpu->vector->softmax(p, t->factor, seen);
        if (t->lse)
            t->lse[(h->first + from + r) * heads + h->head] = lse;
        memset(p + seen, 0, (keys - seen) * sizeof *p);
        if (t->dropout) {
            drop_row(t, factors, h, from + r);
            t->cpu->vector->multiply(p, p, factors, seen);
        }
    }
    ws_sgemm(t->cpu, t->y + (h->first + from) * heads * size + h->head * size, heads * size,
             (struct ws_view){scores, keys, false}, (struct ws_view){h->values, h->row, false},
             (struct ws_product_shape){rows, size, keys}, 1, 0);
}

static void attend(void *context, size_t piece, unsigned worker)
{
    const struct attention *t = context;
    struct one_head h = head_of(t, piece / t->a->heads, piece % t->a->heads);
    for (size_t from = 0; from < h.length; from += QUERY_BLOCK)
        attend_block(t, t->scratch + worker * t->each, &h, from,
                     ws_smaller(QUERY_BLOCK, h.length - from));
}

/* Room for `matrices` blocks of scores and a row of factors for each worker. */
static bool prepare(struct attention *t, size_t matrices)
{
    assert(t->a->heads % t->a->kv_heads == 0 && t->a->starts[0] == 0);
    for (size_t s = 0; s < t->a->sequences; s++) {
        size_t length = t->a->starts[s + 1] - t->a->starts[s];
        t->longest = length > t->longest ? length : t->longest;
    }
    size_t floats = (matrices * QUERY_BLOCK + 1) * t->longest;
    t->each = (floats + 15) / 16 * 16;
    t->factor = (float)(1 / sqrt((double)t->a->size));
    t->scratch = ws_cpu_scratch(t->cpu, t->each * t->cpu->threads * sizeof(float));
    return t->scratch;
}

void ws_fast_attention(struct ws_device *device, float *y, float *lse, const float *qkv,
                       const struct ws_attention *a, const struct ws_dropout *dropout)
{
    struct attention t = {.cpu = ws_cpu_ready(device), .a = a, .y = y, .lse = lse, .qkv = qkv};
    t.dropout = ws_dropout_is_on(dropout) ? dropout : NULL;
    if (t.cpu && prepare(&t, 1))
        ws_cpu_run(t.cpu, a->sequences * a->heads, attend, &t);
}

static float dot(const float *a, const float *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)a[i] * (double)b[i];
    return (float)sum;
}

/* scores become probabilities, as values see them; dp, gradients of these, become gradients of
 * q . k: with factors f, s = p (f dp - y . dy) / sqrt(size) and p f. */
static void backward_rows(const struct attention *t, float *scores, float *dp,
                          const struct one_head *h, size_t from, size_t rows)
{
    size_t keys = from + rows, heads = t->a->heads, size = t->a->size;
    float *factors = dp + QUERY_BLOCK * t->longest;
    for (size_t r = 0; r < rows; r++) {
        float *p = scores + r * keys, *d = dp + r * keys;
        size_t seen = from + r + 1, token = h->first + from + r;
        size_t at = token * heads * size + h->head * size;
        float mean = dot(t->y_read + at, t->dy + at, size);
        if (t->dropout)
            drop_row(t, factors, h, from + r);
        t->cpu->vector->softmax_backward(p, d, t->dropout ? factors : NULL, t->factor,
                                         t->lse_read[token * heads + h->head], mean, seen);
        memset(p + seen, 0, (keys - seen) * sizeof *p);
        memset(d + seen, 0, (keys - seen) * sizeof *d);
    }
}

/* `add`: to the gradients of keys and values. */
static void backward_block(const struct attention *t, float *scores, const struct one_head *h,
                           size_t from, size_t rows, bool add)
{
    size_t keys = from + rows, width = t->a->heads * t->a->size, size = t->a->size;
    float *dp = scores + QUERY_BLOCK * t->longest;
    struct ws_view dy = {t->dy + (h->first + from) * width + h->head * size, width, false};
    struct ws_view queries = {h->queries + from * h->row, h->row, false};
    float *dqueries = t->dqkv + (h->queries - t->qkv) + from * h->row;
    float *dkeys = t->dqkv + (h->keys - t->qkv), *dvalues = t->dqkv + (h->values - t->qkv);

    score_block(t, scores, h, from, rows);
    ws_sgemm(t->cpu, dp, keys, dy, (struct ws_view){h->values, h->row, true},
             (struct ws_product_shape){rows, keys, size}, 1, 0);
    backward_rows(t, scores, dp, h, from, rows);
    ws_sgemm(t->cpu, dqueries, h->row, (struct ws_view){dp, keys, false},
             (struct ws_view){h->keys, h->row, false}, (struct ws_product_shape){rows, size, keys},
             1, 0);
    ws_sgemm(t->cpu, dkeys, h->row, (struct ws_view){dp, keys, true}, queries,
             (struct ws_product_shape){keys, size, rows}, 1, add ? 1 : 0);
    ws_sgemm(t->cpu, dvalues, h->row, (struct ws_view){scores, keys, true}, dy,
             (struct ws_product_shape){keys, size, rows}, 1, add ? 1 : 0);
}

/* A key head with the query heads that look at it. The last block of queries sees all keys, so it
 * comes first, and overwrites. */
static void attend_backward(void *context, size_t piece, unsigned worker)
{
    const struct attention *t = context;
    size_t sequence = piece / t->a->kv_heads, kv_head = piece % t->a->kv_heads;
    size_t group = t->a->heads / t->a->kv_heads;
    for (size_t g = 0; g < group; g++) {
        struct one_head h = head_of(t, sequence, kv_head * group + g);
        for (size_t blocks = (h.length + QUERY_BLOCK - 1) / QUERY_BLOCK, b = blocks; b-- > 0;)
            backward_block(t, t->scratch + worker * t->each, &h, b * QUERY_BLOCK,
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
    if (t.cpu && prepare(&t, 2))
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
