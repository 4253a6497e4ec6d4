/*
 * The processes that `mpirun` started beside this one, through a module that is opened when there
 * are any, so that the program starts as quickly as without MPI and runs where there is none.
 */
#ifndef WS_CLI_MPI_RANKS_H
#define WS_CLI_MPI_RANKS_H

#include "lab/ranks.h"

/* Meets the others; of all of them rank 0 alone speaks from then on: what the others print goes
 * nowhere. NULL in `out` where no mpirun, or the like, started several processes. WS_UNSUPPORTED
 * when one did and this program was built without MPI, or its module cannot be loaded. */
WS_MUST_CHECK enum ws_status ranks_open(struct ws_arena *arena, const struct ws_ranks **out,
                                        struct ws_error *err);
/* To be called by all ranks at the end: they wait for each other. NULL is fine. */
void ranks_close(const struct ws_ranks *ranks);

#endif
