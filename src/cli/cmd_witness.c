/*
 * wellspring witness: a witness in a directory, which has its private key ('key'), the public one
 * ('vkey') and what it remembers ('witness.db').
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/ledger_command.h"
#include "cli/serving.h"
#include "server/witness_site.h"

enum { PORT = 8081 };

static enum ws_status file_of(const char *directory, const char *name, struct ws_arena *arena,
                              const char **out, struct ws_error *err)
{
    *out = ws_arena_format(arena, "%s/%s", directory, name);
    return *out ? WS_OK : ws_fail_memory(err, "a path");
}

static enum ws_status open_store(const char *directory, struct ws_arena *arena,
                                 struct ws_witness_store *out, struct ws_error *err)
{
    const char *path;
    WS_TRY(file_of(directory, "witness.db", arena, &path, err));
    return ws_witness_store_open(path, out, err);
}

/* Making one ----------------------------------------------------------------------------------- */

/* The private key comes last: without it nothing was ever cosigned, and making can begin anew. */
static enum ws_status make_files(const char *directory, const struct ws_note_signer *signer,
                                 const char *vkey, struct ws_arena *arena, struct ws_error *err)
{
    const char *key_path, *vkey_path, *state_path;
    WS_TRY(file_of(directory, "key", arena, &key_path, err));
    WS_TRY(file_of(directory, "vkey", arena, &vkey_path, err));
    WS_TRY(file_of(directory, "witness.db", arena, &state_path, err));
    if (ws_file_exists(key_path))
        return ws_fail(err, WS_CONFLICT, "there is a witness in '%.300s' already", directory);
    WS_TRY(ws_directory_make(directory, err));
    if (!ws_file_exists(state_path))
        WS_TRY(ws_witness_store_make(state_path, err));
    const char *line = ws_arena_format(arena, "%s\n", vkey);
    if (!line)
        return ws_fail_memory(err, "a key");
    WS_TRY(ws_file_replace(vkey_path, ws_bytes_of_text(line), err));
    return ws_key_file_write(key_path, signer, err);
}

static enum ws_status print_public(const struct ws_note_signer *signer, struct ws_arena *arena,
                                   const char **out, struct ws_error *err)
{
    struct ws_note_key key;
    WS_TRY(ws_note_signer_key(signer, &key, err));
    *out = vkey_text(&key, arena);
    ws_note_key_close(&key);
    return *out ? WS_OK : ws_fail_memory(err, "a key");
}

static enum ws_status init(void *name_, const struct arguments *arguments, struct ws_error *err)
{
    const char *const *name = name_;
    const char *directory = arguments->positional[0], *vkey;
    struct ws_note_signer signer;
    struct ws_arena arena;
    if (!*name)
        return ws_fail(err, WS_INVALID,
                       "what is the witness's name? --name says it, as example.com/w");
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_note_signer_make(*name, WS_KEY_COSIGNATURE, &arena, &signer, err);
    if (status == WS_OK) {
        status = print_public(&signer, &arena, &vkey, err);
        if (status == WS_OK)
            status = make_files(directory, &signer, vkey, &arena, err);
        ws_note_signer_close(&signer);
    }
    if (status == WS_OK) {
        (void)printf("%s\n\nReaders who trust it have this line in their policies:\n"
                     "  witness NAME %s URL\n\n",
                     vkey, vkey);
        begin_command(stdout, "Next:\n ");
        print_words("witness add-log");
        print_word(directory);
        print_words("VKEY");
        end_command("of a log that it is to watch");
        begin_command(stdout, " ");
        print_words("witness serve");
        print_word(directory);
        end_command(NULL);
    }
    ws_arena_release(&arena);
    return status;
}

static int cmd_witness_init(int argc, char **argv)
{
    const char *name = NULL;
    const struct flag table[] = {
        {"name", 0, "NAME", "its name, which others see: example.com/witness", NULL, &name},
    };
    const struct command_line line = {
        .usage = "witness init DIR --name NAME",
        .about =
            "Makes a witness: a new key, and a state that knows no log. The key stays in DIR, "
            "readable by\nits owner alone. A witness is never copied and never restored from a "
            "backup: one that forgot\nwhat it cosigned would cosign a fork. Who loses it makes "
            "another, with another key.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "which DIR? It is made",
    };
    return command_of_one(&line, argc, argv, init, &name);
}

