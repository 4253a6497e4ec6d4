/*
 * wellspring vault: preserved originals in a directory, put in, found, given back, looked at and
 * taken out.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/vault_command.h"
#include "ledger/vault.h"

enum {
    MANIFEST_LIMIT = 1 << 30,
    COMMIT_EVERY = 1000, /* items */
    DEPTH_MOST = 64,     /* folders in folders */
};

static void now_text(char out[32])
{
    ws_clock_text(ws_system_clock.wall(ws_system_clock.user), out);
}

static enum ws_status read_item(const char *text, struct ws_hash *out, struct ws_error *err)
{
    if (!ws_hash_read(ws_bytes_of_text(text), out))
        return ws_fail(err, WS_INVALID,
                       "'%.100s' is no item: an item is 64 lower-case hex digits, as 'vault list' "
                       "prints them",
                       text);
    return WS_OK;
}

/* init ----------------------------------------------------------------------------------------- */

static enum ws_status init(void *context, const struct arguments *arguments, struct ws_error *err)
{
    (void)context;
    WS_TRY(ws_vault_make(arguments->positional[0], err));
    begin_command(stdout, "An empty vault. Next:\n ");
    print_words("vault add");
    print_word(arguments->positional[0]);
    print_words("FILE... --origin WHERE");
    end_command(NULL);
    return WS_OK;
}

static int cmd_vault_init(int argc, char **argv)
{
    const struct command_line line = {
        .usage = "vault init DIR",
        .about = "Makes an empty vault in a new directory.",
        .positional_most = 1,
        .wanted = "which DIR? It is made",
    };
    return command_of_one(&line, argc, argv, init, NULL);
}

/* add ------------------------------------------------------------------------------------------ */

struct add_request {
    const char *captured, *origin, *manifest;
    bool json;
};

struct adding {
    const struct add_request *request;
    struct ws_vault vault;
    struct ws_arena *arena;
    json_t *list;
    uint64_t outcomes[WS_VAULT_REMOVED + 1];
    uint64_t bytes; /* of new items */
};

static const char *const outcome_names[] = {
    [WS_VAULT_NEW] = "new",
    [WS_VAULT_KNOWN] = "known",
    [WS_VAULT_SAME] = "same",
    [WS_VAULT_MENDED] = "mended",
    [WS_VAULT_REMOVED] = "removed before",
};

static void show_added(struct adding *adding, const char *path, uint64_t size,
                       const struct ws_hash *item, enum ws_vault_outcome outcome)
{
    char text[WS_HASH_TEXT_SIZE];
    ws_hash_text(item, text);
    adding->outcomes[outcome]++;
    adding->bytes += outcome == WS_VAULT_NEW ? size : 0;
    if (adding->request->json)
        ws_json_add(&adding->list,
                    json_pack("{s:s, s:o, s:s}", "item", text, "file", ws_json_path(path),
                              "outcome", outcome_names[outcome]));
    else {
        (void)printf("%s ", text);
        print_safely(path);
        (void)printf("%s%s\n", outcome == WS_VAULT_NEW ? "" : ": ",
                     outcome == WS_VAULT_NEW ? "" : outcome_names[outcome]);
    }
}

/* What is claimed of a file: what its manifest says, else what the command line says, else when it
 * was changed last and what it is called. */
static enum ws_status add_open(struct adding *adding, int descriptor, const char *path,
                               const char *captured, const char *origin, struct ws_error *err)
{
    struct stat about;
    char changed[32], now[32];
    struct ws_hash item;
    enum ws_vault_outcome outcome;
    if (fstat(descriptor, &about) != 0)
        return ws_fail_system(err, "read", path);
    if (!S_ISREG(about.st_mode))
        return ws_fail(err, WS_IO, "'%.300s' is not a regular file", path);
    ws_clock_text((double)about.st_mtime, changed);
    now_text(now);
    captured = captured ? captured : adding->request->captured;
    origin = origin ? origin : adding->request->origin;
    enum ws_status status =
        ws_vault_put(&adding->vault, descriptor, path, now, captured ? captured : changed,
                     origin ? origin : path, &item, &outcome, err);
    if (status != WS_OK) {
        ws_error_prefix(err, "'%.200s'", path);
        return status;
    }
    show_added(adding, path, (uint64_t)about.st_size, &item, outcome);
    return adding->vault.count % COMMIT_EVERY == 0 ? ws_vault_commit(&adding->vault, err) : WS_OK;
}

