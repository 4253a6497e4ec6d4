#include "lab/run_index.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "lab/run_directory.h"

/* Rises when the table changes; an index of another version is made anew. */
#define VERSION "1"

enum { PATIENCE = 2000 }; /* milliseconds to wait for another process */

/* What tells one state of a run.json from the next. */
struct stamp {
    int64_t changed; /* nanoseconds */
    int64_t size;
    int64_t inode;
};

/* A run.json in the directory. */
struct found {
    const char *directory;
    struct stamp stamp;
    bool known; /* the index has it as it is */
};

struct listing {
    const char *parent;
    const struct ws_run_query *query;
    const struct ws_run_visitor *visitor;
    struct ws_arena arena;
    struct found *found; /* by name */
    size_t found_count;
    sqlite3 *database;
};

/* The directory -------------------------------------------------------------------------------- */

/* False when there is no run.json. */
static bool look_at(int parent, const char *directory, struct ws_arena *arena, struct found *out)
{
    struct stat about;
    const char *path = ws_arena_format(arena, "%s/run.json", directory);
    if (!path || fstatat(parent, path, &about, 0) != 0)
        return false;
    *out = (struct found){
        .directory = directory,
        .stamp = {(int64_t)about.st_mtim.tv_sec * 1000000000 + about.st_mtim.tv_nsec,
                  (int64_t)about.st_size, (int64_t)about.st_ino},
    };
    return true;
}

