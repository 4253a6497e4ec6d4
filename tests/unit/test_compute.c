/*
 * Contract of compute/compute.h: the fast set against the reference on shapes of every kind, and
 * the same bytes for any number of threads. The reference against finite differences is in
 * test_compute_reference.c.
 *
 * A case runs one operation on a device with numbers that depend on its shape alone, and collects
 * what came out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "compute/compute.h"
#include "support/failing_heap.h"

enum { MOST_BLOCKS = 32, MOST_OUTPUT = 1 << 20, MOST_TOKENS = 4200 };

/* What differs between rounding in float and in double: a part of the largest number. */
static const double TOLERANCE = 1e-5;

/* A device in a test, the memory taken from it, and what was read back. */
struct side {
    struct ws_device *device;
    struct ws_rng rng;
    void *blocks[MOST_BLOCKS];
    size_t sizes[MOST_BLOCKS];
    size_t block_count;
    float *out; /* what came out, one array after another */
    size_t out_count;
    size_t ends[MOST_BLOCKS]; /* of each array */
    size_t end_count;
};

static void *room(struct side *s, size_t count)
{
    assert_true(s->block_count < MOST_BLOCKS);
    size_t size = count * sizeof(float);
    void *block = s->device->ops->alloc(s->device, size);
    assert_non_null(block);
    s->blocks[s->block_count] = block;
    s->sizes[s->block_count++] = size;
    return block;
}

/* Random numbers of about [-scale, scale] on the device. */
static float *numbers(struct side *s, size_t count, double scale)
{
    float *host = s->out + s->out_count; /* used for a moment */
    assert_true(s->out_count + count <= MOST_OUTPUT);
    for (size_t i = 0; i < count; i++)
        host[i] = (float)(scale * (2 * ws_rng_uniform(&s->rng) - 1));
    float *block = room(s, count);
    s->device->ops->write(s->device, block, host, count * sizeof *host);
    return block;
}

static void collect(struct side *s, const float *block, size_t count)
{
    assert_true(s->out_count + count <= MOST_OUTPUT && s->end_count < MOST_BLOCKS);
    s->device->ops->read(s->device, s->out + s->out_count, block, count * sizeof *block);
    s->out_count += count;
    s->ends[s->end_count++] = s->out_count;
}

static void collect_host(struct side *s, const float *host, size_t count)
{
    assert_true(s->out_count + count <= MOST_OUTPUT && s->end_count < MOST_BLOCKS);
    memcpy(s->out + s->out_count, host, count * sizeof *host);
    s->out_count += count;
    s->ends[s->end_count++] = s->out_count;
}

/* A case: what it does with its shape is its own business. */
struct test_case {
    void (*run)(struct side *s, const size_t *shape);
    size_t shape[8];
};

static void run_on(struct side *s, enum ws_cpu_kind kind, unsigned threads, float *out,
                   const struct test_case *c)
{
    *s = (struct side){.out = out};
    const struct ws_rng_key key = {{1, 2}, 3};
    uint64_t item = 0;
    for (size_t i = 0; i < 8; i++)
        item = item * 1000003 + c->shape[i];
    ws_rng_init(&s->rng, key, item);
    struct ws_error err;
    assert_int_equal(ws_cpu_open(kind, threads, NULL, &s->device, &err), WS_OK);
    c->run(s, c->shape);
    assert_int_equal(s->device->ops->check(s->device, &err), WS_OK);
    for (size_t i = 0; i < s->block_count; i++)
        s->device->ops->release(s->device, s->blocks[i], s->sizes[i]);
    s->device->ops->close(s->device);
}

static void compare(const struct side *a, const struct side *b, size_t number)
{
    assert_int_equal(a->end_count, b->end_count);
    for (size_t k = 0, from = 0; k < a->end_count; from = a->ends[k++]) {
        assert_int_equal(a->ends[k], b->ends[k]);
        double largest = 0, worst = 0;
        for (size_t i = from; i < a->ends[k]; i++) {
            largest = fmax(largest, fabs((double)a->out[i]));
            double off = fabs((double)a->out[i] - (double)b->out[i]);
            worst = off <= worst ? worst : off;
        }
        if (!(worst <= TOLERANCE * largest))
            fail_msg("case %zu, output %zu: off by %g of %g", number, k, worst, largest);
    }
}

