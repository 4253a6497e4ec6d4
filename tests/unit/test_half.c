/* Real numbers of 16 bits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data/half.h"
#include "support/effort.h"

enum {
    F16_INFINITY = 0x7C00,
    BF16_INFINITY = 0x7F80,
    SIGN = 0x8000,
};

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What the standards say of 16 bits with so many for the mantissa: the reference. */
static double value_of(uint32_t half, int mantissa_bits, int bias)
{
    int exponent = (int)(half & 0x7FFF) >> mantissa_bits;
    int mantissa = (int)(half & ((1U << mantissa_bits) - 1));
    int implicit = exponent > 0 ? 1 << mantissa_bits : 0;
    double magnitude =
        ldexp(implicit + mantissa, (exponent > 0 ? exponent : 1) - bias - mantissa_bits);
    return half & SIGN ? -magnitude : magnitude;
}

static double f16_value(uint32_t half)
{
    return value_of(half, 10, 15);
}

static double bf16_value(uint32_t half)
{
    return value_of(half, 7, 127);
}

/* Bits are compared, for zeros have signs and NaNs payloads. */
static void half__widens_exactly_and_narrows_to_the_same_bits(void **state)
{
    (void)state;
    for (uint32_t half = 0; half <= UINT16_MAX; half++) {
        float f16 = ws_f16_to_f32((uint16_t)half), bf16 = ws_bf16_to_f32((uint16_t)half);
        assert_int_equal(ws_f32_to_f16(f16), half);
        assert_int_equal(ws_f32_to_bf16(bf16), half);
        assert_int_equal(bits_of(f16) >> 31, half >> 15);
        assert_int_equal(bits_of(bf16) >> 31, half >> 15);
        uint32_t magnitude = half & 0x7FFF;
        if (magnitude < F16_INFINITY)
            assert_true((double)f16 == f16_value(half));
        else
            assert_true(magnitude == F16_INFINITY ? isinf(f16) : isnan(f16));
        if (magnitude < BF16_INFINITY)
            assert_true((double)bf16 == bf16_value(half));
        else
            assert_true(magnitude == BF16_INFINITY ? isinf(bf16) : isnan(bf16));
    }
}

/* Around the middle between every two neighbours; beyond the largest lies what would come next. */
static void half__rounds_ties_to_even(void **state)
{
    (void)state;
    for (uint32_t half = 0; half < F16_INFINITY; half++) {
        float middle = (float)((f16_value(half) + f16_value(half + 1)) / 2);
        for (uint32_t sign = 0; sign <= SIGN; sign += SIGN) {
            uint32_t bits = bits_of(middle) | sign << 16;
            assert_int_equal(ws_f32_to_f16(float_of(bits)), sign | (half + (half & 1)));
            assert_int_equal(ws_f32_to_f16(float_of(bits - 1)), sign | half);
            assert_int_equal(ws_f32_to_f16(float_of(bits + 1)), sign | (half + 1));
        }
    }
    for (uint32_t half = 0; half < BF16_INFINITY; half++) {
        for (uint32_t sign = 0; sign <= SIGN; sign += SIGN) {
            uint32_t bits = (sign | half) << 16 | 0x8000;
            assert_int_equal(ws_f32_to_bf16(float_of(bits)), sign | (half + (half & 1)));
            assert_int_equal(ws_f32_to_bf16(float_of(bits - 1)), sign | half);
            assert_int_equal(ws_f32_to_bf16(float_of(bits + 1)), sign | (half + 1));
        }
    }
}

/* The nearest number whose last place is that of `bits` mantissa bits, but at least 2^least. */
static double nearest(double value, int bits, int least)
{
    int exponent = value != 0 ? ilogb(value) - bits : least;
    double last_place = ldexp(1, exponent > least ? exponent : least);
    return nearbyint(value / last_place) * last_place; /* ties to even */
}

static void half__is_the_nearest_number(void **state)
{
    (void)state;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += by_effort(409993, 4099, 4099)) {
        float value = float_of((uint32_t)bits);
        uint16_t f16 = ws_f32_to_f16(value), bf16 = ws_f32_to_bf16(value);
        if (!isfinite(value))
            continue;
        double wanted = nearest((double)value, 10, -24);
        if (fabs(wanted) < 65536)
            assert_true((double)ws_f16_to_f32(f16) == wanted);
        else
            assert_int_equal(f16 & 0x7FFF, F16_INFINITY);
        wanted = nearest((double)value, 7, -133);
        if (fabs(wanted) < 0x1p128)
            assert_true((double)ws_bf16_to_f32(bf16) == wanted);
        else
            assert_int_equal(bf16 & 0x7FFF, BF16_INFINITY);
        assert_int_equal(f16 >> 15, bits >> 31);
        assert_int_equal(bf16 >> 15, bits >> 31);
    }
}

/* One whose payload lies in the lost bits must not become an infinity. */
static void half__keeps_what_is_not_a_number(void **state)
{
    (void)state;
    for (uint32_t payload = 1; payload < 1U << 23; payload += payload < 1U << 14 ? 1 : 4097) {
        assert_true(isnan(ws_f16_to_f32(ws_f32_to_f16(float_of(0x7F800000 | payload)))));
        assert_true(isnan(ws_bf16_to_f32(ws_f32_to_bf16(float_of(0x7F800000 | payload)))));
    }
    assert_int_equal(ws_f32_to_f16(float_of(0xFF800001)), 0xFE00);
    assert_int_equal(ws_f32_to_bf16(float_of(0xFF800001)), 0xFFC0);
    assert_int_equal(ws_f32_to_f16(float_of(0xFFFFFFFF)), 0xFFFF);
    assert_int_equal(ws_f32_to_f16(INFINITY), F16_INFINITY);
    assert_int_equal(ws_f32_to_bf16(-INFINITY), SIGN | BF16_INFINITY);
}

/* Whatever the loops become, each number comes out as it does alone; addresses are odd. */
static void half__is_the_same_alone_and_in_arrays(void **state)
{
    (void)state;
    enum { COUNT = 65536 };
    static uint8_t stored[1 + 2 * COUNT], again[1 + 2 * COUNT];
    static float f16[COUNT], bf16[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        stored[1 + 2 * i] = (uint8_t)i;
        stored[2 + 2 * i] = (uint8_t)(i >> 8);
    }
    ws_f16_load(stored + 1, f16, COUNT);
    ws_bf16_load(stored + 1, bf16, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(bits_of(f16[i]), bits_of(ws_f16_to_f32((uint16_t)i)));
        assert_int_equal(bits_of(bf16[i]), bits_of(ws_bf16_to_f32((uint16_t)i)));
    }
    ws_f16_store(f16, again + 1, COUNT);
    assert_memory_equal(again + 1, stored + 1, 2 * COUNT);
    memset(again, 0, sizeof again);
    ws_bf16_store(bf16, again + 1, COUNT);
    assert_memory_equal(again + 1, stored + 1, 2 * COUNT);
    ws_bf16_store(f16, again, 3); /* and no byte behind them */
    assert_int_equal(again[6], stored[6]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half__widens_exactly_and_narrows_to_the_same_bits),
        cmocka_unit_test(half__rounds_ties_to_even),
        cmocka_unit_test(half__is_the_nearest_number),
        cmocka_unit_test(half__keeps_what_is_not_a_number),
        cmocka_unit_test(half__is_the_same_alone_and_in_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
