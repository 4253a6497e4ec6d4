/*
 * Processes that share one training step, each with a device of its own.
 *
 * Member 0 leads: it has the work, and the others do as it says. What they do together is called by
 * all of them, in the same order. How they talk is the affair of whoever brings them together
 * (MPI); how arrays go from device to device is that of a `struct ws_exchange`: through the hosts,
 * or straight where devices can (NCCL). Nothing is added up on the way, so no sum depends on who
 * has which part of it. Contract: tests/unit/test_team.c, tests/cli/mpi_train.sh.
 */
#ifndef WS_COMPUTE_TEAM_H
#define WS_COMPUTE_TEAM_H

#include "compute/compute.h"

/* A stretch of floats. */
struct ws_stretch {
    size_t first, count;
};

/* What a member brings to a meeting, and hears of each: a number, and that it is well. */
struct ws_word {
    uint32_t status; /* enum ws_status */
    double number;
    char message[sizeof((struct ws_error *)NULL)->message]; /* unless it is WS_OK */
};

/* A process that cannot go on ends the others. */
struct ws_team {
    unsigned member; /* this process, from 0 */
    unsigned count;
    struct ws_word *words; /* (count): what all said when they last met */
    /* Member 0's bytes become everyone's. */
    void (*tell)(void *user, void *bytes, uint64_t size);
    /* `all` gets the bytes of each, (count, size). */
    void (*gather)(void *user, const void *mine, size_t size, void *all);
    /* Host memory: member m is given out[to[m]], and its own for us becomes in[from[m]]. */
    void (*trade)(void *user, const float *out, const struct ws_stretch *to, float *in,
                  const struct ws_stretch *from);
    void *user;
};

/* The same between arrays of the members' devices; a failure is remembered by the device. */
struct ws_exchange {
    void (*close)(struct ws_exchange *exchange);
    void (*trade)(struct ws_exchange *exchange, const float *out, const struct ws_stretch *to,
                  float *in, const struct ws_stretch *from);
};

/* For arrays of up to `most` floats. Called by all members; each has its own status, and all close
 * what they opened when one failed. */
WS_MUST_CHECK enum ws_status ws_exchange_open(const struct ws_team *team, struct ws_device *device,
                                              size_t most, const struct ws_allocator *allocator,
                                              struct ws_exchange **out, struct ws_error *err);
void ws_exchange_close(struct ws_exchange *exchange); /* NULL is fine */

/* Each says how it is, and a number, and hears what all say. WS_OK when all are well, else what the
 * first is that is not, its message in `err`. Takes no memory. */
WS_MUST_CHECK enum ws_status ws_team_meet(const struct ws_team *team, enum ws_status status,
                                          double number, struct ws_error *err);

/* What the leader has the others do next. */
enum ws_team_order {
    WS_TEAM_LEAVE, /* nothing more of this */
    WS_TEAM_TRAIN, /* a training begins */
    WS_TEAM_STEP,  /* its next step */
};

void ws_team_say(const struct ws_team *team, enum ws_team_order order); /* leader */
enum ws_team_order ws_team_hear(const struct ws_team *team);            /* the others */

#endif
