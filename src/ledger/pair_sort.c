#include "ledger/pair_sort.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALL = 16,  /* pairs that are put in order one by one */
    WIDEST = 11, /* bits of a digit at most: as many streams as a processor follows */
};

static bool is_before(const struct ws_range_pair *a, const struct ws_range_pair *b)
{
    return a->key < b->key || (a->key == b->key && a->number < b->number);
}

static void insert_each(struct ws_range_pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const struct ws_range_pair pair = pairs[i];
        size_t at = i;
        for (; at > 0 && is_before(&pair, &pairs[at - 1]); at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = pair;
    }
}

static int compare(const void *a, const void *b)
{
    return is_before(a, b) ? -1 : is_before(b, a);
}

static unsigned bits_of(uint64_t value)
{
    return value == 0 ? 0 : 64 - (unsigned)__builtin_clzll(value);
}

/* A digit that leaves some pairs a bucket. */
static unsigned digit_for(size_t count)
{
    unsigned digit = bits_of(count / (SMALL / 4));
    return digit > WIDEST ? WIDEST : digit;
}

/* Cuts by the first digit in which keys differ, and sorts each part. The range of keys is looked up
 * and not handed down, so that keys which begin alike cost one look and not an empty cut. */
void ws_pair_sort(struct ws_range_pair *pairs, struct ws_range_pair *scratch, size_t count)
{
    if (count <= SMALL) {
        insert_each(pairs, count);
        return;
    }
    uint64_t least = pairs[0].key, most = pairs[0].key;
    for (size_t i = 1; i < count; i++) {
        least = pairs[i].key < least ? pairs[i].key : least;
        most = pairs[i].key > most ? pairs[i].key : most;
    }
    const unsigned differing = bits_of(least ^ most), digit = digit_for(count);
    if (differing == 0) {
        qsort(pairs, count, sizeof *pairs, compare);
        return;
    }
    const unsigned shift = differing > digit ? differing - digit : 0;
    const uint64_t mask = (UINT64_C(1) << digit) - 1;
    size_t ends[1 << WIDEST];
    memset(ends, 0, (mask + 1) * sizeof *ends);
    for (size_t i = 0; i < count; i++)
        ends[pairs[i].key >> shift & mask]++;
    size_t start = 0;
    for (size_t d = 0; d <= mask; d++) {
        const size_t size = ends[d];
        ends[d] = start;
        start += size;
    }
    for (size_t i = 0; i < count; i++)
        scratch[ends[pairs[i].key >> shift & mask]++] = pairs[i];
    memcpy(pairs, scratch, count * sizeof *pairs);
    start = 0;
    for (size_t d = 0; d <= mask; d++) {
        ws_pair_sort(pairs + start, scratch + start, ends[d] - start);
        start = ends[d];
    }
}
