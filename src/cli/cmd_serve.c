/*
 * wellspring serve: the runs of a directory in a browser, or a log for whoever asks.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/installed.h"
#include "cli/serve_log.h"
#include "cli/serving.h"
#include "report/figure.h"
#include "server/dashboard.h"
#include "server/http_guard.h"

enum { PORT = 8080 };

struct serve_flags {
    const char *runs, *port, *listen, *token_file;
    bool allow_control;
    struct serve_log_flags log;
};

/* Tokens --------------------------------------------------------------------------------------- */

/* 192 bits, six to a letter. */
static enum ws_status make_token(struct ws_arena *arena, const char **out, struct ws_error *err)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char random[32];
    char *token = WS_ARENA_NEW(arena, char, sizeof random + 1);
    if (!token)
        return ws_fail_memory(err, "a token");
    if (getrandom(random, sizeof random, 0) != sizeof random)
        return ws_fail(err, WS_IO, "the system gives no random numbers for a token");
    for (size_t i = 0; i < sizeof random; i++)
        token[i] = letters[random[i] & 63];
    token[sizeof random] = '\0';
    *out = token;
    return WS_OK;
}

/* The first line of the file. */
static enum ws_status read_token(const char *path, struct ws_arena *arena, const char **out,
                                 struct ws_error *err)
{
    struct ws_bytes bytes;
    WS_TRY(ws_file_read(path, 4096, arena, &bytes, err));
    char *text = ws_arena_format(arena, "%.*s", (int)bytes.size, (const char *)bytes.data);
    if (!text)
        return ws_fail_memory(err, "a token");
    text[strcspn(text, "\r\n")] = '\0';
    if (!ws_token_is_fit(text))
        return ws_fail(err, WS_INVALID,
                       "'%.200s' holds no token: wanted a line of %d to %d letters, digits, '-' "
                       "and '_'",
                       path, WS_TOKEN_LEAST, WS_TOKEN_MOST);
    *out = text;
    return WS_OK;
}

/* One is wanted where others than this machine can ask. */
static enum ws_status choose_token(const struct serve_flags *flags, struct ws_arena *arena,
                                   const char **out, struct ws_error *err)
{
    bool loopback = false;
    *out = NULL;
    WS_TRY(ws_address_is_loopback(flags->listen, &loopback, err));
    if (flags->token_file)
        return read_token(flags->token_file, arena, out, err);
    return loopback ? WS_OK : make_token(arena, out, err);
}

/* Serving -------------------------------------------------------------------------------------- */

static void print_address(const char *what, const char *of, const struct serve_flags *flags,
                          unsigned port, const char *token)
{
    (void)printf("%s '%s' at ", what, of);
    print_base_url(flags->listen, port);
    (void)printf("/%s%s\nCtrl-C ends it.%s\n", token ? "?token=" : "", token ? token : "",
                 token ? " Whoever has the link may look; what is sent can be read on the way."
                       : "");
    (void)fflush(stdout);
}

static enum ws_status serve_runs(const struct serve_flags *flags, struct ws_http_settings *settings,
                                 const sigset_t *ends, struct ws_arena *arena, struct ws_error *err)
{
    struct ws_dashboard *dashboard;
    WS_TRY(choose_token(flags, arena, &settings->token, err));
    WS_TRY(ws_dashboard_start(flags->runs ? flags->runs : "runs", flags->allow_control,
                              installed_module(arena, WS_FIGURES_MODULE_FILE), settings, &dashboard,
                              err));
    print_address(flags->allow_control ? "Runs of" : "Runs, to be looked at only, of",
                  flags->runs ? flags->runs : "runs", flags, ws_dashboard_port(dashboard),
                  settings->token);
    wait_for_end(ends);
    ws_dashboard_stop(dashboard);
    return WS_OK;
}

