/*
 * How often a test repeats what is much the same. Small reaches all of the code and decides nothing
 * statistical: where an instruction costs tens, under sanitizers and (WS_EFFORT=small) valgrind.
 * Thorough (WS_EFFORT=thorough) leaves nothing out; ./dev check --long asks for it.
 */
#ifndef WS_TESTS_SUPPORT_EFFORT_H
#define WS_TESTS_SUPPORT_EFFORT_H

#include <stdlib.h>
#include <string.h>

enum effort { EFFORT_SMALL, EFFORT_USUAL, EFFORT_THOROUGH };

static inline enum effort effort(void)
{
#ifdef WS_SANITIZE
    return EFFORT_SMALL;
#else
    const char *asked = getenv("WS_EFFORT");
    if (asked && strcmp(asked, "small") == 0)
        return EFFORT_SMALL;
    return asked && strcmp(asked, "thorough") == 0 ? EFFORT_THOROUGH : EFFORT_USUAL;
#endif
}

/* One of these for each. */
static inline size_t by_effort(size_t small, size_t usual, size_t thorough)
{
    const size_t each[] = {small, usual, thorough};
    return each[effort()];
}

#endif
