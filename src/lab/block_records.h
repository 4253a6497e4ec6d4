/*
 * What the chains of one block measured, from all files that hold it.
 */
#ifndef WS_LAB_BLOCK_RECORDS_H
#define WS_LAB_BLOCK_RECORDS_H

#include "lab/chain_files.h"

struct ws_block_records {
    struct ws_chains_file checkpoint;
    struct ws_chains_file *parts; /* (part_count) */
    uint32_t part_count;
};

/* Opens and checks every file. WS_NOT_FOUND when the block has none. What is handed out lives in
 * `arena`. */
WS_MUST_CHECK enum ws_status ws_block_records_open(const struct ws_block_place *place,
                                                   struct ws_arena *arena,
                                                   struct ws_block_records *out,
                                                   struct ws_error *err);
void ws_block_records_close(struct ws_block_records *records);

/* Of chain `c` of the checkpoint, what it measured in part `part`: for ws_records_open. Empty
 * behind its last part. */
WS_MUST_CHECK enum ws_status ws_block_records_of(const struct ws_block_records *records, size_t c,
                                                 uint32_t part, struct ws_bytes *out,
                                                 struct ws_error *err);

#endif
