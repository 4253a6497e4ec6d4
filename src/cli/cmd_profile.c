/*
 * wellspring profile: by which of eight published definitions a run collapsed.
 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/profile_output.h"

static enum ws_status profile_run(void *context, const struct arguments *arguments,
                                  struct ws_error *err)
{
    const bool *json = context;
    const char *directory = arguments->positional[0];
    struct ws_arena arena;
    struct ws_profile profile;
    ws_arena_init(&arena, NULL);
    enum ws_status status = ws_profile_make(directory, &arena, &profile, err);
    for (size_t a = 0; status == WS_OK && a < profile.arm_count; a++)
        if (profile.damage[a])
            (void)fprintf(stderr, "wellspring: left out arm '%s': %s\n", profile.arms[a],
                          profile.damage[a]);
    if (status == WS_OK && *json)
        status = profile_print_json(&profile, err);
    else if (status == WS_OK)
        profile_print(&profile, directory);
    ws_arena_release(&arena);
    return status;
}

int cmd_profile(int argc, char **argv)
{
    bool json = false;
    const struct flag table[] = {
        {"json", 0, NULL, "every row as JSON", &json, NULL},
    };
    const struct command_line line = {
        .usage = "profile RUN [options]",
        .about = "Holds the run in directory RUN against eight published definitions of collapse,\n"
                 "each by a metric and a stated test, and tells early from late collapse.\n",
        .flags = table,
        .flag_count = sizeof table / sizeof *table,
        .positional_most = 1,
        .wanted = "which run? 'wellspring runs' lists them",
    };
    return command_of_one(&line, argc, argv, profile_run, &json);
}
