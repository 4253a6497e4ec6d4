/*
 * Contract of compute/compute.h, the reference alone: examples worked by hand, and every backward
 * operation against finite differences of its forward one. That the fast set agrees with it is in
 * test_compute.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "compute/compute.h"

enum { MOST = 4096, MOST_INPUTS = 3 };

static struct ws_device *open_reference(void)
{
    struct ws_device *device;
    assert_int_equal(ws_cpu_open(WS_CPU_REFERENCE, 1, NULL, &device, NULL), WS_OK);
    return device;
}

static void close_checked(struct ws_device *device)
{
    assert_int_equal(device->ops->check(device, NULL), WS_OK);
    device->ops->close(device);
}

static void assert_near(double found, double wanted, double tolerance)
{
    if (!(fabs(found - wanted) <= tolerance))
        fail_msg("%.9g, wanted %.9g within %g", found, wanted, tolerance);
}

/* ---- finite differences ---- */

/* A forward operation, its inputs and their gradients. The scalar that is differentiated is the
 * sum of out[i] * slope[i]. */
struct tape {
    const struct ws_device_ops *ops;
    struct ws_device *device;
    const size_t *shape;
    float in[MOST_INPUTS][MOST];
    float gradient[MOST_INPUTS][MOST];
    size_t in_count[MOST_INPUTS]; /* 0: no such input */
    float before[MOST_INPUTS];    /* what the gradient is added to; 0: it is overwritten */
    float out[MOST];
    size_t out_count;
    float slope[MOST];
};

struct operation {
    void (*prepare)(struct tape *t); /* the counts; inputs are random already */
    void (*forward)(struct tape *t);
    void (*backward)(struct tape *t);
    size_t shape[6];
};

static double value(struct tape *t, const struct operation *o)
{
    double sum = 0;
    o->forward(t);
    for (size_t i = 0; i < t->out_count; i++)
        sum += (double)t->out[i] * (double)t->slope[i];
    return sum;
}

static double value_at(struct tape *t, const struct operation *o, float *x, float at)
{
    float old = *x;
    *x = at;
    double found = value(t, o);
    *x = old;
    return found;
}

/* Fourth order: (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h, with steps that are exact. */
static double difference(struct tape *t, const struct operation *o, float *x)
{
    const float h = 0x1p-6F;
    float at = *x;
    double near = value_at(t, o, x, at + h) - value_at(t, o, x, at - h);
    double far = value_at(t, o, x, at + 2 * h) - value_at(t, o, x, at - 2 * h);
    return (8 * near - far) / (12 * (double)h);
}

static void check_input(struct tape *t, const struct operation *o, size_t k, size_t number)
{
    double largest = 0;
    for (size_t i = 0; i < t->in_count[k]; i++)
        largest = fmax(largest, fabs((double)t->gradient[k][i] - (double)t->before[k]));
    size_t step = t->in_count[k] / 60 + 1;
    for (size_t i = 0; i < t->in_count[k]; i += step) {
        double found = (double)t->gradient[k][i] - (double)t->before[k];
        double wanted = difference(t, o, &t->in[k][i]);
        if (!(fabs(found - wanted) <= 3e-4 * largest + 1e-5))
            fail_msg("case %zu, input %zu, number %zu: %g, differences give %g", number, k, i,
                     found, wanted);
    }
}

