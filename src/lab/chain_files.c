#include "lab/chain_files.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "lab/run_directory.h"

static enum ws_status no_memory(struct ws_error *err)
{
    return ws_fail_memory(err, "a chain's files");
}

/* Opening -------------------------------------------------------------------------------------- */

struct ws_block_place ws_block_place(const char *directory, const struct ws_experiment *experiment,
                                     const struct ws_arm *arm, uint64_t first_seed)
{
    return (struct ws_block_place){directory, arm->directory, first_seed,
                                   ws_block_size(experiment)};
}

static char *place_path(const struct ws_block_place *place, struct ws_arena *arena,
                        const char *suffix)
{
    return ws_block_path(arena, place->directory, place->arm, place->first_seed, place->block,
                         suffix);
}

char *ws_block_files(struct ws_arena *arena, const char *directory,
                     const struct ws_experiment *experiment, const struct ws_arm *arm,
                     uint64_t seed)
{
    uint64_t block = ws_block_size(experiment);
    const struct ws_block_place place =
        ws_block_place(directory, experiment, arm, seed - (seed - 1) % block);
    return place_path(&place, arena, ".*");
}

static char *part_path(const struct ws_block_place *place, struct ws_arena *arena, uint32_t part,
                       uint32_t part_steps)
{
    char suffix[48];
    (void)snprintf(suffix, sizeof suffix, ".steps-%" PRIu64 "-%" PRIu64,
                   (uint64_t)part * part_steps, ((uint64_t)part + 1) * part_steps - 1);
    return place_path(place, arena, suffix);
}

/* Whether every chain is one of the place's. */
static enum ws_status check_seeds(const struct ws_checkpoint *chains,
                                  const struct ws_block_place *place, struct ws_error *err)
{
    for (size_t i = 0; i < chains->count; i++)
        if (chains->chains[i].seed < place->first_seed ||
            chains->chains[i].seed - place->first_seed >= place->block)
            return ws_fail(err, WS_CORRUPT, "the checkpoint is of another arm or seed");
    return WS_OK;
}

static enum ws_status open_file(char *path, const struct ws_block_place *place,
                                struct ws_arena *arena, struct ws_chains_file *out,
                                struct ws_error *err)
{
    *out = (struct ws_chains_file){.path = path};
    if (!path)
        return no_memory(err);
    WS_TRY(ws_file_map(path, &out->map, err));
    enum ws_status status = ws_checkpoint_open(out->map.bytes, arena, &out->chains, err);
    if (status == WS_OK)
        status = check_seeds(&out->chains, place, err);
    if (status != WS_OK) {
        ws_error_prefix(err, "'%s'", path);
        ws_chains_file_close(out);
    }
    return status;
}

enum ws_status ws_chain_files_open(const struct ws_block_place *place, struct ws_arena *arena,
                                   struct ws_chains_file *out, struct ws_error *err)
{
    return open_file(place_path(place, arena, ".checkpoint"), place, arena, out, err);
}

enum ws_status ws_chain_files_open_part(const struct ws_block_place *place, uint32_t part,
                                        uint32_t part_steps, struct ws_arena *arena,
                                        struct ws_chains_file *out, struct ws_error *err)
{
    char *path = part_path(place, arena, part, part_steps);
    enum ws_status status = open_file(path, place, arena, out, err);
    if (status == WS_NOT_FOUND)
        status = ws_fail(err, WS_CORRUPT, "'%s' is missing", path);
    return status;
}

void ws_chains_file_close(struct ws_chains_file *file)
{
    ws_file_unmap(&file->map);
}

/* The steps of the chains ---------------------------------------------------------------------- */

/* Cuts a chain's texts to what its checkpoint saw. What a run that was killed before its first
 * checkpoint left is cut to nothing. */
static enum ws_status cut_texts(const char *directory, const struct ws_arm *arm, uint64_t seed,
                                uint64_t size, struct ws_arena *arena, struct ws_error *err)
{
    struct ws_append_file file;
    char *path = ws_chain_path(arena, directory, arm, seed, ".texts.jsonl");
    if (!path)
        return no_memory(err);
    if (size == 0 && !ws_file_exists(path))
        return WS_OK;
    WS_TRY(ws_append_open(&file, path, size, err));
    ws_append_close(&file);
    return WS_OK;
}