static void check_cases(const struct test_case *cases, size_t count)
{
    static float reference[MOST_OUTPUT], fast[MOST_OUTPUT], threaded[MOST_OUTPUT];
    for (size_t i = 0; i < count; i++) {
        struct side a, b, c;
        run_on(&a, WS_CPU_REFERENCE, 1, reference, &cases[i]);
        run_on(&b, WS_CPU_FAST, 1, fast, &cases[i]);
        compare(&a, &b, i);
        static const unsigned threads[] = {2, 3, 7};
        for (size_t t = 0; t < 3; t++) {
            run_on(&c, WS_CPU_FAST, threads[t], threaded, &cases[i]);
            assert_int_equal(b.out_count, c.out_count);
            assert_memory_equal(fast, threaded, b.out_count * sizeof *fast);
        }
    }
}

#define CHECK(cases) check_cases(cases, sizeof(cases) / sizeof((cases)[0]))

/* ---- linear ---- */

/* shape: rows, in, out, whether there is a bias, whether dx is added to */
static void run_linear(struct side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t rows = shape[0], in = shape[1], out = shape[2];
    float *x = numbers(s, rows * in, 1), *dy = numbers(s, rows * out, 1);
    float *weight = numbers(s, out * in, 1), *bias = shape[3] ? numbers(s, out, 1) : NULL;
    float *y = numbers(s, rows * out, 1), *dx = numbers(s, rows * in, 1);
    float *dweight = numbers(s, out * in, 1), *dbias = numbers(s, out, 1);
    const struct ws_linear l = {rows, in, out, weight, bias};
    ops->linear(s->device, y, x, &l);
    ops->linear_backward(s->device, dx, dweight, shape[3] ? dbias : NULL, dy, x, &l, shape[4]);
    collect(s, y, rows * out);
    collect(s, dx, rows * in);
    collect(s, dweight, out * in);
    collect(s, dbias, out);
    ops->linear_backward(s->device, NULL, NULL, dbias, dy, x, &l, false);
    collect(s, dbias, out);
    struct ws_packed *packed = ops->pack(s->device, weight, out, in, rows);
    assert_non_null(packed);
    ops->zero(s->device, y, rows * out * sizeof *y);
    ops->linear_packed(s->device, y, x, packed, bias, rows);
    collect(s, y, rows * out);
    /* With other rows than it was packed for. */
    ops->linear_packed(s->device, y, x, packed, bias, rows / 2 + 1);
    collect(s, y, (rows / 2 + 1) * out);
    ops->unpack(s->device, packed);
    ops->unpack(s->device, NULL);
}

static void linear__agrees_with_the_reference(void **state)
{
    (void)state;
    static const struct test_case cases[] = {
        {run_linear, {1, 1, 1, 1, 0}},       {run_linear, {1, 64, 256, 1, 1}},
        {run_linear, {7, 5, 3, 0, 1}},       {run_linear, {33, 17, 129, 1, 0}},
        {run_linear, {128, 96, 100, 1, 1}},  {run_linear, {3, 200, 513, 0, 0}},
        {run_linear, {257, 31, 65, 1, 1}},   {run_linear, {2, 1000, 1, 1, 0}},
        {run_linear, {300, 300, 310, 1, 1}}, {run_linear, {600, 70, 90, 1, 0}},
    };
    CHECK(cases);
}

/* ---- norm ---- */

