#include "ledger/log_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/kept_checkpoints.h"
#include "ledger/log_copy.h"
#include "ledger/log_journal.h"
#include "ledger/log_reader.h"
#include "ledger/tile_writer.h"

enum {
    KEY_LIMIT = 4096,    /* bytes of a printed key */
    ADD_LIMIT = 1 << 30, /* bytes that are added at once */
};

/* Paths live in the arena that is given. */
static const char *path_of(struct ws_arena *arena, const char *directory, const char *name)
{
    return ws_arena_format(arena, "%s/%s", directory, name);
}

/* Checkpoints ---------------------------------------------------------------------------------- */

const char *ws_log_kept_checkpoint_path(struct ws_arena *arena, const char *directory,
                                        uint64_t size)
{
    const char *name = ws_kept_name(arena, size);
    return name ? path_of(arena, directory, name) : NULL;
}

static enum ws_status sign_checkpoint(const struct ws_checkpoint *checkpoint,
                                      const struct ws_note_signer *signer, struct ws_arena *arena,
                                      struct ws_bytes *out, struct ws_error *err)
{
    struct ws_buffer note;
    ws_buffer_init(&note, arena->allocator, WS_NOTE_LIMIT);
    ws_checkpoint_append(&note, checkpoint);
    struct ws_bytes text = {ws_arena_copy(arena, note.data, note.size), note.size};
    enum ws_status status = ws_buffer_check(&note, "a checkpoint", err);
    if (status == WS_OK && !text.data)
        status = ws_fail_memory(err, "a checkpoint");
    ws_buffer_u8(&note, '\n');
    if (status == WS_OK)
        status = ws_note_sign(&note, text, signer, 0, arena, err);
    *out = (struct ws_bytes){ws_arena_copy(arena, note.data, note.size), note.size};
    ws_buffer_release(&note);
    if (status == WS_OK && !out->data)
        status = ws_fail_memory(err, "a checkpoint");
    return status;
}

static const char SERVED[] = "checkpoint", PENDING[] = "pending";

/* From the checkpoint of `before` entries, which is kept, to that of `size`. */
static enum ws_status link_kept(const char *directory, uint64_t before, uint64_t size,
                                struct ws_arena *arena, struct ws_error *err)
{
    const char *name = ws_kept_next_name(arena, before);
    const char *path = name ? path_of(arena, directory, name) : NULL;
    const char *line = ws_arena_format(arena, "%" PRIu64 "\n", size);
    return path && line ? ws_file_place(path, ws_bytes_of_text(line), err)
                        : ws_fail_memory(err, "a checkpoint");
}

/* The one that is kept for ever comes first, so that what is published can be found there. */
static enum ws_status write_checkpoint(const char *directory, const char *name, uint64_t before,
                                       uint64_t size, struct ws_bytes note, struct ws_arena *arena,
                                       struct ws_error *err)
{
    const char *kept = ws_log_kept_checkpoint_path(arena, directory, size);
    const char *path = path_of(arena, directory, name);
    if (!kept || !path)
        return ws_fail_memory(err, "a checkpoint");
    WS_TRY(ws_file_place(kept, note, err));
    if (before < size)
        WS_TRY(link_kept(directory, before, size, arena, err));
    WS_TRY(ws_file_sync_all(directory, err));
    return ws_file_replace(path, note, err);
}

/* A checkpoint of the directory, as its key signed it. */
struct signed_checkpoint {
    struct ws_bytes note;
    struct ws_checkpoint it;
    uint32_t key;
    bool is_cosigned; /* others signed it, too */
};

static enum ws_status check_signature(struct ws_bytes key_text, struct ws_arena *arena,
                                      struct signed_checkpoint *checkpoint, struct ws_error *err)
{
    struct ws_note note;
    struct ws_note_key key;
    struct ws_note_proof proof;
    WS_TRY(ws_note_key_read(key_text, arena, &key, err));
    const struct ws_note_key *const keys[] = {&key};
    enum ws_status status = ws_note_read(checkpoint->note, arena, &note, err);
    if (status == WS_OK)
        status = ws_note_check(&note, keys, 1, arena, &proof, err);
    if (status == WS_OK)
        status = ws_checkpoint_read(note.text, arena, &checkpoint->it, err);
    if (status == WS_OK && (!proof.is_signed || strcmp(checkpoint->it.origin, key.name) != 0))
        status =
            ws_fail(err, WS_CORRUPT, "its checkpoint is not signed by its key '%.200s'", key.name);
    if (status == WS_OK)
        checkpoint->is_cosigned = note.signature_count > 1;
    checkpoint->key = key.id;
    ws_note_key_close(&key);
    return status;
}

