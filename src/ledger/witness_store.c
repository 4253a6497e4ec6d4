#include "ledger/witness_store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"

/* What tells this file from others' (PRAGMA application_id: "WSwi"), and its version, which rises
 * when the tables change. */
#define APPLICATION "1465087849"
#define VERSION     "1"

enum { PATIENCE = 10000 }; /* milliseconds to wait for another process */

/* SQL ------------------------------------------------------------------------------------------ */

/* Damage and foreign tables are WS_CORRUPT. */
static enum ws_status fail_sql(const struct ws_witness_store *store, struct ws_error *err)
{
    int code = store->database ? sqlite3_errcode(store->database) : SQLITE_NOMEM;
    enum ws_status status =
        code == SQLITE_NOMEM                                                      ? WS_NO_MEMORY
        : code == SQLITE_BUSY                                                     ? WS_BUSY
        : code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR ? WS_CORRUPT
                                                                                  : WS_IO;
    return ws_fail(err, status, "the witness's state '%.200s': %.200s", store->path,
                   store->database ? sqlite3_errmsg(store->database) : "out of memory");
}

static enum ws_status execute(const struct ws_witness_store *store, const char *sql,
                              struct ws_error *err)
{
    return sqlite3_exec(store->database, sql, NULL, NULL, NULL) == SQLITE_OK ? WS_OK
                                                                             : fail_sql(store, err);
}

