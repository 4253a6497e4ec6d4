/*
 * A thread pool for loops over independent pieces of work.
 *
 * Pieces are cut by the problem's shape and claimed in order; which thread does which never shows
 * in a result. The calling thread works too, so a pool of 1 starts no thread. The others take no
 * signals, for they may be inside code that a handler's frame on their stack would break (see
 * cli/stop_signal.h). Contract: tests/unit/test_pool.c.
 */
#ifndef WS_BASE_POOL_H
#define WS_BASE_POOL_H

#include <stddef.h>

#include "base/allocator.h"
#include "base/status.h"

struct ws_pool;

/* threads >= 1. Fewer are used when the system refuses more. */
WS_MUST_CHECK enum ws_status ws_pool_new(unsigned threads, const struct ws_allocator *allocator,
                                         struct ws_pool **out, struct ws_error *err);
void ws_pool_free(struct ws_pool *pool); /* NULL is fine */

/* Calls work(context, piece) once for each piece below `pieces`, and returns when all are done. */
void ws_pool_run(struct ws_pool *pool, size_t pieces, void (*work)(void *context, size_t piece),
                 void *context);

unsigned ws_processor_count(void); /* processors this process may run on, at least 1 */

#endif
