/*
 * Wellspring as a library: run an experiment from C and read what was measured.
 *
 *     wellspring_experiment_parse or _read   settings become an experiment
 *     wellspring_run                         the experiment becomes a directory
 *     wellspring_records_visit, wellspring_results_load   the directory becomes numbers
 *
 * A run's directory is the same as that of the program `wellspring`: either goes on with, and
 * reads, what the other wrote. Settings are described in wellspring-experiment(5), metrics and
 * files in the documentation that is installed beside the program.
 *
 * Errors. What can fail returns a status; WELLSPRING_OK is 0. The last argument, which may be NULL,
 * then holds one line of UTF-8 for people. Outputs are set only on success.
 *
 * Ownership. A handle is the caller's until it is freed; freeing NULL is fine. What a handle gives,
 * texts and arrays, is the handle's and lives as long. Nothing that is passed in is kept.
 *
 * Threads. The library has no state of its own. A handle is used by one thread at a time, different
 * ones by any number. The library prints nothing, ends no process and handles no signal.
 *
 * Only what is declared here is exported. The guide is docs/guides/embedding.md. Contract:
 * tests/unit/test_library.c.
 */
#ifndef WELLSPRING_WELLSPRING_H
#define WELLSPRING_WELLSPRING_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define WELLSPRING_API        __attribute__((visibility("default")))
#define WELLSPRING_MUST_CHECK __attribute__((warn_unused_result))
#else
#define WELLSPRING_API
#define WELLSPRING_MUST_CHECK
#endif

/* "0.1.0": of the library that is running, not of this header. */
WELLSPRING_API const char *wellspring_version(void);

enum wellspring_status {
    WELLSPRING_OK = 0,
    WELLSPRING_INVALID,     /* a setting or an argument is wrong */
    WELLSPRING_NOT_FOUND,   /* a file or directory is not there */
    WELLSPRING_CONFLICT,    /* the directory holds something else */
    WELLSPRING_LIMIT,       /* something is larger than may be */
    WELLSPRING_BUSY,        /* another run writes the directory */
    WELLSPRING_IO,          /* the system failed to read or write */
    WELLSPRING_CORRUPT,     /* stored bytes are damaged */
    WELLSPRING_NUMERIC,     /* arithmetic has no finite answer */
    WELLSPRING_UNSUPPORTED, /* well formed, but not what this version can do */
    WELLSPRING_NO_MEMORY,
    WELLSPRING_INTERRUPTED, /* stopped on request; can be gone on with */
};

struct wellspring_error {
    enum wellspring_status status;
    char message[480]; /* ends with a zero, has no newline */
};

/* A few words for a status, never NULL. */
WELLSPRING_API const char *wellspring_status_phrase(enum wellspring_status status);

/* Experiments ---------------------------------------------------------------------------------- */

struct wellspring_experiment;

/* A setting over those of the text: {"seeds", "3"}; of one that is given twice the last counts. */
struct wellspring_setting {
    const char *name;
    const char *value;
};

/* An experiment from `size` bytes of YAML, which messages call `name`. No file is opened.
 * WELLSPRING_INVALID for every mistake in the text or the settings: says where, what was seen and
 * what was wanted. */
WELLSPRING_MUST_CHECK WELLSPRING_API enum wellspring_status
wellspring_experiment_parse(const char *text, size_t size, const char *name,
                            const struct wellspring_setting *settings, size_t setting_count,
                            struct wellspring_experiment **out, struct wellspring_error *error);

/* The same from a file of at most 1 MiB; "some/where/mine.yaml" is called "mine". */
WELLSPRING_MUST_CHECK WELLSPRING_API enum wellspring_status
wellspring_experiment_read(const char *path, const struct wellspring_setting *settings,
                           size_t setting_count, struct wellspring_experiment **out,
                           struct wellspring_error *error);

WELLSPRING_API void wellspring_experiment_free(struct wellspring_experiment *experiment);

/* What will run: arms x seeds x generations. An arm is a data policy under one choice of the
 * settings that vary. */
WELLSPRING_API const char *
wellspring_experiment_name(const struct wellspring_experiment *experiment);
WELLSPRING_API uint64_t wellspring_experiment_seeds(const struct wellspring_experiment *experiment);
WELLSPRING_API uint64_t
wellspring_experiment_generations(const struct wellspring_experiment *experiment);
WELLSPRING_API size_t
wellspring_experiment_arm_count(const struct wellspring_experiment *experiment);
/* "keep:0.1": the name that records have. NULL from arm_count on. */
WELLSPRING_API const char *wellspring_experiment_arm(const struct wellspring_experiment *experiment,
                                                     size_t index);

/* Running -------------------------------------------------------------------------------------- */

/* How far a run is. A chain is one arm with one seed; an item of work is an item of data that a
 * model is trained on or makes. */
