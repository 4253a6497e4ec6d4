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

static char *log_path(struct ws_arena *arena, const char *directory, const struct ws_arm *arm,
                      uint64_t seed, enum ws_log log)
{
    return ws_chain_path(arena, directory, arm, seed,
                         log == WS_LOG_RECORDS ? ".jsonl" : ".texts.jsonl");
}

/* Cuts the log to what a checkpoint saw and compares its hash. What a run that was killed before
 * its first checkpoint left is cut to nothing. */
static enum ws_status cut_log(const char *path, const struct ws_log_state *state,
                              struct ws_error *err)
{
    struct ws_append_file file;
    struct ws_hash hash;
    if (state->size == 0 && !ws_file_exists(path))
        return WS_OK;
    WS_TRY(ws_append_open(&file, path, state->size, err));
    ws_append_close(&file);
    if (state->size == 0)
        return WS_OK;
    WS_TRY(ws_file_hash(path, &hash, err));
    if (memcmp(hash.bytes, state->hash.bytes, WS_HASH_SIZE) != 0)
        return ws_fail(err, WS_CORRUPT,
                       "'%s' is damaged: it is not what its checkpoint saw; remove both to start "
                       "this chain anew",
                       path);
    return WS_OK;
}

enum ws_status ws_chain_files_step(const char *directory, const struct ws_arm *arm, uint64_t seed,
                                   const struct ws_allocator *allocator, uint32_t *out,
                                   struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_checkpoint checkpoint = {0};
    ws_arena_init(&arena, allocator);
    enum ws_status status = read_checkpoint(directory, arm, seed, &arena, &checkpoint, err);
    if (status == WS_NOT_FOUND)
        status = WS_OK;
    for (enum ws_log log = 0; log < WS_LOG_COUNT && status == WS_OK; log++) {
        char *path = log_path(&arena, directory, arm, seed, log);
        status = path ? cut_log(path, &checkpoint.logs[log], err) : no_memory(err);
    }
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
    if (status == WS_OK) {
        chain->records_size = checkpoint.logs[WS_LOG_RECORDS].size;
        chain->texts_size = checkpoint.logs[WS_LOG_TEXTS].size;
        chain->saved_step = chain->next_step;
    }
    ws_arena_release(&arena);
    return status;
}

/* Appends what waits behind the first `size` bytes. A log of nothing has no file. */
static enum ws_status append_log(const char *path, const struct ws_buffer *waiting, uint64_t size,
                                 struct ws_log_state *out, struct ws_error *err)
{
    struct ws_append_file file;
    *out = (struct ws_log_state){.size = size + waiting->size};
    if (out->size == 0)
        return WS_OK;
    if (waiting->size > 0) {
        WS_TRY(ws_append_open(&file, path, size, err));
        enum ws_status status = ws_append_write(&file, ws_buffer_bytes(waiting), path, err);
        if (status == WS_OK)
            status = ws_append_sync(&file, path, err);
        ws_append_close(&file);
        WS_TRY(status);
    }
    return ws_file_hash(path, &out->hash, err);
}

static enum ws_status append_logs(const char *directory, const struct ws_chain *chain,
                                  struct ws_arena *arena, struct ws_log_state out[WS_LOG_COUNT],
                                  struct ws_error *err)
{
    char *records = log_path(arena, directory, chain->arm, chain->seed, WS_LOG_RECORDS);
    char *texts = log_path(arena, directory, chain->arm, chain->seed, WS_LOG_TEXTS);
    if (!records || !texts)
        return no_memory(err);
    WS_TRY(append_log(records, &chain->records, chain->records_size, &out[WS_LOG_RECORDS], err));
    return append_log(texts, &chain->texts, chain->texts_size, &out[WS_LOG_TEXTS], err);
}

static enum ws_status write_checkpoint(const char *directory, struct ws_chain *chain,
                                       const struct ws_log_state logs[WS_LOG_COUNT], bool keep,
                                       struct ws_arena *arena, struct ws_buffer *bytes,
                                       struct ws_error *err)
{
    char suffix[48];
    (void)snprintf(suffix, sizeof suffix, ".%" PRIu32 ".checkpoint", chain->next_step - 1);
    char *path = ws_chain_path(arena, directory, chain->arm, chain->seed, ".checkpoint");
    char *kept = ws_chain_path(arena, directory, chain->arm, chain->seed, suffix);
    if (!path || !kept)
        return no_memory(err);
    WS_TRY(ws_checkpoint_write(chain, logs, bytes, err));
    if (keep)
        WS_TRY(ws_file_replace(kept, ws_buffer_bytes(bytes), err));
    return ws_file_replace(path, ws_buffer_bytes(bytes), err);
}

