/*
 * Times the device's operations at the shapes of the transformers that the project is about, and
 * prints CSV: arithmetic in GFLOP/s and its share of the best a large matrix product reaches in
 * the same run, or traffic in GB/s with the memory that must be moved at least.
 *
 *     kernels [THREADS] [NAME...]              names: only operations that start with one
 *     kernels MODULE f32|tf32|bf16 [NAME...]   on GPU 0, through the CUDA module of this path
 *
 * With one thread its CPU time counts, so that neighbours on the machine matter less.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <time.h>

#include "compute/device.h"

enum { MOST_ROWS = 1 << 16 };

struct bench {
    struct ws_device *device;
    const struct ws_device_ops *ops;
    uint32_t numbers[MOST_ROWS]; /* tokens, targets or positions */
    uint32_t slots[MOST_ROWS];
    uint32_t starts[MOST_ROWS];
    float losses[MOST_ROWS];
    double uniforms[MOST_ROWS];
    struct ws_packed *packed;
    double number; /* bytes of an activation, of the four that tables count */
    double peak;   /* GFLOP/s */
    int calls;     /* that are timed together */
    clockid_t clock;
};

static double seconds(const struct bench *b)
{
    struct timespec t;
    (void)clock_gettime(b->clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct kernel {
    const char *name;
    size_t shape[5];
    size_t floats[6];    /* of the arrays that run is given */
    unsigned parameters; /* bit i: array i is f32 on every device */
    double flops;        /* of a call; 0: count memory */
    double bytes;
    void (*run)(struct bench *b, const size_t *shape, float *const *a);
};

/* ---- matrix products: rows, in, out ---- */

static struct ws_linear linear_of(const size_t *s, float *const *a)
{
    return (struct ws_linear){s[0], s[1], s[2], a[2], a[3]};
}

static void linear(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_linear l = linear_of(s, a);
    b->ops->linear(b->device, a[0], a[1], &l);
}

static void linear_relu(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_linear l = linear_of(s, a);
    b->ops->linear_activation(b->device, a[0], NULL, a[1], &l, WS_ACTIVATION_RELU);
}

static void linear_dx(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_linear l = linear_of(s, a);
    b->ops->linear_backward(b->device, a[1], NULL, NULL, a[0], NULL, &l, false);
}

static void linear_dw(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_linear l = linear_of(s, a);
    b->ops->linear_backward(b->device, NULL, a[2], a[3], a[0], a[1], &l, false);
}

static void packed(struct bench *b, const size_t *s, float *const *a)
{
    if (!b->packed)
        b->packed = b->ops->pack(b->device, a[2], s[2], s[1], s[0]);
    b->ops->linear_packed(b->device, a[0], a[1], b->packed, a[3], s[0]);
}

#define LINEAR(label, function, rows, in, out)                                                     \
    {                                                                                              \
        label, {rows, in, out}, {(rows) * (out), (rows) * (in), (in) * (out), out}, 12,            \
            2.0 * (rows) * (in) * (out), 4.0 * ((rows) * (out) + (rows) * (in) + (in) * (out)),    \
            function                                                                               \
    }

/* ---- the output layer: rows, width, vocabulary ---- */

static void head(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_head h = {s[0], s[1], s[2], a[0], NULL, b->numbers};
    b->ops->head_loss(b->device, b->losses, NULL, a[1], &h);
}

static void head_backward(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_head h = {s[0], s[1], s[2], a[0], NULL, b->numbers};
    b->ops->head_loss_backward(b->device, b->losses, a[2], a[3], NULL, a[1], &h, 1);
}

#define HEAD(label, function, products, rows, width, types)                                        \
    {                                                                                              \
        label, {rows, width, types},                                                               \
            {(width) * (types), (rows) * (width), (rows) * (width), (width) * (types)}, 9,         \
            2.0 * (products) * (rows) * (width) * (types), 0, function                             \
    }

/* ---- attention: sequences, length, heads, size, dropout in percent ---- */

static void attention(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_attention t = {s[0], b->starts, s[2], s[2], s[3]};
    const struct ws_dropout d = {(float)s[4] / 100, {{1, 2}, 3}, 4};
    for (size_t i = 0; i <= s[0]; i++)
        b->starts[i] = (uint32_t)(i * s[1]);
    b->ops->attention(b->device, a[0], a[1], a[2], &t, &d);
}

static void attention_backward(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_attention t = {s[0], b->starts, s[2], s[2], s[3]};
    const struct ws_dropout d = {(float)s[4] / 100, {{1, 2}, 3}, 4};
    for (size_t i = 0; i <= s[0]; i++)
        b->starts[i] = (uint32_t)(i * s[1]);
    b->ops->attention_backward(b->device, a[3], a[4], a[0], a[1], a[2], &t, &d);
}

/* What the causal mask leaves is half of the square. */
#define ATTENTION(label, function, products, sequences, length, heads, size, percent)              \
    {                                                                                              \
        label, {sequences, length, heads, size, percent},                                          \
            {(sequences) * (length) * (heads) * (size), (sequences) * (length) * (heads),          \
             3 * (sequences) * (length) * (heads) * (size),                                        \
             3 * (sequences) * (length) * (heads) * (size),                                        \
             (sequences) * (length) * (heads) * (size)},                                           \
            2, 1.0 * (products) * (sequences) * (length) * (length) * (heads) * (size), 0,         \
            function                                                                               \
    }

/* ---- the cache: slots, capacity, heads, size ---- */

static void cache_attention(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_cache c = {a[0], a[1], s[0], s[2], s[1], s[3], NULL};
    for (size_t i = 0; i < s[0]; i++) {
        b->slots[i] = (uint32_t)i;
        b->numbers[i] = (uint32_t)s[1] - 1;
    }
    b->ops->cache_attention(b->device, a[2], a[3], &c, s[2], b->slots, b->numbers, s[0]);
}

#define CACHE(label, slots, capacity, heads, size)                                                 \
    {                                                                                              \
        label, {slots, capacity, heads, size},                                                     \
            {(slots) * (capacity) * (heads) * (size), (slots) * (capacity) * (heads) * (size),     \
             (slots) * (heads) * (size), 3 * (slots) * (heads) * (size)},                          \
            0, 0, 8.0 * (slots) * (capacity) * (heads) * (size), cache_attention                   \
    }

/* ---- rows and elements: rows, width ---- */

static void norm(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_norm_shape n = {WS_NORM_LAYER, s[0], s[1], 1e-5F};
    b->ops->norm(b->device, a[0], a[1], a[5], a[1], a[2], a[3], a[4], &n);
}

static void norm_backward(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_norm_shape n = {WS_NORM_LAYER, s[0], s[1], 1e-5F};
    b->ops->norm_backward(b->device, a[0], a[3], a[4], a[2], a[1], a[5], a[3], &n, true);
}

#define NORM(label, function, rows, width)                                                         \
    {                                                                                              \
        label, {rows, width},                                                                      \
            {(rows) * (width), (rows) * (width), (rows) * (width), width, width, 2 * (rows)}, 56,  \
            0, 16.0 * (rows) * (width), function                                                   \
    }

static void activation(struct bench *b, const size_t *s, float *const *a)
{
    b->ops->activation(b->device, a[0], a[1], (enum ws_activation)s[2], s[0] * s[1]);
}

static void activation_backward(struct bench *b, const size_t *s, float *const *a)
{
    b->ops->activation_backward(b->device, a[0], NULL, a[0], a[1], (enum ws_activation)s[2], s[0],
                                s[1]);
}

#define ACTIVATION(label, function, kind, rows, width)                                             \
    {                                                                                              \
        label, {rows, width, kind}, {(rows) * (width), (rows) * (width)}, 0, 0,                    \
            4.0 * (2 + ((function) == activation_backward)) * (rows) * (width), function           \
    }

static void dropout(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_dropout d = {0.1F, {{1, 2}, 3}, 4};
    b->ops->dropout(b->device, a[0], a[0], &d, s[0] * s[1]);
}

#define DROPOUT(label, rows, width)                                                                \
    {                                                                                              \
        label, {rows, width}, {(rows) * (width)}, 0, 0, 8.0 * (rows) * (width), dropout            \
    }

static void adamw(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_adamw settings = {1e-3F, 0.9F, 0.95F, 1e-8F, 0.1F, 1, 10, NULL, 0};
    b->ops->adamw(b->device, a[0], a[1], a[2], a[3], &settings, s[0]);
}

#define ADAMW(label, count)                                                                        \
    {                                                                                              \
        label, {count}, {count, count, count, count}, 15, 0, 28.0 * (count), adamw                 \
    }

static void sum_squares(struct bench *b, const size_t *s, float *const *a)
{
    (void)b->ops->sum_squares(b->device, a[0], s[0]);
}

#define SQUARES(label, count)                                                                      \
    {                                                                                              \
        label, {count}, {count}, 1, 0, 4.0 * (count), sum_squares                                  \
    }

/* ---- scores: rows, vocabulary ---- */

static void pick(struct bench *b, const size_t *s, float *const *a)
{
    const struct ws_pick p = {.rows = s[0],
                              .vocabulary = s[1],
                              .temperature = 1,
                              .top_p = 1,
                              .typical_p = 1,
                              .uniforms = b->uniforms};
    b->ops->pick(b->device, b->slots, NULL, a[0], &p);
}

static void rank_ten(struct bench *b, const size_t *s, float *const *a)
{
    static uint32_t tokens[10 * MOST_ROWS];
    static float values[10 * MOST_ROWS];
    const struct ws_edits none = {.penalty = 1};
    b->ops->rank(b->device, tokens, values, a[0], &none, s[0], s[1], 10);
}

static void nothing(struct bench *b, const size_t *s, float *const *a)
{
    b->ops->copy(b->device, a[0], a[1], s[0] * sizeof(float));
}

static void embedding_backward(struct bench *b, const size_t *s, float *const *a)
{
    b->ops->embedding_backward(b->device, a[0], NULL, a[1], b->numbers, b->slots, s[0], s[1]);
}

#define EMBEDDING(label, rows, width, types)                                                       \
    {                                                                                              \
        label, {rows, width}, {(types) * (width), (rows) * (width)}, 1, 0,                         \
            12.0 * (rows) * (width), embedding_backward                                            \
    }

static const struct kernel kernels[] = {
    LINEAR("peak", linear, 1536, 1536, 1536),

    LINEAR("124m-qkv", linear, 256, 768, 2304),
    LINEAR("124m-qkv-dx", linear_dx, 256, 768, 2304),
    LINEAR("124m-qkv-dw", linear_dw, 256, 768, 2304),
    LINEAR("124m-out", linear, 256, 768, 768),
    LINEAR("124m-out-dx", linear_dx, 256, 768, 768),
    LINEAR("124m-out-dw", linear_dw, 256, 768, 768),
    LINEAR("124m-up", linear, 256, 768, 3072),
    LINEAR("124m-up-dx", linear_dx, 256, 768, 3072),
    LINEAR("124m-up-dw", linear_dw, 256, 768, 3072),
    LINEAR("124m-down", linear, 256, 3072, 768),
    LINEAR("124m-down-dx", linear_dx, 256, 3072, 768),
    LINEAR("124m-down-dw", linear_dw, 256, 3072, 768),
    HEAD("124m-head", head, 1, 256, 768, 50257),
    HEAD("124m-head-backward", head_backward, 3, 256, 768, 50257),
    ATTENTION("124m-attention", attention, 2, 4, 64, 12, 64, 0),
    ATTENTION("124m-attention-backward", attention_backward, 5, 4, 64, 12, 64, 0),
    ATTENTION("124m-attention-dropout", attention, 2, 4, 64, 12, 64, 10),
    ATTENTION("124m-attention-1024", attention, 2, 1, 1024, 12, 64, 0),
    ATTENTION("124m-attention-1024-backward", attention_backward, 5, 1, 1024, 12, 64, 0),
    NORM("124m-norm", norm, 256, 768),
    NORM("124m-norm-backward", norm_backward, 256, 768),
    ACTIVATION("124m-gelu", activation, WS_ACTIVATION_GELU_TANH, 256, 3072),
    ACTIVATION("124m-gelu-backward", activation_backward, WS_ACTIVATION_GELU_TANH, 256, 3072),
    DROPOUT("124m-dropout", 256, 768),
    ADAMW("124m-adamw", 32 << 20),
    SQUARES("124m-sum-squares", 32 << 20),

    LINEAR("6x256-qkv", linear, 2048, 256, 768),
    LINEAR("6x256-qkv-dx", linear_dx, 2048, 256, 768),
    LINEAR("6x256-qkv-dw", linear_dw, 2048, 256, 768),
    LINEAR("6x256-out", linear, 2048, 256, 256),
    LINEAR("6x256-out-dx", linear_dx, 2048, 256, 256),
    LINEAR("6x256-out-dw", linear_dw, 2048, 256, 256),
    LINEAR("6x256-up", linear, 2048, 256, 1024),
    LINEAR("6x256-up-dx", linear_dx, 2048, 256, 1024),
    LINEAR("6x256-up-dw", linear_dw, 2048, 256, 1024),
    LINEAR("6x256-down", linear, 2048, 1024, 256),
    LINEAR("6x256-down-dx", linear_dx, 2048, 1024, 256),
    LINEAR("6x256-down-dw", linear_dw, 2048, 1024, 256),
    HEAD("6x256-head", head, 1, 2048, 256, 4096),
    HEAD("6x256-head-backward", head_backward, 3, 2048, 256, 4096),
    ATTENTION("6x256-attention", attention, 2, 16, 128, 4, 64, 0),
    ATTENTION("6x256-attention-backward", attention_backward, 5, 16, 128, 4, 64, 0),
    NORM("6x256-norm", norm, 2048, 256),
    NORM("6x256-norm-backward", norm_backward, 2048, 256),
    ACTIVATION("6x256-gelu", activation, WS_ACTIVATION_GELU_TANH, 2048, 1024),
    ACTIVATION("6x256-gelu-backward", activation_backward, WS_ACTIVATION_GELU_TANH, 2048, 1024),
    ADAMW("6x256-adamw", 6 << 20),
    EMBEDDING("6x256-embedding-backward", 2048, 256, 50257),

    LINEAR("decode-124m-qkv", packed, 128, 768, 2304),
    LINEAR("decode-124m-out", packed, 128, 768, 768),
    LINEAR("decode-124m-up", packed, 128, 768, 3072),
    LINEAR("decode-124m-down", packed, 128, 3072, 768),
    LINEAR("decode-124m-head", packed, 128, 768, 50272),
    LINEAR("decode-124m-up-32", packed, 32, 768, 3072),
    LINEAR("decode-124m-head-32", packed, 32, 768, 50272),
    LINEAR("decode-124m-up-1", packed, 1, 768, 3072),
    LINEAR("decode-124m-head-1", packed, 1, 768, 50272),
    CACHE("decode-124m-cache", 128, 128, 12, 64),
    LINEAR("decode-6x256-qkv", packed, 128, 256, 768),
    LINEAR("decode-6x256-out", packed, 128, 256, 256),
    LINEAR("decode-6x256-up", packed, 128, 256, 1024),
    LINEAR("decode-6x256-down", packed, 128, 1024, 256),
    LINEAR("decode-6x256-head", packed, 128, 256, 4096),
    CACHE("decode-6x256-cache", 128, 128, 4, 64),
    {"call", {16}, {16, 16}, 0, 0, 128, nothing},
};

/* What a GPU is given at once: training on 32,768 tokens, and steps of 1,024 sequences. */
static const struct kernel large[] = {
    LINEAR("peak", linear, 8192, 8192, 8192),

    LINEAR("124m-qkv", linear, 32768, 768, 2304),
    LINEAR("124m-qkv-dx", linear_dx, 32768, 768, 2304),
    LINEAR("124m-qkv-dw", linear_dw, 32768, 768, 2304),
    LINEAR("124m-out", linear, 32768, 768, 768),
    LINEAR("124m-out-dx", linear_dx, 32768, 768, 768),
    LINEAR("124m-out-dw", linear_dw, 32768, 768, 768),
    LINEAR("124m-up", linear, 32768, 768, 3072),
    LINEAR("124m-up-relu", linear_relu, 32768, 768, 3072),
    LINEAR("124m-up-dx", linear_dx, 32768, 768, 3072),
    LINEAR("124m-up-dw", linear_dw, 32768, 768, 3072),
    LINEAR("124m-down", linear, 32768, 3072, 768),
    LINEAR("124m-down-dx", linear_dx, 32768, 3072, 768),
    LINEAR("124m-down-dw", linear_dw, 32768, 3072, 768),
    HEAD("124m-head", head, 1, 32768, 768, 50272),
    HEAD("124m-head-backward", head_backward, 3, 32768, 768, 50272),
    ATTENTION("124m-attention-64", attention, 2, 512, 64, 12, 64, 0),
    ATTENTION("124m-attention-64-backward", attention_backward, 5, 512, 64, 12, 64, 0),
    ATTENTION("124m-attention-1024", attention, 2, 32, 1024, 12, 64, 0),
    ATTENTION("124m-attention-1024-backward", attention_backward, 5, 32, 1024, 12, 64, 0),
    NORM("124m-norm", norm, 32768, 768),
    NORM("124m-norm-backward", norm_backward, 32768, 768),
    ACTIVATION("124m-relu", activation, WS_ACTIVATION_RELU, 32768, 3072),
    ACTIVATION("124m-relu-backward", activation_backward, WS_ACTIVATION_RELU, 32768, 3072),
    ACTIVATION("124m-gelu", activation, WS_ACTIVATION_GELU_TANH, 32768, 3072),
    ACTIVATION("124m-gelu-backward", activation_backward, WS_ACTIVATION_GELU_TANH, 32768, 3072),
    DROPOUT("124m-dropout", 32768, 768),
    ADAMW("124m-adamw", 125 << 20),
    SQUARES("124m-sum-squares", 125 << 20),
    EMBEDDING("124m-embedding-backward", 32768, 768, 50272),

    LINEAR("4x256-qkv", linear, 32768, 256, 768),
    LINEAR("4x256-qkv-dx", linear_dx, 32768, 256, 768),
    LINEAR("4x256-qkv-dw", linear_dw, 32768, 256, 768),
    LINEAR("4x256-out", linear, 32768, 256, 256),
    LINEAR("4x256-out-dx", linear_dx, 32768, 256, 256),
    LINEAR("4x256-out-dw", linear_dw, 32768, 256, 256),
    LINEAR("4x256-up", linear, 32768, 256, 1024),
    LINEAR("4x256-up-dx", linear_dx, 32768, 256, 1024),
    LINEAR("4x256-up-dw", linear_dw, 32768, 256, 1024),
    LINEAR("4x256-down", linear, 32768, 1024, 256),
    LINEAR("4x256-down-dx", linear_dx, 32768, 1024, 256),
    LINEAR("4x256-down-dw", linear_dw, 32768, 1024, 256),
    HEAD("4x256-head", head, 1, 32768, 256, 4096),
    HEAD("4x256-head-backward", head_backward, 3, 32768, 256, 4096),
    ATTENTION("4x256-attention-128", attention, 2, 256, 128, 4, 64, 0),
    ATTENTION("4x256-attention-128-backward", attention_backward, 5, 256, 128, 4, 64, 0),
    NORM("4x256-norm", norm, 32768, 256),
    NORM("4x256-norm-backward", norm_backward, 32768, 256),
    ACTIVATION("4x256-relu", activation, WS_ACTIVATION_RELU, 32768, 1024),
    ACTIVATION("4x256-relu-backward", activation_backward, WS_ACTIVATION_RELU, 32768, 1024),
    ACTIVATION("4x256-gelu", activation, WS_ACTIVATION_GELU_TANH, 32768, 1024),
    ACTIVATION("4x256-gelu-backward", activation_backward, WS_ACTIVATION_GELU_TANH, 32768, 1024),
    DROPOUT("4x256-dropout", 32768, 256),
    ADAMW("4x256-adamw", 4 << 20),
    SQUARES("4x256-sum-squares", 4 << 20),
    EMBEDDING("4x256-embedding-backward", 32768, 256, 4096),

    LINEAR("decode-124m-qkv", packed, 1024, 768, 2304),
    LINEAR("decode-124m-out", packed, 1024, 768, 768),
    LINEAR("decode-124m-up", packed, 1024, 768, 3072),
    LINEAR("decode-124m-down", packed, 1024, 3072, 768),
    LINEAR("decode-124m-head", packed, 1024, 768, 50272),
    CACHE("decode-124m-cache", 1024, 96, 12, 64),
    CACHE("decode-124m-cache-1024", 32, 1024, 12, 64),
    {"decode-124m-pick", {1024, 50272}, {1024 * 50272}, 1, 0, 8.0 * 1024 * 50272, pick},
    {"decode-124m-rank", {1280, 50272}, {1280 * 50272}, 1, 0, 4.0 * 1280 * 50272, rank_ten},
    LINEAR("decode-4x256-qkv", packed, 1024, 256, 768),
    {"decode-4x256-pick", {1024, 4096}, {1024 * 4096}, 1, 0, 8.0 * 1024 * 4096, pick},
    {"call", {16}, {16, 16}, 0, 0, 128, nothing},
};

/* The quickest of as many rounds as fit into a third of a second, the first of which is thrown
 * away: it may prepare things. */
static double quickest(struct bench *b, const struct kernel *k, float *const *arrays)
{
    double best = INFINITY, begin = seconds(b);
    for (int rounds = 0; rounds < 4 || seconds(b) - begin < 0.3; rounds++) {
        double start = seconds(b);
        for (int call = 0; call < b->calls; call++)
            k->run(b, k->shape, arrays);
        (void)b->ops->check(b->device, NULL);
        if (rounds > 0)
            best = fmin(best, (seconds(b) - start) / b->calls);
    }
    return best;
}

/* Numbers of [-0.5, 0.5). */
static bool fill(struct bench *b, struct ws_rng *rng, float *array, size_t count, bool parameters)
{
    float *host = ws_realloc(NULL, NULL, 0, count * sizeof *host);
    if (!host)
        return false;
    for (size_t i = 0; i < count; i++)
        host[i] = (float)ws_rng_u32(rng) * 0x1p-32F - 0.5F;
    if (parameters)
        b->ops->write(b->device, array, host, count * sizeof *host);
    else
        b->ops->put(b->device, array, host, count);
    ws_free(NULL, host, count * sizeof *host);
    return true;
}

static bool time_kernel(struct bench *b, const struct kernel *k)
{
    float *arrays[6] = {0};
    bool all = true;
    for (size_t i = 0; i < 6; i++) {
        arrays[i] = k->floats[i] ? b->ops->alloc(b->device, k->floats[i] * sizeof(float)) : NULL;
        all = all && (arrays[i] || !k->floats[i]);
    }
    struct ws_rng rng;
    const struct ws_rng_key key = {{1, 2}, 3};
    ws_rng_init(&rng, key, 0);
    for (size_t i = 0; all && i < 6; i++)
        if (k->floats[i] > 0)
            all = fill(b, &rng, arrays[i], k->floats[i], k->parameters >> i & 1);
    for (size_t i = 0; i < MOST_ROWS; i++) {
        b->numbers[i] = (uint32_t)ws_rng_below(&rng, 4096);
        b->uniforms[i] = ws_rng_uniform(&rng);
    }
    if (all) {
        double best = quickest(b, k, arrays);
        double bytes = k->bytes * (k->parameters & 1 ? 1 : b->number / 4);
        double rate = (k->flops > 0 ? k->flops : bytes) / best * 1e-9;
        if (b->peak == 0)
            b->peak = rate;
        if (k->flops > 0)
            (void)printf("%s,%.4f,%.1f GFLOP/s,%.2f\n", k->name, 1e3 * best, rate, rate / b->peak);
        else
            (void)printf("%s,%.4f,%.1f GB/s,\n", k->name, 1e3 * best, rate);
    }
    b->ops->unpack(b->device, b->packed);
    b->packed = NULL;
    for (size_t i = 0; i < 6; i++)
        b->ops->release(b->device, arrays[i], k->floats[i] * sizeof(float));
    return all;
}

static bool is_wanted(const char *name, int count, char **names)
{
    if (count == 0 || strcmp(name, "peak") == 0)
        return true;
    for (int i = 0; i < count; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static enum ws_status open_gpu(struct bench *b, const char *module, const char *precision,
                               struct ws_error *err)
{
    static const char *const names[] = {"f32", "tf32", "bf16"};
    uint32_t which = 0;
    while (which < 3 && strcmp(names[which], precision) != 0)
        which++;
    if (which == 3)
        return ws_fail(err, WS_INVALID, "'%s' is no precision, wanted f32, tf32 or bf16",
                       precision);
    const struct ws_device_settings settings = {"cuda:0", which + 1};
    struct ws_device_choice choice;
    WS_TRY(ws_device_choose(&settings, module, &choice, err));
    b->number = which == 2 ? 2 : 4;
    b->calls = 10;
    return ws_device_open(&choice, 1, NULL, &b->device, err);
}

static enum ws_status open_cpu(struct bench *b, unsigned threads, struct ws_error *err)
{
    b->number = 4;
    b->calls = 1;
    b->clock = threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
    return ws_cpu_open(WS_CPU_FAST, threads ? threads : 1, NULL, &b->device, err);
}

int main(int argc, char **argv)
{
    static struct bench b = {.clock = CLOCK_MONOTONIC};
    struct ws_error err;
    bool gpu = argc > 2 && strchr(argv[1], '/');
    unsigned threads = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : ws_processor_count();
    int names = gpu ? 3 : 2;
    enum ws_status status =
        gpu ? open_gpu(&b, argv[1], argv[2], &err) : open_cpu(&b, threads, &err);
    if (status != WS_OK || !b.device) {
        (void)fprintf(stderr, "kernels: %s\n", err.message);
        return 1;
    }
    b.ops = b.device->ops;
    const struct kernel *list = gpu ? large : kernels;
    size_t count = gpu ? sizeof large / sizeof *large : sizeof kernels / sizeof *kernels;
    (void)printf("operation,ms,rate,of the peak\n");
    bool done = true;
    for (size_t i = 0; done && i < count; i++)
        if (is_wanted(list[i].name, argc > names ? argc - names : 0, argv + names))
            done = time_kernel(&b, &list[i]);
    if (b.ops->check(b.device, &err) != WS_OK)
        (void)fprintf(stderr, "kernels: %s\n", err.message);
    b.device->ops->close(b.device);
    return done ? 0 : 1;
}
