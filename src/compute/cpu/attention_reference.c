#include <assert.h>
#include <math.h>
#include <string.h>

#include "compute/cpu/cpu_device.h"
#include "compute/cpu/dropout_mask.h"
#include "compute/cpu/reference.h"

/* One query head of one sequence. */
struct view {
    const struct ws_attention *a;
    size_t row;    /* numbers in a row of qkv */
    size_t first;  /* row of the sequence's first token */
    size_t length; /* of the sequence */
    size_t head;
    size_t query_at, key_at, value_at; /* of the head in a row of qkv */
    uint64_t number;                   /* of the first element, for dropout */
    const struct ws_dropout *dropout;
};

static struct view view_of(const struct ws_attention *a, const struct ws_dropout *dropout,
                           size_t sequence, size_t head)
{
    size_t kv_head = head / (a->heads / a->kv_heads);
    struct view v = {
        .a = a,
        .row = (a->heads + 2 * a->kv_heads) * a->size,
        .first = a->starts[sequence],
        .length = a->starts[sequence + 1] - a->starts[sequence],
        .head = head,
        .query_at = head * a->size,
        .key_at = (a->heads + kv_head) * a->size,
        .value_at = (a->heads + a->kv_heads + kv_head) * a->size,
        .dropout = ws_dropout_is_on(dropout) ? dropout : NULL,
    };
    for (size_t s = 0; s < sequence; s++) {
        uint64_t length = a->starts[s + 1] - a->starts[s];
        v.number += a->heads * length * length;
    }
    v.number += head * v.length * v.length;
    return v;
}