enum ws_status ws_chain_files_save(const char *directory, struct ws_chain *chain, bool keep,
                                   struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_buffer bytes;
    struct ws_log_state logs[WS_LOG_COUNT];
    ws_arena_init(&arena, chain->records.allocator);
    ws_buffer_init(&bytes, chain->records.allocator, SIZE_MAX);
    enum ws_status status = append_logs(directory, chain, &arena, logs, err);
    if (status == WS_OK)
        status = write_checkpoint(directory, chain, logs, keep, &arena, &bytes, err);
    if (status == WS_OK) {
        chain->records_size = logs[WS_LOG_RECORDS].size;
        chain->texts_size = logs[WS_LOG_TEXTS].size;
        chain->saved_step = chain->next_step;
        ws_buffer_reset(&chain->records);
        ws_buffer_reset(&chain->texts);
        ws_chain_files_drop_drafts(directory, chain->arm, chain->seed, arena.allocator);
    }
    ws_buffer_release(&bytes);
    ws_arena_release(&arena);
    return status;
}

/* Drafts --------------------------------------------------------------------------------------- */

static char *draft_path(struct ws_arena *arena, const char *directory, const struct ws_arm *arm,
                        uint64_t seed, enum ws_phase phase)
{
    static const char *const suffixes[WS_PHASE_COUNT] = {
        [WS_PHASE_OUTPUT] = ".output.draft",
        [WS_PHASE_FIT] = ".fit.draft",
        [WS_PHASE_SAMPLE] = ".sample.draft",
    };
    return ws_chain_path(arena, directory, arm, seed, suffixes[phase]);
}

static enum ws_status write_draft(const struct ws_stored_draft *draft, const char *path,
                                  struct ws_error *err)
{
    uint8_t header[WS_DRAFT_HEADER_SIZE];
    struct ws_hash hash;
    struct ws_file_draft file;
    WS_TRY(ws_stored_draft_frame(draft, header, &hash, err));
    WS_TRY(ws_file_draft_open(&file, path, err));
    enum ws_status status =
        ws_file_draft_write(&file, ws_bytes_of(header, sizeof header), path, err);
    if (status == WS_OK)
        status = ws_file_draft_write(&file, draft->bytes, path, err);
    if (status == WS_OK)
        status = ws_file_draft_write(&file, ws_bytes_of(hash.bytes, WS_HASH_SIZE), path, err);
    if (status == WS_OK)
        return ws_file_draft_keep(&file, path, err);
    ws_file_draft_drop(&file);
    return status;
}

enum ws_status ws_chain_files_save_draft(const char *directory, const struct ws_chain *chain,
                                         enum ws_phase phase, struct ws_bytes bytes,
                                         struct ws_error *err)
{
    const struct ws_stored_draft draft = {chain->arm->key, chain->seed, chain->next_step, phase,
                                          bytes};
    struct ws_arena arena;
    ws_arena_init(&arena, chain->records.allocator);
    char *path = draft_path(&arena, directory, chain->arm, chain->seed, phase);
    enum ws_status status = path ? write_draft(&draft, path, err) : no_memory(err);
    ws_arena_release(&arena);
    return status;
}

enum ws_status ws_chain_files_load_draft(const char *directory, const struct ws_chain *chain,
                                         enum ws_phase phase, struct ws_arena *arena,
                                         struct ws_bytes *out, struct ws_error *err)
{
    struct ws_bytes bytes;
    struct ws_stored_draft draft;
    *out = (struct ws_bytes){0};
    char *path = draft_path(arena, directory, chain->arm, chain->seed, phase);
    if (!path)
        return no_memory(err);
    enum ws_status status = ws_file_read(path, SIZE_MAX, arena, &bytes, err);
    if (status == WS_NOT_FOUND)
        return WS_OK;
    WS_TRY(status);
    if (ws_stored_draft_open(bytes, &draft, NULL) == WS_OK && draft.arm_key == chain->arm->key &&
        draft.seed == chain->seed && draft.step == chain->next_step && draft.phase == phase)
        *out = draft.bytes;
    return WS_OK;
}

void ws_chain_files_drop_drafts(const char *directory, const struct ws_arm *arm, uint64_t seed,
                                const struct ws_allocator *allocator)
{
    struct ws_arena arena;
    ws_arena_init(&arena, allocator);
    for (enum ws_phase phase = 0; phase < WS_PHASE_COUNT; phase++) {
        char *path = draft_path(&arena, directory, arm, seed, phase);
        if (path)
            (void)!ws_file_remove(path, NULL); /* one that stays is of another step */
    }
    ws_arena_release(&arena);
}
