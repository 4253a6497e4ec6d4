#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "support/compute_cases.h"

enum { MOST_BLOCKS = 64, MOST_TOKENS = 4200 };

/* A device in a case, the memory taken from it, and what was read back. */
struct case_side {
    struct ws_device *device;
    bool narrow; /* what is multiplied is bf16 */
    struct ws_rng rng;
    void *blocks[MOST_BLOCKS];
    size_t sizes[MOST_BLOCKS];
    size_t block_count;
    struct case_result *out;
};

/* Memory --------------------------------------------------------------------------------------- */

static float to_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits += 0x7fff + (bits >> 16 & 1);
    bits &= 0xffff0000U;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Memory for so many numbers, which are cleared. */
static float *zeros(struct case_side *s, size_t count)
{
    assert_true(s->block_count < MOST_BLOCKS);
    size_t size = count * sizeof(float);
    void *block = s->device->ops->alloc(s->device, size);
    assert_non_null(block);
    s->blocks[s->block_count] = block;
    s->sizes[s->block_count++] = size;
    return block;
}

/* Where a case has its numbers for a moment: behind what it has collected. */
static float *host_numbers(struct case_side *s, size_t count)
{
    assert_true(s->out->count + count <= CASE_MOST_NUMBERS);
    return s->out->numbers + s->out->count;
}

/* Memory whose every byte must be written before it is read: as numbers they are none. */
static float *room(struct case_side *s, size_t count)
{
    float *host = host_numbers(s, count), *block = zeros(s, count);
    memset(host, 0xff, count * sizeof *host);
    s->device->ops->write(s->device, block, host, count * sizeof *host);
    return block;
}

static float *draw_numbers(struct case_side *s, size_t count, double scale, bool narrow)
{
    float *host = host_numbers(s, count);
    for (size_t i = 0; i < count; i++) {
        float x = (float)(scale * (2 * ws_rng_uniform(&s->rng) - 1));
        host[i] = narrow ? to_bf16(x) : x;
    }
    return host;
}

/* Random numbers of about [-scale, scale] on the device: activations, */
static float *activations(struct case_side *s, size_t count, double scale)
{
    float *block = room(s, count);
    s->device->ops->put(s->device, block, draw_numbers(s, count, scale, s->narrow), count);
    return block;
}

static float *numbers(struct case_side *s, size_t count, double scale, bool narrow)
{
    float *block = room(s, count);
    const float *host = draw_numbers(s, count, scale, narrow);
    s->device->ops->write(s->device, block, host, count * sizeof *host);
    return block;
}

/* parameters, */
static float *parameters(struct case_side *s, size_t count, double scale)
{
    return numbers(s, count, scale, false);
}

/* sums that `terms` of both signs are added to: further from 0 than these may lead, for what is
 * left of terms that cancel is no measure of how exactly they were added, */
static float *begun_sums(struct case_side *s, size_t count, size_t terms)
{
    float *block = room(s, count), *host = draw_numbers(s, count, 1, false);
    for (size_t i = 0; i < count; i++)
        host[i] += copysignf(4 * sqrtf((float)terms), host[i]);
    s->device->ops->write(s->device, block, host, count * sizeof *host);
    return block;
}

/* and those that are multiplied by activations. */
static float *weights(struct case_side *s, size_t count, double scale)
{
    return numbers(s, count, scale, s->narrow);
}

/* Results -------------------------------------------------------------------------------------- */

static void settle(struct case_side *s)
{
    struct ws_error err = {0};
    if (s->device->ops->check(s->device, &err) != WS_OK)
        fail_msg("%s", err.message);
}

/* Room for an array among the results. */
static float *collected(struct case_side *s, size_t count, enum case_nearness nearness)
{
    struct case_result *out = s->out;
    assert_true(out->count + count <= CASE_MOST_NUMBERS && out->arrays < CASE_MOST_ARRAYS);
    float *array = out->numbers + out->count;
    out->count += count;
    out->ends[out->arrays] = out->count;
    out->nearness[out->arrays++] = nearness;
    return array;
}

static void collect_as(struct case_side *s, const float *block, size_t count,
                       enum case_nearness nearness)
{
    s->device->ops->get(s->device, collected(s, count, nearness), block, count);
}

static void collect(struct case_side *s, const float *block, size_t count)
{
    collect_as(s, block, count, CASE_ACTIVATION);
}

/* What is f32 on every device. */
static void collect_f32(struct case_side *s, const float *block, size_t count,
                        enum case_nearness nearness)
{
    float *host = collected(s, count, nearness);
    s->device->ops->read(s->device, host, block, count * sizeof *block);
}

/* What an operation leaves on the host. */
static void collect_host(struct case_side *s, const float *host, size_t count)
{
    settle(s);
    memcpy(collected(s, count, CASE_ACTIVATION), host, count * sizeof *host);
}