static enum ws_status find_runs(struct listing *l, struct ws_error *err)
{
    struct ws_names names;
    WS_TRY(ws_directory_list(l->parent, &l->arena, &names, err));
    l->found = WS_ARENA_NEW(&l->arena, struct found, names.count + 1);
    if (!l->found)
        return ws_fail_memory(err, "the list of runs");
    int parent = open(l->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return ws_fail_system(err, "read", l->parent);
    struct ws_arena scratch;
    ws_arena_init(&scratch, l->arena.allocator);
    for (size_t i = 0; i < names.count; i++) {
        ws_arena_reset(&scratch);
        l->found_count += look_at(parent, names.items[i], &scratch, &l->found[l->found_count]);
    }
    ws_arena_release(&scratch);
    (void)close(parent);
    return WS_OK;
}

/* SQL ------------------------------------------------------------------------------------------ */

/* Damage and foreign tables are WS_CORRUPT. */
static enum ws_status fail_sql(const struct listing *l, struct ws_error *err)
{
    int code = l->database ? sqlite3_errcode(l->database) : SQLITE_NOMEM;
    enum ws_status status =
        code == SQLITE_NOMEM                                                      ? WS_NO_MEMORY
        : code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR ? WS_CORRUPT
                                                                                  : WS_IO;
    return ws_fail(err, status, "the index of '%.200s': %.200s", l->parent,
                   l->database ? sqlite3_errmsg(l->database) : "out of memory");
}

static enum ws_status execute(const struct listing *l, const char *sql, struct ws_error *err)
{
    return sqlite3_exec(l->database, sql, NULL, NULL, NULL) == SQLITE_OK ? WS_OK : fail_sql(l, err);
}

static enum ws_status prepare(const struct listing *l, const char *sql, sqlite3_stmt **out,
                              struct ws_error *err)
{
    return sqlite3_prepare_v2(l->database, sql, -1, out, NULL) == SQLITE_OK ? WS_OK
                                                                            : fail_sql(l, err);
}

/* Names of directories are any bytes. */
static void bind_name(sqlite3_stmt *statement, int at, const char *name)
{
    (void)sqlite3_bind_blob(statement, at, name, (int)strlen(name), SQLITE_TRANSIENT);
}

/* NULL for none. */
static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    (void)sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

static void bind_whole(sqlite3_stmt *statement, int at, uint64_t value)
{
    (void)sqlite3_bind_int64(statement, at, (sqlite3_int64)value);
}

static const char *column_text(sqlite3_stmt *statement, int at)
{
    const char *text = (const char *)sqlite3_column_text(statement, at);
    return text ? text : "";
}

static char *column_name(sqlite3_stmt *statement, int at, struct ws_arena *arena)
{
    const void *bytes = sqlite3_column_blob(statement, at);
    return ws_arena_format(arena, "%.*s", sqlite3_column_bytes(statement, at),
                           bytes ? (const char *)bytes : "");
}

/* What the index knows ------------------------------------------------------------------------- */

static enum ws_status make_table(const struct listing *l, struct ws_error *err)
{
    sqlite3_stmt *statement;
    WS_TRY(prepare(l, "PRAGMA user_version", &statement, err));
    int step = sqlite3_step(statement);
    bool ours = step == SQLITE_ROW && strcmp(column_text(statement, 0), VERSION) == 0;
    (void)sqlite3_finalize(statement);
    if (step != SQLITE_ROW)
        return fail_sql(l, err);
    if (ours)
        return WS_OK;
    return execute(l,
                   "BEGIN IMMEDIATE; DROP TABLE IF EXISTS runs;"
                   "CREATE TABLE runs (directory BLOB PRIMARY KEY, changed INTEGER, size INTEGER,"
                   " inode INTEGER, name TEXT, title TEXT, state TEXT, family TEXT, started TEXT,"
                   " finished TEXT, policies TEXT, arms INTEGER, seeds INTEGER,"
                   " generations INTEGER) WITHOUT ROWID;"
                   "PRAGMA user_version = " VERSION "; COMMIT",
                   err);
}

static bool same_stamp(sqlite3_stmt *statement, const struct stamp *stamp)
{
    return sqlite3_column_int64(statement, 1) == stamp->changed &&
           sqlite3_column_int64(statement, 2) == stamp->size &&
           sqlite3_column_int64(statement, 3) == stamp->inode;
}

/* Marks what the index has as it is. `gone` are the entries that are no longer true: those of
 * another stamp, and those of directories that are not there. Both sides are in order. */
static enum ws_status compare(struct listing *l, struct ws_buffer *gone, struct ws_error *err)
{
    sqlite3_stmt *statement;
    size_t next = 0;
    int step = SQLITE_ROW;
    enum ws_status status = WS_OK;
    WS_TRY(prepare(l, "SELECT directory, changed, size, inode FROM runs ORDER BY directory",
                   &statement, err));
    while (status == WS_OK && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *name = column_name(statement, 0, &l->arena);
        if (!name) {
            status = ws_fail_memory(err, "the list of runs");
            continue;
        }
        while (next < l->found_count && strcmp(l->found[next].directory, name) < 0)
            next++;
        bool known = next < l->found_count && strcmp(l->found[next].directory, name) == 0 &&
                     same_stamp(statement, &l->found[next].stamp);
        if (known)
            l->found[next].known = true;
        else
            ws_buffer_append(gone, &name, sizeof name);
    }
    if (status == WS_OK && step != SQLITE_DONE)
        status = fail_sql(l, err);
    (void)sqlite3_finalize(statement);
    return status == WS_OK ? ws_buffer_check(gone, "the list of runs", err) : status;
}

/* Bringing it up to date ----------------------------------------------------------------------- */

static const char *policies_of(const struct ws_run_description *run, struct ws_arena *arena)
{
    const char *text = "";
    for (size_t a = 0; a < run->arm_count && text; a++) {
        bool first = true;
        for (size_t b = 0; b < a && first; b++)
            first = strcmp(run->arms[a].policy, run->arms[b].policy) != 0;
        if (!first) /* policies follow each other in each variation, so all have come */
            break;
        text = ws_arena_format(arena, "%s%s%s", text, a > 0 ? "\n" : "", run->arms[a].policy);
    }
    return text;
}

static enum ws_status put(const struct listing *l, sqlite3_stmt *statement,
                          const struct found *found, const struct ws_run_description *run,
                          struct ws_arena *arena, struct ws_error *err)
{
    const char *policies = policies_of(run, arena);
    if (!policies)
        return ws_fail_memory(err, "the list of runs");
    bind_name(statement, 1, found->directory);
    (void)sqlite3_bind_int64(statement, 2, found->stamp.changed);
    (void)sqlite3_bind_int64(statement, 3, found->stamp.size);
    (void)sqlite3_bind_int64(statement, 4, found->stamp.inode);
    const char *const texts[] = {run->name,    run->title,    run->state, run->family,
                                 run->started, run->finished, policies};
    for (int i = 0; i < 7; i++)
        bind_text(statement, 5 + i, texts[i]);
    bind_whole(statement, 12, run->arm_count);
    bind_whole(statement, 13, run->seeds);
    bind_whole(statement, 14, run->generations);
    int step = sqlite3_step(statement);
    (void)sqlite3_reset(statement);
    return step == SQLITE_DONE ? WS_OK : fail_sql(l, err);
}

/* Reads a run that the index does not have as it is. One that is damaged is never in the index, so
 * that everybody who asks hears of it. */
static enum ws_status read_run(const struct listing *l, const struct found *found,
                               sqlite3_stmt *statement, struct ws_arena *arena,
                               struct ws_error *err)
{
    struct ws_run_description run;
    const char *path = ws_run_path(arena, l->parent, found->directory);
    if (!path)
        return ws_fail_memory(err, "the list of runs");
    struct ws_error wrong;
    enum ws_status status = ws_run_read(path, arena, &run, &wrong);
    if (status == WS_OK)
        return put(l, statement, found, &run, arena, err);
    if ((status == WS_CORRUPT || status == WS_UNSUPPORTED) && l->visitor->damaged)
        l->visitor->damaged(l->visitor->user, wrong.message);
    if (status == WS_NO_MEMORY || status == WS_IO)
        return ws_fail(err, status, "%s", wrong.message);
    return WS_OK;
}

static enum ws_status read_new_runs(const struct listing *l, struct ws_error *err)
{
    struct ws_arena arena;
    sqlite3_stmt *statement;
    WS_TRY(prepare(l, "INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                   &statement, err));
    ws_arena_init(&arena, l->arena.allocator);
    enum ws_status status = WS_OK;
    for (size_t i = 0; i < l->found_count && status == WS_OK; i++) {
        ws_arena_reset(&arena);
        if (!l->found[i].known)
            status = read_run(l, &l->found[i], statement, &arena, err);
    }
    ws_arena_release(&arena);
    (void)sqlite3_finalize(statement);
    return status;
}

static enum ws_status forget(const struct listing *l, const struct ws_buffer *gone,
                             struct ws_error *err)
{
    const char *const *names = (const char *const *)(const void *)gone->data;
    sqlite3_stmt *statement;
    WS_TRY(prepare(l, "DELETE FROM runs WHERE directory = ?", &statement, err));
    enum ws_status status = WS_OK;
    for (size_t i = 0; i < gone->size / sizeof *names && status == WS_OK; i++) {
        bind_name(statement, 1, names[i]);
        if (sqlite3_step(statement) != SQLITE_DONE)
            status = fail_sql(l, err);
        (void)sqlite3_reset(statement);
    }
    (void)sqlite3_finalize(statement);
    return status;
}

static bool all_known(const struct listing *l)
{
    for (size_t i = 0; i < l->found_count; i++)
        if (!l->found[i].known)
            return false;
    return true;
}

/* Writes nothing where nothing has changed. */
static enum ws_status bring_up_to_date(struct listing *l, struct ws_error *err)
{
    struct ws_buffer gone;
    ws_buffer_init(&gone, l->arena.allocator, SIZE_MAX);
    enum ws_status status = make_table(l, err);
    if (status == WS_OK)
        status = compare(l, &gone, err);
    if (status == WS_OK && (gone.size > 0 || !all_known(l))) {
        status = execute(l, "BEGIN IMMEDIATE", err);
        if (status == WS_OK)
            status = forget(l, &gone, err);
        if (status == WS_OK)
            status = read_new_runs(l, err);
        if (status == WS_OK)
            status = execute(l, "COMMIT", err);
    }
    ws_buffer_release(&gone);
    return status;
}

/* Opening -------------------------------------------------------------------------------------- */

static enum ws_status open_at(struct listing *l, const char *path, struct ws_error *err)
{
    for (size_t i = 0; i < l->found_count; i++)
        l->found[i].known = false;
    int code =
        sqlite3_open_v2(path, &l->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (code != SQLITE_OK)
        return fail_sql(l, err);
    (void)sqlite3_busy_timeout(l->database, PATIENCE);
    return bring_up_to_date(l, err);
}

static void close_database(struct listing *l)
{
    (void)sqlite3_close(l->database);
    l->database = NULL;
}

/* In the file; a new one where that is damaged; in memory where no file can be kept. */
static enum ws_status open_index(struct listing *l, struct ws_error *err)
{
    const char *path = ws_run_path(&l->arena, l->parent, WS_RUN_INDEX);
    const char *journal = ws_run_path(&l->arena, l->parent, WS_RUN_INDEX "-journal");
    if (!path || !journal)
        return ws_fail_memory(err, "the list of runs");
    enum ws_status status = WS_NOT_FOUND;
    if (l->found_count > 0)
        status = open_at(l, path, err);
    if (status == WS_CORRUPT) {
        close_database(l);
        (void)unlink(path);
        (void)unlink(journal);
        status = open_at(l, path, err);
    }
    if (status != WS_OK && status != WS_NO_MEMORY) {
        close_database(l);
        status = open_at(l, ":memory:", err);
    }
    return status;
}

/* Asking --------------------------------------------------------------------------------------- */

const char *const ws_run_orders[WS_RUN_ORDER_COUNT] = {
    [WS_RUN_BY_DIRECTORY] = "directory",
    [WS_RUN_BY_NAME] = "name",
    [WS_RUN_BY_STATE] = "state",
    [WS_RUN_BY_FAMILY] = "family",
    [WS_RUN_BY_STARTED] = "started",
    [WS_RUN_BY_FINISHED] = "finished",
    [WS_RUN_BY_ARMS] = "arms",
    [WS_RUN_BY_SEEDS] = "seeds",
    [WS_RUN_BY_GENERATIONS] = "generations",
};

static enum ws_status ask(const struct listing *l, sqlite3_stmt **out, struct ws_error *err)
{
    const struct ws_run_query *query = l->query;
    char sql[800];
    (void)snprintf(
        sql, sizeof sql,
        "SELECT directory, name, title, state, family, started, finished, policies, arms,"
        " seeds, generations FROM runs"
        " WHERE (?1 IS NULL OR family = ?1) AND (?2 IS NULL OR state = ?2)"
        " AND (?3 IS NULL OR started >= ?3) AND (?4 IS NULL OR"
        " instr(char(10) || policies || char(10), char(10) || ?4 || char(10)) OR"
        " instr(char(10) || policies, char(10) || ?4 || ':'))"
        " ORDER BY %s %s, directory LIMIT ?5",
        ws_run_orders[query->order], query->descending ? "DESC" : "ASC");
    WS_TRY(prepare(l, sql, out, err));
    const char *const texts[] = {query->family, query->state, query->since, query->policy};
    for (int i = 0; i < 4; i++)
        bind_text(*out, 1 + i, texts[i]);
    bind_whole(*out, 5, query->most > 0 && query->most < INT64_MAX ? query->most : INT64_MAX);
    return WS_OK;
}

static enum ws_status visit_row(const struct listing *l, sqlite3_stmt *row, struct ws_arena *arena,
                                struct ws_error *err)
{
    const struct ws_run_entry entry = {
        .directory = column_name(row, 0, arena),
        .name = column_text(row, 1),
        .title = column_text(row, 2),
        .state = column_text(row, 3),
        .family = column_text(row, 4),
        .started = column_text(row, 5),
        .finished = column_text(row, 6),
        .policies = column_text(row, 7),
        .arms = (uint64_t)sqlite3_column_int64(row, 8),
        .seeds = (uint64_t)sqlite3_column_int64(row, 9),
        .generations = (uint64_t)sqlite3_column_int64(row, 10),
    };
    if (!entry.directory)
        return ws_fail_memory(err, "the list of runs");
    return l->visitor->visit(l->visitor->user, &entry, err);
}

static enum ws_status visit_rows(const struct listing *l, struct ws_error *err)
{
    struct ws_arena arena;
    sqlite3_stmt *statement;
    int step = SQLITE_DONE;
    enum ws_status status = WS_OK;
    WS_TRY(ask(l, &statement, err));
    ws_arena_init(&arena, l->arena.allocator);
    while (status == WS_OK && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        ws_arena_reset(&arena);
        status = visit_row(l, statement, &arena, err);
    }
    if (status == WS_OK && step != SQLITE_DONE)
        status = fail_sql(l, err);
    ws_arena_release(&arena);
    (void)sqlite3_finalize(statement);
    return status;
}

enum ws_status ws_run_index_visit(const char *parent, const struct ws_run_query *query,
                                  const struct ws_allocator *allocator,
                                  const struct ws_run_visitor *visitor, struct ws_error *err)
{
    struct listing l = {.parent = parent, .query = query, .visitor = visitor};
    ws_arena_init(&l.arena, allocator);
    enum ws_status status = find_runs(&l, err);
    if (status == WS_OK)
        status = open_index(&l, err);
    if (status == WS_OK)
        status = visit_rows(&l, err);
    close_database(&l);
    ws_arena_release(&l.arena);
    return status;
}