/* Whether the file is of this arm, and whether the parts it builds on are there. */
static enum ws_status check_file(const struct ws_chains_file *file,
                                 const struct ws_block_place *place,
                                 const struct ws_experiment *experiment, const struct ws_arm *arm,
                                 struct ws_arena *arena, struct ws_error *err)
{
    const struct ws_checkpoint *chains = &file->chains;
    if (chains->arm_key != arm->key || chains->part_steps != ws_part_steps(experiment, arm))
        return ws_fail(err, WS_CORRUPT, "'%s': the checkpoint is of another arm or seed",
                       file->path);
    uint32_t parts = 0;
    for (size_t i = 0; i < chains->count; i++)
        if (chains->chains[i].next_step / chains->part_steps > parts)
            parts = chains->chains[i].next_step / chains->part_steps;
    for (uint32_t part = 0; part < parts; part++) {
        char *path = part_path(place, arena, part, chains->part_steps);
        if (!path)
            return no_memory(err);
        if (!ws_file_exists(path))
            return ws_fail(err, WS_CORRUPT, "'%s' is missing", path);
    }
    return WS_OK;
}

static enum ws_status find_steps(const char *directory, const struct ws_experiment *experiment,
                                 const struct ws_arm *arm, uint64_t first_seed, size_t count,
                                 struct ws_arena *arena, uint32_t steps[], struct ws_error *err)
{
    const struct ws_block_place place = ws_block_place(directory, experiment, arm, first_seed);
    struct ws_chains_file file;
    enum ws_status status = ws_chain_files_open(&place, arena, &file, err);
    bool found = status == WS_OK;
    if (found)
        status = check_file(&file, &place, experiment, arm, arena, err);
    else if (status == WS_NOT_FOUND)
        status = WS_OK;
    for (size_t c = 0; c < count && status == WS_OK; c++) {
        const struct ws_stored_chain *stored =
            found ? ws_checkpoint_find(&file.chains, first_seed + c) : NULL;
        steps[c] = stored ? stored->next_step : 0;
        if (place.block == 1)
            status =
                cut_texts(directory, arm, first_seed, stored ? stored->texts_size : 0, arena, err);
    }
    ws_chains_file_close(&file);
    return status;
}

enum ws_status ws_chain_files_steps(const char *directory, const struct ws_experiment *experiment,
                                    const struct ws_arm *arm, uint64_t first_seed, size_t count,
                                    const struct ws_allocator *allocator, uint32_t steps[],
                                    struct ws_error *err)
{
    struct ws_arena arena;
    ws_arena_init(&arena, allocator);
    enum ws_status status =
        find_steps(directory, experiment, arm, first_seed, count, &arena, steps, err);
    ws_arena_release(&arena);
    return status;
}

/* Loading -------------------------------------------------------------------------------------- */

/* What the chain's models made for its pool in the parts that are put aside. */
struct pool_parts {
    struct ws_chains_file *files;
    struct ws_bytes *outputs;
    size_t count;
};

static enum ws_status open_pool(const struct ws_block_place *place, const struct ws_chain *chain,
                                const struct ws_stored_chain *stored, uint32_t part_steps,
                                struct ws_arena *arena, struct pool_parts *out,
                                struct ws_error *err)
{
    uint32_t parts =
        ws_policy_keeps_outputs(&chain->arm->policy) ? stored->next_step / part_steps : 0;
    out->files = WS_ARENA_ZNEW(arena, struct ws_chains_file, parts);
    out->outputs = WS_ARENA_NEW(arena, struct ws_bytes, parts);
    if (!out->files || !out->outputs)
        return no_memory(err);
    for (; out->count < parts; out->count++) {
        struct ws_chains_file *file = &out->files[out->count];
        WS_TRY(ws_chain_files_open_part(place, (uint32_t)out->count, part_steps, arena, file, err));
        const struct ws_stored_chain *part = ws_checkpoint_find(&file->chains, chain->seed);
        if (!part)
            return ws_fail(err, WS_CORRUPT, "'%s' lacks seed %" PRIu64, file->path, chain->seed);
        out->outputs[out->count] = part->state;
    }
    return WS_OK;
}

