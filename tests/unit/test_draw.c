#include "base/draw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "support/long_double.h"

/* Beside the edges of words and places: blocks wrap, items and generations use all their bits. */
static const struct ws_draw_place places[] = {
    {{{1, 2}, 3}, 4, 0},
    {{{0, 0}, 0}, 0, 12345},
    {{{0xfedcba98, 0x76543210}, 0xffffffff}, UINT64_MAX, 0xfffffff9},
};
enum { PLACES = sizeof places / sizeof places[0] };

static void words__are_those_of_the_reference_on_every_instruction_set(void **state)
{
    (void)state;
    const struct ws_draw_ops *sets[WS_DRAW_SETS];
    size_t count = ws_draw_list(sets);
    for (size_t s = 0; s < count; s++)
        for (size_t p = 0; p < PLACES; p++)
            for (uint32_t more = 0; more < 1000; more++) {
                uint32_t wanted[WS_RNG_WORDS], found[WS_RNG_WORDS];
                struct ws_draw_place from = places[p];
                from.block += more;
                ws_draw_reference.words(&from, wanted);
                sets[s]->words(&from, found);
                assert_memory_equal(found, wanted, sizeof found);
            }
}

/* Every size around the groups that vector code makes at once; what lies behind stays. */
static void normals__are_those_of_the_reference_on_every_instruction_set(void **state)
{
    (void)state;
    enum { MOST = 300 };
    const struct ws_draw_ops *sets[WS_DRAW_SETS];
    size_t count = ws_draw_list(sets);
    for (size_t s = 0; s < count; s++)
        for (size_t p = 0; p < PLACES; p++)
            for (size_t size = 0; size <= MOST; size++) {
                double wanted[MOST + 1] = {0}, found[MOST + 1] = {0};
                ws_draw_reference.normals(&places[p], 0.3, 1.7, wanted, size);
                sets[s]->normals(&places[p], 0.3, 1.7, found, size);
                assert_memory_equal(found, wanted, sizeof found);
            }
}

static void normals__are_those_of_the_reference_over_many(void **state)
{
    (void)state;
    enum { SIZE = 1 << 16, ROUNDS = 32 };
    static double wanted[SIZE], found[SIZE];
    struct ws_draw_place from = {{{5, 6}, 7}, 0, 0};
    const struct ws_draw_ops *sets[WS_DRAW_SETS];
    size_t count = ws_draw_list(sets);
    for (; from.item < ROUNDS; from.item++) {
        ws_draw_reference.normals(&from, 0, 1, wanted, SIZE);
        for (size_t s = 0; s < count; s++) {
            sets[s]->normals(&from, 0, 1, found, SIZE);
            assert_memory_equal(found, wanted, sizeof found);
        }
    }
}

/* Sequences of 0 to 39 normals each, so that ends of all lengths share vectors. */
static void normals__of_many_sequences_are_those_of_each(void **state)
{
    (void)state;
    enum { DRAWS = 40, ROOM = 41 };
    const struct ws_draw_ops *sets[WS_DRAW_SETS];
    size_t count = ws_draw_list(sets);
    for (size_t s = 0; s < count; s++) {
        static double wanted[DRAWS][ROOM], found[DRAWS][ROOM];
        struct ws_draw_normals draws[DRAWS];
        memset(found, 0, sizeof found);
        memset(wanted, 0, sizeof wanted);
        for (uint32_t i = 0; i < DRAWS; i++) {
            struct ws_draw_normals draw = {places[i % PLACES], i, 1 + 0.1 * i, found[i],
                                           (i * 7) % DRAWS};
            draw.from.item -= i;
            draws[i] = draw;
            ws_draw_reference.normals(&draw.from, draw.mean, draw.deviation, wanted[i], draw.count);
        }
        sets[s]->all_normals(draws, DRAWS);
        assert_memory_equal(found, wanted, sizeof found);
    }
}

static void pick__is_the_last_of_the_list(void **state)
{
    (void)state;
    const struct ws_draw_ops *sets[WS_DRAW_SETS];
    size_t count = ws_draw_list(sets);
    assert_true(count >= 2);
    assert_ptr_equal(sets[0], &ws_draw_reference);
    assert_ptr_equal(sets[count - 1], ws_draw_pick());
}