/* shape: kind, rows, width, addend (1: into its own, 2: into x, 3: into the addend), bias, add */
static void run_norm(struct side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t rows = shape[1], width = shape[2], count = rows * width;
    const struct ws_norm_shape norm = {shape[0] ? WS_NORM_RMS : WS_NORM_LAYER, rows, width, 1e-5F};
    float *x = numbers(s, count, 2), *addend = shape[3] ? numbers(s, count, 1) : NULL;
    float *weight = numbers(s, width, 1), *bias = shape[4] ? numbers(s, width, 1) : NULL;
    float *y = room(s, count), *stats = room(s, 2 * rows);
    float *own = room(s, count), *sum = NULL;
    if (shape[3])
        sum = shape[3] == 1 ? own : shape[3] == 2 ? x : addend;
    ops->norm(s->device, y, sum, stats, x, addend, weight, bias, &norm);
    collect(s, y, count);
    collect(s, stats, 2 * rows);
    if (sum)
        collect(s, sum, count);
    float *dy = numbers(s, count, 1), *dx = numbers(s, count, 1);
    float *dweight = numbers(s, width, 1), *dbias = numbers(s, width, 1);
    ops->norm_backward(s->device, dx, dweight, shape[4] ? dbias : NULL, dy, sum ? sum : x, stats,
                       weight, &norm, shape[5]);
    collect(s, dx, count);
    collect(s, dweight, width);
    collect(s, dbias, width);
    ops->norm(s->device, y, NULL, NULL, sum ? sum : x, NULL, weight, bias, &norm);
    collect(s, y, count);
}

static void norm__agrees_with_the_reference(void **state)
{
    (void)state;
    static const struct test_case cases[] = {
        {run_norm, {0, 1, 1, 0, 1, 0}},     {run_norm, {0, 5, 16, 1, 1, 1}},
        {run_norm, {0, 70, 100, 2, 1, 0}},  {run_norm, {0, 300, 33, 3, 0, 1}},
        {run_norm, {1, 1, 7, 0, 0, 0}},     {run_norm, {1, 65, 64, 1, 0, 1}},
        {run_norm, {1, 129, 257, 2, 0, 0}}, {run_norm, {0, 40, 768, 1, 1, 1}},
    };
    CHECK(cases);
}

/* ---- activations ---- */

/* shape: kind, rows, width, whether in place */
static void run_activation(struct side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    enum ws_activation kind = (enum ws_activation)shape[0];
    size_t rows = shape[1], width = shape[2], count = rows * width;
    float *x = numbers(s, 2 * count, 6), *dy = numbers(s, count, 1);
    float *y = room(s, count), *dx = room(s, 2 * count);
    ops->gate(s->device, y, x, kind, rows, width);
    collect(s, y, count);
    ops->gate_backward(s->device, dx, dy, x, kind, rows, width);
    collect(s, dx, 2 * count);
    ops->activation_backward(s->device, shape[3] ? dy : dx, dy, x, kind, count);
    collect(s, shape[3] ? dy : dx, count);
    ops->activation(s->device, shape[3] ? x : y, x, kind, count);
    collect(s, shape[3] ? x : y, count);
}

static void activations__agree_with_the_reference(void **state)
{
    (void)state;
    static const struct test_case cases[] = {
        {run_activation, {WS_ACTIVATION_RELU, 3, 5, 0}},
        {run_activation, {WS_ACTIVATION_RELU, 100, 200, 1}},
        {run_activation, {WS_ACTIVATION_GELU, 1, 1, 0}},
        {run_activation, {WS_ACTIVATION_GELU, 97, 211, 1}},
        {run_activation, {WS_ACTIVATION_GELU_TANH, 7, 17, 0}},
        {run_activation, {WS_ACTIVATION_GELU_TANH, 300, 100, 1}},
        {run_activation, {WS_ACTIVATION_SILU, 2, 16, 0}},
        {run_activation, {WS_ACTIVATION_SILU, 33, 1000, 1}},
    };
    CHECK(cases);
}

/* ---- attention ---- */

/* shape: sequences, the longest, heads, key heads, size, dropout in percent, lse wanted */
static void run_attention(struct side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    uint32_t starts[MOST_TOKENS] = {0};
    for (size_t i = 0; i < shape[0]; i++)
        starts[i + 1] = starts[i] + (i == 0 ? (uint32_t)shape[1]
                                            : (uint32_t)(1 + ws_rng_below(&s->rng, shape[1])));
    size_t tokens = starts[shape[0]], width = shape[2] * shape[4];
    size_t row = (shape[2] + 2 * shape[3]) * shape[4];
    const struct ws_attention a = {shape[0], starts, shape[2], shape[3], shape[4]};
    const struct ws_dropout dropout = {(float)shape[5] / 100, {{5, 6}, 7}, 8};
    float *qkv = numbers(s, tokens * row, 2), *dy = numbers(s, tokens * width, 1);
    float *y = room(s, tokens * width), *lse = room(s, tokens * shape[2]);
    float *dqkv = numbers(s, tokens * row, 1);
    ops->attention(s->device, y, lse, qkv, &a, shape[5] ? &dropout : NULL);
    collect(s, y, tokens * width);
    collect(s, lse, tokens * shape[2]);
    ops->attention_backward(s->device, dqkv, dy, y, lse, qkv, &a, &dropout);
    collect(s, dqkv, tokens * row);
    ops->attention(s->device, y, NULL, qkv, &a, &dropout);
    collect(s, y, tokens * width);
}

