/* Whether long double has more digits and a wider range than double. Valgrind computes it as one,
 * so that tests which compare with it have to be skipped there. */
#ifndef WS_TESTS_LONG_DOUBLE_H
#define WS_TESTS_LONG_DOUBLE_H

#include <stdbool.h>

static inline bool long_double_is_wide(void)
{
    volatile long double one = 1;
    return one + 0x1p-60L > one;
}

#endif
