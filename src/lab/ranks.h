/*
 * Processes that carry out one run together, as `mpirun` starts them.
 *
 * All see the run directory; each works on blocks of its own, and rank 0 alone writes what they
 * share. They talk at the beginning and the end only, and then all of them: a rank that fails says
 * so to the others instead of going away. Ranks that are more than the blocks help with those of
 * others, in teams that talk among themselves. Contract: tests/unit/test_ranks.c, tests/cli/mpi.sh,
 * tests/cli/mpi_train.sh.
 */
#ifndef WS_LAB_RANKS_H
#define WS_LAB_RANKS_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/status.h"
#include "compute/team.h"

struct ws_ranks {
    unsigned rank;  /* of this process, from 0 */
    unsigned count; /* of processes */
    /* Both are called by all ranks, and end when all have called. A process that cannot go on ends
     * the others. */
    void (*gather_sizes)(void *user, uint64_t mine, uint64_t *all);
    /* `all` has room for every rank's bytes, one behind the other; sizes[rank] are `mine`. */
    void (*gather_bytes)(void *user, const void *mine, const uint64_t *sizes, void *all);
    /* Called by all ranks: those that give the same number become one team, in their order. All but
     * its words is filled in; it lives as long as the ranks. False, to all, where ranks can form
     * none; NULL likewise. */
    bool (*form_team)(void *user, unsigned number, struct ws_team *out);
    /* Of those on this machine, which this is, and how many there are; 0: not known. */
    unsigned local, locals;
    void *user;
};

/* To be called by all ranks: each gives bytes (less than 2^31 all together) and gets those of all,
 * (count) in `all`, which live in `arena`. */
WS_MUST_CHECK enum ws_status ws_ranks_exchange(const struct ws_ranks *ranks, struct ws_bytes mine,
                                               struct ws_arena *arena, struct ws_bytes *all,
                                               struct ws_error *err);

/* To be called by all ranks: WS_OK when all give that, else what the first gave that does not, its
 * message in `err` too. `status` itself where `ranks` is NULL. */
WS_MUST_CHECK enum ws_status ws_ranks_agree(const struct ws_ranks *ranks, enum ws_status status,
                                            const struct ws_allocator *allocator,
                                            struct ws_error *err);

#endif