static void attention__agrees_with_the_reference(void **state)
{
    (void)state;
    static const struct test_case cases[] = {
        {run_attention, {1, 1, 1, 1, 1, 0}},    {run_attention, {3, 5, 2, 2, 8, 0}},
        {run_attention, {1, 64, 2, 1, 16, 0}},  {run_attention, {2, 65, 1, 1, 33, 0}},
        {run_attention, {2, 150, 4, 2, 16, 0}}, {run_attention, {9, 30, 6, 2, 7, 0}},
        {run_attention, {1, 20, 2, 2, 8, 10}},  {run_attention, {4, 70, 4, 2, 8, 50}},
    };
    CHECK(cases);
}

/* shape: rows, heads, key heads, size, rotated, inverse */
static void run_rotary(struct side *s, const size_t *shape)
{
    enum { POSITIONS = 50 };
    size_t rows = shape[0], count = rows * (shape[1] + 2 * shape[2]) * shape[3];
    uint32_t positions[MOST_TOKENS];
    for (size_t r = 0; r < rows; r++)
        positions[r] = (uint32_t)ws_rng_below(&s->rng, POSITIONS);
    float *qkv = numbers(s, count, 1);
    const struct ws_rotary r = {.rows = rows,
                                .heads = shape[1],
                                .kv_heads = shape[2],
                                .size = shape[3],
                                .rotated = shape[4],
                                .cosines = numbers(s, POSITIONS * shape[4] / 2 + 1, 1),
                                .sines = numbers(s, POSITIONS * shape[4] / 2 + 1, 1),
                                .positions = positions};
    s->device->ops->rotary(s->device, qkv, &r, shape[5]);
    collect(s, qkv, count);
}

static void rotary__agrees_with_the_reference(void **state)
{
    (void)state;
    static const struct test_case cases[] = {
        {run_rotary, {1, 1, 1, 2, 2, 0}},   {run_rotary, {40, 3, 1, 16, 16, 0}},
        {run_rotary, {90, 4, 4, 24, 6, 1}}, {run_rotary, {300, 8, 2, 64, 64, 0}},
        {run_rotary, {5, 2, 2, 9, 0, 0}},   {run_rotary, {33, 2, 2, 80, 20, 1}},
    };
    CHECK(cases);
}

/* ---- the cache of keys and values ---- */

/* shape: slots, key heads, heads, capacity, size */
static void run_cache(struct side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t slots = shape[0], kv = shape[1], heads = shape[2], capacity = shape[3], size = shape[4];
    size_t count = slots * kv * capacity * size, row = (heads + 2 * kv) * size;
    const struct ws_cache cache = {
        numbers(s, count, 1), numbers(s, count, 1), slots, kv, capacity, size};
    uint32_t places[MOST_TOKENS], positions[MOST_TOKENS], parents[MOST_TOKENS];
    for (size_t i = 0; i < slots; i++) {
        places[i] = (uint32_t)((i + 1) % slots);
        positions[i] = (uint32_t)ws_rng_below(&s->rng, capacity);
    }
    float *qkv = numbers(s, slots * row, 2), *y = room(s, slots * heads * size);
    ops->cache_store(s->device, &cache, qkv, heads, places, positions, slots);
    collect(s, cache.keys, count);
    collect(s, cache.values, count);
    ops->cache_attention(s->device, y, qkv, &cache, heads, places, positions, slots);
    collect(s, y, slots * heads * size);

    /* A cycle over all, a cycle with branches, everybody from one, and any. */
    uint32_t lengths[MOST_TOKENS], firsts[MOST_TOKENS];
    for (size_t how = 0; how < 4; how++) {
        for (size_t i = 0; i < slots; i++) {
            const size_t from[] = {i + 1, i / 2 + 1, slots / 2, ws_rng_below(&s->rng, slots)};
            parents[i] = (uint32_t)(from[how] % slots);
            lengths[i] = (uint32_t)ws_rng_below(&s->rng, capacity + 1);
            firsts[i] = (uint32_t)ws_rng_below(&s->rng, lengths[i] + 1);
        }
        ops->cache_reorder(s->device, &cache, parents, firsts, lengths, slots);
        collect(s, cache.keys, count);
        collect(s, cache.values, count);
    }
}