/* Which of these are zero. */
static void collect_zeros(struct case_side *s, const float *block, size_t count)
{
    float *host = collected(s, count, CASE_EXACT);
    s->device->ops->get(s->device, host, block, count);
    for (size_t i = 0; i < count; i++)
        host[i] = host[i] == 0 ? 1.0F : 0.0F;
}

/* A number of 1 .. most, as often small as large. */
static size_t draw_size(struct ws_rng *rng, size_t most)
{
    double u = ws_rng_uniform(rng);
    return (size_t)floor(pow((double)most + 1, u));
}

/* Linear --------------------------------------------------------------------------------------- */

/* shape: rows, in, out, whether there is a bias, whether dx is added to */
static void run_linear(struct case_side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t rows = shape[0], in = shape[1], out = shape[2];
    float *x = activations(s, rows * in, 1), *dy = activations(s, rows * out, 1);
    float *weight = weights(s, out * in, 1), *bias = shape[3] ? parameters(s, out, 1) : NULL;
    float *y = room(s, rows * out);
    float *dx = shape[4] ? activations(s, rows * in, 1) : room(s, rows * in);
    float *dweight = parameters(s, out * in, 1), *dbias = parameters(s, out, 1);
    const struct ws_linear l = {rows, in, out, weight, bias};
    ops->linear(s->device, y, x, &l);
    float *active = room(s, rows * out), *up = room(s, rows * out);
    ops->linear_activation(s->device, active, up, x, &l, WS_ACTIVATION_GELU_TANH);
    collect(s, up, rows * out);
    collect(s, active, rows * out);
    ops->linear_activation(s->device, active, NULL, x, &l, WS_ACTIVATION_RELU);
    collect(s, active, rows * out);
    ops->linear_backward(s->device, dx, dweight, shape[3] ? dbias : NULL, dy, x, &l, shape[4]);
    collect(s, y, rows * out);
    collect(s, dx, rows * in);
    collect_f32(s, dweight, out * in, CASE_ACTIVATION);
    collect_f32(s, dbias, out, CASE_ACTIVATION);
    ops->linear_backward(s->device, NULL, NULL, dbias, dy, x, &l, false);
    collect_f32(s, dbias, out, CASE_ACTIVATION);
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

static const size_t LINEAR[][CASE_SHAPE] = {
    {1, 1, 1, 1, 0},      {1, 64, 256, 1, 1},    {7, 5, 3, 0, 1},      {33, 17, 129, 1, 0},
    {128, 96, 100, 1, 1}, {3, 200, 513, 0, 0},   {257, 31, 65, 1, 1},  {2, 1000, 1, 1, 0},
    {64, 64, 64, 0, 0},   {128, 128, 128, 1, 1}, {130, 72, 200, 1, 0}, {200, 300, 310, 1, 1},
    {600, 70, 90, 1, 0},  {65, 768, 72, 1, 1},   {40, 72, 1001, 0, 0},
};

static void draw_linear(struct ws_rng *rng, size_t *shape)
{
    shape[0] = draw_size(rng, 300);
    shape[1] = draw_size(rng, 300);
    shape[2] = draw_size(rng, 300);
    shape[3] = ws_rng_below(rng, 2);
    shape[4] = ws_rng_below(rng, 2);
}

/* Scores and rows ------------------------------------------------------------------------------ */

/* shape: rows, width, vocabulary, the first row scored, how many */
static void run_scores(struct case_side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t rows = shape[0], width = shape[1], types = shape[2], count = shape[4];
    float *x = activations(s, rows * width, 1), *weight = weights(s, types * width, 1);
    float *bias = parameters(s, types, 1);
    struct ws_linear l = {count, width, types, weight, NULL};
    float *scores = room(s, rows * types);
    ops->scores(s->device, scores, x, shape[3], &l);
    collect_f32(s, scores, count * types, CASE_SCORE);
    l.bias = bias;
    ops->scores(s->device, scores, x, shape[3], &l);
    collect_f32(s, scores, count * types, CASE_SCORE);
    struct ws_packed *packed = ops->pack(s->device, weight, types, width, rows);
    assert_non_null(packed);
    ops->scores_packed(s->device, scores, x, packed, rows);
    collect_f32(s, scores, rows * types, CASE_SCORE);
    ops->unpack(s->device, packed);

    uint32_t which[MOST_TOKENS];
    size_t taken = rows + 3;
    for (size_t i = 0; i < taken; i++)
        which[i] = (uint32_t)ws_rng_below(&s->rng, rows);
    float *y = room(s, taken * width);
    ops->rows(s->device, y, x, which, taken, width);
    memset(which, 0xff, sizeof which); /* it has been read */
    collect_as(s, y, taken * width, CASE_EXACT);
}

static const size_t SCORES[][CASE_SHAPE] = {
    {1, 1, 1, 0, 1},     {5, 7, 3, 2, 3},      {40, 64, 1001, 1, 33}, {130, 72, 257, 65, 64},
    {3, 8, 50272, 1, 1}, {64, 768, 72, 0, 64}, {33, 33, 100, 32, 1},  {20, 256, 1024, 7, 13},
};

static void draw_scores(struct ws_rng *rng, size_t *shape)
{
    shape[0] = draw_size(rng, 200);
    shape[1] = draw_size(rng, 200);
    shape[2] = draw_size(rng, 500);
    shape[3] = ws_rng_below(rng, shape[0]);
    shape[4] = 1 + ws_rng_below(rng, shape[0] - shape[3]);
}

/* Weights that change -------------------------------------------------------------------------- */

/* A device may keep copies of weights: they follow every change. shape: rows, in, out */
static void run_weights(struct case_side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t rows = shape[0], in = shape[1], out = shape[2], count = in * out;
    /* Two weights that lie in one block, not from its start. */
    size_t first = 16, second = first + (count + 15) / 16 * 16, all = second + count;
    float *block = weights(s, all, 1), *x = activations(s, rows * in, 1);
    float *gradient = parameters(s, all, 1), *moments = zeros(s, 2 * all);
    float *other = weights(s, count, 1), *y = room(s, rows * out);
    const struct ws_adamw settings = {
        .rate = 0.5F, .beta1 = 0.9F, .beta2 = 0.95F, .epsilon = 1e-8F, .scale = 1, .step = 1};
    for (int change = 0; change < 6; change++) {
        switch (change) {
        case 1:
            ops->adamw(s->device, block + second, moments + second, moments + all + second,
                       gradient + second, &settings, count);
            break;
        case 2:
            ops->adamw(s->device, block, moments, moments + all, gradient, &settings, all);
            break;
        case 3:
            ops->write(s->device, block + first, draw_numbers(s, count, 1, s->narrow),
                       count * sizeof *block);
            break;
        case 4:
            ops->copy(s->device, block + second, other, count * sizeof *block);
            break;
        case 5:
            ops->zero(s->device, block + first, count * sizeof *block);
            break;
        default:
            break;
        }
        for (int which = 0; which < 2; which++) {
            const struct ws_linear l = {rows, in, out, block + (which ? second : first), NULL};
            ops->linear(s->device, y, x, &l);
            collect(s, y, rows * out);
        }
    }
    /* Other weights where those were. */
    ops->release(s->device, block, all * sizeof *block);
    for (size_t i = 0; i < s->block_count; i++)
        if (s->blocks[i] == block)
            s->blocks[i] = NULL;
    block = weights(s, all, 1);
    const struct ws_linear l = {rows, in, out, block + first, NULL};
    ops->linear(s->device, y, x, &l);
    collect(s, y, rows * out);
}

static const size_t WEIGHTS[][CASE_SHAPE] = {{1, 1, 1}, {5, 33, 7}, {64, 64, 64}, {20, 72, 100}};

static void draw_weights(struct ws_rng *rng, size_t *shape)
{
    for (size_t i = 0; i < 3; i++)
        shape[i] = draw_size(rng, 100);
}

/* Norms ---------------------------------------------------------------------------------------- */

/* shape: kind, rows, width, addend (1: into its own, 2: into x, 3: into the addend), bias, add */
static void run_norm(struct case_side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t rows = shape[1], width = shape[2], count = rows * width;
    const struct ws_norm_shape norm = {shape[0] ? WS_NORM_RMS : WS_NORM_LAYER, rows, width, 1e-5F};
    float *x = activations(s, count, 2), *addend = shape[3] ? activations(s, count, 1) : NULL;
    float *weight = parameters(s, width, 1), *bias = shape[4] ? parameters(s, width, 1) : NULL;
    float *y = room(s, count), *stats = room(s, 2 * rows);
    float *own = room(s, count), *sum = NULL;
    if (shape[3])
        sum = shape[3] == 1 ? own : shape[3] == 2 ? x : addend;
    ops->norm(s->device, y, sum, stats, x, addend, weight, bias, &norm);
    collect(s, y, count);
    collect_f32(s, stats, 2 * rows, CASE_ACTIVATION);
    if (sum)
        collect(s, sum, count);
    float *dy = activations(s, count, 1);
    float *dx = shape[5] ? activations(s, count, 1) : room(s, count);
    float *dweight = parameters(s, width, 1), *dbias = parameters(s, width, 1);
    ops->norm_backward(s->device, dx, dweight, shape[4] ? dbias : NULL, dy, sum ? sum : x, stats,
                       weight, &norm, shape[5]);
    collect(s, dx, count);
    collect_f32(s, dweight, width, CASE_ACTIVATION);
    collect_f32(s, dbias, width, CASE_ACTIVATION);
    ops->norm(s->device, y, NULL, NULL, sum ? sum : x, NULL, weight, bias, &norm);
    collect(s, y, count);
}

static const size_t NORM[][CASE_SHAPE] = {
    {0, 1, 8, 0, 1, 0},    {0, 5, 16, 1, 1, 1},    {0, 70, 100, 2, 1, 0},  {0, 300, 33, 3, 0, 1},
    {1, 1, 7, 0, 0, 0},    {1, 65, 64, 1, 0, 1},   {1, 129, 257, 2, 0, 0}, {0, 40, 768, 1, 1, 1},
    {0, 130, 72, 1, 1, 0}, {1, 33, 1000, 3, 0, 1}, {0, 3, 3072, 2, 1, 0},  {1, 4, 2049, 1, 0, 0},
};

static void draw_norm(struct ws_rng *rng, size_t *shape)
{
    shape[0] = ws_rng_below(rng, 2);
    shape[1] = draw_size(rng, 200);
    shape[2] = 7 + draw_size(rng, 1000); /* of fewer numbers most of the gradient cancels */
    shape[3] = ws_rng_below(rng, 4);
    shape[4] = shape[0] ? 0 : ws_rng_below(rng, 2);
    shape[5] = ws_rng_below(rng, 2);
}

/* Activations ---------------------------------------------------------------------------------- */

/* shape: kind, rows, width, whether in place, whether without a bias */
static void run_activation(struct case_side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    enum ws_activation kind = (enum ws_activation)shape[0];
    size_t rows = shape[1], width = shape[2], count = rows * width;
    float *x = activations(s, 2 * count, 6), *dy = activations(s, count, 1);
    float *y = room(s, count), *dx = room(s, 2 * count);
    ops->gate(s->device, y, x, kind, rows, width);
    collect(s, y, count);
    ops->gate_backward(s->device, dx, dy, x, kind, rows, width);
    collect(s, dx, 2 * count);
    float *dbias = begun_sums(s, width, rows);
    ops->activation_backward(s->device, shape[3] ? dy : dx, shape[4] ? NULL : dbias, dy, x, kind,
                             rows, width);
    collect(s, shape[3] ? dy : dx, count);
    collect_f32(s, dbias, width, CASE_ACTIVATION);
    ops->activation(s->device, shape[3] ? x : y, x, kind, count);
    collect(s, shape[3] ? x : y, count);
}

static const size_t ACTIVATION[][CASE_SHAPE] = {
    {WS_ACTIVATION_RELU, 3, 5, 0},       {WS_ACTIVATION_RELU, 100, 200, 1},
    {WS_ACTIVATION_GELU, 1, 1, 0},       {WS_ACTIVATION_GELU, 97, 211, 1},
    {WS_ACTIVATION_GELU_TANH, 7, 17, 0}, {WS_ACTIVATION_GELU_TANH, 300, 100, 1},
    {WS_ACTIVATION_SILU, 2, 16, 0},      {WS_ACTIVATION_SILU, 33, 1000, 1},
    {WS_ACTIVATION_RELU, 600, 24, 0, 1}, {WS_ACTIVATION_GELU_TANH, 300, 264, 1},
};

static void draw_activation(struct ws_rng *rng, size_t *shape)
{
    shape[0] = ws_rng_below(rng, 4);
    shape[1] = draw_size(rng, 100);
    shape[2] = draw_size(rng, 300);
    shape[3] = ws_rng_below(rng, 2);
    shape[4] = ws_rng_below(rng, 4) == 0;
}

/* Attention ------------------------------------------------------------------------------------ */

/* shape: sequences, the longest, heads, key heads, size, dropout in percent */
static void run_attention(struct case_side *s, const size_t *shape)
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
    float *qkv = activations(s, tokens * row, 2), *dy = activations(s, tokens * width, 1);
    float *y = room(s, tokens * width), *lse = room(s, tokens * shape[2]);
    float *dqkv = room(s, tokens * row);
    ops->attention(s->device, y, lse, qkv, &a, shape[5] ? &dropout : NULL);
    collect(s, y, tokens * width);
    collect_f32(s, lse, tokens * shape[2], CASE_ACTIVATION);
    ops->attention_backward(s->device, dqkv, dy, y, lse, qkv, &a, &dropout);
    collect(s, dqkv, tokens * row);
    ops->attention(s->device, y, NULL, qkv, &a, &dropout);
    collect(s, y, tokens * width);
}

