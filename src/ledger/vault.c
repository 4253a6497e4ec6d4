#include "ledger/vault.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger/statement.h"
#include "ledger/trust.h"

enum {
    HEAD_LIMIT = 4096,
    PENDING_LIMIT = 1 << 30,
    FIRST_ROOM = 64,
};

static const char HEAD[] = "vault.json", RECORDS[] = "records", LOCK[] = "lock",
                  OBJECTS[] = "objects", NEW[] = "new";

/* A place in the table of items: number of the item's last record, and 1. */
struct ws_vault_slot {
    uint64_t record;
};

enum { PATH_SIZE = PATH_MAX };

static enum ws_status path_of(const char *directory, const char *name, char out[PATH_SIZE],
                              struct ws_error *err)
{
    int size = snprintf(out, PATH_SIZE, "%s/%s", directory, name);
    if (size < 0 || size >= PATH_SIZE)
        return ws_fail(err, WS_LIMIT, "'%.200s...' is too long for a path", directory);
    return WS_OK;
}

/* objects/ab/cdef... .zst */
static enum ws_status object_path(const char *directory, const struct ws_hash *item,
                                  char out[PATH_SIZE], struct ws_error *err)
{
    char text[WS_HASH_TEXT_SIZE], name[WS_HASH_TEXT_SIZE + 32];
    ws_hash_text(item, text);
    (void)snprintf(name, sizeof name, "%s/%.2s/%s.zst", OBJECTS, text, text + 2);
    return path_of(directory, name, out, err);
}

/* The table of items --------------------------------------------------------------------------- */

/* Where an item's slot is, or would be. */
static struct ws_vault_slot *slot_of(const struct ws_vault *vault, const struct ws_hash *item)
{
    size_t i = (size_t)ws_hash_u64(item) & (vault->slot_count - 1);
    while (vault->slots[i].record > 0 &&
           memcmp(&vault->records[vault->slots[i].record - 1].item, item, sizeof *item) != 0)
        i = (i + 1) & (vault->slot_count - 1);
    return &vault->slots[i];
}

const struct ws_vault_record *ws_vault_find(const struct ws_vault *vault,
                                            const struct ws_hash *item)
{
    if (vault->slot_count == 0)
        return NULL;
    uint64_t record = slot_of(vault, item)->record;
    return record > 0 ? &vault->records[record - 1] : NULL;
}

static bool is_there(const struct ws_vault_record *last)
{
    return last && !last->is_removal;
}

/* Room for one record more; slots are at most half full. */
static enum ws_status grow(struct ws_vault *vault, struct ws_error *err)
{
    if (vault->count < vault->room)
        return WS_OK;
    size_t room = vault->room ? 2 * vault->room : FIRST_ROOM;
    struct ws_vault_record *records = WS_ARENA_NEW(&vault->arena, struct ws_vault_record, room);
    uint64_t *earlier = WS_ARENA_NEW(&vault->arena, uint64_t, room);
    struct ws_vault_slot *slots = WS_ARENA_ZNEW(&vault->arena, struct ws_vault_slot, 2 * room);
    if (!records || !earlier || !slots)
        return ws_fail_memory(err, "the records of a vault");
    if (vault->count > 0) {
        memcpy(records, vault->records, vault->count * sizeof *records);
        memcpy(earlier, vault->earlier, vault->count * sizeof *earlier);
    }
    vault->records = records;
    vault->earlier = earlier;
    vault->slots = slots;
    vault->room = room;
    vault->slot_count = 2 * room;
    for (size_t i = 0; i < vault->count; i++)
        slot_of(vault, &records[i].item)->record = i + 1;
    return WS_OK;
}

static enum ws_status note_record(struct ws_vault *vault, const struct ws_vault_record *record,
                                  struct ws_error *err)
{
    WS_TRY(grow(vault, err));
    struct ws_vault_slot *slot = slot_of(vault, &record->item);
    vault->records[vault->count] = *record;
    vault->earlier[vault->count] = slot->record;
    slot->record = ++vault->count;
    return WS_OK;
}

/* Reading -------------------------------------------------------------------------------------- */