/* ---- the law, from the words of a block: that words are uniform is the generator's part ---- */

static double ulp(double x)
{
    return nextafter(fabs(x), INFINITY) - fabs(x);
}

/* Against logarithm, sine and cosine in long double. */
static void check_pair(uint64_t radius, uint64_t angle)
{
    const long double quarter_pi = 0.785398163397448309615660845819875721L;
    const uint32_t words[4] = {(uint32_t)radius, (uint32_t)(radius >> 32), (uint32_t)angle,
                               (uint32_t)(angle >> 32)};
    double pair[2];
    ws_normal_pair(words, pair);
    long double r = sqrtl(-2 * logl((long double)(double)(radius | 1) * 0x1p-64L));
    long double place = ((long double)(angle >> 12) + 0.5L) * 0x1p-52L * quarter_pi;
    long double x = r * cosl(place), y = r * sinl(place);
    double first = (double)(angle & 4 ? y : x), second = (double)(angle & 4 ? x : y);
    first = angle & 1 ? -first : first;
    second = angle & 2 ? -second : second;
    assert_true(isfinite(pair[0]) && isfinite(pair[1]));
    if (!(fabs(pair[0] - first) <= 4 * ulp(first) && fabs(pair[1] - second) <= 4 * ulp(second)))
        fail_msg("words %016llx %016llx: %a %a, wanted %a %a", (unsigned long long)radius,
                 (unsigned long long)angle, pair[0], pair[1], first, second);
}

static void pair__is_accurate_for_random_words(void **state)
{
    (void)state;
    if (!long_double_is_wide())
        skip();
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{8, 9}, 10}, 0);
    for (int i = 0; i < 1000000; i++) {
        uint64_t radius = ws_rng_u64(&rng);
        check_pair(radius, ws_rng_u64(&rng));
    }
}

/* Small words make long radii, words near 2^64 short ones, and the logarithm changes its power of
 * two at the root of one half. */
static void pair__is_accurate_at_the_ends(void **state)
{
    (void)state;
    const uint64_t root = UINT64_C(0xb504f333f9de6484);
    struct ws_rng rng;
    ws_rng_init(&rng, (struct ws_rng_key){{11, 12}, 13}, 0);
    for (unsigned shift = 0; shift < 64; shift++)
        for (uint64_t step = 0; step < 64; step++) {
            uint64_t random = ws_rng_u64(&rng);
            const uint64_t angles[] = {0, UINT64_MAX, step, ~step, random, random >> shift};
            for (size_t a = 0; a < sizeof angles / sizeof *angles; a++) {
                check_pair(ws_rng_u64(&rng) >> shift, angles[a]);
                check_pair(~(ws_rng_u64(&rng) >> (shift < 53 ? shift : 53)), angles[a]);
                check_pair((root + step) >> shift, angles[a]);
                check_pair((root - step) >> shift, angles[a]);
                check_pair(step, angles[a]);
            }
        }
}

static void pair__ends_where_the_header_says(void **state)
{
    (void)state;
    double pair[2];
    ws_normal_pair((const uint32_t[]){0, 0, 0, 0}, pair);
    assert_true(fabs(hypot(pair[0], pair[1]) - sqrt(128 * log(2))) < 1e-14);
    assert_true(pair[0] > 9.41 && pair[1] > 0 && pair[1] < 1e-14);
    ws_normal_pair((const uint32_t[]){UINT32_MAX, UINT32_MAX, 0, 0}, pair);
    assert_true(pair[0] == 0 && pair[1] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words__are_those_of_the_reference_on_every_instruction_set),
        cmocka_unit_test(normals__are_those_of_the_reference_on_every_instruction_set),
        cmocka_unit_test(normals__are_those_of_the_reference_over_many),
        cmocka_unit_test(normals__of_many_sequences_are_those_of_each),
        cmocka_unit_test(pick__is_the_last_of_the_list),
        cmocka_unit_test(pair__is_accurate_for_random_words),
        cmocka_unit_test(pair__is_accurate_at_the_ends),
        cmocka_unit_test(pair__ends_where_the_header_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
