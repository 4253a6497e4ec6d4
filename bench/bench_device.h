/*
 * Where a bench program computes, as its last arguments say:
 *
 *     THREADS                           the CPU, with so many threads
 *     THREADS DEVICE PRECISION MODULE   cuda:0 bf16 lib/wellspring/wellspring-cuda.so, say
 */
#ifndef BENCH_DEVICE_H
#define BENCH_DEVICE_H

#include "compute/compute.h"

#define BENCH_DEVICE_USAGE "THREADS [DEVICE PRECISION MODULE]"

enum { BENCH_NO_GPU = 77 }; /* the exit status that says that nothing was measured */

/* `arguments` end with NULL. WS_INVALID: these are others. WS_UNSUPPORTED: there is no such GPU. */
WS_MUST_CHECK enum ws_status bench_device_open(char **arguments, struct ws_device **out,
                                               struct ws_error *err);

/* Says on stderr what went wrong, if anything did; gives the program's exit status. */
int bench_exit_status(const char *program, enum ws_status status, const struct ws_error *err);

#endif
