/*
 * Characters of Unicode 15.0.0, whatever version the library of Unicode data is of.
 *
 * Decompositions, compositions, combining classes and case foldings of what 15.0.0 knows never
 * change (unicode.org/policies/stability_policy.html), so a newer library is asked for those, and
 * never about a character that 15.0.0 does not know. Properties that may change are tables here,
 * made by tools/unicode_tables.py. Contract: tests/unit/test_canon.c.
 */
#ifndef WS_FINGERPRINT_UNICODE_H
#define WS_FINGERPRINT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct ws_code_range {
    int32_t first, last;
};

struct ws_code_ranges {
    const struct ws_code_range *ranges; /* from low to high */
    size_t count;
};

extern const struct ws_code_ranges ws_unicode_assigned;
extern const struct ws_code_ranges ws_unicode_ignorable;      /* Default_Ignorable_Code_Point */
extern const struct ws_code_ranges ws_unicode_space;          /* White_Space */
extern const struct ws_code_ranges ws_unicode_dash;           /* Dash */
extern const struct ws_code_ranges ws_unicode_quote;          /* Quotation_Mark */
extern const struct ws_code_ranges ws_unicode_joining;        /* class 0, may join what is before */
extern const struct ws_code_ranges ws_unicode_cased;          /* Cased */
extern const struct ws_code_ranges ws_unicode_case_ignorable; /* Case_Ignorable */

bool ws_code_among(const struct ws_code_ranges *ranges, int32_t character);

/* WS_UNSUPPORTED where the library is older than 15.0.0. */
WS_MUST_CHECK enum ws_status ws_unicode_check(struct ws_error *err);

/* The canonical combining class: 0, and of marks 1 to 254. */
unsigned ws_unicode_class(int32_t character);

/* What a character decomposes into, all the way; how many, at most WS_UNICODE_PARTS. Itself where
 * it does not, or 15.0.0 does not know it. */
enum { WS_UNICODE_PARTS = 18 };
enum ws_unicode_form {
    WS_UNICODE_CANONICAL,  /* NFD */
    WS_UNICODE_COMPATIBLE, /* NFKD */
    WS_UNICODE_FOLDED,     /* NFKD of the case folding (full, without locale) */
};
size_t ws_unicode_parts(int32_t character, enum ws_unicode_form form,
                        int32_t parts[WS_UNICODE_PARTS]);

/* Joins what NFC joins, of characters in canonical order, in place; how many are left. */
size_t ws_unicode_compose(int32_t *characters, size_t count);

#endif
