/*
 * The interface of every kind of generative model.
 *
 * A family is one constant table of operations. `fit` and `sample` take a batch of independent
 * chains, so that a thousand one-dimensional chains cost arithmetic and not calls; the result for a
 * chain never depends on its neighbours in the batch. A model lives in the arena it was made in and
 * is immutable. Randomness comes only from the keys handed in, one a chain; a family gives item i
 * of a sample its own sequence (ws_rng_init(&rng, key, i)) or draws all of them from item 0, and
 * says which.
 *
 * The last three operations switch an error source off (statistical, expressivity, approximation:
 * models/error_switch.h). NULL means that the family cannot.
 *
 * Contract: tests/unit/test_families.c, run against every family of ws_families.
 */
#ifndef WS_MODELS_FAMILY_H
#define WS_MODELS_FAMILY_H

#include "base/hash.h"
#include "base/option.h"
#include "compute/device.h"
#include "compute/team.h"
#include "data/dataset.h"
#include "models/error_switch.h"

struct ws_family_ops;
struct ws_job;

/* Long work that can be stored and taken up again. A family that uses it stores whatever brings it
 * back to where it was between two of its steps; what it stored is handed to the next call with the
 * same arguments, which then makes the same bytes as a call that was never interrupted. */
struct ws_draft {
    void *user;
    struct ws_bytes stored; /* by an interrupted call, hostile bytes; size 0: nothing */
    /* To be called between steps with the share done, 0 to 1, and how many bytes `store` would be
     * given: true when it is time to make and store them. */
    bool (*due)(void *user, double done, uint64_t size);
    /* WS_INTERRUPTED: stored, and to stop now; to be returned as it is. */
    enum ws_status (*store)(void *user, struct ws_bytes bytes, struct ws_error *err);
};

/* What `fit` and `sample` are given beside the data; prompts and validation data where the family
 * says that it looks at them. NULL in place of a job: one thread, nothing else. */
struct ws_job {
    unsigned threads; /* for the work inside, >= 1; never shows in a result */
    const struct ws_dataset *const *prompts;    /* sample, (chains): what items continue; or NULL */
    const struct ws_dataset *const *validation; /* fit, (chains): to stop early by; or NULL */
    const struct ws_draft *draft; /* one chain only; or NULL. Families with batch > 1 ignore it */
    const struct ws_device_choice *device; /* of families that compute on one; NULL: the CPU */
    const struct ws_team
        *team; /* fit: processes that wait in `assist`, and this one leads; or NULL */
};

static inline unsigned ws_job_threads(const struct ws_job *job)
{
    return job && job->threads > 1 ? job->threads : 1;
}

WS_MUST_CHECK static inline enum ws_status ws_job_open_device(const struct ws_job *job,
                                                              const struct ws_allocator *allocator,
                                                              struct ws_device **out,
                                                              struct ws_error *err)
{
    return ws_device_open(job ? job->device : NULL, ws_job_threads(job), allocator, out, err);
}

/* Every model starts with this. */
struct ws_model {
    const struct ws_family_ops *ops;
    const void *settings;    /* of the family, as fitted with; outlives the model */
    uint64_t training_items; /* items it was fitted on */
};

/* What a model thinks of one token sequence. */
struct ws_item_score {
    double log_probability; /* natural, summed over its tokens; -infinity is fine, NaN is not */
    double entropy;  /* nats, of the next token's distribution, summed over them; NaN: not known */
    uint64_t tokens; /* how many were scored */
};

/* How work grows with items and settings. The seconds are rough, of one core of a 3 GHz x86; a plan
 * measures how far off they are (lab/probe.h). */
struct ws_family_cost {
    double fit_seconds;     /* an item (of counts: a type) */
    double fit_whole;       /* seconds of a fit beside that, whatever its items */
    double sample_seconds;  /* likewise */
    double fit_batch;       /* items that are handled together, which is cheaper; 0: one by one */
    double sample_batch;    /* likewise */
    double measure_seconds; /* of an item of a sample or of the reference */
    double validations;     /* of a fit, where there are validation data */
    double item_bytes;      /* memory of a model for each item it was fitted on */
    double model_bytes;     /* memory of any model */
    double work_bytes;      /* memory beside the models while one is fitted, sampled or scored */
    bool uses_threads;      /* one chain alone keeps many cores busy */
    bool bytes_are_sure;    /* computed, not guessed: who has fewer need not begin */
};

