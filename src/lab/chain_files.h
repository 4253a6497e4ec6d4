/*
 * The files of one chain: its records and its checkpoints.
 *
 * Saving appends the records, syncs them, and then replaces the checkpoint, which says how long the
 * records file is. Loading does the reverse: it cuts the records to what the checkpoint says.
 */
#ifndef WS_LAB_CHAIN_FILES_H
#define WS_LAB_CHAIN_FILES_H

#include "lab/chain.h"

/* The step a chain would go on with: 0 when it has no checkpoint. Only looks. */
WS_MUST_CHECK enum ws_status ws_chain_files_step(const char *directory, const struct ws_arm *arm,
                                                 uint64_t seed,
                                                 const struct ws_allocator *allocator,
                                                 uint32_t *out, struct ws_error *err);

/* Brings a started chain to where its checkpoint is, and cuts its records to match. */
WS_MUST_CHECK enum ws_status ws_chain_files_load(const char *directory, struct ws_block *block,
                                                 struct ws_chain *chain, struct ws_error *err);

/* Makes the chain's state durable and empties chain->records. `keep`: a copy of the checkpoint
 * under the name of its last generation too. */
WS_MUST_CHECK enum ws_status ws_chain_files_save(const char *directory, struct ws_chain *chain,
                                                 bool keep, struct ws_error *err);

#endif
