/*
 * The generation loop: chains of models, each trained on what the policy makes of the ones before.
 *
 * A chain is one arm with one seed. A block is a few chains of one arm that go through each step
 * together, because families fit and sample in batches. What a chain does depends on its arm, its
 * seed and its step alone, never on the block it is in. Nothing here touches a file: the run
 * directory takes the records that chains write, and saves and loads chains between steps.
 * Contract: tests/unit/test_chain.c, tests/statistical/, tests/fault/.
 */
#ifndef WS_LAB_CHAIN_H
#define WS_LAB_CHAIN_H

#include <stdalign.h>

#include "base/clock.h"
#include "base/pool.h"
#include "lab/experiment.h"
#include "lab/filter.h"
#include "lab/record.h"

/* Streams of a chain's own: all but data. Those of every step come first. */
enum { WS_CHAIN_STREAMS = WS_STREAM_COUNT - WS_STREAM_INIT };

/* What every step touches lies in one line of memory: thousands of chains are stepped one after
 * another, and what they draw meanwhile leaves nothing of them in the nearest cache. */
struct ws_chain {
    alignas(64) enum ws_status status; /* the failure that ended the chain, else WS_OK */
    bool started;                      /* has its human data; no step is taken before */
    bool reported;                     /* the run has told of the failure */
    bool absorbed;                     /* its next model is its last one again */
    uint32_t next_step;
    uint32_t model_depth;         /* after step next_step - 1, as is ... */
    const struct ws_model *model; /* ... this */
    uint64_t first_model; /* the id of the model of step 0; step by step they count upwards */
    struct ws_rng_key keys[WS_CHAIN_STREAMS]; /* ws_chain_key; generation still to be filled in */
    /* Beyond the line. After step next_step - 1: */
    struct ws_dataset training;     /* kept only for policies that use the previous training set */
    const struct ws_model *first;   /* of step 0, in a `life`; NULL where nobody asks for it */
    const struct ws_model *settled; /* likewise; of a chain that is absorbed */
    struct ws_dataset *outputs;     /* for policies with a pool: of every step so far */
    const struct ws_model *
        *makers; /* of outputs, in a `life`; NULL unless populations are fitted */
    size_t output_count;
    size_t output_capacity;
    struct ws_records records; /* of the steps of the part that next_step is in (ws_part_steps) */
    struct ws_buffer texts;    /* what samples say (lab/sample_text.h), since the last flush */
    uint64_t texts_size;       /* bytes of texts flushed before */
    uint32_t saved_step;       /* next_step when it was last saved or loaded */
    const struct ws_arm *arm;
    uint64_t seed;
    struct ws_deal deal;
    struct ws_reference reference;
    struct ws_error error;
};

/* Of a stream of the chain's own, not the data stream, which is its deal's. */
static inline struct ws_rng_key ws_chain_key(const struct ws_chain *chain, enum ws_stream stream,
                                             uint32_t step)
{
    struct ws_rng_key key = chain->keys[stream - WS_STREAM_INIT];
    key.generation = step;
    return key;
}

/* The long work of a step, in its order. */
enum ws_phase {
    WS_PHASE_OUTPUT, /* items for the next training set */
    WS_PHASE_FIT,
    WS_PHASE_SAMPLE, /* items that metrics see */
    WS_PHASE_COUNT
};

/* Where the seconds of a step went: each is added to. For whoever wonders; no result depends on it.
 */
struct ws_step_times {
    const struct ws_clock *clock;
    double noted; /* when the clock was last looked at: first, the step's beginning */
    double phases[WS_PHASE_COUNT]; /* with what of the step comes before each */
    double metrics;
    /* Of the fit: until it was first asked whether a draft is due, which is after its first step;
     * and from when that was last asked to its end. */
    double fit_begins, fit_ends;
    double drafts; /* of the phases: making and storing drafts */
};

/* A sample that metrics saw, and the model that made it. */
struct ws_sampled {
    const struct ws_experiment *experiment;
    const struct ws_human *human; /* the arm's */
    const struct ws_arm *arm;
    uint64_t seed;
    uint32_t generation;
    const struct ws_model *model;
    const struct ws_dataset *training; /* what it was trained on */
    const struct ws_payload *sample;
};

/* Who is shown each of them when its step is taken, by several threads at once; all of it is there
 * during the call alone. What a call fails with is the chain's failure (WS_INTERRUPTED: the step
 * is taken another time). Shown again is what was shown in a step that was not saved. */
struct ws_sample_sink {
    enum ws_status (*take)(void *user, const struct ws_sampled *sampled, struct ws_error *err);
    void *user;
};

/* When a draft might be stored. */
struct ws_draft_moment {
    const struct ws_chain *chain;
    enum ws_phase phase;
    double done;   /* share of the phase */
    double work;   /* of the step so far, as ws_chain_work counts it */
    uint64_t size; /* bytes of the draft */
};