static enum ws_status prepare(const struct ws_witness_store *store, const char *sql,
                              sqlite3_stmt **out, struct ws_error *err)
{
    return sqlite3_prepare_v2(store->database, sql, -1, out, NULL) == SQLITE_OK
               ? WS_OK
               : fail_sql(store, err);
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    (void)sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

static void bind_bytes(sqlite3_stmt *statement, int at, struct ws_bytes bytes)
{
    (void)sqlite3_bind_blob64(statement, at, bytes.data, bytes.size, SQLITE_TRANSIENT);
}

/* Runs a statement that gives no rows, and ends it. */
static enum ws_status finish(const struct ws_witness_store *store, sqlite3_stmt *statement,
                             struct ws_error *err)
{
    enum ws_status status = sqlite3_step(statement) == SQLITE_DONE ? WS_OK : fail_sql(store, err);
    (void)sqlite3_finalize(statement);
    return status;
}

static enum ws_status column_text(sqlite3_stmt *row, int at, struct ws_arena *arena,
                                  const char **out, struct ws_error *err)
{
    const unsigned char *text = sqlite3_column_text(row, at);
    *out = ws_arena_text(arena, text ? (const char *)text : "");
    return *out ? WS_OK : ws_fail_memory(err, "a witness's state");
}

static enum ws_status column_bytes(sqlite3_stmt *row, int at, struct ws_arena *arena,
                                   struct ws_bytes *out, struct ws_error *err)
{
    const void *bytes = sqlite3_column_blob(row, at);
    size_t size = (size_t)sqlite3_column_bytes(row, at);
    *out = ws_bytes_of(ws_arena_copy(arena, bytes ? bytes : "", size), size);
    return out->data ? WS_OK : ws_fail_memory(err, "a witness's state");
}

/* Opening -------------------------------------------------------------------------------------- */

/* Without EXTRA, a loss of power could bring back the journal of a change that was kept, and with
 * it the state before. */
static enum ws_status open_database(struct ws_witness_store *store, int flags, struct ws_error *err)
{
    if (sqlite3_open_v2(store->path, &store->database, flags, NULL) != SQLITE_OK)
        return fail_sql(store, err);
    (void)sqlite3_busy_timeout(store->database, PATIENCE);
    return execute(store, "PRAGMA synchronous = EXTRA", err);
}

static bool is_there(const char *path)
{
    uint64_t size;
    return ws_file_size(path, &size, NULL) == WS_OK && size > 0;
}

enum ws_status ws_witness_store_make(const char *path, struct ws_error *err)
{
    struct ws_witness_store store = {.path = path};
    if (is_there(path))
        return ws_fail(err, WS_CONFLICT, "'%.300s' is there already; a witness forgets nothing",
                       path);
    enum ws_status status = open_database(&store, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    if (status == WS_OK)
        status = execute(&store,
                         "BEGIN EXCLUSIVE;"
                         "CREATE TABLE logs (origin TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE,"
                         " size INTEGER, root BLOB, time INTEGER, checkpoint BLOB) WITHOUT ROWID;"
                         "CREATE TABLE keys (origin TEXT NOT NULL, key TEXT NOT NULL,"
                         " PRIMARY KEY (origin, key)) WITHOUT ROWID;"
                         "PRAGMA application_id = " APPLICATION ";"
                         "PRAGMA user_version = " VERSION "; COMMIT",
                         err);
    ws_witness_store_close(&store);
    return status;
}

static enum ws_status check_pragma(const struct ws_witness_store *store, const char *sql,
                                   const char *wanted, struct ws_error *err)
{
    sqlite3_stmt *statement;
    WS_TRY(prepare(store, sql, &statement, err));
    int step = sqlite3_step(statement);
    const char *seen = step == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    bool is_wanted = seen && strcmp(seen, wanted) == 0;
    (void)sqlite3_finalize(statement);
    if (step != SQLITE_ROW)
        return fail_sql(store, err);
    if (!is_wanted)
        return ws_fail(err, WS_CORRUPT, "'%.300s' is no state of a witness of version " VERSION,
                       store->path);
    return WS_OK;
}

static enum ws_status open_store(struct ws_witness_store *store, struct ws_error *err)
{
    if (!ws_file_exists(store->path))
        return ws_fail(err, WS_NOT_FOUND, "there is no state of a witness '%.300s'", store->path);
    WS_TRY(open_database(store, SQLITE_OPEN_READWRITE, err));
    WS_TRY(check_pragma(store, "PRAGMA application_id", APPLICATION, err));
    return check_pragma(store, "PRAGMA user_version", VERSION, err);
}

enum ws_status ws_witness_store_open(const char *path, struct ws_witness_store *out,
                                     struct ws_error *err)
{
    struct ws_witness_store store = {.path = path};
    enum ws_status status = open_store(&store, err);
    if (status != WS_OK)
        ws_witness_store_close(&store);
    else
        *out = store;
    return status;
}

void ws_witness_store_close(struct ws_witness_store *store)
{
    (void)sqlite3_close(store->database);
    store->database = NULL;
}

/* Transactions --------------------------------------------------------------------------------- */

enum ws_status ws_witness_store_begin(struct ws_witness_store *store, struct ws_error *err)
{
    return execute(store, "BEGIN IMMEDIATE", err);
}

enum ws_status ws_witness_store_end(struct ws_witness_store *store, bool keep, struct ws_error *err)
{
    enum ws_status status = keep ? execute(store, "COMMIT", err) : WS_OK;
    if (!sqlite3_get_autocommit(store->database) &&
        sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK && status == WS_OK)
        status = fail_sql(store, err);
    return status;
}

/* Logs ----------------------------------------------------------------------------------------- */

#define COLUMNS "SELECT origin, size, root, time, checkpoint FROM logs "

static enum ws_status read_log(const struct ws_witness_store *store, sqlite3_stmt *row,
                               struct ws_arena *arena, struct ws_witnessed_log *out,
                               struct ws_error *err)
{
    struct ws_witnessed_log log = {.is_cosigned = sqlite3_column_type(row, 1) != SQLITE_NULL};
    struct ws_bytes root;
    ws_merkle_empty(&log.root);
    WS_TRY(column_text(row, 0, arena, &log.origin, err));
    if (log.is_cosigned) {
        log.size = (uint64_t)sqlite3_column_int64(row, 1);
        log.time = (uint64_t)sqlite3_column_int64(row, 3);
        WS_TRY(column_bytes(row, 2, arena, &root, err));
        WS_TRY(column_bytes(row, 4, arena, &log.checkpoint, err));
        if (root.size != WS_HASH_SIZE || log.size >= WS_MERKLE_SIZE_LIMIT)
            return ws_fail(err, WS_CORRUPT, "'%.200s' has no size and root of '%.200s'",
                           store->path, log.origin);
        memcpy(log.root.bytes, root.data, WS_HASH_SIZE);
    }
    *out = log;
    return WS_OK;
}

/* The one row of a statement that has its parameters, and ends it. */
static enum ws_status find(const struct ws_witness_store *store, sqlite3_stmt *statement,
                           struct ws_arena *arena, struct ws_witnessed_log *out,
                           struct ws_error *err)
{
    int step = sqlite3_step(statement);
    enum ws_status status = step == SQLITE_ROW ? read_log(store, statement, arena, out, err)
                            : step == SQLITE_DONE
                                ? ws_fail(err, WS_NOT_FOUND, "this witness does not know the log")
                                : fail_sql(store, err);
    (void)sqlite3_finalize(statement);
    return status;
}

enum ws_status ws_witness_store_find(struct ws_witness_store *store, const char *origin,
                                     struct ws_arena *arena, struct ws_witnessed_log *out,
                                     struct ws_error *err)
{
    sqlite3_stmt *statement;
    WS_TRY(prepare(store, COLUMNS "WHERE origin = ?", &statement, err));
    bind_text(statement, 1, origin);
    return find(store, statement, arena, out, err);
}

enum ws_status ws_witness_store_find_hash(struct ws_witness_store *store,
                                          const struct ws_hash *origin, struct ws_arena *arena,
                                          struct ws_witnessed_log *out, struct ws_error *err)
{
    sqlite3_stmt *statement;
    WS_TRY(prepare(store, COLUMNS "WHERE hash = ?", &statement, err));
    bind_bytes(statement, 1, ws_bytes_of(origin->bytes, WS_HASH_SIZE));
    return find(store, statement, arena, out, err);
}

enum ws_status ws_witness_store_put(struct ws_witness_store *store,
                                    const struct ws_witnessed_log *log, struct ws_error *err)
{
    sqlite3_stmt *statement;
    WS_TRY(prepare(store,
                   "UPDATE logs SET size = ?, root = ?, time = ?, checkpoint = ? WHERE origin = ?",
                   &statement, err));
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)log->size);
    bind_bytes(statement, 2, ws_bytes_of(log->root.bytes, WS_HASH_SIZE));
    (void)sqlite3_bind_int64(statement, 3, (sqlite3_int64)log->time);
    bind_bytes(statement, 4, log->checkpoint);
    bind_text(statement, 5, log->origin);
    return finish(store, statement, err);
}

