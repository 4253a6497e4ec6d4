#include "ledger/vault_record.h"

#include <string.h>

#include "base/json.h"
#include "ledger/statement.h"

enum { CHAIN_TEXT = WS_HASH_TEXT_SIZE - 1, HEAD_VERSION = 1 };

/* Checking ------------------------------------------------------------------------------------- */

static bool is_text(const char *text)
{
    return text && *text && strlen(text) <= WS_VAULT_TEXT_LIMIT && ws_is_one_line(text);
}

static enum ws_status fail_text(const char *member, struct ws_error *err)
{
    return ws_fail(err, WS_INVALID, "its %s is to be one line of 1 to %d bytes of UTF-8", member,
                   WS_VAULT_TEXT_LIMIT);
}

enum ws_status ws_vault_record_check(const struct ws_vault_record *record, struct ws_error *err)
{
    if (!record->time || !ws_statement_is_time(record->time))
        return ws_fail(err, WS_INVALID, "its time is not one like 2026-11-01T00:00:00Z");
    if (record->is_removal)
        return is_text(record->reason) ? WS_OK : fail_text("reason", err);
    if (!record->captured || !ws_statement_is_time(record->captured))
        return ws_fail(err, WS_INVALID,
                       "its time of capture is '%.40s', not one like 2026-11-01T00:00:00Z",
                       record->captured ? record->captured : "");
    return is_text(record->origin) ? WS_OK : fail_text("origin", err);
}

/* Lines ---------------------------------------------------------------------------------------- */

static enum ws_status follow(struct ws_hash *chain, struct ws_bytes object, struct ws_error *err)
{
    struct ws_hasher hasher;
    WS_TRY(ws_hasher_init(&hasher, err));
    ws_hasher_update(&hasher, ws_bytes_of(chain->bytes, sizeof chain->bytes));
    ws_hasher_update(&hasher, object);
    enum ws_status status = ws_hasher_finish(&hasher, chain, err);
    ws_hasher_release(&hasher);
    return status;
}

static json_t *object_of(const struct ws_vault_record *record)
{
    char item[WS_HASH_TEXT_SIZE];
    ws_hash_text(&record->item, item);
    if (record->is_removal)
        return json_pack("{s:s, s:s, s:s}", "removed", item, "time", record->time, "reason",
                         record->reason);
    return json_pack("{s:s, s:I, s:s, s:s, s:s}", "item", item, "bytes", (json_int_t)record->bytes,
                     "captured", record->captured, "origin", record->origin, "time", record->time);
}

enum ws_status ws_vault_record_append(struct ws_buffer *out, const struct ws_vault_record *record,
                                      struct ws_hash *chain, struct ws_error *err)
{
    struct ws_buffer object;
    char text[WS_HASH_TEXT_SIZE];
    json_t *json = object_of(record);
    ws_buffer_init(&object, NULL, WS_VAULT_LINE_LIMIT);
    ws_json_append(json, &object);
    json_decref(json);
    enum ws_status status = ws_buffer_check(&object, "a record", err);
    if (status == WS_OK)
        status = follow(chain, ws_buffer_bytes(&object), err);
    if (status == WS_OK) {
        ws_hash_text(chain, text);
        ws_buffer_text(out, text);
        ws_buffer_text(out, " ");
        ws_buffer_append(out, object.data, object.size);
        ws_buffer_text(out, "\n");
        status = ws_buffer_check(out, "records", err);
    }
    ws_buffer_release(&object);
    return status;
}

static enum ws_status copy_text(const json_t *object, const char *key, struct ws_arena *arena,
                                const char **out, struct ws_error *err)
{
    WS_TRY(ws_json_read_text(object, key, "a record", out, err));
    *out = ws_arena_text(arena, *out);
    return *out ? WS_OK : ws_fail_memory(err, "a record");
}

static enum ws_status read_item(const json_t *object, const char *key, struct ws_hash *out,
                                struct ws_error *err)
{
    const char *text;
    WS_TRY(ws_json_read_text(object, key, "a record", &text, err));
    if (!ws_hash_read(ws_bytes_of_text(text), out))
        return ws_fail(err, WS_CORRUPT, "a record: '%s' is to be 64 lower-case hex digits", key);
    return WS_OK;
}

