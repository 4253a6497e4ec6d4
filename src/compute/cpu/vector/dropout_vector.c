#include "compute/cpu/vector/vector.h"
#include "compute/cpu/vector/vector_functions.h"

/* The constants of Philox 4x32 (Salmon et al. 2011): multipliers, and what is added to the key. */
#define MULTIPLIER_0 UINT64_C(0xD2511F53)
#define MULTIPLIER_1 UINT64_C(0xCD9E8D57)
#define WEYL_0       0x9E3779B9U
#define WEYL_1       0xBB67AE85U

enum { ROUNDS = 10 };

typedef uint32_t u16 __attribute__((vector_size(64)));
typedef uint64_t u8d __attribute__((vector_size(64)));

/* The low and high words of x * factor, by the products of every second lane. */
VECTOR_INLINE void multiply_wide(u16 *low, u16 *high, u16 x, uint64_t factor)
{
    const uint64_t low_word = 0xFFFFFFFFU;
    u8d even = ((u8d)x & low_word) * factor, odd = ((u8d)x >> 32) * factor;
    *low = (u16)((even & low_word) | (odd << 32));
    *high = (u16)((even >> 32) | (odd & ~low_word));
}

VECTOR_INLINE void store_factors(float *factors, u16 words, const struct ws_dropout_draws *draws)
{
    /* Words are compared as signed numbers, for which there is an instruction everywhere. */
    const uint32_t sign = 0x80000000U;
    i16 dropped = (i16)(words ^ sign) < (i16)((words & 0) + (draws->least ^ sign));
    store(factors, choose(dropped, splat(0), splat(draws->kept)));
}

void VECTOR(dropout_factors)(float *factors, const struct ws_dropout_draws *draws)
{
    const u16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    u16 a = lanes + draws->counter[0], b = (lanes & 0) + draws->counter[1];
    u16 c = (lanes & 0) + draws->counter[2], d = (lanes & 0) + draws->counter[3];
    uint32_t key0 = draws->key[0], key1 = draws->key[1];
    for (int round = 0; round < ROUNDS; round++) {
        u16 low0, high0, low1, high1;
        multiply_wide(&low0, &high0, a, MULTIPLIER_0);
        multiply_wide(&low1, &high1, c, MULTIPLIER_1);
        a = high1 ^ b ^ key0;
        b = low1;
        c = high0 ^ d ^ key1;
        d = low0;
        key0 += WEYL_0;
        key1 += WEYL_1;
    }
    store_factors(factors, a, draws);
    store_factors(factors + LANES, b, draws);
    store_factors(factors + 2 * (size_t)LANES, c, draws);
    store_factors(factors + 3 * (size_t)LANES, d, draws);
}
