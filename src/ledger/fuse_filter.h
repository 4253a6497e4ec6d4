/*
 * A filter of a range's keys in memory: says "not there" for sure, and "there" wrongly once in
 * 65,536 times. A binary fuse filter with three places a key (Graf and Lemire, "Binary Fuse
 * Filters: Fast and Smaller Than Xor Filters", ACM Journal of Experimental Algorithmics 27, 2022),
 * of 16-bit remainders: about 19 bits a key.
 *
 * It is a function of the range alone, made from its tiles by whoever asks, and never taken from
 * others: a doctored filter would hide keys. Large ranges are cut by the keys' first bits into
 * parts of some hundred thousand keys, each a filter of its own, so that making one takes a few MiB
 * beside the filter itself. Contract: tests/unit/test_fuse_filter.c.
 */
#ifndef WS_LEDGER_FUSE_FILTER_H
#define WS_LEDGER_FUSE_FILTER_H

#include "ledger/range_file.h"

struct ws_fuse_part {
    uint16_t *remainders; /* NULL: no keys */
    uint64_t seed;
    uint32_t segment; /* places of a segment: a power of two */
    uint32_t starts;  /* places of all segments but the last two, where a key's first one is */
};

struct ws_fuse_filter {
    struct ws_arena arena;
    unsigned bits; /* of a key that say in which part it is */
    struct ws_fuse_part *parts;
    uint16_t *remainders;  /* of all parts, one behind the other */
    uint64_t room, places; /* of these: allocated, in use */
};

/* Of a file that was verified. WS_CORRUPT where tiles cannot be read; WS_LIMIT where keys are not
 * spread as hashes are. The caller closes it, also after a failure. */
WS_MUST_CHECK enum ws_status ws_fuse_filter_make(struct ws_fuse_filter *filter,
                                                 const struct ws_range_file *file,
                                                 const struct ws_allocator *allocator,
                                                 struct ws_error *err);
void ws_fuse_filter_close(struct ws_fuse_filter *filter);

/* False: the key is not in the range. */
bool ws_fuse_filter_may_have(const struct ws_fuse_filter *filter, uint64_t key);
/* The same of `count` keys, faster where the filter is larger than the caches. */
void ws_fuse_filter_may_have_each(const struct ws_fuse_filter *filter, const uint64_t *keys,
                                  size_t count, bool *out);

#endif
