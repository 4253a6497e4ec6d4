/*
 * Random numbers without state to save: a keyed function of a counter.
 *
 * Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011). The key says whose numbers they are: the stream's name, the seed and, except for
 * streams that all arms share, the arm. The counter says which: word 0 counts blocks of draws,
 * words 1 and 2 hold the item, word 3 the generation. Any draw can be made by any thread in any
 * order and is the same. Nothing in Wellspring is random in another way.
 * Contract: tests/unit/test_rng.c (the published known answers).
 */
#ifndef WS_BASE_RNG_H
#define WS_BASE_RNG_H

#include <stdint.h>

enum ws_stream {
    WS_STREAM_UNKNOWN = 0,
    WS_STREAM_DATA,     /* original and fresh items; shared by all arms */
    WS_STREAM_INIT,     /* where fits start; shared by all arms */
    WS_STREAM_SAMPLING, /* outputs of models that train the next generation */
    WS_STREAM_POLICY,   /* which items a policy picks */
    WS_STREAM_METRIC,   /* samples that only metrics see */
    WS_STREAM_COUNT
};

/* Numbers of one stream at one generation. */
struct ws_rng_key {
    uint32_t word[2];
    uint32_t generation;
};

/* Blocks made at once, and the words in them; the sequence does not depend on it. */
enum { WS_RNG_BLOCKS = 8, WS_RNG_WORDS = 4 * WS_RNG_BLOCKS };

struct ws_rng {
    struct ws_rng_key key;
    uint64_t item;
    uint32_t block; /* the next block of draws */
    uint32_t used;  /* words of `words` given out */
    uint32_t words[WS_RNG_WORDS];
};

/* The constants of Philox 4x32: multipliers, and what is added to the key after each round. */
#define WS_PHILOX_MULTIPLIER_0 UINT32_C(0xD2511F53)
#define WS_PHILOX_MULTIPLIER_1 UINT32_C(0xCD9E8D57)
#define WS_PHILOX_WEYL_0       UINT32_C(0x9E3779B9)
#define WS_PHILOX_WEYL_1       UINT32_C(0xBB67AE85)

/* One block: out = philox4x32-10(counter, key). */
void ws_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* The key of (stream, seed, arm) at `generation`: the first eight bytes of SHA-256 over
 * "wellspring-rng-1", then u32 stream, u64 seed, u64 arm, little-endian. `arm` is a hash of the
 * arm's settings; it is left out (taken as 0) for the data and init streams. */
struct ws_rng_key ws_rng_key(enum ws_stream stream, uint64_t seed, uint64_t arm,
                             uint32_t generation);

/* The sequence of `item` under `key`. An item has 2^34 32-bit draws, then the sequence repeats. */
void ws_rng_init(struct ws_rng *rng, struct ws_rng_key key, uint64_t item);

/* Makes the next WS_RNG_BLOCKS blocks; for ws_rng_u32 only. */
void ws_rng_refill(struct ws_rng *rng);

static inline uint32_t ws_rng_u32(struct ws_rng *rng)
{
    if (rng->used == WS_RNG_WORDS)
        ws_rng_refill(rng);
    return rng->words[rng->used++];
}

/* The number of the first of `count` whole blocks of which nothing was drawn; draws go on behind
 * them. */
static inline uint32_t ws_rng_take_blocks(struct ws_rng *rng, uint64_t count)
{
    uint32_t unused = (WS_RNG_WORDS - rng->used) / 4;
    uint32_t first = rng->block - unused;
    rng->block = first + (uint32_t)count;
    rng->used = WS_RNG_WORDS;
    return first;
}

/* The low word is drawn first. */
static inline uint64_t ws_rng_u64(struct ws_rng *rng)
{
    uint64_t low = ws_rng_u32(rng);
    return low | (uint64_t)ws_rng_u32(rng) << 32;
}

/* Uniform on {0, ..., bound - 1}, without bias (Lemire 2019). `bound` >= 1. */
uint64_t ws_rng_below(struct ws_rng *rng, uint64_t bound);

/* Uniform on [0, 1), a multiple of 2^-53. */
static inline double ws_rng_uniform(struct ws_rng *rng)
{
    return (double)(int64_t)(ws_rng_u64(rng) >> 11) * 0x1p-53;
}

/* Uniform on (0, 1), an odd multiple of 2^-53: never 0, so its logarithm is finite. */
static inline double ws_rng_uniform_open(struct ws_rng *rng)
{
    return ((double)(int64_t)(ws_rng_u64(rng) >> 12) + 0.5) * 0x1p-52;
}

#endif