static void check_gradients(const struct operation *operations, size_t count)
{
    static struct tape t;
    const struct ws_rng_key key = {{41, 42}, 43};
    for (size_t n = 0; n < count; n++) {
        memset(&t, 0, sizeof t);
        t.device = open_reference();
        t.ops = t.device->ops;
        t.shape = operations[n].shape;
        struct ws_rng rng;
        ws_rng_init(&rng, key, n);
        for (size_t k = 0; k < MOST_INPUTS; k++)
            for (size_t i = 0; i < MOST; i++)
                t.in[k][i] = (float)(2 * ws_rng_uniform(&rng) - 1);
        for (size_t i = 0; i < MOST; i++)
            t.slope[i] = (float)(2 * ws_rng_uniform(&rng) - 1);
        operations[n].prepare(&t);
        for (size_t k = 0; k < MOST_INPUTS; k++) {
            assert_true(t.in_count[k] <= MOST);
            for (size_t i = 0; i < t.in_count[k]; i++)
                t.gradient[k][i] = t.before[k] != 0 ? t.before[k] : 99;
        }
        assert_true(t.out_count <= MOST);
        operations[n].forward(&t);
        operations[n].backward(&t);
        for (size_t k = 0; k < MOST_INPUTS; k++)
            check_input(&t, &operations[n], k, n);
        close_checked(t.device);
    }
}

#define CHECK(operations) check_gradients(operations, sizeof(operations) / sizeof((operations)[0]))

/* linear: rows, in, out, whether dx is added to */

static struct ws_linear linear_of(const struct tape *t)
{
    return (struct ws_linear){t->shape[0], t->shape[1], t->shape[2], t->in[1], t->in[2]};
}

static void prepare_linear(struct tape *t)
{
    t->in_count[0] = t->shape[0] * t->shape[1];
    t->in_count[1] = t->shape[1] * t->shape[2];
    t->in_count[2] = t->shape[2];
    t->out_count = t->shape[0] * t->shape[2];
    t->before[0] = t->shape[3] ? 2 : 0;
    t->before[1] = t->before[2] = 1;
}

static void forward_linear(struct tape *t)
{
    const struct ws_linear l = linear_of(t);
    t->ops->linear(t->device, t->out, t->in[0], &l);
}

static void backward_linear(struct tape *t)
{
    const struct ws_linear l = linear_of(t);
    t->ops->linear_backward(t->device, t->gradient[0], t->gradient[1], t->gradient[2], t->slope,
                            t->in[0], &l, t->shape[3]);
}

/* norm: kind, rows, width, whether dx is added to */

static struct ws_norm_shape norm_of(const struct tape *t)
{
    return (struct ws_norm_shape){t->shape[0] ? WS_NORM_RMS : WS_NORM_LAYER, t->shape[1],
                                  t->shape[2], 0.1F};
}

static void prepare_norm(struct tape *t)
{
    t->in_count[0] = t->out_count = t->shape[1] * t->shape[2];
    t->in_count[1] = t->shape[2];
    t->in_count[2] = t->shape[0] ? 0 : t->shape[2];
    t->before[0] = t->shape[3] ? 2 : 0;
    t->before[1] = t->before[2] = 1;
}

static void forward_norm(struct tape *t)
{
    const struct ws_norm_shape s = norm_of(t);
    t->ops->norm(t->device, t->out, NULL, NULL, t->in[0], NULL, t->in[1],
                 t->shape[0] ? NULL : t->in[2], &s);
}

static void backward_norm(struct tape *t)
{
    const struct ws_norm_shape s = norm_of(t);
    float stats[MOST];
    t->ops->norm(t->device, t->out, NULL, stats, t->in[0], NULL, t->in[1], NULL, &s);
    t->ops->norm_backward(t->device, t->gradient[0], t->gradient[1],
                          t->shape[0] ? NULL : t->gradient[2], t->slope, t->in[0], stats, t->in[1],
                          &s, t->shape[3]);
}

/* activation: kind, count; gate: kind, rows, width */

/* Away from 0, where ReLU has no derivative. */
static void move_from_zero(struct tape *t)
{
    for (size_t i = 0; i < t->in_count[0]; i++)
        t->in[0][i] = 3 * t->in[0][i] + (t->in[0][i] < 0 ? -0.1F : 0.1F);
}

static void prepare_activation(struct tape *t)
{
    t->in_count[0] = t->out_count = t->shape[1];
    move_from_zero(t);
}