/* The checkpoint of this name, signed by the key of the directory. */
static enum ws_status read_checkpoint(const char *directory, const char *name,
                                      struct ws_arena *arena, struct signed_checkpoint *out,
                                      struct ws_error *err)
{
    const char *path = path_of(arena, directory, name);
    const char *key_path = path_of(arena, directory, "vkey");
    struct ws_bytes key_text, rest;
    if (!path || !key_path)
        return ws_fail_memory(err, "a checkpoint");
    WS_TRY(ws_file_read(key_path, KEY_LIMIT, arena, &key_text, err));
    WS_TRY(ws_file_read(path, WS_NOTE_LIMIT, arena, &out->note, err));
    (void)ws_bytes_split(key_text, '\n', &key_text, &rest);
    return check_signature(key_text, arena, out, err);
}

/* What was served is the beginning of what was signed last. */
static enum ws_status check_served(const char *directory, const struct ws_checkpoint *served,
                                   const struct ws_checkpoint *last, struct ws_arena *arena,
                                   struct ws_error *err)
{
    struct ws_log_reader *reader = WS_ARENA_NEW(arena, struct ws_log_reader, 1);
    struct ws_hash root;
    if (!reader)
        return ws_fail_memory(err, "a log");
    ws_log_reader_init(reader, directory, last->size);
    const struct ws_merkle_nodes nodes = ws_log_reader_nodes(reader);
    WS_TRY(ws_merkle_root(&nodes, served->size, &root, err));
    if (!ws_hash_equal(&root, &served->root))
        return ws_fail(err, WS_CORRUPT,
                       "its checkpoints of %" PRIu64 " and of %" PRIu64
                       " entries contradict each other: somebody changed one",
                       served->size, last->size);
    return WS_OK;
}

/* The one that was signed last, which may wait for witnesses, and whether the log has any. */
static enum ws_status read_last(const char *directory, struct ws_arena *arena,
                                struct signed_checkpoint *out, bool *has_witnesses,
                                struct ws_error *err)
{
    struct signed_checkpoint served, pending;
    const char *path = path_of(arena, directory, PENDING);
    if (!path)
        return ws_fail_memory(err, "a checkpoint");
    WS_TRY(read_checkpoint(directory, SERVED, arena, &served, err));
    *has_witnesses = served.is_cosigned;
    *out = served;
    if (!ws_file_exists(path))
        return WS_OK;
    *has_witnesses = true;
    WS_TRY(read_checkpoint(directory, PENDING, arena, &pending, err));
    if (pending.it.size < served.it.size)
        return WS_OK;
    *out = pending;
    return check_served(directory, &served.it, &pending.it, arena, err);
}

/* The tiles at the right edge lead to the root that was signed, or somebody changed them. */
static enum ws_status check_root(const char *directory, const struct ws_checkpoint *checkpoint,
                                 const struct ws_allocator *allocator, struct ws_error *err)
{
    struct ws_tile_writer writer;
    struct ws_hash root;
    enum ws_status status =
        ws_tile_writer_open(&writer, directory, checkpoint->size, allocator, err);
    if (status == WS_OK)
        ws_tile_writer_root(&writer, &root);
    ws_tile_writer_release(&writer);
    WS_TRY(status);
    if (!ws_hash_equal(&root, &checkpoint->root))
        return ws_fail(err, WS_CORRUPT,
                       "its tiles do not lead to the root of its checkpoint of %" PRIu64
                       " entries: somebody changed them",
                       checkpoint->size);
    return WS_OK;
}

/* The journal ---------------------------------------------------------------------------------- */

