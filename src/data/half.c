#include "data/half.h"

#include <string.h>

/* An f16 has 5 bits of exponent and 10 of mantissa, an f32 has 8 and 23. */
enum {
    MANTISSA_SHIFT = 13,
    REBIAS = (127 - 15) << 23, /* what an f32's exponent has more than an f16's */
};

#define F32_INFINITY   0x7F800000U
#define F32_MAGNITUDE  0x7FFFFFFFU
#define F16_LIMIT      0x47800000U /* 2^16 as f32: beyond any f16 */
#define F16_NORMAL     0x38800000U /* 2^-14: the smallest normal f16 */
#define F16_INFINITY   0x7C00U
#define F16_QUIET      0x0200U
#define BF16_QUIET     0x0040U
#define F32_HALF       0x3F000000U /* 0.5, whose last bit is worth as much as that of small f16s */
#define F16_MANTISSA   0x03FFU
#define BF16_MANTISSA  0x007FU
#define HALF_SIGN      0x8000U
#define HALF_MAGNITUDE 0x7FFFU

static inline uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint16_t load16_le(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline void store16_le(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
}

/* Both ways compute every case and choose one, so that loops over them become vector code. Numbers
 * below the normal f16s are made by a sum of normal f32s: right where the processor flushes
 * subnormals, too. */
static inline float f16_to_f32(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & HALF_SIGN) << 16;
    uint32_t magnitude = half & HALF_MAGNITUDE;
    uint32_t wide = (magnitude << MANTISSA_SHIFT) + REBIAS;
    uint32_t special = (magnitude << MANTISSA_SHIFT) | F32_INFINITY;
    uint32_t small = bits_of(float_of((magnitude << MANTISSA_SHIFT) + F16_NORMAL) -
                             float_of(F16_NORMAL)); /* 2^-14 (1 + m / 1024) - 2^-14 */
    uint32_t bits = magnitude >= F16_INFINITY ? special : magnitude <= F16_MANTISSA ? small : wide;
    return float_of(sign | bits);
}

static inline uint16_t f32_to_f16(float value)
{
    uint32_t sign = bits_of(value) >> 16 & HALF_SIGN;
    uint32_t magnitude = bits_of(value) & F32_MAGNITUDE;
    uint32_t odd = magnitude >> MANTISSA_SHIFT & 1;
    uint32_t normal = (magnitude - REBIAS + 0x0FFF + odd) >> MANTISSA_SHIFT;
    uint32_t small = bits_of(float_of(magnitude) + 0.5F) - F32_HALF;
    uint32_t payload = magnitude >> MANTISSA_SHIFT & F16_MANTISSA;
    uint32_t nan = F16_INFINITY | (payload ? payload : F16_QUIET);
    uint32_t bits = magnitude > F32_INFINITY ? nan
                    : magnitude >= F16_LIMIT ? F16_INFINITY
                    : magnitude < F16_NORMAL ? small
                                             : normal;
    return (uint16_t)(sign | bits);
}

static inline float bf16_to_f32(uint16_t half)
{
    return float_of((uint32_t)half << 16);
}

static inline uint16_t f32_to_bf16(float value)
{
    uint32_t bits = bits_of(value);
    uint32_t high = bits >> 16;
    uint32_t rounded = (bits + 0x7FFF + (high & 1)) >> 16;
    uint32_t nan = high & BF16_MANTISSA ? high : high | BF16_QUIET;
    return (uint16_t)((bits & F32_MAGNITUDE) > F32_INFINITY ? nan : rounded);
}

float ws_f16_to_f32(uint16_t half)
{
    return f16_to_f32(half);
}

uint16_t ws_f32_to_f16(float value)
{
    return f32_to_f16(value);
}

float ws_bf16_to_f32(uint16_t half)
{
    return bf16_to_f32(half);
}

uint16_t ws_f32_to_bf16(float value)
{
    return f32_to_bf16(value);
}

void ws_f16_load(const uint8_t *bytes, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = f16_to_f32(load16_le(bytes + 2 * i));
}

void ws_f16_store(const float *values, uint8_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        store16_le(out + 2 * i, f32_to_f16(values[i]));
}

void ws_bf16_load(const uint8_t *bytes, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = bf16_to_f32(load16_le(bytes + 2 * i));
}

void ws_bf16_store(const float *values, uint8_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        store16_le(out + 2 * i, f32_to_bf16(values[i]));
}