static void forward_activation(struct tape *t)
{
    t->ops->activation(t->device, t->out, t->in[0], (enum ws_activation)t->shape[0], t->shape[1]);
}

static void backward_activation(struct tape *t)
{
    t->ops->activation_backward(t->device, t->gradient[0], NULL, t->slope, t->in[0],
                                (enum ws_activation)t->shape[0], 1, t->shape[1]);
}

static void prepare_gate(struct tape *t)
{
    t->out_count = t->shape[1] * t->shape[2];
    t->in_count[0] = 2 * t->out_count;
    move_from_zero(t);
}

static void forward_gate(struct tape *t)
{
    t->ops->gate(t->device, t->out, t->in[0], (enum ws_activation)t->shape[0], t->shape[1],
                 t->shape[2]);
}

static void backward_gate(struct tape *t)
{
    t->ops->gate_backward(t->device, t->gradient[0], t->slope, t->in[0],
                          (enum ws_activation)t->shape[0], t->shape[1], t->shape[2]);
}

/* attention: sequences of lengths 1, 4, 7, ...; heads, key heads, size, dropout in percent */

static const uint32_t attention_starts[] = {0, 1, 5, 12, 22};

static struct ws_attention attention_of(const struct tape *t)
{
    return (struct ws_attention){t->shape[0], attention_starts, t->shape[1], t->shape[2],
                                 t->shape[3]};
}

static struct ws_dropout dropout_of(const struct tape *t)
{
    return (struct ws_dropout){(float)t->shape[4] / 100, {{44, 45}, 46}, 47};
}

static void prepare_attention(struct tape *t)
{
    size_t tokens = attention_starts[t->shape[0]];
    t->in_count[0] = tokens * (t->shape[1] + 2 * t->shape[2]) * t->shape[3];
    t->out_count = tokens * t->shape[1] * t->shape[3];
}

static void forward_attention(struct tape *t)
{
    const struct ws_attention a = attention_of(t);
    const struct ws_dropout d = dropout_of(t);
    t->ops->attention(t->device, t->out, NULL, t->in[0], &a, &d);
}

static void backward_attention(struct tape *t)
{
    const struct ws_attention a = attention_of(t);
    const struct ws_dropout d = dropout_of(t);
    float lse[MOST];
    t->ops->attention(t->device, t->out, lse, t->in[0], &a, &d);
    t->ops->attention_backward(t->device, t->gradient[0], t->slope, t->out, lse, t->in[0], &a, &d);
}

/* rotary: rows, heads, key heads, size, rotated */

static void prepare_rotary(struct tape *t)
{
    t->in_count[0] = t->out_count = t->shape[0] * (t->shape[1] + 2 * t->shape[2]) * t->shape[3];
}

static void rotate(struct tape *t, float *qkv, bool inverse)
{
    const uint32_t positions[] = {2, 0, 1, 2};
    float cosines[12], sines[12];
    for (size_t i = 0; i < 12; i++) {
        cosines[i] = cosf((float)i);
        sines[i] = sinf((float)i);
    }
    const struct ws_rotary r = {t->shape[0], t->shape[1], t->shape[2], t->shape[3],
                                t->shape[4], cosines,     sines,       positions};
    t->ops->rotary(t->device, qkv, &r, inverse);
}

static void forward_rotary(struct tape *t)
{
    memcpy(t->out, t->in[0], t->out_count * sizeof *t->out);
    rotate(t, t->out, false);
}

static void backward_rotary(struct tape *t)
{
    memcpy(t->gradient[0], t->slope, t->out_count * sizeof *t->slope);
    rotate(t, t->gradient[0], true);
}

/* embedding: width, whether there are places */

static const uint32_t embedding_tokens[] = {3, 1, 3, 0}, embedding_positions[] = {0, 1, 0, 2};