static const size_t ATTENTION[][CASE_SHAPE] = {
    {1, 1, 1, 1, 1, 0},      {3, 5, 2, 2, 8, 0},     {1, 64, 2, 1, 16, 0},   {2, 65, 1, 1, 33, 0},
    {2, 150, 4, 2, 16, 0},   {9, 30, 6, 2, 7, 0},    {1, 20, 2, 2, 8, 10},   {4, 70, 4, 2, 8, 50},
    {1, 1, 12, 12, 64, 0},   {2, 63, 2, 1, 64, 10},  {1, 64, 2, 2, 64, 0},   {1, 65, 1, 1, 64, 0},
    {2, 128, 2, 2, 64, 0},   {1, 130, 3, 1, 64, 10}, {2, 130, 2, 2, 32, 0},  {3, 65, 4, 2, 16, 10},
    {1, 200, 1, 1, 64, 10},  {2, 70, 1, 1, 80, 0},   {1, 130, 2, 1, 128, 0}, {2, 64, 1, 1, 128, 20},
    {3, 40, 12, 12, 64, 10},
};

static void draw_attention(struct ws_rng *rng, size_t *shape)
{
    static const size_t sizes[] = {16, 32, 64, 80, 128};
    shape[0] = draw_size(rng, 6);
    shape[1] = draw_size(rng, 140);
    shape[3] = draw_size(rng, 3);
    shape[2] = shape[3] * draw_size(rng, 3);
    shape[4] = ws_rng_below(rng, 3) ? sizes[ws_rng_below(rng, 5)] : draw_size(rng, 100);
    shape[5] = ws_rng_below(rng, 2) * 15;
}