static enum ws_status load_chain(const struct ws_block_place *place, struct ws_block *block,
                                 struct ws_chain *chain, const struct ws_chains_file *file,
                                 struct ws_arena *arena, struct pool_parts *pool,
                                 struct ws_error *err)
{
    const struct ws_stored_chain *stored = ws_checkpoint_find(&file->chains, chain->seed);
    if (!stored)
        return ws_fail(err, WS_CORRUPT, "'%s' lacks seed %" PRIu64, file->path, chain->seed);
    WS_TRY(open_pool(place, chain, stored, file->chains.part_steps, arena, pool, err));
    enum ws_status status =
        ws_chain_read(block, chain, stored->state, pool->outputs, pool->count, err);
    if (status == WS_OK && chain->next_step != stored->next_step)
        status = ws_fail(err, WS_CORRUPT, "the checkpoint contradicts itself");
    if (status == WS_OK)
        status = ws_records_resume(&chain->records, stored->records, err);
    if (status != WS_OK)
        ws_error_prefix(err, "'%s'", file->path);
    chain->texts_size = stored->texts_size;
    chain->saved_step = chain->next_step;
    return status;
}

enum ws_status ws_chain_files_load(const char *directory, struct ws_block *block, size_t c,
                                   const struct ws_chains_file *file, struct ws_error *err)
{
    struct ws_chain *chain = &block->chains[c];
    const struct ws_block_place place =
        ws_block_place(directory, block->experiment, block->arm, block->chains[0].seed);
    struct pool_parts pool = {.count = 0};
    struct ws_arena arena;
    ws_arena_init(&arena, block->life.allocator);
    enum ws_status status = load_chain(&place, block, chain, file, &arena, &pool, err);
    for (size_t i = 0; i < pool.count; i++)
        ws_chains_file_close(&pool.files[i]);
    ws_arena_release(&arena);
    return status;
}

/* Saving --------------------------------------------------------------------------------------- */

/* What a save of a block works with. */
struct save {
    struct ws_block *block;
    struct ws_block_place place;
    uint32_t part_steps;
    struct ws_arena arena;
    struct ws_buffer bytes; /* of the file that is being made */
};

/* Whether the chain itself, not its file, says where it is: one that has just failed does for the
 * last time. */
static bool is_live(const struct ws_chain *chain)
{
    return chain->started && !chain->reported && chain->next_step > 0;
}

static bool is_new(const struct ws_chain *chain)
{
    return is_live(chain) && chain->next_step != chain->saved_step;
}

static bool ends_part(const struct save *save, const struct ws_chain *chain)
{
    return is_new(chain) && chain->next_step % save->part_steps == 0;
}

static enum ws_status flush_texts(struct save *save, struct ws_chain *chain, struct ws_error *err)
{
    struct ws_append_file file;
    if (!is_live(chain) || chain->texts.size == 0)
        return WS_OK;
    char *path =
        ws_chain_path(&save->arena, save->place.directory, chain->arm, chain->seed, ".texts.jsonl");
    if (!path)
        return no_memory(err);
    WS_TRY(ws_append_open(&file, path, chain->texts_size, err));
    enum ws_status status = ws_append_write(&file, ws_buffer_bytes(&chain->texts), path, err);
    if (status == WS_OK)
        status = ws_append_sync(&file, path, err);
    ws_append_close(&file);
    return status;
}

/* Replaces a file of chains, by `replace`: those that are chosen as they are now, the others as
 * they are in the file that is there. */
static enum ws_status
replace_chains(struct save *save, char *path,
               bool (*chosen)(const struct save *, const struct ws_chain *),
               void (*add)(const struct ws_chain *, uint32_t, struct ws_buffer *),
               enum ws_status (*replace)(const char *, struct ws_bytes, struct ws_error *),
               struct ws_error *err)
{
    const struct ws_block *block = save->block;
    struct ws_chains_file old = {.path = NULL};
    size_t count = 0;
    for (size_t c = 0; c < block->count; c++)
        count += chosen(save, &block->chains[c]);
    if (!path)
        return no_memory(err);
    if (count < block->count && ws_file_exists(path))
        WS_TRY(open_file(path, &save->place, &save->arena, &old, err));
    ws_buffer_reset(&save->bytes);
    ws_checkpoint_begin(block->arm->key, save->part_steps, &save->bytes);
    for (size_t c = 0; c < block->count; c++) {
        const struct ws_chain *chain = &block->chains[c];
        const struct ws_stored_chain *stored =
            old.path ? ws_checkpoint_find(&old.chains, chain->seed) : NULL;
        if (chosen(save, chain))
            add(chain, save->part_steps, &save->bytes);
        else if (stored)
            ws_checkpoint_add(stored, &save->bytes);
    }
    enum ws_status status = ws_checkpoint_end(&save->bytes, err);
    if (status == WS_OK)
        status = replace(path, ws_buffer_bytes(&save->bytes), err);
    ws_chains_file_close(&old);
    return status;
}