static enum ws_status read_head(const char *directory, struct ws_arena *arena,
                                struct ws_vault_head *out, struct ws_error *err)
{
    char path[PATH_SIZE];
    struct ws_bytes text;
    WS_TRY(path_of(directory, HEAD, path, err));
    enum ws_status status = ws_file_read(path, HEAD_LIMIT, arena, &text, err);
    if (status == WS_NOT_FOUND)
        return ws_fail(err, WS_NOT_FOUND, "there is no vault in '%.300s'", directory);
    WS_TRY(status);
    status = ws_vault_head_read(text, out, err);
    if (status != WS_OK)
        ws_error_prefix(err, "'%.200s'", directory);
    return status;
}

/* What is told of lines that are no records; NULL where the first one is the end of it. */
struct line_visit {
    ws_vault_damage *tell;
    void *user;
    uint64_t damages;
};

static enum ws_status bad_line(const char *directory, uint64_t number, struct line_visit *visit,
                               enum ws_status status, struct ws_error *err)
{
    char what[32];
    if (status != WS_CORRUPT || !visit) {
        ws_error_prefix(err, "'%.200s/%s', line %" PRIu64, directory, RECORDS, number);
        return status;
    }
    (void)snprintf(what, sizeof what, "line %" PRIu64, number);
    visit->tell(visit->user, NULL, what, err ? err->message : ws_status_phrase(status));
    visit->damages++;
    return WS_OK;
}

/* Where the lines end: they are as many as the head says, and the last has its digits. What does
 * not end is the line behind the last whole one. */
static enum ws_status check_end(struct ws_vault *vault, uint64_t lines, const struct ws_hash *chain,
                                uint64_t size, bool is_whole, struct line_visit *visit,
                                struct ws_error *err)
{
    const struct ws_vault_head *head = &vault->head;
    if (size < head->bytes)
        return bad_line(vault->directory, lines + 1, visit,
                        ws_fail(err, WS_CORRUPT,
                                "it is cut short, or gone: the records end after %" PRIu64
                                " bytes of the %" PRIu64 " that %s says",
                                size, head->bytes, HEAD),
                        err);
    if (is_whole && lines == head->records && memcmp(chain, &head->chain, sizeof *chain) == 0)
        return WS_OK;
    return bad_line(vault->directory, is_whole ? lines : lines + 1, visit,
                    ws_fail(err, WS_CORRUPT,
                            "the records end otherwise than %s says, after %" PRIu64
                            " and not %" PRIu64,
                            HEAD, lines, head->records),
                    err);
}

static enum ws_status read_lines(struct ws_vault *vault, struct ws_bytes text,
                                 struct line_visit *visit, struct ws_error *err)
{
    const uint64_t size = text.size;
    struct ws_hash chain = {{0}};
    struct ws_bytes line;
    uint64_t number = 0;
    while (ws_bytes_split(text, '\n', &line, &text)) {
        struct ws_vault_record record;
        number++;
        enum ws_status status = ws_vault_record_read(line, &chain, &vault->arena, &record, err);
        if (status == WS_OK)
            WS_TRY(note_record(vault, &record, err));
        else
            WS_TRY(bad_line(vault->directory, number, visit, status, err));
    }
    return check_end(vault, number, &chain, size, text.size == 0, visit, err);
}

/* As many bytes as the head says: what lies behind them counts for nothing. */
static enum ws_status read_records(struct ws_vault *vault, struct line_visit *visit,
                                   struct ws_error *err)
{
    char path[PATH_SIZE];
    struct ws_mapped_file file = {{NULL, 0}};
    WS_TRY(path_of(vault->directory, RECORDS, path, err));
    if (vault->head.bytes == 0)
        return WS_OK;
    WS_TRY(ws_file_map(path, &file, err));
    struct ws_bytes text = file.bytes;
    if (text.size > vault->head.bytes)
        text.size = vault->head.bytes;
    enum ws_status status = read_lines(vault, text, visit, err);
    ws_file_unmap(&file);
    return status;
}

static void begin(struct ws_vault *vault, const char *directory)
{
    *vault = (struct ws_vault){.directory = directory, .lock = -1, .file = {.descriptor = -1}};
    ws_arena_init(&vault->arena, NULL);
    ws_buffer_init(&vault->pending, NULL, PENDING_LIMIT);
}

