/*
 * The files of one chain: its records and its checkpoints.
 *
 * Saving appends the records, syncs them, and then replaces the checkpoint, which says how long the
 * records file is and what is in it. What a killed process appended after that is cut off before
 * the chain goes on.
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

/* Makes the chain's state durable and empties chain->records. `keep`: a copy of the checkpoint
 * under the name of its last generation too. */
WS_MUST_CHECK enum ws_status ws_chain_files_save(const char *directory, struct ws_chain *chain,
                                                 bool keep, struct ws_error *err);

#endif
