/*
 * What the parts of a run share: the whole (run.c), which blocks are left to do (run_schedule.c)
 * and a block at work (run_block.c); nobody else includes it.
 */
#ifndef WS_LAB_RUN_INTERNAL_H
#define WS_LAB_RUN_INTERNAL_H

#include <pthread.h>

#include "lab/run.h"
#include "lab/run_progress.h"

/* A block of chains that has something left to do. */
struct ws_unit {
    const struct ws_arm *arm;
    uint64_t first_seed;
    size_t count;
    const uint32_t *steps; /* (count), that its chains go on with */
    uint32_t first_step;   /* the lowest of them */
    uint32_t last_step;    /* the highest */
    uint64_t work;         /* items left to handle */
};

struct ws_runner {
    const struct ws_experiment *experiment;
    const struct ws_human *human;
    const struct ws_run_options *options;
    const struct ws_clock *clock;
    struct ws_run_result *result;
    struct ws_arena arena; /* paths and units */
    struct ws_unit *units;
    size_t unit_count;
    size_t next_unit; /* atomic */
    unsigned threads;
    unsigned lanes; /* units at a time: one a thread, or one a GPU */
    struct ws_device_choice device;
    struct ws_team team; /* of ranks that share a block; count 0: there are none */
    const char *compute_class;
    bool stopped; /* this rank, or any other that rank 0 has heard of, was told to */
    bool is_new;  /* the directory had no run: no chain has a file */
    double begun;
    size_t units_left;     /* not finished; atomic */
    bool failed_fast;      /* a chain failed, and the others are to stop; atomic */
    pthread_mutex_t mutex; /* guards what follows, the result, events.log and the observer */
    struct ws_progress progress;
    struct ws_process_name process;
    double told; /* when others were last told of it */
};

static inline uint32_t ws_runner_generations(const struct ws_runner *r)
{
    return (uint32_t)r->experiment->settings.generations;
}

static inline bool ws_runner_stop_asked(const struct ws_runner *r)
{
    return __atomic_load_n(&r->failed_fast, __ATOMIC_RELAXED) ||
           (r->options->stop && __atomic_load_n(r->options->stop, __ATOMIC_RELAXED));
}

/* Whether this process writes what all ranks share. */
static inline bool ws_runner_leads(const struct ws_runner *r)
{
    return !r->options->ranks || r->options->ranks->rank == 0;
}

static inline double ws_runner_elapsed(const struct ws_runner *r)
{
    return r->clock->elapsed(r->clock->user) - r->begun;
}

/* A line of events.log. The mutex is held, or no thread works. */
enum ws_status ws_run_log_event(struct ws_runner *r, const char *text, struct ws_error *err);

/* What a chain failed of, in the result, which is in order of arm and seed, and in events.log. Any
 * thread may. */
void ws_run_report_failure(struct ws_runner *r, const struct ws_arm *arm, uint64_t seed,
                           const struct ws_error *error);

/* Tells whoever watches from outside, if it is time to or `now`. The mutex is held, or no thread
 * works yet. */
void ws_run_tell_progress(struct ws_runner *r, bool now);

/* Removes what unfinished replacements of a killed process left in `path`. */
WS_MUST_CHECK enum ws_status ws_run_remove_unfinished(const char *path, struct ws_arena *arena,
                                                      struct ws_error *err);

/* Of all arms and seeds. */
uint64_t ws_run_count_blocks(const struct ws_experiment *e);

/* Units of all blocks that have something left to do, of this rank; the longest come first. */
WS_MUST_CHECK enum ws_status ws_run_make_units(struct ws_runner *r, struct ws_error *err);

/* One unit after another, on a GPU of its own where there are GPUs. `context` is the runner. */
void ws_run_lane(void *context, size_t lane);

#endif
