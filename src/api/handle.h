/*
 * What the library's handles are, and how what happens inside is told outside; nobody else includes
 * it. The API itself is include/wellspring/wellspring.h, with a name of its own for everything, so
 * that what is inside can change.
 */
#ifndef WS_API_HANDLE_H
#define WS_API_HANDLE_H

#include <wellspring/wellspring.h>

#include "lab/results.h"

struct wellspring_experiment {
    struct ws_experiment inside;
};

struct wellspring_results {
    struct ws_arena arena; /* holds what follows */
    struct wellspring_curve *curves;
    size_t count;
};

/* Passes on a status, and when it is a failure the message too. */
enum wellspring_status ws_api_tell(enum ws_status status, const struct ws_error *inside,
                                   struct wellspring_error *outside);

#endif