static enum ws_status serve_log(const struct serve_flags *flags,
                                const struct ws_http_settings *settings, const sigset_t *ends,
                                struct ws_arena *arena, struct ws_error *err)
{
    struct ws_log_site *site;
    struct serve_log_keys keys = {.has_signer = false};
    if (flags->runs || flags->token_file || flags->allow_control)
        return ws_fail(err, WS_INVALID,
                       "--runs, --token-file and --allow-control are not for a log: what it has "
                       "is everybody's");
    enum ws_status status = serve_log_start(&flags->log, settings, arena, &keys, &site, err);
    if (status == WS_OK) {
        print_address(flags->log.key ? "Log" : "Log, to be read only,", flags->log.log, flags,
                      ws_log_site_port(site), NULL);
        wait_for_end(ends);
        ws_log_site_stop(site);
    }
    serve_log_close(&keys);
    return status;
}

static enum ws_status serve(const struct serve_flags *flags, struct ws_arena *arena,
                            struct ws_error *err)
{
    struct ws_http_settings settings = {
        .address = flags->listen, .connections = SERVING_CONNECTIONS, .patience = SERVING_PATIENCE};
    sigset_t ends;
    WS_TRY(read_port(flags->port, PORT, &settings.port, err));
    begin_serving(&ends);
    return flags->log.log ? serve_log(flags, &settings, &ends, arena, err)
                          : serve_runs(flags, &settings, &ends, arena, err);
}

int cmd_serve(int argc, char **argv)
{
    struct serve_flags flags = {.listen = "127.0.0.1"};
    const struct flag table[] = {
        {"runs", 0, "DIR", "the directory of runs (default runs)", NULL, &flags.runs},
        {"port", 'p', "N", "default 8080; 0: one that is free", NULL, &flags.port},
        {"listen", 0, "ADDRESS", "default 127.0.0.1, this machine alone; 0.0.0.0: everybody", NULL,
         &flags.listen},
        {"token-file", 0, "FILE", "its first line is the token that is asked for", NULL,
         &flags.token_file},
        {"allow-control", 0, NULL, "runs may be stopped", &flags.allow_control, NULL},
        {"log", 0, "DIR", "a log in place of runs, for whoever asks", NULL, &flags.log.log},
        {"key", 0, "FILE", "the log's key: entries are taken, and checkpoints published", NULL,
         &flags.log.key},
        {"issuers", 0, "FILE", "whose entries are taken, and how many", NULL, &flags.log.issuers},
        {"allow-anyone", 0, NULL, "others' are taken, too, within one quota for them all",
         &flags.log.allow_anyone, NULL},
        {"policy", 0, "FILE", "its witnesses are asked to cosign each checkpoint", NULL,
         &flags.log.policy},
        {"shards", 0, "DIR", "where shards are: those that the log names are served, too", NULL,
         &flags.log.shards},
        {"roles", 0, "FILE", "whose shards are served, and whose word takes them back", NULL,
         &flags.log.roles},
        {"index", 0, "FILE", "of lookups: a mirror's index, which proves that no shard is left out",
         NULL, &flags.log.index},
        {"publish-every", 0, "S", "seconds between checkpoints (default 5)", NULL,
         &flags.log.publish_every},
    };
    const struct command_line line = {
        .usage = "serve [options]",
        .about =
            "Shows the runs of a directory in a browser: lists, searches and compares them, and\n"
            "follows those that are running. Listens to this machine alone unless told otherwise;\n"
            "elsewhere it wants a token, and makes one where none is given. With --log it serves "
            "a\n"
            "log's files, /metrics and, with --key, POST /add (docs/formats/log.md); with --shards "
            "also those\nshards that it names (docs/formats/shard.md), and with --policy a page "
            "that looks texts up.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
    };
    struct arguments arguments;
    struct ws_error error;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status == WS_OK && arguments.help)
        print_help(&line);
    else if (status == WS_OK)
        status = serve(&flags, &arguments.arena, &error);
    ws_arena_release(&arguments.arena);
    return status == WS_OK ? EXIT_DONE : report(status, &error);
}