/* A point of a fit's loss curve, nats a token. */
struct ws_loss_point {
    bool validation; /* over all validation data; else over the steps since the point before */
    uint64_t step;   /* steps taken by then */
    uint64_t tokens;
    double loss;
};

struct ws_family_ops {
    const char *name;    /* "ngram" */
    const char *summary; /* one line for help */
    struct ws_option_table options;
    size_t settings_size;
    uint32_t accepts; /* bits 1u << enum ws_data_kind */
    size_t batch;     /* chains worth handing over at once */
    bool weighted;    /* fit honours the weights of items: it maximises the sum of weight times log
                         density, up to a correction of its own. Else items weigh 1 (who builds
                         training sets sees to it) */
    bool outside;     /* other processes do its work: a plan looks at the clock on the wall */
    bool prompted;    /* sample looks at prompts */
    bool validates;   /* fit looks at validation data, if there are any */
    bool computes;    /* on a device, of which there may be a choice (compute/device.h) */
    bool keeps_first; /* a chain keeps its first model, for metrics that compare with it */
    bool borrows; /* a model may point into the counts it was fitted on, which live as long as it
                     does (other payloads may be those of the training set before, which do
                     not); not for a family whose first model is kept */

    /* Optional. Why these settings, with validation data or without, leave the one called `name`
     * without effect, so that it is refused where it is given; goes on from "has no meaning". NULL:
     * it has one. */
    const char *(*ignores)(const void *settings, bool validated, const char *name);

    /* Required. Whether these settings can be fitted on data like `example`, which may have no
     * items (any training set has its kind, types and dimension, and at least `items` items).
     * `item_size`: tokens of its items, 0 when it is not known. WS_INVALID says why not;
     * WS_NO_MEMORY what no machine holds; whatever a file that the settings name is at fault of. */
    enum ws_status (*check)(const void *settings, const struct ws_dataset *example, uint64_t items,
                            uint64_t item_size, struct ws_error *err);

    /* Required. models[c] is fitted on data[c]; `init` says where an iterative fit starts. */
    enum ws_status (*fit)(const void *settings, size_t chains,
                          const struct ws_dataset *const data[], const struct ws_rng_key init[],
                          const struct ws_job *job, struct ws_arena *arena,
                          const struct ws_model *models[], struct ws_error *err);

    /* Required. out[c] holds counts[c] >= 1 items of models[c]. */
    enum ws_status (*sample)(size_t chains, const struct ws_model *const models[],
                             const uint64_t counts[], const struct ws_rng_key keys[],
                             const struct ws_job *job, struct ws_arena *arena,
                             const struct ws_payload *out[], struct ws_error *err);

    /* Optional, for items that are no token sequences. The sum over `data` of the natural log
     * density (or mass), and how many items it has. May be -infinity. */
    enum ws_status (*log_density)(const struct ws_model *model, const struct ws_dataset *data,
                                  struct ws_arena *scratch, double *sum, uint64_t *terms,
                                  struct ws_error *err);

    /* Optional, for token sequences. out[i] is of item i of `data`. WS_NUMERIC where the model
     * gives no number. `job` may be NULL. */
    enum ws_status (*score)(const struct ws_model *model, const struct ws_dataset *data,
                            const struct ws_job *job, struct ws_arena *scratch,
                            struct ws_item_score out[], struct ws_error *err);

    /* Optional. The model biased towards what it finds likely, as guidance and low temperatures do:
     * lambda in [0, 1], 1 is the model itself, 0 gives the likeliest items alone. It may point into
     * `model` and is for sampling only. */
    enum ws_status (*bias)(const struct ws_model *model, double lambda, struct ws_arena *arena,
                           const struct ws_model **out, struct ws_error *err);
    /* Optional. Why it cannot with these settings; goes on from "cannot". NULL: it can. */
    const char *(*cannot_bias)(const void *settings);