struct wellspring_progress {
    double elapsed;     /* seconds since wellspring_run was called */
    uint64_t work;      /* items done in this call */
    uint64_t work_left; /* items still to do */
    size_t chains;
    size_t chains_done; /* complete or failed */
    /* What was just done; the text is valid during the call only: */
    const char *arm;
    uint64_t first_seed; /* of `seeds` that went together */
    size_t seeds;
    uint32_t generation; /* from 0 */
};

/* All zero is fine. */
struct wellspring_run_options {
    unsigned threads; /* 0: the experiment's setting `threads`, by default one a processor. Results
                         do not depend on it */
    bool allow_other_machine; /* go on with a run begun on another kind of machine, although the
                                 last bits may differ */
    /* Not 0: what is done is saved, and the call returns WELLSPRING_INTERRUPTED. May be set by a
     * progress function, a thread, or a signal handler; such a handler needs a stack of its own
     * (sigaltstack, SA_ONSTACK), because the code it interrupts uses more of the stack below its
     * pointer than the ABI grants. NULL: it cannot be stopped. */
    const volatile sig_atomic_t *stop;
    /* Called after every step, from any thread of the run, one at a time; or NULL. */
    void (*progress)(void *user, const struct wellspring_progress *progress);
    void *user;
};

/* What a call found and did, counted in chains. */
struct wellspring_run_result {
    size_t chains;
    size_t resumed;          /* went on from where they had been stopped */
    size_t already_complete; /* had nothing left to do */
    size_t failed;           /* the directory's events.log says why */
};

/* Runs the experiment in `directory`, which is made when it is not there, or goes on with what is
 * there. The process may be killed at any moment: the same call goes on, and ends with the same
 * bytes. Relative paths in settings start at the working directory.
 *
 * `result` may be NULL; it is set, unlike other outputs, whatever is returned. WELLSPRING_OK: all
 * chains are complete. Otherwise, with `failed` above 0, the status of the first chain that failed;
 * the others are complete. WELLSPRING_CONFLICT when the directory holds something else, or a run of
 * other settings (seeds and generations may grow); WELLSPRING_BUSY when somebody is at work there.
 *
 * The calling thread works too, and is left with an OpenMP thread count of 1 by experiments with
 * transformers. */
WELLSPRING_MUST_CHECK WELLSPRING_API enum wellspring_status
wellspring_run(struct wellspring_experiment *experiment, const char *directory,
               const struct wellspring_run_options *options, struct wellspring_run_result *result,
               struct wellspring_error *error);

/* Results -------------------------------------------------------------------------------------- */

/* One number: a metric of the model of one arm, seed and generation. Texts are valid during the
 * call only. Two values compare only where definition and n are equal. */
struct wellspring_record {
    const char *arm;
    uint64_t seed;       /* from 1 */
    uint32_t generation; /* from 0 */
    const char *metric;
    const char *definition; /* "types.sample/1": what exactly was computed */
    uint64_t n;             /* items it was computed from */
    double value;           /* may be infinite or NaN */
};

/* Calls `visit` for every record, by arm, seed, generation and metric, until it returns false.
 * WELLSPRING_NOT_FOUND when the directory has no results; a run that was stopped has none yet. */
WELLSPRING_MUST_CHECK WELLSPRING_API enum wellspring_status
wellspring_records_visit(const char *directory,
                         bool (*visit)(void *user, const struct wellspring_record *record),
                         void *user, struct wellspring_error *error);

/* A metric of an arm at one generation, over seeds. */
struct wellspring_point {
    uint32_t generation;
    uint64_t n;     /* items that each value was computed from */
    size_t seeds;   /* values */
    size_t missing; /* values that are NaN and left out of what follows */
    double median;
    double low, high; /* 0.1 and 0.9 quantiles */
    double mean;
    double standard_error; /* of the mean; NaN below two values */
};

struct wellspring_curve {
    const char *arm;
    const char *metric;
    const char *definition;
    size_t point_count;
    const struct wellspring_point *points; /* ascending generations */
};

struct wellspring_results;

/* Everything in memory, as curves over generations. */
WELLSPRING_MUST_CHECK WELLSPRING_API enum wellspring_status
wellspring_results_load(const char *directory, struct wellspring_results **out,
                        struct wellspring_error *error);
WELLSPRING_API void wellspring_results_free(struct wellspring_results *results);

WELLSPRING_API size_t wellspring_results_count(const struct wellspring_results *results);
/* By arm, and for one arm in the order of its records. NULL from count on. */
WELLSPRING_API const struct wellspring_curve *
wellspring_results_curve(const struct wellspring_results *results, size_t index);
/* NULL when there is none. */
WELLSPRING_API const struct wellspring_curve *
wellspring_results_find(const struct wellspring_results *results, const char *arm,
                        const char *metric);

#ifdef __cplusplus
}
#endif

#endif
