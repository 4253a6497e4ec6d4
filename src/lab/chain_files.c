#include "lab/chain_files.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "lab/checkpoint.h"
#include "lab/run_directory.h"

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "a chain's files");
}

/* The checkpoint of (arm, seed) in `arena`; WS_NOT_FOUND when there is none. */
static enum ws_status read_checkpoint(const char *directory, const struct ws_arm *arm,
                                      uint64_t seed, struct ws_arena *arena,
                                      struct ws_checkpoint *out, struct ws_error *err)
{
    char *path = ws_chain_path(arena, directory, arm, seed, ".checkpoint");
    struct ws_bytes bytes;
    if (!path)
        return no_memory(err);
    WS_TRY(ws_file_read(path, SIZE_MAX, arena, &bytes, err));
    enum ws_status status = ws_checkpoint_open(bytes, out, err);
    if (status == WS_OK && (out->arm_key != arm->key || out->seed != seed))
        status = ws_fail(err, WS_CORRUPT, "the checkpoint is of another arm or seed");
    if (status != WS_OK)
        ws_error_prefix(err, "'%s'", path);
    return status;
}

/* Cuts the records file to what the checkpoint saw and compares its hash. */
static enum ws_status cut_records(const char *path, const struct ws_checkpoint *checkpoint,
                                  struct ws_error *err)
{
    struct ws_append_file file;
    WS_TRY(ws_append_open(&file, path, checkpoint->metrics_size, err));
    ws_append_close(&file);
    struct ws_hash hash;
    WS_TRY(ws_file_hash(path, &hash, err));
    if (memcmp(hash.bytes, checkpoint->metrics_hash.bytes, WS_HASH_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT,
                       "'%s' is damaged: it is not what its checkpoint saw; remove both to start "
                       "this chain anew",
                       path);
    return WS_OK;
}

/* A run that was killed before its first checkpoint may have left some. */
static enum ws_status empty_records(const char *path, struct ws_error *err)
{
    if (!ws_file_exists(path))
        return WS_OK;
    struct ws_append_file file;
    WS_TRY(ws_append_open(&file, path, 0, err));
    ws_append_close(&file);
    return WS_OK;
}

enum ws_status ws_chain_files_step(const char *directory, const struct ws_arm *arm, uint64_t seed,
                                   const struct ws_allocator *allocator, uint32_t *out,
                                   struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_checkpoint checkpoint = {0};
    ws_arena_init(&arena, allocator);
    char *records = ws_chain_path(&arena, directory, arm, seed, ".jsonl");
    enum ws_status status = records ? WS_OK : no_memory(err);
    if (status == WS_OK)
        status = read_checkpoint(directory, arm, seed, &arena, &checkpoint, err);
    if (status == WS_OK)
        status = cut_records(records, &checkpoint, err);
    else if (status == WS_NOT_FOUND)
        status = empty_records(records, err);
    if (status == WS_OK)
        *out = checkpoint.next_step;
    ws_arena_release(&arena);
    return status;
}

enum ws_status ws_chain_files_load(const char *directory, struct ws_block *block,
                                   struct ws_chain *chain, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_checkpoint checkpoint;
    struct ws_reader in;
    ws_arena_init(&arena, block->life.allocator);
    char *path = ws_chain_path(&arena, directory, chain->arm, chain->seed, ".checkpoint");
    enum ws_status status = path ? WS_OK : no_memory(err);
    if (status == WS_OK)
        status = read_checkpoint(directory, chain->arm, chain->seed, &arena, &checkpoint, err);
    if (status == WS_OK) {
        ws_reader_init(&in, checkpoint.chain);
        status = ws_chain_read(block, chain, &in, err);
        if (status == WS_OK && chain->next_step != checkpoint.next_step)
            status = ws_fail(err, WS_CORRUPT, "the checkpoint contradicts itself");
        if (status != WS_OK)
            ws_error_prefix(err, "'%s'", path);
    }
    if (status == WS_OK)
        chain->records_size = checkpoint.metrics_size;
    ws_arena_release(&arena);
    return status;
}

static enum ws_status append_records(const char *path, struct ws_chain *chain, uint64_t *size,
                                     struct ws_error *err)
{
    struct ws_append_file file;
    WS_TRY(ws_append_open(&file, path, chain->records_size, err));
    enum ws_status status = ws_append_write(&file, ws_buffer_bytes(&chain->records), path, err);
    if (status == WS_OK)
        status = ws_append_sync(&file, path, err);
    *size = file.size;
    ws_append_close(&file);
    return status;
}

static enum ws_status write_checkpoint(const char *directory, struct ws_chain *chain, uint64_t size,
                                       const struct ws_hash *hash, bool keep,
                                       struct ws_arena *arena, struct ws_buffer *bytes,
                                       struct ws_error *err)
{
    char suffix[48];
    (void)snprintf(suffix, sizeof suffix, ".%" PRIu32 ".checkpoint", chain->next_step - 1);
    char *path = ws_chain_path(arena, directory, chain->arm, chain->seed, ".checkpoint");
    char *kept = ws_chain_path(arena, directory, chain->arm, chain->seed, suffix);
    if (!path || !kept)
        return no_memory(err);
    WS_TRY(ws_checkpoint_write(chain, size, hash, bytes, err));
    if (keep)
        WS_TRY(ws_file_replace(kept, ws_buffer_bytes(bytes), err));
    return ws_file_replace(path, ws_buffer_bytes(bytes), err);
}

enum ws_status ws_chain_files_save(const char *directory, struct ws_chain *chain, bool keep,
                                   struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_buffer bytes;
    struct ws_hash hash;
    uint64_t size;
    ws_arena_init(&arena, chain->records.allocator);
    ws_buffer_init(&bytes, chain->records.allocator, SIZE_MAX);
    char *records = ws_chain_path(&arena, directory, chain->arm, chain->seed, ".jsonl");
    enum ws_status status = records ? WS_OK : no_memory(err);
    if (status == WS_OK)
        status = append_records(records, chain, &size, err);
    if (status == WS_OK)
        status = ws_file_hash(records, &hash, err);
    if (status == WS_OK)
        status = write_checkpoint(directory, chain, size, &hash, keep, &arena, &bytes, err);
    if (status == WS_OK) {
        chain->records_size = size;
        ws_buffer_reset(&chain->records);
    }
    ws_buffer_release(&bytes);
    ws_arena_release(&arena);
    return status;
}
