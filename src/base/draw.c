#include "base/draw.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/draw_terms.h"
#include "base/instruction_set.h"

static double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Estrin's order, for vectors have the time to do several terms at once. */
static double polynomial(const double terms[7], double x)
{
    double x2 = x * x;
    double high = terms[6] * x2 + (terms[5] * x + terms[4]);
    double low = (terms[3] * x + terms[2]) * x2 + (terms[1] * x + terms[0]);
    return high * (x2 * x2) + low;
}

/* -2 log(word / 2^64). As a double the word is 2^power times a number between the roots of one half
 * and of two. */
static double squared_radius(uint64_t word)
{
    uint64_t bits = bits_of((double)word) - WS_BITS_ROOT_HALF;
    double power = (double)(int64_t)(bits >> 52) - 64;
    double f = double_of((bits & WS_BITS_FRACTION) + WS_BITS_ROOT_HALF) - 1;
    double s = f / (f + 2);
    double z = s * s;
    return (power * WS_MINUS_TWO_LOG_TWO + s * -4) + s * z * polynomial(ws_log_terms, z);
}

void ws_normal_pair(const uint32_t words[4], double out[2])
{
    double square = squared_radius((uint64_t)words[1] << 32 | words[0] | 1);
    uint64_t angle = (uint64_t)words[3] << 32 | words[2];
    double place = double_of(angle >> 12 | WS_BITS_ONE) - (1 - 0x1p-53); /* in the first octant */
    double y = sqrt(square) * (place * polynomial(ws_sine_terms, place * place));
    double x = sqrt(square - y * y);
    bool swapped = angle & 4;
    out[0] = swapped ? y : x;
    out[1] = swapped ? x : y;
    if (angle & 1)
        out[0] = -out[0];
    if (angle & 2)
        out[1] = -out[1];
}

static void philox_at(const struct ws_draw_place *from, uint32_t block, uint32_t out[4])
{
    const uint32_t counter[4] = {from->block + block, (uint32_t)from->item,
                                 (uint32_t)(from->item >> 32), from->key.generation};
    ws_philox(counter, from->key.word, out);
}

static void reference_words(const struct ws_draw_place *from, uint32_t out[WS_RNG_WORDS])
{
    for (uint32_t i = 0; i < WS_RNG_BLOCKS; i++)
        philox_at(from, i, out + 4 * i);
}

static void reference_normals(const struct ws_draw_place *from, double mean, double deviation,
                              double *out, size_t count)
{
    for (size_t i = 0; i < count; i += 2) {
        uint32_t words[4];
        double pair[2];
        philox_at(from, (uint32_t)(i / 2), words);
        ws_normal_pair(words, pair);
        out[i] = mean + deviation * pair[0];
        if (i + 1 < count)
            out[i + 1] = mean + deviation * pair[1];
    }
}

static void reference_all_normals(const struct ws_draw_normals *draws, size_t count)
{
    for (size_t i = 0; i < count; i++)
        reference_normals(&draws[i].from, draws[i].mean, draws[i].deviation, draws[i].out,
                          draws[i].count);
}

const struct ws_draw_ops ws_draw_reference = {"reference", reference_words, reference_normals,
                                              reference_all_normals};

const struct ws_draw_ops *ws_draw_pick(void)
{
#ifdef WS_VECTOR_X86
    if (ws_has_avx512())
        return &ws_draw_avx512;
    if (ws_has_avx2())
        return &ws_draw_avx2;
#endif
    return &ws_draw_baseline;
}

size_t ws_draw_list(const struct ws_draw_ops *out[WS_DRAW_SETS])
{
    size_t count = 0;
    out[count++] = &ws_draw_reference;
    out[count++] = &ws_draw_baseline;
#ifdef WS_VECTOR_X86
    if (ws_has_avx2())
        out[count++] = &ws_draw_avx2;
    if (ws_has_avx512())
        out[count++] = &ws_draw_avx512;
#endif
    return count;
}