/* Writing -------------------------------------------------------------------------------------- */

static enum ws_status write_head(const char *directory, const struct ws_vault_head *head,
                                 struct ws_error *err)
{
    struct ws_buffer text;
    char path[PATH_SIZE];
    WS_TRY(path_of(directory, HEAD, path, err));
    ws_buffer_init(&text, NULL, HEAD_LIMIT);
    ws_vault_head_append(&text, head);
    enum ws_status status = ws_buffer_check(&text, HEAD, err);
    if (status == WS_OK)
        status = ws_file_replace(path, ws_buffer_bytes(&text), err);
    ws_buffer_release(&text);
    return status;
}

enum ws_status ws_vault_make(const char *directory, struct ws_error *err)
{
    char path[PATH_SIZE];
    struct ws_arena arena;
    struct ws_names names = {NULL, 0};
    WS_TRY(path_of(directory, OBJECTS, path, err));
    WS_TRY(ws_directory_make(directory, err));
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_directory_list(directory, &arena, &names, err);
    ws_arena_release(&arena);
    WS_TRY(status);
    if (names.count > 0)
        return ws_fail(err, WS_CONFLICT,
                       "'%.300s' is not empty: a vault is made in a new directory", directory);
    WS_TRY(ws_directory_make(path, err));
    return write_head(directory, &(struct ws_vault_head){.records = 0}, err);
}

/* A removal that was cut short is done to its end. */
static enum ws_status finish_removals(const struct ws_vault *vault, struct ws_error *err)
{
    char path[PATH_SIZE];
    for (size_t i = 0; i < vault->count; i++) {
        if (!vault->records[i].is_removal)
            continue;
        WS_TRY(object_path(vault->directory, &vault->records[i].item, path, err));
        WS_TRY(ws_file_remove(path, err));
    }
    return WS_OK;
}

/* What a killed writer was about to write. */
static enum ws_status remove_drafts(const char *directory, const char *of, struct ws_arena *arena,
                                    struct ws_error *err)
{
    char path[PATH_SIZE];
    struct ws_names names;
    const size_t size = strlen(of);
    WS_TRY(ws_directory_list(directory, arena, &names, err));
    for (size_t i = 0; i < names.count; i++) {
        if (strncmp(names.items[i], of, size) != 0 ||
            strncmp(names.items[i] + size, WS_FILE_DRAFT, strlen(WS_FILE_DRAFT)) != 0)
            continue;
        WS_TRY(path_of(directory, names.items[i], path, err));
        WS_TRY(ws_file_remove(path, err));
    }
    return WS_OK;
}

static enum ws_status take_lock(struct ws_vault *vault, struct ws_error *err)
{
    char path[PATH_SIZE];
    WS_TRY(path_of(vault->directory, LOCK, path, err));
    return ws_lock_take(path, &vault->lock, err);
}

static enum ws_status prepare_to_write(struct ws_vault *vault, struct ws_error *err)
{
    char path[PATH_SIZE];
    WS_TRY(path_of(vault->directory, RECORDS, path, err));
    WS_TRY(ws_append_open(&vault->file, path, vault->head.bytes, err));
    WS_TRY(remove_drafts(vault->directory, HEAD, &vault->arena, err));
    WS_TRY(path_of(vault->directory, OBJECTS, path, err));
    WS_TRY(remove_drafts(path, NEW, &vault->arena, err));
    return finish_removals(vault, err);
}

enum ws_status ws_vault_open(const char *directory, bool to_write, struct ws_vault *out,
                             struct ws_error *err)
{
    begin(out, directory);
    enum ws_status status = read_head(directory, &out->arena, &out->head, err);
    if (status == WS_OK && to_write) {
        status = take_lock(out, err);
        if (status == WS_OK) /* as it is once nobody else can write */
            status = read_head(directory, &out->arena, &out->head, err);
    }
    if (status == WS_OK)
        status = read_records(out, NULL, err);
    if (status == WS_OK && to_write)
        status = prepare_to_write(out, err);
    if (status != WS_OK)
        ws_vault_close(out);
    return status;
}

