#include "lab/block_records.h"

#include <inttypes.h>

/* Full parts of the chain that is furthest. */
static uint32_t count_parts(const struct ws_checkpoint *chains)
{
    uint32_t parts = 0;
    for (size_t c = 0; c < chains->count; c++)
        if (chains->chains[c].next_step / chains->part_steps > parts)
            parts = chains->chains[c].next_step / chains->part_steps;
    return parts;
}

static enum ws_status open_parts(const struct ws_block_place *place, struct ws_arena *arena,
                                 struct ws_block_records *out, struct ws_error *err)
{
    const struct ws_checkpoint *chains = &out->checkpoint.chains;
    uint32_t count = count_parts(chains);
    out->parts = WS_ARENA_ZNEW(arena, struct ws_chains_file, count);
    if (!out->parts)
        return ws_fail_memory(err, "the metric records");
    for (; out->part_count < count; out->part_count++)
        WS_TRY(ws_chain_files_open_part(place, out->part_count, chains->part_steps, arena,
                                        &out->parts[out->part_count], err));
    return WS_OK;
}

enum ws_status ws_block_records_open(const struct ws_block_place *place, struct ws_arena *arena,
                                     struct ws_block_records *out, struct ws_error *err)
{
    *out = (struct ws_block_records){.part_count = 0};
    WS_TRY(ws_chain_files_open(place, arena, &out->checkpoint, err));
    enum ws_status status = open_parts(place, arena, out, err);
    if (status != WS_OK)
        ws_block_records_close(out);
    return status;
}

void ws_block_records_close(struct ws_block_records *records)
{
    ws_chains_file_close(&records->checkpoint);
    for (uint32_t part = 0; part < records->part_count; part++)
        ws_chains_file_close(&records->parts[part]);
    records->part_count = 0;
}

enum ws_status ws_block_records_of(const struct ws_block_records *records, size_t c, uint32_t part,
                                   struct ws_bytes *out, struct ws_error *err)
{
    const struct ws_checkpoint *chains = &records->checkpoint.chains;
    const struct ws_stored_chain *chain = &chains->chains[c];
    uint32_t full = chain->next_step / chains->part_steps;
    *out = (struct ws_bytes){.data = NULL};
    if (part > full)
        return WS_OK;
    if (part == full) {
        *out = chain->records;
        return WS_OK;
    }
    const struct ws_chains_file *file = &records->parts[part];
    const struct ws_stored_chain *stored = ws_checkpoint_find(&file->chains, chain->seed);
    if (!stored)
        return ws_fail(err, WS_CORRUPT, "'%s' lacks seed %" PRIu64, file->path, chain->seed);
    *out = stored->records;
    return WS_OK;
}
