/*
 * The checkpoints that a log keeps for ever (docs/formats/log.md): "since when" is proven by the
 * first one that covers an entry and that witnesses cosigned. Contract:
 * tests/unit/test_log_fsck.c.
 */
#ifndef WS_LEDGER_KEPT_CHECKPOINTS_H
#define WS_LEDGER_KEPT_CHECKPOINTS_H

#include "base/file.h"

/* "checkpoints/x001/503", below a log's directory or its URL; NULL when memory is out. */
const char *ws_kept_name(struct ws_arena *arena, uint64_t size);
/* "checkpoints/x001/503.next": the size of the checkpoint that was signed next, on a line. */
const char *ws_kept_next_name(struct ws_arena *arena, uint64_t size);

/* `path` is that of the checkpoint of `size` entries. Sets *stop when no more are wanted. */
typedef enum ws_status ws_kept_visit(void *user, uint64_t size, const char *path, bool *stop,
                                     struct ws_error *err);

/* Those of `least` and more entries, in the order of their sizes. Memory does not grow with their
 * number. What is no name of a checkpoint is passed over. */
WS_MUST_CHECK enum ws_status ws_kept_checkpoints(const char *directory, uint64_t least,
                                                 const struct ws_allocator *allocator,
                                                 ws_kept_visit *visit, void *user,
                                                 struct ws_error *err);

#endif