/* Logs ----------------------------------------------------------------------------------------- */

/* What stands before the first '+'. */
static const char *name_of(const char *vkey, struct ws_arena *arena)
{
    return ws_arena_text_of(arena, vkey, strcspn(vkey, "+"));
}

static enum ws_status add_log(void *origin_, const struct arguments *arguments,
                              struct ws_error *err)
{
    const char *const *origin = origin_;
    struct ws_witness_store store;
    struct ws_arena arena;
    if (arguments->positional_count != 2)
        return ws_fail(err, WS_INVALID,
                       "which log? The second argument is its key, a line of the "
                       "log's file 'vkey'");
    const char *vkey = arguments->positional[1];
    ws_arena_init(&arena, NULL);
    const char *name = *origin ? *origin : name_of(vkey, &arena);
    enum ws_status status = name ? open_store(arguments->positional[0], &arena, &store, err)
                                 : ws_fail_memory(err, "a log");
    if (status == WS_OK) {
        status = ws_witness_store_add_key(&store, name, vkey, err);
        ws_witness_store_close(&store);
    }
    if (status == WS_OK)
        (void)printf("Checkpoints of '%s' are cosigned from now on.\n", name);
    ws_arena_release(&arena);
    return status;
}

static int cmd_witness_add_log(int argc, char **argv)
{
    const char *origin = NULL;
    const struct flag table[] = {
        {"origin", 0, "TEXT", "the log's origin, where it is not its key's name", NULL, &origin},
    };
    const struct command_line line = {
        .usage = "witness add-log DIR VKEY [options]",
        .about = "Lets the witness know a log by a key that signs its checkpoints, or another key "
                 "of one "
                 "that it\nknows. A witness that is serving knows it at once.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 2,
        .wanted = "which DIR? 'witness init' makes one",
    };
    return command_of_one(&line, argc, argv, add_log, &origin);
}

static enum ws_status log_json(struct ws_witness_store *store, const struct ws_witnessed_log *log,
                               struct ws_arena *arena, json_t **list, struct ws_error *err)
{
    const char *const *keys;
    size_t count;
    char root[WS_HASH_TEXT_SIZE], time[32];
    WS_TRY(ws_witness_store_keys(store, log->origin, arena, &keys, &count, err));
    json_t *names = json_array();
    for (size_t i = 0; i < count; i++)
        ws_json_add(&names, json_string(keys[i]));
    ws_hash_text(&log->root, root);
    ws_clock_text((double)log->time, time);
    json_t *object = json_pack("{s:s, s:o, s:b}", "origin", log->origin, "keys", names, "cosigned",
                               log->is_cosigned);
    if (object && log->is_cosigned) {
        (void)json_object_set_new(object, "size", json_integer((json_int_t)log->size));
        (void)json_object_set_new(object, "root", json_string(root));
        (void)json_object_set_new(object, "existed_no_later_than", json_string(time));
    }
    ws_json_add(list, object);
    return WS_OK;
}

static void print_log(const struct ws_witnessed_log *log)
{
    char time[32];
    ws_clock_text((double)log->time, time);
    if (log->is_cosigned)
        (void)printf("%s\n  %" PRIu64 " entries existed no later than %s\n", log->origin, log->size,
                     time);
    else
        (void)printf("%s\n  nothing cosigned yet\n", log->origin);
}

static enum ws_status show_logs(struct ws_witness_store *store, bool json, struct ws_arena *arena,
                                struct ws_error *err)
{
    struct ws_witnessed_logs logs;
    WS_TRY(ws_witness_store_list(store, arena, &logs, err));
    if (!json) {
        for (size_t i = 0; i < logs.count; i++)
            print_log(&logs.items[i]);
        if (logs.count == 0)
            (void)printf("It knows no log; 'wellspring witness add-log' adds one.\n");
        return WS_OK;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < logs.count; i++) {
        enum ws_status status = log_json(store, &logs.items[i], arena, &list, err);
        if (status != WS_OK) {
            json_decref(list);
            return status;
        }
    }
    return print_json(list, "the answer", err);
}

static enum ws_status list(void *json_, const struct arguments *arguments, struct ws_error *err)
{
    const bool *json = json_;
    struct ws_witness_store store;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = open_store(arguments->positional[0], &arena, &store, err);
    if (status == WS_OK) {
        status = show_logs(&store, *json, &arena, err);
        ws_witness_store_close(&store);
    }
    ws_arena_release(&arena);
    return status;
}