static enum ws_status add_file(struct adding *adding, const char *path, const char *captured,
                               const char *origin, struct ws_error *err)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* waits for no pipe */
    if (descriptor < 0)
        return ws_fail_system(err, "read", path);
    enum ws_status status = add_open(adding, descriptor, path, captured, origin, err);
    (void)close(descriptor);
    return status;
}

/* Files of a folder and of those in it, in the order of their names. Links to folders are left
 * out, so that none is met twice. */
static enum ws_status add_path(struct adding *adding, const char *path, int depth,
                               struct ws_error *err)
{
    struct ws_names names;
    struct stat about;
    if (!ws_directory_exists(path))
        return add_file(adding, path, NULL, NULL, err);
    if (depth > 0 && lstat(path, &about) == 0 && S_ISLNK(about.st_mode))
        return WS_OK;
    if (depth == DEPTH_MOST)
        return ws_fail(err, WS_LIMIT, "'%.300s' lies %d folders deep, the most there may be", path,
                       DEPTH_MOST);
    WS_TRY(ws_directory_list(path, adding->arena, &names, err));
    for (size_t i = 0; i < names.count; i++) {
        const char *below = ws_arena_format(adding->arena, "%s/%s", path, names.items[i]);
        if (!below)
            return ws_fail_memory(err, "a path");
        WS_TRY(add_path(adding, below, depth + 1, err));
    }
    return WS_OK;
}

static enum ws_status add_manifest_line(struct adding *adding, struct ws_bytes text,
                                        struct ws_error *err)
{
    struct ws_vault_manifest_line line;
    WS_TRY(ws_vault_manifest_read(text, adding->arena, &line, err));
    return add_file(adding, line.file, line.captured, line.origin, err);
}

static enum ws_status add_manifest(struct adding *adding, struct ws_error *err)
{
    const char *path = adding->request->manifest;
    struct ws_bytes text, line;
    uint64_t number = 0;
    if (!path)
        return WS_OK;
    WS_TRY(ws_file_read(path, MANIFEST_LIMIT, adding->arena, &text, err));
    while (text.size > 0) {
        number++;
        if (!ws_bytes_split(text, '\n', &line, &text)) {
            line = text;
            text.size = 0;
        }
        enum ws_status status = add_manifest_line(adding, line, err);
        if (status != WS_OK) {
            ws_error_prefix(err, "'%.200s', line %" PRIu64, path, number);
            return status == WS_CORRUPT ? WS_INVALID : status;
        }
    }
    return WS_OK;
}

static void print_added(const struct adding *adding, const char *directory)
{
    (void)printf("%" PRIu64 " new (%" PRIu64 " bytes), %" PRIu64 " known from elsewhere, %" PRIu64
                 " there already",
                 adding->outcomes[WS_VAULT_NEW], adding->bytes, adding->outcomes[WS_VAULT_KNOWN],
                 adding->outcomes[WS_VAULT_SAME]);
    if (adding->outcomes[WS_VAULT_MENDED] > 0)
        (void)printf(", %" PRIu64 " mended: damaged before", adding->outcomes[WS_VAULT_MENDED]);
    if (adding->outcomes[WS_VAULT_REMOVED] > 0)
        (void)printf(", %" PRIu64 " not kept: removed before", adding->outcomes[WS_VAULT_REMOVED]);
    begin_command(stdout, ".\nNext:\n ");
    print_words("vault verify");
    print_word(directory);
    end_command(NULL);
}