/* shape: rows, heads, key heads, size, rotated, inverse */
static void run_rotary(struct case_side *s, const size_t *shape)
{
    enum { POSITIONS = 50 };
    size_t rows = shape[0], count = rows * (shape[1] + 2 * shape[2]) * shape[3];
    uint32_t positions[MOST_TOKENS];
    for (size_t r = 0; r < rows; r++)
        positions[r] = (uint32_t)ws_rng_below(&s->rng, POSITIONS);
    float *qkv = activations(s, count, 1);
    const struct ws_rotary r = {.rows = rows,
                                .heads = shape[1],
                                .kv_heads = shape[2],
                                .size = shape[3],
                                .rotated = shape[4],
                                .cosines = parameters(s, POSITIONS * shape[4] / 2 + 1, 1),
                                .sines = parameters(s, POSITIONS * shape[4] / 2 + 1, 1),
                                .positions = positions};
    s->device->ops->rotary(s->device, qkv, &r, shape[5]);
    collect(s, qkv, count);
}

static const size_t ROTARY[][CASE_SHAPE] = {
    {1, 1, 1, 2, 2, 0},     {40, 3, 1, 16, 16, 0}, {90, 4, 4, 24, 6, 1},
    {300, 8, 2, 64, 64, 0}, {5, 2, 2, 9, 0, 0},    {33, 2, 2, 80, 20, 1},
};

