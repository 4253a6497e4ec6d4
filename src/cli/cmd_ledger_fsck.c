/*
 * wellspring ledger fsck: every byte of a log.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "cli/ledger_command.h"
#include "ledger/log_fsck.h"

enum { NAMED_MOST = 10000 /* damages that JSON lists one by one */ };

struct findings {
    bool json;
    json_t *list;
    uint64_t named;
};

static void show_damage(void *user, const char *file, const char *message)
{
    struct findings *findings = user;
    if (!findings->json)
        (void)printf("%s: %s\n", file, message);
    else if (findings->named++ < NAMED_MOST)
        ws_json_add(&findings->list,
                    json_pack("{s:o, s:s}", "file", ws_json_path(file), "message", message));
}

static void print_health(const char *directory, const struct ws_log_health *health)
{
    (void)printf("%s '%s' in '%s': %" PRIu64 " entries, %" PRIu64 " waiting, %" PRIu64
                 " checkpoints; %" PRIu64 " bytes in %" PRIu64 " files were read.\n",
                 health->damages > 0 ? "Damaged:" : "Sound:",
                 health->origin ? health->origin : "a log of unknown name", directory, health->size,
                 health->waiting, health->checkpoints, health->bytes, health->files);
    if (health->torn > 0)
        (void)printf("The last %" PRIu64 " bytes of the journal are of a write that was cut short, "
                     "or goes on: the next\nwriter cuts them off.\n",
                     health->torn);
    if (health->damages > 0)
        (void)printf("%" PRIu64 " damages.\nNext: restore these files from a copy that fsck finds "
                     "sound; do not publish\nbefore.\n",
                     health->damages);
}

static enum ws_status print_health_json(const char *directory, const struct ws_log_health *health,
                                        json_t *damages, struct ws_error *err)
{
    return print_json(json_pack("{s:o, s:s?, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "log",
                                ws_json_path(directory), "origin", health->origin, "sound",
                                health->damages == 0, "size", (json_int_t)health->size, "waiting",
                                (json_int_t)health->waiting, "checkpoints",
                                (json_int_t)health->checkpoints, "torn_bytes",
                                (json_int_t)health->torn, "files", (json_int_t)health->files,
                                "bytes", (json_int_t)health->bytes, "damage_count",
                                (json_int_t)health->damages, "damages", damages),
                      "the answer", err);
}

static int fsck(const char *directory, bool json)
{
    struct findings findings = {.json = json, .list = json ? json_array() : NULL};
    struct ws_log_health health = {.damages = 0};
    struct ws_error error;
    struct ws_arena arena;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_log_fsck(directory, show_damage, &findings, &arena, &health, &error);
    if (status == WS_OK && json) {
        status = print_health_json(directory, &health, findings.list, &error);
    } else {
        json_decref(findings.list);
        if (status == WS_OK)
            print_health(directory, &health);
    }
    ws_arena_release(&arena);
    if (status != WS_OK)
        return report(status, &error);
    return health.damages > 0 ? EXIT_NOT_VERIFIED : EXIT_DONE;
}

int cmd_ledger_fsck(int argc, char **argv)
{
    bool json = false;
    const struct flag table[] = {
        {"json", 0, NULL, "what was found as JSON", &json, NULL},
    };
    const struct command_line line = {
        .usage = "ledger fsck DIR [--json]",
        .about =
            "Reads every byte of a log: entries, hashes, checkpoints and journal, and names each "
            "damage.\nEnds with 3 when there is one. A writer may go on meanwhile.",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
    };
    struct arguments arguments;
    struct ws_error error;
    int exit_status = EXIT_DONE;
    enum ws_status status = arguments_parse(&line, argc, argv, &arguments, &error);
    if (status == WS_OK && !arguments.help && arguments.positional_count == 0)
        status = ws_fail(&error, WS_INVALID, "ledger: fsck: which log?");
    if (status != WS_OK)
        exit_status = report(status, &error);
    else if (arguments.help)
        print_help(&line);
    else
        exit_status = fsck(arguments.positional[0], json);
    ws_arena_release(&arguments.arena);
    return exit_status;
}