    /* Optional, for token sequences. The items of `data`, in order, in which every token whose
     * probability given the ones before it is `likely` or more is drawn anew from the model, given
     * the same; `changed` counts the tokens that were drawn. Item i has its own sequence,
     * ws_rng_init(&rng, key, first + i). */
    enum ws_status (*edit)(const struct ws_model *model, const struct ws_dataset *data,
                           double likely, struct ws_rng_key key, uint64_t first,
                           struct ws_arena *arena, const struct ws_payload **out, uint64_t *changed,
                           struct ws_error *err);

    /* Required. The stored form, and back: load(save(m)) samples the same bytes as m. `load` is a
     * pure function of hostile bytes (WS_CORRUPT) and has a fuzz target. */
    void (*save)(const struct ws_model *model, struct ws_buffer *out);
    enum ws_status (*load)(const void *settings, struct ws_bytes bytes, struct ws_arena *arena,
                           const struct ws_model **out, struct ws_error *err);

    /* Required. One line for people: "3-gram, 61,334 contexts, 9,786 types". */
    void (*describe)(const struct ws_model *model, struct ws_buffer *out);

    /* Required, for plans. `items`: of the largest training set; `item_size`: numbers or tokens in
     * an item. */
    void (*cost)(const void *settings, const struct ws_dataset *example, uint64_t items,
                 double item_size, struct ws_family_cost *out);

    /* Optional. Whether every sample of the model is the same whatever its key, and a fit on one of
     * as many items as the model was fitted on gives the model again, to the last bit. */
    bool (*absorbed)(const struct ws_model *model);

    /* Optional. How the fit of a model went, in order; empty for a model that was loaded. */
    const struct ws_loss_point *(*curve)(const struct ws_model *model, size_t *count);

    /* Optional. What the settings name beside themselves (files): its hash, and what to call it;
     * NULL when they name nothing. */
    enum ws_status (*identify)(const void *settings, struct ws_arena *scratch, const char **name,
                               struct ws_hash *out, struct ws_error *err);

    /* Optional. The model in the form that other programs read, in a directory, which is made. */
    enum ws_status (*export)(const struct ws_model *model, const char *directory,
                             struct ws_arena *scratch, struct ws_error *err);

    /* Optional. Does as the leader of a team says, until it says WS_TEAM_LEAVE: shares the work of
     * its fits, on a device of its own. Failures are told to the leader. Of the job threads, device
     * and team are looked at. That there is a team never shows in a result. */
    void (*assist)(const struct ws_job *job, const struct ws_allocator *allocator);

    /* Optional, the three switches (models/error_switch.h). The model of a training set without
     * end, whose items come from the parts of the population in their shares: what `fit` tends to.
     * WS_UNSUPPORTED where that is not known. */
    enum ws_status (*fit_population)(const void *settings, const struct ws_population *population,
                                     struct ws_arena *arena, const struct ws_model **out,
                                     struct ws_error *err);
    /* Settings under which the truth is held: of this family, or of another one. */
    enum ws_status (*enlarge)(const void *settings, const struct ws_deal *truth,
                              struct ws_arena *arena, struct ws_switch *out, struct ws_error *err);
    /* Settings under which a fit is the best there is, but for its sample and what is held. */
    enum ws_status (*fit_exactly)(const void *settings, const struct ws_deal *truth,
                                  struct ws_arena *arena, struct ws_switch *out,
                                  struct ws_error *err);
};

extern const struct ws_family_ops ws_family_discrete;
extern const struct ws_family_ops ws_family_gaussian;
extern const struct ws_family_ops ws_family_gmm;
extern const struct ws_family_ops ws_family_kde;
extern const struct ws_family_ops ws_family_ngram;
extern const struct ws_family_ops ws_family_regression;
extern const struct ws_family_ops ws_family_logistic;
extern const struct ws_family_ops ws_family_bernoulli;
extern const struct ws_family_ops ws_family_poisson;
extern const struct ws_family_ops ws_family_transformer;
extern const struct ws_family_ops ws_family_external;

extern const struct ws_family_ops *const ws_families[];
extern const size_t ws_family_count;

const struct ws_family_ops *ws_family_find(const char *name); /* NULL when there is none */

#endif