/* What whoever runs a block offers the work inside a step. A phase of one chain alone may be stored
 * and taken up again (struct ws_draft of models/family.h). */
struct ws_step_support {
    unsigned threads;                      /* >= 1; never shows in a result */
    struct ws_pool *pool;                  /* of as many, to divide a block's chains among, or NULL:
                                              threads are for what is inside a chain's step */
    const struct ws_device_choice *device; /* as in struct ws_job */
    struct ws_step_times *times;           /* NULL, and where chains are divided among threads: not
                                              measured */
    const struct ws_team *team;            /* as in struct ws_job, where there is no pool */
    const struct ws_sample_sink *samples;  /* or NULL */
    void *user;
    /* What an interrupted call of this step stored; size 0: nothing. Lives in `arena`. NULL, like
     * the other two: nothing is stored. */
    enum ws_status (*load)(void *user, const struct ws_chain *chain, enum ws_phase phase,
                           struct ws_arena *arena, struct ws_bytes *out, struct ws_error *err);
    /* True when it is time to store. */
    bool (*due)(void *user, const struct ws_draft_moment *moment);
    enum ws_status (*store)(void *user, struct ws_chain *chain, enum ws_phase phase,
                            struct ws_bytes bytes, struct ws_error *err);
};

struct ws_desk;

/* Chains of a block that are stepped side by side have a lane each, not always the same one. */
struct ws_lane {
    struct ws_arena life;     /* pools and first models */
    struct ws_arena steps[2]; /* step g lives in steps[g % 2] of all lanes, until step g + 2 */
    struct ws_arena scratch;  /* one measurement */
    struct ws_desk *desk;     /* in `life`: a step's arguments, in places that stay; or NULL */
};

struct ws_block {
    const struct ws_experiment *experiment;
    const struct ws_human *human; /* the arm's */
    const struct ws_arm *arm;
    struct ws_chain *chains;
    size_t count;
    uint32_t planned;      /* steps from the first on: all chains of an arm follow one plan ... */
    struct ws_step plan;   /* ... and this is the last of them */
    struct ws_arena life;  /* deals, references and what was read */
    struct ws_lane *lanes; /* (lane_count) of room for one a chain */
    size_t lane_count;
};

/* Chains to put in a block, which share their files: many where each is cheap, one where any is
 * large. From what may not change on resume alone, and so never from threads, seeds and
 * generations. */
size_t ws_block_size(const struct ws_experiment *experiment);

/* Steps of a part. What a chain measured, and what its models made for a pool, is put aside
 * whenever a part is full, so that to save a chain never costs more than one part. As
 * ws_block_size, from what may not change. */
uint32_t ws_part_steps(const struct ws_experiment *experiment, const struct ws_arm *arm);

/* Chains of `arm` for seeds first_seed .. first_seed + count - 1, none of them started. On failure
 * nothing needs a release. */
WS_MUST_CHECK enum ws_status
ws_block_init(struct ws_block *block, const struct ws_experiment *experiment,
              const struct ws_human *human, const struct ws_arm *arm, uint64_t first_seed,
              size_t count, const struct ws_allocator *allocator, struct ws_error *err);
void ws_block_release(struct ws_block *block); /* zeroed is fine */

/* Deals the chain its human data. To be called before its first step, resumed or not. */
WS_MUST_CHECK enum ws_status ws_chain_start(struct ws_block *block, struct ws_chain *chain,
                                            struct ws_error *err);

/* Takes every healthy chain that was started and whose next_step is `step` through it, and tells
 * how many took it. A chain that fails keeps the state of the step before, and says why in its
 * status and error; the others go on. One that was told to stop (WS_INTERRUPTED from `store`) is as
 * before the step, and healthy. `support` may be NULL: one thread, nothing is stored. */
size_t ws_block_step(struct ws_block *block, uint32_t step, const struct ws_step_support *support);

/* Work of one chain at a step, in items handled: for progress and estimates. */
uint64_t ws_chain_work(const struct ws_experiment *experiment, const struct ws_arm *arm,
                       const struct ws_step *plan, uint32_t step);

/* The stored form of a chain between two steps, with its outputs of the steps from `first_step` on
 * (docs/formats/checkpoint.md). */
void ws_chain_write(const struct ws_chain *chain, uint32_t first_step, struct ws_buffer *out);
/* Those outputs alone. */
void ws_chain_write_outputs(const struct ws_chain *chain, uint32_t first_step,
                            struct ws_buffer *out);

/* Back again, pure functions of hostile bytes. Wants a started chain. `outputs` are of the steps
 * before those that the state holds, in order; each is read to its end. */
WS_MUST_CHECK enum ws_status ws_chain_read(struct ws_block *block, struct ws_chain *chain,
                                           struct ws_bytes state, const struct ws_bytes *outputs,
                                           size_t output_count, struct ws_error *err);

#endif
