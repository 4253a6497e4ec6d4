/*
 * The files of one chain: its records, its checkpoints and its drafts.
 *
 * Saving appends the records, syncs them, and then replaces the checkpoint, which says how long the
 * records file is and what is in it. What a killed process appended after that is cut off before
 * the chain goes on. Drafts are of the step after the checkpoint; they go when it is taken.
 */
#ifndef WS_LAB_CHAIN_FILES_H
#define WS_LAB_CHAIN_FILES_H

#include "lab/chain.h"

/* The step a chain goes on with: 0 when it has no checkpoint. Cuts its records to what the
 * checkpoint saw; WS_CORRUPT names the file that is not as it was written. */
WS_MUST_CHECK enum ws_status ws_chain_files_step(const char *directory, const struct ws_arm *arm,
                                                 uint64_t seed,
                                                 const struct ws_allocator *allocator,
                                                 uint32_t *out, struct ws_error *err);

/* Brings a started chain to where its checkpoint is. */
WS_MUST_CHECK enum ws_status ws_chain_files_load(const char *directory, struct ws_block *block,
                                                 struct ws_chain *chain, struct ws_error *err);

/* Makes the chain's state durable and empties chain->records; its drafts are removed. `keep`: a
 * copy of the checkpoint under the name of its last generation too. */
WS_MUST_CHECK enum ws_status ws_chain_files_save(const char *directory, struct ws_chain *chain,
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
