/*
 * The runs in a directory, found quickly among thousands.
 *
 * What a list shows of each is kept in an SQLite file, WS_RUN_INDEX in the directory. It is a copy
 * of what the runs' run.json say and may be deleted at any time: an entry counts as long as its
 * run.json has the size, the time of change and the inode that it had when it was read, and
 * whatever is missing is read anew. Several processes may use one index at a time. Where none can
 * be kept (a directory that cannot be written, a full disk) everything is read each time. Contract:
 * tests/cli/runs.sh.
 */
#ifndef WS_LAB_RUN_INDEX_H
#define WS_LAB_RUN_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

#define WS_RUN_INDEX ".wellspring-runs"

/* What run.json says, see struct ws_run_description. */
struct ws_run_entry {
    const char *directory; /* its name in the parent */
    const char *name, *title, *state, *family, *started, *finished;
    const char *policies; /* of all arms, each once, a line each: "replace\nkeep:0.1\ncontrol" */
    uint64_t arms, seeds, generations;
};

enum ws_run_order {
    WS_RUN_BY_DIRECTORY,
    WS_RUN_BY_NAME,
    WS_RUN_BY_STATE,
    WS_RUN_BY_FAMILY,
    WS_RUN_BY_STARTED,
    WS_RUN_BY_FINISHED,
    WS_RUN_BY_ARMS,
    WS_RUN_BY_SEEDS,
    WS_RUN_BY_GENERATIONS,
    WS_RUN_ORDER_COUNT
};

/* "directory", "name", ...: what people call them, and the columns of the index. */
extern const char *const ws_run_orders[WS_RUN_ORDER_COUNT];

/* Which runs, and in which order; zeroed: all, by directory. */
struct ws_run_query {
    const char *family, *state; /* NULL: any */
    const char *policy;         /* of any arm; "keep" stands for every keep:X */
    const char *since;          /* "2026-11-27" or longer: started then or later */
    enum ws_run_order order;    /* those that are equal by directory */
    bool descending;
    uint64_t most; /* 0: all */
};

/* Calls `visit` for each run that is asked for; its texts are valid during the call only. Stops at
 * the first status that is not WS_OK. What is no run is passed over; `damaged` (or NULL) is told,
 * first, why a run cannot be read. WS_NOT_FOUND: no such directory. */
struct ws_run_visitor {
    enum ws_status (*visit)(void *user, const struct ws_run_entry *entry, struct ws_error *err);
    void (*damaged)(void *user, const char *message);
    void *user;
};
WS_MUST_CHECK enum ws_status ws_run_index_visit(const char *parent,
                                                const struct ws_run_query *query,
                                                const struct ws_allocator *allocator,
                                                const struct ws_run_visitor *visitor,
                                                struct ws_error *err);

#endif