static void draw_rotary(struct ws_rng *rng, size_t *shape)
{
    shape[0] = draw_size(rng, 200);
    shape[2] = draw_size(rng, 3);
    shape[1] = shape[2] * draw_size(rng, 3);
    shape[3] = draw_size(rng, 80);
    shape[4] = 2 * ws_rng_below(rng, shape[3] / 2 + 1);
    shape[5] = ws_rng_below(rng, 2);
}

/* The cache of keys and values ----------------------------------------------------------------- */

/* Each slot's positions lie in itself. */
static uint32_t *own_holders(struct case_side *s, size_t slots, size_t capacity)
{
    uint32_t *holders = s->device->ops->alloc(s->device, slots * capacity * sizeof *holders);
    assert_non_null(holders);
    for (size_t place = 0; place < slots * capacity; place++) {
        const uint32_t slot = (uint32_t)(place / capacity);
        s->device->ops->write(s->device, holders + place, &slot, sizeof slot);
    }
    return holders;
}

/* shape: slots, key heads, heads, capacity, size */
static void run_cache(struct case_side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t slots = shape[0], kv = shape[1], heads = shape[2], capacity = shape[3], size = shape[4];
    size_t count = slots * kv * capacity * size, row = (heads + 2 * kv) * size;
    const struct ws_cache cache = {.keys = activations(s, count, 1),
                                   .values = activations(s, count, 1),
                                   .slots = slots,
                                   .kv_heads = kv,
                                   .capacity = capacity,
                                   .size = size};
    uint32_t places[MOST_TOKENS], positions[MOST_TOKENS], parents[MOST_TOKENS];
    for (size_t i = 0; i < slots; i++) {
        places[i] = (uint32_t)((i + 1) % slots);
        positions[i] = (uint32_t)(i ? ws_rng_below(&s->rng, capacity) : capacity - 1);
    }
    float *qkv = activations(s, slots * row, 2), *y = room(s, slots * heads * size);
    ops->cache_store(s->device, &cache, qkv, heads, places, positions, slots);
    collect_as(s, cache.keys, count, CASE_EXACT);
    collect_as(s, cache.values, count, CASE_EXACT);
    ops->cache_attention(s->device, y, qkv, &cache, heads, places, positions, slots);
    collect(s, y, slots * heads * size);
    /* Several rows of one slot: a prompt. */
    for (size_t i = 0; i < slots; i++) {
        places[i] = (uint32_t)(i % 2 ? slots - 1 : 0);
        positions[i] = (uint32_t)(i / 2 % capacity);
    }
    ops->cache_attention(s->device, y, qkv, &cache, heads, places, positions, slots);
    collect(s, y, slots * heads * size);

    /* A cycle over all, a cycle with branches, everybody from one, and any. The last position is
     * nobody else's, so it may be stored again. */
    struct ws_cache ordered = cache;
    if (ops->cache_follow)
        ordered.holders = own_holders(s, slots, capacity);
    uint32_t lengths[MOST_TOKENS], firsts[MOST_TOKENS];
    for (size_t how = 0; how < 4; how++) {
        for (size_t i = 0; i < slots; i++) {
            const size_t from[] = {i + 1, i / 2 + 1, slots / 2, ws_rng_below(&s->rng, slots)};
            parents[i] = (uint32_t)(from[how] % slots);
            lengths[i] = (uint32_t)ws_rng_below(&s->rng, capacity);
            firsts[i] = (uint32_t)ws_rng_below(&s->rng, lengths[i] + 1);
            places[i] = (uint32_t)i;
            positions[i] = (uint32_t)capacity - 1;
        }
        (ops->cache_follow ? ops->cache_follow : ops->cache_move)(s->device, &ordered, parents,
                                                                  firsts, lengths, slots);
        ops->cache_store(s->device, &ordered, qkv, heads, places, positions, slots);
        ops->cache_attention(s->device, y, qkv, &ordered, heads, places, positions, slots);
        collect(s, y, slots * heads * size);
    }
    if (ops->cache_follow)
        ops->release(s->device, ordered.holders, slots * capacity * sizeof *ordered.holders);
}