/* A journal for what comes behind `first`; `write` is ws_file_replace or ws_file_place. */
static enum ws_status begin_journal(const char *directory, uint64_t first,
                                    enum ws_status write(const char *path, struct ws_bytes bytes,
                                                         struct ws_error *err),
                                    struct ws_arena *arena, struct ws_error *err)
{
    char storage[WS_JOURNAL_HEAD + 1];
    struct ws_buffer head;
    const char *path = path_of(arena, directory, "journal");
    if (!path)
        return ws_fail_memory(err, "a journal");
    ws_buffer_fix(&head, storage, sizeof storage);
    ws_journal_head(&head, first);
    return write(path, ws_buffer_bytes(&head), err);
}

/* Calls `visit` for each entry of the journal that the checkpoint does not cover; then says where
 * the journal ends. */
typedef enum ws_status journal_visit(void *user, struct ws_bytes entry, const struct ws_hash *leaf,
                                     struct ws_error *err);

static enum ws_status walk(struct ws_bytes bytes, uint64_t size, journal_visit *visit, void *user,
                           struct ws_journal *out, struct ws_error *err)
{
    struct ws_bytes entry;
    struct ws_hash leaf;
    WS_TRY(ws_journal_open(bytes, out, err));
    if (out->next > size)
        return ws_fail(err, WS_CORRUPT,
                       "its journal begins with entry %" PRIu64 " and its checkpoint has %" PRIu64,
                       out->next, size);
    while (ws_journal_next(out, &entry, &leaf))
        if (visit && out->next > size)
            WS_TRY(visit(user, entry, &leaf, err));
    return ws_journal_check_end(out, err);
}

static enum ws_status walk_journal(const char *path, uint64_t size, journal_visit *visit,
                                   void *user, struct ws_journal *out, struct ws_error *err)
{
    struct ws_mapped_file file;
    WS_TRY(ws_file_map(path, &file, err));
    enum ws_status status = walk(file.bytes, size, visit, user, out, err);
    ws_file_unmap(&file);
    return status;
}

/* Finds the journal's end, cuts what is torn behind it, and opens it there. Who was killed may have
 * written entries without syncing them, and what is written next says that all before it is on the
 * disk. */
static enum ws_status open_journal(struct ws_log_store *store, struct ws_error *err)
{
    struct ws_journal end;
    WS_TRY(walk_journal(store->journal_path, store->size, NULL, NULL, &end, err));
    store->count = end.next > store->size ? end.next : store->size;
    if (end.next < store->size) {
        /* All of it was published: its successor was not begun. */
        WS_TRY(begin_journal(store->directory, store->size, ws_file_replace, &store->arena, err));
        end.offset = WS_JOURNAL_HEAD;
    }
    WS_TRY(ws_append_open(&store->journal, store->journal_path, end.offset, err));
    return ws_append_sync(&store->journal, store->journal_path, err);
}

/* Opening -------------------------------------------------------------------------------------- */

static enum ws_status write_key(const char *directory, const struct ws_note_signer *signer,
                                struct ws_arena *arena, struct ws_error *err)
{
    struct ws_note_key key;
    struct ws_buffer text;
    const char *path = path_of(arena, directory, "vkey");
    if (!path)
        return ws_fail_memory(err, "a log");
    WS_TRY(ws_note_signer_key(signer, &key, err));
    ws_buffer_init(&text, arena->allocator, KEY_LIMIT);
    ws_note_key_append(&text, &key);
    ws_buffer_u8(&text, '\n');
    enum ws_status status = ws_buffer_check(&text, "a key", err);
    if (status == WS_OK)
        status = ws_file_place(path, ws_buffer_bytes(&text), err);
    ws_buffer_release(&text);
    ws_note_key_close(&key);
    return status;
}

