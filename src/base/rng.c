/* SHA-256 in the form that allocates nothing and cannot fail: it is deprecated in OpenSSL 3, but
 * what replaces it may run out of memory, and a key is wanted where no error can be told. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "base/rng.h"

#include <assert.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/bytes.h"

/* The constants of the paper: two multipliers, and what is added to the key after each round. */
#define MULTIPLIER_0 0xD2511F53U
#define MULTIPLIER_1 0xCD9E8D57U
#define WEYL_0       0x9E3779B9U
#define WEYL_1       0xBB67AE85U

enum { ROUNDS = 10 };

void ws_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3];
    uint32_t key0 = key[0], key1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t product0 = (uint64_t)MULTIPLIER_0 * a;
        uint64_t product1 = (uint64_t)MULTIPLIER_1 * c;
        a = (uint32_t)(product1 >> 32) ^ b ^ key0;
        b = (uint32_t)product1;
        c = (uint32_t)(product0 >> 32) ^ d ^ key1;
        d = (uint32_t)product0;
        key0 += WEYL_0;
        key1 += WEYL_1;
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
}

#ifdef __SSE2__

enum { PAIRS = WS_RNG_BLOCKS / 2 };

/* Word by word, two blocks in the halves of a register. What lies above the low 32 bits of a half
 * does not matter: the multiplication does not read it. Compilers do not see this, and what they
 * make of a plain loop over blocks takes twice as long. */
struct pairs {
    __m128i a[PAIRS], b[PAIRS], c[PAIRS], d[PAIRS];
};

static inline void round_of_pairs(struct pairs *x, uint32_t key0, uint32_t key1)
{
    for (int i = 0; i < PAIRS; i++) {
        __m128i product0 = _mm_mul_epu32(x->a[i], _mm_set1_epi64x(MULTIPLIER_0));
        __m128i product1 = _mm_mul_epu32(x->c[i], _mm_set1_epi64x(MULTIPLIER_1));
        __m128i b = _mm_xor_si128(x->b[i], _mm_set1_epi64x(key0));
        __m128i d = _mm_xor_si128(x->d[i], _mm_set1_epi64x(key1));
        x->a[i] = _mm_xor_si128(_mm_srli_epi64(product1, 32), b);
        x->b[i] = product1;
        x->c[i] = _mm_xor_si128(_mm_srli_epi64(product0, 32), d);
        x->d[i] = product0;
    }
}

/* Words 0 to 3 of the one block, then those of the other. */
static inline void store_pair(const struct pairs *x, int i, uint32_t out[8])
{
    __m128i ab = _mm_unpacklo_epi32(_mm_shuffle_epi32(x->a[i], _MM_SHUFFLE(3, 1, 2, 0)),
                                    _mm_shuffle_epi32(x->b[i], _MM_SHUFFLE(3, 1, 2, 0)));
    __m128i cd = _mm_unpacklo_epi32(_mm_shuffle_epi32(x->c[i], _MM_SHUFFLE(3, 1, 2, 0)),
                                    _mm_shuffle_epi32(x->d[i], _MM_SHUFFLE(3, 1, 2, 0)));
    _mm_storeu_si128((__m128i *)(void *)out, _mm_unpacklo_epi64(ab, cd));
    _mm_storeu_si128((__m128i *)(void *)(out + 4), _mm_unpackhi_epi64(ab, cd));
}

static void make_blocks(struct ws_rng *rng)
{
    struct pairs x;
    for (uint32_t i = 0; i < PAIRS; i++) {
        x.a[i] = _mm_set_epi64x(rng->block + 2 * i + 1, rng->block + 2 * i);
        x.b[i] = _mm_set1_epi64x((int64_t)rng->item);
        x.c[i] = _mm_set1_epi64x((int64_t)(rng->item >> 32));
        x.d[i] = _mm_set1_epi64x(rng->key.generation);
    }
    for (uint32_t round = 0; round < ROUNDS; round++)
        round_of_pairs(&x, rng->key.word[0] + round * WEYL_0, rng->key.word[1] + round * WEYL_1);
    for (int i = 0; i < PAIRS; i++)
        store_pair(&x, i, rng->words + 8 * i);
}

#else

static void make_blocks(struct ws_rng *rng)
{
    for (uint32_t i = 0; i < WS_RNG_BLOCKS; i++) {
        const uint32_t counter[4] = {rng->block + i, (uint32_t)rng->item,
                                     (uint32_t)(rng->item >> 32), rng->key.generation};
        ws_philox(counter, rng->key.word, rng->words + 4 * i);
    }
}

#endif

void ws_rng_refill(struct ws_rng *rng)
{
    make_blocks(rng);
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