static const size_t CACHE[][CASE_SHAPE] = {
    {1, 1, 1, 1, 1},    {3, 2, 4, 7, 8},     {9, 1, 3, 33, 5},   {6, 4, 4, 40, 16},
    {20, 2, 4, 17, 33}, {5, 2, 2, 20, 64},   {2, 1, 8, 30, 100}, {40, 2, 4, 9, 32},
    {33, 1, 1, 5, 64},  {1, 12, 12, 70, 64}, {3, 2, 4, 40, 128}, {2, 1, 2, 65, 80},
    {4, 1, 2, 129, 64},
};

static void draw_cache(struct ws_rng *rng, size_t *shape)
{
    static const size_t sizes[] = {16, 32, 64, 80, 128};
    shape[0] = draw_size(rng, 20);
    shape[1] = draw_size(rng, 2);
    shape[2] = shape[1] * draw_size(rng, 3);
    shape[4] = ws_rng_below(rng, 3) ? sizes[ws_rng_below(rng, 5)] : draw_size(rng, 100);
    shape[3] = draw_size(rng, 80000 / (shape[0] * shape[1] * shape[4]) + 1);
}

/* Embedding ------------------------------------------------------------------------------------ */

/* shape: rows, width, types, whether there are places */
static void run_embedding(struct case_side *s, const size_t *shape)
{
    enum { POSITIONS = 20 };
    const struct ws_device_ops *ops = s->device->ops;
    size_t rows = shape[0], width = shape[1], types = shape[2];
    uint32_t tokens[MOST_TOKENS], positions[MOST_TOKENS];
    for (size_t r = 0; r < rows; r++) {
        tokens[r] = (uint32_t)ws_rng_below(&s->rng, types);
        positions[r] = (uint32_t)ws_rng_below(&s->rng, POSITIONS);
    }
    float *table = parameters(s, types * width, 1);
    float *places = shape[3] ? parameters(s, POSITIONS * width, 1) : NULL;
    float *y = room(s, rows * width), *dy = activations(s, rows * width, 1);
    ops->embedding(s->device, y, table, places, tokens, positions, rows, width);
    collect(s, y, rows * width);
    ops->embedding_backward(s->device, table, places, dy, tokens, positions, rows, width);
    collect_f32(s, table, types * width, CASE_PARAMETER);
    if (places)
        collect_f32(s, places, POSITIONS * width, CASE_PARAMETER);
}

static const size_t EMBEDDING[][CASE_SHAPE] = {
    {1, 1, 1, 1},       {100, 33, 7, 1},   {300, 128, 50, 0}, {400, 100, 3, 1},
    {130, 72, 1001, 1}, {64, 768, 100, 1}, {1000, 5, 2, 1},
};

static void draw_embedding(struct ws_rng *rng, size_t *shape)
{
    shape[0] = draw_size(rng, 400);
    shape[1] = draw_size(rng, 300);
    shape[2] = draw_size(rng, 1000);
    shape[3] = ws_rng_below(rng, 2);
}

/* The output layer ----------------------------------------------------------------------------- */

/* shape: rows, width, vocabulary, bias, rows of a hundred without a target */
static void run_head(struct case_side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t rows = shape[0], width = shape[1], types = shape[2];
    uint32_t target[MOST_TOKENS];
    for (size_t r = 0; r < rows; r++)
        target[r] = ws_rng_below(&s->rng, 100) < shape[4] ? WS_NO_TARGET
                                                          : (uint32_t)ws_rng_below(&s->rng, types);
    const struct ws_head head = {.rows = rows,
                                 .width = width,
                                 .vocabulary = types,
                                 .weight = weights(s, types * width, 1),
                                 .bias = shape[3] ? parameters(s, types, 1) : NULL,
                                 .target = target};
    float *x = activations(s, rows * width, 1), *dx = room(s, rows * width);
    float *dweight = parameters(s, types * width, 1), *dbias = parameters(s, types, 1);
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
    collect_f32(s, dweight, types * width, CASE_ACTIVATION);
    collect_f32(s, dbias, types, CASE_ACTIVATION);
    ops->head_loss_backward(s->device, NULL, dx, NULL, NULL, x, &head, 1);
    collect(s, dx, rows * width);
}

