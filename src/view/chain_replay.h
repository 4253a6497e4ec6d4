/*
 * A chain of a run, run once more in memory: to see what its models make, which runs do not keep.
 *
 * The same settings and seed give the same models to the last bit on one kind of machine, so this
 * is what the run saw; on another kind they are models of the same law. Nothing is measured and no
 * file is written. For families whose chains take moments: those that train for minutes, or run a
 * program of the user's, are refused. Contract: tests/unit/test_chain_replay.c.
 */
#ifndef WS_VIEW_CHAIN_REPLAY_H
#define WS_VIEW_CHAIN_REPLAY_H

#include "lab/chain.h"
#include "lab/run_directory.h"

/* A run whose chains can be run again. */
struct ws_replay {
    struct ws_experiment experiment;
    struct ws_human *human;
    bool same_machine; /* of the kind that the run was on */
};

/* WS_UNSUPPORTED: of a family that is refused; WS_CONFLICT: inputs are no longer what they were. */
WS_MUST_CHECK enum ws_status ws_replay_open(const char *directory,
                                            const struct ws_run_description *run,
                                            struct ws_replay *out, struct ws_error *err);
void ws_replay_close(struct ws_replay *replay);

/* A generation of the chain; everything lives during the call only. */
struct ws_replayed {
    uint32_t generation;
    const struct ws_chain *chain; /* its deal, reference and model */
    const struct ws_payload *sample;
};

struct ws_replay_visitor {
    enum ws_status (*visit)(void *user, const struct ws_replayed *replayed,
                            struct ws_arena *scratch, struct ws_error *err);
    void *user;
};

/* Visits the `count` generations, ascending and each a generation of the run, of the arm called
 * `arm` and `seed`. A sample is the one that metrics saw; of `items` items where it had none. */
WS_MUST_CHECK enum ws_status ws_replay_chain(const struct ws_replay *replay, const char *arm,
                                             uint64_t seed, const uint32_t *generations,
                                             size_t count, uint64_t items,
                                             const struct ws_replay_visitor *visitor,
                                             struct ws_error *err);

#endif
