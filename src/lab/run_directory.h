/*
 * The run directory: where everything of a run lies, and what identifies it.
 *
 *   run.json                            settings, inputs, versions, machine, state; times live here
 *   events.log                          what happened when; for people
 *   tokenizer/                          of byte-pair encoded text
 *   summary                             every metric over seeds; there once all chains have ended
 *   progress                            how far it is, while it goes on (lab/run_progress.h)
 *   lock                                held by the process that writes
 *   arms/<arm>/<chains>.checkpoint      where chains are, and what they measured in the last part
 *   arms/<arm>/<chains>.steps-<a>-<b>   what they measured, and pooled, in the parts before
 *   arms/<arm>/seed-<s>.texts.jsonl     what samples say, for people; only ever appended to
 *   arms/<arm>/seed-<s>.<phase>.draft   the half-done step that a chain was stopped in
 *   arms/<arm>/seed-<s>.<g>.checkpoint  kept ones (keep_every)
 *   models/<arm>/seed-<s>/generation-<g>/  models for other programs (keep_models)
 *
 * <chains> are the seeds of a block: "seeds-1-64", or "seed-7" where each has files of its own.
 * All but run.json, events.log and progress is the same bytes for the same settings, whatever the
 * threads, kills and resumes. Formats: docs/formats/run.md. Contract: tests/fault/, tests/cli/.
 */
#ifndef WS_LAB_RUN_DIRECTORY_H
#define WS_LAB_RUN_DIRECTORY_H

#include "base/clock.h"
#include "lab/experiment.h"

#define WS_RUN_FORMAT "wellspring-run/2"

struct ws_run_arm {
    const char *name;
    const char *policy;
    const char *variation;     /* "" where nothing varies */
    const char *directory;     /* below arms/ */
    struct ws_setting *varied; /* (varied_count) what the variation is of; traits are not known */
    size_t varied_count;
    bool outgrows_control;
};

/* What run.json says. Texts live in the arena it was read into. */
struct ws_run_description {
    const char *name;
    const char *title;
    const char *state; /* "running", "stopped", "failed", "complete" */
    const char *family;
    const char *version; /* of the program that wrote it last */
    const char *compute_class;
    const char *started;
    const char *finished; /* "" while it runs */
    uint64_t generations;
    uint64_t seeds;
    uint64_t block;              /* consecutive seeds that share files */
    struct ws_setting *settings; /* traits are not known here */
    size_t setting_count;
    struct ws_setting *inputs; /* "corpus_sha256" and others, in hex */
    size_t input_count;
    struct ws_run_arm *arms;
    size_t arm_count;
};

/* WS_NOT_FOUND when there is no run.json; WS_CORRUPT, WS_UNSUPPORTED. */
WS_MUST_CHECK enum ws_status ws_run_read(const char *directory, struct ws_arena *arena,
                                         struct ws_run_description *out, struct ws_error *err);

/* The value of a setting, or NULL. */
const char *ws_run_setting(const struct ws_run_description *run, const char *name);

/* The same from bytes: a pure function; fuzz target tests/fuzz/fuzz_run.c. */
WS_MUST_CHECK enum ws_status ws_run_parse(struct ws_bytes bytes, const char *name,
                                          struct ws_arena *arena, struct ws_run_description *out,
                                          struct ws_error *err);

/* The experiment that the run in `directory` is of, with `overrides`. As ws_run_read; WS_CORRUPT
 * where the run's own settings make no experiment, WS_INVALID where they do and the overrides are
 * at fault. */
WS_MUST_CHECK enum ws_status ws_run_experiment(const char *directory,
                                               const struct ws_override *overrides,
                                               size_t override_count,
                                               const struct ws_allocator *allocator,
                                               struct ws_experiment *out, struct ws_error *err);

/* The same from the bytes of run.json: a pure function; fuzz target
 * tests/fuzz/fuzz_run_experiment.c. */
WS_MUST_CHECK enum ws_status ws_run_parse_experiment(struct ws_bytes bytes, const char *name,
                                                     const struct ws_override *overrides,
                                                     size_t override_count,
                                                     const struct ws_allocator *allocator,
                                                     struct ws_experiment *out,
                                                     struct ws_error *err);

/* What is written besides the settings. */
struct ws_run_state {
    const char *state;
    const char *started;
    const char *finished;
    unsigned threads;
    const char *compute_class;
};
WS_MUST_CHECK enum ws_status ws_run_write(const char *directory,
                                          const struct ws_experiment *experiment,
                                          const struct ws_run_state *state, struct ws_error *err);

/* Whether the experiment may go on in the directory: WS_CONFLICT shows the first difference. Seeds
 * and generations may grow; execution settings may differ. */
WS_MUST_CHECK enum ws_status ws_run_compare(const struct ws_run_description *there,
                                            const struct ws_experiment *experiment,
                                            const char *directory, struct ws_error *err);

/* What decides the last bits of results: instruction set and library versions, and what `device`
 * (NULL: the CPU) is. */
void ws_compute_class(const struct ws_device *device, struct ws_buffer *out);

/* "<directory>/<rest>"; NULL when memory is out. */
char *ws_run_path(struct ws_arena *arena, const char *directory, const char *rest);
/* "<directory>/arms/<arm>/seeds-<first>-<last><suffix>", of the `block` seeds from `first` on; for
 * one alone "seed-<first>". `arm`: its directory's name. */
char *ws_block_path(struct ws_arena *arena, const char *directory, const char *arm, uint64_t first,
                    uint64_t block, const char *suffix);
/* "<directory>/arms/<arm>/seed-<s><suffix>" */
char *ws_chain_path(struct ws_arena *arena, const char *directory, const struct ws_arm *arm,
                    uint64_t seed, const char *suffix);

#endif
