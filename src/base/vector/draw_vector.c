#include "base/draw.h"
#include "base/draw_terms.h"
#include "base/vector/lanes.h"
#include "base/vector/set.h"

enum {
    GROUP_NORMALS = 2 * WS_RNG_BLOCKS,
    GROUPS = 8, /* whose words are made before their normals: two loops overlap better than one */
};

static void all_words(const struct ws_draw_place *from, uint32_t out[WS_RNG_WORDS])
{
    struct group x;
    make_words(&x, from, 0);
    for (int i = 0; i < VECTORS; i++) {
        words low = x.b[i] << 32 | (x.a[i] & UINT32_MAX);
        words high = x.d[i] << 32 | (x.c[i] & UINT32_MAX);
        store_in_turns(out + 4 * LANES * i, low, high);
    }
}

VECTOR_INLINE reals polynomial(const double terms[7], reals x)
{
    reals x2 = x * x;
    reals high = terms[6] * x2 + (terms[5] * x + terms[4]);
    reals low = (terms[3] * x + terms[2]) * x2 + (terms[1] * x + terms[0]);
    return high * (x2 * x2) + low;
}

/* The sum rounds once, as the conversion of a 64-bit word does, for which not every instruction set
 * has an instruction. */
VECTOR_INLINE reals squared_radius(words low, words high)
{
    reals upper = (reals)((high & UINT32_MAX) | WS_BITS_2_84) - (0x1p84 + 0x1p52);
    words bits =
        (words)(upper + (reals)((low & UINT32_MAX) | WS_BITS_2_52 | 1)) - WS_BITS_ROOT_HALF;
    reals power = (reals)(bits >> 52 | WS_BITS_2_52) - (0x1p52 + 64);
    reals f = (reals)((bits & WS_BITS_FRACTION) + WS_BITS_ROOT_HALF) - 1.0;
    reals s = f / (f + 2.0);
    reals z = s * s;
    return (power * WS_MINUS_TWO_LOG_TWO + s * -4.0) + s * z * polynomial(ws_log_terms, z);
}

VECTOR_INLINE void make_normals(const struct group *w, int i, double mean, double deviation,
                                double *out)
{
    const uint64_t sign = UINT64_C(1) << 63;
    reals square = squared_radius(w->a[i], w->b[i]);
    words angle = w->d[i] << 32 | (w->c[i] & UINT32_MAX);
    reals place = (reals)(angle >> 12 | WS_BITS_ONE) - (1 - 0x1p-53);
    reals y = root(square) * (place * polynomial(ws_sine_terms, place * place));
    reals x = root(square - y * y);
    words swap = ((words)x ^ (words)y) & -(angle >> 2 & 1);
    x = (reals)((words)x ^ swap ^ angle << 63);
    y = (reals)((words)y ^ swap ^ (angle << 62 & sign));
    store_in_turns(out, (words)(mean + deviation * x), (words)(mean + deviation * y));
}

VECTOR_INLINE void group_normals(const struct group *group, double mean, double deviation,
                                 double *out, size_t count)
{
    double all[GROUP_NORMALS];
    double *to = count < GROUP_NORMALS ? all : out;
    for (int i = 0; i < VECTORS; i++)
        make_normals(group, i, mean, deviation, to + 2 * LANES * i);
    if (to == all)
        memcpy(out, all, count * sizeof *out);
}

static void all_normals(const struct ws_draw_place *from, double mean, double deviation,
                        double *out, size_t count)
{
    struct group groups[GROUPS];
    uint32_t block = 0;
    while (count > 0) {
        size_t made = 0;
        for (; made < GROUPS && made * GROUP_NORMALS < count; made++, block += WS_RNG_BLOCKS)
            make_words(&groups[made], from, block);
        for (size_t g = 0; g < made; g++) {
            size_t size = count < GROUP_NORMALS ? count : GROUP_NORMALS;
            group_normals(&groups[g], mean, deviation, out, size);
            out += size;
            count -= size;
        }
    }
}

const struct ws_draw_ops OF_SET(ws_draw, WS_VECTOR_SET) = {TEXT(WS_VECTOR_SET), all_words,
                                                           all_normals};