void ws_vault_close(struct ws_vault *vault)
{
    ws_append_close(&vault->file);
    ws_lock_drop(vault->lock);
    ws_buffer_release(&vault->pending);
    ws_arena_release(&vault->arena);
}

static enum ws_status copy_texts(struct ws_vault *vault, struct ws_vault_record *record,
                                 struct ws_error *err)
{
    const char **texts[] = {&record->time, &record->captured, &record->origin, &record->reason};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (*texts[i] && !(*texts[i] = ws_arena_text(&vault->arena, *texts[i])))
            return ws_fail_memory(err, "a record");
    return WS_OK;
}

static enum ws_status add_record(struct ws_vault *vault, struct ws_vault_record record,
                                 struct ws_error *err)
{
    WS_TRY(ws_vault_record_check(&record, err));
    WS_TRY(copy_texts(vault, &record, err));
    WS_TRY(ws_vault_record_append(&vault->pending, &record, &vault->head.chain, err));
    return note_record(vault, &record, err);
}

enum ws_status ws_vault_commit(struct ws_vault *vault, struct ws_error *err)
{
    if (vault->pending.size == 0)
        return WS_OK;
    WS_TRY(ws_append_write(&vault->file, ws_buffer_bytes(&vault->pending), RECORDS, err));
    WS_TRY(ws_append_sync(&vault->file, RECORDS, err));
    ws_buffer_reset(&vault->pending);
    vault->head.records = vault->count;
    vault->head.bytes = vault->file.size;
    return write_head(vault->directory, &vault->head, err);
}

static enum ws_status write_piece(void *user, struct ws_bytes piece, struct ws_error *err)
{
    return ws_file_draft_write(user, piece, "an item", err);
}

/* Whether one of an item's records, of which `last` is the last one's number and 1, says this. */
static bool has_record(const struct ws_vault *vault, uint64_t last, const char *captured,
                       const char *origin)
{
    for (; last > 0; last = vault->earlier[last - 1]) {
        const struct ws_vault_record *record = &vault->records[last - 1];
        if (strcmp(record->captured, captured) == 0 && strcmp(record->origin, origin) == 0)
            return true;
    }
    return false;
}

static enum ws_vault_outcome outcome_of(const struct ws_vault *vault, const struct ws_hash *item,
                                        const char *captured, const char *origin)
{
    const struct ws_vault_record *last = ws_vault_find(vault, item);
    if (!last)
        return WS_VAULT_NEW;
    if (last->is_removal)
        return WS_VAULT_REMOVED;
    const uint64_t number = (uint64_t)(last - vault->records) + 1;
    return has_record(vault, number, captured, origin) ? WS_VAULT_SAME : WS_VAULT_KNOWN;
}

/* The object is on the disk before its record is. */
static enum ws_status keep_object(struct ws_vault *vault, struct ws_file_draft *draft,
                                  const struct ws_hash *item, struct ws_error *err)
{
    char path[PATH_SIZE], *slash;
    enum ws_status status = object_path(vault->directory, item, path, err);
    if (status == WS_OK) {
        slash = strrchr(path, '/');
        *slash = '\0';
        status = ws_directory_make(path, err);
        *slash = '/';
    }
    if (status == WS_OK)
        return ws_file_draft_keep(draft, path, err);
    ws_file_draft_drop(draft);
    return status;
}

static enum ws_status check_object(const struct ws_vault *vault,
                                   const struct ws_vault_record *record, ws_piece_sink *sink,
                                   void *user, struct ws_error *err)
{
    char path[PATH_SIZE];
    struct ws_measured measured;
    WS_TRY(object_path(vault->directory, &record->item, path, err));
    enum ws_status status = ws_decompress(path, record->bytes, sink, user, &measured, err);
    if (status == WS_NOT_FOUND)
        return ws_fail(err, WS_CORRUPT, "its bytes are gone: there is no '%.300s'", path);
    if (status == WS_LIMIT)
        return ws_fail(err, WS_CORRUPT, "'%.300s' has other bytes than were put in", path);
    WS_TRY(status);
    if (measured.size != record->bytes ||
        memcmp(&measured.digest, &record->item, sizeof measured.digest) != 0)
        return ws_fail(err, WS_CORRUPT, "'%.300s' has other bytes than were put in", path);
    return WS_OK;
}