/* How many rows a table has, for a list to have room. */
static enum ws_status count_rows(const struct ws_witness_store *store, const char *sql,
                                 const char *parameter, size_t *out, struct ws_error *err)
{
    sqlite3_stmt *statement;
    WS_TRY(prepare(store, sql, &statement, err));
    if (parameter)
        bind_text(statement, 1, parameter);
    enum ws_status status = sqlite3_step(statement) == SQLITE_ROW ? WS_OK : fail_sql(store, err);
    *out = (size_t)sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return status;
}

static enum ws_status list_logs(struct ws_witness_store *store, struct ws_arena *arena,
                                struct ws_witnessed_logs *out, struct ws_error *err)
{
    sqlite3_stmt *statement;
    size_t count;
    int step = SQLITE_DONE;
    WS_TRY(count_rows(store, "SELECT count(*) FROM logs", NULL, &count, err));
    *out = (struct ws_witnessed_logs){WS_ARENA_NEW(arena, struct ws_witnessed_log, count + 1), 0};
    if (!out->items)
        return ws_fail_memory(err, "a list of logs");
    WS_TRY(prepare(store, COLUMNS "ORDER BY origin", &statement, err));
    enum ws_status status = WS_OK;
    while (status == WS_OK && out->count < count && (step = sqlite3_step(statement)) == SQLITE_ROW)
        status = read_log(store, statement, arena, &out->items[out->count++], err);
    if (status == WS_OK && step != SQLITE_ROW && step != SQLITE_DONE)
        status = fail_sql(store, err);
    (void)sqlite3_finalize(statement);
    return status;
}

