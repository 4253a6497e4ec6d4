/*
 * Real numbers of 16 bits: IEEE 754 binary16 (f16) and bfloat16 (bf16), to and from f32.
 *
 * Rounded to nearest, ties to even; what is too large becomes an infinity. Widening is exact, and
 * narrowing again gives the same bits, for NaNs too. Stored numbers are little-endian and of any
 * alignment. Contract: tests/unit/test_half.c, over all 65,536 values.
 */
#ifndef WS_DATA_HALF_H
#define WS_DATA_HALF_H

#include <stddef.h>
#include <stdint.h>

float ws_f16_to_f32(uint16_t half);
uint16_t ws_f32_to_f16(float value);
float ws_bf16_to_f32(uint16_t half);
uint16_t ws_f32_to_bf16(float value);

/* `count` stored numbers of 2 bytes each. */
void ws_f16_load(const uint8_t *bytes, float *out, size_t count);
void ws_f16_store(const float *values, uint8_t *out, size_t count);
void ws_bf16_load(const uint8_t *bytes, float *out, size_t count);
void ws_bf16_store(const float *values, uint8_t *out, size_t count);

#endif