static void cache__agrees_with_the_reference(void **state)
{
    (void)state;
    static const struct test_case cases[] = {
        {run_cache, {1, 1, 1, 1, 1}},    {run_cache, {3, 2, 4, 7, 8}},
        {run_cache, {9, 1, 3, 33, 5}},   {run_cache, {6, 4, 4, 40, 16}},
        {run_cache, {20, 2, 4, 17, 33}}, {run_cache, {5, 2, 2, 20, 64}},
        {run_cache, {2, 1, 8, 30, 100}}, {run_cache, {40, 2, 4, 9, 32}},
        {run_cache, {33, 1, 1, 5, 64}},
    };
    CHECK(cases);
}

/* ---- embedding ---- */

/* shape: rows, width, types, whether there are places */
static void run_embedding(struct side *s, const size_t *shape)
{
    enum { POSITIONS = 20 };
    const struct ws_device_ops *ops = s->device->ops;
    size_t rows = shape[0], width = shape[1], types = shape[2];
    uint32_t tokens[MOST_TOKENS], positions[MOST_TOKENS];
    for (size_t r = 0; r < rows; r++) {
        tokens[r] = (uint32_t)ws_rng_below(&s->rng, types);
        positions[r] = (uint32_t)ws_rng_below(&s->rng, POSITIONS);
    }
    float *table = numbers(s, types * width, 1);
    float *places = shape[3] ? numbers(s, POSITIONS * width, 1) : NULL;
    float *y = room(s, rows * width), *dy = numbers(s, rows * width, 1);
    ops->embedding(s->device, y, table, places, tokens, positions, rows, width);
    collect(s, y, rows * width);
    ops->embedding_backward(s->device, table, places, dy, tokens, positions, rows, width);
    collect(s, table, types * width);
    if (places)
        collect(s, places, POSITIONS * width);
}

static void embedding__agrees_with_the_reference(void **state)
{
    (void)state;
    static const struct test_case cases[] = {
        {run_embedding, {1, 1, 1, 1}},
        {run_embedding, {100, 33, 7, 1}},
        {run_embedding, {300, 128, 50, 0}},
        {run_embedding, {400, 100, 3, 1}},
    };
    CHECK(cases);
}

/* ---- the output layer ---- */

/* shape: rows, width, vocabulary, bias, rows of a hundred without a target */
static void run_head(struct side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t rows = shape[0], width = shape[1], types = shape[2];
    uint32_t target[MOST_TOKENS];
    for (size_t r = 0; r < rows; r++)
        target[r] = ws_rng_below(&s->rng, 100) < shape[4] ? WS_NO_TARGET
                                                          : (uint32_t)ws_rng_below(&s->rng, types);
    const struct ws_head head = {
        rows,  width, types, numbers(s, types * width, 1), shape[3] ? numbers(s, types, 1) : NULL,
        target};
    float *x = numbers(s, rows * width, 1), *dx = numbers(s, rows * width, 1);
    float *dweight = numbers(s, types * width, 1), *dbias = numbers(s, types, 1);
    float loss[MOST_TOKENS], entropy[MOST_TOKENS];
    ops->head_loss(s->device, loss, entropy, x, &head);
    collect_host(s, loss, rows);
    collect_host(s, entropy, rows);
    ops->head_loss(s->device, NULL, entropy, x, &head);
    collect_host(s, entropy, rows);
    memset(loss, 0, sizeof loss);
    ops->head_loss_backward(s->device, loss, dx, dweight, shape[3] ? dbias : NULL, x, &head, 0.37F);
    collect_host(s, loss, rows);
    collect(s, dx, rows * width);
    collect(s, dweight, types * width);
    collect(s, dbias, types);
    ops->head_loss_backward(s->device, NULL, dx, NULL, NULL, x, &head, 1);
    collect(s, dx, rows * width);
}

