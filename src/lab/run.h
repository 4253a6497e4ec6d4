/*
 * Running an experiment in its directory: scheduling, checkpoints, resuming, summing up.
 *
 * Blocks of chains are dealt to ranks, if there are several, and handed to threads; each has files
 * that only its worker writes. A run can be killed at any moment: the same call goes on from the
 * last checkpoint of every chain and ends with the same bytes. A chain that fails is reported; the
 * others go on, or stop if `fail_fast` is set. Contract: tests/fault/, tests/cli/.
 */
#ifndef WS_LAB_RUN_H
#define WS_LAB_RUN_H

#include <signal.h>

#include "lab/ranks.h"
#include "lab/run_directory.h"

struct ws_progress {
    double elapsed;     /* seconds since the call */
    uint64_t work;      /* items handled in this call */
    uint64_t work_left; /* items still to handle */
    size_t chains;
    size_t chains_done; /* finished or failed */
    /* What was just done: */
    const char *arm;
    uint64_t first_seed;
    size_t seeds;
    uint32_t generation;
    bool taken; /* the whole step of this generation; else a part of it */
};

struct ws_failure {
    const struct ws_arm *arm;
    uint64_t seed;
    struct ws_error error;
    struct ws_failure *next;
};

struct ws_run_options {
    const char *directory;
    const struct ws_allocator *allocator;
    const struct ws_clock *clock; /* NULL: the system's */
    bool allow_other_machine;     /* go on although the compute class differs */
    const char *cuda_module;      /* path of what GPUs are reached by; NULL: the CPU alone */
    const struct ws_ranks *ranks; /* that carry out the run together; NULL: this process alone */
    /* Not 0: save and return WS_INTERRUPTED; or NULL. Several threads look at it, so a signal's
     * handler, or whoever sets it, does so with __atomic_store_n. */
    const volatile sig_atomic_t *stop;
    bool stops_on_signal; /* SIGTERM sets it, so that others may stop the run by one */
    /* Called once when nothing is left to refuse, before the first step; or NULL. */
    void (*begun)(void *user);
    /* Called by one thread at a time, with what this process does; or NULL. */
    void (*progress)(void *user, const struct ws_progress *progress);
    void *user;
    const struct ws_sample_sink *samples; /* NULL: nobody is shown samples */
};

/* Of several ranks rank 0 has all counts and failures, the others their own. */
struct ws_run_result {
    struct ws_arena arena; /* of the failures; the caller releases it */
    size_t chains;
    size_t resumed;          /* chains that went on from a checkpoint */
    size_t already_complete; /* chains that had nothing left to do */
    size_t failed;
    bool summarised;             /* the summary is of what this call left */
    struct ws_failure *failures; /* in order of arm and seed */
};

/* Of a family that computes on a device, GPUs are asked for or found by the settings; each of them
 * has one block at a time. To be called by all ranks, and the same for all. WS_OK when every chain
 * is complete and summed up; the status of the first failure when chains failed (the summary then
 * holds what they have, of damaged files nothing; where others stopped for it there is none);
 * WS_INTERRUPTED on request; WS_BUSY, WS_CONFLICT, what ws_device_choose gives, and others before
 * anything was done. */
WS_MUST_CHECK enum ws_status ws_run_execute(const struct ws_experiment *experiment,
                                            const struct ws_human *human,
                                            const struct ws_run_options *options,
                                            struct ws_run_result *result, struct ws_error *err);

#endif
