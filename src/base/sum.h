/*
 * Sums over many numbers.
 *
 * The order of additions is fixed: number i goes to sum i modulo 8, and the eight are added up as
 * ws_sums_total does, so that vectors can do it. The reference is the definition, kept for ever;
 * the others do the same on vectors of an instruction set and give the same bytes, so which one
 * runs never shows. Contract: tests/unit/test_sum.c.
 */
#ifndef WS_BASE_SUM_H
#define WS_BASE_SUM_H

#include <stddef.h>

enum { WS_SUM_LANES = 8 };

static inline double ws_sums_total(const double s[WS_SUM_LANES])
{
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

struct ws_moments {
    double deviations; /* sum of x[i] - origin */
    double squares;    /* sum of their squares */
};

struct ws_sum_ops {
    const char *name;
    struct ws_moments (*moments)(const double *x, size_t count, double origin);
};

extern const struct ws_sum_ops ws_sum_reference;
extern const struct ws_sum_ops ws_sum_baseline;
#ifdef WS_VECTOR_X86
extern const struct ws_sum_ops ws_sum_avx2;
extern const struct ws_sum_ops ws_sum_avx512;
#endif

/* The fastest for this processor. */
const struct ws_sum_ops *ws_sum_pick(void);

/* All that this processor can run, the reference first; how many there are. */
enum { WS_SUM_SETS = 4 };
size_t ws_sum_list(const struct ws_sum_ops *out[WS_SUM_SETS]);

#endif