static void head__agrees_with_the_reference(void **state)
{
    (void)state;
    static const struct test_case cases[] = {
        {run_head, {1, 1, 1, 0, 0}},       {run_head, {1, 20, 3000, 1, 0}},
        {run_head, {200, 16, 40, 1, 20}},  {run_head, {33, 50, 1025, 0, 10}},
        {run_head, {300, 8, 1500, 1, 5}},  {run_head, {5, 3, 2048, 1, 100}},
        {run_head, {1100, 8, 600, 1, 10}}, {run_head, {700, 2, 13000, 0, 0}},
        {run_head, {4100, 1, 2, 1, 10}},
    };
    CHECK(cases);
}

/* ---- element by element ---- */

/* shape: count, which operand is overwritten, dropout in percent */
static void run_elements(struct side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t count = shape[0];
    float *x = numbers(s, count, 1), *addend = numbers(s, count, 1), *y = room(s, count);
    const struct ws_dropout dropout = {(float)shape[2] / 100, {{15, 16}, 17}, 18};
    ops->dropout(s->device, shape[1] ? x : y, x, &dropout, count);
    collect(s, shape[1] ? x : y, count);
    ops->add(s->device, shape[1] == 0 ? y : shape[1] == 1 ? x : addend, x, addend, count);
    collect(s, shape[1] == 0 ? y : shape[1] == 1 ? x : addend, count);
    float sum = (float)ops->sum_squares(s->device, x, count);
    collect_host(s, &sum, 1);
    float *first = numbers(s, count, 1), *second = room(s, count);
    struct ws_adamw settings = {.rate = 1e-2F,
                                .beta1 = 0.9F,
                                .beta2 = 0.95F,
                                .epsilon = 1e-8F,
                                .decay = 0.1F,
                                .scale = 0.7F};
    for (settings.step = 1; settings.step < 4; settings.step++)
        ops->adamw(s->device, x, first, second, addend, &settings, count);
    collect(s, x, count);
    collect(s, first, count);
    collect(s, second, count);
    ops->copy(s->device, y, x, count * sizeof *x);
    ops->zero(s->device, x, count / 2 * sizeof *x);
    collect(s, x, count);
    collect(s, y, count);
}

static void elements__agree_with_the_reference(void **state)
{
    (void)state;
    static const struct test_case cases[] = {
        {run_elements, {1, 0, 0}},      {run_elements, {15, 1, 50}},
        {run_elements, {1000, 2, 10}},  {run_elements, {40001, 0, 90}},
        {run_elements, {65536, 1, 25}},
    };
    CHECK(cases);
}

/* ---- dropout's law ---- */