/* Of two paths without links: the same, or what lies below it. */
static bool is_within(const char *path, const char *folder)
{
    const size_t size = strcmp(folder, "/") == 0 ? 0 : strlen(folder);
    return strncmp(path, folder, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

/* A vault's own files are no originals: they are refused before anything is put in. */
static enum ws_status check_path(const struct adding *adding, const char *path,
                                 struct ws_error *err)
{
    char vault[PATH_MAX], real[PATH_MAX];
    if (!realpath(adding->vault.directory, vault) || !realpath(path, real))
        return WS_OK; /* what is not there is told when it is opened */
    if (is_within(vault, real))
        return ws_fail(err, WS_INVALID, "'%.300s' holds the vault itself", path);
    if (is_within(real, vault))
        return ws_fail(err, WS_INVALID, "'%.300s' is the vault's own", path);
    return WS_OK;
}

static enum ws_status add_all(struct adding *adding, const struct arguments *arguments,
                              struct ws_error *err)
{
    for (size_t i = 1; i < arguments->positional_count; i++)
        WS_TRY(check_path(adding, arguments->positional[i], err));
    for (size_t i = 1; i < arguments->positional_count; i++)
        WS_TRY(add_path(adding, arguments->positional[i], 0, err));
    return add_manifest(adding, err);
}

static enum ws_status add(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const struct add_request *request = context;
    struct ws_arena arena;
    struct adding adding = {.request = request, .arena = &arena};
    if (arguments->positional_count < 2 && !request->manifest)
        return ws_fail(err, WS_INVALID, "which FILE is to be put in '%.200s'?",
                       arguments->positional[0]);
    WS_TRY(ws_vault_open(arguments->positional[0], true, &adding.vault, err));
    ws_arena_init(&arena, NULL);
    adding.list = request->json ? json_array() : NULL;
    /* What came before a file that cannot be read is kept. */
    enum ws_status status = add_all(&adding, arguments, err);
    enum ws_status kept = ws_vault_commit(&adding.vault, status == WS_OK ? err : NULL);
    status = status == WS_OK ? kept : status;
    if (status == WS_OK && request->json)
        status = print_json(adding.list, "the answer", err);
    else
        json_decref(adding.list);
    if (status == WS_OK && !request->json)
        print_added(&adding, arguments->positional[0]);
    ws_vault_close(&adding.vault);
    ws_arena_release(&arena);
    return status;
}

static int cmd_vault_add(int argc, char **argv)
{
    struct add_request request = {.captured = NULL};
    const struct flag table[] = {
        {"captured", 0, "TIME", "when they were captured: 2026-11-01T00:00:00Z (default: changed)",
         NULL, &request.captured},
        {"origin", 0, "TEXT", "where they came from (default: the file's path)", NULL,
         &request.origin},
        {"manifest", 0, "FILE", "JSON lines with 'file', 'captured', 'origin' of each", NULL,
         &request.manifest},
        {"json", 0, NULL, "what became of each as JSON", &request.json, NULL},
    };
    const struct command_line line = {
        .usage = "vault add DIR FILE... [options]",
        .about = "Keeps files, and all files of folders, by the SHA-256 of their bytes: each once, "
                 "compressed, with\nwhen it was captured and where it came from. What was removed "
                 "is not kept again;\nwhat is damaged in the vault is mended.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = SIZE_MAX,
        .wanted = "to which vault? 'vault init' makes one",
    };
    return command_of_one(&line, argc, argv, add, &request);
}

/* get ------------------------------------------------------------------------------------------ */

static enum ws_status write_out(void *user, struct ws_bytes piece, struct ws_error *err)
{
    (void)user;
    if (fwrite(piece.data, 1, piece.size, stdout) != piece.size)
        return ws_fail_system(err, "write", "stdout");
    return WS_OK;
}

static enum ws_status write_draft(void *user, struct ws_bytes piece, struct ws_error *err)
{
    return ws_file_draft_write(user, piece, "an item", err);
}

static enum ws_status get_to(const struct ws_vault *vault, const struct ws_hash *item,
                             const char *output, struct ws_error *err)
{
    struct ws_file_draft draft;
    if (!output || strcmp(output, "-") == 0)
        return ws_vault_get(vault, item, write_out, NULL, err);
    WS_TRY(ws_file_draft_open(&draft, output, err));
    enum ws_status status = ws_vault_get(vault, item, write_draft, &draft, err);
    if (status == WS_OK)
        return ws_file_draft_keep(&draft, output, err);
    ws_file_draft_drop(&draft);
    return status;
}

static enum ws_status get(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const char *const *output = context;
    struct ws_vault vault;
    struct ws_hash item;
    if (arguments->positional_count < 2)
        return ws_fail(err, WS_INVALID, "which ITEM? 'vault list' has them");
    WS_TRY(read_item(arguments->positional[1], &item, err));
    WS_TRY(ws_vault_open(arguments->positional[0], false, &vault, err));
    enum ws_status status = get_to(&vault, &item, *output, err);
    ws_vault_close(&vault);
    return status;
}

static int cmd_vault_get(int argc, char **argv)
{
    const char *output = NULL;
    const struct flag table[] = {
        {"output", 'o', "FILE", "where to; only when every byte is right (default: stdout)", NULL,
         &output},
    };
    const struct command_line line = {
        .usage = "vault get DIR ITEM [-o FILE]",
        .about = "The bytes of an item, which are compared with its SHA-256 on the way.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 2,
        .wanted = "from which vault?",
    };
    return command_of_one(&line, argc, argv, get, &output);
}

/* list ----------------------------------------------------------------------------------------- */

static json_t *record_json(const struct ws_vault_record *record)
{
    char item[WS_HASH_TEXT_SIZE];
    ws_hash_text(&record->item, item);
    if (record->is_removal)
        return json_pack("{s:s, s:b, s:s, s:s}", "item", item, "removed", 1, "time", record->time,
                         "reason", record->reason);
    return json_pack("{s:s, s:b, s:I, s:s, s:s, s:s}", "item", item, "removed", 0, "bytes",
                     (json_int_t)record->bytes, "captured", record->captured, "origin",
                     record->origin, "time", record->time);
}

static void print_record(const struct ws_vault_record *record)
{
    char item[WS_HASH_TEXT_SIZE];
    ws_hash_text(&record->item, item);
    if (record->is_removal)
        (void)printf("%s\n  removed %s: %s\n", item, record->time, record->reason);
    else
        (void)printf("%s\n  %" PRIu64 " bytes, captured %s, from %s\n", item, record->bytes,
                     record->captured, record->origin);
}

static enum ws_status list(void *context, const struct arguments *arguments, struct ws_error *err)
{
    const bool *json = context;
    struct ws_vault vault;
    WS_TRY(ws_vault_open(arguments->positional[0], false, &vault, err));
    json_t *records = *json ? json_array() : NULL;
    for (size_t i = 0; i < vault.count; i++)
        if (*json)
            ws_json_add(&records, record_json(&vault.records[i]));
        else
            print_record(&vault.records[i]);
    enum ws_status status = WS_OK;
    if (*json)
        status = print_json(records, "the records", err);
    else if (vault.count == 0)
        (void)printf("The vault is empty.\n");
    ws_vault_close(&vault);
    return status;
}

static int cmd_vault_list(int argc, char **argv)
{
    bool json = false;
    const struct flag table[] = {
        {"json", 0, NULL, "the records as JSON", &json, NULL},
    };
    const struct command_line line = {
        .usage = "vault list DIR [--json]",
        .about = "The records of a vault, in order: what was put in, and what was taken out again.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "which vault?",
    };
    return command_of_one(&line, argc, argv, list, &json);
}

/* verify --------------------------------------------------------------------------------------- */

struct findings {
    bool json;
    json_t *list;
    struct ws_vault_health health;
};

static void show_damage(void *user, const struct ws_hash *item, const char *what,
                        const char *message)
{
    struct findings *findings = user;
    char text[WS_HASH_TEXT_SIZE] = "records";
    if (item)
        ws_hash_text(item, text);
    if (findings->json)
        ws_json_add(&findings->list,
                    json_pack("{s:s?, s:o, s:o}", "item", item ? text : NULL, "what",
                              ws_json_path(what), "message", ws_json_path(message)));
    else {
        (void)printf("%s\n  ", text);
        print_safely(what);
        (void)fputs(": ", stdout);
        print_safely(message);
        (void)fputs("\n", stdout);
    }
}

static enum ws_status print_health_json(const char *directory, const struct ws_vault_health *health,
                                        json_t *damages, struct ws_error *err)
{
    return print_json(json_pack("{s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "vault",
                                ws_json_path(directory), "sound", health->damages == 0, "records",
                                (json_int_t)health->records, "items", (json_int_t)health->items,
                                "removed", (json_int_t)health->removed, "bytes",
                                (json_int_t)health->bytes, "strays", (json_int_t)health->strays,
                                "damage_count", (json_int_t)health->damages, "damages", damages),
                      "the answer", err);
}

static void print_health(const char *directory, const struct ws_vault_health *health)
{
    (void)printf("%s '%s': %" PRIu64 " items of %" PRIu64 " bytes, %" PRIu64 " removed, %" PRIu64
                 " records.\n",
                 health->damages > 0 ? "Damaged:" : "Sound:", directory, health->items,
                 health->bytes, health->removed, health->records);
    if (health->strays > 0)
        (void)printf("%" PRIu64 " files have no record: of an 'add' that was cut short, or goes "
                     "on.\n",
                     health->strays);
    if (health->damages > 0)
        (void)printf(
            "%" PRIu64
            " damages.\nNext: add the same originals again, or bring back from a copy that is\n"
            "sound the same files of 'objects', and where records are named, 'records'\n"
            "and 'vault.json' together.\n",
            health->damages);
}

static enum ws_status verify(void *context, const struct arguments *arguments, struct ws_error *err)
{
    struct findings *findings = context;
    const char *directory = arguments->positional[0];
    findings->list = findings->json ? json_array() : NULL;
    enum ws_status status =
        ws_vault_verify(directory, show_damage, findings, &findings->health, err);
    if (status == WS_OK && findings->json)
        return print_health_json(directory, &findings->health, findings->list, err);
    json_decref(findings->list);
    if (status == WS_OK)
        print_health(directory, &findings->health);
    return status;
}

static int cmd_vault_verify(int argc, char **argv)
{
    struct findings findings = {.json = false};
    const struct flag table[] = {
        {"json", 0, NULL, "what was found as JSON", &findings.json, NULL},
    };
    const struct command_line line = {
        .usage = "vault verify DIR [--json]",
        .about = "Reads every byte of a vault, and names each item and each record that is not as "
                 "it was put in.\nEnds with 3 when there is one. A writer may go on meanwhile.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "which vault?",
    };
    int status = command_of_one(&line, argc, argv, verify, &findings);
    return status == EXIT_DONE && findings.health.damages > 0 ? EXIT_NOT_VERIFIED : status;
}

/* remove --------------------------------------------------------------------------------------- */

static enum ws_status remove_items(struct ws_vault *vault, const struct arguments *arguments,
                                   const char *reason, struct ws_error *err)
{
    char now[32];
    now_text(now);
    for (size_t i = 1; i < arguments->positional_count; i++) {
        struct ws_hash item;
        WS_TRY(read_item(arguments->positional[i], &item, err));
        WS_TRY(ws_vault_remove(vault, &item, now, reason, err));
        (void)printf("removed %s\n", arguments->positional[i]);
    }
    return WS_OK;
}

static enum ws_status take_out(void *context, const struct arguments *arguments,
                               struct ws_error *err)
{
    const char *const *reason = context;
    struct ws_vault vault;
    if (arguments->positional_count < 2)
        return ws_fail(err, WS_INVALID, "which ITEM? 'vault list' has them");
    if (!*reason)
        return ws_fail(err, WS_INVALID, "why? --reason says it, and stays in the records");
    WS_TRY(ws_vault_open(arguments->positional[0], true, &vault, err));
    enum ws_status status = remove_items(&vault, arguments, *reason, err);
    ws_vault_close(&vault);
    WS_TRY(status);
    (void)printf("Their records stay, with the reason. If a logged statement counts them, withdraw "
                 "it:\n'ledger add' takes a description of kind 'withdrawal'.\n");
    return WS_OK;
}

static int cmd_vault_remove(int argc, char **argv)
{
    const char *reason = NULL;
    const struct flag table[] = {
        {"reason", 0, "TEXT", "why; it stays in the records", NULL, &reason},
    };
    const struct command_line line = {
        .usage = "vault remove DIR ITEM... --reason TEXT",
        .about = "Takes the bytes of items out for good. Their records stay and say when and why, "
                 "and the same\nbytes are not kept again.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = SIZE_MAX,
        .wanted = "from which vault?",
    };
    return command_of_one(&line, argc, argv, take_out, &reason);
}

int cmd_vault(int argc, char **argv)
{
    static const struct subcommand table[] = {
        {"init", "begin a vault", cmd_vault_init},
        {"add", "put files in, with when they were captured and where they came from",
         cmd_vault_add},
        {"get", "an item's bytes, checked", cmd_vault_get},
        {"list", "what was put in, and what was taken out", cmd_vault_list},
        {"verify", "look at every byte, and name each item that is damaged", cmd_vault_verify},
        {"remove", "take items out, and say why", cmd_vault_remove},
        {"statement", "what an archive says of the texts in it, signed, with a shard of them",
         cmd_vault_statement},
    };
    const struct command_line line = {
        .usage = "vault COMMAND DIR [options]",
        .about = "Preserved originals: files kept by the SHA-256 of their bytes, each once, "
                 "compressed, with when they\nwere captured and where they came from.",
        .wanted = "which command? Try 'vault --help'",
        .subcommands = table,
        .subcommand_count = sizeof table / sizeof *table,
    };
    return command_of_several(&line, argc, argv);
}