/* What a maker that was stopped may have left. */
static bool is_of_a_maker(const char *name)
{
    static const char *const names[] = {"lock", "vkey", "journal", "checkpoints"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return strstr(name, WS_FILE_DRAFT) != NULL;
}

/* There is no log, nor anything else. */
static enum ws_status check_vacant(const char *directory, struct ws_arena *arena,
                                   struct ws_error *err)
{
    struct ws_names names;
    WS_TRY(ws_directory_list(directory, arena, &names, err));
    for (size_t i = 0; i < names.count; i++)
        if (!is_of_a_maker(names.items[i]))
            return ws_fail(err, WS_CONFLICT,
                           "'%.300s' is not empty: a new log wants a folder for itself", directory);
    return WS_OK;
}

/* The checkpoint comes last and is synced behind all the rest: without it there is no log. */
static enum ws_status write_empty(const char *directory, const struct ws_note_signer *signer,
                                  struct ws_arena *arena, struct ws_error *err)
{
    struct ws_checkpoint empty = {.origin = signer->name};
    struct ws_bytes note;
    ws_merkle_empty(&empty.root);
    WS_TRY(sign_checkpoint(&empty, signer, arena, &note, err));
    WS_TRY(check_vacant(directory, arena, err));
    WS_TRY(write_key(directory, signer, arena, err));
    WS_TRY(begin_journal(directory, 0, ws_file_place, arena, err));
    return write_checkpoint(directory, SERVED, 0, 0, note, arena, err);
}

static enum ws_status make(const char *directory, const struct ws_note_signer *signer,
                           struct ws_arena *arena, struct ws_error *err)
{
    int lock;
    const char *path = path_of(arena, directory, "lock");
    if (!path)
        return ws_fail_memory(err, "a log");
    WS_TRY(ws_directory_place(directory, err));
    WS_TRY(check_vacant(directory, arena, err));
    WS_TRY(ws_lock_take(path, &lock, err));
    enum ws_status status = write_empty(directory, signer, arena, err);
    ws_lock_drop(lock);
    return status;
}

enum ws_status ws_log_make(const char *directory, const struct ws_note_signer *signer,
                           struct ws_error *err)
{
    struct ws_arena arena;
    if (signer->type != WS_KEY_ED25519)
        return ws_fail(err, WS_INVALID, "a log signs with a key of type 1, not with a witness's");
    ws_arena_init(&arena, NULL);
    enum ws_status status = make(directory, signer, &arena, err);
    ws_arena_release(&arena);
    return status;
}

/* The directory, too, for a file `lock` that somebody takes for a leftover and removes would be no
 * lock for who comes next. */
static enum ws_status take_locks(struct ws_log_store *store, struct ws_error *err)
{
    const char *path = path_of(&store->arena, store->directory, "lock");
    if (!path)
        return ws_fail_memory(err, "a log");
    WS_TRY(ws_lock_take(path, &store->lock, err));
    return ws_lock_directory(store->directory, &store->directory_lock, err);
}

static enum ws_status open_store(struct ws_log_store *store, struct ws_error *err)
{
    struct signed_checkpoint last;
    store->journal_path = path_of(&store->arena, store->directory, "journal");
    if (!store->journal_path)
        return ws_fail_memory(err, "a log");
    WS_TRY(read_checkpoint(store->directory, SERVED, &store->arena, &last, err));
    WS_TRY(take_locks(store, err));
    /* Only now: another process may have published before it let go. */
    WS_TRY(read_last(store->directory, &store->arena, &last, &store->has_witnesses, err));
    WS_TRY(check_root(store->directory, &last.it, store->allocator, err));
    store->origin = last.it.origin;
    store->key = last.key;
    store->size = last.it.size;
    store->is_marked = ws_log_copy_is_confirmed(store->directory, &store->arena);
    return open_journal(store, err);
}

enum ws_status ws_log_open(const char *directory, const struct ws_allocator *allocator,
                           struct ws_log_store *out, struct ws_error *err)
{
    struct ws_log_store store = {
        .allocator = allocator, .lock = -1, .directory_lock = -1, .journal.descriptor = -1};
    ws_arena_init(&store.arena, allocator);
    store.directory = ws_arena_text(&store.arena, directory);
    enum ws_status status =
        store.directory ? open_store(&store, err) : ws_fail_memory(err, "a log");
    if (status != WS_OK && status != WS_BUSY)
        ws_error_prefix(err, "log '%.200s'", directory);
    if (status != WS_OK)
        ws_log_close(&store);
    else
        *out = store;
    return status;
}

void ws_log_close(struct ws_log_store *store)
{
    if (store->directory) {
        ws_append_close(&store->journal);
        ws_lock_drop(store->directory_lock);
        ws_lock_drop(store->lock);
    }
    ws_arena_release(&store->arena);
    store->directory = NULL;
}

/* Growing -------------------------------------------------------------------------------------- */

static enum ws_status keep(struct ws_log_store *store, struct ws_bytes records,
                           struct ws_error *err)
{
    uint64_t before = store->journal.size;
    WS_TRY(ws_append_write(&store->journal, records, store->journal_path, err));
    enum ws_status status = ws_append_sync(&store->journal, store->journal_path, err);
    if (status != WS_OK) {
        /* Entries that nobody was promised are cut off, or a shorter one written over them would
         * leave the rest for entries that nobody added. */
        ws_append_close(&store->journal);
        (void)!ws_append_open(&store->journal, store->journal_path, before, NULL);
    }
    return status;
}

/* An older copy, perhaps a backup, acknowledges nothing: the log would not have it. */
static enum ws_status check_copy(const struct ws_log_store *store, struct ws_error *err)
{
    if (!store->has_witnesses || store->is_confirmed || store->is_marked)
        return WS_OK;
    return ws_fail(err, WS_BUSY,
                   "this copy of the log '%.200s' takes no entries before its witnesses have "
                   "confirmed that it is the newest: 'ledger publish' asks them",
                   store->origin);
}

enum ws_status ws_log_add(struct ws_log_store *store, const struct ws_bytes entries[], size_t count,
                          uint64_t *first, struct ws_error *err)
{
    struct ws_buffer records;
    for (size_t i = 0; i < count; i++)
        if (entries[i].size > WS_ENTRY_LIMIT)
            return ws_fail(err, WS_LIMIT, "an entry of %zu bytes; the most is %d", entries[i].size,
                           WS_ENTRY_LIMIT);
    WS_TRY(check_copy(store, err));
    if (store->journal.descriptor < 0) /* something failed that may work now */
        WS_TRY(open_journal(store, err));
    ws_buffer_init(&records, store->allocator, ADD_LIMIT);
    for (size_t i = 0; i < count; i++)
        ws_journal_append(&records, entries[i], i == 0);
    enum ws_status status = ws_buffer_check(&records, "the entries that are added", err);
    if (status == WS_OK)
        status = keep(store, ws_buffer_bytes(&records), err);
    ws_buffer_release(&records);
    WS_TRY(status);
    *first = store->count;
    store->count += count;
    return WS_OK;
}

static enum ws_status add_to_tiles(void *user, struct ws_bytes entry, const struct ws_hash *leaf,
                                   struct ws_error *err)
{
    return ws_tile_writer_add(user, entry, leaf, err);
}

/* Bundles and tiles of what waits in the journal, and the root that they lead to. */
static enum ws_status write_tiles(struct ws_log_store *store, struct ws_checkpoint *out,
                                  struct ws_error *err)
{
    struct ws_tile_writer writer;
    struct ws_journal end;
    enum ws_status status =
        ws_tile_writer_open(&writer, store->directory, store->size, store->allocator, err);
    if (status == WS_OK)
        status = walk_journal(store->journal_path, store->size, add_to_tiles, &writer, &end, err);
    if (status == WS_OK)
        status = ws_tile_writer_finish(&writer, err);
    if (status == WS_OK && writer.size != store->count)
        status = ws_fail(err, WS_CORRUPT, "the journal holds %" PRIu64 " entries, wanted %" PRIu64,
                         writer.size, store->count);
    out->size = writer.size;
    if (status == WS_OK)
        ws_tile_writer_root(&writer, &out->root);
    ws_tile_writer_release(&writer);
    return status;
}

/* A checkpoint was written, and with it the copy has another name. */
static enum ws_status renew_mark(const struct ws_log_store *store, struct ws_arena *arena,
                                 struct ws_error *err)
{
    return store->is_confirmed ? ws_log_copy_confirm(store->directory, arena, err) : WS_OK;
}

/* Writes, signs, and leaves the checkpoint in the file of this name. */
static enum ws_status sign(struct ws_log_store *store, const struct ws_note_signer *signer,
                           const char *name, struct ws_arena *arena, struct ws_error *err)
{
    struct ws_checkpoint checkpoint = {.origin = store->origin};
    struct ws_bytes note;
    WS_TRY(write_tiles(store, &checkpoint, err));
    WS_TRY(sign_checkpoint(&checkpoint, signer, arena, &note, err));
    WS_TRY(
        write_checkpoint(store->directory, name, store->size, checkpoint.size, note, arena, err));
    store->size = checkpoint.size;
    ws_append_close(&store->journal);
    WS_TRY(begin_journal(store->directory, store->size, ws_file_replace, arena, err));
    WS_TRY(ws_append_open(&store->journal, store->journal_path, WS_JOURNAL_HEAD, err));
    return renew_mark(store, arena, err);
}

static enum ws_status sign_by_its_key(struct ws_log_store *store,
                                      const struct ws_note_signer *signer, const char *name,
                                      struct ws_error *err)
{
    struct ws_arena arena;
    if (signer->id != store->key || strcmp(signer->name, store->origin) != 0)
        return ws_fail(err, WS_INVALID,
                       "the key %.200s+%08" PRIx32 " is not that of this log, %.200s+%08" PRIx32,
                       signer->name, signer->id, store->origin, store->key);
    if (store->count == store->size)
        return WS_OK; /* it would be the same again, byte for byte */
    ws_arena_init(&arena, store->allocator);
    enum ws_status status = sign(store, signer, name, &arena, err);
    ws_arena_release(&arena);
    return status;
}

enum ws_status ws_log_publish(struct ws_log_store *store, const struct ws_note_signer *signer,
                              struct ws_error *err)
{
    if (store->has_witnesses)
        return ws_fail(err, WS_CONFLICT,
                       "the log '%.200s' has witnesses, who cosign before it publishes: give the "
                       "policy that names them",
                       store->origin);
    return sign_by_its_key(store, signer, SERVED, err);
}

/* With witnesses ------------------------------------------------------------------------------- */

enum ws_status ws_log_last_signed(const struct ws_log_store *store, struct ws_arena *arena,
                                  struct ws_bytes *out, struct ws_error *err)
{
    struct signed_checkpoint last;
    bool has_witnesses;
    WS_TRY(read_last(store->directory, arena, &last, &has_witnesses, err));
    *out = last.note;
    return WS_OK;
}

enum ws_status ws_log_set_confirmed(struct ws_log_store *store, bool is_confirmed,
                                    struct ws_error *err)
{
    struct ws_arena arena;
    enum ws_status status = WS_OK;
    store->is_confirmed = is_confirmed;
    ws_arena_init(&arena, store->allocator);
    if (!is_confirmed)
        status = ws_log_copy_disown(store->directory, &arena, err);
    else
        status = ws_log_copy_confirm(store->directory, &arena, err);
    ws_arena_release(&arena);
    store->is_marked = is_confirmed && status == WS_OK;
    return status;
}

enum ws_status ws_log_sign(struct ws_log_store *store, const struct ws_note_signer *signer,
                           struct ws_error *err)
{
    if (!store->is_confirmed)
        return ws_fail(err, WS_BUSY, "the witnesses of '%.200s' have not confirmed its size",
                       store->origin);
    store->has_witnesses = true;
    return sign_by_its_key(store, signer, PENDING, err);
}

static enum ws_status serve(const struct ws_log_store *store, struct ws_bytes note,
                            struct ws_bytes kept, struct ws_arena *arena, struct ws_error *err)
{
    const char *path = path_of(arena, store->directory, SERVED);
    const char *kept_path = ws_log_kept_checkpoint_path(arena, store->directory, store->size);
    if (!path || !kept_path)
        return ws_fail_memory(err, "a checkpoint");
    WS_TRY(ws_file_replace(kept_path, kept, err));
    WS_TRY(ws_file_replace(path, note, err));
    return renew_mark(store, arena, err);
}

enum ws_status ws_log_serve(struct ws_log_store *store, struct ws_bytes note, struct ws_bytes kept,
                            struct ws_error *err)
{
    struct ws_arena arena;
    ws_arena_init(&arena, store->allocator);
    enum ws_status status = serve(store, note, kept, &arena, err);
    ws_arena_release(&arena);
    if (status == WS_OK)
        store->has_witnesses = true;
    return status;
}