/* Puts aside what a part holds that has become full. All chains that fill one do so at the same
 * step. */
static enum ws_status save_part(struct save *save, struct ws_error *err)
{
    struct ws_block *block = save->block;
    uint32_t step = 0;
    for (size_t c = 0; c < block->count; c++)
        if (ends_part(save, &block->chains[c]))
            step = block->chains[c].next_step;
    if (step == 0)
        return WS_OK;
    char *path =
        part_path(&save->place, &save->arena, step / save->part_steps - 1, save->part_steps);
    WS_TRY(replace_chains(save, path, ends_part, ws_checkpoint_add_part, ws_file_replace, err));
    for (size_t c = 0; c < block->count; c++)
        if (ends_part(save, &block->chains[c]))
            ws_records_reset(&block->chains[c].records);
    return WS_OK;
}

static bool goes_on(const struct save *save, const struct ws_chain *chain)
{
    (void)save;
    return is_live(chain);
}

/* A copy of the chain's checkpoint, alone. */
static enum ws_status keep_chain(struct save *save, const struct ws_chain *chain,
                                 struct ws_error *err)
{
    char suffix[48];
    (void)snprintf(suffix, sizeof suffix, ".%" PRIu32 ".checkpoint", chain->next_step - 1);
    char *path =
        ws_chain_path(&save->arena, save->place.directory, chain->arm, chain->seed, suffix);
    if (!path)
        return no_memory(err);
    ws_buffer_reset(&save->bytes);
    ws_checkpoint_begin(chain->arm->key, save->part_steps, &save->bytes);
    ws_checkpoint_add_chain(chain, save->part_steps, &save->bytes);
    WS_TRY(ws_checkpoint_end(&save->bytes, err));
    return ws_file_replace(path, ws_buffer_bytes(&save->bytes), err);
}

static enum ws_status save_block(struct save *save, bool keep, struct ws_error *err)
{
    struct ws_block *block = save->block;
    for (size_t c = 0; c < block->count; c++)
        WS_TRY(flush_texts(save, &block->chains[c], err));
    WS_TRY(save_part(save, err));
    for (size_t c = 0; keep && c < block->count; c++)
        if (is_live(&block->chains[c]))
            WS_TRY(keep_chain(save, &block->chains[c], err));
    /* After a power cut the one before it does as well. */
    return replace_chains(save, place_path(&save->place, &save->arena, ".checkpoint"), goes_on,
                          ws_checkpoint_add_chain, ws_file_replace_in_turn, err);
}

static void note_saved(const struct save *save, struct ws_chain *chain)
{
    if (!is_live(chain))
        return;
    chain->texts_size += chain->texts.size;
    ws_buffer_reset(&chain->texts);
    chain->saved_step = chain->next_step;
    /* Only families that handle their chains one by one store drafts. */
    if (save->place.block == 1)
        ws_chain_files_drop_drafts(save->place.directory, chain->arm, chain->seed,
                                   save->arena.allocator);
}

enum ws_status ws_chain_files_save(const char *directory, struct ws_block *block, bool keep,
                                   struct ws_error *err)
{
    struct save save = {
        .block = block,
        .place = ws_block_place(directory, block->experiment, block->arm, block->chains[0].seed),
        .part_steps = ws_part_steps(block->experiment, block->arm),
    };
    bool wanted = keep;
    for (size_t c = 0; c < block->count; c++)
        wanted = wanted || is_new(&block->chains[c]);
    if (!wanted)
        return WS_OK;
    ws_arena_init(&save.arena, block->life.allocator);
    ws_buffer_init(&save.bytes, block->life.allocator, SIZE_MAX);
    enum ws_status status = save_block(&save, keep, err);
    for (size_t c = 0; status == WS_OK && c < block->count; c++)
        note_saved(&save, &block->chains[c]);
    ws_buffer_release(&save.bytes);
    ws_arena_release(&save.arena);
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
    ws_arena_init(&arena, chain->texts.allocator);
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
