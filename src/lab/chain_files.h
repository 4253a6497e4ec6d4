/*
 * The files of a block of chains: checkpoint and parts, texts and drafts.
 *
 * A checkpoint holds every chain of a block: its state, and what it measured since the last full
 * part. What a full part measured, and made for the pool, has a file of its own that is written
 * before the checkpoint. Both are replaced as a whole, so a killed process leaves the old one or
 * the new one, and no save costs more than a part however long the run is. Chains that are not
 * there yet, have failed or have ended stay in the files as they are. Drafts are of the step after
 * the checkpoint; they go when it is taken. Contract: tests/fault/, tests/unit/test_run*.c.
 */
#ifndef WS_LAB_CHAIN_FILES_H
#define WS_LAB_CHAIN_FILES_H

#include "base/file.h"
#include "lab/checkpoint.h"

/* A block's place in the run directory. */
struct ws_block_place {
    const char *directory; /* of the run */
    const char *arm;       /* the arm's directory */
    uint64_t first_seed;
    uint64_t block; /* seeds that share files, whether they all run or not */
};

/* The place of the seeds from `first_seed` on. */
struct ws_block_place ws_block_place(const char *directory, const struct ws_experiment *experiment,
                                     const struct ws_arm *arm, uint64_t first_seed);
/* A pattern, as a shell's, of all files of the block that `seed` is in. Without them the block is
 * run anew. NULL without memory. */
char *ws_block_files(struct ws_arena *arena, const char *directory,
                     const struct ws_experiment *experiment, const struct ws_arm *arm,
                     uint64_t seed);

/* A file of chains that is open. */
struct ws_chains_file {
    struct ws_mapped_file map;
    struct ws_checkpoint chains;
    char *path; /* in the arena it was opened with */
};

/* WS_NOT_FOUND when there is none; WS_CORRUPT and WS_UNSUPPORTED name it. */
WS_MUST_CHECK enum ws_status ws_chain_files_open(const struct ws_block_place *place,
                                                 struct ws_arena *arena, struct ws_chains_file *out,
                                                 struct ws_error *err);
/* The file of part `part`, of `part_steps` steps; that there is none is WS_CORRUPT. */
WS_MUST_CHECK enum ws_status
ws_chain_files_open_part(const struct ws_block_place *place, uint32_t part, uint32_t part_steps,
                         struct ws_arena *arena, struct ws_chains_file *out, struct ws_error *err);
void ws_chains_file_close(struct ws_chains_file *file); /* zeroed or closed before is fine */

/* The steps that chains go on with, for the `count` seeds from the first on: 0 where there is no
 * checkpoint. Cuts texts to what the checkpoint saw. */
WS_MUST_CHECK enum ws_status
ws_chain_files_steps(const char *directory, const struct ws_experiment *experiment,
                     const struct ws_arm *arm, uint64_t first_seed, size_t count,
                     const struct ws_allocator *allocator, uint32_t steps[], struct ws_error *err);

/* Brings chain `c` of the block, which was started, to where its checkpoint is. */
WS_MUST_CHECK enum ws_status ws_chain_files_load(const char *directory, struct ws_block *block,
                                                 size_t c, const struct ws_chains_file *file,
                                                 struct ws_error *err);

/* Makes the state of all chains that have taken a step and were not reported as failed durable,
 * once the arm's directory is synced (until then a power cut may bring back the save before); their
 * texts are flushed, and their records put aside where a part is full: that is to be called
 * whenever one is. Drafts are removed. `keep`: a copy of each checkpoint under the name of its last
 * generation too. */
WS_MUST_CHECK enum ws_status ws_chain_files_save(const char *directory, struct ws_block *block,
                                                 bool keep, struct ws_error *err);

/* Half-done work of the step that the chain is to take next, in place of what was stored before. */
WS_MUST_CHECK enum ws_status ws_chain_files_save_draft(const char *directory,
                                                       const struct ws_chain *chain,
                                                       enum ws_phase phase, struct ws_bytes bytes,
                                                       struct ws_error *err);

/* What was stored of this phase of this step; size 0 when there is nothing. A draft of other work,
 * or a damaged one, is nothing: the work is then done anew. */
WS_MUST_CHECK enum ws_status ws_chain_files_load_draft(const char *directory,
                                                       const struct ws_chain *chain,
                                                       enum ws_phase phase, struct ws_arena *arena,
                                                       struct ws_bytes *out, struct ws_error *err);

/* Removes whatever drafts there are. */
void ws_chain_files_drop_drafts(const char *directory, const struct ws_arm *arm, uint64_t seed,
                                const struct ws_allocator *allocator);

#endif
