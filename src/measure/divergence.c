#include "measure/divergence.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

/* The types that one of two samples has, or both, ascending. */
struct pairs {
    const struct ws_payload *a, *b;
    size_t i, j;
};

/* How often the next type is in each; false when there is none. */
static bool next_pair(struct pairs *p, double *in_a, double *in_b)
{
    bool more_a = p->i < p->a->counts.size;
    bool more_b = p->j < p->b->counts.size;
    if (!more_a && !more_b)
        return false;
    uint32_t a = more_a ? p->a->counts.type[p->i] : UINT32_MAX;
    uint32_t b = more_b ? p->b->counts.type[p->j] : UINT32_MAX;
    *in_a = a <= b ? (double)p->a->counts.count[p->i++] : 0;
    *in_b = b <= a ? (double)p->b->counts.count[p->j++] : 0;
    return true;
}

double ws_total_variation(const struct ws_payload *a, const struct ws_payload *b)
{
    struct pairs pairs = {.a = a, .b = b};
    double A = (double)a->count, B = (double)b->count;
    double sum = 0, in_a, in_b;
    assert(a->count > 0 && b->count > 0 && a->types == b->types);
    while (next_pair(&pairs, &in_a, &in_b))
        sum += fabs(in_a / A - in_b / B);
    return sum / 2;
}

/* With A and B items in all, halves included, the sum of (a / A) log((a / A) / (b / B)) is that of
 * a log(a / b), over A, and log(B / A); a type that both lack has log 1. */
double ws_kl_half(const struct ws_payload *p, const struct ws_payload *q)
{
    struct pairs pairs = {.a = p, .b = q};
    double halves = 0.5 * p->types;
    double P = (double)p->count + halves, Q = (double)q->count + halves;
    double sum = 0, in_p, in_q;
    assert(p->count > 0 && q->count > 0 && p->types == q->types);
    while (next_pair(&pairs, &in_p, &in_q))
        sum += (in_p + 0.5) * log((in_p + 0.5) / (in_q + 0.5));
    return fmax(0, sum / P + log(Q / P));
}

double ws_total_variation_truth(const struct ws_payload *sample, const struct ws_truth *truth,
                                double lost)
{
    double N = (double)sample->count, sum = lost;
    for (size_t i = 0; i < sample->counts.size; i++)
        sum +=
            fabs((double)sample->counts.count[i] / N - ws_truth_of(truth, sample->counts.type[i]));
    return sum / 2;
}

double ws_kl_truth(const struct ws_payload *sample, const struct ws_truth *truth)
{
    double N = (double)sample->count, sum = 0;
    for (size_t i = 0; i < sample->counts.size; i++) {
        double share = (double)sample->counts.count[i] / N;
        sum += share * log(share / ws_truth_of(truth, sample->counts.type[i]));
    }
    return fmax(0, sum);
}
