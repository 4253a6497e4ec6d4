/* SHA-256 in the form that allocates nothing and cannot fail: it is deprecated in OpenSSL 3, but
 * what replaces it may run out of memory, and a key is wanted where no error can be told. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "base/rng.h"

#include <assert.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/draw.h"

enum { ROUNDS = 10 };

void ws_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3];
    uint32_t key0 = key[0], key1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t product0 = (uint64_t)WS_PHILOX_MULTIPLIER_0 * a;
        uint64_t product1 = (uint64_t)WS_PHILOX_MULTIPLIER_1 * c;
        a = (uint32_t)(product1 >> 32) ^ b ^ key0;
        b = (uint32_t)product1;
        c = (uint32_t)(product0 >> 32) ^ d ^ key1;
        d = (uint32_t)product0;
        key0 += WS_PHILOX_WEYL_0;
        key1 += WS_PHILOX_WEYL_1;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

void ws_rng_refill(struct ws_rng *rng)
{
    const struct ws_draw_place from = {rng->key, rng->item, rng->block};
    ws_draw_pick()->words(&from, rng->words);
    rng->block += WS_RNG_BLOCKS;
    rng->used = 0;
}

struct ws_rng_key ws_rng_key(enum ws_stream stream, uint64_t seed, uint64_t arm,
                             uint32_t generation)
{
    assert(stream > WS_STREAM_UNKNOWN && stream < WS_STREAM_COUNT);
    bool shared = stream == WS_STREAM_DATA || stream == WS_STREAM_INIT;
    uint8_t text[36];
    memcpy(text, "wellspring-rng-1", 16);
    store32_le(text + 16, (uint32_t)stream);
    store64_le(text + 20, seed);
    store64_le(text + 28, shared ? 0 : arm);

    uint8_t hash[SHA256_DIGEST_LENGTH];
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, text, sizeof text);
    SHA256_Final(hash, &context);
    return (struct ws_rng_key){{load32_le(hash), load32_le(hash + 4)}, generation};
}

void ws_rng_init(struct ws_rng *rng, struct ws_rng_key key, uint64_t item)
{
    rng->key = key;
    rng->item = item;
    rng->block = 0;
    rng->used = WS_RNG_WORDS;
}

/* Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019), algorithm 5: the
 * high word of draw * bound is the result, unless the low word says that it is one of the few draws
 * too many. */
static uint32_t below32(struct ws_rng *rng, uint32_t bound)
{
    uint64_t product = (uint64_t)ws_rng_u32(rng) * bound;
    if ((uint32_t)product < bound) {
        uint32_t surplus = (0U - bound) % bound; /* 2^32 mod bound */
        while ((uint32_t)product < surplus)
            product = (uint64_t)ws_rng_u32(rng) * bound;
    }
    return (uint32_t)(product >> 32);
}

__extension__ typedef unsigned __int128 uint128;

uint64_t ws_rng_below(struct ws_rng *rng, uint64_t bound)
{
    assert(bound >= 1);
    if (bound <= UINT32_MAX)
        return below32(rng, (uint32_t)bound);
    uint128 product = (uint128)ws_rng_u64(rng) * bound;
    if ((uint64_t)product < bound) {
        uint64_t surplus = (0U - bound) % bound; /* 2^64 mod bound */
        while ((uint64_t)product < surplus)
            product = (uint128)ws_rng_u64(rng) * bound;
    }
    return (uint64_t)(product >> 64);
}