static int cmd_witness_list(int argc, char **argv)
{
    bool json = false;
    const struct flag table[] = {
        {"json", 0, NULL, "the logs as JSON, with their keys", &json, NULL},
    };
    const struct command_line line = {
        .usage = "witness list DIR [options]",
        .about =
            "The logs that the witness knows, and the last checkpoint that it cosigned of each.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "which DIR? 'witness init' makes one",
    };
    return command_of_one(&line, argc, argv, list, &json);
}

/* Serving -------------------------------------------------------------------------------------- */

struct serve_request {
    const char *port, *listen;
};

static enum ws_status serve_site(struct ws_witness *witness, const struct serve_request *request,
                                 struct ws_error *err)
{
    struct ws_witness_site *site;
    struct ws_http_settings settings = {.address = request->listen,
                                        .connections = SERVING_CONNECTIONS,
                                        .patience = SERVING_PATIENCE};
    sigset_t ends;
    WS_TRY(read_port(request->port, PORT, &settings.port, err));
    begin_serving(&ends);
    WS_TRY(ws_witness_site_start(witness, &settings, &site, err));
    (void)printf("Witness %s at ", witness->signer->name);
    print_base_url(request->listen, ws_witness_site_port(site));
    (void)printf("/\nCtrl-C ends it.\n");
    (void)fflush(stdout);
    wait_for_end(&ends);
    ws_witness_site_stop(site);
    return WS_OK;
}

static enum ws_status serve_witness(const char *directory, const struct serve_request *request,
                                    struct ws_arena *arena, struct ws_error *err)
{
    struct ws_note_signer signer;
    struct ws_witness witness;
    const char *key_path, *state_path;
    WS_TRY(file_of(directory, "key", arena, &key_path, err));
    WS_TRY(file_of(directory, "witness.db", arena, &state_path, err));
    WS_TRY(ws_key_file_read(key_path, WS_KEY_COSIGNATURE, arena, &signer, err));
    enum ws_status status = ws_witness_open(state_path, &signer, &ws_system_clock, &witness, err);
    if (status == WS_OK) {
        status = serve_site(&witness, request, err);
        ws_witness_close(&witness);
    }
    ws_note_signer_close(&signer);
    return status;
}

static enum ws_status serve(void *request, const struct arguments *arguments, struct ws_error *err)
{
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = serve_witness(arguments->positional[0], request, &arena, err);
    ws_arena_release(&arena);
    return status;
}

static int cmd_witness_serve(int argc, char **argv)
{
    struct serve_request request = {.listen = "127.0.0.1"};
    const struct flag table[] = {
        {"port", 'p', "N", "default 8081; 0: one that is free", NULL, &request.port},
        {"listen", 0, "ADDRESS", "default 127.0.0.1, this machine alone; 0.0.0.0: everybody", NULL,
         &request.listen},
    };
    const struct command_line line = {
        .usage = "witness serve DIR [options]",
        .about =
            "Cosigns over HTTP (c2sp.org/tlog-witness). Anybody may ask, and only what a known log "
            "signed\nand only grew is cosigned. /metrics counts what was refused, by reason.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "which DIR? 'witness init' makes one",
    };
    return command_of_one(&line, argc, argv, serve, &request);
}

int cmd_witness(int argc, char **argv)
{
    static const struct subcommand subcommands[] = {
        {"init", "make a witness, and its key", cmd_witness_init},
        {"add-log", "let it know a log by its key", cmd_witness_add_log},
        {"serve", "cosign over HTTP", cmd_witness_serve},
        {"list", "the logs that it knows, and what it cosigned", cmd_witness_list},
    };
    const struct command_line line = {
        .usage = "witness COMMAND [arguments]",
        .about =
            "A witness of logs: it cosigns a log's checkpoint when the log only grew since the "
            "last "
            "one that\nit cosigned, with the time. Of two histories under one name it cosigns one. "
            "Readers name in\ntheir policies how many witnesses a checkpoint wants; its date then "
            "says that what it covers\nexisted no later than that.",
        .wanted = "which command? Try 'witness --help'",
        .subcommands = subcommands,
        .subcommand_count = sizeof subcommands / sizeof *subcommands,
    };
    return command_of_several(&line, argc, argv);
}
