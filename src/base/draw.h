/*
 * Random words and normals, many at a time.
 *
 * Words are the generator's (base/rng.h). Normals are made of them as by Box and Muller, "A note on
 * the generation of random normal deviates", Ann. Math. Stat. 29 (1958): a block of 128 bits gives
 * a radius and an angle, which are two normals. None is rejected, so normals 2k and 2k + 1 of an
 * item's sequence are a function of key, item and k.
 *
 * The radius is sqrt(-2 log u), u an odd multiple of 2^-64 as a double: it ends at 9.42, beyond
 * which one pair in 2^64 would be. The angle is one of 2^55. A normal is within 4 ulp of them.
 *
 * The reference is the definition, kept for ever. The others do the same operations on vectors of
 * an instruction set, in the same order, and give the same bytes, so which one runs never shows.
 * Single sequences are drawn through base/rng.h and base/sampler.h. Contract:
 * tests/unit/test_draw.c.
 */
#ifndef WS_BASE_DRAW_H
#define WS_BASE_DRAW_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

/* The two normals of a block's words. */
void ws_normal_pair(const uint32_t words[4], double out[2]);

/* The block of an item's sequence that draws begin with; they go on with the blocks after it. */
struct ws_draw_place {
    struct ws_rng_key key;
    uint64_t item;
    uint32_t block;
};

/* count >= 0 normals of one sequence, times `deviation`, plus `mean`, into `out`. */
struct ws_draw_normals {
    struct ws_draw_place from;
    double mean;
    double deviation;
    double *out;
    size_t count;
};

struct ws_draw_ops {
    const char *name;
    void (*words)(const struct ws_draw_place *from, uint32_t out[WS_RNG_WORDS]);
    /* out[i] = mean + deviation * normal i */
    void (*normals)(const struct ws_draw_place *from, double mean, double deviation, double *out,
                    size_t count);
    /* The same for many sequences. The ends of short ones, too short for a vector each, share
     * vectors. */
    void (*all_normals)(const struct ws_draw_normals *draws, size_t count);
};

extern const struct ws_draw_ops ws_draw_reference;
extern const struct ws_draw_ops ws_draw_baseline;
#ifdef WS_VECTOR_X86
extern const struct ws_draw_ops ws_draw_avx2;
extern const struct ws_draw_ops ws_draw_avx512;
#endif

/* The fastest for this processor. */
const struct ws_draw_ops *ws_draw_pick(void);

/* All that this processor can run, the reference first; how many there are. */
enum { WS_DRAW_SETS = 4 };
size_t ws_draw_list(const struct ws_draw_ops *out[WS_DRAW_SETS]);

#endif