enum ws_status ws_witness_store_list(struct ws_witness_store *store, struct ws_arena *arena,
                                     struct ws_witnessed_logs *out, struct ws_error *err)
{
    WS_TRY(execute(store, "BEGIN", err));
    enum ws_status status = list_logs(store, arena, out, err);
    enum ws_status ended = ws_witness_store_end(store, false, status == WS_OK ? err : NULL);
    return status == WS_OK ? ended : status;
}

/* Keys ----------------------------------------------------------------------------------------- */

static enum ws_status check_key(const char *origin, const char *text, struct ws_error *err)
{
    struct ws_arena arena;
    struct ws_note_key key;
    if (!ws_origin_ok(origin))
        return ws_fail(err, WS_INVALID, "'%.200s' cannot be a log's origin: wanted a line of UTF-8",
                       origin);
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_note_key_read(ws_bytes_of_text(text), &arena, &key, err);
    if (status == WS_OK) {
        if (key.type != WS_KEY_ED25519)
            status = ws_fail(err, WS_INVALID,
                             "the key of '%.200s' is a witness's (type %d); wanted a log's, of "
                             "type 1",
                             key.name, key.type);
        ws_note_key_close(&key);
    }
    ws_arena_release(&arena);
    return status;
}

static enum ws_status insert_key(struct ws_witness_store *store, const char *origin,
                                 const char *key, struct ws_error *err)
{
    sqlite3_stmt *statement;
    struct ws_hash hash;
    WS_TRY(ws_hash_of(ws_bytes_of_text(origin), &hash, err));
    WS_TRY(
        prepare(store, "INSERT OR IGNORE INTO logs (origin, hash) VALUES (?, ?)", &statement, err));
    bind_text(statement, 1, origin);
    bind_bytes(statement, 2, ws_bytes_of(hash.bytes, WS_HASH_SIZE));
    WS_TRY(finish(store, statement, err));
    WS_TRY(prepare(store, "INSERT OR IGNORE INTO keys VALUES (?, ?)", &statement, err));
    bind_text(statement, 1, origin);
    bind_text(statement, 2, key);
    return finish(store, statement, err);
}

enum ws_status ws_witness_store_add_key(struct ws_witness_store *store, const char *origin,
                                        const char *key, struct ws_error *err)
{
    WS_TRY(check_key(origin, key, err));
    WS_TRY(ws_witness_store_begin(store, err));
    enum ws_status status = insert_key(store, origin, key, err);
    enum ws_status ended =
        ws_witness_store_end(store, status == WS_OK, status == WS_OK ? err : NULL);
    return status == WS_OK ? ended : status;
}

enum ws_status ws_witness_store_keys(struct ws_witness_store *store, const char *origin,
                                     struct ws_arena *arena, const char *const **out, size_t *count,
                                     struct ws_error *err)
{
    sqlite3_stmt *statement;
    size_t most;
    int step = SQLITE_DONE;
    WS_TRY(count_rows(store, "SELECT count(*) FROM keys WHERE origin = ?", origin, &most, err));
    const char **keys = WS_ARENA_NEW(arena, const char *, most + 1);
    if (!keys)
        return ws_fail_memory(err, "a log's keys");
    WS_TRY(prepare(store, "SELECT key FROM keys WHERE origin = ? ORDER BY key", &statement, err));
    bind_text(statement, 1, origin);
    enum ws_status status = WS_OK;
    size_t found = 0;
    while (status == WS_OK && found < most && (step = sqlite3_step(statement)) == SQLITE_ROW)
        status = column_text(statement, 0, arena, &keys[found++], err);
    if (status == WS_OK && step != SQLITE_ROW && step != SQLITE_DONE)
        status = fail_sql(store, err);
    (void)sqlite3_finalize(statement);
    *out = keys;
    *count = found;
    return status;
}