static void prepare_embedding(struct tape *t)
{
    t->in_count[0] = 4 * t->shape[0];
    t->in_count[1] = t->shape[1] ? 3 * t->shape[0] : 0;
    t->out_count = 4 * t->shape[0];
    t->before[0] = t->before[1] = 1;
}

static void forward_embedding(struct tape *t)
{
    t->ops->embedding(t->device, t->out, t->in[0], t->shape[1] ? t->in[1] : NULL, embedding_tokens,
                      embedding_positions, 4, t->shape[0]);
}

static void backward_embedding(struct tape *t)
{
    t->ops->embedding_backward(t->device, t->gradient[0], t->shape[1] ? t->gradient[1] : NULL,
                               t->slope, embedding_tokens, embedding_positions, 4, t->shape[0]);
}

/* head: width, vocabulary, whether there is a bias */

static const uint32_t head_targets[] = {1, WS_NO_TARGET, 0, 4};

static struct ws_head head_of(const struct tape *t)
{
    return (struct ws_head){
        4, t->shape[0], t->shape[1], t->in[1], t->shape[2] ? t->in[2] : NULL, head_targets};
}

static void prepare_head(struct tape *t)
{
    t->in_count[0] = 4 * t->shape[0];
    t->in_count[1] = t->shape[0] * t->shape[1];
    t->in_count[2] = t->shape[2] ? t->shape[1] : 0;
    t->out_count = 4;
    t->before[1] = t->before[2] = 1;
    for (size_t i = 0; i < 4; i++)
        t->slope[i] = 0.25F;
}

static void forward_head(struct tape *t)
{
    const struct ws_head h = head_of(t);
    t->ops->head_loss(t->device, t->out, NULL, t->in[0], &h);
}

static void backward_head(struct tape *t)
{
    const struct ws_head h = head_of(t);
    float loss[4];
    t->ops->head_loss_backward(t->device, loss, t->gradient[0], t->gradient[1],
                               t->shape[2] ? t->gradient[2] : NULL, t->in[0], &h, 0.25F);
    assert_memory_equal(loss, t->out, sizeof loss);
}

/* dropout: count */

static void prepare_dropout(struct tape *t)
{
    t->in_count[0] = t->out_count = t->shape[0];
}

static const struct ws_dropout third = {1 / 3.0F, {{48, 49}, 50}, 51};

static void forward_dropout(struct tape *t)
{
    t->ops->dropout(t->device, t->out, t->in[0], &third, t->shape[0]);
}

static void backward_dropout(struct tape *t)
{
    t->ops->dropout(t->device, t->gradient[0], t->slope, &third, t->shape[0]);
}

#define LINEAR     prepare_linear, forward_linear, backward_linear
#define NORM       prepare_norm, forward_norm, backward_norm
#define ACTIVATION prepare_activation, forward_activation, backward_activation
#define GATE       prepare_gate, forward_gate, backward_gate
#define ATTENTION  prepare_attention, forward_attention, backward_attention
#define ROTARY     prepare_rotary, forward_rotary, backward_rotary
#define EMBEDDING  prepare_embedding, forward_embedding, backward_embedding
#define HEAD       prepare_head, forward_head, backward_head
#define DROPOUT    prepare_dropout, forward_dropout, backward_dropout

static void rows__have_the_gradients_of_finite_differences(void **state)
{
    (void)state;
    static const struct operation operations[] = {
        {LINEAR, {3, 5, 4, 0}}, {LINEAR, {1, 1, 2, 1}}, {NORM, {0, 3, 6, 0}}, {NORM, {0, 2, 20, 1}},
        {NORM, {1, 3, 6, 1}},   {NORM, {1, 1, 20, 0}},  {EMBEDDING, {3, 1}},  {EMBEDDING, {4, 0}},
        {HEAD, {3, 5, 0}},      {HEAD, {6, 11, 1}},
    };
    CHECK(operations);
}

