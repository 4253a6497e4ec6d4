/*
 * Vectors laid out for vector code: in blocks, one coordinate after the other.
 *
 * A block holds consecutive items of one weight. Rows are padded with copies of the block's last
 * item, so that loops may run over whole vectors; what they make of the padding is theirs to leave
 * out. Blocks are cut by the data's shape alone. Contract: tests/unit/test_packed.c.
 */
#ifndef WS_MODELS_PACKED_H
#define WS_MODELS_PACKED_H

#include "data/dataset.h"

/* Rows are a multiple of this long. */
enum { WS_PACKED_LANES = 32, WS_PACKED_MOST = 256 };

struct ws_packed_block {
    const double *x; /* (dimension, width) */
    uint32_t count;  /* items, 1 to `width` */
    uint32_t width;  /* a multiple of WS_PACKED_LANES, at most WS_PACKED_MOST */
    size_t place;    /* widths of the blocks before: for arrays with a number for each item */
    double weight;   /* of each item; the mean over all items is 1 */
};

struct ws_packed {
    uint32_t dimension;
    uint64_t count; /* items of all blocks, >= 1 */
    size_t places;  /* widths of all blocks */
    size_t block_count;
    const struct ws_packed_block *blocks; /* in the order of the data */
};

/* Items of every block that is followed by one of the same weight. */
uint32_t ws_packed_block_items(uint32_t dimension);

/* A copy of vectors, at least one. */
WS_MUST_CHECK enum ws_status ws_packed_of(const struct ws_dataset *data, struct ws_arena *arena,
                                          struct ws_packed *out, struct ws_error *err);

/* The block's item i, as one vector. */
void ws_packed_item(const struct ws_packed *packed, const struct ws_packed_block *block, uint32_t i,
                    double *out);

#endif