static enum ws_status read_object(const json_t *object, struct ws_arena *arena,
                                  struct ws_vault_record *out, struct ws_error *err)
{
    *out = (struct ws_vault_record){.is_removal = json_object_get(object, "removed") != NULL};
    WS_TRY(read_item(object, out->is_removal ? "removed" : "item", &out->item, err));
    WS_TRY(copy_text(object, "time", arena, &out->time, err));
    if (out->is_removal)
        return copy_text(object, "reason", arena, &out->reason, err);
    WS_TRY(ws_json_read_whole(object, "bytes", "a record", &out->bytes, err));
    WS_TRY(copy_text(object, "captured", arena, &out->captured, err));
    return copy_text(object, "origin", arena, &out->origin, err);
}

enum ws_status ws_vault_record_read(struct ws_bytes line, struct ws_hash *chain,
                                    struct ws_arena *arena, struct ws_vault_record *out,
                                    struct ws_error *err)
{
    struct ws_hash follows = *chain;
    struct ws_bytes text, json_text;
    json_t *object;
    if (line.size > WS_VAULT_LINE_LIMIT || !ws_bytes_split(line, ' ', &text, &json_text) ||
        text.size != CHAIN_TEXT || !ws_hash_read(text, chain))
        return ws_fail(err, WS_CORRUPT, "it is no record: 64 hex digits, a blank and JSON");
    WS_TRY(follow(&follows, json_text, err));
    if (memcmp(chain, &follows, sizeof follows) != 0)
        return ws_fail(err, WS_CORRUPT, "it does not follow on the line before: one was changed");
    WS_TRY(ws_json_parse(json_text, "a record", &object, err));
    enum ws_status status = read_object(object, arena, out, err);
    json_decref(object);
    if (status == WS_OK && ws_vault_record_check(out, NULL) != WS_OK)
        status = ws_fail(err, WS_CORRUPT, "it holds a time or a text that no vault keeps");
    return status;
}

/* The head ------------------------------------------------------------------------------------- */

void ws_vault_head_append(struct ws_buffer *out, const struct ws_vault_head *head)
{
    char chain[WS_HASH_TEXT_SIZE];
    ws_hash_text(&head->chain, chain);
    json_t *object =
        json_pack("{s:i, s:I, s:I, s:s}", "wellspring_vault", HEAD_VERSION, "records",
                  (json_int_t)head->records, "bytes", (json_int_t)head->bytes, "chain", chain);
    ws_json_append(object, out);
    json_decref(object);
    ws_buffer_text(out, "\n");
}

static enum ws_status read_head(const json_t *object, struct ws_vault_head *out,
                                struct ws_error *err)
{
    uint64_t version;
    const char *chain;
    WS_TRY(ws_json_read_whole(object, "wellspring_vault", "vault.json", &version, err));
    if (version != HEAD_VERSION)
        return ws_fail(err, WS_UNSUPPORTED, "vault.json: a vault of version %ju, wanted %d",
                       (uintmax_t)version, HEAD_VERSION);
    WS_TRY(ws_json_read_whole(object, "records", "vault.json", &out->records, err));
    WS_TRY(ws_json_read_whole(object, "bytes", "vault.json", &out->bytes, err));
    WS_TRY(ws_json_read_text(object, "chain", "vault.json", &chain, err));
    if (!ws_hash_read(ws_bytes_of_text(chain), &out->chain))
        return ws_fail(err, WS_CORRUPT, "vault.json: 'chain' is to be 64 lower-case hex digits");
    if ((out->records == 0) != (out->bytes == 0))
        return ws_fail(err, WS_CORRUPT,
                       "vault.json: records without bytes, or bytes without records");
    return WS_OK;
}

enum ws_status ws_vault_head_read(struct ws_bytes text, struct ws_vault_head *out,
                                  struct ws_error *err)
{
    json_t *object;
    WS_TRY(ws_json_parse(text, "vault.json", &object, err));
    enum ws_status status = read_head(object, out, err);
    json_decref(object);
    return status;
}

/* Manifests ------------------------------------------------------------------------------------ */

static enum ws_status read_optional(const json_t *object, const char *key, struct ws_arena *arena,
                                    const char **out, struct ws_error *err)
{
    *out = NULL;
    return json_object_get(object, key) ? copy_text(object, key, arena, out, err) : WS_OK;
}

enum ws_status ws_vault_manifest_read(struct ws_bytes line, struct ws_arena *arena,
                                      struct ws_vault_manifest_line *out, struct ws_error *err)
{
    json_t *object;
    WS_TRY(ws_json_parse(line, "a line", &object, err));
    enum ws_status status = copy_text(object, "file", arena, &out->file, err);
    if (status == WS_OK)
        status = read_optional(object, "captured", arena, &out->captured, err);
    if (status == WS_OK)
        status = read_optional(object, "origin", arena, &out->origin, err);
    json_decref(object);
    return status;
}