static void elements__have_the_gradients_of_finite_differences(void **state)
{
    (void)state;
    static const struct operation operations[] = {
        {ACTIVATION, {WS_ACTIVATION_RELU, 60}},
        {ACTIVATION, {WS_ACTIVATION_GELU, 60}},
        {ACTIVATION, {WS_ACTIVATION_GELU_TANH, 60}},
        {ACTIVATION, {WS_ACTIVATION_SILU, 60}},
        {GATE, {WS_ACTIVATION_RELU, 4, 7}},
        {GATE, {WS_ACTIVATION_GELU, 4, 7}},
        {GATE, {WS_ACTIVATION_GELU_TANH, 4, 7}},
        {GATE, {WS_ACTIVATION_SILU, 4, 7}},
        {DROPOUT, {50}},
    };
    CHECK(operations);
}

static void attention__has_the_gradient_of_finite_differences(void **state)
{
    (void)state;
    static const struct operation operations[] = {
        {ATTENTION, {1, 1, 1, 2, 0}},  {ATTENTION, {4, 2, 2, 3, 0}}, {ATTENTION, {3, 4, 2, 5, 0}},
        {ATTENTION, {4, 2, 1, 4, 40}}, {ROTARY, {4, 2, 1, 8, 8}},    {ROTARY, {4, 1, 1, 7, 4}},
    };
    CHECK(operations);
}

/* ---- by hand ---- */

static void norm__gives_rows_of_mean_zero_and_deviation_one(void **state)
{
    (void)state;
    struct ws_device *device = open_reference();
    const float x[] = {1, 2, 3, 6}, addend[] = {1, 2, 3, 2}, weight[] = {1, 1, 1, 2};
    const float bias[] = {0, 0, 10, 0};
    const struct ws_norm_shape layer = {WS_NORM_LAYER, 1, 4, 0};
    float y[4], sum[4], stats[2];
    device->ops->norm(device, y, sum, stats, x, addend, weight, bias, &layer);
    /* The sums are 2, 4, 6, 8: mean 5, variance 5. */
    const double wanted[] = {-3 / sqrt(5), -1 / sqrt(5), 10 + 1 / sqrt(5), 6 / sqrt(5)};
    for (size_t i = 0; i < 4; i++) {
        assert_near((double)sum[i], 2.0 * (double)(i + 1), 0);
        assert_near((double)y[i], wanted[i], 1e-6);
    }
    assert_near((double)stats[0], 5, 0);
    assert_near((double)stats[1], 1 / sqrt(5), 1e-7);
    const struct ws_norm_shape rms = {WS_NORM_RMS, 1, 4, 0.5F};
    device->ops->norm(device, y, NULL, stats, x, NULL, weight, NULL, &rms);
    /* The mean of the squares is 12.5. */
    assert_near((double)y[3], 12 / sqrt(13), 1e-6);
    assert_near((double)stats[0], 0, 0);
    close_checked(device);
}

static void attention__of_equal_keys_is_the_mean_of_the_values_so_far(void **state)
{
    (void)state;
    struct ws_device *device = open_reference();
    /* Two query heads on one key head of size 1; rows: q, q, k, v. Two sequences. */
    const float qkv[] = {1, 2, 0, 3, -1, 4, 0, 5, 2, 2, 0, 10, 1, 1, 7, -1};
    const uint32_t starts[] = {0, 3, 4};
    const struct ws_attention a = {2, starts, 2, 1, 1};
    float y[8], lse[8];
    device->ops->attention(device, y, lse, qkv, &a, NULL);
    const double wanted[] = {3, 3, 4, 4, 6, 6, -1, -1};
    const double wanted_lse[] = {0, 0, log(2), log(2), log(3), log(3), 7, 7};
    for (size_t i = 0; i < 8; i++) {
        assert_near((double)y[i], wanted[i], 1e-6);
        assert_near((double)lse[i], wanted_lse[i], 1e-6);
    }
    close_checked(device);
}