static void dropout__keeps_the_share_that_was_said(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    static float ones[COUNT], kept[COUNT], other[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        ones[i] = 1;
    struct ws_device *device;
    assert_int_equal(ws_cpu_open(WS_CPU_FAST, 2, NULL, &device, NULL), WS_OK);
    for (int tenths = 1; tenths < 10; tenths++) {
        double p = tenths / 10.0;
        struct ws_dropout dropout = {(float)p, {{21, 22}, 23}, 4};
        device->ops->dropout(device, kept, ones, &dropout, COUNT);
        dropout.site = 5;
        device->ops->dropout(device, other, ones, &dropout, COUNT);
        size_t alive = 0, both = 0;
        for (size_t i = 0; i < COUNT; i++) {
            assert_true(kept[i] == 0 || fabs((double)kept[i] - 1 / (1 - p)) < 1e-5);
            alive += kept[i] > 0;
            both += kept[i] > 0 && other[i] > 0;
        }
        /* Five standard deviations. */
        double q = 1 - p;
        assert_true(fabs((double)alive - COUNT * q) < 5 * sqrt(COUNT * p * q));
        assert_true(fabs((double)both - COUNT * q * q) < 5 * sqrt(COUNT * q * q * (1 - q * q)));
    }
    device->ops->close(device);
}

/* ---- failures ---- */

static enum ws_status use_memory(struct ws_device *device)
{
    const struct ws_device_ops *ops = device->ops;
    uint32_t starts[] = {0, 4};
    const struct ws_attention a = {1, starts, 1, 1, 2};
    float *qkv = ops->alloc(device, 24 * sizeof *qkv), *y = ops->alloc(device, 8 * sizeof *y);
    ops->attention(device, y, NULL, qkv, &a, NULL);
    struct ws_packed *packed = ops->pack(device, qkv, 4, 6, 2);
    ops->linear_packed(device, y, qkv, packed, NULL, 1);
    ops->unpack(device, packed);
    ops->release(device, qkv, 24 * sizeof *qkv);
    ops->release(device, y, 8 * sizeof *y);
    struct ws_error err;
    enum ws_status status = ops->check(device, &err);
    if (status != WS_OK)
        assert_non_null(strstr(err.message, "out of memory"));
    assert_int_equal(ops->check(device, NULL), status);
    return status;
}

static void device__remembers_that_memory_ran_out(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        enum ws_status status = WS_NO_MEMORY;
        for (long n = 0; status == WS_NO_MEMORY; n++) {
            assert_true(n < 100);
            struct failing_heap heap = {.countdown = n};
            const struct ws_allocator allocator = {failing_realloc, &heap};
            struct ws_device *device = NULL;
            status =
                ws_cpu_open(kind ? WS_CPU_REFERENCE : WS_CPU_FAST, 2, &allocator, &device, NULL);
            if (status == WS_OK) {
                status = use_memory(device);
                device->ops->close(device);
            }
            assert_true(failing_heap_is_clean(&heap));
        }
        assert_int_equal(status, WS_OK);
    }
}

/* Of <omp.h>, as in compute/cpu/cpu_device.c. */
void omp_set_num_threads(int count);
int omp_get_max_threads(void);

/* A program that calls the library may use OpenMP itself. */
static void device__leaves_openmp_as_it_was(void **state)
{
    (void)state;
    const int before = omp_get_max_threads();
    for (unsigned threads = 1; threads <= 2; threads++) {
        struct ws_device *device;
        assert_int_equal(ws_cpu_open(WS_CPU_FAST, threads, NULL, &device, NULL), WS_OK);
        omp_set_num_threads(3);
        assert_int_equal(use_memory(device), WS_OK);
        assert_int_equal(omp_get_max_threads(), 3);
        device->ops->close(device);
    }
    omp_set_num_threads(before);
}

static void device__says_its_name(void **state)
{
    (void)state;
    struct ws_device *device;
    assert_int_equal(ws_cpu_open(WS_CPU_FAST, 1, NULL, &device, NULL), WS_OK);
    assert_string_equal(device->ops->name, "cpu");
    assert_non_null(ws_cpu_pool(device));
    device->ops->close(device);
    assert_int_equal(ws_cpu_open(WS_CPU_REFERENCE, 1, NULL, &device, NULL), WS_OK);
    assert_string_equal(device->ops->name, "cpu-reference");
    device->ops->close(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear__agrees_with_the_reference),
        cmocka_unit_test(norm__agrees_with_the_reference),
        cmocka_unit_test(activations__agree_with_the_reference),
        cmocka_unit_test(attention__agrees_with_the_reference),
        cmocka_unit_test(rotary__agrees_with_the_reference),
        cmocka_unit_test(cache__agrees_with_the_reference),
        cmocka_unit_test(embedding__agrees_with_the_reference),
        cmocka_unit_test(head__agrees_with_the_reference),
        cmocka_unit_test(elements__agree_with_the_reference),
        cmocka_unit_test(dropout__keeps_the_share_that_was_said),
        cmocka_unit_test(device__remembers_that_memory_ran_out),
        cmocka_unit_test(device__leaves_openmp_as_it_was),
        cmocka_unit_test(device__says_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