/* Who adds an item again may throw his own away: what is kept here is looked through. */
static enum ws_status find_damage(const struct ws_vault *vault, const struct ws_hash *item,
                                  enum ws_vault_outcome *outcome, struct ws_error *err)
{
    struct ws_error why;
    if (*outcome != WS_VAULT_KNOWN && *outcome != WS_VAULT_SAME)
        return WS_OK;
    const enum ws_status status = check_object(vault, ws_vault_find(vault, item), NULL, NULL, &why);
    if (status == WS_CORRUPT)
        *outcome = WS_VAULT_MENDED;
    else if (status != WS_OK)
        *err = why;
    return status == WS_CORRUPT ? WS_OK : status;
}

static enum ws_status check_capture(const char *captured, const char *time, struct ws_error *err)
{
    if (ws_statement_seconds(captured) <= ws_statement_seconds(time) + WS_TRUST_SKEW)
        return WS_OK;
    return ws_fail(err, WS_INVALID, "its time of capture is '%s', and now is '%s'", captured, time);
}

enum ws_status ws_vault_put(struct ws_vault *vault, int descriptor, const char *name,
                            const char *time, const char *captured, const char *origin,
                            struct ws_hash *item, enum ws_vault_outcome *outcome,
                            struct ws_error *err)
{
    char path[PATH_SIZE], new_path[PATH_SIZE];
    struct ws_file_draft draft;
    struct ws_measured measured;
    struct ws_vault_record record = {.time = time, .captured = captured, .origin = origin};
    WS_TRY(ws_vault_record_check(&record, err));
    WS_TRY(check_capture(captured, time, err));
    WS_TRY(path_of(vault->directory, OBJECTS, path, err));
    WS_TRY(path_of(path, NEW, new_path, err));
    WS_TRY(ws_file_draft_open(&draft, new_path, err));
    enum ws_status status = ws_compress(descriptor, name, write_piece, &draft, &measured, err);
    bool says_more = false;
    if (status == WS_OK) {
        *outcome = outcome_of(vault, &measured.digest, captured, origin);
        says_more = *outcome == WS_VAULT_NEW || *outcome == WS_VAULT_KNOWN;
        status = find_damage(vault, &measured.digest, outcome, err);
    }
    if (status == WS_OK && (*outcome == WS_VAULT_NEW || *outcome == WS_VAULT_MENDED))
        WS_TRY(keep_object(vault, &draft, &measured.digest, err));
    else
        ws_file_draft_drop(&draft);
    WS_TRY(status);
    *item = record.item = measured.digest;
    record.bytes = measured.size;
    return says_more ? add_record(vault, record, err) : WS_OK;
}

enum ws_status ws_vault_remove(struct ws_vault *vault, const struct ws_hash *item, const char *time,
                               const char *reason, struct ws_error *err)
{
    char path[PATH_SIZE], text[WS_HASH_TEXT_SIZE];
    ws_hash_text(item, text);
    if (!is_there(ws_vault_find(vault, item)))
        return ws_fail(err, WS_NOT_FOUND, "item %s is not in '%.200s'", text, vault->directory);
    WS_TRY(object_path(vault->directory, item, path, err));
    WS_TRY(add_record(
        vault,
        (struct ws_vault_record){.is_removal = true, .item = *item, .time = time, .reason = reason},
        err));
    WS_TRY(ws_vault_commit(vault, err));
    return ws_file_remove(path, err);
}

/* Getting -------------------------------------------------------------------------------------- */

enum ws_status ws_vault_get(const struct ws_vault *vault, const struct ws_hash *item,
                            ws_piece_sink *sink, void *user, struct ws_error *err)
{
    const struct ws_vault_record *last = ws_vault_find(vault, item);
    char text[WS_HASH_TEXT_SIZE];
    ws_hash_text(item, text);
    if (!last)
        return ws_fail(err, WS_NOT_FOUND, "item %s was never in '%.200s'", text, vault->directory);
    if (last->is_removal)
        return ws_fail(err, WS_NOT_FOUND, "item %s was removed at %s: %.200s", text, last->time,
                       last->reason);
    return check_object(vault, last, sink, user, err);
}

