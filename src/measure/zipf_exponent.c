#include "measure/zipf_exponent.h"

#include <math.h>

/* Lets heap[at] sink below what is smaller, in a heap with its smallest count on top. */
static void sink(uint64_t *heap, size_t size, size_t at)
{
    for (size_t child; (child = 2 * at + 1) < size; at = child) {
        child += child + 1 < size && heap[child + 1] < heap[child];
        if (heap[at] <= heap[child])
            return;
        uint64_t moved = heap[at];
        heap[at] = heap[child];
        heap[child] = moved;
    }
}

/* The largest counts, in descending order; how many there are. A heap, for types may be millions.
 */
static size_t largest(const uint64_t *counts, size_t size, uint64_t heap[WS_ZIPF_RANKS])
{
    size_t ranks = size < WS_ZIPF_RANKS ? size : WS_ZIPF_RANKS;
    for (size_t i = 0; i < ranks; i++)
        heap[i] = counts[i];
    for (size_t i = ranks / 2; i-- > 0;)
        sink(heap, ranks, i);
    for (size_t i = ranks; i < size; i++)
        if (counts[i] > heap[0]) {
            heap[0] = counts[i];
            sink(heap, ranks, 0);
        }
    for (size_t left = ranks; left-- > 1;) {
        uint64_t smallest = heap[0];
        heap[0] = heap[left];
        heap[left] = smallest;
        sink(heap, left, 0);
    }
    return ranks;
}

struct moments {
    double mean, variance;
};

/* Of log r under the law. */
static struct moments moments_of(const double *logarithm, size_t ranks, double exponent)
{
    double sum = 0, first = 0, second = 0;
    for (size_t r = 0; r < ranks; r++) {
        double weight = exp(-exponent * logarithm[r]);
        sum += weight;
        first += weight * logarithm[r];
        second += weight * logarithm[r] * logarithm[r];
    }
    double mean = first / sum;
    return (struct moments){mean, second / sum - mean * mean};
}

double ws_zipf_exponent(const uint64_t *counts, size_t size)
{
    uint64_t count[WS_ZIPF_RANKS];
    double logarithm[WS_ZIPF_RANKS], items = 0, wanted = 0;
    size_t ranks = largest(counts, size, count);
    if (ranks < 2)
        return NAN;
    for (size_t r = 0; r < ranks; r++) {
        logarithm[r] = log((double)(r + 1));
        items += (double)count[r];
        wanted += (double)count[r] * logarithm[r];
    }
    wanted /= items;
    /* Newton's steps for a mean that falls with s, kept between bounds that close in. Counts fall
     * with r, so s >= 0; the rarest rank has an item at least, so s is finite. */
    double low = 0, high = INFINITY, s = 1;
    for (int round = 0; round < 200; round++) {
        struct moments law = moments_of(logarithm, ranks, s);
        if (law.mean > wanted)
            low = s;
        else
            high = s;
        double next = s + (law.mean - wanted) / law.variance;
        if (!(next > low && next < high))
            next = isinf(high) ? 2 * s : low + (high - low) / 2;
        if (fabs(next - s) <= 1e-14 * (1 + s))
            return next;
        s = next;
    }
    return s;
}