static const size_t HEAD[][CASE_SHAPE] = {
    {1, 1, 1, 0, 0},      {1, 20, 3000, 1, 0},   {200, 16, 40, 1, 20},  {33, 50, 1025, 0, 10},
    {300, 8, 1500, 1, 5}, {5, 3, 2048, 1, 100},  {3, 8, 50272, 0, 0},   {130, 72, 1001, 1, 10},
    {65, 768, 72, 0, 5},  {40, 32, 4096, 0, 10}, {1100, 8, 600, 1, 10}, {700, 2, 13000, 0, 0},
    {4100, 1, 2, 1, 10},
};

static void draw_head(struct ws_rng *rng, size_t *shape)
{
    shape[0] = draw_size(rng, 300);
    shape[1] = draw_size(rng, 100);
    shape[2] = 1 + draw_size(rng, 1000);
    shape[3] = ws_rng_below(rng, 2);
    shape[4] = ws_rng_below(rng, 30);
}

/* Element by element --------------------------------------------------------------------------- */

/* shape: count, which operand is overwritten, dropout in percent */
static void run_elements(struct case_side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t count = shape[0];
    float *x = activations(s, count, 1), *addend = activations(s, count, 1), *y = room(s, count);
    const struct ws_dropout dropout = {(float)shape[2] / 100, {{15, 16}, 17}, 18};
    ops->dropout(s->device, shape[1] ? x : y, x, &dropout, count);
    collect(s, shape[1] ? x : y, count);
    collect_zeros(s, shape[1] ? x : y, count);
    float *sum = shape[1] == 0 ? y : shape[1] == 1 ? x : addend;
    ops->add(s->device, sum, x, addend, count);
    collect(s, sum, count);
    /* To the device and back, rounded there where it is narrow. */
    ops->put(s->device, y, draw_numbers(s, count, 3, false), count);
    float *host = collected(s, count, CASE_EXACT);
    ops->get(s->device, host, y, count);
    for (size_t i = 0; s->narrow && i < count; i++)
        host[i] = to_bf16(host[i]);
}

static const size_t ELEMENTS[][CASE_SHAPE] = {
    {1, 0, 0},      {15, 1, 50}, {1000, 2, 10}, {40001, 0, 90},
    {65536, 1, 25}, {7, 2, 30},  {1023, 0, 15}, {4098, 2, 1},
};

static void draw_elements(struct ws_rng *rng, size_t *shape)
{
    shape[0] = draw_size(rng, 20000);
    shape[1] = ws_rng_below(rng, 3);
    shape[2] = ws_rng_below(rng, 95);
}

/* shape: count */
static void run_update(struct case_side *s, const size_t *shape)
{
    const struct ws_device_ops *ops = s->device->ops;
    size_t count = shape[0];
    float *x = parameters(s, count, 1), *gradient = parameters(s, count, 1), *y = room(s, count);
    *collected(s, 1, CASE_PARAMETER) = (float)ops->sum_squares(s->device, x, count);
    float *sum = parameters(s, count, 1);
    ops->accumulate(s->device, sum, gradient, count);
    collect_f32(s, sum, count, CASE_EXACT);
    float *first = parameters(s, count, 1), *second = zeros(s, count);
    const size_t turns[] = {count / 7, count / 3, count / 2, count / 2 + count / 4};
    struct ws_adamw settings = {.rate = 1e-2F,
                                .beta1 = 0.9F,
                                .beta2 = 0.95F,
                                .epsilon = 1e-8F,
                                .decay = 0.1F,
                                .scale = 0.7F,
                                .turns = turns,
                                .turn_count = count % 5};
    for (settings.step = 1; settings.step < 4; settings.step++)
        ops->adamw(s->device, x, first, second, gradient, &settings, count);
    collect_f32(s, x, count, CASE_PARAMETER);
    collect_f32(s, first, count, CASE_PARAMETER);
    collect_f32(s, second, count, CASE_PARAMETER);
    ops->copy(s->device, y, x, count * sizeof *x);
    ops->zero(s->device, x, count / 2 * sizeof *x);
    collect_f32(s, x, count, CASE_PARAMETER);
    collect_f32(s, y, count, CASE_PARAMETER);
}

static const size_t UPDATE[][CASE_SHAPE] = {{1}, {15}, {1000}, {40001}, {65536}, {130003}};

static void draw_update(struct ws_rng *rng, size_t *shape)
{
    shape[0] = draw_size(rng, 30000);
}

