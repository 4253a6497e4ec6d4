/*
 * Numbers as text, the same in every locale of the surrounding program.
 *
 * A real prints with the fewest digits that read back to the same bits, so that printed settings
 * and results lose nothing and are equal when the values are. Contract: tests/unit/test_option.c.
 */
#ifndef WS_BASE_NUMBER_H
#define WS_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

enum { WS_REAL_TEXT_SIZE = 32 };

/* A whole number: digits, then nothing, an exponent ("1e6") or one of k, M, G (thousand, million,
 * thousand million). False for anything else and beyond 2^64 - 1. */
bool ws_whole_parse(const char *text, uint64_t *out);

/* The bound of a range of whole numbers that is kept as a double >= 0: 2^64 and beyond bound
 * nothing. */
uint64_t ws_whole_bound(double bound);

/* A finite decimal number. False for "nan", "inf", hexadecimal, a blank or anything that follows.
 * What is too small becomes zero or subnormal; what is too large is refused. */
bool ws_real_parse(const char *text, double *out);

/* The shortest of 15, 16 and 17 digits that reads back the same; "nan", "inf", "-inf". */
void ws_real_text(double value, char out[WS_REAL_TEXT_SIZE]);

#endif