static void cache__gives_what_attention_gives(void **state)
{
    (void)state;
    enum { TOKENS = 6, HEADS = 4, KEY_HEADS = 2, SIZE = 3, ROW = (HEADS + 2 * KEY_HEADS) * SIZE };
    struct ws_device *device = open_reference();
    float qkv[TOKENS * ROW], whole[TOKENS * HEADS * SIZE], row[HEADS * SIZE];
    float keys[2 * KEY_HEADS * TOKENS * SIZE], values[2 * KEY_HEADS * TOKENS * SIZE];
    for (size_t i = 0; i < TOKENS * ROW; i++)
        qkv[i] = sinf((float)(3 * i));
    const uint32_t starts[] = {0, TOKENS};
    const struct ws_attention a = {1, starts, HEADS, KEY_HEADS, SIZE};
    device->ops->attention(device, whole, NULL, qkv, &a, NULL);
    const struct ws_cache cache = {keys, values, 2, KEY_HEADS, TOKENS, SIZE, NULL};
    for (uint32_t t = 0; t < TOKENS; t++) {
        const uint32_t slot = 1;
        device->ops->cache_store(device, &cache, qkv + t * ROW, HEADS, &slot, &t, 1);
        device->ops->cache_attention(device, row, qkv + t * ROW, &cache, HEADS, &slot, &t, 1);
        for (size_t i = 0; i < HEADS * SIZE; i++)
            assert_near((double)row[i], (double)whole[t * HEADS * SIZE + i], 1e-6);
    }
    close_checked(device);
}

static void cache__moves_only_the_positions_that_differ(void **state)
{
    (void)state;
    struct ws_device *device = open_reference();
    float keys[] = {1, 2, 3, 11, 12, 13, 21, 22, 23}, values[9];
    memcpy(values, keys, sizeof keys);
    const struct ws_cache cache = {keys, values, 3, 1, 3, 1, NULL};
    const uint32_t parents[] = {1, 2, 0}, firsts[] = {0, 1, 2}, lengths[] = {3, 2, 3};
    device->ops->cache_move(device, &cache, parents, firsts, lengths, 3);
    const float wanted[] = {11, 12, 13, 11, 22, 13, 21, 22, 3};
    assert_memory_equal(keys, wanted, sizeof wanted);
    assert_memory_equal(values, wanted, sizeof wanted);
    close_checked(device);
}

static void rotary__turns_pairs_by_their_angle(void **state)
{
    (void)state;
    struct ws_device *device = open_reference();
    /* One head of size 5, of which four numbers are the pairs (0, 2) and (1, 3). */
    float qkv[] = {1, 2, 3, 4, 5, 1, 0, 0, 1, 9, 1, 1, 1, 1, 1};
    const float cosines[] = {1, 1, 0, 0.6F}, sines[] = {0, 0, 1, 0.8F};
    const uint32_t position = 1;
    const struct ws_rotary r = {1, 1, 1, 5, 4, cosines, sines, &position};
    device->ops->rotary(device, qkv, &r, false);
    const double wanted[] = {-3, 1.2 - 3.2, 1, 2.4 + 1.6, 5, 0, -0.8, 1, 0.6, 9, 1, 1, 1, 1, 1};
    for (size_t i = 0; i < 15; i++)
        assert_near((double)qkv[i], wanted[i], 1e-6);
    device->ops->rotary(device, qkv, &r, true);
    assert_near((double)qkv[3], 4, 1e-6);
    close_checked(device);
}