/* All of them ---------------------------------------------------------------------------------- */

#define GROUP(name, run, draw, shapes, heavy)                                                      \
    {                                                                                              \
        name, run, draw, shapes, sizeof(shapes) / sizeof *(shapes), heavy                          \
    }

const struct case_group CASE_GROUPS[CASE_GROUP_COUNT] = {
    GROUP("linear", run_linear, draw_linear, LINEAR, 0),
    GROUP("scores", run_scores, draw_scores, SCORES, 0),
    GROUP("weights", run_weights, draw_weights, WEIGHTS, 0),
    GROUP("norm", run_norm, draw_norm, NORM, 0),
    GROUP("activation", run_activation, draw_activation, ACTIVATION, 0),
    GROUP("attention", run_attention, draw_attention, ATTENTION, 0),
    GROUP("rotary", run_rotary, draw_rotary, ROTARY, 0),
    GROUP("cache", run_cache, draw_cache, CACHE, 0),
    GROUP("embedding", run_embedding, draw_embedding, EMBEDDING, 0),
    GROUP("head", run_head, draw_head, HEAD, 3),
    GROUP("elements", run_elements, draw_elements, ELEMENTS, 0),
    GROUP("update", run_update, draw_update, UPDATE, 0),
};

static void shape_of(size_t *shape, const struct case_group *group, size_t number)
{
    memset(shape, 0, CASE_SHAPE * sizeof *shape);
    if (number < group->count) {
        memcpy(shape, group->shapes[number], CASE_SHAPE * sizeof *shape);
    } else {
        struct ws_rng rng;
        ws_rng_init(&rng, (struct ws_rng_key){{3, 2}, 1}, number - group->count);
        group->draw(&rng, shape);
    }
}

void case_run(struct case_result *out, struct ws_device *device, enum ws_precision precision,
              const struct case_group *group, size_t number)
{
    size_t shape[CASE_SHAPE];
    shape_of(shape, group, number);
    uint64_t item = 0;
    for (size_t i = 0; i < CASE_SHAPE; i++)
        item = item * 1000003 + shape[i];
    out->count = out->arrays = 0;
    struct case_side s = {.device = device, .narrow = precision == WS_PRECISION_BF16, .out = out};
    ws_rng_init(&s.rng, (struct ws_rng_key){{1, 2}, 3}, item);
    group->run(&s, shape);
    settle(&s);
    for (size_t i = 0; i < s.block_count; i++)
        device->ops->release(device, s.blocks[i], s.blocks[i] ? s.sizes[i] : 0);
    settle(&s);
}

/* The largest difference as a part of the largest number, where sums alone are rounded otherwise;
 * else the norm of the difference as a part of the norm. */
static double distance(const float *a, const float *b, size_t count, bool norm)
{
    double whole = 0, off = 0;
    for (size_t i = 0; i < count; i++) {
        double x = (double)a[i], d = fabs((double)a[i] - (double)b[i]);
        if (norm) {
            whole += x * x;
            off += d * d;
        } else {
            whole = fmax(whole, fabs(x));
            off = d <= off ? off : d; /* what is no number stays */
        }
    }
    if (off == 0)
        return 0;
    return norm ? sqrt(off / whole) : off / whole;
}

void case_compare(const struct case_result *reference, const struct case_result *result,
                  enum ws_precision precision, const struct case_group *group, size_t number)
{
    /* By precision: f32, tf32 (each factor is off by 2^-10 at most), bf16 (results by 2^-9). */
    static const double tolerances[][3] = {
        [CASE_PARAMETER] = {1e-5, 1e-5, 1e-5},
        [CASE_SCORE] = {1e-5, 2e-3, 5e-4},
        [CASE_ACTIVATION] = {1e-5, 2e-3, 1e-2},
    };
    assert_int_equal(reference->arrays, result->arrays);
    for (size_t k = 0, from = 0; k < reference->arrays; from = reference->ends[k++]) {
        assert_int_equal(reference->ends[k], result->ends[k]);
        size_t count = reference->ends[k] - from;
        const float *a = reference->numbers + from, *b = result->numbers + from;
        enum case_nearness nearness = reference->nearness[k];
        double most = nearness == CASE_EXACT ? 0 : tolerances[nearness][precision];
        double off = distance(a, b, count, most > 1e-5);
        if (off <= most)
            continue;
        size_t shape[CASE_SHAPE], worst = 0;
        shape_of(shape, group, number);
        for (size_t i = 0; i < count; i++)
            if (!(fabsf(a[i] - b[i]) <= fabsf(a[worst] - b[worst])))
                worst = i;
        fail_msg("%s {%zu, %zu, %zu, %zu, %zu, %zu}, output %zu of %zu numbers: off by %g of 1, "
                 "at most %g; number %zu is %g, not %g",
                 group->name, shape[0], shape[1], shape[2], shape[3], shape[4], shape[5], k, count,
                 off, most, worst, (double)b[worst], (double)a[worst]);
    }
}