/* Verifying ------------------------------------------------------------------------------------ */

/* What a writer took out since the records were read is not missing. */
static bool is_removed_by_now(const struct ws_vault *vault, const struct ws_hash *item)
{
    struct ws_vault now;
    if (ws_vault_open(vault->directory, false, &now, NULL) != WS_OK)
        return false;
    const struct ws_vault_record *last = ws_vault_find(&now, item);
    const bool is_removed = last && last->is_removal;
    ws_vault_close(&now);
    return is_removed;
}

static enum ws_status verify_items(const struct ws_vault *vault, ws_vault_damage *tell, void *user,
                                   struct ws_vault_health *out, struct ws_error *err)
{
    for (size_t i = 0; i < vault->count; i++) {
        const struct ws_vault_record *record = &vault->records[i];
        if (slot_of(vault, &record->item)->record != i + 1)
            continue; /* looked at as its last record */
        out->removed += record->is_removal;
        if (record->is_removal)
            continue;
        out->items++;
        out->bytes += record->bytes;
        enum ws_status status = check_object(vault, record, NULL, NULL, err);
        if (status != WS_OK && status != WS_CORRUPT && status != WS_IO)
            return status;
        if (status != WS_OK && !is_removed_by_now(vault, &record->item)) {
            tell(user, &record->item, record->origin, err->message);
            out->damages++;
        }
    }
    return WS_OK;
}

/* The item whose bytes a file of objects/ab/ would be. */
static bool item_of_name(const char *folder, const char *name, struct ws_hash *out)
{
    char text[WS_HASH_TEXT_SIZE + 1];
    if (strlen(folder) != 2 || strlen(name) != WS_HASH_TEXT_SIZE - 3 + strlen(".zst") ||
        strcmp(name + WS_HASH_TEXT_SIZE - 3, ".zst") != 0)
        return false;
    (void)snprintf(text, sizeof text, "%s%.62s", folder, name);
    return ws_hash_read(ws_bytes_of_text(text), out);
}

static enum ws_status count_strays(const struct ws_vault *vault, struct ws_arena *arena,
                                   uint64_t *out, struct ws_error *err)
{
    char path[PATH_SIZE], folder[PATH_SIZE];
    struct ws_names folders, files;
    struct ws_hash item;
    WS_TRY(path_of(vault->directory, OBJECTS, path, err));
    WS_TRY(ws_directory_list(path, arena, &folders, err));
    for (size_t i = 0; i < folders.count; i++) {
        WS_TRY(path_of(path, folders.items[i], folder, err));
        if (!ws_directory_exists(folder)) {
            (*out)++;
            continue;
        }
        WS_TRY(ws_directory_list(folder, arena, &files, err));
        for (size_t k = 0; k < files.count; k++)
            *out += !item_of_name(folders.items[i], files.items[k], &item) ||
                    !is_there(ws_vault_find(vault, &item));
    }
    return WS_OK;
}

static enum ws_status verify(struct ws_vault *vault, ws_vault_damage *tell, void *user,
                             struct ws_vault_health *out, struct ws_error *err)
{
    struct line_visit visit = {.tell = tell, .user = user};
    WS_TRY(read_head(vault->directory, &vault->arena, &vault->head, err));
    WS_TRY(read_records(vault, &visit, err));
    out->damages = visit.damages;
    out->records = vault->count;
    if (vault->count > 0)
        WS_TRY(verify_items(vault, tell, user, out, err));
    return count_strays(vault, &vault->arena, &out->strays, err);
}

enum ws_status ws_vault_verify(const char *directory, ws_vault_damage *tell, void *user,
                               struct ws_vault_health *out, struct ws_error *err)
{
    struct ws_vault vault;
    struct ws_error own;
    *out = (struct ws_vault_health){.damages = 0};
    begin(&vault, directory);
    enum ws_status status = verify(&vault, tell, user, out, err ? err : &own);
    ws_vault_close(&vault);
    return status;
}