static double dot(const float *a, const float *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* p[j] = softmax over j <= i of q_i . k_j / sqrt(size); gives the log of its sum. */
static double probabilities(double *p, const float *qkv, const struct view *v, size_t i)
{
    const float *query = qkv + (v->first + i) * v->row + v->query_at;
    double max = -INFINITY, sum = 0;
    for (size_t j = 0; j <= i; j++) {
        const float *key = qkv + (v->first + j) * v->row + v->key_at;
        p[j] = dot(query, key, v->a->size) / sqrt((double)v->a->size);
        max = fmax(max, p[j]);
    }
    for (size_t j = 0; j <= i; j++)
        sum += exp(p[j] - max);
    for (size_t j = 0; j <= i; j++)
        p[j] = exp(p[j] - max) / sum;
    return max + log(sum);
}

static double factor(const struct view *v, size_t i, size_t j)
{
    return v->dropout ? (double)ws_dropout_factor(v->dropout, v->number + i * v->length + j) : 1;
}

/* y_i = sum over j of p[j] factor[j] v_j */
static void attend(float *y, float *lse, const float *qkv, const struct view *v, double *p)
{
    for (size_t i = 0; i < v->length; i++) {
        size_t token = v->first + i;
        double log_sum = probabilities(p, qkv, v, i);
        if (lse)
            lse[token * v->a->heads + v->head] = (float)log_sum;
        for (size_t c = 0; c < v->a->size; c++) {
            double sum = 0;
            for (size_t j = 0; j <= i; j++)
                sum +=
                    p[j] * factor(v, i, j) * (double)qkv[(v->first + j) * v->row + v->value_at + c];
            y[token * v->a->heads * v->a->size + v->query_at + c] = (float)sum;
        }
    }
}

static size_t longest(const struct ws_attention *a)
{
    size_t most = 0;
    for (size_t s = 0; s < a->sequences; s++)
        most = a->starts[s + 1] - a->starts[s] > most ? a->starts[s + 1] - a->starts[s] : most;
    return most;
}

void ws_reference_attention(struct ws_device *device, float *y, float *lse, const float *qkv,
                            const struct ws_attention *a, const struct ws_dropout *dropout)
{
    assert(a->heads % a->kv_heads == 0 && a->starts[0] == 0);
    struct ws_cpu *cpu = ws_cpu_ready(device);
    double *p = cpu ? ws_cpu_scratch(cpu, longest(a) * sizeof *p) : NULL;
    for (size_t s = 0; p && s < a->sequences; s++) {
        for (size_t head = 0; head < a->heads; head++) {
            struct view v = view_of(a, dropout, s, head);
            attend(y, lse, qkv, &v, p);
        }
    }
}

/* With dp[j] = factor[j] dy_i . v_j and s[j] = p[j] (dp[j] - sum over k of p[k] dp[k]),
 *     dq_i += s[j] k_j / sqrt(size), dk_j += s[j] q_i / sqrt(size), dv_j += p[j] factor[j] dy_i.
 * `d` is the gradient of the whole qkv, in double. */
static void attend_backward(double *d, const float *dy, const float *qkv, const struct view *v,
                            double *p, double *dp)
{
    size_t size = v->a->size;
    for (size_t i = 0; i < v->length; i++) {
        size_t token = v->first + i;
        const float *dy_i = dy + token * v->a->heads * size + v->query_at;
        const float *query = qkv + token * v->row + v->query_at;
        (void)probabilities(p, qkv, v, i);
        double mean = 0;
        for (size_t j = 0; j <= i; j++) {
            dp[j] = factor(v, i, j) * dot(dy_i, qkv + (v->first + j) * v->row + v->value_at, size);
            mean += p[j] * dp[j];
        }
        for (size_t j = 0; j <= i; j++) {
            size_t at = (v->first + j) * v->row;
            double s = p[j] * (dp[j] - mean) / sqrt((double)size);
            double kept = p[j] * factor(v, i, j);
            for (size_t c = 0; c < size; c++) {
                d[token * v->row + v->query_at + c] += s * (double)qkv[at + v->key_at + c];
                d[at + v->key_at + c] += s * (double)query[c];
                d[at + v->value_at + c] += kept * (double)dy_i[c];
            }
        }
    }
}

/* Everything is made again from qkv, so y and lse are not needed. */
void ws_reference_attention_backward(struct ws_device *device, float *dqkv, const float *dy,
                                     const float *y, const float *lse, const float *qkv,
                                     const struct ws_attention *a, const struct ws_dropout *dropout)
{
    (void)y;
    (void)lse;
    assert(a->heads % a->kv_heads == 0 && a->starts[0] == 0);
    size_t count = a->starts[a->sequences] * (a->heads + 2 * a->kv_heads) * a->size;
    size_t most = longest(a);
    struct ws_cpu *cpu = ws_cpu_ready(device);
    double *d = cpu ? ws_cpu_scratch(cpu, (count + 2 * most) * sizeof *d) : NULL;
    if (!d)
        return;
    memset(d, 0, count * sizeof *d);
    for (size_t s = 0; s < a->sequences; s++) {
        for (size_t head = 0; head < a->heads; head++) {
            struct view v = view_of(a, dropout, s, head);
            attend_backward(d, dy, qkv, &v, d + count, d + count + most);
        }
    }
    for (size_t i = 0; i < count; i++)
        dqkv[i] = (float)d[i];
}

/* (a, b) becomes (a cos - b sin, b cos + a sin), a and b a pair; inverse: with -sin. */
void ws_reference_rotary(struct ws_device *device, float *qkv, const struct ws_rotary *r,
                         bool inverse)
{
    assert(r->rotated % 2 == 0 && r->rotated <= r->size);
    size_t half = r->rotated / 2;
    for (size_t row = 0; ws_cpu_ready(device) && row < r->rows; row++) {
        const float *cosines = r->cosines + r->positions[row] * half;
        const float *sines = r->sines + r->positions[row] * half;
        for (size_t head = 0; head < r->heads + r->kv_heads; head++) {
            float *a = qkv + (row * (r->heads + 2 * r->kv_heads) + head) * r->size;
            float *b = a + half;
            for (size_t i = 0; i < half; i++) {
                double c = (double)cosines[i];
                double s = inverse ? -(double)sines[i] : (double)sines[i];
                double first = (double)a[i], second = (double)b[i];
                a[i] = (float)(first * c - second * s);
                b[i] = (float)(second * c + first * s);
            }
        }
    }
}
