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

/* Two normals of each block of vector i. */
VECTOR_INLINE void make_normals(const struct group *w, int i, reals mean, reals deviation,
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
                                 double *out)
{
    const reals zero = {0};
    for (int i = 0; i < VECTORS; i++)
        make_normals(group, i, zero + mean, zero + deviation, out + 2 * LANES * i);
}

/* Those that fill groups; how many they are. */
VECTOR_INLINE size_t whole_groups(const struct ws_draw_place *from, double mean, double deviation,
                                  double *out, size_t count)
{
    struct group groups[GROUPS];
    size_t left = count / GROUP_NORMALS;
    for (uint32_t block = 0; left > 0;) {
        size_t made = 0;
        for (; made < GROUPS && made < left; made++, block += WS_RNG_BLOCKS)
            make_words(&groups[made], from, block);
        for (size_t g = 0; g < made; g++, out += GROUP_NORMALS)
            group_normals(&groups[g], mean, deviation, out);
        left -= made;
    }
    return count / GROUP_NORMALS * GROUP_NORMALS;
}

static void some_normals(const struct ws_draw_place *from, double mean, double deviation,
                         double *out, size_t count)
{
    size_t done = whole_groups(from, mean, deviation, out, count);
    if (done == count)
        return;
    struct group group;
    double last[GROUP_NORMALS];
    make_words(&group, from, (uint32_t)(done / 2));
    group_normals(&group, mean, deviation, last);
    memcpy(out + done, last, (count - done) * sizeof *out);
}

/* The blocks that stand behind whole groups, of as many sequences as it takes to fill one. */
struct mixed_group {
    uint64_t block[WS_RNG_BLOCKS];
    uint64_t item[WS_RNG_BLOCKS];
    uint64_t generation[WS_RNG_BLOCKS];
    uint64_t key[2][WS_RNG_BLOCKS];
    double mean[WS_RNG_BLOCKS];
    double deviation[WS_RNG_BLOCKS];
    double *out[WS_RNG_BLOCKS];
    size_t wanted[WS_RNG_BLOCKS]; /* normals of the block: 1 or 2 */
    size_t blocks;
};

VECTOR_INLINE words load_words(const uint64_t *from)
{
    words all;
    memcpy(&all, from, sizeof all);
    return all;
}

VECTOR_INLINE reals load_reals(const double *from)
{
    reals all;
    memcpy(&all, from, sizeof all);
    return all;
}

static void finish_mixed(struct mixed_group *mixed)
{
    struct group group;
    words key0[VECTORS], key1[VECTORS];
    double all[GROUP_NORMALS];
    for (int i = 0; i < VECTORS; i++) {
        group.a[i] = load_words(mixed->block + i * LANES);
        group.b[i] = load_words(mixed->item + i * LANES);
        group.c[i] = group.b[i] >> 32;
        group.d[i] = load_words(mixed->generation + i * LANES);
        key0[i] = load_words(mixed->key[0] + i * LANES);
        key1[i] = load_words(mixed->key[1] + i * LANES);
    }
    make_words_of(&group, key0, key1);
    for (int i = 0; i < VECTORS; i++)
        make_normals(&group, i, load_reals(mixed->mean + i * LANES),
                     load_reals(mixed->deviation + i * LANES), all + 2 * LANES * i);
    for (size_t b = 0; b < mixed->blocks; b++)
        memcpy(mixed->out[b], all + 2 * b, mixed->wanted[b] * sizeof *all);
    mixed->blocks = 0;
}

VECTOR_INLINE void add_rest(struct mixed_group *mixed, const struct ws_draw_normals *draw,
                            size_t done)
{
    for (; done < draw->count; done += 2) {
        size_t b = mixed->blocks++;
        mixed->block[b] = (uint32_t)(draw->from.block + done / 2);
        mixed->item[b] = draw->from.item;
        mixed->generation[b] = draw->from.key.generation;
        mixed->key[0][b] = draw->from.key.word[0];
        mixed->key[1][b] = draw->from.key.word[1];
        mixed->mean[b] = draw->mean;
        mixed->deviation[b] = draw->deviation;
        mixed->out[b] = draw->out + done;
        mixed->wanted[b] = draw->count - done < 2 ? 1 : 2;
        if (mixed->blocks == WS_RNG_BLOCKS)
            finish_mixed(mixed);
    }
}

static void all_normals(const struct ws_draw_normals *draws, size_t count)
{
    struct mixed_group mixed = {.blocks = 0};
    for (size_t i = 0; i < count; i++) {
        const struct ws_draw_normals *draw = &draws[i];
        size_t done =
            whole_groups(&draw->from, draw->mean, draw->deviation, draw->out, draw->count);
        add_rest(&mixed, draw, done);
    }
    if (mixed.blocks > 0)
        finish_mixed(&mixed);
}

const struct ws_draw_ops OF_SET(ws_draw, WS_VECTOR_SET) = {TEXT(WS_VECTOR_SET), all_words,
                                                           some_normals, all_normals};