static void head__of_equal_logits_knows_nothing(void **state)
{
    (void)state;
    struct ws_device *device = open_reference();
    const float weight[14] = {0}, x[] = {1, 2, 3, 4};
    float bias[] = {5, 5, 5, 5, 5, 5, 5}, loss[2], entropy[2];
    const uint32_t target[] = {6, WS_NO_TARGET};
    const struct ws_head head = {2, 2, 7, weight, bias, target};
    device->ops->head_loss(device, loss, entropy, x, &head);
    assert_near((double)loss[0], log(7), 1e-6);
    assert_near((double)loss[1], 0, 0);
    assert_near((double)entropy[0], log(7), 1e-6);
    assert_near((double)entropy[1], log(7), 1e-6);
    bias[6] = 100; /* now it is sure */
    device->ops->head_loss(device, loss, entropy, x, &head);
    assert_near((double)loss[0], 0, 1e-6);
    assert_near((double)entropy[0], 0, 1e-6);
    close_checked(device);
}

static void adamw__takes_the_steps_worked_by_hand(void **state)
{
    (void)state;
    struct ws_device *device = open_reference();
    float w = 2, m = 0, v = 0;
    const float gradients[] = {3, -1};
    struct ws_adamw s = {
        .rate = 0.1F, .beta1 = 0.5F, .beta2 = 0.75F, .epsilon = 0, .decay = 0.25F, .scale = 2};
    s.step = 1;
    device->ops->adamw(device, &w, &m, &v, &gradients[0], &s, 1);
    /* g = 6: m = 3, v = 9; both corrected to 6 and 36: an update of 1, and decay of 0.5. */
    assert_near((double)m, 3, 1e-6);
    assert_near((double)v, 9, 1e-6);
    assert_near((double)w, 2 - 0.1 * (0.5 + 1), 1e-6);
    s.step = 2;
    device->ops->adamw(device, &w, &m, &v, &gradients[1], &s, 1);
    /* g = -2: m = 0.5, v = 7.75; corrected by 0.75 and 0.4375. */
    double update = 0.5 / 0.75 / sqrt(7.75 / 0.4375);
    assert_near((double)w, 1.85 - 0.1 * (0.25 * 1.85 + update), 1e-6);
    assert_near(device->ops->sum_squares(device, gradients, 2), 10, 0);
    close_checked(device);
}

static void activations__have_the_values_of_their_formulas(void **state)
{
    (void)state;
    struct ws_device *device = open_reference();
    const float x[] = {-1, 0, 2};
    /* Phi(-1) = 0.158655..., tanh form at 2: 0.5 * 2 * (1 + tanh(1.8812...)). */
    static const struct {
        enum ws_activation kind;
        double wanted[3];
    } rows[] = {
        {WS_ACTIVATION_RELU, {0, 0, 2}},
        {WS_ACTIVATION_GELU, {-0.15865525393145705, 0, 1.9544997361036416}},
        {WS_ACTIVATION_GELU_TANH, {-0.15880801, 0, 1.95459769}},
        {WS_ACTIVATION_SILU, {-0.2689414213699951, 0, 1.7615941559557649}},
    };
    for (size_t r = 0; r < 4; r++) {
        float y[3];
        device->ops->activation(device, y, x, rows[r].kind, 3);
        for (size_t i = 0; i < 3; i++)
            assert_near((double)y[i], rows[r].wanted[i], 1e-6);
    }
    close_checked(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows__have_the_gradients_of_finite_differences),
        cmocka_unit_test(elements__have_the_gradients_of_finite_differences),
        cmocka_unit_test(attention__has_the_gradient_of_finite_differences),
        cmocka_unit_test(norm__gives_rows_of_mean_zero_and_deviation_one),
        cmocka_unit_test(attention__of_equal_keys_is_the_mean_of_the_values_so_far),
        cmocka_unit_test(cache__gives_what_attention_gives),
        cmocka_unit_test(cache__moves_only_the_positions_that_differ),
        cmocka_unit_test(rotary__turns_pairs_by_their_angle),
        cmocka_unit_test(head__of_equal_logits_knows_nothing),
        cmocka_unit_test(adamw__takes_the_steps_worked_by_hand),
        cmocka_unit_test(activations__have_the_values_of_their_formulas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
